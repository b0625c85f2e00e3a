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

    /// Whether a text uses a name of the scope.
    pub fn takes(&self, text: &[u8]) -> bool {
        let Some(names) = &self.names else {
            return true;
        };
        names.find_iter(text).any(|hit| {
            let before = hit.start().checked_sub(1).and_then(|at| text.get(at));
            !is_word(before) && !is_word(text.get(hit.end()))
        })
    }
}

fn is_word(c: Option<&u8>) -> bool {
    c.is_some_and(|c| *c == b'_' || c.is_ascii_alphanumeric())
}

fn is_in(scope: Scope, fact: &Fact) -> bool {
    let threads = [
        Verb::StartThread,
        Verb::StopThread,
        Verb::StopTest,
        Verb::ControlThread,
        Verb::CreateWorker,
        Verb::DestroyWorker,
        Verb::Wait,
        Verb::Wake,
    ];
    let works = [Verb::Queue, Verb::Cancel, Verb::Flush];
    let does = |verbs: &[Verb]| verbs.iter().any(|verb| fact.does(*verb));
    does(&threads) || scope >= Scope::Works && does(&works)
}
