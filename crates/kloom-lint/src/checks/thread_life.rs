//! What is done to a thread or worker from outside, in an order or number that does not fit.

use crate::context::{Context, Findings};
use kloom_diag::{Diagnostic, Root, Severity, Span, Step};
use kloom_facts::{Facts, Verb};
use kloom_flow::model::condition::{callee, object_of};
use kloom_flow::model::flow::{self, Code, Walk};
use kloom_flow::model::{Model, Object, Site, Spot, Thread, call};
use kloom_ir::{Elem, Expr, Function, FunctionId, Instr, InstrKind, Origin, PlaceId, Terminator};

/// double-kthread-stop, bind-after-wake, thread-never-woken, delayed-work-on-destroyed-worker.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let model = context.model();
    for (id, f) in context.own() {
        let order = Order {
            context,
            model,
            id,
            f,
        };
        findings.extend(order.stopped_twice());
        findings.extend(order.bound_late());
        for destroy in model.inside(id, Verb::DestroyWorker) {
            findings.extend(armed(context, model, destroy));
        }
    }
    for thread in &model.threads {
        findings.extend(never_woken(context, model, thread));
    }
}

/// A thread is made, stopped or bound, or a worker destroyed.
pub fn wants(facts: Facts, name: &str) -> bool {
    let verbs = [
        Verb::StartThread,
        Verb::StopThread,
        Verb::ControlThread,
        Verb::DestroyWorker,
    ];
    facts
        .get(name)
        .is_some_and(|fact| verbs.iter().any(|verb| fact.does(*verb)))
}

/// One function in which the same handle is used twice.
struct Order<'a> {
    context: &'a Context<'a>,
    model: &'a Model,
    id: FunctionId,
    f: &'a Function,
}

impl Order<'_> {
    fn stopped_twice(&self) -> Option<Diagnostic> {
        let stops: Vec<(&Site, PlaceId)> = self.handles(Verb::StopThread);
        let (first, again) = stops.iter().find_map(|(first, handle)| {
            let is_stop = |spot: Spot| stops.iter().any(|(s, p)| s.spot == spot && p == handle);
            Some((*first, self.always_meets(first.spot, *handle, is_stop)?))
        })?;
        let name = self.context.unit.names.text(first.callee);
        Some(self.finding(
            "double-kthread-stop",
            Severity::Error,
            again,
            format!("{name}() of a thread that has been stopped already"),
            "the thread may be gone: this uses freed memory, or waits for ever for a second end",
            "stop it once, and forget the handle afterwards",
            Step {
                span: first.span,
                message: "stopped here for the first time".to_owned(),
            },
        ))
    }

    fn bound_late(&self) -> Option<Diagnostic> {
        let binds = self.handles(Verb::ControlThread);
        let binds: Vec<_> = binds
            .into_iter()
            .filter(|(site, _)| site.effect.says("bind"))
            .collect();
        let started = self.model.inside(self.id, Verb::StartThread);
        let made = started
            .filter(|site| site.effect.says("woken"))
            .filter_map(|site| Some((site, call(self.context.unit, site)?.dst?)));
        let woken = self.handles(Verb::WakeThread);
        let mut awake = made.chain(woken);
        let (wake, bind) = awake.find_map(|(wake, handle)| {
            let is_bind = |spot: Spot| binds.iter().any(|(s, p)| s.spot == spot && *p == handle);
            Some((wake, self.meets(wake.spot, handle, is_bind)?))
        })?;
        let site = binds.iter().find(|(site, _)| site.spot == bind)?.0;
        let name = self.context.unit.names.text(site.callee);
        Some(self.finding(
            "bind-after-wake",
            Severity::Warning,
            bind,
            format!("{name}() of a thread that runs already"),
            "the kernel warns, and the thread has run on any CPU until now",
            "make it with kthread_create(), bind it, then wake it",
            Step {
                span: wake.span,
                message: "it is awake from here on".to_owned(),
            },
        ))
    }

    /// The calls with an effect on what a variable or member holds.
    fn handles(&self, verb: Verb) -> Vec<(&Site, PlaceId)> {
        let handle = |site: &Site| {
            let call = call(self.context.unit, site)?;
            match call.args.get(usize::from(site.effect.arg?))?.expr {
                Expr::Read(place) if self.is_one(place) => Some(place),
                _ => None,
            }
        };
        let sites = self.model.inside(self.id, verb);
        sites
            .filter_map(|site| Some((site, handle(site)?)))
            .collect()
    }

    /// Whether a place is the same one each time it is named.
    fn is_one(&self, place: PlaceId) -> bool {
        let mut at = Some(place);
        while let Some(id) = at {
            if let kloom_ir::Base::Step(_, Elem::Index(None)) = self.f.places.get(id).base {
                return false;
            }
            at = self.f.places.parent(id);
        }
        true
    }

    /// The spot that every way from one leads to, while the handle stays what it is.
    fn always_meets(
        &self,
        from: Spot,
        handle: PlaceId,
        is_it: impl Fn(Spot) -> bool,
    ) -> Option<Spot> {
        let mut found = None;
        let escapes = flow::walk(self.f, from.next(), |spot, code| match code {
            _ if spot == from => Walk::Done,
            _ if is_it(spot) => {
                found = found.or(Some(spot));
                Walk::Stop
            }
            Code::Instr(instr) if self.may_change(instr, handle) => Walk::Done,
            Code::End(Terminator::Return { .. } | Terminator::Either(_)) => Walk::Done,
            _ => Walk::On,
        });
        found.filter(|_| !escapes)
    }

    /// The spot that some way from one leads to, while the handle stays what it is.
    fn meets(&self, from: Spot, handle: PlaceId, is_it: impl Fn(Spot) -> bool) -> Option<Spot> {
        let mut found = None;
        flow::walk(self.f, from.next(), |spot, code| match code {
            _ if is_it(spot) => {
                found = Some(spot);
                Walk::Done
            }
            Code::Instr(instr) if self.may_change(instr, handle) => Walk::Stop,
            _ => Walk::On,
        });
        found
    }

    fn may_change(&self, instr: &Instr, handle: PlaceId) -> bool {
        let part = |dst: PlaceId| self.f.places.extends(handle, dst);
        match &instr.kind {
            InstrKind::Assign { dst, .. } => part(*dst),
            InstrKind::Call(call) => {
                let Some(name) = callee(call) else {
                    return true;
                };
                let unit = self.context.unit;
                let own = unit.named(name);
                let object = object_of(self.id, self.f, handle);
                let below = own.iter().flat_map(|f| self.model.below(*f));
                let unknown = own.is_empty() && self.context.fact(unit.names.text(name)).is_none();
                let in_own = object.is_none_or(|object| {
                    below.into_iter().any(|f| self.model.changes(f, &[object]))
                });
                unknown || call.dst.is_some_and(part) || !own.is_empty() && in_own
            }
            InstrKind::Opaque { .. } => true,
            _ => false,
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn finding(
        &self,
        rule: &'static str,
        severity: Severity,
        at: Spot,
        what: String,
        why: &str,
        help: &str,
        before: Step,
    ) -> Diagnostic {
        let primary = match flow::code(self.f, at) {
            Code::Instr(instr) => instr.span,
            Code::End(_) => self.f.name_span,
        };
        Diagnostic {
            rule,
            severity,
            what,
            why: why.to_owned(),
            help: help.to_owned(),
            primary,
            label: String::new(),
            root: Root(primary),
            function: Some(self.context.function_name(self.id)),
            trace: vec![before],
        }
    }
}

fn never_woken(context: &Context<'_>, model: &Model, thread: &Thread) -> Option<Diagnostic> {
    let made = &model.sites[thread.creation];
    let handle = &thread.handle;
    let unpark = |site: &Site| site.effect.says("unpark");
    let wakes = model.on(Verb::WakeThread, handle).next().is_some()
        || model.on(Verb::ControlThread, handle).any(unpark);
    let elsewhere = |object: &Object| !context.is_private(*object);
    let here = context.unit.function(made.function).origin == Origin::File;
    let kept = !handle.list.is_empty() && !handle.open && !handle.list.iter().any(elsewhere);
    // A wake of something unnamed may be for it.
    let stranger = model.with(Verb::WakeThread).any(|site| !site.on.is_known());
    if made.effect.says("woken") || wakes || !kept || !here || stranger {
        return None;
    }
    Some(Diagnostic {
        rule: "thread-never-woken",
        severity: Severity::Error,
        what: format!(
            "nothing wakes the thread that {}() makes",
            context.unit.names.text(made.callee)
        ),
        why: "a new thread sleeps until it is woken for the first time: this one never runs"
            .to_owned(),
        help: "wake it with wake_up_process(), or make it with kthread_run()".to_owned(),
        primary: made.span,
        label: String::new(),
        root: Root(made.span),
        function: Some(context.function_name(made.function)),
        trace: Vec::new(),
    })
}

/// A delayed work item of the worker that nothing cancels before the worker is destroyed.
fn armed(context: &Context<'_>, model: &Model, destroy: &Site) -> Option<Diagnostic> {
    let queued = model.with(Verb::Queue).find(|site| {
        let private = |object: &Object| context.is_private(*object);
        site.effect.says("kthread-delayed-work")
            && site.with.meet(&destroy.on)
            && site.on.is_known()
            && site.on.list.iter().all(private)
            && model.on(Verb::Cancel, &site.on).next().is_none()
    })?;
    if model.with(Verb::Cancel).any(|site| !site.on.is_known()) {
        return None;
    }
    Some(Diagnostic {
        rule: "delayed-work-on-destroyed-worker",
        severity: Severity::Error,
        what: "the worker is destroyed while a delayed work item of it may be armed".to_owned(),
        why: "its timer fires afterwards and uses the freed worker".to_owned(),
        help: "cancel it with kthread_cancel_delayed_work_sync() before".to_owned(),
        primary: destroy.span,
        label: String::new(),
        root: Root(destroy.span),
        function: Some(context.function_name(destroy.function)),
        trace: vec![step(queued.span, "armed here, and cancelled nowhere")],
    })
}

fn step(span: Span, message: &str) -> Step {
    Step {
        span,
        message: message.to_owned(),
    }
}
