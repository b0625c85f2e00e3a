//! Which lock function a misspelt one was meant to be.
//!
//! A name is compared word by word (`spin`, `unlock`, `irqrestore`) with the functions of the
//! topic `lock`. Exactly one edit may separate them, and of several candidates one must be the
//! clear best: a name that could mean two things means nothing.

use crate::Facts;
use crate::model::{Fact, Kind, Verb};
use std::collections::HashMap;
use std::sync::OnceLock;

/// The topic file whose functions are the vocabulary.
const TOPIC: &str = "lock";

/// Words that differ only in direction.
const OPPOSITES: [(&str, &str); 6] = [
    ("lock", "unlock"),
    ("irqsave", "irqrestore"),
    ("save", "restore"),
    ("seqlock", "sequnlock"),
    ("down", "up"),
    ("disable", "enable"),
];

/// How likely an edit is a slip, the likeliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Edit {
    /// One character, or two neighbours that changed places.
    Letter,
    /// A word instead of its opposite.
    Opposite,
    /// A word too few.
    Missing,
    /// A word too many.
    Extra,
    /// A word instead of another one.
    Word,
}

/// Which way a word goes: it occurs in functions that take, that release, or in both.
#[derive(Clone, Copy, Default)]
struct Direction {
    takes: bool,
    releases: bool,
}

fn takes(fact: &Fact) -> bool {
    fact.does(Verb::Acquire)
}

fn releases(fact: &Fact) -> bool {
    fact.does(Verb::Release)
}

/// The lock functions of a set of facts, taken apart.
struct Vocabulary {
    functions: Vec<(&'static Fact, Vec<&'static str>)>,
    words: HashMap<&'static str, Direction>,
}

impl Vocabulary {
    fn new(facts: impl Iterator<Item = &'static Fact>) -> Vocabulary {
        let mut words: HashMap<_, Direction> = HashMap::new();
        let functions: Vec<_> = facts
            .filter(|f| f.topic == TOPIC && f.kind == Kind::Function)
            .filter(|f| takes(f) || releases(f))
            .map(|f| (f, f.name.split('_').collect::<Vec<_>>()))
            .filter(|(_, words)| words.len() > 1 && !words.contains(&""))
            .collect();
        for (fact, parts) in &functions {
            for word in parts {
                let direction = words.entry(*word).or_default();
                direction.takes |= takes(fact);
                direction.releases |= releases(fact);
            }
        }
        Vocabulary { functions, words }
    }

    fn nearest(&self, name: &str) -> Option<&'static Fact> {
        // Most names are told apart by their first two words.
        let strange = |word: &&str| !self.words.contains_key(word);
        if name.split('_').filter(strange).nth(1).is_some() {
            return None;
        }
        let parts: Vec<&str> = name.split('_').collect();
        if parts.iter().all(strange) {
            return None;
        }
        let mut found: Vec<(Edit, &'static Fact)> = self
            .functions
            .iter()
            .filter_map(|(fact, words)| Some((self.edit(&parts, words, name, fact.name)?, *fact)))
            .collect();
        // A word that only releases is not there by accident; `lock` and `irqsave` may be.
        let only = |test: fn(&Direction) -> bool| {
            parts.iter().any(|w| self.words.get(w).is_some_and(test))
        };
        if only(|d| d.releases && !d.takes) {
            found.retain(|(_, f)| releases(f));
        } else if only(|d| d.takes && !d.releases) {
            found.retain(|(_, f)| takes(f));
        }
        let best = found.iter().map(|(edit, _)| *edit).min()?;
        let mut best = found.iter().filter(|(edit, _)| *edit == best);
        match (best.next(), best.next()) {
            (Some((_, fact)), None) => Some(fact),
            _ => None,
        }
    }
}

impl Vocabulary {
    /// The one edit that leads from a name to a function, if one does.
    fn edit(&self, parts: &[&str], words: &[&str], name: &str, real: &str) -> Option<Edit> {
        if parts.len() == words.len() {
            let mut differ = parts.iter().zip(words).filter(|(a, b)| a != b);
            let (written, meant) = differ.next()?;
            if differ.next().is_some() {
                return None;
            }
            let pair =
                |(a, b): &(&str, &str)| (a, b) == (written, meant) || (b, a) == (written, meant);
            return match self.words.contains_key(written) {
                _ if OPPOSITES.iter().any(pair) => Some(Edit::Opposite),
                true => (words.len() > 2).then_some(Edit::Word),
                false => slip(written, meant).then_some(Edit::Letter),
            };
        }
        if name.len().abs_diff(real.len()) == 1
            && name
                .bytes()
                .filter(|b| *b != b'_')
                .eq(real.bytes().filter(|b| *b != b'_'))
        {
            return Some(Edit::Letter);
        }
        if parts.len() < 2 || !parts.iter().all(|w| self.words.contains_key(w)) {
            return None;
        }
        // A word in front is a namespace: `migrate_read_lock` is somebody's own function.
        if one_more(parts, words) {
            Some(Edit::Missing)
        } else if one_more(words, parts) && parts[0] == words[0] {
            Some(Edit::Extra)
        } else {
            None
        }
    }
}

/// Whether a word is another one with one slip of the fingers: a letter in its middle, or two
/// neighbours. Short words that begin or end otherwise are other words (`spi`, `block`).
fn slip(written: &str, meant: &str) -> bool {
    let (a, b) = (written.as_bytes(), meant.as_bytes());
    let swapped = a.len() == b.len() && strsim::levenshtein(written, meant) == 2;
    strsim::osa_distance(written, meant) == 1
        && a.first() == b.first()
        && (swapped || a.last() == b.last() || (a.len() >= 6 && a.len() <= b.len()))
}

/// Whether `long` is `short` with one word put in.
fn one_more(short: &[&str], long: &[&str]) -> bool {
    if long.len() != short.len() + 1 {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    short[same..] == long[same + 1..]
}

impl Facts {
    /// The lock function that `name` was probably meant to be, if it is one edit away from
    /// exactly one and is itself none.
    pub fn nearest_lock(&self, name: &str) -> Option<&'static Fact> {
        static VOCABULARY: OnceLock<Vocabulary> = OnceLock::new();
        if self.get(name).is_some() {
            return None;
        }
        let vocabulary = VOCABULARY.get_or_init(|| Vocabulary::new(Facts::builtin().iter()));
        vocabulary.nearest(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(name: &str) -> Option<&'static str> {
        Facts::builtin().nearest_lock(name).map(|f| f.name)
    }

    #[test]
    fn a_slip_is_resolved() {
        for (written, meant) in [
            ("spin_lock_irqrestore", "spin_unlock_irqrestore"),
            ("spin_unlock_irqsave", "spin_unlock_irqrestore"),
            ("spin_unlock_irqrestor", "spin_unlock_irqrestore"),
            ("spin_unlok", "spin_unlock"),
            ("spin_lokc_irqsave", "spin_lock_irqsave"),
            ("spin_lock_irq_save", "spin_lock_irqsave"),
            ("spinlock_irqsave", "spin_lock_irqsave"),
            ("mutex_unlcok", "mutex_unlock"),
            ("mutex_lock_interuptible", "mutex_lock_interruptible"),
            ("mutex_unlock_interruptible", "mutex_unlock"),
            ("mutex_lock_irqsave", "mutex_lock"),
            ("mutex_try_lock", "mutex_trylock"),
            ("rcu_unlock", "rcu_read_unlock"),
            ("read_lock_irqrestore", "read_unlock_irqrestore"),
            ("raw_spin_lock_irqrestore", "raw_spin_unlock_irqrestore"),
            ("write_lock_irqrestore", "write_unlock_irqrestore"),
            ("up_reed", "up_read"),
            ("down_interruptable", "down_interruptible"),
        ] {
            assert_eq!(nearest(written), Some(meant), "{written}");
        }
    }

    #[test]
    fn what_could_mean_two_things_means_nothing() {
        for name in ["spin", "lock", "unlock", "spin_read", "irq_lock", "trylock"] {
            assert_eq!(nearest(name), None, "{name}");
        }
    }

    #[test]
    fn other_names_are_left_alone() {
        for name in [
            "",
            "_",
            "__",
            "spin",
            "foo_lock",
            "my_spin_lock",
            "read_block",
            "write_block",
            "read_clock",
            "spi_lock",
            "pin_unlock",
            "bdev_lock",
            "tty_lock",
            "down_load",
            "mutex_lock_foo",
            "spin_lock_for_each_thing",
            "queue_work",
            "wake_up",
        ] {
            assert_eq!(nearest(name), None, "{name}");
        }
    }

    #[test]
    fn no_lock_function_is_taken_for_another() {
        for fact in Facts::builtin().iter() {
            assert_eq!(nearest(fact.name), None, "{}", fact.name);
        }
    }
}
