//! In which order blocks are followed.

use kloom_ir::{BlockId, Function};

/// Blocks in reverse postorder, and the points of each.
pub(crate) struct Order {
    pub blocks: Vec<BlockId>,
    pub rank: Vec<u32>,
    pub first_point: Vec<u32>,
}

impl Order {
    /// The order of one function.
    pub fn of(f: &Function) -> Order {
        let count = f.blocks.len();
        let mut seen = vec![false; count];
        let mut post = Vec::with_capacity(count);
        let mut stack: Vec<(BlockId, Vec<BlockId>)> = Vec::new();
        if count > 0 {
            seen[0] = true;
            stack.push((BlockId(0), f.blocks[0].term.successors()));
        }
        while let Some((block, next)) = stack.last_mut() {
            match next.pop() {
                Some(to) if !seen[to.0 as usize] => {
                    seen[to.0 as usize] = true;
                    stack.push((to, f.block(to).term.successors()));
                }
                Some(_) => {}
                None => {
                    post.push(*block);
                    stack.pop();
                }
            }
        }
        post.reverse();
        let mut rank = vec![u32::MAX; count];
        for (at, block) in post.iter().enumerate() {
            rank[block.0 as usize] = at as u32;
        }
        let mut first_point = Vec::with_capacity(count);
        let mut next = 0;
        for block in &f.blocks {
            first_point.push(next);
            next += block.instrs.len() as u32 + 1;
        }
        Order {
            blocks: post,
            rank,
            first_point,
        }
    }
}
