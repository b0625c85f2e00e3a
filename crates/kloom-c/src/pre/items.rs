//! What starts an item: a statement, a declaration, a member, a macro in the place of one.

use super::frame::{After, Room, Stage};
use super::lex::Kind;
use super::model::{BlockKind, Extent, Symbol};
use super::walk::Walker;
use super::words::Word;

impl Walker<'_> {
    /// The start of an item; gives the next token to look at.
    pub(super) fn item(&mut self, at: usize) -> usize {
        match self.kind(at) {
            Kind::Semi => {
                if self.room() == Room::Members {
                    self.text.blank(self.extent(at));
                }
                self.end_item();
                at + 1
            }
            Kind::Open(b'{') => {
                self.top().start = false;
                self.push(Room::Block, at)
            }
            Kind::Word(word) => self.item_word(at, word),
            _ => {
                self.plain();
                at
            }
        }
    }

    fn item_word(&mut self, at: usize, word: Word) -> usize {
        let list = self.room();
        match word {
            Word::Case => {
                self.case_begins();
                at + 1
            }
            Word::Default if self.kind(at + 1) == Kind::Colon => {
                self.label_ended(false);
                at + 2
            }
            Word::Head if self.parens(at + 1).is_some() => {
                self.push_before(After::Body, Room::Group, at + 1)
            }
            Word::Head if self.parens(at + 2).is_some() => self.bare_head(at),
            Word::For if self.parens(at + 1).is_some() => {
                self.push_before(After::Body, Room::ForHead, at + 1)
            }
            Word::Lead => {
                self.label_ended(true);
                at + 1
            }
            Word::Goto => {
                self.computed_goto(at);
                self.plain();
                at + 1
            }
            Word::Asm => {
                self.plain();
                self.assembly(at, true)
            }
            Word::GnuAttribute => self.gnu_attribute(at),
            Word::Attribute => {
                let last = self.attribute_end(at);
                if list == Room::Block && last > at && self.kind(last + 1) == Kind::Semi {
                    // `__must_hold(l);` as a statement reads as a call.
                    self.plain();
                    return at + 1;
                }
                self.drop_attribute(at, last);
                last + 1
            }
            Word::Storage | Word::Qualifier => self.item_after_storage(at),
            Word::Ident | Word::Iterator | Word::Scoped => self.item_name(at, list),
            Word::Struct | Word::Enum | Word::Base | Word::Typeof => {
                self.declare(Stage::Type);
                at
            }
            _ => {
                self.plain();
                at + 1
            }
        }
    }

    /// `if FAILED(x) {`: the parentheses are in the macro.
    fn bare_head(&mut self, at: usize) -> usize {
        if let Some(close) = self.parens(at + 2) {
            self.text.insert(self.extent(at).end, b'(');
            self.text.insert(self.extent(close).end, b')');
        }
        self.push_before(After::Body, Room::Args, at + 2)
    }

    /// `goto *p` reads as `*p`.
    fn computed_goto(&mut self, at: usize) {
        if self.kind(at + 1) == Kind::Star {
            let word = self.extent(at);
            self.text.blank(word);
            self.out.jumps.push(word);
        }
    }

    /// `static` and the like: a declaration, unless a macro stands in its place.
    fn item_after_storage(&mut self, at: usize) -> usize {
        let mut name = at;
        while matches!(self.word(name), Some(Word::Storage | Word::Qualifier)) {
            name += 1;
        }
        if self.word(name) == Some(Word::Ident)
            && let Some(close) = self.parens(name + 1)
            && self.kind(name + 2) != Kind::Star
        {
            return self.item_macro(at, name, close);
        }
        self.declare(Stage::Type);
        at
    }

    fn item_name(&mut self, at: usize, list: Room) -> usize {
        if let Some(close) = self.parens(at + 1) {
            return self.item_macro(at, at, close);
        }
        let next = self.kind(at + 1);
        if list == Room::Block {
            match next {
                Kind::Colon => return self.label(at),
                Kind::Word(word) if word.is_statement() => {
                    self.end_bare_word(at);
                    return at + 1;
                }
                Kind::Word(Word::Ident)
                    if self.kind(at + 2) == Kind::Open(b'(') && self.ends_line(at) =>
                {
                    self.end_bare_word(at);
                    return at + 1;
                }
                Kind::Word(_) if self.starts_declaration(at) => self.declare(Stage::Type),
                Kind::Open(b'{') => self.drop_attribute(at, at),
                Kind::Close(b'}') => {
                    self.end_bare_word(at);
                    return at + 1;
                }
                _ => self.plain(),
            }
            return if next == Kind::Open(b'{') { at + 1 } else { at };
        }
        if list == Room::Members && next == Kind::Semi {
            // A macro that stands for members.
            self.text.blank(self.span(at, at + 1));
            return at + 2;
        }
        self.declare(Stage::Type);
        at
    }

    /// A label needs a statement behind it: not a brace, not a directive.
    fn label(&mut self, at: usize) -> usize {
        let colon = self.extent(at + 1);
        let next = self.extent(at + 2);
        let between = Extent::new(colon.end, next.start.max(colon.end));
        let directive = between.of(self.source).contains(&b'#');
        let lacks = directive || matches!(self.kind(at + 2), Kind::Close(_));
        let ended = lacks && (self.text.insert(colon.end, b';') || self.shorten_label(at));
        self.label_ended(!ended);
        at + 2
    }

    /// Without room behind the colon the label gives its last letter.
    fn shorten_label(&mut self, at: usize) -> bool {
        let (word, colon) = (self.extent(at), self.extent(at + 1));
        word.end == colon.start
            && word.end - word.start > 1
            && self
                .text
                .replace(Extent::new(colon.start - 1, colon.end), b":;")
    }

    /// `name(…)` at the start of an item, after storage words from `first` on.
    fn item_macro(&mut self, first: usize, name: usize, close: usize) -> usize {
        match self.room() {
            Room::Block => self.macro_in_block(first, name, close),
            Room::Members => self.macro_in_members(first, name, close),
            _ => self.macro_in_file(first, name, close),
        }
    }

    fn macro_in_block(&mut self, first: usize, name: usize, close: usize) -> usize {
        let next = close + 1;
        let open = name + 1;
        let kind = self.block_kind(name);
        if first < name {
            return self.declaring_macro(first, name, close);
        }
        match self.kind(next) {
            Kind::Open(b'{') => self.block_macro(name, open, kind.unwrap_or(BlockKind::Iterator)),
            Kind::Semi => match kind {
                Some(BlockKind::Iterator) if self.word(name) == Some(Word::Iterator) => {
                    self.block_macro(name, open, BlockKind::Iterator)
                }
                _ => {
                    self.mark_call(name);
                    self.plain();
                    self.call(name)
                }
            },
            Kind::Assign if self.kind(next + 1) == Kind::Open(b'{') => {
                self.declaring_macro(first, name, close)
            }
            Kind::Word(_) | Kind::Close(_) | Kind::Step | Kind::Star if kind.is_some() => {
                self.block_macro(name, open, kind.unwrap_or(BlockKind::Iterator))
            }
            Kind::Word(Word::Attribute | Word::GnuAttribute) => {
                self.plain();
                self.call(name)
            }
            Kind::Word(Word::Ident)
                if self.is_attribute_like(next) && self.kind(next + 1) != Kind::Open(b'(') =>
            {
                self.plain();
                self.call(name)
            }
            Kind::Word(_) if self.leads_by_layout(name, next) => {
                self.block_macro(name, open, BlockKind::Iterator)
            }
            Kind::Word(_) | Kind::Close(b'}') => {
                self.end_statement(close);
                self.push_before(After::Item, Room::Args, open)
            }
            _ => {
                self.plain();
                self.call(name)
            }
        }
    }

    /// A `+` before a call that is a statement: without it the grammar has to follow three ways to
    /// read `name(`, two of them declarations, which costs a tenth of its time. Whoever reads the
    /// tree takes the sign for granted.
    fn mark_call(&mut self, name: usize) {
        let start = self.extent(name).start;
        let before = Extent::new(start.saturating_sub(1), start);
        if matches!(before.of(&self.text.0), [b' ' | b'\t']) {
            self.text.replace(before, b"+");
        }
    }

    /// Goes on inside the arguments of the call at `name`.
    fn call(&mut self, name: usize) -> usize {
        self.push(Room::Args, name + 1)
    }

    /// `static DEFINE_X(a, b);` in a function: the macro alone reads as a call.
    fn declaring_macro(&mut self, first: usize, name: usize, close: usize) -> usize {
        let mut next = close + 1;
        while self.is_attribute_like(next) {
            let last = self.attribute_end(next);
            self.drop_attribute(next, last);
            next = last + 1;
        }
        match self.kind(next) {
            Kind::Assign if self.plain_braces(next + 1) => {
                let end = self.closer(next + 1).unwrap_or(next);
                self.text.blank(self.span(next, end));
                if first < name {
                    self.text.blank(self.span(first, name - 1));
                }
                self.plain();
                self.call(name)
            }
            Kind::Assign => {
                let whole = self.span(name, close);
                self.record_macro(name, whole, name + 1, close);
                self.declarator_from_macro(name, close);
                self.declare(Stage::Named);
                next
            }
            Kind::Word(_) | Kind::Star => {
                self.text.identifier(self.span(name, close));
                self.declare(Stage::Declarator);
                next
            }
            _ => {
                if first < name {
                    self.text.blank(self.span(first, name - 1));
                }
                self.plain();
                self.call(name)
            }
        }
    }

    /// Whether braces open at `at` in which nothing is called.
    fn plain_braces(&self, at: usize) -> bool {
        let Some(close) = self
            .closer(at)
            .filter(|_| self.kind(at) == Kind::Open(b'{'))
        else {
            return false;
        };
        (at..close).all(|at| self.kind(at) != Kind::Open(b'('))
    }

    /// The start of an enumerator.
    pub(super) fn enumerator(&mut self, at: usize) -> usize {
        self.plain();
        if self.word(at) == Some(Word::Ident) {
            let value = if self.kind(at + 1) == Kind::Assign {
                let close = self.top().close as usize;
                let end = self.argument_end(at + 2, close);
                self.span(at + 2, end.saturating_sub(1))
            } else {
                let end = self.extent(at).end;
                Extent::new(end, end)
            };
            self.define(Symbol::Enumerator, at as u32, value);
        }
        if let Some(close) = self.parens(at + 1) {
            match self.kind(close + 1) {
                Kind::Comma | Kind::Assign | Kind::Close(_) => {
                    self.text.blank(self.span(at + 1, close));
                }
                _ => {
                    self.drop_attribute(at, close);
                    self.top().start = true;
                }
            }
            return close + 1;
        }
        at + 1
    }
}
