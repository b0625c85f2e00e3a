//! Who uses what from where, and whether that is kept apart.

use super::Checker;
use crate::problem::Kind;
use crate::{Action, Context, Drive, FieldRef, Piece, Sharing, Value, WaitLock};

impl Checker<'_> {
    /// Notes the strictest place that each state is used in, and what is shared wrongly.
    pub(super) fn sharing(&mut self) {
        let mut uses: Vec<(usize, Context)> = Vec::new();
        let mut writers: Vec<(FieldRef, String, bool)> = Vec::new();
        for doer in self.module.doers() {
            for action in &doer.does {
                uses.extend(states(action).map(|state| (state, doer.context)));
                if let Action::Add(field, _) | Action::Set(field, _) = action {
                    writers.push((*field, doer.name.clone(), matches!(action, Action::Add(..))));
                }
            }
        }
        for hook in &self.module.hooks {
            for field in &hook.changes {
                uses.push((field.state, hook.context));
                writers.extend(
                    hook.callers
                        .iter()
                        .map(|caller| (*field, caller.clone(), true)),
                );
            }
        }
        let pages = self.module.procs.iter().chain(&self.module.debugfs);
        let shown = pages.flat_map(|page| &page.shows);
        let shown = shown.chain(
            self.module
                .attributes
                .iter()
                .flat_map(|attribute| &attribute.shows),
        );
        uses.extend(shown.map(|field| (field.state, Context::Process)));
        let waits = self
            .module
            .queues
            .iter()
            .filter_map(|queue| queue.until.locked);
        uses.extend(waits.map(|state| (state, Context::Process)));
        for (state, context) in uses {
            let known = &mut self.module.states[state].strictest;
            *known = (*known).max(Some(context));
        }
        self.one_writer(&writers);
        self.own_locks();
    }

    /// Words under `WRITE_ONCE` that two write, or that are counted in.
    fn one_writer(&mut self, writers: &[(FieldRef, String, bool)]) {
        for (n, raw) in self.raw.state.iter().enumerate() {
            if *raw.shared != Sharing::Once {
                continue;
            }
            let of_state = writers.iter().filter(|(field, _, _)| field.state == n);
            for (field, first, _) in of_state.clone().filter(|(_, _, adds)| *adds) {
                let other = of_state
                    .clone()
                    .find(|(at, name, _)| at == field && name != first);
                if let Some((_, other, _)) = other {
                    let name = &self.module.states[n].fields[field.field].name;
                    let what = format!(
                        "`{}.{name}` is counted by {first} and written by {other}",
                        *raw.name
                    );
                    self.problems
                        .say(Kind::Lock, &raw.shared, what)
                        .why("READ_ONCE and WRITE_ONCE are two accesses: what is written between them is lost")
                        .help("use shared = \"atomic\" or \"spinlock\"");
                    break;
                }
            }
        }
    }

    /// States under a queue's own lock that interrupts use while the waiters leave interrupts on.
    fn own_locks(&mut self) {
        for (n, raw) in self.raw.state.iter().enumerate() {
            let state = &self.module.states[n];
            let Some(queue) = state.queue else {
                continue;
            };
            let lock = self.module.queues[queue].lock;
            if lock == Some(WaitLock::Own) && state.strictest > Some(Context::Locked) {
                self.problems
                    .say(Kind::Lock, &raw.shared, format!("`{}` is used in an interrupt, and its waiters leave interrupts on", *raw.name))
                    .why("an interrupt on the processor that holds the lock would spin for it for ever")
                    .help("say lock = \"own-irq\" where the queue is declared");
            }
        }
        for (n, queue) in self.module.queues.iter().enumerate() {
            let waited = self
                .module
                .threads
                .iter()
                .any(|t| matches!(t.drive, Drive::Queue(at, _) if at == n));
            if !waited {
                let at = &self.raw.wait_queue[n].name;
                self.problems
                    .say(Kind::Wait, at, format!("nothing waits on `{}`", queue.name))
                    .help("give a thread waits_for, or take the queue out");
            }
        }
    }
}

/// The states that an action uses.
fn states(action: &Action) -> impl Iterator<Item = usize> {
    let mut states = Vec::new();
    match action {
        Action::Add(field, _) | Action::Set(field, _) | Action::Push(_, Value::Field(field)) => {
            states.push(field.state)
        }
        Action::Hook(_, holding) => states.extend(holding),
        Action::Log(pieces) => states.extend(pieces.iter().filter_map(|piece| match piece {
            Piece::Field(field) => Some(field.state),
            Piece::Text(_) => None,
        })),
        _ => {}
    }
    states.into_iter()
}
