//! Things that are started and ended.

use super::{Action, Context, Module};

/// A thing that init starts and exit ends, by its place in one of the lists of the [`Module`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A workqueue.
    Workqueue(usize),
    /// A worker.
    Worker(usize),
    /// A work.
    Work(usize),
    /// A timer.
    Timer(usize),
    /// A thread.
    Thread(usize),
    /// All attributes.
    Attributes,
    /// All files in debugfs.
    Debugfs,
    /// A file in /proc.
    Proc(usize),
    /// A device.
    Device(usize),
}

/// Someone who does things.
#[derive(Clone, Debug)]
pub struct Doer<'a> {
    /// What it is.
    pub thing: Thing,
    /// Its name, for people.
    pub name: String,
    /// Where it runs.
    pub context: Context,
    /// What it does.
    pub does: Vec<&'a Action>,
}

impl Module {
    /// Everyone who does things, in the order of the spec.
    pub fn doers(&self) -> Vec<Doer<'_>> {
        let mut doers = Vec::new();
        for (n, thread) in self.threads.iter().enumerate() {
            doers.push(Doer {
                thing: Thing::Thread(n),
                name: format!("thread {}", thread.name),
                context: Context::Process,
                does: thread.does.iter().chain(&thread.on_timeout).collect(),
            });
        }
        for (n, work) in self.works.iter().enumerate() {
            doers.push(Doer {
                thing: Thing::Work(n),
                name: format!("work {}", work.name),
                context: Context::Process,
                does: work.does.iter().collect(),
            });
        }
        for (n, timer) in self.timers.iter().enumerate() {
            doers.push(Doer {
                thing: Thing::Timer(n),
                name: format!("timer {}", timer.name),
                context: timer.context(),
                does: timer.does.iter().collect(),
            });
        }
        for (n, device) in self.devices.iter().enumerate() {
            doers.push(Doer {
                thing: Thing::Device(n),
                name: format!("device {}", device.name),
                context: Context::Process,
                does: device.on_open.iter().collect(),
            });
        }
        for attribute in &self.attributes {
            doers.push(Doer {
                thing: Thing::Attributes,
                name: format!("attribute {}", attribute.name),
                context: Context::Process,
                does: attribute.on_write.iter().collect(),
            });
        }
        doers
    }
}

impl super::Timer {
    /// Where it runs.
    pub fn context(&self) -> Context {
        match self.precise {
            true => Context::Hard,
            false => Context::Soft,
        }
    }
}
