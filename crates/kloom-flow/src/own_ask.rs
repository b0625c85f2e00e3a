//! What conditions ask, as far as it says which allocations a path still has.

use crate::body::Body;
use crate::memory::Cell;
use crate::owned::Topic;
use crate::state::State;
use crate::value::{CellId, Point, Sym};
use kloom_diag::Span;
use kloom_ir::{Base, BlockId, Expr, Type, UnOp};
use rustc_hash::FxHasher;
use std::hash::Hasher;

impl Body<'_> {
    /// What an expression is computed from: who asks about the one asks about the other.
    pub fn topics(&mut self, state: &mut State, src: &Expr, span: Span) -> Vec<Topic> {
        let mut topics = Vec::new();
        if self.memory {
            self.asks(state, src, true, span, &mut topics);
        }
        topics
    }

    /// Notes the conditions on a path, for allocations that are under way.
    pub fn turns(
        &mut self,
        state: &mut State,
        cond: &Expr,
        about: Option<Sym>,
        told: bool,
        at: (BlockId, Point),
        span: Span,
    ) {
        if !self.memory {
            return;
        }
        // `if (p)`, `if (!p)`.
        let plain = match cond {
            Expr::Unary(UnOp::Not, inner) => matches!(**inner, Expr::Read(_)),
            _ => matches!(cond, Expr::Read(_)),
        };
        let mut about = about;
        while let Some(link) = about.and_then(|sym| state.info(sym).link) {
            about = Some(link.of);
        }
        // A pointer that a caller may leave out goes with other arguments, as the callers know.
        let optional = |sym| match sym {
            Sym::Init(cell) => match self.cells.get(cell) {
                Cell::Local(local) if local.0 < self.f.params => {
                    let ty = self.cx.unit.types.get(self.f.local(local).ty);
                    matches!(ty, Type::Pointer(_))
                }
                _ => false,
            },
            _ => false,
        };
        if !told && plain && about.is_some_and(optional) {
            state.owned.give_up();
        }
        let mut topics = Vec::new();
        if !told && !self.asks(state, cond, about.is_some(), span, &mut topics) {
            topics.clear();
            // How far a loop came says what it did.
            if !self.loops.is_left_from(at.0, self.f) {
                state.owned.give_up();
            }
        }
        // What is in an object may say where it went.
        for topic in &topics {
            if let Topic::Cell(cell) = topic
                && let Cell::Object(object) = self.cells.get(self.cells.root(*cell))
                && !self.loops.is_left_from(at.0, self.f)
            {
                state.owned.settle(object);
            }
        }
        let asks = (!told).then_some((topics.as_slice(), at.1));
        state.owned.turn(span, about, asks);
    }

    /// What a condition asks about; `false` for one that counts. If it cannot be `read`, nothing
    /// is known any more of the objects it compares.
    fn asks(
        &mut self,
        state: &mut State,
        cond: &Expr,
        read: bool,
        span: Span,
        topics: &mut Vec<Topic>,
    ) -> bool {
        match cond {
            Expr::Read(place) => {
                if let Base::Local(local) = self.f.places.get(*place).base {
                    if self.counters.contains(&local) {
                        return false;
                    }
                    if self.f.local(local).name.is_none() {
                        let mut hasher = FxHasher::default();
                        hasher.write(self.cx.unit.files.slice(span));
                        topics.push(Topic::Text(hasher.finish()));
                        return true;
                    }
                }
                let cell = self.cell(state, *place, span);
                if !read {
                    let compared = state.read(&self.cells, cell);
                    state.owned.blur(&self.cells, compared);
                }
                topics.push(Topic::Cell(cell));
                self.read_back(cell);
                true
            }
            Expr::Config(n) => {
                topics.push(Topic::Text(u64::from(*n)));
                true
            }
            Expr::Unary(_, inner) | Expr::Cast(_, inner) => {
                self.asks(state, inner, read, span, topics)
            }
            Expr::Binary(_, a, b) => {
                self.asks(state, a, read, span, topics) && self.asks(state, b, read, span, topics)
            }
            _ => true,
        }
    }

    /// A condition asks about an element that has got an allocation: perhaps that one.
    fn read_back(&mut self, cell: CellId) {
        for (_, id) in self.shelved.iter().filter(|(at, _)| *at == cell) {
            self.found.allocations[id.0 as usize].judged = true;
        }
    }
}
