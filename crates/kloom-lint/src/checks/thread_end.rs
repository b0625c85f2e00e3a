//! How the life of a thread or worker ends: not at all, too early, or in a way nobody waits for.

use crate::context::{Context, Findings};
use crate::thread_ways::{End, ends_by_itself, runs_for_ever};
use crate::whole::{Part, same_object};
use kloom_diag::{Diagnostic, Root, Severity, Span, Step};
use kloom_facts::{Facts, Verb};
use kloom_flow::model::condition::{callee, mentioned};
use kloom_flow::model::flow::{self, Assumed, Code, Walk};
use kloom_flow::model::{Context as Runs, Model, Object, Objects, Site, Thread};
use kloom_ir::{FunctionId, InstrKind, Origin, Terminator, Unit};
use std::sync::Arc;

/// thread-not-stopped, worker-not-destroyed, thread-exits-early, exit-after-complete, park-ignored,
/// freezer-misuse.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let model = context.model();
    for thread in &model.threads {
        let made = &model.sites[thread.creation];
        if context.unit.function(made.function).origin != Origin::File {
            continue;
        }
        let life = Life {
            context,
            model,
            made,
            thread,
        };
        findings.extend(life.not_stopped());
        findings.extend(life.exits_early());
        findings.extend(life.goes_on_after_complete());
        findings.extend(life.ignores_park());
        findings.extend(life.misuses_freezer());
    }
    for (id, _) in context.own() {
        for made in model.inside(id, Verb::CreateWorker) {
            findings.extend(not_destroyed(context, model, made));
        }
    }
}

/// A thread or worker is made.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts
        .get(name)
        .is_some_and(|fact| fact.does(Verb::StartThread) || fact.does(Verb::CreateWorker))
}

struct Life<'a> {
    context: &'a Context<'a>,
    model: &'a Model,
    made: &'a Site,
    thread: &'a Thread,
}

impl Life<'_> {
    fn unit(&self) -> &Unit {
        self.context.unit
    }

    /// The functions of the thread, with all they call; none if one of them is not in sight.
    fn below(&self) -> Vec<FunctionId> {
        let all = self.thread.functions.iter();
        all.flat_map(|f| self.model.below(*f)).collect()
    }

    fn does(&self, verb: Verb, word: &str) -> bool {
        self.below().iter().any(|f| {
            self.model
                .inside(*f, verb)
                .any(|site| site.effect.says(word))
        })
    }

    fn not_stopped(&self) -> Option<Diagnostic> {
        let [function] = self.thread.functions[..] else {
            return None;
        };
        let circle = runs_for_ever(self.context, self.model, function)?;
        // What holds the module outlives nothing.
        if self.does(Verb::Put, "module") || self.does(Verb::ControlThread, "signal") {
            return None;
        }
        let parts = outlives(self.context, self.model, self.made, Verb::StopThread)?;
        let last = last_function(self.context, self.model, &parts)?;
        let f = self.unit().function(function);
        let name = self.unit().names.text(f.name);
        let mut trace = vec![step(
            circle,
            "this loop ends only when the thread is stopped",
        )];
        trace.extend(last.map(|span| step(span, "when this returns, the code can go")));
        Some(self.finding(
            "thread-not-stopped",
            Severity::Error,
            self.made.span,
            format!("nothing stops the thread that runs {name}()"),
            "it runs on when the module or device is gone: a page fault in unloaded code",
            "stop it with kthread_stop() where the module or device goes",
            trace,
        ))
    }

    fn exits_early(&self) -> Option<Diagnostic> {
        let stop = &self.model.sites[*self.thread.stops.first()?];
        let [function] = self.thread.functions[..] else {
            return None;
        };
        let stops = self.thread.stops.iter();
        let stops: Vec<FunctionId> = stops.map(|at| self.model.sites[*at].function).collect();
        let End::Returns(end) = ends_by_itself(self.context, self.model, function, &stops) else {
            return None;
        };
        let f = self.unit().function(function);
        let handle = &self.thread.handle;
        let held = self
            .model
            .with(Verb::Get)
            .any(|site| site.effect.says("task"));
        let below = self.below();
        // The thread says that it ends: it forgets its handle, or a flag that the stop asks for.
        let tells = |object: &Object| below.iter().any(|f| self.model.changes(*f, &[*object]));
        let asks = |site: &Site| {
            let f = self.unit().function(site.function);
            let assumed = Assumed::at(f, site.spot);
            let mut reads = Vec::new();
            for (cond, _) in assumed.conditions() {
                mentioned(site.function, f, cond, &mut reads);
            }
            reads.iter().flatten().any(tells)
        };
        let told = self
            .thread
            .stops
            .iter()
            .any(|stop| asks(&self.model.sites[*stop]));
        if held || handle.open || handle.list.iter().any(tells) || told || f.origin != Origin::File
        {
            return None;
        }
        Some(self.finding(
            "thread-exits-early",
            Severity::Warning,
            end,
            format!("{}() can return before the thread is stopped", self.unit().names.text(f.name)),
            "the task may be freed then: stopping it uses freed memory",
            "wait for kthread_should_stop() before returning, or hold the task with get_task_struct()",
            vec![
                step(self.made.span, "the thread is made here"),
                step(stop.span, "and stopped here"),
            ],
        ))
    }

    fn goes_on_after_complete(&self) -> Option<Diagnostic> {
        let [function] = self.thread.functions[..] else {
            return None;
        };
        if !self.thread.stops.is_empty() || self.does(Verb::Put, "module") {
            return None;
        }
        let f = self.unit().function(function);
        let mut wakes = self.model.inside(function, Verb::Wake);
        wakes.find_map(|wake| {
            let ends = wake.effect.says("completion") && {
                let mut returns = false;
                let other = flow::walk(f, wake.spot.next(), |_, code| match code {
                    Code::Instr(instr) => match instr.kind {
                        InstrKind::Call(_) | InstrKind::Wait { .. } => Walk::Done,
                        _ => Walk::On,
                    },
                    Code::End(Terminator::Return { .. }) => {
                        returns = true;
                        Walk::On
                    }
                    Code::End(Terminator::Unreachable) => Walk::Done,
                    Code::End(_) => Walk::On,
                });
                returns && !other
            };
            let wait = self.model.on(Verb::Wait, &wake.on).find(|wait| {
                self.model.contexts(wait.function).has(Runs::Exit)
                    || self.model.contexts(wait.function).has(Runs::Remove)
            })?;
            ends.then(|| {
                let callee = self.unit().names.text(wake.callee);
                self.finding(
                    "exit-after-complete",
                    Severity::Error,
                    wake.span,
                    format!("the thread runs on after {callee}() lets the module go"),
                    "what waits for it may unload the code before the thread has left it: a page fault",
                    "end the thread with kthread_complete_and_exit(), or stop it with kthread_stop()",
                    vec![
                        step(self.made.span, "the thread is made here"),
                        step(wait.span, "and waited for here"),
                    ],
                )
            })
        })
    }

    fn ignores_park(&self) -> Option<Diagnostic> {
        let mut parks = self.model.on(Verb::ControlThread, &self.thread.handle);
        let park = parks.find(|site| site.effect.says("park"))?;
        let hears = self.does(Verb::StopTest, "park") || self.does(Verb::ControlThread, "parkme");
        if hears || !self.is_known() {
            return None;
        }
        Some(self.finding(
            "park-ignored",
            Severity::Error,
            park.span,
            format!(
                "{}() of a thread that never parks",
                self.unit().names.text(park.callee)
            ),
            "it waits until the thread has parked itself: it hangs",
            "test kthread_should_park() in the thread's loop, and call kthread_parkme()",
            vec![step(self.made.span, "the thread is made here")],
        ))
    }

    fn misuses_freezer(&self) -> Option<Diagnostic> {
        if !self.is_known() {
            return None;
        }
        let freezes = self.does(Verb::ControlThread, "freeze")
            || self.does(Verb::StopTest, "freeze")
            || self.does(Verb::Wait, "freezable");
        let below = self.below();
        let mut sites = below
            .iter()
            .flat_map(|f| self.model.inside(*f, Verb::ControlThread));
        let says = sites.find(|site| site.effect.says("freezable"));
        if let Some(site) = says
            && !freezes
        {
            return Some(self.finding(
                "freezer-misuse",
                Severity::Warning,
                site.span,
                "the thread lets itself be frozen, but never freezes".to_owned(),
                "suspend waits for it in vain and fails",
                "call try_to_freeze() in the loop, or wait with wait_event_freezable()",
                vec![step(self.made.span, "the thread is made here")],
            ));
        }
        let mut sites = below
            .iter()
            .flat_map(|f| self.model.inside(*f, Verb::ControlThread));
        let freeze = sites.find(|site| site.effect.says("freeze"))?;
        (says.is_none()).then(|| {
            self.finding(
                "freezer-misuse",
                Severity::Warning,
                freeze.span,
                format!(
                    "{}() does nothing in a thread that cannot be frozen",
                    self.unit().names.text(freeze.callee)
                ),
                "kernel threads are not frozen unless they ask for it: this one runs on through suspend",
                "call set_freezable() first, or leave this out",
                vec![step(self.made.span, "the thread is made here")],
            )
        })
    }

    /// Whether everything that the thread calls is known or in sight.
    fn is_known(&self) -> bool {
        let below = self.below();
        !below.is_empty()
            && below.iter().all(|f| {
                let blocks = &self.unit().function(*f).blocks;
                let mut instrs = blocks.iter().flat_map(|block| &block.instrs);
                instrs.all(|instr| match &instr.kind {
                    InstrKind::Call(call) => callee(call).is_some_and(|name| {
                        !self.unit().named(name).is_empty()
                            || self.context.fact(self.unit().names.text(name)).is_some()
                    }),
                    InstrKind::Opaque { .. } => false,
                    _ => true,
                })
            })
    }

    #[allow(clippy::too_many_arguments)]
    fn finding(
        &self,
        rule: &'static str,
        severity: Severity,
        primary: Span,
        what: String,
        why: &str,
        help: &str,
        trace: Vec<Step>,
    ) -> Diagnostic {
        finding(
            self.context,
            rule,
            severity,
            primary,
            what,
            why,
            help,
            trace,
        )
    }
}

fn not_destroyed(context: &Context<'_>, model: &Model, made: &Site) -> Option<Diagnostic> {
    let parts = outlives(context, model, made, Verb::DestroyWorker)?;
    let last = last_function(context, model, &parts)?;
    let callee = context.unit.names.text(made.callee);
    Some(finding(
        context,
        "worker-not-destroyed",
        Severity::Error,
        made.span,
        format!("nothing destroys the worker that {callee}() makes"),
        "its thread and its works run on when the module or device is gone",
        "call kthread_destroy_worker() where the module or device goes",
        last.map(|span| step(span, "when this returns, the code can go"))
            .into_iter()
            .collect(),
    ))
}

/// The other files of the module, if a thread or worker is kept where all of its users are in
/// sight and none of them ends it, but for what takes it back where it was made.
fn outlives(
    context: &Context<'_>,
    model: &Model,
    made: &Site,
    end: Verb,
) -> Option<Vec<Arc<Part>>> {
    let f = context.unit.function(made.function);
    let leads = |from: &Site, to: &Site| {
        flow::walk(f, from.spot.next(), |spot, _| {
            if spot == to.spot {
                Walk::Done
            } else {
                Walk::On
            }
        })
    };
    // What takes it back lies on a way of its own: another one passes by to the end.
    let passes_by = |site: &Site| {
        let circle = flow::circle(f, site.spot.block);
        flow::walk(f, made.spot.next(), |spot, code| match code {
            _ if spot.block == site.spot.block || circle[spot.block.0 as usize] => Walk::Stop,
            Code::End(Terminator::Return { .. }) => Walk::Done,
            _ => Walk::On,
        })
    };
    let unwinds = |site: &Site| {
        site.function == made.function && leads(made, site) && !leads(site, made) && passes_by(site)
    };
    let ends = |model: &Model, objects: &Objects| {
        let other = match end {
            Verb::DestroyWorker => model.on(Verb::StopThread, objects).next().is_some(),
            _ => false,
        };
        other
            || model
                .with(end)
                .any(|site| !site.on.is_known() || site.on.meet(objects))
    };
    let handle = thread_handle(model, made);
    let mut stops = model.with(end).filter(|site| !unwinds(site));
    let stopped = stops.any(|site| !site.on.is_known() || site.on.meet(handle));
    if handle.open || stopped {
        return None;
    }
    let mut parts: Vec<Arc<Part>> = Vec::new();
    for object in &handle.list {
        for part in context.whole.about(*object)? {
            let theirs = same_object(context.unit, *object, &part.unit);
            let objects = Objects {
                list: theirs.into_iter().collect(),
                open: false,
            };
            if ends(&part.model, &objects) {
                return None;
            }
            parts.push(part);
        }
    }
    Some(parts)
}

/// What keeps the handle of a thread or worker.
fn thread_handle<'a>(model: &'a Model, made: &'a Site) -> &'a Objects {
    let mut threads = model.threads.iter();
    let thread = threads.find(|thread| model.sites[thread.creation].span == made.span);
    thread.map_or(&made.on, |thread| &thread.handle)
}

/// What lets the code of the module go, the function's name if it is in this file; `None` if
/// nothing does.
fn last_function(
    context: &Context<'_>,
    model: &Model,
    parts: &[Arc<Part>],
) -> Option<Option<Span>> {
    let is_last = |runs: Runs| matches!(runs, Runs::Exit | Runs::Remove);
    let own = model.entries.iter().find(|entry| is_last(entry.context));
    if let Some(entry) = own {
        return Some(Some(context.unit.function(entry.function).name_span));
    }
    let goes = |part: &Part| {
        part.model
            .entries
            .iter()
            .any(|entry| is_last(entry.context))
    };
    if parts.iter().any(|part| goes(part)) || context.whole.linked()?.iter().any(|part| goes(part))
    {
        return Some(None);
    }
    None
}

#[allow(clippy::too_many_arguments)]
fn finding(
    context: &Context<'_>,
    rule: &'static str,
    severity: Severity,
    primary: Span,
    what: String,
    why: &str,
    help: &str,
    trace: Vec<Step>,
) -> Diagnostic {
    Diagnostic {
        rule,
        severity,
        what,
        why: why.to_owned(),
        help: help.to_owned(),
        primary,
        label: String::new(),
        root: Root(primary),
        function: context.function_at(primary),
        trace,
    }
}

fn step(span: Span, message: &str) -> Step {
    Step {
        span,
        message: message.to_owned(),
    }
}
