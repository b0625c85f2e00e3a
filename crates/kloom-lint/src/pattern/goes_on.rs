//! Whether a text is gone on with by a later call.

use super::{has_mark, literal};
use crate::context::{CallSite, Context, call_site};
use crate::rule::Pattern;
use kloom_diag::Span;
use kloom_ir::{BlockId, Function, Instr, Linkage, Name, Terminator};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

/// Answers what comes after a call; every function is looked at once.
pub(super) struct Continuations<'a> {
    context: &'a Context<'a>,
    logic: &'a Pattern,
    /// Functions of the unit that make a marked call.
    marked: OnceCell<FxHashSet<Name>>,
    /// Static functions that a marked function calls.
    called: OnceCell<FxHashSet<&'a str>>,
    /// For each block of a function: whether a text that is open at its start is gone on with.
    blocks: RefCell<FxHashMap<Span, Rc<[bool]>>>,
}

impl<'a> Continuations<'a> {
    pub(super) fn new(context: &'a Context<'a>, logic: &'a Pattern) -> Self {
        Continuations {
            context,
            logic,
            marked: OnceCell::new(),
            called: OnceCell::new(),
            blocks: RefCell::default(),
        }
    }

    /// Whether some path from a call leads to one with the effect and a mark of `except_before`
    /// before any other with the effect; a caller of a static function may go on for it too.
    pub(super) fn goes_on(&self, function: &Function, from: (BlockId, usize)) -> bool {
        if self.logic.except_before.is_empty() {
            return false;
        }
        let block = function.block(from.0);
        let rest = block.instrs.get(from.1 + 1..).unwrap_or_default();
        self.first(function, rest).unwrap_or_else(|| {
            let blocks = self.blocks_of(function);
            let mut next = block.term.successors().into_iter();
            self.ends_marked(function, &block.term) || next.any(|to| blocks[to.0 as usize])
        })
    }

    fn blocks_of(&self, function: &Function) -> Rc<[bool]> {
        if let Some(known) = self.blocks.borrow().get(&function.name_span) {
            return known.clone();
        }
        let blocks: Rc<[bool]> = self.look_at(function).into();
        let key = function.name_span;
        self.blocks.borrow_mut().insert(key, blocks.clone());
        blocks
    }

    /// Goes backwards from the blocks where the text is gone on with, through those without the
    /// effect.
    fn look_at(&self, function: &Function) -> Vec<bool> {
        let count = function.blocks.len();
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut good = vec![false; count];
        let mut open = vec![false; count];
        for (at, block) in function.blocks.iter().enumerate() {
            let first = self.first(function, &block.instrs);
            open[at] = first.is_none();
            good[at] = first.unwrap_or_else(|| self.ends_marked(function, &block.term));
            for to in block.term.successors() {
                before[to.0 as usize].push(at);
            }
        }
        let mut work: Vec<usize> = (0..count).filter(|at| good[*at]).collect();
        while let Some(at) = work.pop() {
            for from in &before[at] {
                if open[*from] && !good[*from] {
                    good[*from] = true;
                    work.push(*from);
                }
            }
        }
        good
    }

    /// The first call with the effect among some instructions: whether it is marked.
    fn first(&self, function: &Function, instrs: &[Instr]) -> Option<bool> {
        instrs.iter().find_map(|instr| {
            let site = call_site(self.context.unit, function, instr)?;
            if let Some(marked) = self.mark_of(&site) {
                return Some(marked);
            }
            let name = self.context.unit.names.find(site.name?)?;
            self.marked().contains(&name).then_some(true)
        })
    }

    /// Whether the function returns here and a caller may go on.
    fn ends_marked(&self, function: &Function, term: &Terminator) -> bool {
        let name = self.context.unit.names.text(function.name);
        matches!(term, Terminator::Return { .. })
            && function.linkage == Linkage::Static
            && self.called().contains(name)
    }

    /// Whether a call has the effect, and with a mark of `except_before`.
    fn mark_of(&self, site: &CallSite<'_>) -> Option<bool> {
        let effect = self.context.effects(site, self.logic.verb).next()?;
        let arg = effect.arg.and_then(|n| site.call.args.get(usize::from(n)));
        let text = arg.and_then(|arg| literal(self.context, &arg.expr, arg.span));
        Some(has_mark(effect, text.as_ref(), self.logic.except_before))
    }

    fn marked(&self) -> &FxHashSet<Name> {
        self.marked.get_or_init(|| {
            let functions = self.context.unit.functions.iter();
            let is_marked = |f: &&Function| {
                let mut calls = self.context.calls(f);
                calls.any(|site| self.mark_of(&site) == Some(true))
            };
            functions.filter(is_marked).map(|f| f.name).collect()
        })
    }

    fn called(&self) -> &FxHashSet<&'a str> {
        self.called.get_or_init(|| {
            let functions = self.context.unit.functions.iter();
            let marked = functions.filter(|f| self.marked().contains(&f.name));
            let calls = marked.flat_map(|f| self.context.calls(f));
            calls.filter_map(|site| site.name).collect()
        })
    }
}
