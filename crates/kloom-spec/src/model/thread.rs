//! Threads.

use super::{Action, Period};

pub use crate::raw::Priority;

/// A kernel thread.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its name, at most 15 characters.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// What begins its rounds.
    pub drive: Drive,
    /// What it does in each round.
    pub does: Vec<Action>,
    /// What it does when a wait was in vain.
    pub on_timeout: Vec<Action>,
    /// How many there are.
    pub count: Count,
    /// The processor that it is bound to.
    pub cpu: Option<u32>,
    /// The parameter with the memory node that it is created on.
    pub node: Option<usize>,
    /// How nice it is.
    pub nice: Option<i32>,
    /// Whether it goes before others.
    pub priority: Option<Priority>,
    /// Whether it is frozen when the system sleeps.
    pub freezable: bool,
    /// Whether it can be parked.
    pub parkable: bool,
}

/// How many threads there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// One.
    One,
    /// Several, alike.
    Several(u32),
    /// One for each processor that is online.
    PerCpu,
}

/// What begins the rounds of a thread.
#[derive(Clone, Debug)]
pub enum Drive {
    /// Time.
    Every(Period),
    /// A condition, with a pause after each round if there is one.
    Queue(usize, Option<Period>),
    /// An event.
    Completion(usize),
    /// An item of a fifo, handed to this hook.
    Items(usize, usize),
    /// A hook that has a loop of its own.
    Own(usize),
    /// Nothing: there is one round.
    Once,
}
