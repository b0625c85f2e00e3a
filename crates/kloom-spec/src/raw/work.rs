//! `[[worker]]`, `[[workqueue]]`, `[[work]]` and `[[delayed_work]]`.

use crate::At;
use crate::raw::Action;
use schemars::JsonSchema;
use serde::Deserialize;

/// A thread that runs works one after the other
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Name of the worker and of its thread
    pub name: At<String>,
    /// What it is for, one line
    pub about: Option<At<String>>,
}

/// A queue of the kernel's own workers
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workqueue {
    /// Its name
    pub name: At<String>,
    /// What it is for, one line
    pub about: Option<At<String>>,
    /// Works run on any processor
    pub unbound: Option<At<bool>>,
    /// Works run one after the other, in the order in which they were queued
    pub ordered: Option<At<bool>>,
    /// Works run before others
    pub high_priority: Option<At<bool>>,
    /// Works wait while the system sleeps
    pub freezable: Option<At<bool>>,
    /// Works may be needed to get memory back
    pub reclaim: Option<At<bool>>,
}

/// A work, run when it is queued
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// Its name
    pub name: At<String>,
    /// What it is for, one line
    pub about: Option<At<String>>,
    /// The worker or workqueue, or `system`, `system-long`, `system-unbound`, `system-highpri` [default: system]
    pub on: Option<At<String>>,
    /// Whether it is queued when the module is loaded
    pub at_load: Option<At<bool>>,
    /// What it does
    #[serde(rename = "do", default)]
    pub does: Vec<At<Action>>,
}

/// A work, run some time after it is queued
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DelayedWork {
    /// Its name
    pub name: At<String>,
    /// What it is for, one line
    pub about: Option<At<String>>,
    /// The worker or workqueue, or `system`, `system-long`, `system-unbound`, `system-highpri` [default: system]
    pub on: Option<At<String>>,
    /// Time from queueing to running
    pub after: Option<At<String>>,
    /// Time to the next run: it queues itself, from when the module is loaded
    pub every: Option<At<String>>,
    /// What it does
    #[serde(rename = "do", default)]
    pub does: Vec<At<Action>>,
}
