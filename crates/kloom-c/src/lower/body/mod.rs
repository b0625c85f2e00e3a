//! One function while it is built: blocks, locals, names in scope, labels, cleanups.

mod parameters;
mod scope;

use scope::{Cleanup, CleanupId};

use super::text::Text;
use super::tidy::tidy;
use super::unit::Lowering;
use crate::syntax::Node;
use kloom_diag::Span;
use kloom_ir::{
    Base, Block, BlockId, Expr, Function, Instr, InstrKind, Label, LabelKind, Linkage, Local,
    LocalId, Name, Origin, PlaceId, Places, SwitchArm, Terminator, TypeId,
};
use rustc_hash::FxHashMap;

/// A block that may still lack its end.
#[derive(Default)]
struct Draft {
    labels: Vec<Label>,
    instrs: Vec<Instr>,
    term: Option<Terminator>,
}

/// A label of the function.
struct LabelState {
    block: BlockId,
    /// The cleanups at the label, once it has been seen.
    placed: Option<Option<CleanupId>>,
}

/// A `goto` whose cleanups are added when its label is known.
struct PendingGoto {
    block: BlockId,
    label: Name,
    cleanups: Option<CleanupId>,
    written: Option<Span>,
}

/// Where `break`, `continue` and `case` belong.
pub(super) struct Frame {
    /// The block after it, made when something leads there.
    pub after: Option<BlockId>,
    /// Where `continue` leads; `None` for a switch.
    pub next: Option<BlockId>,
    /// The arms of a switch.
    pub arms: Option<Arms>,
    /// The cleanups outside.
    pub cleanups: Option<CleanupId>,
}

/// The arms of a switch found so far.
#[derive(Default)]
pub(super) struct Arms {
    /// The cases in order.
    pub cases: Vec<SwitchArm>,
    /// The default.
    pub default: Option<BlockId>,
}

/// One function on its way to a [`Function`].
pub(super) struct Body<'b, 'a> {
    /// The unit it belongs to.
    pub cx: &'b mut Lowering<'a>,
    /// The piece its text stands in.
    pub text: &'b Text<'b>,
    /// Access paths.
    pub places: Places,
    /// Enclosing loops and switches.
    pub frames: Vec<Frame>,
    /// Function definitions found inside.
    pub nested: Vec<Node>,
    /// How deep the node being read lies.
    pub depth: u32,
    /// Opaque parts so far.
    pub opaque: u32,
    params: u32,
    locals: Vec<Local>,
    blocks: Vec<Draft>,
    current: Option<BlockId>,
    names: FxHashMap<Name, LocalId>,
    shadowed: Vec<(Name, Option<LocalId>)>,
    labels: FxHashMap<Name, LabelState>,
    gotos: Vec<PendingGoto>,
    /// Labels whose address is taken.
    taken: Vec<BlockId>,
    /// From here computed jumps lead to any of them.
    dispatch: Option<BlockId>,
    cleanups: Vec<Cleanup>,
    top: Option<CleanupId>,
}

impl<'b, 'a> Body<'b, 'a> {
    /// An empty body with its entry open.
    pub(super) fn new(cx: &'b mut Lowering<'a>, text: &'b Text<'b>) -> Self {
        let mut body = Body {
            cx,
            text,
            places: Places::default(),
            frames: Vec::new(),
            nested: Vec::new(),
            depth: 0,
            opaque: 0,
            params: 0,
            locals: Vec::new(),
            blocks: Vec::new(),
            current: None,
            names: FxHashMap::default(),
            shadowed: Vec::new(),
            labels: FxHashMap::default(),
            gotos: Vec::new(),
            taken: Vec::new(),
            dispatch: None,
            cleanups: Vec::new(),
            top: None,
        };
        let entry = body.new_block();
        body.start(entry);
        body
    }

    // --- locals ---

    /// Adds a local and brings its name into scope.
    pub(super) fn declare(&mut self, name: Option<Name>, ty: TypeId, span: Span) -> LocalId {
        let id = LocalId(self.locals.len() as u32);
        self.locals.push(Local {
            name,
            ty,
            span,
            is_static: false,
        });
        if let Some(name) = name {
            let outer = self.names.insert(name, id);
            self.shadowed.push((name, outer));
        }
        id
    }

    /// Says that a local lives on between calls.
    pub(super) fn make_static(&mut self, id: LocalId) {
        if let Some(local) = self.locals.get_mut(id.0 as usize) {
            local.is_static = true;
        }
    }

    /// The local that a name stands for here.
    pub(super) fn local_named(&self, name: Name) -> Option<LocalId> {
        self.names.get(&name).copied()
    }

    /// What a local is called.
    pub(super) fn local_name(&self, id: LocalId) -> Option<Name> {
        self.locals.get(id.0 as usize).and_then(|l| l.name)
    }

    /// The place of a local.
    pub(super) fn local_place(&mut self, id: LocalId) -> PlaceId {
        let ty = self.locals.get(id.0 as usize).map(|l| l.ty);
        let ty = ty.unwrap_or(TypeId::UNKNOWN);
        self.places.intern(Base::Local(id), ty)
    }

    /// A new temporary.
    pub(super) fn temporary(&mut self, ty: TypeId, span: Span) -> PlaceId {
        let id = self.declare(None, ty, span);
        self.local_place(id)
    }

    // --- blocks ---

    /// A new block that nothing leads to yet.
    pub(super) fn new_block(&mut self) -> BlockId {
        let id = BlockId(self.blocks.len() as u32);
        self.blocks.push(Draft::default());
        id
    }

    /// Goes on in this block.
    pub(super) fn start(&mut self, block: BlockId) {
        self.current = Some(block);
    }

    /// Whether the text being read can follow what was read before.
    pub(super) fn is_open(&self) -> bool {
        self.current.is_some()
    }

    /// The current block; after a jump a new one that nothing leads to.
    pub(super) fn here(&mut self) -> BlockId {
        match self.current {
            Some(block) => block,
            None => {
                let block = self.new_block();
                self.current = Some(block);
                block
            }
        }
    }

    /// Adds an instruction.
    pub(super) fn push(&mut self, kind: InstrKind, span: Span) {
        let block = self.here();
        self.push_to(block, kind, span);
    }

    fn push_to(&mut self, block: BlockId, kind: InstrKind, span: Span) {
        if let Some(draft) = self.blocks.get_mut(block.0 as usize) {
            draft.instrs.push(Instr { kind, span });
        }
    }

    /// Adds an assignment.
    pub(super) fn assign(&mut self, dst: PlaceId, src: Expr, span: Span) {
        self.push(InstrKind::Assign { dst, src }, span);
    }

    /// Ends the current block; what follows starts nowhere until a block is started.
    pub(super) fn end(&mut self, term: Terminator) {
        let block = self.here();
        self.end_block(block, term);
        self.current = None;
    }

    fn end_block(&mut self, block: BlockId, term: Terminator) {
        if let Some(draft) = self.blocks.get_mut(block.0 as usize) {
            draft.term = Some(term);
        }
    }

    /// Leads on to `to`, if this point can be reached by falling through.
    pub(super) fn flow_to(&mut self, to: BlockId) {
        if self.is_open() {
            self.end(Terminator::Goto { to, written: None });
        }
    }

    /// Leads on to the block in `join`, which is made when the first path gets there.
    pub(super) fn join(&mut self, join: &mut Option<BlockId>) {
        if self.is_open() {
            let to = match *join {
                Some(to) => to,
                None => self.new_block(),
            };
            *join = Some(to);
            self.flow_to(to);
        }
    }

    /// Goes on where `join` leads; nowhere if no path got there.
    pub(super) fn start_join(&mut self, join: Option<BlockId>) {
        self.current = join;
    }

    /// Leaves the current block open; its end is set later.
    pub(super) fn suspend(&mut self) {
        self.current = None;
    }

    /// Reads something that is never run: it stands in blocks that nothing leads to.
    pub(super) fn never_run<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let current = self.current.take();
        let blocks = self.blocks.len();
        let result = read(self);
        if self.is_open() {
            self.end(Terminator::Unreachable);
        }
        debug_assert!(self.blocks.len() >= blocks);
        self.current = current;
        result
    }

    // --- labels ---

    /// The block a label stands for, wherever it is.
    pub(super) fn label_block(&mut self, name: Name) -> BlockId {
        if let Some(state) = self.labels.get(&name) {
            return state.block;
        }
        let block = self.new_block();
        let placed = None;
        self.labels.insert(name, LabelState { block, placed });
        block
    }

    /// Places a named label here.
    pub(super) fn place_label(&mut self, name: Name, span: Span) {
        let mut block = self.label_block(name);
        let top = self.top;
        match self.labels.get_mut(&name) {
            Some(state) if state.placed.is_none() => state.placed = Some(top),
            // The other arm of an `#if` has it too.
            _ => block = self.new_block(),
        }
        self.flow_to(block);
        self.start(block);
        self.add_label(LabelKind::Named(name), span);
    }

    /// Starts a new block for a `case` or `default` and gives it.
    pub(super) fn place_case(&mut self, kind: LabelKind, span: Span) -> BlockId {
        let block = self.new_block();
        self.flow_to(block);
        self.start(block);
        self.add_label(kind, span);
        block
    }

    fn add_label(&mut self, kind: LabelKind, span: Span) {
        let block = self.here();
        if let Some(draft) = self.blocks.get_mut(block.0 as usize) {
            draft.labels.push(Label { kind, span });
        }
    }

    /// Whether the function has this label, as far as it was read or jumped to.
    pub(super) fn is_label(&self, name: Name) -> bool {
        self.labels.contains_key(&name)
    }

    /// Notes that the address of a label is taken: a computed jump may lead there.
    pub(super) fn take_label(&mut self, name: Name) {
        let block = self.label_block(name);
        if !self.taken.contains(&block) {
            self.taken.push(block);
        }
    }

    /// The block from which computed jumps go on.
    pub(super) fn dispatch(&mut self) -> BlockId {
        match self.dispatch {
            Some(block) => block,
            None => {
                let block = self.new_block();
                self.dispatch = Some(block);
                block
            }
        }
    }

    /// Ends the current block with a jump to a label.
    pub(super) fn goto(&mut self, label: Name, written: Option<Span>) {
        self.label_block(label);
        let block = self.here();
        let cleanups = self.top;
        self.gotos.push(PendingGoto {
            block,
            label,
            cleanups,
            written,
        });
        self.current = None;
    }

    // --- the end ---

    /// Closes what is open and gives the function; head and types are the caller's.
    pub(super) fn finish(mut self, name: Name, span: Span) -> Function {
        if self.is_open() {
            let brace = Span::new(span.file, span.end.saturating_sub(1), span.end);
            self.end(Terminator::Return {
                value: None,
                span: brace,
                written: None,
            });
        }
        for goto in std::mem::take(&mut self.gotos) {
            let Some(label) = self.labels.get(&goto.label) else {
                continue;
            };
            let to = label.block;
            let outer = match label.placed {
                Some(cleanups) => self.shared(goto.cleanups, cleanups),
                None => goto.cleanups,
            };
            self.cleanups_into(goto.block, goto.cleanups, outer);
            let written = goto.written;
            self.end_block(goto.block, Terminator::Goto { to, written });
        }
        if let Some(dispatch) = self.dispatch {
            let taken = std::mem::take(&mut self.taken);
            self.end_block(dispatch, Terminator::Either(taken));
        }
        let block = |draft: Draft| Block {
            labels: draft.labels,
            instrs: draft.instrs,
            // Only a label that is nowhere leaves its block without an end.
            term: draft.term.unwrap_or(Terminator::Unreachable),
        };
        Function {
            name,
            span,
            name_span: span,
            origin: Origin::File,
            linkage: Linkage::Static,
            attributes: Vec::new(),
            returns: TypeId::UNKNOWN,
            params: self.params,
            locals: self.locals,
            places: self.places,
            blocks: tidy(self.blocks.into_iter().map(block).collect()),
            opaque: self.opaque,
        }
    }
}
