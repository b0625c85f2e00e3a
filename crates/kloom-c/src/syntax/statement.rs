//! Statements whose shape hangs on no type, read here so that the parser sees one token for a run
//! of them.
//!
//! Like [`super::plain`], this reads what is written the way statements usually are, node for node
//! as the grammar does, and gives up at everything else.

use super::plain::{Part, Reader};
use super::token::{name_end, skip_blanks, word_end};
use super::{Field, Kind};

/// Statements in more statements than this are left to the grammar.
const MAX_DEPTH: u32 = 40;

/// How many statements are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// One.
    One,
    /// As many as follow each other.
    Many,
}

/// What [`read`] came to.
pub(super) struct Outcome {
    /// The end of what was read, if anything was.
    pub(super) end: Option<usize>,
    /// How far it was looked at.
    pub(super) seen: usize,
}

/// Reads statements that start here and adds their nodes, parents first.
///
/// Labels of a `switch`, and what may belong to a statement before (`else`, the `while` of a `do`),
/// are never the first.
pub(super) fn read(text: &[u8], at: usize, run: Run, nodes: &mut Vec<Part>) -> Outcome {
    let word = &text[at..word_end(text, at)];
    let mut outcome = Outcome {
        end: None,
        seen: at,
    };
    if matches!(word, b"else" | b"while" | b"case" | b"default") {
        return outcome;
    }
    let mut reader = Reader::new(text, at, nodes);
    let mut reader = Statements::new(&mut reader);
    loop {
        let before = reader.reader.nodes.len();
        let read = reader.item();
        outcome.seen = reader.reader.at;
        if read.is_none() {
            reader.reader.nodes.truncate(before);
            return outcome;
        }
        outcome.end = Some(reader.reader.end);
        if run == Run::One || reader.at_label() {
            return outcome;
        }
    }
}

/// Reads statements with a reader of tokens.
pub(super) struct Statements<'r, 't, 'n> {
    reader: &'r mut Reader<'t, 'n>,
    depth: u32,
}

impl<'r, 't, 'n> Statements<'r, 't, 'n> {
    pub(super) fn new(reader: &'r mut Reader<'t, 'n>) -> Statements<'r, 't, 'n> {
        Statements { reader, depth: 0 }
    }

    /// The word that comes next.
    fn word(&mut self) -> &[u8] {
        let reader = &mut *self.reader;
        reader.at = skip_blanks(reader.text, reader.at);
        &reader.text[reader.at..word_end(reader.text, reader.at)]
    }

    /// Whether a label of a `switch` comes next.
    fn at_label(&mut self) -> bool {
        matches!(self.word(), b"case" | b"default")
    }

    /// A statement or a declaration.
    fn item(&mut self) -> Option<()> {
        if self.reader.at_declaration() {
            return self.reader.declaration();
        }
        self.statement()
    }

    fn statement(&mut self) -> Option<()> {
        self.depth += 1;
        let read = if self.depth > MAX_DEPTH {
            None
        } else {
            match self.word() {
                b"" => self.unnamed(),
                b"if" => self.conditional(),
                b"while" => self.headed(Kind::While, 5),
                b"switch" => self.headed(Kind::Switch, 6),
                b"for" => self.counted(),
                b"do" => self.repeated(),
                b"return" => self.returned(),
                b"break" => self.jump(Kind::Break, 5),
                b"continue" => self.jump(Kind::Continue, 8),
                b"goto" => self.goto(),
                _ => self.named(),
            }
        };
        self.depth -= 1;
        read
    }

    /// A statement that starts with no word.
    fn unnamed(&mut self) -> Option<()> {
        match self.reader.next()? {
            b'{' => self.block(Field::None),
            b';' => self.jump(Kind::ExpressionStatement, 0),
            b'+' | b'-' | b'*' | b'(' => self.expression(),
            _ => None,
        }
    }

    /// A node for a word with nothing but a `;` behind it.
    fn jump(&mut self, kind: Kind, length: usize) -> Option<()> {
        let node = self.reader.open(kind, Field::None)?;
        self.reader.skip(length);
        self.close_with_semicolon(node)
    }

    fn close_with_semicolon(&mut self, node: usize) -> Option<()> {
        self.reader.expect(b';')?;
        self.reader.close(node);
        Some(())
    }

    fn goto(&mut self) -> Option<()> {
        let node = self.reader.open(Kind::Goto, Field::None)?;
        self.reader.skip(4);
        self.reader.next()?;
        self.label()?;
        self.close_with_semicolon(node)
    }

    /// The name of a label.
    fn label(&mut self) -> Option<()> {
        let length = name_end(self.reader.text, self.reader.at)? - self.reader.at;
        self.reader
            .leaf(Kind::StatementIdentifier, Field::Label, length)
    }

    fn returned(&mut self) -> Option<()> {
        let node = self.reader.open(Kind::Return, Field::None)?;
        self.reader.skip(6);
        if self.reader.next()? != b';' {
            self.reader.whole(Field::None)?;
        }
        self.close_with_semicolon(node)
    }

    /// `if`, with its `else`.
    fn conditional(&mut self) -> Option<()> {
        let node = self.reader.open(Kind::If, Field::None)?;
        self.reader.skip(2);
        self.reader.head()?;
        self.inner(Field::Consequence)?;
        if self.word() == b"else" {
            let other = self.reader.open(Kind::Else, Field::Alternative)?;
            self.reader.skip(4);
            self.inner(Field::None)?;
            self.reader.close(other);
        }
        self.reader.close(node);
        Some(())
    }

    /// A statement in another one.
    fn inner(&mut self, field: Field) -> Option<()> {
        let first = self.reader.nodes.len();
        self.statement()?;
        self.reader.nodes[first].field = field;
        Some(())
    }

    /// `while` and `switch`.
    fn headed(&mut self, kind: Kind, word: usize) -> Option<()> {
        let node = self.reader.open(kind, Field::None)?;
        self.reader.skip(word);
        self.reader.head()?;
        if kind == Kind::Switch {
            self.cases()?;
        } else {
            self.inner(Field::Body)?;
        }
        self.reader.close(node);
        Some(())
    }

    fn repeated(&mut self) -> Option<()> {
        let node = self.reader.open(Kind::Do, Field::None)?;
        self.reader.skip(2);
        self.inner(Field::Body)?;
        if self.word() != b"while" {
            return None;
        }
        self.reader.skip(5);
        self.reader.head()?;
        self.close_with_semicolon(node)
    }

    fn counted(&mut self) -> Option<()> {
        let node = self.reader.open(Kind::For, Field::None)?;
        self.reader.skip(3);
        self.reader.expect(b'(')?;
        let mut parts = &[
            (Field::Initializer, b';'),
            (Field::Condition, b';'),
            (Field::Update, b')'),
        ][..];
        if self.reader.at_declaration() {
            let first = self.reader.nodes.len();
            self.reader.declaration()?;
            self.reader.nodes[first].field = Field::Initializer;
            parts = &parts[1..];
        }
        for &(field, end) in parts {
            if self.reader.next()? != end {
                self.reader.whole(field)?;
            }
            self.reader.expect(end)?;
        }
        self.inner(Field::Body)?;
        self.reader.close(node);
        Some(())
    }

    /// `{ … }`.
    pub(super) fn block(&mut self, field: Field) -> Option<()> {
        let node = self.reader.open(Kind::Compound, field)?;
        self.reader.skip(1);
        while self.reader.next()? != b'}' {
            self.item()?;
        }
        self.reader.skip(1);
        self.reader.close(node);
        Some(())
    }

    /// The block of a `switch`.
    fn cases(&mut self) -> Option<()> {
        if self.reader.next()? != b'{' {
            return None;
        }
        let block = self.reader.open(Kind::Compound, Field::Body)?;
        self.reader.skip(1);
        while self.reader.next()? != b'}' {
            let label = match self.word() {
                b"case" => 4,
                b"default" => 7,
                _ => return None,
            };
            let case = self.reader.open(Kind::Case, Field::None)?;
            self.reader.skip(label);
            if label == 4 {
                self.reader.next()?;
                self.reader.single(Field::Value)?;
            }
            self.reader.expect(b':')?;
            while !self.at_label() && self.reader.next()? != b'}' {
                self.item()?;
            }
            self.reader.close(case);
        }
        self.reader.skip(1);
        self.reader.close(block);
        Some(())
    }

    /// A label, or an expression that starts with a name.
    fn named(&mut self) -> Option<()> {
        let reader = &mut *self.reader;
        let end = name_end(reader.text, reader.at)?;
        let behind = skip_blanks(reader.text, end);
        if reader.text.get(behind) != Some(&b':') {
            return self.expression();
        }
        let node = reader.open(Kind::Labeled, Field::None)?;
        self.label()?;
        self.reader.expect(b':')?;
        if self.at_label() {
            return None;
        }
        self.statement()?;
        self.reader.close(node);
        Some(())
    }

    fn expression(&mut self) -> Option<()> {
        let node = self.reader.open(Kind::ExpressionStatement, Field::None)?;
        // The prepass' mark in front of a call.
        let marked = self.reader.next() == Some(b'+');
        if marked {
            self.reader.skip(1);
            self.reader.next()?;
        }
        let first = self.reader.nodes.len();
        self.reader.whole(Field::None)?;
        if !is_statement(&self.reader.nodes[first..], marked) {
            return None;
        }
        self.close_with_semicolon(node)
    }
}

/// Whether an expression with `;` behind it is no declaration. `f(a);` may be one without the mark.
fn is_statement(parts: &[Part], marked: bool) -> bool {
    let parts = match parts {
        [whole, rest @ ..] if whole.kind == Kind::Comma => rest,
        _ => parts,
    };
    match parts {
        [whole, ..] if matches!(whole.kind, Kind::Assignment | Kind::Update) => true,
        [whole, callee, ..] if whole.kind == Kind::Call => {
            marked || callee.kind == Kind::FieldAccess
        }
        _ => false,
    }
}
