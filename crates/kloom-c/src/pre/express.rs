//! Expressions: arguments that are no expressions, strings beside macros, odd operators.

use super::frame::{Frame, Room, Stage};
use super::lex::Kind;
use super::model::{Extent, MacroUse};
use super::walk::Walker;
use super::words::Word;

/// Tokens of an initialiser past which it is worth a look whether it is all constants.
const TABLE: usize = 64;

impl Walker<'_> {
    /// A token inside an expression.
    pub(super) fn expression(&mut self, at: usize) -> usize {
        let room = self.room();
        match self.kind(at) {
            Kind::Word(word) => return self.expression_word(at, word),
            Kind::Str => return self.strings(at),
            Kind::Open(bracket) => return self.open_in_expression(at, bracket),
            Kind::Semi => self.semicolon(at),
            Kind::Comma => match room {
                Room::Args | Room::Enumerators | Room::Elements => self.top().start = true,
                _ if self.top().stage == Stage::Value => self.top().stage = Stage::Declarator,
                _ => {}
            },
            Kind::Question => self.top().questions += 1,
            Kind::Colon => {
                let top = self.top();
                if top.questions > 0 {
                    top.questions -= 1;
                } else if top.case {
                    self.label_ended(false);
                } else if room == Room::Args {
                    // Operands of assembly, a pair of bit numbers.
                    top.start = true;
                    self.text.replace(self.extent(at), b",");
                }
            }
            Kind::Ellipsis if self.top().case => {
                self.text.replace(self.extent(at), b"||");
            }
            Kind::AndAnd if !self.operand_before(at) => {
                // The address of a label.
                self.text.replace(self.extent(at), b"&");
            }
            _ => {}
        }
        at + 1
    }

    /// `;` ends the item, or separates the parts of a `for`.
    pub(super) fn semicolon(&mut self, at: usize) {
        match self.room() {
            Room::ForHead => self.plain(),
            Room::Args => {
                let last = matches!(self.kind(at + 1), Kind::Close(_) | Kind::Comma);
                let byte: &[u8] = if last { b" " } else { b"," };
                self.text.replace(self.extent(at), byte);
                self.top().start = !last;
            }
            room => {
                if room == Room::File {
                    self.record_declaration(at);
                }
                self.end_item();
            }
        }
    }

    pub(super) fn open_in_expression(&mut self, at: usize, bracket: u8) -> usize {
        let room = match bracket {
            // Behind a parenthesis it may as well be the second of two casts.
            b'(' if self.operand_before(at) && self.kind(at - 1) != Kind::Close(b')') => Room::Args,
            b'(' => Room::Group,
            b'[' => Room::Index,
            _ => match self.announced(at) {
                Some(room) => room,
                None if at > 0 && self.kind(at - 1) == Kind::Open(b'(') => Room::Block,
                None => Room::Elements,
            },
        };
        if room == Room::Elements && self.frames.len() == 1 && self.constants_only(at) {
            return self.close_table(at);
        }
        self.push(room, at)
    }

    /// Whether the braces that open at `at` hold a long list in which no function can stand:
    /// numbers, strings, and names without a lower-case letter.
    fn constants_only(&self, at: usize) -> bool {
        let Some(close) = self.closer(at).filter(|close| close - at > TABLE) else {
            return false;
        };
        (at + 1..close).all(|at| match self.kind(at) {
            Kind::Word(Word::Ident) => {
                self.kind(at - 1) == Kind::Dot || !self.name(at).iter().any(u8::is_ascii_lowercase)
            }
            Kind::Word(_) | Kind::Hash => false,
            _ => true,
        })
    }

    /// Leaves a table of constants empty: there is nothing in it to analyse, and much to parse.
    fn close_table(&mut self, at: usize) -> usize {
        let Some(close) = self.closer(at) else {
            return at + 1;
        };
        let inner = Extent::new(self.extent(at).end, self.extent(close).start);
        self.text.blank(inner);
        close + 1
    }

    /// A word inside an expression.
    pub(super) fn expression_word(&mut self, at: usize, word: Word) -> usize {
        match word {
            Word::Asm => return self.assembly(at, true),
            Word::Alignof => return self.alignment(at),
            Word::Offsetof => return self.offset(at),
            Word::Generic => return self.parens(at + 1).unwrap_or(at) + 1,
            Word::Case if self.room() == Room::Block => {
                self.case_begins();
                return at + 1;
            }
            _ if word.is_statement() => {
                let stray = self.room() == Room::Block && at > 0;
                let first = matches!(
                    self.kind(at.saturating_sub(1)),
                    Kind::Word(w) if w.is_statement()
                );
                if stray && !first {
                    // The statement before it lacks its semicolon.
                    self.end_statement(at - 1);
                    self.end_item();
                    return at;
                }
                return at + 1;
            }
            Word::Ident | Word::Iterator | Word::Scoped => {
                if self.gives_pointed_at(at) {
                    // `(type (*)(…))`: to the grammar a call, unless the type is a keyword.
                    self.text.replace(self.extent(at), b"int");
                    return at + 1;
                }
                let call_end = self.parens(at + 1);
                let after = call_end.unwrap_or(at) + 1;
                if self.kind(after) == Kind::Str
                    || call_end.is_none() && self.leads_to_string(after)
                {
                    return self.strings(at);
                }
                if self.room() == Room::Elements && self.kind(at + 1) == Kind::Open(b'{') {
                    self.text.insert(self.extent(at).end, b',');
                }
                if call_end.is_none() && self.word(at + 1).is_some_and(Word::is_specifier) {
                    return self.type_in_expression(at);
                }
                return at + 1;
            }
            Word::Sizeof => return at + 1,
            Word::Attribute
                if !self.word(at + 1).is_some_and(Word::is_specifier)
                    && !matches!(self.kind(at.wrapping_sub(1)), Kind::Word(w) if w.is_specifier())
                    && self.kind(at + 1) != Kind::Star
                    && !self.ends_type(at) =>
            {
                // A member or argument that has the name of an attribute.
                return at + 1;
            }
            _ => {}
        }
        if word.is_specifier() {
            return self.type_in_expression(at);
        }
        at + 1
    }

    /// Whether a word is the last one of a pointer type in parentheses: `(void *__user)`.
    fn ends_type(&self, at: usize) -> bool {
        at > 0 && self.kind(at - 1) == Kind::Star && self.kind(at + 1) == Kind::Close(b')')
    }

    /// Whether a word is what the functions give that a pointer in a cast points at.
    fn gives_pointed_at(&self, at: usize) -> bool {
        let pointer = [
            Kind::Open(b'('),
            Kind::Star,
            Kind::Close(b')'),
            Kind::Open(b'('),
        ];
        let behind = (1..).zip(pointer);
        at > 0
            && self.kind(at - 1) == Kind::Open(b'(')
            && behind
                .into_iter()
                .all(|(n, kind)| self.kind(at + n) == kind)
    }

    /// `KERN_ERR PREFIX "…"`
    fn leads_to_string(&self, at: usize) -> bool {
        self.word(at) == Some(Word::Ident) && self.kind(at + 1) == Kind::Str
    }

    /// Adjacent strings and macros that stand for strings: the grammar takes words between
    /// strings, one word in front, no calls.
    pub(super) fn strings(&mut self, at: usize) -> usize {
        let mut next = at;
        let mut leading: Option<usize> = None;
        let mut seen = false;
        loop {
            match self.kind(next) {
                Kind::Str => {
                    seen = true;
                    next += 1;
                }
                Kind::Word(Word::Ident) => {
                    let last = self.parens(next + 1).unwrap_or(next);
                    if let Some(before) = leading.filter(|_| !seen) {
                        self.string_macro(before);
                        let last = self.parens(before + 1).unwrap_or(before);
                        self.text.blank(self.span(before, last));
                    }
                    leading = Some(next);
                    if last > next {
                        self.string_macro(next);
                        self.text.identifier(self.span(next, last));
                    }
                    next = last + 1;
                }
                _ => break,
            }
        }
        next.max(at + 1)
    }

    fn string_macro(&mut self, at: usize) {
        let close = self.parens(at + 1);
        let args = close.map_or(Vec::new(), |close| self.arguments(at + 1, close));
        self.out.string_macros.push(MacroUse {
            name: self.extent(at),
            whole: self.span(at, close.unwrap_or(at)),
            args,
        });
    }

    /// The start of an argument.
    pub(super) fn argument(&mut self, at: usize) -> usize {
        self.plain();
        let close = self.frames.last().map_or(at, |frame| frame.close as usize);
        let end = self.argument_end(at, close);
        if end == at {
            return self.empty_argument(at);
        }
        match self.kind(at) {
            Kind::Open(b'{') if self.closer(at) == Some(end - 1) => self.braced_argument(at),
            Kind::Word(Word::Return | Word::Goto | Word::Jump) => {
                // `return -EINVAL`: what it returns stays.
                let word = self.extent(at);
                self.text.blank(word);
                let bare = end == at + 1 || end == at + 2 && self.kind(at + 1) == Kind::Semi;
                if bare {
                    self.text.replace(word, b"0");
                }
                self.out.jumps.push(word);
                at + 1
            }
            Kind::Word(Word::Head | Word::For | Word::Lead) => self.statement_argument(at, close),
            Kind::Colon => {
                self.text.blank(self.extent(at));
                self.top().start = true;
                at + 1
            }
            Kind::Dot if self.word(at + 1).is_some() => {
                // `.member = value`
                self.text.blank(self.extent(at));
                at + 1
            }
            Kind::Open(b'[') if self.closer(at).is_some_and(|close| close + 1 < end) => {
                // `[name] "r" (value)`: an operand of assembly.
                let close = self.closer(at).unwrap_or(at);
                self.text.blank(self.span(at, close));
                close + 1
            }
            kind if end == at + 1 && !is_operand(kind) && kind != Kind::Star => {
                let whole = self.extent(at);
                self.text.replace(whole, b"0");
                self.out.zeroed.push(whole);
                end
            }
            _ => self.type_argument(at, end),
        }
    }

    /// `macro(a, if (b) break;)`: statements up to the end become a block.
    fn statement_argument(&mut self, at: usize, close: usize) -> usize {
        let (before, behind) = (self.extent(at - 1).end, self.extent(close - 1).end);
        if self.text.gap(before).is_some() && self.text.gap(behind).is_some() {
            self.text.insert(before, b'{');
            self.text.insert(behind, b'}');
            self.frames.push(Frame::new(Room::Block, close as u32));
        }
        at
    }

    /// A type where the grammar wants an expression.
    fn type_argument(&mut self, at: usize, end: usize) -> usize {
        let starts =
            self.word(at).is_some_and(Word::is_type) || self.word(at) == Some(Word::Storage);
        let stars = self.kind(end - 1) == Kind::Star && self.word(at).is_some();
        if !starts && !stars {
            return at;
        }
        let assign = (at..end).find(|at| self.kind(*at) == Kind::Assign);
        if let Some(assign) = assign.filter(|assign| *assign > at + 1) {
            // `struct x *p = first(…)`: the assignment stays.
            self.text.blank(Extent::new(
                self.extent(at).start,
                self.extent(assign - 1).start,
            ));
            return assign - 1;
        }
        if (at..end).any(|at| matches!(self.kind(at), Kind::Open(b'{') | Kind::Semi)) {
            return at;
        }
        self.type_name(at, end - 1);
        end
    }

    /// `f(a, , b)`, `f(a, )`: the grammar wants something or no comma.
    fn empty_argument(&mut self, at: usize) -> usize {
        let previous = self.kind(at - 1);
        let gap = self.extent(at - 1).end;
        match (previous, self.kind(at)) {
            (Kind::Open(_), Kind::Close(_)) => {}
            (Kind::Comma, Kind::Close(_)) => self.text.blank(self.extent(at - 1)),
            _ => {
                if !self.text.insert(gap, b'0') {
                    self.text.blank(self.extent(at));
                }
            }
        }
        if self.kind(at) == Kind::Comma {
            self.top().start = true;
            return at + 1;
        }
        at
    }

    /// `{ … }` as a whole argument: statements stay, values become an expression.
    fn braced_argument(&mut self, at: usize) -> usize {
        let Some(close) = self.closer(at) else {
            return at + 1;
        };
        let mut inner = at + 1;
        let mut designated = close == at + 1;
        while inner < close {
            match self.kind(inner) {
                Kind::Semi => return self.push(Room::Block, at),
                Kind::Word(word) if word.is_statement() => return self.push(Room::Block, at),
                Kind::Dot if self.name(inner) == b"." && !self.operand_before(inner) => {
                    designated = true;
                }
                Kind::Open(b'{' | b'[') if !self.operand_before(inner) => designated = true,
                _ => {}
            }
            inner = self.closer(inner).unwrap_or(inner) + 1;
        }
        if designated {
            let whole = self.span(at, close);
            self.text.replace(whole, b"0");
            self.out.zeroed.push(whole);
            return close + 1;
        }
        if self.kind(close - 1) == Kind::Comma {
            self.text.blank(self.extent(close - 1));
        }
        self.text.replace(self.extent(at), b"(");
        self.text.replace(self.extent(close), b")");
        self.push(Room::Group, at)
    }

    /// `__alignof__(expression)`: the grammar takes a type only.
    fn alignment(&mut self, at: usize) -> usize {
        let Some(close) = self.parens(at + 1) else {
            self.text.replace(self.extent(at), b"sizeof");
            return at + 1;
        };
        if close > at + 3 && !self.is_type_like(at + 2, close) {
            self.type_name(at + 2, close - 1);
            return close + 1;
        }
        at + 1
    }

    /// `offsetof(type, a.b[0])`: the grammar takes one member name only.
    fn offset(&mut self, at: usize) -> usize {
        let Some(close) = self.parens(at + 1) else {
            return at + 1;
        };
        let comma = self.argument_end(at + 2, close);
        if comma >= close {
            return at + 1;
        }
        if comma > at + 3 && !self.word(at + 2).is_some_and(Word::is_type) {
            self.type_name(at + 2, comma - 1);
        } else {
            self.type_in_expression(at + 2);
        }
        if close > comma + 2 {
            let member = self.span(comma + 1, close - 1);
            self.text.identifier(member);
            self.out.zeroed.push(member);
        }
        close + 1
    }
}

fn is_operand(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Word(_) | Kind::Number | Kind::Str | Kind::Char | Kind::Open(_)
    )
}
