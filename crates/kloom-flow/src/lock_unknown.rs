//! Locks and code that nobody knows: what is not in sight may have a hand in them.

use crate::body::Body;
use crate::call::Site;
use crate::callgraph;
use crate::locks::{Held, LockId};
use crate::memory::Cell;
use crate::state::State;
use crate::summary::LockDelta;
use crate::value::Sym;
use kloom_diag::Span;
use kloom_facts::Returns;
use kloom_ir::{Call, Callee, FunctionId, InstrKind, Name, Origin, Terminator, Type};

impl Body<'_> {
    /// A call that is handed the address of a lock that is held may do anything with it.
    pub fn lock_handed_on(&mut self, state: &mut State, site: &Site<'_>) {
        for arg in site.args {
            let cell = match *arg {
                Sym::Addr(cell) => cell,
                Sym::Unknown | Sym::Const(_) | Sym::Class(_) => continue,
                object => self.cells.intern(Cell::Object(object)),
            };
            for held in &mut state.locks.held {
                held.sure &= !matches!(held.id, LockId::Cell(lock, _) if lock == cell);
            }
        }
    }

    /// A callee that nobody knows. One whose name speaks of locks is not neutral.
    pub fn unknown_callee(&mut self, state: &mut State, site: &Site<'_>, name: Option<Name>) {
        if self.shapes.is_none() {
            return;
        }
        self.lock_handed_on(state, site);
        let span = site.call.callee_span;
        let text = match name {
            Some(name) => self.cx.unit.names.text(name).as_bytes(),
            None => self.cx.unit.files.slice(span),
        };
        state.locks.touch();
        if !state.locks.held.is_empty() && self.may_reach_locks(state, site) {
            state.locks.suspect(span);
            self.suspects.insert(site.point);
        }
        if speaks_of_locks(text) {
            state.locks.doubt_all();
        }
    }

    /// Whether what a call is handed can lead to a lock that is held, or everybody knows that one.
    fn may_reach_locks(&self, state: &State, site: &Site<'_>) -> bool {
        let leads = |arg: &Sym| {
            !matches!(
                arg,
                Sym::Const(_) | Sym::Class(_) | Sym::Named(_) | Sym::Function(_) | Sym::Config(_)
            )
        };
        let is_global = |held: &Held| match held.id {
            LockId::Cell(cell, _) => {
                matches!(self.cells.get(self.cells.root(cell)), Cell::Global(_))
            }
            LockId::Only(_) | LockId::Class(..) => true,
        };
        site.args.iter().any(leads) || state.locks.held.iter().any(is_global)
    }

    /// A function of the unit that speaks of locks and seems to do nothing to them: what it does
    /// is done by others.
    pub fn is_dubious(&self, callee: FunctionId, delta: &LockDelta) -> bool {
        let unit = self.cx.unit;
        let f = unit.function(callee);
        let others = |name| unit.named(name).is_empty() && self.cx.fact(name).is_none();
        *delta == LockDelta::default()
            && self.shapes.is_some()
            && speaks_of_locks(unit.names.text(f.name).as_bytes())
            && callgraph::calls(f).any(others)
    }

    /// The arguments of macros that are statements: when and how often those run, and with which
    /// locks, cannot be told.
    pub fn find_commands(&self) -> Vec<Span> {
        let mut out = Vec::new();
        let calls = self.f.blocks.iter().flat_map(|b| &b.instrs);
        let voids: Vec<Span> = calls
            .filter_map(|instr| match &instr.kind {
                InstrKind::Call(call) if self.gives_nothing(call) => Some(call.callee_span),
                _ => None,
            })
            .collect();
        for instr in self.f.blocks.iter().flat_map(|b| &b.instrs) {
            let InstrKind::Call(call) = &instr.kind else {
                continue;
            };
            let Callee::Named(name) = call.callee else {
                continue;
            };
            let unit = self.cx.unit;
            let mut own = unit.named(name).iter().map(|f| unit.function(*f));
            if own.any(|f| f.origin == Origin::Macro)
                || self.cx.fact(name).is_some_and(|f| f.condition.is_some())
            {
                out.extend(call.args.iter().map(|arg| arg.span).filter(|span| {
                    let text = unit.files.slice(*span);
                    let is_statement = text.ends_with(b")") || text.contains(&b';');
                    is_statement
                        && (speaks_of_locks(text) || voids.iter().any(|v| within(*v, *span)))
                }));
            }
        }
        out
    }

    /// Whether a call can only be a statement.
    fn gives_nothing(&self, call: &Call) -> bool {
        let Callee::Named(name) = call.callee else {
            return false;
        };
        let unit = self.cx.unit;
        match unit.named(name) {
            [] => self
                .cx
                .fact(name)
                .is_some_and(|f| f.returns == Returns::Void),
            own => own.iter().all(|f| {
                let f = unit.function(*f);
                match f.origin {
                    Origin::Macro => !f
                        .blocks
                        .iter()
                        .any(|b| matches!(b.term, Terminator::Return { value: Some(_), .. })),
                    _ => matches!(unit.types.get(f.returns), Type::Void),
                }
            }),
        }
    }

    /// Whether a call stands in such an argument.
    pub fn is_command(&self, span: Span) -> bool {
        self.commands.iter().any(|command| within(span, *command))
    }
}

fn within(inner: Span, outer: Span) -> bool {
    inner.file == outer.file && outer.start <= inner.start && inner.end <= outer.end
}

/// Whether a name says that it takes or gives back something.
fn speaks_of_locks(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let has = |word: &[u8]| name.windows(word.len()).any(|w| w == word);
    // A block and a clock are no locks.
    let lock = name
        .windows(4)
        .enumerate()
        .any(|(at, w)| w == b"lock" && !(at > 0 && matches!(name[at - 1], b'b' | b'c')));
    lock || has(b"release") || has(b"acquire") || has(b"mutex")
}
