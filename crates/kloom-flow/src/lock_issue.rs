//! What went wrong with locks, for rules to read.

use crate::locks::{How, LockName};
use kloom_diag::Span;
use kloom_ir::FunctionId;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockIssueKind {
    /// Still held at a return, though other paths give it back.
    StillHeld,
    /// Given back on a path that has given it back before.
    ReleasedTwice,
    /// Taken while this path holds it.
    TakenTwice,
    /// Something may sleep while this path must not.
    Sleeps,
    /// The variable still keeps the interrupt state of another lock.
    FlagsOverwritten,
    /// A wait takes the queue's own lock, which is held.
    WaitTakesQueueLock,
    /// A wait drops the queue's own lock, which is not held.
    WaitWithoutQueueLock,
    /// A wait turns interrupts on, which the holder of its lock has not turned off for good.
    WaitTurnsInterruptsOn,
    /// The same of a wait that is handed a lock: it may only be called with them on before.
    WaitForgetsState,
    /// A wait drops another lock than the one that is held.
    WaitDropsOther,
    /// A wake-up takes the queue's own lock, which is held.
    WakeTakesQueueLock,
}

/// One thing that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockIssue {
    /// What.
    pub kind: LockIssueKind,
    /// In which function.
    pub function: FunctionId,
    /// Where, in that function.
    pub at: Span,
    /// Where the lock was taken, or the first of two things done.
    pub taken: Option<Span>,
    /// The lock as it was written there.
    pub named: Option<Span>,
    /// How it is held.
    pub how: How,
    /// Where it happens, and the calls that lead there, innermost first.
    pub chain: Vec<Span>,
    /// The tests on the way since the lock was taken, with their answers.
    pub trail: Vec<(Span, bool)>,
    /// Where other paths do it right.
    pub others: Vec<Span>,
    /// It is none if some function gives back this lock without taking it.
    pub unless_dropped: Option<LockName>,
}
