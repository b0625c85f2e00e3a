//! `[hooks]`, and the hooks that are called.

use super::Checker;
use super::name::Given;
use crate::problem::Kind;
use crate::{At, Call, Context, Hook};

impl Checker<'_> {
    /// The hooks that `[hooks]` names.
    pub(super) fn declare_hooks(&mut self) {
        for (name, raw) in &self.raw.hooks {
            self.give(name, Given::Hook(self.module.hooks.len()));
            let hook = self.named(name, raw.about.as_ref());
            self.module.hooks.push(Hook {
                name: hook.name,
                about: hook.about,
                call: None,
                context: Context::Process,
                holding: None,
                changes: Vec::new(),
                wakes: Vec::new(),
                callers: Vec::new(),
            });
        }
    }

    /// What hooks say that they do; the states are known.
    pub(super) fn hook_effects(&mut self) {
        for (n, raw) in self.raw.hooks.values().enumerate() {
            let changes = raw
                .changes
                .iter()
                .filter_map(|path| self.field(path))
                .collect();
            let wakes = raw.wakes.iter();
            let wakes = wakes
                .filter_map(|queue| self.refer(queue, "a wait queue", Given::queue))
                .collect();
            if let Some(hook) = self.module.hooks.get_mut(n) {
                (hook.changes, hook.wakes) = (changes, wakes);
            }
        }
    }

    /// Notes that a hook is called from somewhere.
    pub(super) fn call(
        &mut self,
        name: &At<String>,
        call: Call,
        context: Context,
        holding: Option<usize>,
        caller: &str,
    ) -> Option<usize> {
        let at = match self.given(name) {
            Some(Given::Hook(at)) => at,
            _ => {
                let at = self.module.hooks.len();
                self.give(name, Given::Hook(at));
                self.module.hooks.push(Hook {
                    name: name.value.clone(),
                    about: None,
                    call: None,
                    context: Context::Process,
                    holding: None,
                    changes: Vec::new(),
                    wakes: Vec::new(),
                    callers: Vec::new(),
                });
                at
            }
        };
        let raw = self
            .raw
            .hooks
            .iter()
            .find(|(known, _)| known.value == **name);
        if let Some((_, raw)) = raw
            && raw.sleeps.as_ref().is_some_and(|sleeps| **sleeps)
            && !context.may_sleep()
        {
            let place = match context {
                Context::Locked => "with a spinlock held",
                Context::Soft => "in a soft interrupt",
                Context::Hard | Context::Process => "in a hard interrupt",
            };
            self.problems
                .say(Kind::Context, name, format!("`{}` sleeps, and {caller} calls it {place}", **name))
                .why("who sleeps there takes the processor away from what was interrupted, or keeps others spinning; the kernel says `scheduling while atomic`")
                .help("call it from a thread or a work that this one wakes or queues, or say that it does not sleep");
        }
        let hook = self.module.hooks.get_mut(at)?;
        if hook.call.is_some_and(|known| known != call)
            || (hook.call.is_some() && hook.holding != holding)
        {
            self.problems
                .say(
                    Kind::Context,
                    name,
                    format!("`{}` is called in two ways", **name),
                )
                .why("a hook has one list of parameters, and knows which lock it holds")
                .help("use two hooks");
            return None;
        }
        hook.call = Some(call);
        hook.holding = holding;
        hook.context = hook.context.max(context);
        if !hook.callers.iter().any(|known| known == caller) {
            hook.callers.push(caller.to_owned());
        }
        Some(at)
    }

    /// Hooks that are described and never called.
    pub(super) fn report_unused_hooks(&mut self) {
        for (n, name) in self.raw.hooks.keys().enumerate() {
            if self
                .module
                .hooks
                .get(n)
                .is_some_and(|hook| hook.call.is_none())
            {
                self.problems
                    .say(
                        Kind::Reference,
                        name,
                        format!("nothing calls the hook `{}`", **name),
                    )
                    .help("call it where something is done, or take it out");
            }
        }
    }
}
