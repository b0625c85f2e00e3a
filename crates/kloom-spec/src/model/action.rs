//! What a thread, work or handler does.

use super::FieldRef;

/// One thing to do. References are places in the lists of the [`Module`](super::Module).
#[derive(Clone, Debug)]
pub enum Action {
    /// Call a function of the author, with the lock of a state held or not.
    Hook(usize, Option<usize>),
    /// Print a line to the kernel's log.
    Log(Vec<Piece>),
    /// Add to a field.
    Add(FieldRef, i64),
    /// Set a field.
    Set(FieldRef, i64),
    /// Wake one waiter of a queue, or all.
    Wake(usize, bool),
    /// Complete a completion, for one waiter or all.
    Complete(usize, bool),
    /// Queue a work.
    Queue(usize),
    /// Arm a timer.
    Arm(usize),
    /// Put an item into a fifo.
    Push(usize, Value),
    /// Park a thread.
    Park(usize),
    /// Let a thread go on.
    Unpark(usize),
}

/// A piece of a line for the log.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Text.
    Text(String),
    /// What a field is.
    Field(FieldRef),
}

/// What is put into a fifo.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// What a field is.
    Field(FieldRef),
    /// The time since the machine was started, in nanoseconds.
    Time,
}

/// Where code runs; the later, the less it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// In a thread, a work or a system call: it may sleep.
    Process,
    /// With a spinlock held.
    Locked,
    /// In a soft interrupt.
    Soft,
    /// In a hard interrupt.
    Hard,
}

impl Context {
    /// Whether it may sleep.
    pub fn may_sleep(self) -> bool {
        self == Context::Process
    }
}
