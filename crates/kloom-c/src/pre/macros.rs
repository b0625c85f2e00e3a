//! Macros in the place of a declaration or a member.

use super::frame::{After, Frame, Room, Stage};
use super::lex::Kind;
use super::model::{Extent, MacroHead};
use super::walk::Walker;
use super::words::{Word, looks_like_attribute};

impl Walker<'_> {
    /// `name(…)` in the place of a declaration at file scope, told apart by what follows it.
    pub(super) fn macro_in_file(&mut self, first: usize, name: usize, close: usize) -> usize {
        let mut next = close + 1;
        while matches!(self.word(next), Some(Word::Attribute | Word::GnuAttribute))
            || self.word(next) == Some(Word::Ident)
                && looks_like_attribute(self.name(next))
                && matches!(
                    self.kind(next + 1),
                    Kind::Assign | Kind::Semi | Kind::Open(b'{')
                )
        {
            next = match self.word(next) {
                Some(Word::GnuAttribute) => self.gnu_attribute(next),
                _ => {
                    let last = self.attribute_end(next);
                    self.drop_attribute(next, last);
                    last + 1
                }
            };
        }
        match self.kind(next) {
            _ if next >= self.tokens.len() => {
                self.drop_macro(first, name, close, close);
                next
            }
            Kind::Semi => {
                self.drop_macro(first, name, close, next);
                next + 1
            }
            Kind::Open(b'{') if self.kind(next + 1) == Kind::Dot => {
                // `define_machine(x) { .name = … };`
                let whole = self.span(name, close);
                self.record_macro(name, whole, name + 1, close);
                self.declarator_from_macro(name, close);
                self.text.replace(self.extent(close), b"=");
                self.declare(Stage::Value);
                self.push(Room::Elements, next)
            }
            Kind::Open(b'{') => {
                self.macro_head(first, name, close);
                self.declare(Stage::Named);
                self.push(Room::Block, next)
            }
            Kind::Assign => {
                let whole = self.span(name, close);
                self.record_macro(name, whole, name + 1, close);
                self.declarator_from_macro(name, close);
                self.declare(Stage::Named);
                next
            }
            Kind::Dot if self.initialised_by_macro(name, close, next) => next,
            Kind::Open(b'(') => {
                // `NAME(x)(int a) {`: a declarator of its own making.
                let last = self.closer(next).unwrap_or(next);
                match self.kind(last + 1) {
                    Kind::Open(b'{') => {
                        self.macro_head(first, name, last);
                        self.declare(Stage::Named);
                        self.push(Room::Block, last + 1)
                    }
                    _ => {
                        self.drop_macro(first, name, close, last);
                        last + 1
                    }
                }
            }
            Kind::Star => {
                let whole = self.span(name, close);
                self.text.identifier(whole);
                self.declare(Stage::Declarator);
                next
            }
            Kind::Word(Word::Ident)
                if !self.is_attribute_like(name)
                    && matches!(
                        self.kind(next + 1),
                        Kind::Assign | Kind::Semi | Kind::Comma | Kind::Open(b'[')
                    ) =>
            {
                // `typedef ARRAY(struct x) xs;`: the macro is the type.
                self.type_name(name, close);
                self.declare(Stage::Declarator);
                next
            }
            Kind::Word(word)
                if self.is_attribute_like(name) || first < name && word.is_specifier() =>
            {
                // `static __printf(1, 2) int f(…)`: an attribute in front of its declaration.
                self.drop_attribute(name, close);
                if first < name {
                    self.declare(Stage::Type);
                }
                next
            }
            Kind::Comma => {
                // `DEFINE_A(x), DEFINE_A(y);`
                let mut end = next;
                while !matches!(
                    self.kind(end),
                    Kind::Semi | Kind::Open(b'{') | Kind::Close(_)
                ) {
                    end = self.closer(end).unwrap_or(end) + 1;
                }
                self.drop_macro(first, name, close, end.min(self.tokens.len() - 1));
                end + 1
            }
            _ => {
                self.drop_macro(first, name, close, close);
                next
            }
        }
    }

    /// `MACHINE_START(NAME, "…") .init = f, MACHINE_END` reads as `int NAME={ .init = f, };`.
    pub(super) fn initialised_by_macro(&mut self, name: usize, close: usize, next: usize) -> bool {
        let mut end = next;
        let found = loop {
            match self.kind(end) {
                Kind::Semi | Kind::Close(_) => break false,
                Kind::Word(_) => {
                    let before = self.kind(end - 1);
                    if before == Kind::Comma
                        || before == Kind::Close(b'}')
                        || before.ends_operand() && !self.kind(end + 1).ends_operand()
                    {
                        break true;
                    }
                }
                _ => {}
            }
            end = self.closer(end).unwrap_or(end) + 1;
        };
        let tail = Extent::new(self.extent(close).end - 2, self.extent(close).end);
        let last = self.extent(end);
        if !found || last.end - last.start < 2 || self.kind(close - 1) != Kind::Str {
            return false;
        }
        let whole = self.span(name, close);
        self.record_macro(name, whole, name + 1, close);
        self.declarator_from_macro(name, close);
        self.text.replace(tail, b"={");
        self.text.replace(last, b"};");
        let mut list = Frame::new(Room::Elements, end as u32);
        list.after = After::Item;
        self.frames.push(list);
        true
    }

    /// `MACRO(name, …) {` reads as `int name() {`.
    pub(super) fn macro_head(&mut self, first: usize, name: usize, close: usize) {
        let whole = self.span(name, close);
        let open = name + 1;
        let constant = self.name(name).iter().any(u8::is_ascii_uppercase);
        let argument = (open + 1..close).find(|at| {
            self.word(*at) == Some(Word::Ident)
                && matches!(self.kind(at - 1), Kind::Open(b'(') | Kind::Comma)
                && matches!(self.kind(at + 1), Kind::Close(b')') | Kind::Comma)
        });
        let function = match argument {
            Some(at) if constant => self.extent(at),
            _ => self.extent(name),
        };
        let args = self.arguments(open, self.closer(open).unwrap_or(close));
        let made = self.head_with_params(name, close)
            || self.head_in_place(whole, function)
            || self.head_at_start(whole, function);
        if !made && first < name {
            // `static name(a, b) {`: room for the type is where the storage was.
            self.text.replace(self.span(first, name - 1), b"int");
        }
        self.out.heads.push(MacroHead {
            name: self.extent(name),
            function,
            whole,
            args,
        });
    }

    /// `MACRO(name, type, a, type, b)` reads as `int name(type a, type b)`.
    fn head_with_params(&mut self, name: usize, close: usize) -> bool {
        let mut commas = Vec::new();
        let mut at = name + 2;
        while at < close {
            at = self.argument_end(at, close);
            commas.push(at);
            at += 1;
        }
        // The first argument and every second one after it is a name.
        let named = |end: usize| {
            self.word(end - 1) == Some(Word::Ident)
                && matches!(self.kind(end - 2), Kind::Comma | Kind::Open(b'('))
        };
        let pairs = commas.len() % 2 == 1 && commas.iter().step_by(2).all(|end| named(*end));
        let mut typed = commas.windows(2).step_by(2);
        let [first, .., _] = commas[..] else {
            return false;
        };
        let head = Extent::new(self.extent(name).start, self.extent(name + 2).start);
        if !pairs
            || first != name + 3
            || !typed.any(|pair| self.is_type_like(pair[0] + 1, pair[1]))
            || !self.text.replace(head, b"int ")
        {
            return false;
        }
        self.text.replace(self.extent(first), b"(");
        for pair in commas.windows(2).step_by(2) {
            self.type_in_expression(pair[0] + 1);
            self.text.blank(self.extent(pair[1]));
        }
        true
    }

    /// The name stays where it is if `()` fits behind it.
    fn head_in_place(&mut self, whole: Extent, function: Extent) -> bool {
        let tail = Extent::new(function.end, function.end + 2);
        if function.start < whole.start + 4
            || tail.end > whole.end
            || tail.of(self.source).contains(&b'\n')
            || !self
                .text
                .replace(Extent::new(whole.start, function.start), b"int ")
        {
            return false;
        }
        self.text.blank(Extent::new(function.end, whole.end));
        self.text.replace(tail, b"()")
    }

    /// The name follows `int` at the start of the macro.
    fn head_at_start(&mut self, whole: Extent, function: Extent) -> bool {
        let text = [b"int ".as_slice(), function.of(self.source), b"()"].concat();
        self.text.replace(whole, &text)
    }

    /// `MACRO(type, name)` reads as `type name`, `MACRO(name, …)` as `int name`. Gives the name.
    pub(super) fn declarator_from_macro(&mut self, name: usize, close: usize) -> Option<usize> {
        let open = name + 1;
        let first_end = self.argument_end(open + 1, close);
        let typed = first_end < close && self.is_type_like(open + 1, first_end);
        let lone = |at: usize| {
            self.word(at) == Some(Word::Ident)
                && matches!(self.kind(at - 1), Kind::Open(b'(') | Kind::Comma)
                && matches!(
                    self.kind(at + 1),
                    Kind::Close(b')') | Kind::Comma | Kind::Open(b'[')
                )
        };
        let from = if typed { first_end + 1 } else { open + 1 };
        let target = (from..close).find(|at| lone(*at))?;
        let mut end = target;
        while self.kind(end + 1) == Kind::Open(b'[') {
            end = self.closer(end + 1)?;
        }
        let head = Extent::new(self.extent(name).start, self.extent(open + 1).start);
        let last = self.extent(close).end;
        self.text.blank(Extent::new(self.extent(end).end, last));
        if typed {
            self.text.blank(head);
            let gap = Extent::new(self.extent(first_end - 1).end, self.extent(target).start);
            self.text.blank(gap);
        } else {
            let before = Extent::new(head.start, self.extent(target).start);
            self.text.replace(before, b"int");
        }
        Some(target)
    }

    pub(super) fn macro_in_members(&mut self, first: usize, name: usize, close: usize) -> usize {
        let next = close + 1;
        match self.kind(next) {
            Kind::Semi if self.holds_members(name + 1, close) => self.unwrap_members(name, close),
            Kind::Semi => {
                if self.declarator_from_macro(name, close).is_none() {
                    self.text.blank(self.span(first, next));
                }
                self.end_item();
                next + 1
            }
            Kind::Open(_) | Kind::Star | Kind::Colon | Kind::Assign | Kind::Comma => {
                self.declare(Stage::Type);
                first
            }
            Kind::Word(word) if first < name && word == Word::Ident => {
                self.declare(Stage::Type);
                first
            }
            _ => {
                self.drop_attribute(name, close);
                next
            }
        }
    }

    pub(super) fn holds_members(&self, open: usize, close: usize) -> bool {
        let mut at = open + 1;
        while at < close {
            if self.kind(at) == Kind::Semi {
                return true;
            }
            at = self.closer(at).unwrap_or(at) + 1;
        }
        false
    }

    /// `struct_group(name, int a; int b;);` reads as its members.
    pub(super) fn unwrap_members(&mut self, name: usize, close: usize) -> usize {
        let mut members = name + 2;
        loop {
            let end = self.argument_end(members, close);
            let lone = end == members
                || end == members + 1
                || self.word(members).is_some_and(|w| w == Word::GnuAttribute);
            if !lone || end >= close {
                break;
            }
            members = end + 1;
        }
        let head = Extent::new(self.extent(name).start, self.extent(members).start);
        self.text.blank(head);
        self.text.blank(self.span(close, close));
        self.end_item();
        members
    }
}
