//! Code addresses as the kernel prints them.

use std::fmt;

/// A symbol longer than this is no symbol.
const LONGEST: usize = 512;

/// What an address lies in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// A function or variable.
    Symbol {
        /// Its name as the linker knows it.
        name: String,
        /// The address within it and its size, where the kernel says them.
        offset: Option<(u64, u64)>,
    },
    /// Nothing the kernel has a name for, such as the text of a module that is gone.
    Address(u64),
}

/// One code address of a report.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Where it is.
    pub code: Code,
    /// The module it belongs to; none for the kernel itself.
    pub module: Option<String>,
    /// The address is that of the instruction itself, not the one a call returns to.
    pub exact: bool,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Code::Symbol { name, offset } => {
                f.write_str(name)?;
                if let Some((offset, size)) = offset {
                    write!(f, "+{offset:#x}/{size:#x}")?;
                }
            }
            Code::Address(address) => write!(f, "{address:#x}")?,
        }
        match &self.module {
            Some(module) => write!(f, " [{module}]"),
            None => Ok(()),
        }
    }
}

impl Frame {
    /// The frame that makes up a whole line of a stack; guesses (`? f+0x…`) are none.
    pub fn of_stack_line(text: &[u8]) -> Option<Frame> {
        let text = text.trim_ascii();
        if let Some(address) = address(text) {
            return Some(Frame {
                code: Code::Address(address),
                module: None,
                exact: false,
            });
        }
        let (frame, rest) = Frame::at_start(text)?;
        rest.is_empty().then_some(frame)
    }

    /// The frames within a line of prose, such as `at: f+0x1/0x2 [mod]` or `RIP: 0010:f+0x1/0x2`.
    pub fn within(text: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut from = 0;
        let exact = text.starts_with(b"RIP: ");
        for at in memchr::memmem::find_iter(text, b"+0x") {
            let start = text[from..at]
                .iter()
                .rposition(|b| !is_symbol(*b))
                .map_or(from, |before| from + before + 1);
            if let Some((mut frame, rest)) = Frame::at_start(&text[start..]) {
                frame.exact |= exact;
                frames.push(frame);
                from = text.len() - rest.len();
            }
        }
        if frames.is_empty() {
            frames.extend(named_only(text));
        }
        for before in [&b"RIP: 0010:"[..], b"at: "] {
            let at = memchr::memmem::find(text, before).map(|at| at + before.len());
            let token = at.and_then(|at| text[at..].split(|b| *b == b' ').next());
            frames.extend(token.and_then(address).map(|address| Frame {
                code: Code::Address(address),
                module: None,
                exact,
            }));
        }
        frames
    }

    /// `symbol+0xOFFSET/0xSIZE [module]` and what follows it.
    fn at_start(text: &[u8]) -> Option<(Frame, &[u8])> {
        let name = text.iter().take_while(|b| is_symbol(**b)).count();
        let (name, rest) = text.split_at(name);
        let (offset, rest) = hex(rest.strip_prefix(b"+0x")?)?;
        let (size, rest) = hex(rest.strip_prefix(b"/0x")?)?;
        let (module, rest) = match module(rest) {
            Some((module, rest)) => (Some(module), rest),
            None => (None, rest),
        };
        let frame = Frame {
            code: Code::Symbol {
                name: symbol(name)?,
                offset: Some((offset, size)),
            },
            module,
            exact: offset == 0,
        };
        Some((frame, rest))
    }

    /// Keeps only which function it is.
    pub(super) fn forget_offset(&mut self) {
        if let Code::Symbol { offset, .. } = &mut self.code {
            *offset = None;
            self.exact = true;
        }
    }

    /// Whether the address lies where x86 puts modules and nothing is known to be there.
    pub fn is_in_a_gone_module(&self) -> bool {
        matches!(
            self.code,
            Code::Address(0xffff_ffff_a000_0000..0xffff_ffff_ff00_0000)
        )
    }
}

/// `name [module]`, without offsets.
fn named_only(text: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    for at in memchr::memmem::find_iter(text, b" [").take(8) {
        let start = text[..at].iter().rposition(|b| !is_symbol(*b));
        let name = &text[start.map_or(0, |before| before + 1)..at];
        if let (Some(name), Some((module, _))) = (symbol(name), module(&text[at..])) {
            let code = Code::Symbol { name, offset: None };
            frames.push(Frame {
                code,
                module: Some(module),
                exact: true,
            });
        }
    }
    frames
}

/// `0xffffffffa0001234`.
fn address(text: &[u8]) -> Option<u64> {
    let (address, rest) = hex(text.strip_prefix(b"0x")?)?;
    rest.is_empty().then_some(address)
}

/// ` [module]` or ` [module build-id]`.
fn module(text: &[u8]) -> Option<(String, &[u8])> {
    let inner = text.strip_prefix(b" [")?;
    let end = memchr::memchr(b']', inner)?;
    let name = inner[..end].split(|b| *b == b' ').next()?;
    let fits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let short = !name.is_empty() && name.len() <= 64;
    (short && name.iter().all(fits) && !name.iter().all(u8::is_ascii_digit))
        .then(|| (text_of(name), &inner[end + 1..]))
}

fn symbol(name: &[u8]) -> Option<String> {
    let first = *name.first()?;
    (name.len() <= LONGEST && !first.is_ascii_digit()).then(|| text_of(name))
}

fn text_of(ascii: &[u8]) -> String {
    ascii.iter().map(|b| char::from(*b)).collect()
}

fn is_symbol(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$')
}

fn hex(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let (number, rest) = text.split_at(digits);
    let number = u64::from_str_radix(std::str::from_utf8(number).ok()?, 16).ok()?;
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Option<String> {
        Frame::of_stack_line(text.as_bytes()).map(|frame| frame.to_string())
    }

    fn within(text: &str) -> Vec<String> {
        let frames = Frame::within(text.as_bytes());
        frames.iter().map(Frame::to_string).collect()
    }

    #[test]
    fn stack_lines_are_frames_or_nothing() {
        assert_eq!(
            line("  f.cold+0x1f/0x2 [m]").unwrap(),
            "f.cold+0x1f/0x2 [m]"
        );
        assert_eq!(line(" f+0x1/0x2 [m 0123abcd]").unwrap(), "f+0x1/0x2 [m]");
        assert_eq!(line(" 0xffffffffa0001000").unwrap(), "0xffffffffa0001000");
        for none in [
            " ? f+0x1/0x2 [m]",
            "f+0x1/0x2 is bad",
            "f+0x/0x2",
            "+0x1/0x2",
            "<TASK>",
            "",
        ] {
            assert_eq!(line(none), None, "{none}");
        }
    }

    #[test]
    fn prose_holds_frames() {
        assert_eq!(
            within("#0: ffff (&m){+.+.}-{4:4}, at: f+0x1/0x2 [m]"),
            ["f+0x1/0x2 [m]"]
        );
        assert_eq!(
            within("BUG: KCSAN: data-race in f [m] / g [m]"),
            ["f [m]", "g [m]"]
        );
        assert_eq!(
            within("RIP: 0010:0xffffffffa0000010"),
            ["0xffffffffa0000010"]
        );
        assert_eq!(
            within("#0: ffff (&m){+.+.}, at: 0xffffffffa0000010"),
            ["0xffffffffa0000010"]
        );
        assert!(Frame::within(b"RIP: 0010:f+0x4/0x8 [m]")[0].exact);
        assert_eq!(within("in-flight: 45:work_fn [m] for 3s"), ["work_fn [m]"]);
        assert_eq!(within("pool 2 [1] + [x+0x"), [""; 0]);
    }
}
