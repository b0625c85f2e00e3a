//! Where the tokens of a text that the prepass has been over begin and end.

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

/// One step from a name or member to a member.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// `.` or `->`.
    pub(super) operator: (usize, usize),
    /// The member's name.
    pub(super) name: (usize, usize),
}

/// The member that is named behind this offset.
pub(super) fn member(text: &[u8], at: usize) -> Option<Member> {
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

/// The end of the name that starts here; words of the grammar are none.
pub(super) fn name_end(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let length = rest.iter().take_while(|b| is_word(**b)).count();
    let word = &rest[..length];
    let is_name = word.first().is_some_and(|b| !b.is_ascii_digit()) && !is_grammar_word(word);
    is_name.then_some(at + length)
}

/// The next offset that is no blank.
pub(super) fn skip_blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or(&[]);
    at + rest.iter().take_while(|b| is_blank(**b)).count()
}

/// The end of the word that starts here.
pub(super) fn word_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or(&[]);
    at + rest.iter().take_while(|b| is_word(**b)).count()
}

/// The end of the number that starts here.
pub(super) fn number_end(text: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(&byte) = text.get(at) {
        let before = text[at.saturating_sub(1).max(start)];
        let exponent = matches!(byte, b'+' | b'-')
            && matches!(before, b'e' | b'E' | b'p' | b'P')
            && !text[start..at].starts_with(b"0x");
        let range = byte == b'.' && text.get(at + 1) == Some(&b'.');
        if !is_word(byte) && byte != b'.' && !exponent || range {
            break;
        }
        at += 1;
    }
    at
}

/// The length of the binary operator that a text starts with, and how strongly it binds.
pub(super) fn binary_operator(rest: &[u8]) -> Option<(usize, u8)> {
    Some(match rest {
        [b'|', b'|', ..] => (2, 1),
        [b'&', b'&', ..] => (2, 2),
        [b'=' | b'!', b'=', ..] => (2, 6),
        [b'<', b'<', b'=', ..] | [b'>', b'>', b'=', ..] => return None,
        [b'<', b'<', ..] | [b'>', b'>', ..] => (2, 8),
        [b'<' | b'>', b'=', ..] => (2, 7),
        [b'<' | b'>', ..] => (1, 7),
        [
            b'+' | b'-' | b'*' | b'/' | b'%' | b'|' | b'^' | b'&',
            b'=',
            ..,
        ]
        | [b'+', b'+', ..]
        | [b'-', b'-' | b'>', ..] => return None,
        [b'|', ..] => (1, 3),
        [b'^', ..] => (1, 4),
        [b'&', ..] => (1, 5),
        [b'+' | b'-', ..] => (1, 9),
        [b'*' | b'/' | b'%', ..] => (1, 10),
        _ => return None,
    })
}

/// The length of the assignment operator that a text starts with.
pub(super) fn assignment_operator(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'=', b'=', ..] => None,
        [b'=', ..] => Some(1),
        [
            b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^',
            b'=',
            ..,
        ] => Some(2),
        [b'<', b'<', b'=', ..] | [b'>', b'>', b'=', ..] => Some(3),
        _ => None,
    }
}

/// Where the literal that starts here is closed.
pub(super) fn literal_end(text: &[u8], start: usize) -> Option<usize> {
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

pub(super) fn is_blank(byte: u8) -> bool {
    CLASS[usize::from(byte)] == BLANK
}

pub(super) fn is_word(byte: u8) -> bool {
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

pub(super) fn is_grammar_word(word: &[u8]) -> bool {
    let lengths = word.first().map_or(0, |b| LENGTHS[usize::from(*b)]);
    let possible = word.len() < 16 && lengths & 1 << word.len() != 0;
    possible
        && GRAMMAR_WORDS
            .binary_search_by(|known| known.as_bytes().cmp(word))
            .is_ok()
}
