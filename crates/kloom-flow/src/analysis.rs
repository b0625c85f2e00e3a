//! What the analysis of one unit found out, for rules to read.

use crate::lock_issue::LockIssue;
use crate::locks::LockName;
use crate::memory::Key;
use crate::roles::Roles;
use crate::summary::{Demand, Need, Summary};
use crate::value::{AllocationId, OriginId, Point};
use kloom_diag::Span;
use kloom_ir::{FunctionId, Name};
use rustc_hash::{FxHashMap, FxHashSet};

/// Most uses kept per creation.
const MAX_USES: usize = 32;

/// What a creation makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Made {
    /// A thread.
    Thread,
    /// A kthread worker.
    Worker,
    /// Anything else that can be an error pointer.
    Other,
}

/// A use of a creation's result while it may be an error pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// How.
    pub need: Need,
    /// The use, and the calls that lead to it, innermost first.
    pub chain: Vec<Span>,
    /// Where this path had tested for the error before.
    pub tested: Option<Span>,
    /// Where this path had tested against NULL before.
    pub null_tested: Option<Span>,
    /// The function the outermost span lies in.
    pub function: FunctionId,
    /// Whether the value came through memory from another entry point.
    pub later: bool,
}

/// One call whose result can be an error pointer.
#[derive(Clone, Debug)]
pub struct Creation {
    /// The calling function.
    pub function: FunctionId,
    /// The call.
    pub span: Span,
    /// Who is called.
    pub callee: Name,
    /// What it makes.
    pub made: Made,
    /// Whether NULL is possible too.
    pub null: bool,
    /// Whether what takes the result copes with an error pointer.
    pub tolerated: bool,
    /// Whether the result is kept at all.
    pub assigned: bool,
    /// Whether the thread is handed what a call in the same function gave.
    pub is_fed: bool,
    /// Where it is tested for an error, in text order.
    pub tested: Vec<Span>,
    /// Where it is tested against NULL only.
    pub null_tested: Vec<Span>,
    /// Where it is used while it may be an error pointer.
    pub uses: Vec<Use>,
    /// Places outside the function that hold it at a return.
    pub kept: Vec<Key>,
    /// Whether it was returned, or handed to a function nobody knows.
    pub handed_on: bool,
    /// Returns of an init or probe that report success although this failed.
    pub unpropagated: Vec<(FunctionId, Span)>,
    /// Every test of it goes on as if it had not failed, but for messages.
    pub unnoticed: bool,
    /// A fact of the callee allows to ignore the error.
    pub callee_known: bool,
}

impl Creation {
    /// Whether it makes a thread or a worker, which is never made for nothing.
    pub fn is_thread(&self) -> bool {
        matches!(self.made, Made::Thread | Made::Worker)
    }
}

/// How an allocation is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LossKind {
    /// The function returns.
    Returned,
    /// The only pointer to it gets another value.
    Overwritten,
    /// The function fails, and what it started stays.
    LeftBehind,
}

/// Where an allocation is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// How.
    pub kind: LossKind,
    /// The return, or what overwrites the pointer.
    pub at: Span,
    /// The last test on the way there.
    pub turn: Option<Span>,
}

/// What a call makes that somebody has to take back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Memory.
    Memory,
    /// A thread that goes on running.
    Thread,
    /// A kthread worker.
    Worker,
    /// Something the kernel calls.
    Registration,
}

/// One call that gives memory to its caller, or starts something.
#[derive(Clone, Debug)]
pub struct Allocation {
    /// The calling function.
    pub function: FunctionId,
    /// The call.
    pub span: Span,
    /// Who is called.
    pub callee: Name,
    /// What it gives.
    pub resource: Resource,
    /// Whether its flags let it fail, as far as they are in sight.
    pub may_fail: bool,
    /// It is the answer of one of the unit's own functions, which may say NULL.
    pub is_answer: bool,
    /// Places outside the function that it is put into.
    pub kept: Vec<Key>,
    /// Where the result is tested, in text order.
    pub tested: Vec<Span>,
    /// Whether a callee that may test it has got it.
    pub judged: bool,
    /// Where it is used though it may be NULL, each with the calls that lead there.
    pub uses: Vec<Vec<Span>>,
    /// The first of these uses that comes before any test, while nobody else has it.
    pub early: Option<Vec<Span>>,
    /// Where paths lose it.
    pub losses: Vec<Loss>,
}

/// A use of memory that was freed on the same path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleUse {
    /// The function.
    pub function: FunctionId,
    /// Where it was freed.
    pub freed: Span,
    /// The use, and the calls that lead to it, innermost first.
    pub chain: Vec<Span>,
}

/// A misuse of an error value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MisuseKind {
    /// The error of a pointer that is known to be good, while another one failed.
    WrongPointer,
    /// A good pointer's bits are returned as an error number.
    ReturnsPointer,
    /// The error number is negated.
    WrongSign,
}

/// Where and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Misuse {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: MisuseKind,
    /// The function.
    pub function: FunctionId,
    /// The test that shows it.
    pub evidence: Option<Span>,
    /// The creation whose result is misused.
    pub origin: Option<OriginId>,
}

/// Why a handle is NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NullCause {
    /// A thread sets it, which may have been stopped before it ever ran.
    ThreadNeverRan,
    /// A function sets it that need not have been called.
    NotReached,
    /// Its creation failed, and NULL took the place of the error.
    Failed,
}

/// A handle that is still NULL when it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NullUse {
    /// The variable.
    pub key: Key,
    /// The use, and the calls that lead to it, innermost first.
    pub chain: Vec<Span>,
    /// How it is used.
    pub need: Need,
    /// The creation that would have set it.
    pub setter: OriginId,
    /// Why it has not.
    pub cause: NullCause,
    /// The function the outermost span lies in.
    pub function: FunctionId,
}

/// Why a function was not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cut {
    /// The fixpoint took more steps than its bound.
    Steps,
    /// It is part of a cycle in the call graph whose summaries did not settle.
    Recursion,
}

/// The result for one unit.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// Every call that can give an error pointer, by [`OriginId`].
    pub creations: Vec<Creation>,
    /// Every call that gives memory, by [`AllocationId`].
    pub allocations: Vec<Allocation>,
    /// Uses of freed memory.
    pub stale_uses: Vec<StaleUse>,
    /// Misuses of error values, in text order.
    pub misuses: Vec<Misuse>,
    /// Handles used while NULL.
    pub null_uses: Vec<NullUse>,
    /// What went wrong with locks.
    pub lock_issues: Vec<LockIssue>,
    /// Assignments to what others can see that some path reaches without any lock.
    pub bare_writes: FxHashSet<(FunctionId, Span)>,
    /// Locks that some function gives back without having taken them.
    pub lock_dropped: FxHashSet<LockName>,
    /// Which locks each function gives back itself.
    pub lock_released: FxHashSet<(FunctionId, LockName)>,
    /// Functions that leave a lock held which a caller gives back.
    pub lock_handed: FxHashSet<FunctionId>,
    /// Summaries, by [`FunctionId`].
    pub summaries: Vec<Summary>,
    /// Functions that were not followed.
    pub cut: Vec<(FunctionId, Cut)>,
    /// Variables and members that some function tests for an error.
    pub tested_keys: FxHashSet<Key>,
    /// Which functions something outside the unit can call.
    pub roles: Roles,
    /// Members of tables by which the kernel works with what is there already, and stays there
    /// whether they succeed or not.
    pub operations: FxHashSet<FunctionId>,
    /// What other files of the module demand of what this one keeps, once they were read.
    pub others: Vec<Demand>,
    /// Members of which every file that mentions them has been read.
    pub seen: FxHashSet<Key>,
    /// Steps of all fixpoints, to guard the cost.
    pub steps: u64,
    pub(crate) index: FxHashMap<(FunctionId, Point), OriginId>,
    pub(crate) allocation_index: FxHashMap<(FunctionId, Point), AllocationId>,
}

impl Analysis {
    /// A creation.
    pub fn creation(&self, id: OriginId) -> &Creation {
        &self.creations[id.0 as usize]
    }

    /// Puts the uses of every creation into the order of the text.
    pub(crate) fn sort_uses(&mut self) {
        for creation in &mut self.creations {
            creation
                .uses
                .sort_by(|a, b| a.chain.last().cmp(&b.chain.last()));
        }
    }

    pub(crate) fn creation_mut(&mut self, id: OriginId) -> &mut Creation {
        &mut self.creations[id.0 as usize]
    }

    pub(crate) fn note_stale_use(&mut self, function: FunctionId, freed: Span, chain: &[Span]) {
        let chain = chain.to_vec();
        let new = StaleUse {
            function,
            freed,
            chain,
        };
        if !self.stale_uses.contains(&new) {
            self.stale_uses.push(new);
        }
    }

    pub(crate) fn add_use(&mut self, id: OriginId, new: Use) {
        let uses = &mut self.creation_mut(id).uses;
        match uses
            .iter()
            .position(|u| u.chain.first() == new.chain.first())
        {
            // The least tested path is the one to show, and of those the shortest.
            Some(at) if (new.tested, new.chain.len()) < (uses[at].tested, uses[at].chain.len()) => {
                uses[at] = new;
            }
            Some(_) => {}
            None if uses.len() < MAX_USES => uses.push(new),
            None => {}
        }
    }
}

pub(crate) fn insert_sorted<T: Ord>(list: &mut Vec<T>, item: T) {
    if let Err(at) = list.binary_search(&item) {
        list.insert(at, item);
    }
}
