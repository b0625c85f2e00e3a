//! Loops, and which locals they hand on: what a loop that runs zero times has not done.

use kloom_ir::{Base, BlockId, Expr, Function, InstrKind, LocalId, Terminator};
use rustc_hash::{FxHashMap, FxHashSet};

/// For the head of each loop, the locals whose values its body hands to callees or stores.
#[derive(Debug, Default)]
pub(crate) struct Loops {
    by_head: FxHashMap<BlockId, Loop>,
}

#[derive(Debug, Default)]
struct Loop {
    body: Vec<BlockId>,
    /// Those of it that are left when something has been counted far enough, the head among them.
    ends: Vec<BlockId>,
    hands_on: Vec<LocalId>,
}

impl Loops {
    /// The loops of a function, `rank` being the place of each block in reverse postorder.
    pub fn of(f: &Function, rank: &[u32], counters: &FxHashSet<LocalId>) -> Loops {
        let mut before: Vec<Vec<BlockId>> = vec![Vec::new(); f.blocks.len()];
        let mut back = Vec::new();
        for (from, block) in f.blocks.iter().enumerate() {
            for to in block.term.successors() {
                let from = BlockId(from as u32);
                before[to.0 as usize].push(from);
                let (low, high) = (rank[to.0 as usize], rank[from.0 as usize]);
                if low <= high && high != u32::MAX {
                    back.push((from, to));
                }
            }
        }
        let counted = computed_from(f, counters);
        let mut loops = Loops::default();
        for (from, head) in back {
            let found = loops.by_head.entry(head).or_default();
            let mut todo = vec![from];
            while let Some(block) = todo.pop() {
                // What cannot come from the head is another way in.
                if rank[block.0 as usize] < rank[head.0 as usize] || found.body.contains(&block) {
                    continue;
                }
                found.body.push(block);
                if block != head {
                    todo.extend(&before[block.0 as usize]);
                }
            }
        }
        for (head, found) in &mut loops.by_head {
            for id in &found.body {
                let mut asked = Vec::new();
                if let Terminator::Branch { cond, .. } = &f.block(*id).term {
                    locals_in(f, cond, &mut asked);
                }
                if id == head || asked.iter().any(|local| counted.contains(local)) {
                    found.ends.push(*id);
                }
                for instr in &f.block(*id).instrs {
                    hands_on(f, &instr.kind, &mut found.hands_on);
                }
            }
        }
        loops
    }

    /// The locals that matter if the edge leaves a loop that may not have run to its end once.
    pub fn skipped(&self, (from, to): (BlockId, BlockId)) -> Vec<LocalId> {
        let left = |found: &&Loop| found.ends.contains(&from) && !found.body.contains(&to);
        let left = self.by_head.values().filter(left);
        left.flat_map(|found| found.hands_on.iter().copied())
            .collect()
    }

    /// Whether a loop can be left from this block.
    pub fn is_left_from(&self, block: BlockId, f: &Function) -> bool {
        let next = f.block(block).term.successors();
        self.by_head.values().any(|found| {
            found.body.contains(&block) && next.iter().any(|to| !found.body.contains(to))
        })
    }
}

/// The counters, and the locals that are computed from them.
fn computed_from(f: &Function, counters: &FxHashSet<LocalId>) -> FxHashSet<LocalId> {
    let mut out = counters.clone();
    for instr in f.blocks.iter().flat_map(|b| &b.instrs) {
        if let InstrKind::Assign { dst, src } = &instr.kind
            && let Base::Local(local) = f.places.get(*dst).base
        {
            let mut from = Vec::new();
            locals_in(f, src, &mut from);
            if from.iter().any(|l| counters.contains(l)) {
                out.insert(local);
            }
        }
    }
    out
}

/// Locals without a name that hold what a call named, and are written again right after: what is
/// written goes to that place.
pub(crate) fn lent(f: &Function) -> FxHashSet<LocalId> {
    let mut out = FxHashSet::default();
    for block in &f.blocks {
        let mut named = Vec::new();
        for instr in &block.instrs {
            let (dst, call) = match &instr.kind {
                InstrKind::Call(call) => (call.dst, true),
                InstrKind::Assign { dst, .. } => (Some(*dst), false),
                _ => continue,
            };
            let Some(Base::Local(local)) = dst.map(|dst| f.places.get(dst).base) else {
                continue;
            };
            if f.local(local).name.is_none() {
                if named.contains(&local) {
                    out.insert(local);
                } else if call {
                    named.push(local);
                }
            }
        }
    }
    out
}

fn hands_on(f: &Function, kind: &InstrKind, out: &mut Vec<LocalId>) {
    match kind {
        InstrKind::Call(call) => {
            for arg in &call.args {
                locals_in(f, &arg.expr, out);
            }
        }
        InstrKind::Assign { src, .. } => locals_in(f, src, out),
        _ => {}
    }
}

fn add(base: Base, out: &mut Vec<LocalId>) {
    if let Base::Local(local) = base
        && !out.contains(&local)
    {
        out.push(local);
    }
}

fn locals_in(f: &Function, expr: &Expr, out: &mut Vec<LocalId>) {
    match expr {
        // A member's value is not the pointer's.
        Expr::Read(place) => add(f.places.get(*place).base, out),
        Expr::AddrOf(place) => add(f.places.root(*place), out),
        Expr::Unary(_, inner) | Expr::Cast(_, inner) => locals_in(f, inner, out),
        Expr::Binary(_, a, b) => {
            locals_in(f, a, out);
            locals_in(f, b, out);
        }
        _ => {}
    }
}
