//! A text as short as the grammar can take it, with the way back.
//!
//! The parser costs far more per byte and per token than anything else here, and most of them tell
//! it nothing: the letters of a name, the digits of a number, what a string says, all blanks but
//! one. `struct s` is one type; an expression that [`plain`] can read is one operand, statements that
//! [`statement`] can read are one empty statement. The parse of the short text has the shape of the
//! parse of the full one, once offsets are taken back and tokens that stand for several taken
//! apart, which [`super::Tree`] does.

use super::Kind;
use super::item;
use super::plain::{self, Part, Reach};
use super::statement::{self, Outcome, Run};
use super::token::{
    assignment_operator, is_blank, is_grammar_word, is_word, literal_end, name_end, number_end,
    skip_blanks, word_end,
};

/// The short text.
pub(super) struct Compact {
    /// What is parsed.
    pub(super) text: Vec<u8>,
    /// Where each of its bytes starts in the full text.
    starts: Vec<u32>,
    /// Where each of its bytes ends in the full text.
    ends: Vec<u32>,
    /// The nodes of the expressions that one token stands for, in text order, each with all that
    /// is in it.
    pub(super) parts: Vec<Part>,
}

impl Compact {
    /// Shortens a text that the prepass has been over.
    pub(super) fn of(full: &[u8]) -> Compact {
        let mut writer = Writer {
            full,
            at: 0,
            asm_depth: None,
            open: Vec::new(),
            closed: None,
            wasted: 0,
            directive_end: 0,
            between_items: true,
            out: Compact {
                text: Vec::with_capacity(full.len() / 2),
                starts: Vec::with_capacity(full.len() / 2),
                ends: Vec::with_capacity(full.len() / 2),
                parts: Vec::with_capacity(full.len() / 8),
            },
        };
        writer.run();
        writer.out
    }

    /// A text as it is.
    #[cfg(test)]
    pub(super) fn verbatim(full: &[u8]) -> Compact {
        let length = full.len() as u32;
        Compact {
            text: full.to_vec(),
            starts: (0..length).collect(),
            ends: (1..=length).collect(),
            parts: Vec::new(),
        }
    }

    /// Whether a range of the short text stands for something that is not just shorter.
    pub(super) fn is_stand_in(&self, start: usize, end: usize) -> bool {
        let Some(last) = end.checked_sub(1) else {
            return false;
        };
        let ends = (self.ends.get(start), self.ends.get(last));
        ends.0 == ends.1 && self.starts.get(start) == self.starts.get(last)
    }

    /// The range of the full text that a range of the short one stands for.
    pub(super) fn origin(&self, start: usize, end: usize) -> (u32, u32) {
        let last = self.ends.last().copied().unwrap_or(0);
        let from = self.starts.get(start).copied().unwrap_or(last);
        let to = end.checked_sub(1).and_then(|at| self.ends.get(at));
        (from, to.copied().unwrap_or(0).max(from))
    }
}

/// An open bracket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// `(` behind `if`, `for`, `while`, `switch`.
    Head,
    /// Any other `(`.
    Paren,
    /// `{` of statements.
    Block,
    /// `{` of members.
    Fields,
    /// `[`, `{` of enumerators, values.
    Other,
    /// `(` that may hold something else than expressions: parameters, a declarator, what follows
    /// a word with a syntax of its own; and whatever is in it.
    Sealed,
}

/// What can stand where the writer is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A whole expression and nothing else.
    Expression,
    /// An argument, or a parameter.
    Argument,
    /// The same behind another one.
    NextArgument,
    /// A statement, a declaration, an initialiser.
    Statement,
    /// Something at file scope.
    Item,
    /// A declaration of members.
    Field,
    /// An operand of an operator.
    Operand,
    /// Something that is not looked into.
    Unclear,
}

struct Writer<'t> {
    full: &'t [u8],
    at: usize,
    /// In inline assembly, where strings have to be strings: the parentheses that are open.
    asm_depth: Option<u32>,
    open: Vec<Open>,
    /// What the last token closed.
    closed: Option<Open>,
    /// Bytes of statements that were read for nothing.
    wasted: usize,
    /// Where the last line for the preprocessor ended in the short text; its words say nothing.
    directive_end: usize,
    /// Whether that stood between two things at file scope.
    between_items: bool,
    out: Compact,
}

impl Writer<'_> {
    fn run(&mut self) {
        let mut line_start = true;
        while let Some(&byte) = self.full.get(self.at) {
            if is_blank(byte) {
                line_start |= self.blanks();
                continue;
            }
            if byte == b'#' && line_start {
                self.closed = None;
                self.directive();
            } else if !self.expression(byte) {
                self.token(byte);
            }
            line_start = false;
        }
    }

    fn token(&mut self, byte: u8) {
        match byte {
            b'0'..=b'9' => self.number(),
            _ if is_word(byte) => self.word(),
            b'"' | b'\'' => self.literal(byte),
            b'.' if self.full.get(self.at + 1).is_some_and(u8::is_ascii_digit) => self.number(),
            _ => return self.mark(byte),
        }
        self.closed = None;
    }

    fn mark(&mut self, byte: u8) {
        self.asm_depth = match (byte, self.asm_depth) {
            (b'(', Some(depth)) => Some(depth + 1),
            (b')', Some(depth)) => depth.checked_sub(1).filter(|depth| *depth > 0),
            (b';', Some(0)) => None,
            (_, depth) => depth,
        };
        let mut closed = None;
        match byte {
            b'{' if self.starts_block() => self.open.push(Open::Block),
            b'{' if self.starts_fields() => self.open.push(Open::Fields),
            b'(' if self.follows(&[b"if", b"while", b"for", b"switch"]) => {
                self.open.push(Open::Head);
            }
            b'(' if self.is_sealed() => self.open.push(Open::Sealed),
            b'(' => self.open.push(Open::Paren),
            b'[' | b'{' => self.open.push(Open::Other),
            b')' | b']' | b'}' => closed = self.open.pop(),
            _ => {}
        }
        self.closed = closed;
        self.put(byte, self.at, self.at + 1);
        self.at += 1;
    }

    /// Whether one of these words of the grammar was the last token; other words are one letter.
    fn follows(&self, words: &[&[u8]]) -> bool {
        let written = self.out.text.trim_ascii_end();
        words.iter().any(|word| written.ends_with(word))
    }

    /// Whether a `{` that comes next holds statements.
    fn starts_block(&self) -> bool {
        let written = self.out.text.trim_ascii_end();
        matches!(written.last(), Some(b')' | b';' | b'{' | b'}' | b':'))
            || self.follows(&[b"else", b"do"])
    }

    /// Whether a `{` that comes next holds members.
    fn starts_fields(&self) -> bool {
        let written = self.out.text.trim_ascii_end();
        let named = written.strip_suffix(b" a").unwrap_or(written);
        named.ends_with(b"struct") || named.ends_with(b"union")
    }

    fn is_sealed(&self) -> bool {
        let written = self.out.text.trim_ascii_end();
        let word = written.iter().rev().take_while(|b| is_word(**b)).count();
        let word = &written[written.len() - word..];
        let plain = matches!(
            word,
            b"" | b"a" | b"0" | b"return" | b"sizeof" | b"case" | b"else"
        );
        let outside = !matches!(
            self.open.last(),
            Some(Open::Block | Open::Head | Open::Paren)
        );
        !plain || outside || written.ends_with(b"*")
    }

    /// What the tokens before say about what comes next.
    fn place(&self) -> Place {
        let written = self.out.text.trim_ascii_end();
        let before = written.len().checked_sub(2).map(|at| written[at]);
        let inner = self.open.last();
        match written.last() {
            _ if written.len() == self.directive_end && !self.between_items => Place::Unclear,
            _ if self.open.is_empty() && self.is_between_items() => Place::Item,
            Some(b';' | b'{') if inner == Some(&Open::Fields) => Place::Field,
            Some(b';') if inner == Some(&Open::Head) => Place::Expression,
            Some(b';' | b'{' | b':') if inner == Some(&Open::Block) => Place::Statement,
            Some(b'}') if self.closed == Some(Open::Block) => Place::Statement,
            Some(b')') if self.closed == Some(Open::Head) => Place::Statement,
            Some(b'(') if inner == Some(&Open::Head) => Place::Expression,
            Some(b'(') if inner == Some(&Open::Paren) => Place::Argument,
            Some(b',') if matches!(inner, Some(Open::Head | Open::Paren)) => Place::NextArgument,
            Some(b'[') => Place::Expression,
            Some(b'=') if !before.is_some_and(|b| b"=!<>".contains(&b)) => Place::Expression,
            Some(b'=' | b'|' | b'^' | b'/' | b'%' | b'!' | b'~' | b'<' | b'?') => Place::Operand,
            Some(b'>') if before != Some(b'-') => Place::Operand,
            Some(b'&') if before == Some(b'&') => Place::Operand,
            Some(sign @ (b'+' | b'-')) if before != Some(*sign) => Place::Operand,
            Some(b'n') if written.ends_with(b"return") => Place::Expression,
            Some(b'e' | b'o') if self.follows(&[b"else", b"do"]) => Place::Statement,
            _ => Place::Unclear,
        }
    }

    /// One token for an expression that starts here, if it is more than a token and its shape hangs
    /// on nothing else.
    fn expression(&mut self, byte: u8) -> bool {
        if self.asm_depth.is_some() || !is_word(byte) && !b"!~-+*&(\"'{".contains(&byte) {
            return false;
        }
        let place = self.place();
        let reach = match place {
            Place::Unclear => return false,
            // The block of a `switch` has to be one.
            Place::Statement if byte == b'{' && self.closed == Some(Open::Head) => return false,
            Place::Statement => return self.statements(),
            Place::Item => return self.items(),
            Place::Field => return self.fields(),
            Place::Operand => Reach::Operand,
            _ => Reach::Expression,
        };
        let first = self.out.parts.len();
        let Some(end) = plain::read(self.full, self.at, reach, &mut self.out.parts) else {
            return false;
        };
        let rest = &self.full[skip_blanks(self.full, end)..];
        let next = rest.first().copied().unwrap_or(b';');
        let parts = &self.out.parts[first..];
        let fits = match place {
            Place::Expression => b",);]}:".contains(&next),
            Place::Argument => {
                // A compound literal's type.
                let close = skip_blanks(self.full, end);
                let behind = self.full.get(skip_blanks(self.full, close + 1));
                b",)".contains(&next) && !self.declares(parts) && behind != Some(&b'{')
            }
            Place::NextArgument => {
                b",)".contains(&next) && !self.declares(parts) && parts[0].kind != Kind::Assignment
            }
            Place::Operand => {
                assignment_operator(rest).is_none() && !is_word(next) && !b"{\"'".contains(&next)
            }
            _ => false,
        };
        if !fits || parts.len() < 2 {
            self.out.parts.truncate(first);
            return false;
        }
        self.closed = None;
        self.one_for(end);
        true
    }

    /// Whether what was written last ended something at file scope.
    fn is_between_items(&self) -> bool {
        let written = self.out.text.trim_ascii_end();
        match written.last() {
            _ if written.len() == self.directive_end => self.between_items,
            last => matches!(last, None | Some(b';' | b'}')),
        }
    }

    /// One type without a name for what starts here at file scope.
    fn items(&mut self) -> bool {
        self.several(b"int;", item::read)
    }

    /// One member without a name for the members that start here.
    fn fields(&mut self) -> bool {
        self.several(b"int;", item::read_fields)
    }

    /// One stand-in for all that is read here.
    fn several(
        &mut self,
        token: &[u8],
        read: impl FnOnce(&[u8], usize, &mut Vec<Part>) -> Outcome,
    ) -> bool {
        if self.wasted > 2 * self.full.len() {
            return false;
        }
        let read = read(self.full, self.at, &mut self.out.parts);
        self.wasted += read.seen - read.end.unwrap_or(self.at);
        let Some(end) = read.end else { return false };
        self.closed = None;
        self.stand_in(token, end);
        true
    }

    /// One empty statement for the statements that start here, as far as their shape hangs on
    /// nothing else.
    fn statements(&mut self) -> bool {
        // Behind a label or a condition, only one belongs there.
        let run = match self.out.text.trim_ascii_end().last() {
            Some(b';' | b'{' | b'}') => Run::Many,
            _ => Run::One,
        };
        self.several(b";", |text, at, nodes| {
            statement::read(text, at, run, nodes)
        })
    }

    /// Whether an expression may be a declaration: `a * b`, `*f`.
    fn declares(&self, parts: &[Part]) -> bool {
        let is_star = |at: u32| self.full.get(at as usize) == Some(&b'*');
        match parts {
            [whole, ..] if whole.kind == Kind::Pointer => is_star(whole.start),
            [whole, left, operator, ..] if whole.kind == Kind::Binary => {
                matches!(left.kind, Kind::Identifier) && is_star(operator.start)
            }
            _ => false,
        }
    }

    /// One token for an expression up to `end`. No sign in front becomes part of it.
    fn one_for(&mut self, end: usize) {
        let written = self.out.text.last().copied().unwrap_or(b';');
        if is_word(written) {
            self.put(b' ', self.at, self.at);
        }
        let signed = self.out.text.trim_ascii_end().ends_with(b"+")
            || self.out.text.trim_ascii_end().ends_with(b"-");
        self.stand_in(if signed { b"a" } else { b"0" }, end);
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
        self.between_items = self.open.is_empty() && self.is_between_items();
        self.copy_to(end.map_or(self.full.len(), |end| self.at + end));
        self.directive_end = self.out.text.trim_ascii_end().len();
    }

    fn number(&mut self) {
        let start = self.at;
        self.at = number_end(self.full, start);
        self.put(b'0', start, self.at);
    }

    fn word(&mut self) {
        let start = self.at;
        let rest = &self.full[start..];
        let length = word_end(self.full, start) - start;
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
        match self.members() {
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

    /// The end of `name->member.member`. A sign in front would become part of the number that
    /// stands for all of it.
    fn members(&mut self) -> Option<usize> {
        let before = self.out.text.iter().rev().find(|b| !is_blank(**b));
        if before.is_some_and(|b| b".>+-".contains(b)) {
            return None;
        }
        let parts = &mut self.out.parts;
        let first = parts.len();
        let end = plain::read(self.full, self.at, Reach::Members, parts)?;
        if parts.len() == first + 1 {
            parts.truncate(first);
            return None;
        }
        Some(end)
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

/// Whether no number can stand in front of this: a value is assigned to it, or a dot would become
/// part of the number (a member that is called like a word of the grammar).
fn needs_name(rest: &[u8]) -> bool {
    let rest = &rest[skip_blanks(rest, 0)..];
    rest.first() == Some(&b'.') || assignment_operator(rest).is_some()
}
