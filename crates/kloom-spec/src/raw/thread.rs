//! `[[thread]]`.

use crate::At;
use crate::raw::Action;
use schemars::JsonSchema;
use serde::Deserialize;

/// A kernel thread
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thread {
    /// Name of the thread, at most 15 characters
    pub name: At<String>,
    /// What it is for, one line
    pub about: Option<At<String>>,
    /// Time between two rounds, such as `250ms`, `1s` or `2min`, or a parameter in milliseconds
    pub every: Option<At<String>>,
    /// The wait queue or completion that begins a round
    pub waits_for: Option<At<String>>,
    /// The fifo whose items it takes, one each round
    pub takes: Option<At<String>>,
    /// A function of the author with a loop of its own
    pub own_loop: Option<At<String>>,
    /// Does what it does once and ends
    pub once: Option<At<bool>>,
    /// What it does in each round, in this order
    #[serde(rename = "do", default)]
    pub does: Vec<At<Action>>,
    /// What it does when a wait was in vain
    #[serde(default)]
    pub on_timeout: Vec<At<Action>>,
    /// How many of them there are
    pub count: Option<At<u32>>,
    /// Whether each processor has one of its own
    pub per_cpu: Option<At<bool>>,
    /// The processor that it is bound to
    pub cpu: Option<At<u32>>,
    /// A parameter with the memory node that it is created on
    pub node: Option<At<String>>,
    /// How nice it is to others, from -20 to 19
    pub nice: Option<At<i32>>,
    /// Whether it goes before all others
    pub priority: Option<At<Priority>>,
    /// Whether it is frozen when the system sleeps
    pub freezable: Option<At<bool>>,
    /// Whether it can be parked
    pub parkable: Option<At<bool>>,
}

/// Priority of a thread
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// In the middle of the real-time priorities
    Fifo,
    /// Below all others that are real-time
    FifoLow,
}
