//! What a word means to the pass: keywords of C and of GNU C, and the names facts give.

use kloom_facts::{Facts, Kind, Version};
use rustc_hash::FxHashMap;

/// The role of a word token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Any name.
    Ident,
    /// `if`, `while`, `switch`: a head in parentheses, then a statement.
    Head,
    /// `for`.
    For,
    /// `else`, `do`: a statement follows.
    Lead,
    /// `case`.
    Case,
    /// `default`.
    Default,
    /// `goto`.
    Goto,
    /// `return`.
    Return,
    /// `break`, `continue`.
    Jump,
    /// `sizeof`.
    Sizeof,
    /// `_Alignof` and its spellings: the grammar takes only a type.
    Alignof,
    /// `offsetof`: the grammar takes only a type and one member name.
    Offsetof,
    /// `_Generic`.
    Generic,
    /// `typeof` and its spellings.
    Typeof,
    /// `asm` and its spellings.
    Asm,
    /// `__attribute__`.
    GnuAttribute,
    /// `struct`, `union`.
    Struct,
    /// `enum`.
    Enum,
    /// `int`, `unsigned`, `void`, …
    Base,
    /// `const`, `volatile`, …
    Qualifier,
    /// `static`, `extern`, `inline`, `typedef`, …
    Storage,
    /// A qualifier the grammar does not know, or an attribute macro known from facts.
    Attribute,
    /// An iterator macro.
    Iterator,
    /// A macro that opens a guarded block.
    Scoped,
}

impl Word {
    /// Starts a type whatever follows.
    pub(crate) fn is_type(self) -> bool {
        matches!(
            self,
            Word::Struct | Word::Enum | Word::Base | Word::Qualifier
        )
    }

    /// May stand among declaration specifiers.
    pub(crate) fn is_specifier(self) -> bool {
        self.is_type()
            || matches!(
                self,
                Word::Ident
                    | Word::Storage
                    | Word::Attribute
                    | Word::GnuAttribute
                    | Word::Typeof
                    | Word::Iterator
                    | Word::Scoped
            )
    }

    /// Starts a statement that is no expression and no declaration.
    pub(crate) fn is_statement(self) -> bool {
        matches!(
            self,
            Word::Head
                | Word::For
                | Word::Lead
                | Word::Case
                | Word::Default
                | Word::Goto
                | Word::Return
                | Word::Jump
        )
    }
}

const KEYWORDS: &[(Word, &[&str])] = &[
    (Word::Head, &["if", "while", "switch"]),
    (Word::For, &["for"]),
    (Word::Lead, &["else", "do"]),
    (Word::Case, &["case"]),
    (Word::Default, &["default"]),
    (Word::Goto, &["goto"]),
    (Word::Return, &["return"]),
    (Word::Jump, &["break", "continue"]),
    (Word::Sizeof, &["sizeof"]),
    (
        Word::Alignof,
        &["alignof", "_Alignof", "__alignof", "__alignof__"],
    ),
    (Word::Offsetof, &["offsetof"]),
    (Word::Generic, &["_Generic"]),
    (
        Word::Typeof,
        &["typeof", "__typeof", "__typeof__", "typeof_unqual"],
    ),
    (Word::Asm, &["asm", "__asm", "__asm__", "asm_inline"]),
    (Word::GnuAttribute, &["__attribute__", "__attribute"]),
    (Word::Struct, &["struct", "union"]),
    (Word::Enum, &["enum"]),
    (
        Word::Base,
        &[
            "void", "char", "short", "int", "long", "float", "double", "signed", "unsigned",
            "bool", "_Bool",
        ],
    ),
    (
        Word::Qualifier,
        &["const", "volatile", "restrict", "_Atomic", "_Noreturn"],
    ),
    (
        Word::Storage,
        &[
            "static",
            "extern",
            "inline",
            "__inline",
            "__inline__",
            "register",
            "auto",
            "typedef",
            "__extension__",
        ],
    ),
    (
        Word::Attribute,
        &[
            "__volatile__",
            "__volatile",
            "__const",
            "__const__",
            "__signed",
            "__signed__",
            "__restrict",
            "__restrict__",
        ],
    ),
];

/// What the pass knows about words before it sees the text: the facts, ready for fast look-up,
/// and the release that version tests are decided for.
#[derive(Debug)]
pub struct Words {
    target: Option<Version>,
    table: FxHashMap<&'static [u8], Word>,
    /// Which lengths names have, one bit each, by their first byte: most words of a file are told
    /// from every known name without a look into the table.
    lengths: Vec<u64>,
}

impl Words {
    /// Facts and target; without a target version tests stay undecided.
    pub fn new(facts: Facts, target: Option<Version>) -> Words {
        let known = facts.iter().filter_map(|fact| {
            let word = match fact.kind {
                Kind::Iterator => Word::Iterator,
                Kind::ScopedBlock => Word::Scoped,
                Kind::Attribute => Word::Attribute,
                _ => return None,
            };
            Some((fact.name.as_bytes(), word))
        });
        let keywords = KEYWORDS
            .iter()
            .flat_map(|(word, names)| names.iter().map(|name| (name.as_bytes(), *word)));
        // Keywords last: no fact can change the language.
        let table: FxHashMap<_, _> = known.chain(keywords).collect();
        let mut lengths = vec![0; 256];
        for name in table.keys() {
            if let Some(slot) = name.first().and_then(|b| lengths.get_mut(usize::from(*b))) {
                *slot |= length_bit(name);
            }
        }
        Words {
            target,
            table,
            lengths,
        }
    }

    /// The release that version tests are decided for.
    pub fn target(&self) -> Option<Version> {
        self.target
    }

    pub(crate) fn role(&self, name: &[u8]) -> Word {
        let lengths = name.first().and_then(|b| self.lengths.get(usize::from(*b)));
        if lengths.is_none_or(|lengths| lengths & length_bit(name) == 0) {
            return Word::Ident;
        }
        self.table.get(name).copied().unwrap_or(Word::Ident)
    }
}

fn length_bit(name: &[u8]) -> u64 {
    1 << name.len().min(63)
}

/// Whether a name is spelled like an attribute macro, `__lower_case`, and not like one of the
/// kernel's types, `__u32`, `__be16`, `__kernel_size_t`.
pub(crate) fn looks_like_attribute(name: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(b"__") else {
        return false;
    };
    let body = rest.iter().copied().find(|b| *b != b'_');
    body.is_some_and(|b| b.is_ascii_lowercase())
        && !rest.ends_with(b"_t")
        && !rest.last().is_some_and(u8::is_ascii_digit)
}

/// Whether a name is spelled like an iterator macro.
pub(crate) fn looks_like_iterator(name: &[u8]) -> bool {
    let has = |part: &[u8]| {
        name.windows(part.len())
            .any(|window| window.eq_ignore_ascii_case(part))
    };
    has(b"for_each") || has(b"foreach") || has(b"for_all")
}
