//! Text arguments as they are written: string literals and the macros between them.

/// A run of adjacent pieces.
#[derive(Debug, PartialEq, Eq)]
pub struct Literal<'a> {
    pieces: Vec<Piece<'a>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// A string literal with its escapes resolved.
    Text(Vec<u8>),
    /// A macro that stands for some text.
    Macro(&'a [u8]),
}

/// The shortest text a format can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// Bytes.
    pub min: usize,
    /// It cannot give a longer one.
    pub exact: bool,
}

impl<'a> Literal<'a> {
    /// Reads the text of an argument; `None` if anything but strings and macros stands in it.
    pub fn read(mut text: &'a [u8]) -> Option<Literal<'a>> {
        let mut pieces = Vec::new();
        loop {
            text = skip_blank(text);
            match text.first() {
                None => break,
                Some(b'"') => {
                    let (piece, rest) = string(&text[1..])?;
                    pieces.push(Piece::Text(piece));
                    text = rest;
                }
                Some(c) if is_word(*c) && !c.is_ascii_digit() => {
                    let end = text.iter().position(|c| !is_word(*c)).unwrap_or(text.len());
                    let (name, rest) = text.split_at(end);
                    pieces.push(Piece::Macro(name));
                    text = arguments(rest)?;
                }
                Some(_) => return None,
            }
        }
        (!pieces.is_empty()).then_some(Literal { pieces })
    }

    /// Whether at least one piece is a string.
    pub fn has_text(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Text(_)))
    }

    /// The macros in it.
    pub fn macros(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Macro(name) => Some(*name),
            Piece::Text(_) => None,
        })
    }

    /// The strings, with the macros in braces.
    pub fn show(&self) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(&String::from_utf8_lossy(text)),
                Piece::Macro(name) => {
                    out.push('{');
                    out.push_str(&String::from_utf8_lossy(name));
                    out.push('}');
                }
            }
        }
        out
    }

    /// How long it is as a format; `known(n)` is the length of the text given for a `%s` that
    /// takes the `n`th argument after the format.
    pub fn length(&self, known: &dyn Fn(usize) -> Option<usize>) -> Length {
        let mut total = Length {
            min: 0,
            exact: true,
        };
        let mut arg = Some(0);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => count(text, &mut arg, known, &mut total),
                // It may hold conversions, so later arguments cannot be told apart.
                Piece::Macro(_) => {
                    total.exact = false;
                    arg = None;
                }
            }
        }
        total
    }

    /// Whether what it gives as a format certainly ends with something else than `end`.
    pub fn lacks_end(&self, end: &[u8]) -> bool {
        let Some(Piece::Text(last)) = self.pieces.last() else {
            return false;
        };
        if last.is_empty() || last.ends_with(end) {
            return false;
        }
        let mut rest = last.as_slice();
        let mut open_end = false;
        while let Some(at) = rest.iter().position(|c| *c == b'%') {
            let spec = Conversion::read(&rest[at..]);
            rest = &rest[at + spec.bytes..];
            open_end = rest.is_empty()
                && !matches!(spec.kind, b'%' | b'd' | b'i' | b'u' | b'x' | b'X' | b'o');
        }
        !open_end
    }
}

/// Adds the length of one piece of a format.
fn count(
    text: &[u8],
    arg: &mut Option<usize>,
    known: &dyn Fn(usize) -> Option<usize>,
    total: &mut Length,
) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|c| *c == b'%') {
        total.min += at;
        let spec = Conversion::read(&rest[at..]);
        rest = &rest[at + spec.bytes..];
        if spec.kind == b'%' {
            total.min += 1;
            continue;
        }
        let value = arg.map(|n| n + spec.stars);
        let given = match spec.kind {
            b's' if spec.plain => value.and_then(known),
            b'c' => Some(1),
            _ => None,
        };
        total.exact &= given.is_some() && spec.stars == 0;
        let least = match spec.kind {
            b's' => given.unwrap_or(0),
            _ => 1,
        };
        total.min += least.max(spec.width);
        *arg = value.map(|n| n + 1);
    }
    total.min += rest.len();
}

/// One `%…` of the kernel's format language.
struct Conversion {
    /// How many bytes of the format it takes.
    bytes: usize,
    /// Its letter; 0 if the format ends in it.
    kind: u8,
    /// The least width.
    width: usize,
    /// Widths and precisions taken from arguments.
    stars: usize,
    /// No precision that could cut the value.
    plain: bool,
}

impl Conversion {
    /// Reads one; `text` starts with `%`.
    fn read(text: &[u8]) -> Conversion {
        let mut at = 1;
        let peek = |at: usize| text.get(at).copied().unwrap_or(0);
        while matches!(peek(at), b'-' | b'+' | b' ' | b'#' | b'0') {
            at += 1;
        }
        let mut spec = Conversion {
            bytes: 0,
            kind: 0,
            width: 0,
            stars: 0,
            plain: true,
        };
        let number = |at: &mut usize, stars: &mut usize| {
            let mut value = 0usize;
            while peek(*at).is_ascii_digit() {
                value = value
                    .saturating_mul(10)
                    .saturating_add(usize::from(peek(*at) - b'0'));
                *at += 1;
            }
            if peek(*at) == b'*' {
                *stars += 1;
                *at += 1;
            }
            // No field of the kernel's is wider, and hostile widths must not add up.
            value.min(usize::from(u16::MAX))
        };
        spec.width = number(&mut at, &mut spec.stars);
        if peek(at) == b'.' {
            at += 1;
            number(&mut at, &mut spec.stars);
            spec.plain = false;
        }
        while matches!(
            peek(at),
            b'h' | b'l' | b'L' | b'q' | b'j' | b'z' | b't' | b'Z'
        ) {
            at += 1;
        }
        spec.kind = peek(at);
        at = (at + 1).min(text.len());
        if spec.kind == b'p' {
            while peek(at).is_ascii_alphanumeric() {
                at += 1;
            }
        }
        spec.bytes = at;
        spec
    }
}

fn is_word(c: u8) -> bool {
    c == b'_' || c.is_ascii_alphanumeric()
}

/// Drops white space, line joins, comments, and parentheses around the whole.
fn skip_blank(mut text: &[u8]) -> &[u8] {
    loop {
        text = match text {
            [c, rest @ ..] if c.is_ascii_whitespace() || matches!(c, b'(' | b')') => rest,
            [b'\\', b'\n', rest @ ..] => rest,
            [b'/', b'*', rest @ ..] => after(rest, b"*/"),
            [b'/', b'/', rest @ ..] => after(rest, b"\n"),
            _ => return text,
        };
    }
}

fn after<'a>(text: &'a [u8], end: &[u8]) -> &'a [u8] {
    memchr::memmem::find(text, end).map_or(&[], |at| &text[at + end.len()..])
}

/// Drops the arguments of a function-like macro; `None` if they do not end.
fn arguments(text: &[u8]) -> Option<&[u8]> {
    let inside = skip_space(text);
    if inside.first() != Some(&b'(') {
        return Some(text);
    }
    let mut depth = 0usize;
    for (at, c) in inside.iter().enumerate() {
        match c {
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(&inside[at + 1..]),
            b')' => depth -= 1,
            b'"' => return None,
            _ => {}
        }
    }
    None
}

fn skip_space(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .position(|c| !c.is_ascii_whitespace())
        .unwrap_or(text.len());
    &text[end..]
}

/// Reads a string up to its closing quote, escapes resolved.
fn string(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut out = Vec::new();
    loop {
        match text {
            [b'"', rest @ ..] => return Some((out, rest)),
            [b'\\', b'\n', rest @ ..] => text = rest,
            [b'\\', b'x', rest @ ..] => text = number(rest, 16, usize::MAX, &mut out),
            [b'\\', b'0'..=b'7', ..] => text = number(&text[1..], 8, 3, &mut out),
            [b'\\', c, rest @ ..] => {
                out.push(match c {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'a' => 7,
                    b'b' => 8,
                    b'v' => 11,
                    b'f' => 12,
                    other => *other,
                });
                text = rest;
            }
            [b'\n', ..] | [] => return None,
            [c, rest @ ..] => {
                out.push(*c);
                text = rest;
            }
        }
    }
}

/// Reads a numeric escape.
fn number<'a>(text: &'a [u8], radix: u32, most: usize, out: &mut Vec<u8>) -> &'a [u8] {
    let digits = text
        .iter()
        .take(most)
        .take_while(|c| char::from(**c).is_digit(radix))
        .count();
    let value = text[..digits].iter().fold(0u32, |value, c| {
        value.wrapping_mul(radix) + char::from(*c).to_digit(radix).unwrap_or(0)
    });
    out.push(value as u8);
    &text[digits..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(text: &str) -> (usize, bool) {
        let length = Literal::read(text.as_bytes()).unwrap().length(&|_| None);
        (length.min, length.exact)
    }

    fn lacks_newline(text: &str) -> bool {
        Literal::read(text.as_bytes()).unwrap().lacks_end(b"\n")
    }

    #[test]
    fn lengths_are_what_the_kernel_prints_at_least() {
        assert_eq!(length(r#""worker""#), (6, true));
        assert_eq!(length(r#""a" /* and */ "b\n" "\x41\101""#), (5, true));
        assert_eq!(length(r#""io-%d/%u""#), (6, false));
        assert_eq!(length(r#""%s""#), (0, false));
        assert_eq!(length(r#""%-8s%04x""#), (12, false));
        assert_eq!(length(r#""100%%""#), (4, true));
        assert_eq!(length(r#""%pI4c-x""#), (3, false));
        assert_eq!(length(r#""%*pbl""#), (1, false));
        assert_eq!(length(r#"DRV "-poll""#), (5, false));
        assert_eq!(length(r#""%""#), (1, false));
        assert_eq!(length(r#"("kept")"#), (4, true));
    }

    #[test]
    fn texts_given_for_a_conversion_count() {
        let of = |text: &str| {
            Literal::read(text.as_bytes())
                .unwrap()
                .length(&|n| (n == 1).then_some(20))
        };
        assert_eq!(
            of(r#""%d%s""#),
            Length {
                min: 21,
                exact: false
            }
        );
        assert_eq!(of(r#""%d%.3s""#).min, 1);
        assert_eq!(of(r#""%*s""#).min, 20);
        assert_eq!(of(r#"X "%d%s""#).min, 1);
    }

    #[test]
    fn only_strings_and_macros_are_literal() {
        for text in [
            "",
            "name + 1",
            "cond ? \"a\" : \"b\"",
            "p->name",
            "\"open",
            "'c'",
        ] {
            assert_eq!(Literal::read(text.as_bytes()), None, "{text}");
        }
        let mixed = Literal::read(b"KERN_ERR \"x\" __stringify(y)").unwrap();
        assert_eq!(
            mixed.macros().collect::<Vec<_>>(),
            [b"KERN_ERR".as_slice(), b"__stringify"]
        );
        assert!(!Literal::read(b"NAME").unwrap().has_text());
    }

    #[test]
    fn an_end_is_missing_only_if_nothing_can_give_it() {
        assert!(lacks_newline(r#""ready""#));
        assert!(lacks_newline(r#"KERN_INFO "n=%d""#));
        assert!(lacks_newline(r#""%s!""#));
        for text in [
            r#""ready\n""#,
            r#""%s""#,
            r#""%pV""#,
            r#""""#,
            r#""a" END"#,
            r#""%c""#,
        ] {
            assert!(!lacks_newline(text), "{text}");
        }
    }
}
