//! Bytes to lines, and a line's timestamp and caller.

/// Longer lines are read as far as this; the kernel's own are at most 1 KiB.
const LONGEST: usize = 2048;

/// Who called printk: a task, or a CPU in interrupt context (`CONFIG_PRINTK_CALLER`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Task(u32),
    Cpu(u32),
}

/// One line of a console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Microseconds since boot; a line without is not printk's, if others have one.
    pub time: Option<u64>,
    pub caller: Option<Caller>,
    pub text: &'a [u8],
}

impl<'a> Line<'a> {
    /// Reads `<6>[    1.234567][  T123] text`. What a program wrote to the same terminal may stand
    /// before it; a line that starts with a timestamp is never searched for another.
    pub fn parse(raw: &'a [u8]) -> Line<'a> {
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        let plain = Line {
            time: None,
            caller: None,
            text: raw,
        };
        if let Some(line) = prefixed(without_level(raw)) {
            return line;
        }
        let starts = memchr::memchr_iter(b'[', raw).take(8);
        starts
            .filter_map(|at| prefixed(&raw[at..]))
            .next()
            .unwrap_or(plain)
    }
}

fn without_level(raw: &[u8]) -> &[u8] {
    let rest = raw.strip_prefix(b"<").and_then(number);
    rest.and_then(|(_, rest)| rest.strip_prefix(b">"))
        .unwrap_or(raw)
}

fn prefixed(raw: &[u8]) -> Option<Line<'_>> {
    let (seconds, rest) = number(raw.strip_prefix(b"[")?.trim_ascii_start())?;
    let fraction = rest.strip_prefix(b".")?;
    let (micros, rest) = number(fraction)?;
    if fraction.len() - rest.len() != 6 {
        return None;
    }
    let rest = rest.strip_prefix(b"]")?;
    let (caller, rest) = match caller(rest) {
        Some((caller, rest)) => (Some(caller), rest),
        None => (None, rest),
    };
    Some(Line {
        time: Some(seconds.saturating_mul(1_000_000).saturating_add(micros)),
        caller,
        text: rest.strip_prefix(b" ").unwrap_or(rest),
    })
}

fn caller(raw: &[u8]) -> Option<(Caller, &[u8])> {
    let rest = raw.strip_prefix(b"[")?.trim_ascii_start();
    let (kind, rest) = rest.split_first()?;
    let (id, rest) = number(rest)?;
    let id = u32::try_from(id).ok()?;
    let caller = match kind {
        b'T' => Caller::Task(id),
        b'C' => Caller::Cpu(id),
        _ => return None,
    };
    Some((caller, rest.strip_prefix(b"]")?))
}

/// The decimal number that a text starts with.
pub(crate) fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = text.split_at(digits);
    let number = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some((number, rest))
}

/// Cuts a stream into lines, whatever the pieces it comes in.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    started: Vec<u8>,
}

impl Splitter {
    /// Hands every line that is complete to `each`.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8])) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = &rest[1..];
            if self.started.is_empty() {
                each(&line[..line.len().min(LONGEST)]);
            } else {
                self.keep(line);
                each(&self.started);
                self.started.clear();
            }
        }
        self.keep(bytes);
    }

    /// Hands over a last line that lacks its end.
    pub fn finish(self, mut each: impl FnMut(&[u8])) {
        if !self.started.is_empty() {
            each(&self.started);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST.saturating_sub(self.started.len());
        self.started
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_all_sorts() {
        let line = Line::parse(b"[    1.234567][  T123] BUG: x\r");
        assert_eq!(line.time, Some(1_234_567));
        assert_eq!(line.caller, Some(Caller::Task(123)));
        assert_eq!(line.text, b"BUG: x");
        let line = Line::parse(b"<4>[12345.000001]  indented");
        assert_eq!(
            (line.time, line.text),
            (Some(12_345_000_001), &b" indented"[..])
        );
        let line = Line::parse(b"/ # [    2.000000][    C1] x");
        assert_eq!((line.caller, line.text), (Some(Caller::Cpu(1)), &b"x"[..]));
        for odd in [
            "[ BUG: x ]",
            "[99999999999999999999.000000] x",
            "[1.5] x",
            "",
            "[",
        ] {
            assert_eq!(Line::parse(odd.as_bytes()).time, None, "{odd}");
        }
    }

    #[test]
    fn a_timestamp_that_a_module_prints_is_text() {
        let line = Line::parse(b"[    1.000000][   T9] [    2.000000][   T8] BUG: KASAN: x");
        assert_eq!(line.caller, Some(Caller::Task(9)));
        assert!(line.text.starts_with(b"["));
    }

    #[test]
    fn pieces_make_the_same_lines() {
        let text = b"one\n\ntwo\nthree";
        for size in 1..text.len() {
            let mut lines: Vec<Vec<u8>> = Vec::new();
            let mut splitter = Splitter::default();
            for piece in text.chunks(size) {
                splitter.push(piece, |line| lines.push(line.to_vec()));
            }
            splitter.finish(|line| lines.push(line.to_vec()));
            assert_eq!(lines, [&b"one"[..], b"", b"two", b"three"]);
        }
    }
}
