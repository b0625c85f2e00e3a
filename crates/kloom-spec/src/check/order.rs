//! What is started first and ended last: what is queued, armed or parked outlives who does it.

use super::Checker;
use crate::problem::Kind;
use crate::{Action, At, Module, On, Thing};

/// How far a thing has been put in order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

impl Checker<'_> {
    /// The order of creation.
    pub(super) fn order(&mut self) {
        let things = things(&self.module);
        let needs: Vec<Vec<usize>> = things
            .iter()
            .map(|thing| needs(&self.module, &things, *thing))
            .collect();
        let mut marks = vec![Mark::New; things.len()];
        let mut order = Vec::new();
        for first in 0..things.len() {
            // A stack of things and of how many of their needs were looked at.
            let mut stack = vec![(first, 0)];
            while let Some((at, looked)) = stack.pop() {
                if looked == 0 && marks[at] != Mark::New {
                    continue;
                }
                marks[at] = Mark::Open;
                match needs[at].get(looked) {
                    None => {
                        marks[at] = Mark::Done;
                        order.push(things[at]);
                    }
                    Some(need) => {
                        stack.push((at, looked + 1));
                        match marks[*need] {
                            Mark::New => stack.push((*need, 0)),
                            Mark::Open if *need != at => self.circle(things[at], things[*need]),
                            Mark::Open | Mark::Done => {}
                        }
                    }
                }
            }
        }
        self.module.order = order;
    }

    fn circle(&mut self, one: Thing, other: Thing) {
        let Some(at) = self.named_at(one).cloned() else {
            return;
        };
        let other = self
            .named_at(other)
            .map_or("another", |name| name.as_str())
            .to_owned();
        self.problems
            .say(Kind::Order, &at, format!("`{}` and `{other}` start each other", *at))
            .why("whichever is ended first, the other can start it again, in a module that is no longer there")
            .help("let one of them be started by a timer, or by nobody but itself");
    }

    fn named_at(&self, thing: Thing) -> Option<&At<String>> {
        let raw = self.raw;
        match thing {
            Thing::Thread(at) => raw.thread.get(at).map(|x| &x.name),
            Thing::Work(at) => {
                let works = raw.work.iter().map(|x| &x.name);
                works
                    .chain(raw.delayed_work.iter().map(|x| &x.name))
                    .nth(at)
            }
            Thing::Timer(at) => raw
                .timer
                .iter()
                .chain(&raw.hrtimer)
                .map(|x| &x.name)
                .nth(at),
            _ => Some(&raw.module.name),
        }
    }
}

/// Everything that is started, in the order in which it is if nothing speaks against it.
fn things(module: &Module) -> Vec<Thing> {
    let mut things = Vec::new();
    things.extend((0..module.workqueues.len()).map(Thing::Workqueue));
    things.extend((0..module.workers.len()).map(Thing::Worker));
    things.extend((0..module.works.len()).map(Thing::Work));
    things.extend((0..module.timers.len()).map(Thing::Timer));
    things.extend((0..module.threads.len()).map(Thing::Thread));
    things.extend((!module.debugfs.is_empty()).then_some(Thing::Debugfs));
    things.extend((0..module.procs.len()).map(Thing::Proc));
    things.extend((!module.attributes.is_empty()).then_some(Thing::Attributes));
    things.extend((0..module.devices.len()).map(Thing::Device));
    things
}

/// What has to be there before a thing is started.
fn needs(module: &Module, things: &[Thing], thing: Thing) -> Vec<usize> {
    let mut needs = Vec::new();
    if let Thing::Work(at) = thing {
        match module.works[at].on {
            On::Worker(at) => needs.push(Thing::Worker(at)),
            On::Workqueue(at) => needs.push(Thing::Workqueue(at)),
            On::System(_) => {}
        }
    }
    for doer in module.doers().iter().filter(|doer| doer.thing == thing) {
        needs.extend(doer.does.iter().filter_map(|action| match action {
            Action::Queue(at) => Some(Thing::Work(*at)),
            // A timer of the timer wheel is shut down for good: arming it later does nothing.
            Action::Arm(at) => module.timers[*at].precise.then_some(Thing::Timer(*at)),
            Action::Park(at) | Action::Unpark(at) => Some(Thing::Thread(*at)),
            _ => None,
        }));
    }
    let places = needs
        .iter()
        .filter_map(|need| things.iter().position(|thing| thing == need));
    places.collect()
}
