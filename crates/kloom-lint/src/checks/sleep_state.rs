//! Sleeps by hand: the state of the task against the test it sleeps for.

use crate::context::{Context, Findings};
use crate::objects::happens;
use kloom_diag::{Diagnostic, Root, Severity, Span, Step};
use kloom_facts::{Facts, Verb};
use kloom_flow::model::condition::callee;
use kloom_flow::model::flow::{self, Assumed, Code, Walk};
use kloom_flow::model::{Context as Runs, Model, Object, Site, Spot};
use kloom_ir::{BlockId, Function, FunctionId, Instr, InstrKind, Terminator};

/// lost-wakeup, schedule-without-state.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let model = context.model();
    for (id, f) in context.own() {
        let body = Body {
            context,
            model,
            id,
            f,
        };
        for state in body.sites(Verb::ControlThread, "state") {
            findings.extend(body.sleeps_untested(state));
        }
        for queued in model.inside(id, Verb::Queue) {
            findings.extend(body.stays_queued(queued));
        }
        findings.extend(body.sleeps_running());
    }
}

/// The state of the task is set, a wait entry queued, or a sleep in the state that is set.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts.get(name).is_some_and(|fact| {
        let mut states = fact.effects(Verb::ControlThread);
        let mut sleeps = fact.effects(Verb::MaySleep);
        let mut queues = fact.effects(Verb::Queue);
        states.any(|effect| effect.says("state"))
            || sleeps.any(|effect| effect.says("given"))
            || queues.any(|effect| effect.says("wait-entry"))
    })
}

struct Body<'a> {
    context: &'a Context<'a>,
    model: &'a Model,
    id: FunctionId,
    f: &'a Function,
}

impl<'a> Body<'a> {
    fn sites(&self, verb: Verb, word: &'static str) -> impl Iterator<Item = &'a Site> + use<'a> {
        let unit = self.context.unit;
        let sites = self.model.inside(self.id, verb);
        sites.filter(move |site| site.effect.says(word) && happens(unit, site))
    }

    fn at(&self, spot: Spot, verb: Verb, word: &'static str) -> Option<&'a Site> {
        self.sites(verb, word).find(|site| site.spot == spot)
    }

    /// The state is set, and the thread sleeps without a look at what it sleeps for.
    fn sleeps_untested(&self, state: &Site) -> Option<Diagnostic> {
        let circle = flow::circle(self.f, state.spot.block);
        if !circle[state.spot.block.0 as usize] {
            return None;
        }
        let mut sleep = None;
        flow::walk(self.f, state.spot.next(), |spot, code| match code {
            Code::Instr(instr) => {
                if let Some(site) = self.at(spot, Verb::MaySleep, "given") {
                    sleep = (!site.effect.says("timeout")).then_some(site);
                    Walk::Done
                } else if self.is_plain(instr) {
                    Walk::On
                } else {
                    sleep = None;
                    Walk::Done
                }
            }
            Code::End(Terminator::Goto { .. }) => Walk::On,
            Code::End(_) => Walk::Done,
        });
        let sleep = sleep?;
        let test = self.test(&circle, state)?;
        // What it waits for is announced by a wake-up of a queue, or of the thread.
        let waits = self.sites(Verb::Queue, "wait-entry").next().is_some();
        if !waits && !self.model.contexts(self.id).has(Runs::Thread) {
            return None;
        }
        Some(Diagnostic {
            rule: "lost-wakeup",
            severity: Severity::Error,
            what: "a wake-up before this sleep is lost".to_owned(),
            why: "what is waited for was tested before the task state was set: if it comes in between, nobody wakes the sleeper again".to_owned(),
            help: "set the state first, then test, then sleep".to_owned(),
            primary: sleep.span,
            label: String::new(),
            root: Root(sleep.span),
            function: Some(self.context.function_name(self.id)),
            trace: vec![
                step(test, "tested here"),
                step(state.span, "the state is set only here"),
            ],
        })
    }

    /// Whether an instruction neither tests, unlocks nor sleeps.
    fn is_plain(&self, instr: &Instr) -> bool {
        match &instr.kind {
            InstrKind::Call(call) => {
                let unit = self.context.unit;
                let Some(name) = callee(call) else {
                    return false;
                };
                let fact = self.context.fact(unit.names.text(name));
                unit.named(name).is_empty()
                    && fact.is_some_and(|fact| {
                        let does = |verb| fact.does(verb);
                        !does(Verb::Release)
                            && !does(Verb::MaySleep)
                            && !does(Verb::Wake)
                            && !does(Verb::WakeThread)
                            && !does(Verb::Acquire)
                            && !does(Verb::Context)
                    })
            }
            InstrKind::Opaque { .. } | InstrKind::Wait { .. } => false,
            _ => true,
        }
    }

    /// The last test before the state is set that leads out of the loop.
    fn test(&self, circle: &[bool], state: &Site) -> Option<Span> {
        let tests = self.f.blocks.iter().enumerate().filter(|(at, block)| {
            circle[*at]
                && block
                    .term
                    .successors()
                    .iter()
                    .any(|to| !circle[to.0 as usize])
        });
        let spans = tests.filter_map(|(_, block)| match &block.term {
            Terminator::Branch { span, .. } => Some(*span),
            _ => None,
        });
        spans.filter(|span| span.start < state.span.start).max()
    }

    /// A wait entry of this frame is still queued when the function returns.
    fn stays_queued(&self, queued: &Site) -> Option<Diagnostic> {
        let [object @ Object::Local(owner, local)] = queued.on.list[..] else {
            return None;
        };
        let ours = owner == self.id && local.0 >= self.f.params && !self.f.local(local).is_static;
        let always = queued.effect.when == kloom_facts::When::Always;
        if !queued.effect.says("wait-entry") || queued.on.open || !ours || !always {
            return None;
        }
        let unit = self.context.unit;
        let cancels = |spot: Spot| {
            let mut sites = self.model.inside(self.id, Verb::Cancel);
            sites.any(|site| site.spot == spot && (site.on.open || site.on.list.contains(&object)))
        };
        let cancels_in = |to: &BlockId| {
            let mut instrs = self.f.block(*to).instrs.iter();
            let first = instrs.position(|instr| matches!(instr.kind, InstrKind::Call(_)));
            first.is_some_and(|at| cancels(Spot { block: *to, at }))
        };
        let assumed = Assumed::at(self.f, queued.spot);
        let mut end = None;
        flow::walk_assuming(
            self.f,
            &assumed,
            queued.spot.next(),
            |spot, code| match code {
                Code::Instr(instr) => match &instr.kind {
                    InstrKind::Call(call) => {
                        let known = callee(call).is_some_and(|name| {
                            unit.named(name).is_empty()
                                && self.context.fact(unit.names.text(name)).is_some()
                        });
                        let handed = call.args.iter().any(|arg| self.names(&arg.expr, local));
                        if cancels(spot) || handed && !known {
                            Walk::Stop
                        } else {
                            Walk::On
                        }
                    }
                    InstrKind::Opaque { .. } => Walk::Stop,
                    _ => Walk::On,
                },
                Code::End(Terminator::Return { span, .. }) => {
                    end = Some(*span);
                    Walk::Done
                }
                // Whether it has to be done is tested here.
                Code::End(term @ Terminator::Branch { .. })
                    if term.successors().iter().any(cancels_in) =>
                {
                    Walk::Stop
                }
                Code::End(_) => Walk::On,
            },
        );
        let end = end?;
        Some(Diagnostic {
            rule: "lost-wakeup",
            severity: Severity::Error,
            what: "the function returns with its wait entry still queued".to_owned(),
            why: "the entry lies in this frame: the next wake-up of the queue follows a pointer into a stack that is used for something else".to_owned(),
            help: "call finish_wait() or remove_wait_queue() on every way out".to_owned(),
            primary: end,
            label: String::new(),
            root: Root(queued.span),
            function: Some(self.context.function_name(self.id)),
            trace: vec![step(queued.span, "queued here")],
        })
    }

    fn names(&self, expr: &kloom_ir::Expr, local: kloom_ir::LocalId) -> bool {
        match expr {
            kloom_ir::Expr::Read(place) | kloom_ir::Expr::AddrOf(place) => {
                self.f.places.root(*place) == kloom_ir::Base::Local(local)
            }
            kloom_ir::Expr::Cast(_, inner) => self.names(inner, local),
            _ => false,
        }
    }

    /// A sleep for a time, in a task that is still running: it returns at once.
    fn sleeps_running(&self) -> Option<Diagnostic> {
        let sets = |f: FunctionId| {
            let mut sites = self.model.inside(f, Verb::ControlThread);
            sites.any(|site| site.effect.says("state"))
        };
        let mut above = self.model.above(self.id);
        above.retain(|f| *f != self.id);
        // A caller may have set the state.
        let runs = self.model.contexts(self.id);
        if runs.is_empty() || runs.has(Runs::External) || above.into_iter().any(sets) {
            return None;
        }
        let mut sleeps = self.sites(Verb::MaySleep, "given");
        let sleep = sleeps.find(|site| site.effect.says("timeout") && self.is_running(site))?;
        let name = self.context.unit.names.text(sleep.callee);
        Some(Diagnostic {
            rule: "schedule-without-state",
            severity: Severity::Warning,
            what: format!("{name}() in a task that is still running does not sleep"),
            why: "the scheduler takes it for a task that gives way and runs it again at once"
                .to_owned(),
            help:
                "set the state first, or call schedule_timeout_interruptible() or a sibling of it"
                    .to_owned(),
            primary: sleep.span,
            label: String::new(),
            root: Root(sleep.span),
            function: Some(self.context.function_name(self.id)),
            trace: Vec::new(),
        })
    }

    /// Whether a sleep is reached from the start without the state being set.
    fn is_running(&self, sleep: &Site) -> bool {
        let start = Spot {
            block: BlockId(0),
            at: 0,
        };
        let assumed = Assumed::at(self.f, sleep.spot);
        flow::walk_assuming(self.f, &assumed, start, |spot, code| match code {
            _ if spot == sleep.spot => Walk::Done,
            Code::Instr(instr) => {
                let set = self.at(spot, Verb::ControlThread, "state").is_some();
                if set || self.may_set(instr) {
                    Walk::Stop
                } else {
                    Walk::On
                }
            }
            Code::End(_) => Walk::On,
        })
    }

    /// Whether an instruction may set the state in a way that is not in sight here.
    fn may_set(&self, instr: &Instr) -> bool {
        match &instr.kind {
            InstrKind::Call(call) => {
                let unit = self.context.unit;
                let Some(name) = callee(call) else {
                    return true;
                };
                let own = unit.named(name);
                let sets = |f: FunctionId| {
                    let mut sites = self.model.inside(f, Verb::ControlThread);
                    sites.any(|site| site.effect.says("state"))
                };
                own.iter().flat_map(|f| self.model.below(*f)).any(sets)
                    || own.is_empty() && self.context.fact(unit.names.text(name)).is_none()
            }
            InstrKind::Opaque { .. } => true,
            _ => false,
        }
    }
}

fn step(span: Span, message: &str) -> Step {
    Step {
        span,
        message: message.to_owned(),
    }
}
