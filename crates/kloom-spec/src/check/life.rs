//! Waits that end, and rounds that do.

use super::Checker;
use crate::problem::Kind;
use crate::{Action, Drive, FieldRef};

impl Checker<'_> {
    /// Whether what is waited for can come about, and be over again.
    pub(super) fn lives(&mut self) {
        for n in 0..self.module.queues.len() {
            self.changed(n);
            self.woken(n);
        }
        self.completed();
        for n in 0..self.module.threads.len() {
            self.made_false(n);
        }
        self.used_fifos();
    }

    /// A condition that nobody changes.
    fn changed(&mut self, queue: usize) {
        let tests = &self.module.queues[queue].until.tests;
        let fields: Vec<FieldRef> = tests.iter().map(|test| test.field).collect();
        let doers = self.module.doers();
        let mut actions = doers.iter().flat_map(|doer| &doer.does);
        let by_action =
            actions.any(|action| changes(action).is_some_and(|field| fields.contains(&field)));
        let by_hook = self
            .module
            .hooks
            .iter()
            .any(|hook| hook.changes.iter().any(|f| fields.contains(f)));
        if !by_action && !by_hook {
            self.problems
                .say(Kind::Wait, &self.raw.wait_queue[queue].until, "nothing changes what this condition reads")
                .why("the wait would never end, or never begin")
                .help("change a field of it with add or set, or say changes = [...] for the hook that does");
        }
    }

    /// A queue that nobody wakes.
    fn woken(&mut self, queue: usize) {
        let doers = self.module.doers();
        let mut actions = doers.iter().flat_map(|doer| &doer.does);
        let by_action = actions.any(|action| matches!(action, Action::Wake(at, _) if *at == queue));
        let by_hook = self
            .module
            .hooks
            .iter()
            .any(|hook| hook.wakes.contains(&queue));
        if !by_action && !by_hook {
            self.problems
                .say(Kind::Wait, &self.raw.wait_queue[queue].name, "nothing wakes this queue")
                .why("waiters look at the condition when they are woken, not when it changes")
                .help("wake it where the condition changes, or say wakes = [...] for the hook that does");
        }
    }

    fn completed(&mut self) {
        for (n, raw) in self.raw.completion.iter().enumerate() {
            let doers = self.module.doers();
            let mut actions = doers.iter().flat_map(|doer| &doer.does);
            let completed =
                actions.any(|action| matches!(action, Action::Complete(at, _) if *at == n));
            let awaited = self
                .module
                .threads
                .iter()
                .any(|t| matches!(t.drive, Drive::Completion(at) if at == n));
            if !completed || !awaited {
                let what = match completed {
                    true => "nothing waits for this completion",
                    false => "nothing completes this completion",
                };
                self.problems.say(Kind::Wait, &raw.name, what);
            }
        }
    }

    /// A thread whose condition holds for ever spins.
    fn made_false(&mut self, thread: usize) {
        let known = &self.module.threads[thread];
        let Drive::Queue(queue, None) = known.drive else {
            return;
        };
        let tests = &self.module.queues[queue].until.tests;
        let fields: Vec<FieldRef> = tests.iter().map(|test| test.field).collect();
        let ends = known.does.iter().any(|action| match action {
            Action::Hook(hook, _) => self.module.hooks[*hook]
                .changes
                .iter()
                .any(|f| fields.contains(f)),
            _ => changes(action).is_some_and(|field| fields.contains(&field)),
        });
        if !ends {
            self.problems
                .say(Kind::Wait, &self.raw.thread[thread].name, "nothing that this thread does makes its condition false again")
                .why("the wait would end at once in each further round, and the thread use up a processor")
                .help("set a field of the condition, say changes = [...] for the hook that does, or make a pause with every");
        }
    }

    fn used_fifos(&mut self) {
        let doers = self.module.doers();
        for (n, raw) in self.raw.fifo.iter().enumerate() {
            let fifo = &self.module.fifos[n];
            let mut actions = doers.iter().flat_map(|doer| &doer.does);
            let pushed = actions.any(|action| matches!(action, Action::Push(at, _) if *at == n));
            let what = match (fifo.is_written || pushed, fifo.is_read || fifo.is_taken) {
                (true, true) => continue,
                (false, _) => "nothing puts items into this fifo",
                (_, false) => "nothing takes items from this fifo",
            };
            self.problems.say(Kind::Wait, &raw.name, what);
        }
    }
}

/// The field that an action changes.
fn changes(action: &Action) -> Option<FieldRef> {
    match action {
        Action::Add(field, _) | Action::Set(field, _) => Some(*field),
        _ => None,
    }
}
