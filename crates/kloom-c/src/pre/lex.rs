//! One pass over the bytes: tokens, directives, comments.

use super::model::Extent;
use super::words::{Word, Words};

/// The shape of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word(Word),
    Number,
    Str,
    Char,
    /// `(`, `[`, `{`
    Open(u8),
    /// `)`, `]`, `}`
    Close(u8),
    Semi,
    Comma,
    Colon,
    Question,
    Dot,
    Star,
    /// `&`
    Amp,
    AndAnd,
    /// `=`
    Assign,
    /// `...`
    Ellipsis,
    /// `++`, `--`
    Step,
    /// `!`, `~`
    Not,
    /// `+`, `-`
    Sign,
    /// `#`, `##`
    Hash,
    /// Operators that only stand between operands.
    Infix,
}

impl Kind {
    /// Ends an operand, so that an operator may follow.
    pub(crate) fn ends_operand(self) -> bool {
        match self {
            Kind::Word(word) => matches!(word, Word::Ident | Word::Iterator | Word::Scoped),
            Kind::Number | Kind::Str | Kind::Char | Kind::Step => true,
            Kind::Close(close) => close != b'}',
            _ => false,
        }
    }
}

/// One token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) kind: Kind,
}

impl Token {
    pub(crate) fn extent(self) -> Extent {
        Extent::new(self.start, self.end)
    }
}

/// The directives the pass tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DirectiveKind {
    If,
    Ifdef,
    Ifndef,
    Elif,
    Else,
    Endif,
    Define,
    Include,
    Other,
}

/// A preprocessor line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Directive {
    pub(crate) kind: DirectiveKind,
    /// From `#` to the end of the logical line.
    pub(crate) whole: Extent,
    /// What follows the directive's name, trimmed.
    pub(crate) rest: Extent,
    /// How many tokens stand before it.
    pub(crate) at: u32,
}

/// The lexer's result. `text` is the input with comments blanked, literals that could disturb
/// the grammar filled with `x`, and stray bytes blanked.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    pub(crate) text: Vec<u8>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) directives: Vec<Directive>,
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$'
}

const WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = is_word(byte as u8);
        byte += 1;
    }
    table
};

/// Splits `text` into tokens and directives.
pub(crate) fn lex(text: &[u8], words: &Words) -> Lexed {
    lex_from(text, words, true)
}

/// Splits one logical line, the body of a macro: `#` starts no directive in it.
pub(crate) fn lex_line(text: &[u8], words: &Words) -> Lexed {
    lex_from(text, words, false)
}

/// The directives of a text that is not split into tokens, found line by line.
pub(crate) fn directive_lines(text: &[u8]) -> Vec<Directive> {
    let mut lines = Vec::new();
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text).chain([text.len()]) {
        let line = text.get(start..end).unwrap_or(&[]);
        for (kind, word) in [
            (DirectiveKind::Define, b"#define ".as_slice()),
            (DirectiveKind::Include, b"#include "),
        ] {
            if line.starts_with(word) && !line.ends_with(b"\\") {
                lines.push(Directive {
                    kind,
                    whole: Extent::new(start as u32, end as u32),
                    rest: trim(text, start + word.len(), end),
                    at: 0,
                });
            }
        }
        start = end + 1;
    }
    lines
}

fn lex_from(text: &[u8], words: &Words, directives: bool) -> Lexed {
    let mut lexer = Lexer {
        directives,
        source: text,
        words,
        at: 0,
        out: Lexed {
            text: text.to_vec(),
            tokens: Vec::with_capacity(text.len() / 5),
            directives: Vec::new(),
        },
    };
    lexer.run();
    lexer.out
}

struct Lexer<'a> {
    source: &'a [u8],
    words: &'a Words,
    directives: bool,
    at: usize,
    out: Lexed,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.source.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn run(&mut self) {
        let mut line_start = true;
        while let Some(&byte) = self.source.get(self.at) {
            match byte {
                b'\n' => {
                    line_start = true;
                    self.at += 1;
                    continue;
                }
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c => {
                    self.at += 1;
                    self.skip_blanks();
                    continue;
                }
                b'/' if matches!(self.peek(1), b'*' | b'/') => {
                    let start = self.at;
                    self.comment();
                    self.blank(start, self.at);
                    continue;
                }
                b'#' if line_start && self.directives => self.directive(),
                _ => self.token(byte),
            }
            line_start = false;
        }
    }

    fn blank(&mut self, start: usize, end: usize) {
        for line in self.out.text[start..end].split_mut(|b| *b == b'\n') {
            line.fill(b' ');
        }
    }

    /// Moves past a comment; an unterminated one goes to the end of the text.
    fn comment(&mut self) {
        let rest = &self.source[self.at..];
        let length = if rest[1] == b'*' {
            memchr::memmem::find(&rest[2..], b"*/").map(|at| at + 4)
        } else {
            memchr::memchr_iter(b'\n', rest).find(|at| !rest[..*at].ends_with(b"\\"))
        };
        self.at += length.unwrap_or(rest.len());
    }

    /// Moves past a literal; one that is not closed ends with its line.
    fn literal(&mut self, quote: u8) {
        self.at += 1;
        while let Some(&byte) = self.source.get(self.at) {
            match byte {
                b'\\' if self.peek(1) == b'\r' => self.at += 3,
                b'\\' => self.at += 2,
                b'\n' => break,
                _ => {
                    self.at += 1;
                    if byte == quote {
                        break;
                    }
                }
            }
        }
        self.at = self.at.min(self.source.len());
    }

    /// Escapes and bytes beyond ASCII become `x`: the grammar need not understand them.
    fn fill_literal(&mut self, start: usize, end: usize, quote: u8) {
        let body = &self.source[start..end];
        if !body
            .iter()
            .any(|b| *b == b'\\' || !b.is_ascii() || *b < b' ')
        {
            return;
        }
        let closed = body.len() > 1 && body[body.len() - 1] == quote;
        let inner_end = if closed { end - 1 } else { end };
        for at in start + 1..inner_end {
            let rest = &self.source[at..];
            let continued = rest.starts_with(b"\\\n") || rest.starts_with(b"\\\r\n");
            if !continued && !matches!(self.source[at], b'\n' | b'\r') {
                self.out.text[at] = b'x';
            }
        }
    }

    fn token(&mut self, byte: u8) {
        let start = self.at;
        let kind = match byte {
            b'"' | b'\'' => {
                self.literal(byte);
                self.fill_literal(start, self.at, byte);
                if byte == b'"' { Kind::Str } else { Kind::Char }
            }
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_ascii_digit() => self.number(),
            _ if WORD[byte as usize] => self.word(),
            b'\\' | b'@' | b'`' => return self.stray(),
            _ if byte.is_ascii_graphic() => self.punctuation(byte),
            _ => return self.stray(),
        };
        self.out.tokens.push(Token {
            start: start as u32,
            end: self.at as u32,
            kind,
        });
    }

    /// A byte that means nothing to C outside literals, or a continued line.
    fn stray(&mut self) {
        self.blank(self.at, self.at + 1);
        self.at += 1;
    }

    fn number(&mut self) -> Kind {
        let start = self.at;
        while let Some(&byte) = self.source.get(self.at) {
            let exponent = matches!(byte, b'+' | b'-')
                && matches!(self.source[self.at - 1], b'e' | b'E' | b'p' | b'P')
                && !self.hex_before(self.at - 1);
            if !WORD[byte as usize] && byte != b'.' && !exponent {
                break;
            }
            self.at += 1;
        }
        if !is_number(&self.source[start..self.at]) {
            // `10baseT`, `3d`: a word that a macro pastes.
            self.out.text[start..self.at].fill(b'_');
            self.out.text[start] = b'T';
        }
        Kind::Number
    }

    /// `0xE+1` is a sum, not an exponent.
    fn hex_before(&self, at: usize) -> bool {
        matches!(self.source[at], b'e' | b'E')
            && self.source[..at]
                .iter()
                .rev()
                .take(24)
                .take_while(|b| WORD[**b as usize])
                .any(|b| matches!(b, b'x' | b'X'))
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        while self
            .source
            .get(self.at)
            .is_some_and(|byte| WORD[*byte as usize])
        {
            self.at += 1;
        }
        let name = &self.source[start..self.at];
        let prefix = matches!(name, b"L" | b"u" | b"U" | b"u8");
        let quote = self.peek(0);
        if prefix && matches!(quote, b'"' | b'\'') {
            let open = self.at;
            self.literal(quote);
            self.fill_literal(open, self.at, quote);
            return if quote == b'"' { Kind::Str } else { Kind::Char };
        }
        Kind::Word(self.words.role(name))
    }

    fn punctuation(&mut self, byte: u8) -> Kind {
        let next = self.peek(1);
        let (length, kind) = match byte {
            b'(' | b'[' | b'{' => (1, Kind::Open(byte)),
            b')' | b']' | b'}' => (1, Kind::Close(byte)),
            b';' => (1, Kind::Semi),
            b',' => (1, Kind::Comma),
            b':' => (1, Kind::Colon),
            b'?' => (1, Kind::Question),
            b'.' if next == b'.' && self.peek(2) == b'.' => (3, Kind::Ellipsis),
            b'.' => (1, Kind::Dot),
            b'#' => (if next == b'#' { 2 } else { 1 }, Kind::Hash),
            b'-' if next == b'>' => (2, Kind::Dot),
            b'+' | b'-' if next == byte => (2, Kind::Step),
            b'&' if next == b'&' => (2, Kind::AndAnd),
            b'|' if next == b'|' => (2, Kind::Infix),
            b'<' | b'>' if next == byte => (if self.peek(2) == b'=' { 3 } else { 2 }, Kind::Infix),
            b'=' if next != b'=' => (1, Kind::Assign),
            b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'<' | b'>' | b'=' | b'!'
                if next == b'=' =>
            {
                (2, Kind::Infix)
            }
            b'*' => (1, Kind::Star),
            b'&' => (1, Kind::Amp),
            b'+' | b'-' => (1, Kind::Sign),
            b'!' | b'~' => (1, Kind::Not),
            _ => (1, Kind::Infix),
        };
        self.at += length;
        kind
    }

    /// A preprocessor line with its continuations.
    fn directive(&mut self) {
        let start = self.at;
        self.at += 1;
        self.skip_blanks();
        let name_start = self.at;
        while WORD[self.peek(0) as usize] {
            self.at += 1;
        }
        let kind = match &self.source[name_start..self.at] {
            b"if" => DirectiveKind::If,
            b"ifdef" => DirectiveKind::Ifdef,
            b"ifndef" => DirectiveKind::Ifndef,
            b"elif" => DirectiveKind::Elif,
            b"else" => DirectiveKind::Else,
            b"endif" => DirectiveKind::Endif,
            b"define" => DirectiveKind::Define,
            b"include" | b"include_next" => DirectiveKind::Include,
            _ => DirectiveKind::Other,
        };
        let rest_start = self.at;
        self.logical_line();
        let rest = trim(&self.out.text, rest_start, self.at);
        self.out.directives.push(Directive {
            kind,
            whole: Extent::new(start as u32, self.at as u32),
            rest,
            at: self.out.tokens.len() as u32,
        });
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(0), b' ' | b'\t') {
            self.at += 1;
        }
    }

    /// Moves to the newline that ends the logical line, blanking comments on the way.
    fn logical_line(&mut self) {
        while let Some(&byte) = self.source.get(self.at) {
            match byte {
                b'\n' => return,
                b'\\' => {
                    let skip = if self.peek(1) == b'\r' { 3 } else { 2 };
                    self.at = (self.at + skip).min(self.source.len());
                }
                b'"' | b'\'' => self.literal(byte),
                b'/' if matches!(self.peek(1), b'*' | b'/') => {
                    let start = self.at;
                    self.comment();
                    self.blank(start, self.at);
                }
                _ => self.at += 1,
            }
        }
    }
}

/// Whether a word that starts with a digit is a number to C.
fn is_number(word: &[u8]) -> bool {
    if let [b'0', b'x' | b'X' | b'b' | b'B', rest @ ..] = word {
        return rest
            .iter()
            .all(|b| b.is_ascii_hexdigit() || b"uUlL.pP+-".contains(b));
    }
    let digits = |b: &u8| b.is_ascii_digit() || *b == b'.';
    let tail = word.iter().position(|b| !digits(b)).unwrap_or(word.len());
    match &word[tail..] {
        [b'e' | b'E', exponent @ ..] => exponent
            .iter()
            .all(|b| b.is_ascii_digit() || b"+-fFlL".contains(b)),
        suffix => suffix.iter().all(|b| b"uUlLfF".contains(b)),
    }
}

/// The range without white space and continuations at its ends.
pub(crate) fn trim(text: &[u8], start: usize, end: usize) -> Extent {
    let blank = |byte: u8| byte.is_ascii_whitespace() || byte == b'\\';
    let slice = text.get(start..end).unwrap_or(&[]);
    let lead = slice.iter().take_while(|b| blank(**b)).count();
    let tail = slice[lead..]
        .iter()
        .rev()
        .take_while(|b| blank(**b))
        .count();
    Extent::new(
        (start + lead) as u32,
        (end.max(start + lead + tail) - tail) as u32,
    )
}
