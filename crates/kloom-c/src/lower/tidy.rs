//! Makes a finished body small and its numbers readable: blocks that do nothing go, blocks that
//! only follow one another become one, and the rest is numbered in the order of the flow.

use kloom_ir::{Block, BlockId, Terminator};

/// Tidies the blocks of one function. Block 0 stays the entry; what nothing leads to stays if
/// anything is written in it.
pub(super) fn tidy(mut blocks: Vec<Block>) -> Vec<Block> {
    skip_empty(&mut blocks);
    join_lines(&mut blocks);
    renumbered(blocks)
}

/// Where an empty block only leads on to.
fn passes_to(block: &Block) -> Option<BlockId> {
    match block.term {
        Terminator::Goto { to, written: None } if is_bare(block) => Some(to),
        _ => None,
    }
}

fn is_bare(block: &Block) -> bool {
    block.labels.is_empty() && block.instrs.is_empty()
}

/// Leads every edge past blocks that do nothing.
fn skip_empty(blocks: &mut [Block]) {
    let mut targets: Vec<BlockId> = (0..blocks.len() as u32).map(BlockId).collect();
    for start in 0..blocks.len() {
        let mut path = vec![start];
        let mut at = start;
        while let Some(to) = blocks.get(at).and_then(passes_to) {
            let to = to.0 as usize;
            // An empty loop stays; what is known already ends the walk.
            let known = targets.get(to).map_or(to, |t| t.0 as usize);
            if path.contains(&known) || path.len() > 64 {
                break;
            }
            at = known;
            path.push(at);
        }
        for step in path {
            if let Some(target) = targets.get_mut(step) {
                *target = BlockId(at as u32);
            }
        }
    }
    for block in blocks {
        retarget(&mut block.term, &|id| {
            targets.get(id.0 as usize).copied().unwrap_or(id)
        });
    }
}

/// Appends a block to the only one that leads to it, if nothing else happens between them.
fn join_lines(blocks: &mut [Block]) {
    let mut sources = vec![0u32; blocks.len()];
    for block in blocks.iter() {
        for to in block.term.successors() {
            if let Some(count) = sources.get_mut(to.0 as usize) {
                *count += 1;
            }
        }
    }
    for at in 0..blocks.len() {
        while let Some(Terminator::Goto { to, written: None }) = blocks.get(at).map(|b| &b.term) {
            let next = to.0 as usize;
            if next == at || next == 0 || sources.get(next) != Some(&1) {
                break;
            }
            let Some(block) = blocks.get_mut(next).filter(|b| b.labels.is_empty()) else {
                break;
            };
            let instrs = std::mem::take(&mut block.instrs);
            let term = std::mem::replace(&mut block.term, Terminator::Unreachable);
            if let Some(block) = blocks.get_mut(at) {
                block.instrs.extend(instrs);
                block.term = term;
            }
        }
    }
}

/// Whether something written stands in a block.
fn has_content(block: &Block) -> bool {
    let written = matches!(
        block.term,
        Terminator::Goto {
            written: Some(_),
            ..
        } | Terminator::Return {
            written: Some(_),
            ..
        } | Terminator::Switch { .. }
            | Terminator::Branch { .. }
    );
    written || !is_bare(block)
}

fn renumbered(blocks: Vec<Block>) -> Vec<Block> {
    let mut order = Vec::with_capacity(blocks.len());
    let mut seen = vec![false; blocks.len()];
    visit(&blocks, 0, &mut seen, &mut order);
    for at in 1..blocks.len() {
        if blocks.get(at).is_some_and(has_content) {
            visit(&blocks, at, &mut seen, &mut order);
        }
    }
    let mut numbers = vec![BlockId(0); blocks.len()];
    for (number, at) in order.iter().enumerate() {
        if let Some(slot) = numbers.get_mut(*at) {
            *slot = BlockId(number as u32);
        }
    }
    let mut blocks: Vec<Option<Block>> = blocks.into_iter().map(Some).collect();
    let mut kept = Vec::with_capacity(order.len());
    for at in order {
        if let Some(mut block) = blocks.get_mut(at).and_then(Option::take) {
            retarget(&mut block.term, &|id| {
                numbers.get(id.0 as usize).copied().unwrap_or(id)
            });
            kept.push(block);
        }
    }
    kept
}

/// Adds what can be reached from a block and was not seen yet, each block before those it leads
/// to as far as loops allow.
fn visit(blocks: &[Block], start: usize, seen: &mut [bool], order: &mut Vec<usize>) {
    let first = order.len();
    let mut open: Vec<(usize, Vec<BlockId>)> = Vec::new();
    let mut enter = Some(start);
    loop {
        if let Some(at) = enter.take()
            && let Some(flag) = seen.get_mut(at)
            && !*flag
        {
            *flag = true;
            let next = blocks
                .get(at)
                .map_or_else(Vec::new, |b| b.term.successors());
            open.push((at, next));
        }
        let Some((at, next)) = open.last_mut() else {
            break;
        };
        // Last first, so that the first stands nearest once the order is turned round.
        match next.pop() {
            Some(to) => enter = Some(to.0 as usize),
            None => {
                order.push(*at);
                open.pop();
            }
        }
    }
    if let Some(new) = order.get_mut(first..) {
        new.reverse();
    }
}

fn retarget(term: &mut Terminator, map: &impl Fn(BlockId) -> BlockId) {
    match term {
        Terminator::Goto { to, .. } => *to = map(*to),
        Terminator::Branch {
            then, otherwise, ..
        } => {
            *then = map(*then);
            *otherwise = map(*otherwise);
        }
        Terminator::Switch {
            arms, otherwise, ..
        } => {
            for arm in arms {
                arm.to = map(arm.to);
            }
            *otherwise = map(*otherwise);
        }
        Terminator::Either(all) => all.iter_mut().for_each(|id| *id = map(*id)),
        Terminator::Return { .. } | Terminator::Unreachable => {}
    }
}
