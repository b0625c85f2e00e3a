//! `[[thread]]`.

use super::Checker;
use super::action::Place;
use super::name::Given;
use crate::problem::Kind;
use crate::{At, Call, Context, Count, Drive, Period, Thread, WaitKind, raw};
use core::time::Duration;

/// More threads that are alike are better works.
const MOST: u32 = 64;
/// Processors beyond this are a mistake.
const PROCESSORS: u32 = 8192;

impl Checker<'_> {
    /// The threads, and the hooks that nobody calls.
    pub(super) fn threads(&mut self) {
        for raw in &self.raw.thread {
            let thread = self.thread(raw);
            self.module.threads.push(thread);
        }
    }

    fn thread(&mut self, raw: &raw::Thread) -> Thread {
        let is = |flag: &Option<At<bool>>| flag.as_ref().is_some_and(|flag| **flag);
        let named = self.named(&raw.name, raw.about.as_ref());
        let caller = format!("thread {}", named.name);
        let place = Place {
            context: Context::Process,
            name: &caller,
        };
        let drive = self.drive(raw, place);
        let does = match drive {
            // Its one hook has been looked at.
            Drive::Items(..) => Vec::new(),
            _ => self.actions(&raw.does, place),
        };
        let on_timeout = self.actions(&raw.on_timeout, place);
        self.round(raw, &drive);
        let thread = Thread {
            name: named.name,
            about: named.about,
            freezable: is(&raw.freezable) || self.is_frozen(&drive),
            drive,
            does,
            on_timeout,
            count: self.count(raw),
            cpu: raw.cpu.as_ref().map(|cpu| **cpu),
            node: raw
                .node
                .as_ref()
                .and_then(|node| self.refer(node, "a parameter", Given::parameter)),
            nice: raw.nice.as_ref().map(|nice| **nice),
            priority: raw.priority.as_ref().map(|priority| **priority),
            parkable: is(&raw.parkable),
        };
        self.places(raw, &thread);
        thread
    }

    /// What begins a round.
    fn drive(&mut self, raw: &raw::Thread, place: Place<'_>) -> Drive {
        let once = raw.once.as_ref().is_some_and(|once| **once);
        let waits = raw.waits_for.as_ref();
        // What is wrong is said.
        let nothing = Drive::Every(Period::Fixed(Duration::from_secs(1)));
        match (&raw.every, waits, &raw.takes, &raw.own_loop, once) {
            (Some(every), None, None, None, false) => {
                self.period(every).map_or(nothing, Drive::Every)
            }
            (pause, Some(name), None, None, false) => {
                let pause = pause.as_ref().and_then(|pause| self.period(pause));
                if let Some(Given::Completion(at)) = self.given(name) {
                    return Drive::Completion(at);
                }
                let queue = self.refer(name, "a wait queue", Given::queue);
                queue.map_or(nothing, |queue| Drive::Queue(queue, pause))
            }
            (None, None, Some(name), None, false) => {
                let Some(fifo) = self.refer(name, "a fifo", Given::fifo) else {
                    return nothing;
                };
                self.module.fifos[fifo].is_taken = true;
                let known = &mut self.module.fifos[fifo].strictest;
                *known = (*known).max(Some(Context::Process));
                let item = self.module.fifos[fifo].item;
                let hook = match raw.does.as_slice() {
                    [only] => only.hook.as_ref(),
                    _ => None,
                };
                let Some(hook) = hook else {
                    self.problems
                        .say(
                            Kind::Value,
                            name,
                            "a thread that takes items calls one hook, for each item",
                        )
                        .help("write do = [{ hook = \"NAME\" }]");
                    return nothing;
                };
                let hook = self.call(hook, Call::Item(item), Context::Process, None, place.name);
                hook.map_or(nothing, |hook| Drive::Items(fifo, hook))
            }
            (None, None, None, Some(hook), false) => {
                let hook = self.call(hook, Call::Loop, Context::Process, None, place.name);
                hook.map_or(nothing, Drive::Own)
            }
            (None, None, None, None, true) => Drive::Once,
            (None, None, None, None, false) => {
                self.problems
                    .say(
                        Kind::Wait,
                        &raw.name,
                        "nothing says when this thread does what it does",
                    )
                    .why("a loop without a pause or a wait uses up a processor")
                    .help("use every = \"1s\", waits_for, takes, own_loop or once");
                nothing
            }
            _ => {
                self.problems
                    .say(Kind::Wait, &raw.name, "two things say when this thread does what it does")
                    .help("use one of every, waits_for, takes, own_loop and once; every and waits_for together are a pause after each round");
                nothing
            }
        }
    }

    /// Whether a round has anything in it that fits what begins it.
    fn round(&mut self, raw: &raw::Thread, drive: &Drive) {
        match drive {
            Drive::Own(_) if !raw.does.is_empty() => {
                self.problems
                    .say(
                        Kind::Value,
                        &raw.name,
                        "a thread with a loop of its own does nothing else",
                    )
                    .help("do it in the hook");
            }
            Drive::Own(_) => {}
            _ if raw.does.is_empty() => {
                self.problems
                    .say(Kind::Value, &raw.name, "this thread does nothing")
                    .help("give it something to do, such as do = [{ hook = \"sample\" }]");
            }
            _ => {}
        }
        let timed = match drive {
            Drive::Queue(queue, _) => self.module.queues[*queue].timeout.is_some(),
            _ => false,
        };
        if let (Some(first), false) = (raw.on_timeout.first(), timed) {
            self.problems
                .say(
                    Kind::Wait,
                    first,
                    "this thread waits for nothing that has a timeout",
                )
                .help("give the wait queue a timeout");
        }
    }

    fn is_frozen(&self, drive: &Drive) -> bool {
        matches!(drive, Drive::Queue(queue, _) if self.module.queues[*queue].kind == WaitKind::Freezable)
    }

    fn count(&mut self, raw: &raw::Thread) -> Count {
        let per_cpu = raw.per_cpu.as_ref().is_some_and(|per_cpu| **per_cpu);
        match &raw.count {
            Some(count) if per_cpu => {
                self.problems
                    .say(Kind::Value, count, "each processor has one thread")
                    .help("leave out count or per_cpu");
            }
            Some(count) if !(2..=MOST).contains(&**count) => {
                self.problems
                    .say(
                        Kind::Value,
                        count,
                        format!("there are 2 to {MOST} threads that are alike"),
                    )
                    .help("leave it out for one; for many use works");
            }
            Some(count) => return Count::Several(**count),
            None => {}
        }
        if per_cpu || raw.count.is_some() {
            let room = 15 - 1 - if per_cpu { 4 } else { 2 };
            if raw.name.len() > room {
                self.problems
                    .say(Kind::Name, &raw.name, format!("with its number the name has more than 15 characters; it has at most {room}"))
                    .why("the kernel keeps 15 characters of a thread's name and cuts off the rest without a word");
            }
        }
        if per_cpu { Count::PerCpu } else { Count::One }
    }

    /// Where a thread runs, and before whom.
    fn places(&mut self, raw: &raw::Thread, thread: &Thread) {
        let several = thread.count != Count::One;
        if let (Some(cpu), true) = (&raw.cpu, several || thread.node.is_some()) {
            self.problems
                .say(Kind::Value, cpu, "this thread is to run on one processor and elsewhere")
                .why("several threads on one processor, or memory of a node that it is not near, only cost")
                .help("leave out cpu, or the other");
        }
        if let Some(cpu) = raw.cpu.as_ref().filter(|cpu| ***cpu >= PROCESSORS) {
            self.problems
                .say(Kind::Value, cpu, "no machine has such a processor");
        }
        if let Some(nice) = raw
            .nice
            .as_ref()
            .filter(|nice| !(-20..=19).contains(&***nice))
        {
            self.problems
                .say(Kind::Value, nice, "a thread's niceness is from -20 to 19");
        }
        if let (Some(nice), Some(_)) = (&raw.nice, &raw.priority) {
            self.problems
                .say(Kind::Value, nice, "a real-time thread has no niceness")
                .help("leave out nice or priority");
        }
        if let (Some(node), true) = (&raw.node, several) {
            self.problems
                .say(
                    Kind::Value,
                    node,
                    "only one thread at a time is created on a node",
                )
                .help("leave out count or per_cpu");
        }
        let sleeps_on = match thread.drive {
            Drive::Queue(queue, _) => self.module.queues[queue].kind != WaitKind::Freezable,
            Drive::Completion(_) => true,
            _ => false,
        };
        if let (Some(freezable), true) = (&raw.freezable, thread.freezable && sleeps_on) {
            self.problems
                .say(
                    Kind::Wait,
                    freezable,
                    "this thread waits where it cannot be frozen",
                )
                .why("the system does not go to sleep before every freezable thread is frozen")
                .help("say wait = \"freezable\" where the queue is declared, or leave this out");
        }
        let ends = matches!(thread.drive, Drive::Once | Drive::Own(_));
        for flag in [&raw.freezable, &raw.parkable]
            .into_iter()
            .flatten()
            .filter(|flag| ***flag && ends)
        {
            self.problems
                .say(
                    Kind::Wait,
                    flag,
                    "this thread has no rounds between which it could stop",
                )
                .help("leave it out, or see to it in the hook");
        }
        if let (Some(once), true) = (&raw.once, several && matches!(thread.drive, Drive::Once)) {
            self.problems
                .say(
                    Kind::Value,
                    once,
                    "several threads that end by themselves are better works",
                )
                .help("use [[work]]");
        }
    }
}
