//! Failures that are tested for and leave nothing behind: a message at most.
//!
//! After such a test nothing can tell the two cases apart but the pointer itself, so that any
//! condition that lets a good one through to a use lets the error through, too.

use crate::analysis::Creation;
use crate::context::Context;
use kloom_facts::{Effect, Verb};
use kloom_ir::{Base, Block, BlockId, Callee, Function, InstrKind, PlaceId, Terminator};

/// Most blocks of one arm that are looked at.
const MAX_BLOCKS: usize = 16;

/// Whether every test of the creation has an arm that only prints and comes back to the other.
pub(crate) fn is_unnoticed(cx: &Context<'_>, creation: &Creation) -> bool {
    let f = cx.unit.function(creation.function);
    !creation.tested.is_empty()
        && creation.tested.iter().all(|test| {
            let asks = |b: &&Block| {
                let instr = b.instrs.iter().any(|i| i.span == *test);
                matches!(b.term, Terminator::Branch { span, .. } if instr || span == *test)
            };
            let mut blocks = f.blocks.iter().filter(asks).peekable();
            blocks.peek().is_some() && blocks.all(|b| is_quiet(cx, f, b))
        })
}

fn is_quiet(cx: &Context<'_>, f: &Function, block: &Block) -> bool {
    match block.term {
        Terminator::Branch {
            then, otherwise, ..
        } => returns_quietly(cx, f, then, otherwise) || returns_quietly(cx, f, otherwise, then),
        _ => false,
    }
}

/// Whether every way from one block leads to the other and changes nothing.
fn returns_quietly(cx: &Context<'_>, f: &Function, from: BlockId, to: BlockId) -> bool {
    let mut todo = vec![from];
    let mut seen = vec![to];
    while let Some(id) = todo.pop() {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        let block = f.block(id);
        let next = block.term.successors();
        let quiet = |i: &kloom_ir::Instr| changes_nothing(cx, f, &i.kind);
        if seen.len() > MAX_BLOCKS || next.is_empty() || !block.instrs.iter().all(quiet) {
            return false;
        }
        todo.extend(next);
    }
    true
}

fn changes_nothing(cx: &Context<'_>, f: &Function, kind: &InstrKind) -> bool {
    // A variable with a name may be asked later.
    let temporary = |place: PlaceId| match f.places.get(place).base {
        Base::Local(local) => f.local(local).name.is_none(),
        _ => false,
    };
    match kind {
        InstrKind::Assign { dst, .. } => temporary(*dst),
        InstrKind::Eval(_) | InstrKind::ScopeEnd(_) => true,
        InstrKind::Call(call) => {
            let Callee::Named(name) = call.callee else {
                return false;
            };
            let only_says = cx.fact(name).is_some_and(|fact| {
                let says = |e: &Effect| matches!(e.verb, Verb::Print | Verb::DecodesError);
                !fact.effects.is_empty() && fact.effects.iter().all(says)
            });
            only_says && call.dst.is_none_or(temporary)
        }
        InstrKind::Opaque { .. } | InstrKind::Wait { .. } => false,
    }
}
