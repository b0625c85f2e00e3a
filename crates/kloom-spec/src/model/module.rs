//! The module as a whole.

use super::{
    Attribute, Device, Fifo, Hook, Named, Page, Queue, State, Thing, Thread, Timer, Work, Workqueue,
};
use crate::{Digest, Language};
use kloom_facts::Target;

/// A module to write. Its things are in the order of the spec; references are places in these lists.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its name, and the first word of its functions.
    pub name: String,
    /// Its licence.
    pub license: License,
    /// `Name <address>`, one entry each.
    pub authors: Vec<String>,
    /// One line.
    pub description: String,
    /// Version of the module.
    pub version: Option<String>,
    /// Releases to write it for.
    pub kernel: Target,
    /// Language to write it in.
    pub language: Language,
    /// Parameters.
    pub parameters: Vec<Parameter>,
    /// What is shared.
    pub states: Vec<State>,
    /// Queues of items.
    pub fifos: Vec<Fifo>,
    /// Queues of waiters.
    pub queues: Vec<Queue>,
    /// Events.
    pub completions: Vec<Named>,
    /// Threads.
    pub threads: Vec<Thread>,
    /// Threads that run works.
    pub workers: Vec<Named>,
    /// Queues of the kernel's own workers.
    pub workqueues: Vec<Workqueue>,
    /// Works, delayed ones too.
    pub works: Vec<Work>,
    /// Timers, precise ones too.
    pub timers: Vec<Timer>,
    /// Files in /proc.
    pub procs: Vec<Page>,
    /// Files in debugfs.
    pub debugfs: Vec<Page>,
    /// Character devices.
    pub devices: Vec<Device>,
    /// Attributes.
    pub attributes: Vec<Attribute>,
    /// Functions of the author that are called.
    pub hooks: Vec<Hook>,
    /// What init starts, in this order; exit ends it in reverse.
    pub order: Vec<Thing>,
    /// Digest of what the spec says, and of the releases it is for.
    pub digest: Digest,
}

/// A parameter, an unsigned number that is given when the module is loaded.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// What it is if it is not given.
    pub default: u32,
    /// The least that makes sense.
    pub min: u32,
    /// The most that makes sense.
    pub max: Option<u32>,
}

/// A licence in both ways of writing it.
#[derive(Clone, Debug)]
pub struct License {
    /// The SPDX expression.
    pub spdx: String,
    /// What `MODULE_LICENSE` calls it.
    pub kernel: &'static str,
}
