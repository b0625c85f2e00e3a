//! Declarations: which words of a run of specifiers are the type, the name, attributes.

use super::frame::{Room, Stage};
use super::lex::Kind;
use super::model::Symbol;
use super::walk::Walker;
use super::words::{Word, looks_like_attribute};

/// Names in one run of specifiers past which the rest is not looked at.
const NAMES: usize = 12;

/// Adjacent words: specifiers, a type, perhaps a name.
#[derive(Debug, Default)]
struct Run {
    /// Plain names, each with the token that ends it (arguments of attribute macros).
    names: Vec<(usize, usize)>,
    /// A keyword or tag gives the type.
    typed: bool,
    /// The token after the run.
    end: usize,
}

impl Walker<'_> {
    /// A token inside a declaration, before its initialiser.
    pub(super) fn declaration(&mut self, at: usize) -> usize {
        let stage = self.top().stage;
        match self.kind(at) {
            Kind::Word(word) if word.is_specifier() => return self.specifiers(at),
            Kind::Word(Word::Asm) => return self.assembly(at, false),
            Kind::Word(word) if word.is_statement() && self.room() == Room::Block => {
                // A statement where a declaration should have ended.
                if at > 0 {
                    self.end_statement(at - 1);
                }
                self.end_item();
                return at;
            }
            Kind::Open(b'(') => {
                let declarator = stage != Stage::Named && self.opens_declarator(at);
                let room = if declarator {
                    Room::Declarator
                } else {
                    self.open_params(at)
                };
                return self.push(room, at);
            }
            Kind::Open(b'[') => return self.push(Room::Index, at),
            Kind::Open(_) => return self.open_brace(at),
            Kind::Star => self.top().stage = Stage::Declarator,
            Kind::Assign => self.top().stage = Stage::Value,
            Kind::Colon if stage != Stage::Named && self.room() == Room::Members => {
                return self.unnamed_bits(at);
            }
            Kind::Colon => self.top().stage = Stage::Value,
            Kind::Comma => {
                let room = self.room();
                self.top().stage = match room {
                    Room::Params => Stage::Type,
                    _ => Stage::Declarator,
                };
            }
            Kind::Semi => self.semicolon(at),
            _ => {}
        }
        at + 1
    }

    /// The parameters behind a name, unless it is a macro that makes one: `NAME(2)(int a)`.
    fn open_params(&mut self, at: usize) -> Room {
        let named = at > 0 && self.top().name as usize == at - 1;
        let close = self.closer(at).unwrap_or(at);
        if named && self.kind(close + 1) == Kind::Open(b'(') {
            self.text.blank(self.span(at, close));
            self.top().name = close as u32;
            return Room::Index;
        }
        self.top().function |= named;
        Room::Params
    }

    /// `u32 : 4;`: the grammar wants a name in front of the width.
    fn unnamed_bits(&mut self, at: usize) -> usize {
        let mut end = at;
        while !matches!(self.kind(end), Kind::Semi | Kind::Comma | Kind::Close(_)) {
            end = self.closer(end).unwrap_or(end) + 1;
        }
        // In a list the comma goes along.
        let comma = self.kind(at - 1) == Kind::Comma;
        let first = if comma { at - 1 } else { at };
        let last = if !comma && self.kind(end) == Kind::Comma {
            end
        } else {
            end - 1
        };
        self.text.blank(self.span(first, last));
        last + 1
    }

    /// `(*f)`, `(__user *p)`, `(name)` as opposed to parameters.
    fn opens_declarator(&self, at: usize) -> bool {
        let mut inner = at + 1;
        while self.is_attribute_like(inner) {
            inner += 1;
        }
        self.kind(inner) == Kind::Star
            || self.word(inner) == Some(Word::Ident)
                && matches!(self.kind(inner + 1), Kind::Close(b')') | Kind::Open(_))
                && self.room() != Room::Params
    }

    fn open_brace(&mut self, at: usize) -> usize {
        let room = match self.announced(at) {
            Some(room) => room,
            None if at > 0 && self.kind(at - 1) == Kind::Str => Room::File,
            None if self.top().stage == Stage::Named && self.room().is_body_place() => {
                self.record_function(at);
                Room::Block
            }
            None => Room::Elements,
        };
        self.push(room, at)
    }

    fn record_function(&mut self, open: usize) {
        let top = *self.top();
        if let Some(close) = self.closer(open).filter(|_| top.function) {
            let whole = self.span(top.first as usize, close);
            self.define(Symbol::Function, top.name, whole);
        }
    }

    /// A run of words in a declaration.
    fn specifiers(&mut self, at: usize) -> usize {
        let stage = self.top().stage;
        if stage == Stage::Named && self.old_parameter(at) {
            self.end_item();
            return at;
        }
        let run = self.run_at(at, stage);
        let next = self.kind(run.end);
        let pointer =
            next == Kind::Star || next == Kind::Open(b'(') && self.kind(run.end + 1) == Kind::Star;
        let call = next == Kind::Open(b'(') && !pointer;
        let name = match stage {
            // Old style: the parameters' types stand behind them.
            Stage::Named if run.typed && self.top().function => self.pick_name(&run, call),
            Stage::Named => None,
            _ if run.names.is_empty() || pointer && run.names.len() == 1 && !run.typed => None,
            Stage::Type if pointer => None,
            Stage::Type if !run.typed && run.names.len() == 1 => None,
            _ => self.pick_name(&run, call),
        };
        let needs_type = stage == Stage::Type && !run.typed;
        let ty = if needs_type {
            self.pick_type(&run, name)
        } else {
            None
        };
        for (index, (word, last)) in run.names.iter().enumerate() {
            if Some(index) != name && Some(index) != ty {
                self.drop_attribute(*word, *last);
            }
        }
        let top = self.top();
        top.stage = match stage {
            Stage::Named => Stage::Named,
            _ if name.is_some() => Stage::Named,
            _ if call && ty.is_some() => Stage::Named,
            _ => Stage::Declarator,
        };
        if let Some((word, _)) = name.and_then(|index| run.names.get(index)) {
            self.top().name = *word as u32;
        }
        run.end
    }

    /// `int f(a) u32 a; {`: the type of a parameter behind the parentheses.
    fn old_parameter(&self, at: usize) -> bool {
        let head = self
            .frames
            .last()
            .is_some_and(|frame| frame.room == Room::File && frame.function);
        let declares = match self.kind(at + 1) {
            Kind::Star => true,
            Kind::Word(Word::Ident) => !looks_like_attribute(self.name(at + 1)),
            _ => false,
        };
        let named = self.word(at) == Some(Word::Ident) && !looks_like_attribute(self.name(at));
        head && self.kind(at - 1) == Kind::Close(b')')
            && (self.word(at).is_some_and(Word::is_type) || named && declares)
    }

    /// The name among a run's words: the last before parameters, else the first that is not
    /// spelled like an attribute.
    fn pick_name(&self, run: &Run, call: bool) -> Option<usize> {
        let last = run.names.len().checked_sub(1)?;
        if call || !run.typed && self.top_is_type_stage() {
            // `type name`, `attr type name`: the name is last, but for attributes behind it.
            if call {
                return Some(last);
            }
            let plain = run
                .names
                .iter()
                .rposition(|(word, _)| !looks_like_attribute(self.name(*word)));
            return Some(plain.filter(|at| *at > 0).unwrap_or(last));
        }
        let plain = run
            .names
            .iter()
            .position(|(word, _)| !looks_like_attribute(self.name(*word)));
        Some(plain.unwrap_or(0))
    }

    fn top_is_type_stage(&self) -> bool {
        self.frames
            .last()
            .is_some_and(|frame| frame.stage == Stage::Type)
    }

    /// The type among a run's words: the last before the name that is not spelled like an
    /// attribute.
    fn pick_type(&self, run: &Run, name: Option<usize>) -> Option<usize> {
        let before = name.unwrap_or(run.names.len());
        let candidates = &run.names[..before];
        candidates
            .iter()
            .rposition(|(word, _)| !looks_like_attribute(self.name(*word)))
            .or(before.checked_sub(1))
    }

    /// Collects the run at `at`; attributes that can only be attributes are dropped at once.
    fn run_at(&mut self, at: usize, stage: Stage) -> Run {
        let mut run = Run {
            end: at,
            ..Run::default()
        };
        while let Kind::Word(word) = self.kind(run.end) {
            let at = run.end;
            match word {
                Word::GnuAttribute => run.end = self.gnu_attribute(at),
                Word::Attribute => {
                    let last = self.attribute_end(at);
                    self.drop_attribute(at, last);
                    run.end = last + 1;
                }
                Word::Typeof => {
                    let last = self.parens(at + 1).unwrap_or(at);
                    self.type_name(at, last);
                    run.typed = true;
                    run.end = last + 1;
                }
                Word::Struct | Word::Enum => {
                    run.typed = true;
                    run.end = self.tag(at, word);
                    if self.announced.is_some() {
                        return run;
                    }
                }
                Word::Base => {
                    run.typed = true;
                    run.end += 1;
                }
                Word::Storage | Word::Qualifier => run.end += 1,
                Word::Ident | Word::Iterator | Word::Scoped => {
                    if run.names.len() >= NAMES {
                        return run;
                    }
                    match self.takes_arguments(at, &run, stage) {
                        Some(close) => {
                            run.names.push((at, close));
                            run.end = close + 1;
                        }
                        None => {
                            run.names.push((at, at));
                            run.end += 1;
                        }
                    }
                }
                _ => break,
            }
        }
        run
    }

    /// Whether `name(…)` inside a run is an attribute rather than the name and its parameters.
    fn takes_arguments(&self, at: usize, run: &Run, stage: Stage) -> Option<usize> {
        let close = self.parens(at + 1)?;
        if self.kind(at + 2) == Kind::Star {
            return None;
        }
        let after = stage == Stage::Named
            || matches!(self.kind(at + 2), Kind::Str | Kind::Number)
            || stage == Stage::Type
                && !run.typed
                && looks_like_attribute(self.name(at))
                && self.word(close + 1).is_some_and(Word::is_specifier);
        let before = self.word(close + 1).is_some_and(Word::is_specifier)
            && stage == Stage::Type
            && !run.typed
            && run.names.is_empty();
        let inside = looks_like_attribute(self.name(at))
            && matches!(self.kind(close + 1), Kind::Word(w) if w.is_specifier())
            && !self.is_attribute_like(close + 1);
        (after || before || inside).then_some(close)
    }

    /// `struct tag`: drops attributes in it and announces its body. Gives the next token.
    fn tag(&mut self, at: usize, word: Word) -> usize {
        let mut next = at + 1;
        loop {
            next = match self.word(next) {
                Some(Word::GnuAttribute) => self.gnu_attribute(next),
                Some(Word::Attribute) => {
                    let last = self.attribute_end(next);
                    self.drop_attribute(next, last);
                    last + 1
                }
                Some(Word::Ident)
                    if looks_like_attribute(self.name(next))
                        && self.word(next + 1) == Some(Word::Ident)
                        && self.kind(next + 2) == Kind::Open(b'{') =>
                {
                    self.drop_attribute(next, next);
                    next + 1
                }
                _ => break,
            };
        }
        self.tagged = None;
        if matches!(
            self.word(next),
            Some(Word::Ident | Word::Iterator | Word::Scoped)
        ) {
            self.tagged = Some((at, next));
            next += 1;
        }
        if self.kind(next) == Kind::Open(b'{') && self.closer(next).is_some() {
            self.announced = Some(if word == Word::Enum {
                Room::Enumerators
            } else {
                Room::Members
            });
        }
        next
    }

    /// Text that is a type becomes one identifier.
    pub(super) fn type_name(&mut self, first: usize, last: usize) {
        let whole = self.span(first, last);
        self.text.identifier(whole);
        self.out.type_args.push(whole);
    }

    /// Adjacent words inside an expression can only be a type with attributes: of several names
    /// one stays, and none beside a keyword or tag.
    pub(super) fn type_in_expression(&mut self, at: usize) -> usize {
        let run = self.run_at(at, Stage::None);
        let keep = if run.typed {
            None
        } else {
            self.pick_type(&run, None)
        };
        for (index, (word, last)) in run.names.iter().enumerate() {
            if Some(index) != keep {
                self.drop_attribute(*word, *last);
            }
        }
        run.end.max(at + 1)
    }
}
