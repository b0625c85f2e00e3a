//! What tells lines that a module prints from the kernel's own.

use super::kinds::{Kind, Kinds, Leaves};
use super::pattern::Pattern;

/// What the headlines of the kernel have in common with nothing else.
const TELLING: usize = 12;
/// More texts than this are not kept.
const MOST: usize = 1 << 10;

/// Bits of `/proc/sys/kernel/tainted`.
const BAD_PAGE: u64 = 1 << 5;
const DIED: u64 = 1 << 7;
const WARNED: u64 = 1 << 9;
const SOFT_LOCKUP: u64 = 1 << 14;

/// The texts in a module that could be printed and look like a report's headline.
#[derive(Debug, Default)]
pub struct Texts {
    formats: Vec<Pattern>,
}

impl Texts {
    /// Reads them from the module's read-only data (or all of the file), each ended by NUL.
    pub fn of(data: &[u8]) -> Texts {
        let mut formats = Vec::new();
        let lines = data.split(|b| matches!(b, 0 | b'\n' | b'\r'));
        for line in lines {
            // The level that printk takes off: SOH and a digit or letter.
            let line = match line {
                [1, _, rest @ ..] => rest,
                _ => line,
            };
            if formats.len() < MOST && looks_like_a_report(line) {
                formats.push(Pattern::from(without_directives(line)));
            }
        }
        Texts { formats }
    }

    /// Whether one of them, printed, could give this headline, which is `like` the kernel's. A text that
    /// leaves more open than the kernel's own words (`WARNING: %s`) could give too much to tell.
    pub(super) fn could_give(&self, headline: &[u8], like: &Pattern) -> bool {
        let start = like.start().len().min(TELLING);
        let fixed = like.fixed().min(TELLING);
        self.formats.iter().any(|format| {
            let gives = match format.is_text() {
                true => headline.starts_with(format.start()),
                false => format.matches(headline),
            };
            gives && format.start().len() >= start && format.fixed() >= fixed
        })
    }
}

/// Only the start of a headline matters: whoever prints `%s: it works` imitates nothing.
fn looks_like_a_report(line: &[u8]) -> bool {
    let kinds = Kinds::builtin();
    let mut headlines = kinds.iter().flat_map(|kind| &kind.headlines);
    headlines.any(|headline| {
        let start = headline.start();
        line.starts_with(&start[..start.len().min(TELLING)])
    })
}

/// A format with every directive as `*`.
fn without_directives(format: &[u8]) -> String {
    let mut text = String::with_capacity(format.len());
    let mut rest = format.iter().copied().peekable();
    while let Some(b) = rest.next() {
        match b {
            b'%' if rest.peek() == Some(&b'%') => {
                rest.next();
                text.push('%');
            }
            b'%' => {
                // Flags, width and length end with the first letter that is no length.
                while let Some(b) = rest.next_if(|b| !b.is_ascii_whitespace()) {
                    if b.is_ascii_alphabetic() && !matches!(b, b'h' | b'l' | b'z' | b't' | b'j') {
                        if b == b'p' {
                            while rest.next_if(u8::is_ascii_alphabetic).is_some() {}
                        }
                        break;
                    }
                }
                text.push('*');
            }
            _ => text.push(char::from(b)),
        }
    }
    text
}

/// What the guest said of its kernel's state at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// `/proc/sys/kernel/tainted`.
    pub tainted: Option<u64>,
    /// `debug_locks` of `/proc/lockdep_stats`.
    pub lockdep: Option<bool>,
}

impl State {
    /// Whether a report of this kind can have been made in a kernel that ends like this.
    pub(super) fn allows(self, kind: &Kind) -> bool {
        let tainted = |bits| self.tainted.is_none_or(|tainted| tainted & bits != 0);
        match kind.shape.leaves.unwrap_or(Leaves::Nothing) {
            Leaves::Nothing => true,
            Leaves::Warned => tainted(WARNED),
            Leaves::Died => tainted(DIED),
            Leaves::WarnedOrDied => tainted(WARNED | DIED),
            Leaves::BadPage => tainted(BAD_PAGE),
            Leaves::SoftLockup => tainted(SOFT_LOCKUP),
            Leaves::LockdepOff => self.lockdep != Some(true),
            Leaves::Nobody => self.tainted.is_none(),
        }
    }

    /// Whether the kernel ended as such a report leaves it behind, and as no printk can.
    pub(super) fn shows(self, kind: &Kind) -> bool {
        let known = match kind.shape.leaves.unwrap_or(Leaves::Nothing) {
            Leaves::Nothing | Leaves::Nobody => false,
            Leaves::LockdepOff => self.lockdep.is_some(),
            _ => self.tainted.is_some(),
        };
        known && self.allows(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_gives_what_it_can_print() {
        let texts = Texts::of(
            b"\x7fELF\0\x013BUG: KASAN: %s in %pS\n\0hi %s\0\x014WARNING: %s\0%s%s\0BUG: spinlock bad magic\0",
        );
        let gives = |headline: &str, like: &str| {
            texts.could_give(headline.as_bytes(), &Pattern::from(like.to_string()))
        };
        assert!(gives(
            "BUG: KASAN: slab-use-after-free in f+0x1/0x2 [m]",
            "BUG: KASAN: slab-use-after-free in *"
        ));
        assert!(gives(
            "BUG: spinlock bad magic on CPU#1",
            "BUG: spinlock * on CPU#*"
        ));
        assert!(!gives(
            "BUG: scheduling while atomic: a/1/0x2",
            "BUG: scheduling while atomic: *"
        ));
        assert!(!gives(
            "WARNING: a.c:1 at f+0x1/0x2 [m], CPU#1: a/1",
            "WARNING: * at *, CPU#*: */*"
        ));
    }

    #[test]
    fn directives_are_anything() {
        assert_eq!(
            without_directives(b"a %-5lu%% %pS, %*pbl %08x!"),
            "a *% *, * *!"
        );
        assert_eq!(without_directives(b"%"), "*");
    }
}
