//! Loops, and which locals they hand on: what a loop that runs zero times has not done.

use kloom_ir::{Base, BlockId, Expr, Function, InstrKind, LocalId, Terminator};
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;

/// Most blocks of all loops of a function together; one block may be in many.
const MAX_BLOCKS: usize = 200_000;

/// The locals whose values each loop hands to callees or stores.
#[derive(Debug, Default)]
pub(crate) struct Loops {
    hands_on: Vec<Vec<LocalId>>,
    /// The loops around each block.
    around: Vec<Vec<Around>>,
}

#[derive(Clone, Copy, Debug)]
struct Around {
    /// Its place in [`Loops::hands_on`].
    number: u32,
    /// Whether the loop is left from here when something has been counted far enough, or this is
    /// its head.
    ends: bool,
}

impl Loops {
    /// The loops of a function, `rank` being the place of each block in reverse postorder; `None`
    /// if they are too many.
    pub fn of(f: &Function, rank: &[u32], counters: &FxHashSet<LocalId>) -> Option<Loops> {
        let mut before: Vec<Vec<BlockId>> = vec![Vec::new(); f.blocks.len()];
        let mut back: BTreeMap<BlockId, Vec<BlockId>> = BTreeMap::new();
        for (from, block) in f.blocks.iter().enumerate() {
            for to in block.term.successors() {
                let from = BlockId(from as u32);
                before[to.0 as usize].push(from);
                let (low, high) = (rank[to.0 as usize], rank[from.0 as usize]);
                if low <= high && high != u32::MAX {
                    back.entry(to).or_default().push(from);
                }
            }
        }
        let counted = computed_from(f, counters);
        let asks_count = |block: BlockId| {
            let mut asked = Vec::new();
            if let Terminator::Branch { cond, .. } = &f.block(block).term {
                locals_in(f, cond, &mut asked);
            }
            asked.iter().any(|local| counted.contains(local))
        };
        let mut loops = Loops {
            hands_on: Vec::new(),
            around: vec![Vec::new(); f.blocks.len()],
        };
        let mut blocks = 0;
        for (head, mut todo) in back {
            let number = loops.hands_on.len() as u32;
            let mut handed = Vec::new();
            while let Some(block) = todo.pop() {
                let around = &mut loops.around[block.0 as usize];
                // What cannot come from the head is another way in.
                if rank[block.0 as usize] < rank[head.0 as usize]
                    || around.last().is_some_and(|last| last.number == number)
                {
                    continue;
                }
                let ends = block == head || asks_count(block);
                around.push(Around { number, ends });
                blocks += 1;
                if blocks > MAX_BLOCKS {
                    return None;
                }
                for instr in &f.block(block).instrs {
                    let mut here = Vec::new();
                    hands_on(f, &instr.kind, &mut here);
                    handed.append(&mut here);
                }
                if block != head {
                    todo.extend(&before[block.0 as usize]);
                }
            }
            handed.sort_unstable();
            handed.dedup();
            loops.hands_on.push(handed);
        }
        Some(loops)
    }

    /// The loops that an edge leaves.
    fn left(&self, (from, to): (BlockId, BlockId)) -> impl Iterator<Item = Around> + '_ {
        let at = |block: BlockId| {
            self.around
                .get(block.0 as usize)
                .map_or(&[][..], Vec::as_slice)
        };
        let stays = at(to);
        let all = at(from).iter().copied();
        all.filter(move |one| {
            let same = stays.binary_search_by_key(&one.number, |other| other.number);
            same.is_err()
        })
    }

    /// The locals that matter if the edge leaves a loop that may not have run to its end once.
    pub fn skipped(&self, edge: (BlockId, BlockId)) -> Vec<LocalId> {
        let left = self.left(edge).filter(|one| one.ends);
        left.flat_map(|one| &self.hands_on[one.number as usize])
            .copied()
            .collect()
    }

    /// Whether a loop can be left from this block.
    pub fn is_left_from(&self, block: BlockId, f: &Function) -> bool {
        let next = f.block(block).term.successors();
        next.into_iter()
            .any(|to| self.left((block, to)).next().is_some())
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
