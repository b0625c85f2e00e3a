//! Works, what they run on, and timers.

use super::Checker;
use super::action::Place;
use super::name::Given;
use crate::problem::Kind;
use crate::{At, Context, On, Period, SystemQueue, Timer, When, Work, Workqueue, raw};
use core::time::Duration;

/// The fastest that a timer of the timer wheel can be.
const TICK: Duration = Duration::from_millis(10);

impl Checker<'_> {
    /// Workers, workqueues, works and timers.
    pub(super) fn works(&mut self) {
        self.hook_effects();
        let raw = self.raw;
        for worker in &raw.worker {
            let worker = self.named(&worker.name, worker.about.as_ref());
            self.module.workers.push(worker);
        }
        for queue in &raw.workqueue {
            let queue = self.workqueue(queue);
            self.module.workqueues.push(queue);
        }
        for work in &raw.work {
            let work = self.work(work);
            self.module.works.push(work);
        }
        for work in &raw.delayed_work {
            let work = self.delayed_work(work);
            self.module.works.push(work);
        }
        for (timers, precise) in [(&raw.timer, false), (&raw.hrtimer, true)] {
            for timer in timers {
                let timer = self.timer(timer, precise);
                self.module.timers.push(timer);
            }
        }
    }

    fn workqueue(&mut self, raw: &raw::Workqueue) -> Workqueue {
        let is = |flag: &Option<At<bool>>| flag.as_ref().is_some_and(|flag| **flag);
        if let (Some(high), true) = (&raw.high_priority, is(&raw.ordered)) {
            self.problems
                .say(
                    Kind::Value,
                    high,
                    "an ordered queue has no priority of its own",
                )
                .help("leave out one of them");
        }
        Workqueue {
            name: raw.name.value.clone(),
            about: self.line_if_any(raw.about.as_ref()),
            unbound: is(&raw.unbound),
            ordered: is(&raw.ordered),
            high_priority: is(&raw.high_priority),
            freezable: is(&raw.freezable),
            reclaim: is(&raw.reclaim),
        }
    }

    fn work(&mut self, raw: &raw::Work) -> Work {
        let on = self.on(raw.on.as_ref());
        let named = self.named(&raw.name, raw.about.as_ref());
        let does = self.done(&raw.name, &raw.does, "work", Context::Process);
        Work {
            name: named.name,
            about: named.about,
            on,
            delay: None,
            repeats: false,
            at_load: raw.at_load.as_ref().is_some_and(|at_load| **at_load),
            does,
        }
    }

    fn delayed_work(&mut self, raw: &raw::DelayedWork) -> Work {
        let on = self.on(raw.on.as_ref());
        let named = self.named(&raw.name, raw.about.as_ref());
        let does = self.done(&raw.name, &raw.does, "work", Context::Process);
        let delay = self.one_of(&raw.name, raw.every.as_ref(), raw.after.as_ref());
        Work {
            name: named.name,
            about: named.about,
            on,
            delay: Some(delay),
            repeats: raw.every.is_some(),
            at_load: raw.every.is_some(),
            does,
        }
    }

    fn timer(&mut self, raw: &raw::Timer, precise: bool) -> Timer {
        let named = self.named(&raw.name, raw.about.as_ref());
        let context = match precise {
            true => Context::Hard,
            false => Context::Soft,
        };
        let does = self.done(&raw.name, &raw.does, "timer", context);
        let period = self.one_of(&raw.name, raw.every.as_ref(), raw.after.as_ref());
        if let (Period::Fixed(time), false) = (period, precise)
            && time < TICK
        {
            self.problems
                .say(
                    Kind::Value,
                    &raw.name,
                    "a timer of the timer wheel is not as fast as this",
                )
                .why("it is looked at once in a tick, which may be 10 ms")
                .help("use [[hrtimer]]");
        }
        Timer {
            name: named.name,
            about: named.about,
            precise,
            when: match raw.every {
                Some(_) => When::Every(period),
                None => When::After(period),
            },
            does,
        }
    }

    /// What something does, which must be something.
    fn done(
        &mut self,
        name: &At<String>,
        raw: &[At<raw::Action>],
        what: &str,
        context: Context,
    ) -> Vec<crate::Action> {
        let caller = format!("{what} {}", **name);
        let place = Place {
            context,
            name: &caller,
        };
        if raw.is_empty() {
            self.problems
                .say(Kind::Value, name, format!("{caller} does nothing"))
                .help("give it something to do, such as do = [{ hook = \"flush\" }]");
        }
        self.actions(raw, place)
    }

    /// The one period that is said.
    fn one_of(
        &mut self,
        name: &At<String>,
        every: Option<&At<String>>,
        after: Option<&At<String>>,
    ) -> Period {
        let period = match (every, after) {
            (Some(period), None) | (None, Some(period)) => self.period(period),
            _ => {
                self.problems
                    .say(Kind::Value, name, "nothing says when this runs, or two things do")
                    .help("use every = \"1s\" for again and again, after = \"1s\" for once, each time something asks for it");
                None
            }
        };
        // What is wrong is said.
        period.unwrap_or(Period::Fixed(Duration::from_secs(1)))
    }

    fn on(&mut self, name: Option<&At<String>>) -> On {
        let Some(name) = name else {
            return On::System(SystemQueue::Plain);
        };
        match (name.as_str(), self.given(name)) {
            ("system", _) => On::System(SystemQueue::Plain),
            ("system-long", _) => On::System(SystemQueue::Long),
            ("system-unbound", _) => On::System(SystemQueue::Unbound),
            ("system-highpri", _) => On::System(SystemQueue::HighPriority),
            (_, Some(Given::Worker(at))) => On::Worker(at),
            (_, Some(Given::Workqueue(at))) => On::Workqueue(at),
            _ => {
                let shown: String = name.chars().take(60).collect();
                self.problems
                    .say(Kind::Reference, name, format!("there is no worker or workqueue `{}`", shown.escape_default()))
                    .help("declare it with [[worker]] or [[workqueue]], or use system, system-long, system-unbound or system-highpri");
                On::System(SystemQueue::Plain)
            }
        }
    }
}
