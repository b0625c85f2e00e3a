//! `[[wait_queue]]`.

use super::Checker;
use crate::problem::Kind;
use crate::{Queue, Timeout, WaitKind, WaitLock, raw};

impl Checker<'_> {
    /// The wait queues.
    pub(super) fn queues(&mut self) {
        for (n, raw) in self.raw.wait_queue.iter().enumerate() {
            let queue = self.queue(n, raw);
            self.module.queues.push(queue);
        }
    }

    fn queue(&mut self, n: usize, raw: &raw::WaitQueue) -> Queue {
        // What is wrong is said; the place of the queue is kept.
        let until = self.condition(&raw.until).unwrap_or_default();
        let period = raw
            .timeout
            .as_ref()
            .and_then(|timeout| self.period(timeout));
        let precise = raw.precise.as_ref().is_some_and(|precise| **precise);
        let queue = Queue {
            name: raw.name.value.clone(),
            about: self.line_if_any(raw.about.as_ref()),
            kind: raw.wait,
            timeout: period.map(|period| Timeout { period, precise }),
            exclusive: raw.exclusive.as_ref().is_some_and(|exclusive| **exclusive),
            lock: raw.lock.as_ref().map(|lock| **lock),
            until,
        };
        self.variant(raw, &queue);
        self.queue_lock(n, raw, &queue);
        queue
    }

    /// Whether the kernel has such a wait.
    fn variant(&mut self, raw: &raw::WaitQueue, queue: &Queue) {
        let Queue {
            kind, exclusive, ..
        } = *queue;
        let timed = queue.timeout.is_some();
        let precise = queue.timeout.is_some_and(|timeout| timeout.precise);
        let lacks = match queue.lock {
            Some(WaitLock::Own | WaitLock::OwnIrq) if kind != WaitKind::Interruptible || timed => {
                Some((
                    "waits under the queue's own lock are interruptible and have no timeout",
                    "leave out wait and timeout, or use lock = \"state-irq\"",
                ))
            }
            Some(WaitLock::StateIrq)
                if !matches!(kind, WaitKind::Interruptible | WaitKind::Uninterruptible)
                    || exclusive
                    || precise =>
            {
                Some((
                    "waits that drop a lock are interruptible or uninterruptible, not exclusive, and have no precise timeout",
                    "leave out what does not fit, or the lock",
                ))
            }
            None if exclusive && kind == WaitKind::Uninterruptible => Some((
                "there is no exclusive uninterruptible wait",
                "use wait = \"idle\"",
            )),
            None if exclusive && timed && kind != WaitKind::Idle => Some((
                "the only exclusive wait with a timeout is the idle one",
                "use wait = \"idle\"",
            )),
            None if precise
                && !matches!(kind, WaitKind::Interruptible | WaitKind::Uninterruptible) =>
            {
                Some((
                    "a precise timeout is there for interruptible and uninterruptible waits only",
                    "leave out precise",
                ))
            }
            _ => None,
        };
        if let Some((why, help)) = lacks {
            self.problems
                .say(Kind::Wait, &raw.name, "the kernel has no wait of this kind")
                .why(why)
                .help(help);
        }
        if let (Some(precise), false) = (&raw.precise, timed) {
            self.problems
                .say(
                    Kind::Wait,
                    precise,
                    "there is no timeout that could be precise",
                )
                .help("add timeout = \"500us\", or leave this out");
        }
    }

    /// Whether the lock that is held is the one that the condition is under.
    fn queue_lock(&mut self, n: usize, raw: &raw::WaitQueue, queue: &Queue) {
        let state = queue.until.locked.map(|at| &self.module.states[at]);
        let own = state.and_then(|state| state.queue);
        let (what, why, help) = match queue.lock {
            Some(WaitLock::Own | WaitLock::OwnIrq) if own != Some(n) => (
                "the wait holds the queue's own lock, and what it waits for is under another",
                "who changes the condition holds another lock, so it can change and wake between the test and the sleep; and the wait would sleep with that lock held",
                "say shared = \"queue\" and queue = this one where the state is declared",
            ),
            Some(WaitLock::StateIrq)
                if !state.is_some_and(|state| state.sharing == crate::Sharing::Spinlock) =>
            {
                (
                    "the wait drops the lock of the state in its condition, which has no spinlock",
                    "wait_event_lock_irq() gives up a spinlock while it sleeps, and takes it again before it tests",
                    "say shared = \"spinlock\" where the state is declared",
                )
            }
            None if own == Some(n) => (
                "the condition is under the queue's own lock, which the wait does not hold",
                "a plain wait takes the queue's lock itself; holding it there is a deadlock, not holding it a race",
                "say lock = \"own\" or \"own-irq\"",
            ),
            None if own.is_some() => (
                "the condition is under the lock of another queue",
                "the test would take the lock of one queue while it sleeps on another",
                "wait on the queue whose lock the state is under, or use a spinlock",
            ),
            _ => return,
        };
        let at = raw
            .lock
            .as_ref()
            .map_or(raw.until.range.clone(), |lock| lock.range.clone());
        self.problems.say(Kind::Lock, &at, what).why(why).help(help);
    }
}
