//! `[[wait_queue]]` and `[[completion]]`.

use crate::At;
use schemars::JsonSchema;
use serde::Deserialize;

/// A queue that threads wait on until something holds
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitQueue {
    /// Its name
    pub name: At<String>,
    /// What is waited for, one line
    pub about: Option<At<String>>,
    /// What has to hold, such as `samples.taken > 3` or `flags.open and not flags.full`
    pub until: At<String>,
    /// What may end the wait before [default: interruptible]
    #[serde(default)]
    pub wait: Kind,
    /// How long a thread waits at most
    pub timeout: Option<At<String>>,
    /// Whether the timeout is kept by a precise timer
    pub precise: Option<At<bool>>,
    /// Whether one wake-up wakes one waiter only
    pub exclusive: Option<At<bool>>,
    /// The lock that a thread holds before and after the wait [default: none]
    pub lock: Option<At<Lock>>,
}

/// What may end a wait before its condition holds
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A signal, and a stop
    #[default]
    Interruptible,
    /// Nothing; waiting counts as load
    Uninterruptible,
    /// A fatal signal
    Killable,
    /// Nothing; waiting does not count as load
    Idle,
    /// A signal, and the freezing of the system meanwhile
    Freezable,
}

/// The lock that a thread holds before and after a wait
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Lock {
    /// The queue's own, with interrupts on
    Own,
    /// The queue's own, with interrupts off
    OwnIrq,
    /// That of the state in the condition, with interrupts off
    StateIrq,
}

/// An event that a thread waits for
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    /// Its name
    pub name: At<String>,
    /// What it stands for, one line
    pub about: Option<At<String>>,
}
