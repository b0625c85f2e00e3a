//! What a spec may say, as it is written. The comments of these types are the schema's texts.

mod action;
mod files;
mod hook;
mod module;
mod state;
mod thread;
mod timer;
mod wait;
mod work;

pub use action::Action;
pub use files::{Attribute, Device, Page};
pub use hook::Hook;
pub use module::{Kernel, Language, Module, Parameter};
pub use state::{Field, Fifo, Sharing, State, Type};
pub use thread::{Priority, Thread};
pub use timer::Timer;
pub use wait::{Completion, Kind, Lock, WaitQueue};
pub use work::{DelayedWork, Work, Worker, Workqueue};

use crate::At;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A kernel module built on threads, workers and wait queues.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "kloom spec")]
pub struct Spec {
    /// Version of the language of specs: 1
    pub kloom: At<u32>,
    /// The module as a whole
    pub module: Module,
    /// Parameters of the module
    #[serde(default)]
    pub parameter: Vec<Parameter>,
    /// What threads and handlers share
    #[serde(default)]
    pub state: Vec<State>,
    /// Queues of items from those who make them to those who take them
    #[serde(default)]
    pub fifo: Vec<Fifo>,
    /// Queues that threads wait on until something holds
    #[serde(default)]
    pub wait_queue: Vec<WaitQueue>,
    /// Events that threads wait for
    #[serde(default)]
    pub completion: Vec<Completion>,
    /// Threads
    #[serde(default)]
    pub thread: Vec<Thread>,
    /// Threads that run works one after the other
    #[serde(default)]
    pub worker: Vec<Worker>,
    /// Queues of the kernel's own workers
    #[serde(default)]
    pub workqueue: Vec<Workqueue>,
    /// Works, run when they are queued
    #[serde(default)]
    pub work: Vec<Work>,
    /// Works, run some time after they are queued
    #[serde(default)]
    pub delayed_work: Vec<DelayedWork>,
    /// Timers, in soft interrupts
    #[serde(default)]
    pub timer: Vec<Timer>,
    /// Precise timers, in hard interrupts
    #[serde(default)]
    pub hrtimer: Vec<Timer>,
    /// Files in /proc
    #[serde(default)]
    pub proc: Vec<Page>,
    /// Files in debugfs, in a folder with the module's name
    #[serde(default)]
    pub debugfs: Vec<Page>,
    /// Character devices
    #[serde(default)]
    pub misc_device: Vec<Device>,
    /// Attributes in /sys/kernel, in a folder with the module's name
    #[serde(default)]
    pub sysfs: Vec<Attribute>,
    /// The author's own functions, by name; those that are called and not named here have nothing special
    #[serde(default)]
    pub hooks: BTreeMap<At<String>, Hook>,
}
