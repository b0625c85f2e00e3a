//! Finds function bodies in a token stream and, in each, the tokens that the IR must hold.

use super::lexer::{Kind as TokenKind, Token};
use super::stream::{Stream, TYPE_ATTRIBUTES, UNEVALUATED};
use std::ops::Range;

/// What kind of token the IR must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `name (`, known by the end of the name: a callee may be written `ops->name`.
    Call,
    /// `return`
    Return,
    /// `goto`
    Goto,
    /// `name:`
    Label,
    /// `case`
    Case,
    /// `default`
    Default,
}

impl Kind {
    /// All kinds, in the order of reports.
    pub const ALL: [Kind; 6] = [
        Kind::Call,
        Kind::Return,
        Kind::Goto,
        Kind::Label,
        Kind::Case,
        Kind::Default,
    ];

    /// The word for it in reports.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Call => "call",
            Kind::Return => "return",
            Kind::Goto => "goto",
            Kind::Label => "label",
            Kind::Case => "case",
            Kind::Default => "default",
        }
    }
}

/// A token that must stand in the IR exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    pub kind: Kind,
    /// The word as written.
    pub start: u32,
    pub end: u32,
}

/// A function as this scanner sees it.
#[derive(Clone, Debug)]
pub struct Function {
    /// The word before its parameter list; for macro heads the macro.
    pub name: Range<u32>,
    /// From its opening brace to its closing one.
    pub body: Range<u32>,
    /// What the IR must hold, in text order.
    pub wanted: Vec<Wanted>,
}

/// What a bracket that is still open encloses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// `( … )` and `[ … ]`
    Group,
    /// The operands of an `asm`: expressions stand in parentheses of their own.
    Operands,
    /// Statements.
    Block,
    /// An initialiser or compound literal.
    Values,
    /// Members of a struct or enum: nothing in it runs.
    Members,
}

const ASM: &[&[u8]] = &[
    b"asm",
    b"__asm__",
    b"__asm",
    b"asm_inline",
    b"asm_volatile_goto",
];

/// Keywords that may stand just before a call.
const BEFORE_CALL: &[&[u8]] = &[
    b"return",
    b"else",
    b"do",
    b"case",
    b"goto",
    b"static",
    b"const",
    b"volatile",
    b"__extension__",
];

/// Words before a parenthesis that call nothing.
const NO_CALLEE: &[&[u8]] = &[
    b"if",
    b"while",
    b"for",
    b"switch",
    b"return",
    b"else",
    b"do",
    b"case",
    b"goto",
    b"default",
    b"void",
    b"char",
    b"short",
    b"int",
    b"long",
    b"float",
    b"double",
    b"signed",
    b"unsigned",
    b"__signed__",
    b"__int128",
    b"_Bool",
    b"bool",
    b"const",
    b"volatile",
    b"static",
    b"extern",
    b"register",
    b"inline",
    b"__inline",
    b"__inline__",
    b"struct",
    b"union",
    b"enum",
    b"auto",
    b"typedef",
    b"__extension__",
    b"__const",
    b"__volatile__",
    b"_Generic",
    b"_Atomic",
    b"__restrict",
    b"restrict",
];

struct Scanner<'a> {
    stream: Stream<'a>,
    at: usize,
    /// Brackets open in the current function.
    open: Vec<Open>,
    /// State at each live `#if`: at its start, and at the end of its first arm.
    arms: Vec<(Vec<Open>, Option<Vec<Open>>)>,
    wanted: Vec<Wanted>,
}

/// The functions of a file.
pub fn functions(source: &[u8], tokens: &[Token]) -> Vec<Function> {
    let mut scanner = Scanner {
        stream: Stream { source, tokens },
        at: 0,
        open: Vec::new(),
        arms: Vec::new(),
        wanted: Vec::new(),
    };
    let mut found = Vec::new();
    // Tokens of the declaration that is being read at file scope.
    let mut head = 0;
    while let Some(token) = tokens.get(scanner.at) {
        match token.kind {
            TokenKind::Punct(b';') => head = scanner.at + 1,
            TokenKind::Punct(b'{') => {
                let name = scanner.stream.function_name(head..scanner.at);
                let start = token.start;
                scanner.open.clear();
                scanner.arms.clear();
                scanner.wanted.clear();
                scanner.body(if name.is_some() {
                    Open::Block
                } else {
                    Open::Values
                });
                if let Some(name) = name {
                    let end = tokens
                        .get(scanner.at)
                        .map_or(source.len() as u32, |t| t.end);
                    found.push(Function {
                        name,
                        body: start..end,
                        wanted: std::mem::take(&mut scanner.wanted),
                    });
                    head = scanner.at + 1;
                } else if scanner.stream.is(scanner.at + 1, b',') {
                    // A piece of a table that another file includes.
                    head = scanner.at + 2;
                }
            }
            TokenKind::Punct(b'(') => scanner.pass_group(),
            _ => {}
        }
        scanner.at += 1;
    }
    found
}

impl Scanner<'_> {
    /// Moves to the parenthesis that closes the one here.
    fn pass_group(&mut self) {
        self.at = self.stream.closing(self.at);
    }

    /// Reads from the opening brace here to its closing one.
    fn body(&mut self, kind: Open) {
        self.open.push(kind);
        self.at += 1;
        while let Some(token) = self.stream.tokens.get(self.at) {
            match token.kind {
                TokenKind::If => self.arms.push((self.open.clone(), None)),
                TokenKind::Else => self.other_arm(),
                TokenKind::Endif => {
                    self.end_of_arms();
                    if self.open.is_empty() && self.arms.is_empty() {
                        return;
                    }
                }
                TokenKind::Punct(b'{') => {
                    let inside = self.brace();
                    self.open.push(inside);
                }
                TokenKind::Punct(b'(' | b'[') => self.open.push(Open::Group),
                TokenKind::Punct(b')' | b']')
                    if matches!(self.open.last(), Some(Open::Group | Open::Operands)) =>
                {
                    self.open.pop();
                }
                TokenKind::Punct(b'}') => {
                    self.close_brace();
                    if self.open.is_empty() && self.arms.is_empty() || self.ends_function() {
                        return;
                    }
                }
                TokenKind::Word if !self.open.contains(&Open::Members) => self.word(),
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Closes the innermost brace and what was left open in it.
    fn close_brace(&mut self) {
        while matches!(self.open.pop(), Some(Open::Group | Open::Operands)) {}
    }

    fn other_arm(&mut self) {
        match self.arms.last_mut() {
            Some((start, first)) => {
                let end = std::mem::replace(&mut self.open, start.clone());
                first.get_or_insert(end);
            }
            None => self.at = self.stream.end_of_other_arms(self.at),
        }
    }

    /// What is open after `#endif` is what the first arm left open.
    fn end_of_arms(&mut self) {
        if let Some((_, Some(first))) = self.arms.pop() {
            self.open = first;
        }
    }

    /// Whether the brace here, in the first column, can only end a function although the count
    /// of brackets says otherwise: what follows starts in the first column and is no label.
    fn ends_function(&self) -> bool {
        let first_column =
            |start: u32| start == 0 || self.stream.source[start as usize - 1] == b'\n';
        if !first_column(self.stream.tokens[self.at].start) {
            return false;
        }
        let mut next = self.at + 1;
        while self.stream.is_directive(next) || self.stream.is(next, b';') {
            next += 1;
        }
        self.stream.tokens.get(next).is_some_and(|token| {
            token.kind == TokenKind::Word
                && first_column(token.start)
                && !self.stream.is(next + 1, b':')
        })
    }

    /// What the brace here opens.
    fn brace(&self) -> Open {
        let outer = self.open.last().copied().unwrap_or(Open::Block);
        if matches!(outer, Open::Values | Open::Members) {
            return outer;
        }
        let Some(before) = self.stream.before(self.at) else {
            return Open::Block;
        };
        if self.stream.is(before, b'=') {
            return Open::Values;
        }
        if self.stream.is(before, b')') {
            return self.after_group(before);
        }
        match self.stream.names_aggregate(before) {
            true => Open::Members,
            false => Open::Block,
        }
    }

    /// A brace after `)`: a compound literal if the group is a type in an expression.
    fn after_group(&self, close: usize) -> Open {
        let Some(head) = self
            .stream
            .opening(close)
            .and_then(|at| self.stream.before(at))
        else {
            return Open::Block;
        };
        let literal = match self.stream.tokens[head].kind {
            TokenKind::Word => self.stream.text(head) == b"return",
            TokenKind::Punct(byte) => !matches!(byte, b')' | b'}' | b';' | b'{' | b':'),
            _ => false,
        };
        if literal { Open::Values } else { Open::Block }
    }

    fn want(&mut self, kind: Kind) {
        let Token { start, end, .. } = self.stream.tokens[self.at];
        self.wanted.push(Wanted { kind, start, end });
    }

    fn word(&mut self) {
        let in_block = self.open.last() == Some(&Open::Block);
        match self.stream.text(self.at) {
            b"return" => self.want(Kind::Return),
            b"goto" => self.want(Kind::Goto),
            b"case" if in_block => self.want(Kind::Case),
            b"default" if in_block && self.stream.is(self.at + 1, b':') => self.want(Kind::Default),
            b"extern" if in_block && self.starts_statement() => self.pass_statement(),
            word if ASM.contains(&word) => self.pass_asm_template(),
            word if is_skipped(word) && self.stream.is(self.at + 1, b'(') => {
                self.at += 1;
                self.pass_group();
            }
            word if is_skipped(word) => {}
            word if NO_CALLEE.contains(&word) => {}
            _ if in_block && self.stream.is(self.at + 1, b':') && self.starts_statement() => {
                self.want(Kind::Label);
            }
            _ if self.stream.is(self.at + 1, b'(') && self.is_call() => self.want(Kind::Call),
            _ => {}
        }
    }

    /// Whether the word here begins a statement.
    fn starts_statement(&self) -> bool {
        self.stream
            .before(self.at)
            .is_none_or(|before| match self.stream.tokens[before].kind {
                TokenKind::Punct(b';' | b'{' | b'}') => true,
                TokenKind::Punct(b':') => !self.is_conditional(before),
                _ => matches!(self.stream.text(before), b"else" | b"do"),
            })
    }

    /// Whether the colon here belongs to a `?`.
    fn is_conditional(&self, colon: usize) -> bool {
        (0..colon)
            .rev()
            .map(|at| self.stream.tokens[at])
            .take_while(|token| !matches!(token.kind, TokenKind::Punct(b';' | b'{' | b'}')))
            .any(|token| token.is(b'?'))
    }

    /// Whether `name (` here is a call and no declaration.
    fn is_call(&self) -> bool {
        let open = self.at + 1;
        if self.open.last() == Some(&Open::Operands) || self.is_type(open) {
            return false;
        }
        let Some(before) = self.stream.before(self.at) else {
            return true;
        };
        match self.stream.tokens[before].kind {
            // `name[4] __aligned(8)`
            TokenKind::Punct(byte) => byte != b']',
            TokenKind::Literal => true,
            TokenKind::Word => {
                let word = self.stream.text(before);
                BEFORE_CALL.contains(&word)
                    || !NO_CALLEE.contains(&word) && self.ends_line_alone(before)
            }
            _ => true,
        }
    }

    /// Whether the word before this group is the type of a declaration: `u8 (*name)(int)`,
    /// `u8 (*name)[2]`, `TYPE(tag) name;`, `TYPE(tag) *name = …`.
    fn is_type(&self, open: usize) -> bool {
        let pointer = self.stream.is(open + 1, b'*');
        let declares = self.starts_statement()
            || self
                .stream
                .before(self.at)
                .is_some_and(|at| self.stream.is_word(at));
        if !pointer && !declares {
            return false;
        }
        let next = self.stream.closing(open) + 1;
        if pointer {
            let unnamed = self.stream.is(open + 2, b')');
            let array = self.stream.is(next, b'[') && (declares || unnamed);
            return array || self.stream.is(next, b'(');
        }
        let mut name = next;
        while self.stream.is(name, b'*') {
            name += 1;
        }
        let ends = if name > next { b";=,".as_slice() } else { b";" };
        self.stream.is_word(name)
            && ends.iter().any(|end| self.stream.is(name + 1, *end))
            && !matches!(self.stream.text(name), b"break" | b"continue" | b"return")
    }

    /// Whether this word is a whole statement that some macro makes of it: first in its
    /// statement, last on its line.
    fn ends_line_alone(&self, at: usize) -> bool {
        let gap = self.stream.tokens[at].end as usize..self.stream.tokens[self.at].start as usize;
        let alone = self.stream.before(at).is_some_and(|before| {
            matches!(
                self.stream.tokens[before].kind,
                TokenKind::Punct(b';' | b'{' | b'}')
            )
        });
        alone && self.stream.source[gap].contains(&b'\n')
    }

    fn pass_statement(&mut self) {
        while self.at + 1 < self.stream.tokens.len() && !self.stream.is(self.at + 1, b';') {
            self.at += 1;
        }
    }

    /// Passes `asm volatile goto ( template :` so that the operands are read as expressions.
    fn pass_asm_template(&mut self) {
        let mut at = self.at + 1;
        while self.stream.is_word(at) {
            at += 1;
        }
        if !self.stream.is(at, b'(') {
            return;
        }
        let close = self.stream.closing(at);
        let mut depth = 0usize;
        let operands = (at..close).find(|at| {
            if self.stream.is(*at, b'(') {
                depth += 1;
            } else if self.stream.is(*at, b')') {
                depth -= 1;
            }
            depth == 1 && self.stream.is(*at, b':')
        });
        self.open.push(Open::Operands);
        self.at = operands.unwrap_or(close - 1);
    }
}

/// Whether nothing in the parenthesis after this word runs.
fn is_skipped(word: &[u8]) -> bool {
    UNEVALUATED.contains(&word) || TYPE_ATTRIBUTES.contains(&word)
}

#[cfg(test)]
mod tests;
