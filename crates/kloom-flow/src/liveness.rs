//! Which locals are still read after a block starts, so that paths that differ only in what
//! nobody will look at are one path.

use crate::memory::{Cell, Cells};
use crate::state::State;
use crate::value::CellId;
use kloom_ir::{
    Base, BlockId, Call, Callee, Expr, Function, InstrKind, LocalId, Origin, PlaceId, Terminator,
};

/// A set of locals.
#[derive(Clone, PartialEq, Eq)]
struct Set(Vec<u64>);

impl Set {
    fn add(&mut self, local: LocalId) {
        if let Some(word) = self.0.get_mut(local.0 as usize / 64) {
            *word |= 1 << (local.0 % 64);
        }
    }
    fn remove(&mut self, local: LocalId) {
        if let Some(word) = self.0.get_mut(local.0 as usize / 64) {
            *word &= !(1 << (local.0 % 64));
        }
    }
    fn has(&self, local: LocalId) -> bool {
        self.0
            .get(local.0 as usize / 64)
            .is_some_and(|word| word >> (local.0 % 64) & 1 == 1)
    }
    fn union(&mut self, other: &Set) -> bool {
        let mut grown = false;
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            grown |= *b & !*a != 0;
            *a |= b;
        }
        grown
    }
}

/// Live locals at the start of each block.
pub(crate) struct Liveness {
    at: Vec<Set>,
    /// Read through their address, or `static`.
    always: Set,
}

impl Liveness {
    /// Computes it for one function.
    pub fn of(f: &Function) -> Liveness {
        let empty = Set(vec![0; f.locals.len().div_ceil(64)]);
        let mut always = empty.clone();
        for (at, local) in f.locals.iter().enumerate() {
            // A macro's parameters are its caller's places.
            let stands_for_place = f.origin == Origin::Macro && (at as u32) < f.params;
            if local.is_static || stands_for_place {
                always.add(LocalId(at as u32));
            }
        }
        let mut walk = Walk { f, always };
        let local_sets: Vec<(Set, Set)> = f
            .blocks
            .iter()
            .map(|block| {
                let (mut read, mut written) = (empty.clone(), empty.clone());
                walk.terminator(&block.term, &mut read);
                for instr in block.instrs.iter().rev() {
                    walk.instr(&instr.kind, &mut read, &mut written);
                }
                (read, written)
            })
            .collect();
        let mut at: Vec<Set> = f.blocks.iter().map(|_| empty.clone()).collect();
        let mut before: Vec<Vec<u32>> = vec![Vec::new(); f.blocks.len()];
        for (from, block) in f.blocks.iter().enumerate() {
            for to in block.term.successors() {
                before[to.0 as usize].push(from as u32);
            }
        }
        let mut todo: Vec<u32> = (0..f.blocks.len() as u32).collect();
        let mut queued = vec![true; f.blocks.len()];
        while let Some(b) = todo.pop() {
            queued[b as usize] = false;
            let (read, written) = &local_sets[b as usize];
            let mut live = empty.clone();
            for to in f.blocks[b as usize].term.successors() {
                live.union(&at[to.0 as usize]);
            }
            for (word, kill) in live.0.iter_mut().zip(&written.0) {
                *word &= !kill;
            }
            live.union(read);
            if at[b as usize].union(&live) {
                for from in &before[b as usize] {
                    if !std::mem::replace(&mut queued[*from as usize], true) {
                        todo.push(*from);
                    }
                }
            }
        }
        Liveness {
            at,
            always: walk.always,
        }
    }

    /// Whether what a local holds at the start of a block may still be read.
    pub fn is_live(&self, local: LocalId, block: BlockId) -> bool {
        self.at[block.0 as usize].has(local) || self.always.has(local)
    }

    /// Forgets what dead locals hold at the start of a block.
    pub fn drop_dead(&self, state: &mut State, cells: &Cells, block: BlockId) {
        // A dead local that holds an allocation is kept, so that its loss is seen where it happens.
        let holders: Vec<CellId> = match state.owned.is_empty() {
            true => Vec::new(),
            false => state
                .cells()
                .filter(|(_, held)| state.owned.find(*held).is_some())
                .map(|(cell, _)| cell)
                .collect(),
        };
        state.drop_cells(|cell| match cells.get(cells.root(cell)) {
            Cell::Local(local) => !self.is_live(local, block) && !holders.contains(&cell),
            _ => false,
        });
    }
}

struct Walk<'a> {
    f: &'a Function,
    always: Set,
}

impl Walk<'_> {
    fn place(&self, place: PlaceId, read: &mut Set) {
        if let Base::Local(local) = self.f.places.root(place) {
            read.add(local);
        }
    }

    fn expr(&mut self, expr: &Expr, read: &mut Set) {
        match expr {
            Expr::Read(place) => self.place(*place, read),
            Expr::AddrOf(place) => {
                self.place(*place, read);
                if let Base::Local(local) = self.f.places.root(*place) {
                    self.always.add(local);
                }
            }
            Expr::Unary(_, inner) | Expr::Cast(_, inner) => self.expr(inner, read),
            Expr::Binary(_, a, b) => {
                self.expr(a, read);
                self.expr(b, read);
            }
            _ => {}
        }
    }

    fn written(&self, place: PlaceId, read: &mut Set, written: &mut Set) {
        match self.f.places.get(place).base {
            Base::Local(local) => {
                read.remove(local);
                written.add(local);
            }
            _ => self.place(place, read),
        }
    }

    fn call(&mut self, call: &Call, read: &mut Set, written: &mut Set) {
        if let Some(dst) = call.dst {
            self.written(dst, read, written);
        }
        for arg in &call.args {
            self.expr(&arg.expr, read);
        }
        if let Callee::Indirect(target) = &call.callee {
            self.expr(target, read);
        }
    }

    fn instr(&mut self, kind: &InstrKind, read: &mut Set, written: &mut Set) {
        match kind {
            InstrKind::Assign { dst, src } => {
                self.written(*dst, read, written);
                self.expr(src, read);
            }
            InstrKind::Eval(expr) => self.expr(expr, read),
            InstrKind::Call(call) => self.call(call, read, written),
            InstrKind::Opaque { havoc } => {
                for place in havoc {
                    self.place(*place, read);
                }
            }
            InstrKind::Wait { .. } | InstrKind::ScopeEnd(_) => {}
        }
    }

    fn terminator(&mut self, term: &Terminator, read: &mut Set) {
        match term {
            Terminator::Branch { cond, .. } => self.expr(cond, read),
            Terminator::Switch { on, .. } => self.expr(on, read),
            Terminator::Return {
                value: Some(value), ..
            } => self.expr(value, read),
            _ => {}
        }
    }
}
