//! The walk over the tokens: keeps the bracket context and changes what the grammar cannot read.
//!
//! The context is a stack of [`Frame`]s, one per open bracket; nothing recurses.

use super::chains::{Chains, Mark};
use super::edit::Text;
use super::lex::{Kind, Lexed, Token};
use super::model::{
    ArmFate, AttributeUse, BlockKind, BlockMacro, Chain, ChainForm, Definition, Extent, MacroHead,
    MacroUse, Prepared, Symbol,
};
use super::words::{Word, looks_like_attribute, looks_like_iterator};

/// What a bracket holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// The file.
    File,
    /// Statements.
    Block,
    /// Members of a struct or union.
    Members,
    /// Enumerators.
    Enumerators,
    /// An initialiser.
    Elements,
    /// Parameters.
    Params,
    /// A declarator in parentheses.
    Declarator,
    /// Arguments of a call.
    Args,
    /// An expression, a cast, the head of a statement.
    Group,
    /// The head of a `for`.
    ForHead,
    /// A subscript.
    Index,
}

impl Room {
    /// Holds items that end with `;` or a block.
    fn is_list(self) -> bool {
        matches!(self, Room::File | Room::Block | Room::Members)
    }
}

/// How far a declaration has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not in a declaration: an expression.
    None,
    /// Before the type.
    Type,
    /// Between type and name.
    Declarator,
    /// After the name.
    Named,
    /// In an initialiser or a bit-field's width.
    Value,
}

/// One open bracket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) room: Room,
    /// The token that closes it.
    pub(super) close: u32,
    /// At the start of an item.
    pub(super) start: bool,
    /// The item hangs on a head or a label: `if (x)`, `else`, `out:`.
    hangs: bool,
    /// The declaration in it.
    pub(super) stage: Stage,
    /// In a `case`, before its colon.
    case: bool,
    /// `?` that wait for their `:`.
    questions: u32,
    /// First token of the item.
    pub(super) first: u32,
    /// The name that its declaration gives, or [`NONE`].
    pub(super) name: u32,
    /// Parameters follow the name: a function.
    pub(super) function: bool,
    /// What the closing bracket means to the item around it.
    pub(super) after: After,
}

/// What follows a closing bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The rest of the expression or declaration.
    Rest,
    /// The statement that belongs to the head.
    Body,
    /// A new item.
    Item,
}

/// A chain whose directives may be kept: where it started.
struct OpenChain {
    chain: u32,
    depth: usize,
    /// The least depth seen since.
    low: usize,
    fits: bool,
}

pub(super) const NONE: u32 = u32::MAX;

pub(super) struct Walker<'a> {
    pub(super) source: &'a [u8],
    pub(super) tokens: &'a [Token],
    /// The closing bracket of each opening one.
    closes: Vec<u32>,
    pub(super) text: Text,
    pub(super) frames: Vec<Frame>,
    pub(super) out: Prepared,
    /// What the next `{` opens, if a `struct` or `enum` announced it.
    pub(super) announced: Option<Room>,
    /// The `struct` and its tag before an announced body.
    pub(super) tagged: Option<(usize, usize)>,
    open_chains: Vec<OpenChain>,
}

/// Walks over a lexed file.
pub(super) fn walk(source: &[u8], lexed: Lexed, chains: &mut Chains) -> Prepared {
    walk_as(source, lexed, chains, Room::File)
}

/// Walks over text that stands in a `room`.
pub(super) fn walk_as(source: &[u8], lexed: Lexed, chains: &mut Chains, room: Room) -> Prepared {
    let Lexed { text, tokens, .. } = lexed;
    let mut walker = Walker {
        source,
        closes: match_brackets(&tokens),
        tokens: &tokens,
        text: Text(text),
        frames: vec![Frame::new(room, tokens.len() as u32)],
        out: Prepared::default(),
        announced: None,
        tagged: None,
        open_chains: Vec::new(),
    };
    walker.run(chains);
    let Walker { text, mut out, .. } = walker;
    out.text = text.0;
    out
}

/// Finds each bracket's partner; brackets without one have [`NONE`].
fn match_brackets(tokens: &[Token]) -> Vec<u32> {
    let mut closes = vec![NONE; tokens.len()];
    let mut open: Vec<(u32, u8)> = Vec::new();
    // How many of each bracket are open, so that a stray closer drops nothing.
    let mut counts = [0u32; 3];
    let slot = |bracket: u8| match bracket {
        b'(' | b')' => 0,
        b'[' | b']' => 1,
        _ => 2,
    };
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Open(bracket) => {
                open.push((at as u32, bracket));
                counts[slot(bracket)] += 1;
            }
            Kind::Close(bracket) if counts[slot(bracket)] > 0 => {
                while let Some((start, opened)) = open.pop() {
                    counts[slot(opened)] -= 1;
                    if slot(opened) == slot(bracket) {
                        closes[start as usize] = at as u32;
                        break;
                    }
                    // A parenthesis never closed ends with its block; a brace never closed stays
                    // open when only a parenthesis closes.
                    if opened == b'{' {
                        open.push((start, opened));
                        counts[slot(opened)] += 1;
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    closes
}

impl Frame {
    pub(super) fn new(room: Room, close: u32) -> Frame {
        Frame {
            room,
            close,
            start: true,
            hangs: false,
            stage: match room {
                Room::Params => Stage::Type,
                Room::Declarator => Stage::Declarator,
                _ => Stage::None,
            },
            case: false,
            questions: 0,
            first: 0,
            name: NONE,
            function: false,
            after: After::Rest,
        }
    }
}

impl Walker<'_> {
    pub(super) fn kind(&self, at: usize) -> Kind {
        // Past the end everything looks like the end of an item.
        self.tokens.get(at).map_or(Kind::Semi, |token| token.kind)
    }

    pub(super) fn word(&self, at: usize) -> Option<Word> {
        match self.kind(at) {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(super) fn name(&self, at: usize) -> &[u8] {
        self.tokens
            .get(at)
            .map_or(&[], |token| token.extent().of(self.source))
    }

    pub(super) fn extent(&self, at: usize) -> Extent {
        self.tokens
            .get(at)
            .map_or(Extent::default(), |t| t.extent())
    }

    /// From the start of one token to the end of another.
    pub(super) fn span(&self, first: usize, last: usize) -> Extent {
        Extent::new(self.extent(first).start, self.extent(last).end)
    }

    /// The token that closes the bracket at `at`.
    pub(super) fn closer(&self, at: usize) -> Option<usize> {
        let close = *self.closes.get(at)?;
        (close != NONE).then_some(close as usize)
    }

    /// If a parenthesis opens at `at`: the token that closes it.
    pub(super) fn parens(&self, at: usize) -> Option<usize> {
        if self.kind(at) != Kind::Open(b'(') {
            return None;
        }
        self.closer(at)
    }

    pub(super) fn top(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames
                .push(Frame::new(Room::File, self.tokens.len() as u32));
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    pub(super) fn room(&self) -> Room {
        self.frames.last().map_or(Room::File, |frame| frame.room)
    }

    /// Opens the bracket at `at` if it is ever closed, and gives the next token.
    pub(super) fn push(&mut self, room: Room, at: usize) -> usize {
        if let Some(close) = self.closer(at) {
            self.frames.push(Frame::new(room, close as u32));
        }
        at + 1
    }

    /// Opens a parenthesis after which the item does not go on.
    pub(super) fn push_before(&mut self, after: After, room: Room, at: usize) -> usize {
        self.top().start = false;
        let next = self.push(room, at);
        if self.closer(at).is_some() {
            self.top().after = after;
        }
        next
    }

    fn run(&mut self, chains: &mut Chains) {
        let Chains { list, marks } = chains;
        let mut marks = marks.iter().copied().peekable();
        let mut at = 0;
        while at < self.tokens.len() {
            while let Some(mark) = marks.next_if(|mark| mark.at as usize <= at) {
                self.mark(mark, list);
            }
            // A token is looked at again when it turned out to start something else; the third
            // look moves on.
            let next = self.step(at);
            let next = if next > at { next } else { self.step(at) };
            at = next.max(at + 1);
        }
        for mark in marks {
            self.mark(mark, list);
        }
    }

    /// A directive of a chain: its directives can stay only where items start.
    fn mark(&mut self, mark: Mark, list: &mut [Chain]) {
        let depth = self.frames.len();
        let top = *self.top();
        let arm_leads = self.word(mark.at as usize) == Some(Word::Lead)
            && self.name(mark.at as usize) == b"else";
        let fits = top.start && !top.hangs && top.room.is_list() && !arm_leads;
        match self
            .open_chains
            .last_mut()
            .filter(|open| open.chain == mark.chain)
        {
            Some(open) => open.fits &= fits && depth == open.depth,
            None => self.open_chains.push(OpenChain {
                chain: mark.chain,
                depth,
                low: depth,
                fits,
            }),
        }
        if !mark.ends {
            return;
        }
        let Some(open) = self.open_chains.pop() else {
            return;
        };
        if let Some(outer) = self.open_chains.last_mut() {
            outer.low = outer.low.min(open.low);
        }
        if open.fits
            && open.low >= open.depth
            && let Some(chain) = list.get_mut(mark.chain as usize)
            && chain.arms.iter().all(|arm| arm.fate == ArmFate::Kept)
        {
            chain.form = ChainForm::Tree;
        }
    }

    /// Handles the token at `at` and gives the next one to look at.
    fn step(&mut self, at: usize) -> usize {
        let top = *self.top();
        let kind = self.kind(at);
        if matches!(kind, Kind::Close(_)) || top.close as usize == at {
            return self.close(at);
        }
        if top.start {
            match top.room {
                Room::File | Room::Block | Room::Members => {
                    if !top.hangs {
                        self.top().first = at as u32;
                    }
                    return self.item(at);
                }
                Room::Enumerators => return self.enumerator(at),
                Room::Args => return self.argument(at),
                Room::ForHead => {
                    self.top().start = false;
                    if self.starts_declaration(at) {
                        self.top().stage = Stage::Type;
                    }
                }
                _ => self.top().start = false,
            }
        }
        match self.top().stage {
            Stage::None | Stage::Value => self.expression(at),
            _ => self.declaration(at),
        }
    }

    fn close(&mut self, at: usize) -> usize {
        if self.frames.len() < 2 || self.top().close as usize != at {
            // Nothing opened it, or what it closes began inside a bracket that never closes.
            while self.frames.len() > 1 && (self.top().close as usize) < at {
                self.frames.pop();
            }
            return at + 1;
        }
        let Some(frame) = self.frames.pop() else {
            return at + 1;
        };
        self.closed_to_depth();
        if frame.room == Room::Args && self.kind(at - 1) == Kind::Comma {
            self.text.blank(self.extent(at - 1));
        }
        if frame.after != After::Rest {
            self.end_item();
            self.top().hangs = frame.after == After::Body;
            return at + 1;
        }
        let outer = self.top();
        match frame.room {
            Room::Block if outer.room.is_list() => self.end_item(),
            Room::Members | Room::Enumerators if outer.stage != Stage::None => {
                outer.stage = Stage::Declarator;
            }
            Room::Declarator => {
                outer.stage = Stage::Named;
                outer.name = frame.name;
            }
            Room::Args if matches!(outer.room, Room::Elements | Room::Args) => self.separate(at),
            _ => {}
        }
        if self.frames.len() > 1 && self.top().close as usize == at {
            // The block of a statement argument ends with the arguments.
            return self.close(at);
        }
        at + 1
    }

    /// A bracket closed: chains opened inside it cannot keep their directives.
    fn closed_to_depth(&mut self) {
        let depth = self.frames.len();
        if let Some(open) = self.open_chains.last_mut() {
            open.low = open.low.min(depth);
        }
    }

    /// In a list, a macro's closing parenthesis may lack its comma.
    fn separate(&mut self, at: usize) {
        let starts = matches!(
            self.kind(at + 1),
            Kind::Word(Word::Ident) | Kind::Open(b'{') | Kind::Number
        ) || self.kind(at + 1) == Kind::Dot && self.name(at + 1) == b".";
        if starts {
            self.text.insert(self.extent(at).end, b',');
        }
    }

    pub(super) fn end_item(&mut self) {
        let top = self.top();
        *top = Frame {
            start: true,
            hangs: false,
            stage: Stage::None,
            case: false,
            questions: 0,
            name: NONE,
            function: false,
            ..*top
        };
    }

    /// The item goes on as an expression.
    pub(super) fn plain(&mut self) {
        let top = self.top();
        top.start = false;
        top.stage = Stage::None;
    }

    /// The item goes on as a declaration.
    pub(super) fn declare(&mut self, stage: Stage) {
        let top = self.top();
        top.start = false;
        top.stage = stage;
    }

    /// A label or `case` ended: a statement follows.
    pub(super) fn label_ended(&mut self, hangs: bool) {
        self.end_item();
        self.top().hangs = hangs;
    }

    pub(super) fn case_begins(&mut self) {
        self.plain();
        let top = self.top();
        top.case = true;
        top.questions = 0;
    }

    /// Whether a declaration starts here, as opposed to an expression.
    pub(super) fn starts_declaration(&self, at: usize) -> bool {
        match self.word(at) {
            Some(word) if word.is_type() => true,
            Some(Word::Storage | Word::Typeof | Word::GnuAttribute | Word::Attribute) => true,
            Some(Word::Ident) => self.word(at + 1).is_some_and(Word::is_specifier),
            _ => false,
        }
    }

    /// A token inside an expression.
    fn expression(&mut self, at: usize) -> usize {
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

    pub(super) fn operand_before(&self, at: usize) -> bool {
        at > 0 && self.kind(at - 1).ends_operand()
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

    /// Records what a declaration at file scope gives.
    fn record_declaration(&mut self, last: usize) {
        let top = *self.top();
        let first = top.first as usize;
        let symbol = if self.name(first) == b"typedef" {
            Symbol::Typedef
        } else if top.function && top.stage == Stage::Named {
            Symbol::Prototype
        } else {
            return;
        };
        self.define(symbol, top.name, self.span(first, last));
    }

    pub(super) fn define(&mut self, symbol: Symbol, name: u32, whole: Extent) {
        if name != NONE {
            self.out.definitions.push(Definition {
                symbol,
                name: self.extent(name as usize),
                whole,
            });
        }
    }

    /// What the brace at `at` opens if a `struct` or `enum` announced it.
    pub(super) fn announced(&mut self, at: usize) -> Option<Room> {
        let room = self.announced.take()?;
        if let Some((first, tag)) = self.tagged.take()
            && room == Room::Members
            && let Some(close) = self.closer(at)
        {
            self.define(Symbol::Struct, tag as u32, self.span(first, close));
        }
        Some(room)
    }

    fn open_in_expression(&mut self, at: usize, bracket: u8) -> usize {
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
        self.push(room, at)
    }

    /// Records and blanks an attribute: the word at `at` with its arguments up to `last`.
    pub(super) fn drop_attribute(&mut self, at: usize, last: usize) {
        let whole = self.span(at, last);
        self.text.blank(whole);
        self.out.attributes.push(AttributeUse {
            name: self.extent(at),
            whole,
        });
    }

    /// `__attribute__((a, b(1)))` at `at`: records each, blanks all, gives the next token.
    pub(super) fn gnu_attribute(&mut self, at: usize) -> usize {
        let Some(close) = self.parens(at + 1) else {
            self.text.blank(self.extent(at));
            return at + 1;
        };
        let mut inner = at + 3;
        while inner < close {
            let last = self.parens(inner + 1).unwrap_or(inner).min(close);
            if self.word(inner).is_some() {
                let whole = self.span(inner, last);
                self.out.attributes.push(AttributeUse {
                    name: self.extent(inner),
                    whole,
                });
            }
            inner = last + 1;
        }
        self.text.blank(self.span(at, close));
        close + 1
    }

    /// `asm volatile (…)` at `at`: keeps `asm("")`, gives the next token.
    pub(super) fn assembly(&mut self, at: usize, keep: bool) -> usize {
        let mut open = at + 1;
        while self.word(open).is_some() {
            open += 1;
        }
        let Some(close) = self.parens(open) else {
            return at + 1;
        };
        let whole = self.span(at, close);
        let inner = Extent::new(self.extent(open).end, self.extent(close).start);
        self.out.asm.push(inner);
        if keep {
            self.text
                .blank(Extent::new(self.extent(at).end, self.extent(open).start));
            self.text.blank(inner);
            self.text.place(inner, b"\"\"");
        } else {
            self.text.blank(whole);
        }
        close + 1
    }

    /// Writes `;` after the token at `at`.
    pub(super) fn end_statement(&mut self, at: usize) {
        self.text.insert(self.extent(at).end, b';');
    }

    /// The arguments between two parentheses, trimmed; the text of each is one extent.
    pub(super) fn arguments(&self, open: usize, close: usize) -> Vec<Extent> {
        let mut list = Vec::new();
        let mut first = open + 1;
        while first < close {
            let end = self.argument_end(first, close);
            list.push(if end > first {
                self.span(first, end - 1)
            } else {
                Extent::new(self.extent(end).start, self.extent(end).start)
            });
            first = end + 1;
        }
        list
    }

    /// The comma or parenthesis that ends the argument starting at `first`.
    pub(super) fn argument_end(&self, first: usize, close: usize) -> usize {
        let mut at = first;
        while at < close && self.kind(at) != Kind::Comma {
            at = self.closer(at).unwrap_or(at) + 1;
        }
        at.min(close)
    }

    pub(super) fn record_macro(&mut self, name: usize, whole: Extent, open: usize, close: usize) {
        let args = self.arguments(open, close);
        self.out.top_macros.push(MacroUse {
            name: self.extent(name),
            whole,
            args,
        });
    }

    pub(super) fn record_head(&mut self, head: MacroHead) {
        self.out.heads.push(head);
    }

    /// Makes a loop keyword of the macro at `at`; its head opens at `open`.
    pub(super) fn block_macro(&mut self, at: usize, open: usize, kind: BlockKind) -> usize {
        let name = self.extent(at);
        self.out.blocks.push(BlockMacro { name, kind });
        let Some(close) = self.closer(open) else {
            return open;
        };
        let word: &[u8] = if name.end - name.start < 5 {
            b"if"
        } else {
            b"while"
        };
        if open + 1 == close {
            // An empty head is no condition: `while (0)` fits when the name is long enough.
            let head: &[u8] = if word == b"if" { b"if(0)" } else { b"while(0)" };
            self.text.replace(self.span(at, close), head);
        } else {
            self.text.replace(name, word);
        }
        self.push_before(After::Body, Room::Args, open)
    }

    /// Iterator, guarded block or neither, by name.
    pub(super) fn block_kind(&self, at: usize) -> Option<BlockKind> {
        match self.word(at) {
            Some(Word::Iterator) => Some(BlockKind::Iterator),
            Some(Word::Scoped) => Some(BlockKind::Scoped),
            _ if looks_like_iterator(self.name(at)) => Some(BlockKind::Iterator),
            _ => None,
        }
    }

    pub(super) fn is_attribute_like(&self, at: usize) -> bool {
        match self.word(at) {
            Some(Word::Attribute | Word::GnuAttribute) => true,
            Some(Word::Ident) => looks_like_attribute(self.name(at)),
            _ => false,
        }
    }
}
