//! Finds thread and worker creations, and the tests of their results, in plain text.

use crate::reader::lexer::{Token, lex};
use crate::reader::scan::{self, Function, Kind};
use crate::reader::stream::Stream;
use kloom_facts::{Classes, Fact, Facts, Returns, Verb};
use std::ops::Range;

/// How far after the creation its test is looked for, in tokens.
const NEAR: usize = 120;

/// `target = create(…)`.
#[derive(Clone, Debug)]
pub struct Creation {
    /// The name that is called.
    pub callee: Range<u32>,
    /// From the start of the target to the end of the call.
    pub whole: Range<u32>,
    /// The function it stands in, from its opening brace to its closing one.
    pub function: Range<u32>,
    /// Token of the call's closing parenthesis.
    close: usize,
    /// Tokens of the target.
    target: Range<usize>,
}

/// `if (IS_ERR(target)) …` after a creation, with no `else`.
#[derive(Clone, Debug)]
pub struct Test {
    /// The whole statement.
    pub whole: Range<u32>,
    /// The `return` or `goto` statements in it.
    pub exits: Vec<Range<u32>>,
}

/// What the function does with the result once its test is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// The failing branch stores NULL in it.
    Cleared,
    /// It is mentioned again.
    Used,
    /// It stays in a member, an element or a variable of the file.
    Kept,
    /// It stays in a local that nobody looks at.
    Dropped,
}

/// A text with its tokens and functions.
pub struct Text<'a> {
    source: &'a [u8],
    tokens: Vec<Token>,
    functions: Vec<Function>,
}

/// Which calls are creations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// They make a thread or a worker.
    Threads,
    /// They make something else, and their result can be an error pointer.
    Others,
}

impl Which {
    fn takes(self, fact: &Fact) -> bool {
        let threads = fact.does(Verb::StartThread) || fact.does(Verb::CreateWorker);
        let fails = matches!(fact.returns, Returns::ErrPtr { .. });
        fails && threads == (self == Which::Threads)
    }
}

impl<'a> Text<'a> {
    /// Reads a text.
    pub fn new(source: &'a [u8]) -> Text<'a> {
        let tokens = lex(source);
        let functions = scan::functions(source, &tokens);
        Text {
            source,
            tokens,
            functions,
        }
    }

    fn stream(&self) -> Stream<'_> {
        Stream {
            source: self.source,
            tokens: &self.tokens,
        }
    }

    fn word(&self, at: usize) -> &str {
        std::str::from_utf8(self.stream().text(at)).unwrap_or_default()
    }

    /// The assigned creations.
    pub fn creations(&self, facts: Facts, which: Which) -> Vec<Creation> {
        let mut found = Vec::new();
        for function in &self.functions {
            for wanted in function.wanted.iter().filter(|w| w.kind == Kind::Call) {
                let at = self
                    .tokens
                    .partition_point(|token| token.start < wanted.start);
                if facts
                    .get(self.word(at))
                    .is_some_and(|fact| which.takes(fact))
                {
                    found.extend(self.creation(function, at));
                }
            }
        }
        found
    }

    fn creation(&self, function: &Function, callee: usize) -> Option<Creation> {
        let stream = self.stream();
        let equals = callee.checked_sub(1).filter(|at| stream.is(*at, b'='))?;
        let start = self.path_start(equals)?;
        let close = stream.closing(callee + 1);
        Some(Creation {
            callee: self.tokens[callee].start..self.tokens[callee].end,
            whole: self.tokens[start].start..self.tokens[close].end,
            function: function.body.clone(),
            close,
            target: start..equals,
        })
    }

    /// Where the access path that ends before `end` starts: `a->b[i].c`.
    fn path_start(&self, end: usize) -> Option<usize> {
        let stream = self.stream();
        let mut start = end;
        loop {
            let last = start.checked_sub(1)?;
            if stream.is(last, b']') {
                start = (0..last).rev().find(|at| stream.is(*at, b'['))?;
                continue;
            }
            if !stream.is_word(last) {
                return None;
            }
            let before = last.checked_sub(1)?;
            if stream.is(before, b'.') {
                start = before;
            } else if stream.is(before, b'>') && stream.is(before.checked_sub(1)?, b'-') {
                start = before - 1;
            } else {
                return Some(last);
            }
        }
    }

    /// The test that follows a creation.
    pub fn test(&self, facts: Facts, creation: &Creation) -> Option<Test> {
        let stream = self.stream();
        let target = &creation.target;
        for at in creation.close + 1..(creation.close + NEAR).min(self.tokens.len()) {
            let token = self.tokens[at];
            let directive = stream.is_directive(at);
            if directive || token.start >= creation.function.end || self.assigns(target, at) {
                return None;
            }
            if stream.text(at) == b"if" && self.tests_error(facts, target, at + 1) {
                return self.statement(at);
            }
        }
        None
    }

    /// What becomes of a creation's result besides its test.
    pub fn fate(&self, creation: &Creation, test: &Test) -> Fate {
        let stream = self.stream();
        let target = &creation.target;
        let at = |offset: u32| self.tokens.partition_point(|token| token.start < offset);
        let (test, rest) = (
            at(test.whole.start)..at(test.whole.end),
            at(test.whole.end)..at(creation.function.end),
        );
        let cleared =
            |at: &usize| self.assigns(target, *at) && stream.text(at + target.len() + 1) == b"NULL";
        let name = stream.text(target.start);
        let declares = |at: &usize| {
            stream.text(*at) == name && stream.is(at - 1, b'*') && stream.is_word(at - 2)
        };
        let mut head = at(creation.function.start) + 2..at(creation.whole.start) + 1;
        if test.clone().any(|at| cleared(&at)) {
            Fate::Cleared
        } else if rest.clone().any(|at| self.same(target, at)) {
            Fate::Used
        } else if target.len() > 1 || !head.any(|at| declares(&at)) {
            Fate::Kept
        } else {
            Fate::Dropped
        }
    }

    fn same(&self, target: &Range<usize>, at: usize) -> bool {
        target
            .clone()
            .zip(at..)
            .all(|(a, b)| self.stream().text(a) == self.stream().text(b))
    }

    fn assigns(&self, target: &Range<usize>, at: usize) -> bool {
        let (stream, end) = (self.stream(), at + target.len());
        self.same(target, at) && stream.is(end, b'=') && !stream.is(end + 1, b'=')
    }

    /// `(IS_ERR(target))`
    fn tests_error(&self, facts: Facts, target: &Range<usize>, open: usize) -> bool {
        let stream = self.stream();
        let is_test = facts.get(self.word(open + 1)).is_some_and(
            |fact| matches!(fact.returns, Returns::Test(0, classes) if classes.contains(Classes::NEG)),
        );
        let end = open + 3 + target.len();
        is_test
            && self.same(target, open + 3)
            && stream.is(end, b')')
            && stream.closing(open) == end + 1
    }

    /// The `if` statement here, unless it has an `else` or holds directives.
    fn statement(&self, at: usize) -> Option<Test> {
        let stream = self.stream();
        let body = stream.closing(at + 1) + 1;
        let end = self.end_of_statement(body)?;
        let directives = (at..=end + 1).any(|at| stream.is_directive(at));
        if directives || stream.text(end + 1) == b"else" {
            return None;
        }
        let exits = (body..end)
            .filter(|at| matches!(stream.text(*at), b"return" | b"goto"))
            .filter_map(|at| Some(self.tokens[at].start..self.tokens[self.semicolon(at)?].end));
        Some(Test {
            whole: self.tokens[at].start..self.tokens[end].end,
            exits: exits.collect(),
        })
    }

    /// The last token of a block or of a simple statement.
    fn end_of_statement(&self, start: usize) -> Option<usize> {
        let stream = self.stream();
        if !stream.is(start, b'{') {
            let nested: &[&[u8]] = &[b"if", b"for", b"while", b"do", b"switch"];
            return self
                .semicolon(start)
                .filter(|_| !nested.contains(&stream.text(start)));
        }
        let mut depth = 0usize;
        (start..self.tokens.len()).find(|at| {
            if stream.is(*at, b'{') {
                depth += 1;
            } else if stream.is(*at, b'}') {
                depth -= 1;
            }
            depth == 0
        })
    }

    fn semicolon(&self, start: usize) -> Option<usize> {
        (start..self.tokens.len()).find(|at| self.stream().is(*at, b';'))
    }
}

/// Takes bytes out of a text, leaving its lines where they are.
pub fn blank(text: &mut [u8], range: &Range<u32>) {
    for byte in &mut text[range.start as usize..range.end as usize] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fate, Test, Text, Which};
    use kloom_facts::Facts;

    #[test]
    fn the_fate_of_a_result_is_seen() {
        let fate = |before: &str, branch: &str, after: &str| {
            let source = format!(
                "static int f(void)\n{{\n{before} = kthread_run(a, b, \"c\");\nif (IS_ERR(t)) {{ {branch} return 1; }}\n{after}\n}}\n"
            );
            let text = Text::new(source.as_bytes());
            let creation = text.creations(Facts::builtin(), Which::Threads).remove(0);
            let test = text.test(Facts::builtin(), &creation).unwrap();
            text.fate(&creation, &test)
        };
        assert_eq!(fate("t", "t = NULL;", "g(t);"), Fate::Cleared);
        assert_eq!(fate("t", "", "g(t);"), Fate::Used);
        assert_eq!(fate("t", "", "return 0;"), Fate::Kept);
        assert_eq!(
            fate("struct task_struct *t", "", "return 0;"),
            Fate::Dropped
        );
        assert_eq!(
            fate("struct task_struct *t; t", "", "return 0;"),
            Fate::Dropped
        );
    }

    fn found(body: &str) -> Option<(String, Option<Test>)> {
        let source = format!("static int f(void)\n{{\n{body}\n}}\n");
        let text = Text::new(source.as_bytes());
        let creation = text.creations(Facts::builtin(), Which::Threads).pop()?;
        let whole = creation.whole.start as usize..creation.whole.end as usize;
        Some((
            source[whole].to_owned(),
            text.test(Facts::builtin(), &creation),
        ))
    }

    #[test]
    fn a_creation_and_its_test_are_found() {
        let (whole, test) = found("p->t[i].task = kthread_run(a, b, \"c\");\nif (IS_ERR(p->t[i].task)) { x(); goto out; }\nout: return 0;").unwrap();
        assert_eq!(whole, "p->t[i].task = kthread_run(a, b, \"c\")");
        assert_eq!(test.unwrap().exits.len(), 1);
    }

    #[test]
    fn what_is_not_its_test_is_left_alone() {
        let without = |body: &str| found(body).unwrap().1.is_none();
        assert!(without(
            "t = kthread_run(a, b, \"c\"); if (IS_ERR(u)) return 1;"
        ));
        assert!(without(
            "t = kthread_run(a, b, \"c\"); t = u; if (IS_ERR(t)) return 1;"
        ));
        assert!(without(
            "t = kthread_run(a, b, \"c\"); if (IS_ERR(t)) return 1; else g();"
        ));
        assert!(without(
            "t = kthread_run(a, b, \"c\"); if (IS_ERR(t) && g()) return 1;"
        ));
        assert!(found("g(kthread_run(a, b, \"c\"));").is_none());
    }
}
