//! Which files of a kernel tree are worth reading, by a scan for names.

use crate::args::Scope;
use aho_corasick::{AhoCorasick, MatchKind};
use anyhow::Context as _;
use kloom_facts::{Fact, Facts, Verb};

/// Tells whether a file is in scope.
#[derive(Debug)]
pub struct Filter {
    /// `None` takes every file.
    names: Option<AhoCorasick>,
}

impl Filter {
    /// A filter by the names that the facts put in the scope.
    pub fn new(scope: Scope, facts: Facts) -> anyhow::Result<Filter> {
        if scope == Scope::All {
            return Ok(Filter { names: None });
        }
        let names = facts
            .iter()
            .filter(|fact| is_in(scope, fact))
            .map(|fact| fact.name);
        let names = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(names)
            .context("the names of the scope")?;
        Ok(Filter { names: Some(names) })
    }

    /// Whether a text calls something of the scope.
    pub fn takes(&self, text: &[u8]) -> bool {
        let Some(names) = &self.names else {
            return true;
        };
        names.find_iter(text).any(|hit| {
            let before = hit.start().checked_sub(1).and_then(|at| text.get(at));
            let mut after = text[hit.end()..]
                .iter()
                .skip_while(|c| c.is_ascii_whitespace());
            !before.is_some_and(is_word) && after.next() == Some(&b'(')
        })
    }
}

fn is_word(c: &u8) -> bool {
    *c == b'_' || c.is_ascii_alphanumeric()
}

fn is_in(scope: Scope, fact: &Fact) -> bool {
    fact.effects.iter().any(|effect| match effect.verb {
        Verb::StartThread
        | Verb::WakeThread
        | Verb::StopThread
        | Verb::CreateWorker
        | Verb::DestroyWorker => true,
        // Signals are anybody's business.
        Verb::StopTest => !effect.says("signal"),
        Verb::Wait | Verb::Wake => {
            scope >= Scope::Works || !(effect.says("completion") || effect.says("bit"))
        }
        Verb::Init | Verb::Queue | Verb::Cancel | Verb::Flush => {
            let kinds = [
                "wait-queue",
                "kthread-work",
                "kthread-delayed-work",
                "kthread-worker",
            ];
            let of_a_thread = kinds.iter().any(|kind| effect.says(kind));
            of_a_thread || scope >= Scope::Works && effect.verb != Verb::Init
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(scope: Scope, text: &str) -> bool {
        let filter = Filter::new(scope, Facts::builtin()).unwrap();
        filter.takes(text.as_bytes())
    }

    #[test]
    fn threads_workers_and_wait_queues_are_in_scope() {
        for text in [
            "t = kthread_run(f, d, \"x\");",
            "\tkthread_queue_work (w, k)",
            "while (!kthread_should_stop())",
            "wake_up(&q)",
        ] {
            assert!(takes(Scope::Threads, text), "{text}");
        }
    }

    #[test]
    fn other_names_and_mere_mentions_are_not() {
        for text in [
            "my_wake_up(q)",
            "wake_up_foo(q)",
            "/* see wake_up */",
            "complete(&c)",
            "",
        ] {
            assert!(!takes(Scope::Threads, text), "{text}");
        }
        assert!(takes(Scope::Works, "complete(&c)"));
        assert!(takes(Scope::All, ""));
    }
}
