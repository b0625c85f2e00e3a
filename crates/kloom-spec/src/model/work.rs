//! Works, the queues they run on, and timers.

use super::{Action, Period};

/// A queue of the kernel's own workers.
#[derive(Clone, Debug)]
pub struct Workqueue {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// Works run on any processor.
    pub unbound: bool,
    /// Works run one after the other.
    pub ordered: bool,
    /// Works run before others.
    pub high_priority: bool,
    /// Works wait while the system sleeps.
    pub freezable: bool,
    /// Works may be needed to get memory back.
    pub reclaim: bool,
}

/// A work.
#[derive(Clone, Debug)]
pub struct Work {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// What it runs on.
    pub on: On,
    /// How long after queueing it runs; `None`: at once, and it is a plain work.
    pub delay: Option<Period>,
    /// Whether it queues itself again.
    pub repeats: bool,
    /// Whether it is queued when the module is loaded.
    pub at_load: bool,
    /// What it does.
    pub does: Vec<Action>,
}

/// What works run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// One of the module's workers.
    Worker(usize),
    /// One of the module's workqueues.
    Workqueue(usize),
    /// One of the kernel's.
    System(SystemQueue),
}

/// A workqueue of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemQueue {
    /// For short works.
    Plain,
    /// For works that take long.
    Long,
    /// For works that may run on any processor.
    Unbound,
    /// For works that go before others.
    HighPriority,
}

/// A timer.
#[derive(Clone, Debug)]
pub struct Timer {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// Whether it runs in hard interrupts, by a precise clock.
    pub precise: bool,
    /// When it expires.
    pub when: When,
    /// What it does.
    pub does: Vec<Action>,
}

/// When a timer expires.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// Again and again, from when the module is loaded.
    Every(Period),
    /// Once, this long after it is armed.
    After(Period),
}
