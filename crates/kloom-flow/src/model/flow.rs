//! Questions about the ways through one function, without values.

use kloom_ir::{BlockId, Expr, Function, Instr, InstrKind, Terminator, WaitMark};

/// A place in a function's code: the instruction of a block, or its terminator past the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// The block.
    pub block: BlockId,
    /// The instruction's number in it.
    pub at: usize,
}

/// What stands at a spot.
#[derive(Clone, Copy, Debug)]
pub enum Code<'a> {
    /// An instruction.
    Instr(&'a Instr),
    /// The end of a block.
    End(&'a Terminator),
}

/// Whether a walk goes on behind a spot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// It does.
    On,
    /// Not here; other ways are still taken.
    Stop,
    /// The question is answered.
    Done,
}

impl Spot {
    /// The one behind it in its block.
    pub fn next(self) -> Spot {
        Spot {
            at: self.at + 1,
            ..self
        }
    }
}

/// What stands at a spot.
pub fn code(f: &Function, spot: Spot) -> Code<'_> {
    let block = f.block(spot.block);
    match block.instrs.get(spot.at) {
        Some(instr) => Code::Instr(instr),
        None => Code::End(&block.term),
    }
}

/// What has to hold for a spot to be reached: conditions that were tested on every way to it.
#[derive(Clone, Debug, Default)]
pub struct Assumed<'a>(Vec<(&'a Expr, bool)>);

/// Questions that take time for each block are not asked of functions with more.
const MAX_BLOCKS: usize = 2000;

impl<'a> Assumed<'a> {
    /// What holds at a spot, as long as nobody changes what was tested.
    pub fn at(f: &'a Function, spot: Spot) -> Assumed<'a> {
        let mut all = Vec::new();
        if f.blocks.len() > MAX_BLOCKS {
            return Assumed(all);
        }
        let next = successors(f);
        for (number, block) in f.blocks.iter().enumerate() {
            let Terminator::Branch {
                cond,
                then,
                otherwise,
                ..
            } = &block.term
            else {
                continue;
            };
            let leads = |to: BlockId| {
                to == spot.block || reach_past(to, &next, number)[spot.block.0 as usize]
            };
            match (leads(*then), leads(*otherwise)) {
                (true, false) => all.push((cond, true)),
                (false, true) => all.push((cond, false)),
                _ => {}
            }
        }
        Assumed(all)
    }

    /// The conditions, each with what it is.
    pub fn conditions(&self) -> impl Iterator<Item = (&'a Expr, bool)> {
        self.0.iter().copied()
    }

    fn allows(&self, term: &Terminator, to: BlockId) -> bool {
        let Terminator::Branch {
            cond,
            then,
            otherwise,
            ..
        } = term
        else {
            return true;
        };
        let known = self.0.iter().find(|(other, _)| *other == cond);
        known.is_none_or(|(_, holds)| to == if *holds { *then } else { *otherwise })
    }
}

/// The blocks that can be reached from one without passing another.
fn reach_past(from: BlockId, next: &[Vec<BlockId>], past: usize) -> Vec<bool> {
    let mut seen = vec![false; next.len()];
    seen[past] = true;
    let mut open = vec![from];
    while let Some(block) = open.pop() {
        if !std::mem::replace(&mut seen[block.0 as usize], true) {
            open.extend(&next[block.0 as usize]);
        }
    }
    seen[past] = false;
    seen
}

/// Walks every way from a spot on, that spot included; each spot is seen once. Gives whether the
/// visitor was done.
pub fn walk<'a>(f: &'a Function, from: Spot, visit: impl FnMut(Spot, Code<'a>) -> Walk) -> bool {
    walk_assuming(f, &Assumed::default(), from, visit)
}

/// The same along the ways that fit what is assumed.
pub fn walk_assuming<'a>(
    f: &'a Function,
    assumed: &Assumed<'_>,
    from: Spot,
    visit: impl FnMut(Spot, Code<'a>) -> Walk,
) -> bool {
    let follows = |at: BlockId, to| assumed.allows(&f.block(at).term, to);
    walk_edges(f, from, follows, visit)
}

/// The same along chosen edges between blocks. Larger functions are not walked at all.
pub fn walk_edges<'a>(
    f: &'a Function,
    from: Spot,
    follows: impl Fn(BlockId, BlockId) -> bool,
    mut visit: impl FnMut(Spot, Code<'a>) -> Walk,
) -> bool {
    if f.blocks.len() > MAX_BLOCKS {
        return false;
    }
    let mut seen = vec![false; f.blocks.len()];
    let mut open = vec![from];
    while let Some(start) = open.pop() {
        let block = f.block(start.block);
        let mut passed = true;
        for at in start.at..=block.instrs.len() {
            let spot = Spot {
                block: start.block,
                at,
            };
            match visit(spot, code(f, spot)) {
                Walk::On => {}
                Walk::Stop => {
                    passed = false;
                    break;
                }
                Walk::Done => return true,
            }
        }
        if passed {
            for to in block.term.successors() {
                if follows(start.block, to) && !std::mem::replace(&mut seen[to.0 as usize], true) {
                    open.push(Spot { block: to, at: 0 });
                }
            }
        }
    }
    false
}

/// The blocks that lie on a circle with this one; itself only if it is on one. In larger
/// functions none is known to.
pub fn circle(f: &Function, block: BlockId) -> Vec<bool> {
    if f.blocks.len() > MAX_BLOCKS {
        return vec![false; f.blocks.len()];
    }
    let ahead = reach(f, block, successors(f));
    let behind = reach(f, block, predecessors(f));
    ahead.iter().zip(&behind).map(|(a, b)| *a && *b).collect()
}

/// The blocks that can be reached by one step or more.
fn reach(f: &Function, from: BlockId, next: Vec<Vec<BlockId>>) -> Vec<bool> {
    let mut seen = vec![false; f.blocks.len()];
    let mut open = vec![from];
    while let Some(block) = open.pop() {
        for to in &next[block.0 as usize] {
            if !std::mem::replace(&mut seen[to.0 as usize], true) {
                open.push(*to);
            }
        }
    }
    seen
}

fn successors(f: &Function) -> Vec<Vec<BlockId>> {
    f.blocks.iter().map(|b| b.term.successors()).collect()
}

/// The blocks that lead to each block.
pub fn predecessors(f: &Function) -> Vec<Vec<BlockId>> {
    let mut out = vec![Vec::new(); f.blocks.len()];
    for (at, block) in f.blocks.iter().enumerate() {
        for to in block.term.successors() {
            out[to.0 as usize].push(BlockId(at as u32));
        }
    }
    out
}

/// The parts of a wait that evaluates a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitLoop {
    /// Where the condition starts: the spot of its [`WaitMark::Test`].
    pub test: Spot,
    /// Where the thread sleeps.
    pub sleep: Spot,
    /// The blocks that evaluate the condition; the first starts with the test mark.
    pub condition: Vec<BlockId>,
}

/// The loop of the wait macro called at a spot; `before` are the function's [`predecessors`].
pub fn wait_loop(f: &Function, before: &[Vec<BlockId>], call: Spot) -> Option<WaitLoop> {
    let span = match code(f, call) {
        Code::Instr(instr) => instr.span,
        Code::End(_) => return None,
    };
    let mut test = None;
    let mut sleep = None;
    walk(f, call.next(), |spot, code| {
        if let Code::Instr(instr) = code
            && let InstrKind::Wait { mark, .. } = instr.kind
            && instr.span == span
        {
            match mark {
                WaitMark::Test => test = test.or(Some(spot)),
                WaitMark::Sleep => sleep = sleep.or(Some(spot)),
            }
        }
        if test.is_some() && sleep.is_some() {
            Walk::Done
        } else {
            Walk::On
        }
    });
    let (test, sleep) = (test?, sleep?);
    let mut condition = vec![test.block];
    let mut seen = vec![false; f.blocks.len()];
    seen[test.block.0 as usize] = true;
    // A condition that is always false is no block of its own.
    let mut open = if sleep.block == test.block {
        Vec::new()
    } else {
        vec![sleep.block]
    };
    while let Some(block) = open.pop() {
        for from in &before[block.0 as usize] {
            if !std::mem::replace(&mut seen[from.0 as usize], true) {
                condition.push(*from);
                open.push(*from);
            }
        }
    }
    Some(WaitLoop {
        test,
        sleep,
        condition,
    })
}
