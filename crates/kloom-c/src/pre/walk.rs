//! The walk over the tokens: keeps the bracket context and changes what the grammar cannot read.
//!
//! The context is a stack of [`Frame`]s, one per open bracket; nothing recurses.

use super::chains::{Chains, Mark};
use super::edit::Text;
use super::frame::{After, Frame, NONE, Room, Stage};
use super::lex::{Kind, Lexed, Token};
use super::model::{ArmFate, Chain, ChainForm, Prepared, Symbol};
use super::view::match_brackets;
use super::words::Word;

/// A chain whose directives may be kept: where it started.
struct OpenChain {
    chain: u32,
    depth: usize,
    /// The least depth seen since.
    low: usize,
    fits: bool,
}

pub(super) struct Walker<'a> {
    pub(super) source: &'a [u8],
    pub(super) tokens: &'a [Token],
    /// The closing bracket of each opening one.
    pub(super) closes: Vec<u32>,
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

impl Walker<'_> {
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
        let Chains {
            list,
            marks,
            decided,
        } = chains;
        let mut marks = marks.iter().copied().peekable();
        let mut at = 0;
        while at < self.tokens.len() {
            while let Some(mark) = marks.next_if(|mark| mark.at as usize <= at) {
                self.mark(mark, list, decided);
            }
            // A token is looked at again when it turned out to start something else; the third
            // look moves on.
            let next = self.step(at);
            let next = if next > at { next } else { self.step(at) };
            at = next.max(at + 1);
        }
        for mark in marks {
            self.mark(mark, list, decided);
        }
    }

    /// A directive of a chain: its directives can stay only where items start.
    fn mark(&mut self, mark: Mark, list: &mut [Chain], decided: &[bool]) {
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
            && decided.get(mark.chain as usize) == Some(&false)
            && chain.arms.iter().all(|arm| arm.fate == ArmFate::Kept)
        {
            chain.form = ChainForm::Tree;
        }
    }

    /// Handles the token at `at` and gives the next one to look at.
    fn step(&mut self, at: usize) -> usize {
        let kind = self.kind(at);
        let top = self.top();
        if matches!(kind, Kind::Close(_)) || top.close as usize == at {
            return self.close(at);
        }
        if top.start {
            match top.room {
                Room::File | Room::Block | Room::Members => {
                    if !top.hangs {
                        top.first = at as u32;
                    }
                    return self.item(at);
                }
                Room::Enumerators => return self.enumerator(at),
                Room::Args => return self.argument(at),
                Room::ForHead => {
                    top.start = false;
                    if self.starts_declaration(at) {
                        self.top().stage = Stage::Type;
                    }
                }
                _ => top.start = false,
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
}
