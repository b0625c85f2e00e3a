//! A text as short as the grammar can take it, with the way back.
//!
//! The parser costs far more per byte and per token than anything else here, and most of them tell
//! it nothing: the letters of a name, the digits of a number, what a string says, all blanks but
//! one. `p->a.b` is one operand, `struct s` one type. The parse of the short text has the shape of
//! the parse of the full one; only the offsets have to be taken back, and the tokens that stand for
//! several to be taken apart, which [`crate::syntax`] does.

/// The words that mean something to the grammar; every other word is just a name to it.
const GRAMMAR_WORDS: [&str; 106] = [
    "FALSE",
    "NULL",
    "TRUE",
    "_Alignas",
    "_Alignof",
    "_Atomic",
    "_Generic",
    "_Nonnull",
    "_Noreturn",
    "__alignof",
    "__alignof__",
    "__asm",
    "__asm__",
    "__attribute",
    "__attribute__",
    "__based",
    "__cdecl",
    "__clrcall",
    "__declspec",
    "__except",
    "__extension__",
    "__fastcall",
    "__finally",
    "__forceinline",
    "__inline",
    "__inline__",
    "__leave",
    "__restrict",
    "__restrict__",
    "__sptr",
    "__stdcall",
    "__thiscall",
    "__thread",
    "__try",
    "__unaligned",
    "__uptr",
    "__vectorcall",
    "__volatile__",
    "_alignof",
    "_unaligned",
    "alignas",
    "alignof",
    "asm",
    "auto",
    "bool",
    "break",
    "case",
    "char",
    "char16_t",
    "char32_t",
    "char64_t",
    "char8_t",
    "charptr_t",
    "const",
    "constexpr",
    "continue",
    "default",
    "defined",
    "do",
    "double",
    "else",
    "enum",
    "extern",
    "false",
    "float",
    "for",
    "goto",
    "if",
    "inline",
    "int",
    "int16_t",
    "int32_t",
    "int64_t",
    "int8_t",
    "intptr_t",
    "long",
    "max_align_t",
    "noreturn",
    "nullptr",
    "nullptr_t",
    "offsetof",
    "ptrdiff_t",
    "register",
    "restrict",
    "return",
    "short",
    "signed",
    "size_t",
    "sizeof",
    "ssize_t",
    "static",
    "struct",
    "switch",
    "thread_local",
    "true",
    "typedef",
    "uint16_t",
    "uint32_t",
    "uint64_t",
    "uint8_t",
    "uintptr_t",
    "union",
    "unsigned",
    "void",
    "volatile",
    "while",
];

/// The short text.
pub(crate) struct Compact {
    /// What is parsed.
    pub(crate) text: Vec<u8>,
    /// Where each of its bytes starts in the full text.
    starts: Vec<u32>,
    /// Where each of its bytes ends in the full text.
    ends: Vec<u32>,
}

impl Compact {
    /// Shortens a text that the prepass has been over.
    pub(crate) fn of(full: &[u8]) -> Compact {
        let mut writer = Writer {
            full,
            at: 0,
            asm_depth: None,
            out: Compact {
                text: Vec::with_capacity(full.len() / 2),
                starts: Vec::with_capacity(full.len() / 2),
                ends: Vec::with_capacity(full.len() / 2),
            },
        };
        writer.run();
        writer.out
    }

    /// A text as it is.
    #[cfg(test)]
    pub(crate) fn verbatim(full: &[u8]) -> Compact {
        let length = full.len() as u32;
        Compact {
            text: full.to_vec(),
            starts: (0..length).collect(),
            ends: (1..=length).collect(),
        }
    }

    /// The range of the full text that a range of the short one stands for.
    pub(crate) fn origin(&self, start: usize, end: usize) -> (u32, u32) {
        let last = self.ends.last().copied().unwrap_or(0);
        let from = self.starts.get(start).copied().unwrap_or(last);
        let to = end.checked_sub(1).and_then(|at| self.ends.get(at));
        (from, to.copied().unwrap_or(0).max(from))
    }
}

struct Writer<'t> {
    full: &'t [u8],
    at: usize,
    /// In inline assembly, where strings have to be strings: the parentheses that are open.
    asm_depth: Option<u32>,
    out: Compact,
}

impl Writer<'_> {
    fn run(&mut self) {
        let mut line_start = true;
        while let Some(&byte) = self.full.get(self.at) {
            match byte {
                _ if is_blank(byte) => {
                    line_start |= self.blanks();
                    continue;
                }
                b'0'..=b'9' => self.number(),
                _ if is_word(byte) => self.word(),
                b'#' if line_start => self.directive(),
                b'"' | b'\'' => self.literal(byte),
                b'.' if self.full.get(self.at + 1).is_some_and(u8::is_ascii_digit) => self.number(),
                _ => {
                    self.asm_depth = match (byte, self.asm_depth) {
                        (b'(', Some(depth)) => Some(depth + 1),
                        (b')', Some(depth)) => depth.checked_sub(1).filter(|depth| *depth > 0),
                        (b';', Some(0)) => None,
                        (_, depth) => depth,
                    };
                    self.put(byte, self.at, self.at + 1);
                    self.at += 1;
                }
            }
            line_start = false;
        }
    }

    /// One byte for a piece of the full text.
    fn put(&mut self, byte: u8, from: usize, to: usize) {
        self.out.text.push(byte);
        self.out.starts.push(from as u32);
        self.out.ends.push(to as u32);
    }

    /// Copies up to `end` as it is.
    fn copy_to(&mut self, end: usize) {
        let end = end.min(self.full.len());
        self.out.text.extend_from_slice(&self.full[self.at..end]);
        self.out.starts.extend(self.at as u32..end as u32);
        self.out.ends.extend(self.at as u32 + 1..end as u32 + 1);
        self.at = end;
    }

    /// One blank for many, none where tokens stay apart without it; whether there was a newline.
    /// Newlines count when the parser recovers from what it cannot read.
    fn blanks(&mut self) -> bool {
        let start = self.at;
        let rest = &self.full[start..];
        let length = rest.iter().take_while(|b| is_blank(**b)).count();
        let newline = rest[..length].contains(&b'\n');
        self.at += length;
        let before = self.out.text.last().copied().unwrap_or(b';');
        let after = self.full.get(self.at).copied().unwrap_or(b';');
        let alone = |byte: u8| b"(){}[];,".contains(&byte);
        // A literal may become a number, and a sign is part of the number behind it.
        let joins = |byte: u8| is_word(byte) || b".'\"".contains(&byte);
        let apart = joins(before) != joins(after) && !b"+-".contains(&before);
        if newline {
            self.put(b'\n', start, self.at);
        } else if !alone(before) && !alone(after) && !apart {
            self.put(b' ', start, self.at);
        }
        newline
    }

    /// A line for the preprocessor is left alone.
    fn directive(&mut self) {
        let rest = &self.full[self.at..];
        let end = memchr::memchr_iter(b'\n', rest).find(|at| {
            let line = rest[..*at].strip_suffix(b"\r").unwrap_or(&rest[..*at]);
            !line.ends_with(b"\\")
        });
        self.copy_to(end.map_or(self.full.len(), |end| self.at + end));
    }

    fn number(&mut self) {
        let start = self.at;
        while let Some(&byte) = self.full.get(self.at) {
            let before = self.full[self.at.saturating_sub(1).max(start)];
            let exponent = matches!(byte, b'+' | b'-')
                && matches!(before, b'e' | b'E' | b'p' | b'P')
                && !self.full[start..self.at].starts_with(b"0x");
            let range = byte == b'.' && self.full.get(self.at + 1) == Some(&b'.');
            if !is_word(byte) && byte != b'.' && !exponent || range {
                break;
            }
            self.at += 1;
        }
        self.put(b'0', start, self.at);
    }

    fn word(&mut self) {
        let start = self.at;
        let rest = &self.full[start..];
        let length = rest.iter().take_while(|b| is_word(**b)).count();
        let (word, after) = rest.split_at(length);
        if matches!(after, [b'"' | b'\'', ..]) && matches!(word, b"L" | b"u" | b"U" | b"u8") {
            let end = literal_end(self.full, start + length);
            return self.copy_to(end.unwrap_or(start + length));
        }
        if is_grammar_word(word) {
            if matches!(word, b"asm" | b"__asm" | b"__asm__") {
                self.asm_depth = Some(0);
            }
            let tag = matches!(word, b"struct" | b"union" | b"enum")
                .then(|| self.tag(start + length))
                .flatten();
            return match tag {
                Some(end) => self.stand_in(b"int", end),
                None => self.copy_to(start + length),
            };
        }
        match self.members(start + length) {
            Some(end) if needs_name(&self.full[end..]) => self.stand_in(b"a", end),
            Some(end) => self.stand_in(b"0", end),
            None => self.stand_in(b"a", start + length),
        }
    }

    /// A token of the grammar for everything up to `end`.
    fn stand_in(&mut self, token: &[u8], end: usize) {
        for byte in token {
            self.put(*byte, self.at, end);
        }
        self.at = end;
    }

    /// The end of the tag behind `struct`, if this is a use of the type and no definition.
    fn tag(&self, at: usize) -> Option<usize> {
        let start = skip_blanks(self.full, at);
        let end = name_end(self.full, start)?;
        let next = self.full.get(skip_blanks(self.full, end))?;
        (!b"{;:".contains(next)).then_some(end)
    }

    /// The end of `->member.member` behind a name. A sign in front would become part of the
    /// number that stands for all of it.
    fn members(&self, at: usize) -> Option<usize> {
        let before = self.out.text.iter().rev().find(|b| !is_blank(**b));
        if before.is_some_and(|b| b".>+-".contains(b)) {
            return None;
        }
        let mut found = None;
        let mut end = at;
        while let Some(next) = member_end(self.full, end) {
            end = next;
            found = Some(end);
        }
        found
    }

    /// A string becomes an empty one. Where any operand will do it becomes a number, which is one
    /// token and not three; so does a character.
    fn literal(&mut self, quote: u8) {
        let start = self.at;
        let Some(end) = literal_end(self.full, start) else {
            self.at += 1;
            self.put(quote, start, self.at);
            return;
        };
        let before = self.out.text.iter().rev().find(|b| !is_blank(**b));
        let after = self.full[end..].iter().find(|b| !is_blank(**b));
        let operand = matches!(before, Some(b) if b"(,=?:{|&!<>[".contains(b))
            && matches!(after, Some(b) if b",);}:]".contains(b));
        // In `case'a'` the number would be part of the word, in `-'a'` the sign part of the number.
        let joins = |byte: &u8| is_word(*byte);
        if quote == b'\''
            && (self.out.text.last().is_some_and(joins) || matches!(before, Some(b'+' | b'-')))
        {
            self.copy_to(end);
        } else if quote == b'\'' || operand && self.asm_depth.is_none() {
            self.stand_in(b"0", end);
        } else {
            self.put(quote, start, start + 1);
            self.put(quote, end - 1, end);
            self.at = end;
        }
    }
}

/// One step from a name or member to a member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    /// `.` or `->`.
    pub(crate) operator: (usize, usize),
    /// The member's name.
    pub(crate) name: (usize, usize),
}

/// The member that is named behind this offset.
pub(crate) fn member(text: &[u8], at: usize) -> Option<Member> {
    let start = skip_blanks(text, at);
    let rest = text.get(start..)?;
    let length = match rest {
        [b'-', b'>', ..] => 2,
        [b'.', next, ..] if *next != b'.' => 1,
        _ => return None,
    };
    let name = skip_blanks(text, start + length);
    Some(Member {
        operator: (start, start + length),
        name: (name, name_end(text, name)?),
    })
}

fn member_end(text: &[u8], at: usize) -> Option<usize> {
    member(text, at).map(|member| member.name.1)
}

/// The end of the name that starts here; words of the grammar are none.
pub(crate) fn name_end(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let length = rest.iter().take_while(|b| is_word(**b)).count();
    let word = &rest[..length];
    let is_name = word.first().is_some_and(|b| !b.is_ascii_digit()) && !is_grammar_word(word);
    is_name.then_some(at + length)
}

/// The next offset that is no blank.
pub(crate) fn skip_blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or(&[]);
    at + rest.iter().take_while(|b| is_blank(**b)).count()
}

/// Whether no number can stand in front of this: a value is assigned to it, or a dot would become
/// part of the number (a member that is called like a word of the grammar).
fn needs_name(rest: &[u8]) -> bool {
    let rest = &rest[skip_blanks(rest, 0)..];
    match rest {
        [b'.', ..] => true,
        [b'=', next, ..] => *next != b'=',
        [b'<', b'<', b'=', ..] | [b'>', b'>', b'=', ..] => true,
        [
            b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^',
            b'=',
            ..,
        ] => true,
        _ => false,
    }
}

/// Where the literal that starts here is closed.
fn literal_end(text: &[u8], start: usize) -> Option<usize> {
    let quote = *text.get(start)?;
    let body = text.get(start + 1..)?;
    let mut at = 0;
    loop {
        match body.get(at)? {
            b'\\' if body.get(at + 1) == Some(&b'\r') => at += 3,
            b'\\' => at += 2,
            b'\n' => return None,
            byte if *byte == quote => return Some(start + at + 2),
            _ => at += 1,
        }
    }
}

const BLANK: u8 = 1;
const WORD: u8 = 2;

/// What a byte is, by its number.
const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        if byte.is_ascii_whitespace() || byte == 0x0b {
            table[at] = BLANK;
        } else if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80 {
            table[at] = WORD;
        }
        at += 1;
    }
    table
};

fn is_blank(byte: u8) -> bool {
    CLASS[usize::from(byte)] == BLANK
}

fn is_word(byte: u8) -> bool {
    CLASS[usize::from(byte)] == WORD
}

/// The lengths of the words of the grammar that start with a byte, as bits.
const LENGTHS: [u16; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < GRAMMAR_WORDS.len() {
        let word = GRAMMAR_WORDS[at].as_bytes();
        table[word[0] as usize] |= 1 << word.len();
        at += 1;
    }
    table
};

fn is_grammar_word(word: &[u8]) -> bool {
    let lengths = word.first().map_or(0, |b| LENGTHS[usize::from(*b)]);
    let possible = word.len() < 16 && lengths & 1 << word.len() != 0;
    possible
        && GRAMMAR_WORDS
            .binary_search_by(|known| known.as_bytes().cmp(word))
            .is_ok()
}
