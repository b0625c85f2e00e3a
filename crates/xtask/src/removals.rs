//! Statements that end something, as plain text: what a function forgets when one is taken out.

use crate::reader::lexer::{Token, lex};
use crate::reader::scan::{self, Function, Kind};
use crate::reader::stream::Stream;
use kloom_facts::{Fact, Facts, Verb, When};
use std::ops::Range;

/// What is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A call that gives back a lock.
    Unlock,
    /// A call that frees what the same function allocated.
    Free,
    /// A call that stops, cancels or frees a handler where the module or device goes.
    Stop,
    /// A question whether to stop.
    Test,
}

/// One place of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The function around it.
    pub function: Range<u32>,
    /// What goes.
    pub removed: Range<u32>,
    /// What stands there instead, if an expression is needed.
    pub instead: Option<u8>,
}

/// The places in a text.
pub fn removals(source: &[u8], facts: Facts, what: What) -> Vec<Removal> {
    let tokens = lex(source);
    let text = Text {
        stream: Stream {
            source,
            tokens: &tokens,
        },
        tokens: &tokens,
        facts,
    };
    let ends = text.last_functions();
    let mut found = Vec::new();
    for function in scan::functions(source, &tokens) {
        let name = &source[function.name.start as usize..function.name.end as usize];
        if what == What::Stop && !ends.contains(&name) {
            continue;
        }
        let calls = function.wanted.iter().filter(|w| w.kind == Kind::Call);
        for call in calls {
            let at = tokens.partition_point(|token| token.start < call.start);
            found.extend(text.removal(&function, at, what));
        }
    }
    found
}

struct Text<'a> {
    stream: Stream<'a>,
    tokens: &'a [Token],
    facts: Facts,
}

impl<'a> Text<'a> {
    fn fact(&self, at: usize) -> Option<&'static Fact> {
        let word = std::str::from_utf8(self.stream.text(at)).ok()?;
        self.facts.get(word)
    }

    fn removal(&self, function: &Function, at: usize, what: What) -> Option<Removal> {
        let fact = self.fact(at)?;
        let close = self.stream.closing(at + 1);
        let end = self.tokens.get(close)?.end;
        let taken = match what {
            What::Unlock => fact.does(Verb::Release),
            What::Free => fact
                .effects(Verb::Free)
                .filter(|e| e.when == When::Always)
                .any(|e| e.arg == Some(0) && self.was_allocated(function, at)),
            What::Stop => {
                let sync = fact.effects(Verb::Cancel).any(|e| e.says("sync"));
                sync || [Verb::StopThread, Verb::DestroyWorker, Verb::RemoveHandler]
                    .iter()
                    .any(|verb| fact.does(*verb))
            }
            What::Test => fact.effects(Verb::StopTest).any(|e| e.says("stop")),
        };
        let fits = what == What::Test || self.is_statement(at, close);
        let whole = self.tokens[at].start..end;
        let directive = (at..=close).any(|at| self.stream.is_directive(at));
        (taken && fits && !directive).then(|| Removal {
            function: function.body.clone(),
            removed: whole,
            instead: (what == What::Test).then_some(b'0'),
        })
    }

    /// Whether a call is a statement by itself.
    fn is_statement(&self, at: usize, close: usize) -> bool {
        let starts = at.checked_sub(1).is_some_and(|before| {
            let ends = [b';', b'{', b'}', b')', b':'];
            ends.iter().any(|byte| self.stream.is(before, *byte))
                || self.stream.text(before) == b"else"
        });
        starts && self.stream.is(close + 1, b';')
    }

    /// Whether the first argument of a call got an allocation earlier in the function.
    fn was_allocated(&self, function: &Function, at: usize) -> bool {
        let close = self.stream.closing(at + 1);
        let arg: Vec<&[u8]> = (at + 2..close).map(|at| self.stream.text(at)).collect();
        let first = self
            .tokens
            .partition_point(|token| token.start < function.body.start);
        let is_here = |from: usize| {
            let end = from + arg.len();
            let same = arg
                .iter()
                .zip(from..)
                .all(|(a, b)| *a == self.stream.text(b));
            same && self.stream.is(end, b'=')
                && self.fact(end + 1).is_some_and(|fact| {
                    let mut all = fact.effects(Verb::Allocate);
                    all.any(|e| !e.says("devm"))
                })
        };
        !arg.is_empty() && (first..at).any(is_here)
    }

    /// The functions that run when the module or a device goes.
    fn last_functions(&self) -> Vec<&'a [u8]> {
        let members: [&[u8]; 3] = [b"remove", b"remove_new", b"disconnect"];
        let mut names = Vec::new();
        for at in 0..self.tokens.len().saturating_sub(3) {
            let exits = self.fact(at).is_some_and(|fact| {
                let mut entries = fact.effects(Verb::Entry);
                entries.any(|e| e.says("exit") && e.arg == Some(0))
            });
            if exits && self.stream.is(at + 1, b'(') {
                names.push(self.stream.text(at + 2));
            }
            if self.stream.is(at, b'.')
                && members.contains(&self.stream.text(at + 1))
                && self.stream.is(at + 2, b'=')
            {
                names.push(self.stream.text(at + 3));
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removed(source: &str, what: What) -> Vec<&str> {
        let found = removals(source.as_bytes(), Facts::builtin(), what);
        let text = |r: &Removal| &source[r.removed.start as usize..r.removed.end as usize];
        found.iter().map(text).collect()
    }

    #[test]
    fn what_ends_something_is_found() {
        let source = "static void f(struct s *s)\n{\n\tspin_lock(&s->l);\n\tif (s->n)\n\t\tspin_unlock(&s->l);\n\tx = spin_trylock(&s->l);\n}\n";
        assert_eq!(removed(source, What::Unlock), ["spin_unlock(&s->l)"]);
        let source = "static int f(struct s *s)\n{\n\ts->p = kmalloc(1, 2);\n\tkfree(s->p);\n\tkfree(s->q);\n\treturn 0;\n}\n";
        assert_eq!(removed(source, What::Free), ["kfree(s->p)"]);
        let source = "static void f(void)\n{\n\tkthread_stop(t);\n}\nstatic void g(void)\n{\n\tkthread_stop(t);\n\tcancel_work(&w);\n}\nmodule_exit(g);\n";
        assert_eq!(removed(source, What::Stop).len(), 1);
        let source = "static int f(void *d)\n{\n\twhile (!kthread_should_stop())\n\t\tg();\n}\n";
        assert_eq!(removed(source, What::Test), ["kthread_should_stop()"]);
    }
}
