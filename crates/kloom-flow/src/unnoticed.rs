//! Failures that are tested for and leave nothing behind: a message at most.
//!
//! After such a test nothing can tell the two cases apart but the pointer itself, so that any
//! condition that lets a good one through to a use lets the error through, too.

use crate::analysis::Creation;
use crate::context::Context;
use crate::liveness::Liveness;
use kloom_facts::{Effect, Verb};
use kloom_ir::{Base, Block, BlockId, Callee, Function, Instr, InstrKind, PlaceId, Terminator};

/// Most blocks of one arm that are looked at.
const MAX_BLOCKS: usize = 16;

/// Whether every test of the creation has an arm that only prints and comes back to the other.
pub(crate) fn is_unnoticed(cx: &Context<'_>, creation: &Creation) -> bool {
    if creation.tested.is_empty() {
        return false;
    }
    let f = cx.unit.function(creation.function);
    let live = Liveness::of(f);
    let arms = Arms { cx, f, live };
    creation.tested.iter().all(|test| {
        let asks = |b: &&Block| {
            let instr = b.instrs.iter().any(|i| i.span == *test);
            matches!(b.term, Terminator::Branch { span, .. } if instr || span == *test)
        };
        let mut blocks = f.blocks.iter().filter(asks).peekable();
        blocks.peek().is_some() && blocks.all(|b| arms.are_quiet(b))
    })
}

struct Arms<'a> {
    cx: &'a Context<'a>,
    f: &'a Function,
    live: Liveness,
}

impl Arms<'_> {
    fn are_quiet(&self, block: &Block) -> bool {
        match block.term {
            Terminator::Branch {
                then, otherwise, ..
            } => self.come_back(then, otherwise) || self.come_back(otherwise, then),
            _ => false,
        }
    }

    /// Whether every way from one block leads to the other and changes nothing.
    fn come_back(&self, from: BlockId, to: BlockId) -> bool {
        let mut todo = vec![from];
        let mut seen = vec![to];
        while let Some(id) = todo.pop() {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            let block = self.f.block(id);
            let next = block.term.successors();
            let quiet = |i: &Instr| self.changes_nothing(&i.kind, to);
            if seen.len() > MAX_BLOCKS || next.is_empty() || !block.instrs.iter().all(quiet) {
                return false;
            }
            todo.extend(next);
        }
        true
    }

    fn changes_nothing(&self, kind: &InstrKind, to: BlockId) -> bool {
        // Nobody asks a variable that is dead.
        let dead = |place: PlaceId| match self.f.places.get(place).base {
            Base::Local(local) => !self.live.is_live(local, to),
            _ => false,
        };
        match kind {
            InstrKind::Assign { dst, .. } => dead(*dst),
            InstrKind::Eval(_) | InstrKind::ScopeEnd(_) => true,
            InstrKind::Call(call) => {
                let Callee::Named(name) = call.callee else {
                    return false;
                };
                let only_says = self.cx.fact(name).is_some_and(|fact| {
                    let says = |e: &Effect| matches!(e.verb, Verb::Print | Verb::DecodesError);
                    !fact.effects.is_empty() && fact.effects.iter().all(says)
                });
                only_says && call.dst.is_none_or(dead)
            }
            InstrKind::Opaque { .. } | InstrKind::Wait { .. } => false,
        }
    }
}
