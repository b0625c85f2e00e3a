//! What starts an item: a statement, a declaration, a member, a macro in the place of one.

use super::lex::Kind;
use super::model::{BlockKind, Extent, MacroHead, Symbol};
use super::walk::{After, Frame, Room, Stage, Walker};
use super::words::{Word, looks_like_attribute};

/// How far back the start of a token's line is looked for.
const INDENT: usize = 128;

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

    /// The last token of an attribute word with its arguments. `__init (*f)(void)` has none.
    pub(super) fn attribute_end(&self, at: usize) -> usize {
        match self.parens(at + 1) {
            Some(close) if self.kind(at + 2) != Kind::Star => close,
            _ => at,
        }
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

    /// A macro without arguments stands for a statement.
    fn end_bare_word(&mut self, at: usize) {
        let word = self.extent(at);
        if !self.text.insert(word.end, b';') {
            // Without room behind the word it gives its last letter.
            self.text.replace(Extent::new(word.end - 1, word.end), b";");
        }
        self.end_item();
    }

    /// Whether a newline follows the token.
    fn ends_line(&self, at: usize) -> bool {
        let between = Extent::new(self.extent(at).end, self.extent(at + 1).start);
        between.of(self.source).contains(&b'\n')
    }

    /// The column a token stands in if it is the first of its line, tabs counted as eight.
    fn indent(&self, at: usize) -> Option<usize> {
        let start = self.extent(at).start as usize;
        let line = self.source.get(start.saturating_sub(INDENT)..start)?;
        let newline = line.iter().rposition(|b| *b == b'\n')?;
        let mut column = 0;
        for byte in &line[newline + 1..] {
            match byte {
                b'\t' => column += 8 - column % 8,
                b' ' => column += 1,
                _ => return None,
            }
        }
        Some(column)
    }

    /// Whether what follows the macro at `name` is indented below it, as a loop's body is.
    fn leads_by_layout(&self, name: usize, next: usize) -> bool {
        match (self.indent(name), self.indent(next)) {
            (Some(outer), Some(inner)) => outer < inner,
            _ => false,
        }
    }

    /// A label needs a statement behind it: not a brace, not a directive.
    fn label(&mut self, at: usize) -> usize {
        let colon = self.extent(at + 1);
        let next = self.extent(at + 2);
        let between = Extent::new(colon.end, next.start.max(colon.end));
        let directive = between.of(self.source).contains(&b'#');
        let mut hangs = true;
        if directive || matches!(self.kind(at + 2), Kind::Close(_)) {
            let word = self.extent(at);
            let short = Extent::new(colon.start - 1, colon.end);
            // Without room behind the colon the label gives its last letter.
            hangs = !self.text.insert(colon.end, b';')
                && !(word.end == colon.start
                    && word.end - word.start > 1
                    && self.text.replace(short, b":;"));
        }
        self.label_ended(hangs);
        at + 2
    }

    /// `name(…)` at the start of an item, after storage words from `first` on.
    fn item_macro(&mut self, first: usize, name: usize, close: usize) -> usize {
        match self.room() {
            Room::Block => self.macro_in_block(first, name, close),
            Room::Members => self.macro_in_members(first, name, close),
            _ => self.macro_in_file(first, name, close),
        }
    }

    fn macro_in_file(&mut self, first: usize, name: usize, close: usize) -> usize {
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
    fn initialised_by_macro(&mut self, name: usize, close: usize, next: usize) -> bool {
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

    /// Blanks and records a macro; `last` is the last token that goes with it.
    fn drop_macro(&mut self, first: usize, name: usize, close: usize, last: usize) {
        let whole = self.span(first, last);
        self.text.blank(whole);
        self.record_macro(name, whole, name + 1, close);
        self.end_item();
    }

    /// `MACRO(name, …) {` reads as `int name() {`.
    fn macro_head(&mut self, first: usize, name: usize, close: usize) {
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
        let word = function.of(self.source).to_vec();
        // The name stays where it is if `()` fits behind it, else it follows `int`.
        let in_place = function.start >= whole.start + 4 && function.end + 2 <= whole.end;
        let made = if in_place {
            let tail = Extent::new(function.end, function.end + 2);
            let clear = !tail.of(self.source).contains(&b'\n');
            clear
                && self
                    .text
                    .replace(Extent::new(whole.start, function.start), b"int")
                && {
                    self.text.blank(Extent::new(function.end, whole.end));
                    self.text.replace(tail, b"()")
                }
        } else {
            let text = [b"int ".as_slice(), &word, b"()"].concat();
            self.text.replace(whole, &text)
        };
        if !made && first < name {
            // `static name(a, b) {`: room for the type is where the storage was.
            self.text.replace(self.span(first, name - 1), b"int");
        }
        self.record_head(MacroHead {
            name: self.extent(name),
            function,
            whole,
            args,
        });
    }

    /// `MACRO(type, name)` reads as `type name`, `MACRO(name, …)` as `int name`. Gives the name.
    fn declarator_from_macro(&mut self, name: usize, close: usize) -> Option<usize> {
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

    /// Whether the tokens `first..end` can only be a type.
    pub(super) fn is_type_like(&self, first: usize, end: usize) -> bool {
        let starts = self
            .word(first)
            .is_some_and(|w| w.is_type() || w == Word::Typeof);
        let stars = end > first + 1
            && self.kind(end - 1) == Kind::Star
            && self.word(first).is_some_and(Word::is_specifier);
        let name = self.name(first);
        let spelled = end == first + 1
            && (name.ends_with(b"_t")
                || name.len() < 8 && name.ends_with(b"8")
                || [b"16".as_slice(), b"32", b"64"]
                    .iter()
                    .any(|width| name.len() < 8 && name.ends_with(width)));
        starts || stars || spelled
    }

    fn macro_in_members(&mut self, first: usize, name: usize, close: usize) -> usize {
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

    fn holds_members(&self, open: usize, close: usize) -> bool {
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
    fn unwrap_members(&mut self, name: usize, close: usize) -> usize {
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
