//! Waiting for the end of something that waits for the waiter; references to tasks.

use super::teardown::{End, ends_in};
use crate::context::{Context, Findings};
use crate::whole::same_object;
use kloom_diag::{Diagnostic, Root, Severity, Span, Step};
use kloom_facts::{Effect, Facts, Verb, When};
use kloom_flow::model::condition::callee;
use kloom_flow::model::flow::{self, Assumed, Code, Walk};
use kloom_flow::model::{Model, Object, Objects, Site, Thread, call};
use kloom_ir::{Expr, FunctionId, InstrKind, Origin, PlaceId};

/// stop-deadlock, task-ref-leak.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let model = context.model();
    for (id, _) in context.own() {
        for end in ends_in(context, model, id) {
            let hold = Hold {
                context,
                model,
                id,
                end,
            };
            findings.extend(hold.finding());
        }
    }
    for thread in &model.threads {
        findings.extend(stops_itself(context, model, thread));
        findings.extend(reference(context, model, thread));
    }
}

/// A thread is made or stopped, or something waited for.
pub fn wants(facts: Facts, name: &str) -> bool {
    let verbs = [
        Verb::StartThread,
        Verb::StopThread,
        Verb::Cancel,
        Verb::Flush,
    ];
    facts
        .get(name)
        .is_some_and(|fact| verbs.iter().any(|verb| fact.does(*verb)))
}

/// A call that waits for the end of something.
struct Hold<'a> {
    context: &'a Context<'a>,
    model: &'a Model,
    id: FunctionId,
    end: End<'a>,
}

impl Hold<'_> {
    fn finding(&self) -> Option<Diagnostic> {
        let unit = self.context.unit;
        let taken = self.model.inside(self.id, Verb::Acquire);
        let (lock, again) = taken.filter(|lock| self.is_held(lock)).find_map(|lock| {
            let mut takes = self
                .end
                .runs
                .iter()
                .flat_map(|f| self.model.inside(*f, Verb::Acquire));
            let again = takes.find(|site| {
                site.on == lock.on
                    && site.effect.when == When::Always
                    && kind(site.effect) == kind(lock.effect)
                    && !(site.effect.says("read") && lock.effect.says("read"))
            })?;
            Some((lock, again))
        })?;
        let name = unit.names.text(self.end.site.callee);
        Some(Diagnostic {
            rule: "stop-deadlock",
            severity: Severity::Error,
            what: format!("{name}() waits for what may be waiting for a lock that is held here"),
            why: "each waits for the other: both hang".to_owned(),
            help: "give the lock back before".to_owned(),
            primary: self.end.site.span,
            label: String::new(),
            root: Root(self.end.site.span),
            function: Some(self.context.function_name(self.id)),
            trace: vec![
                step(lock.span, "the lock is taken here"),
                step(again.span, "and by what is waited for here"),
            ],
        })
    }

    /// Whether a lock of the same object, or one for all, is held at the wait.
    fn is_held(&self, lock: &Site) -> bool {
        let ([object], false) = (&lock.on.list[..], lock.on.open) else {
            return false;
        };
        let same = match object {
            Object::Global(_) => true,
            Object::Member(..) => {
                let (lock, end) = (self.outer(lock), self.outer(self.end.site));
                lock.is_some() && lock == end
            }
            Object::Local(..) => false,
        };
        let unit = self.context.unit;
        let f = unit.function(self.id);
        let assumed = Assumed::at(f, self.end.site.spot);
        let gives_back = |f: FunctionId| {
            let mut sites = self.model.inside(f, Verb::Release);
            sites.any(|site| site.on.open || site.on.meet(&lock.on))
        };
        same && flow::walk_assuming(f, &assumed, lock.spot.next(), |spot, code| {
            if spot == self.end.site.spot {
                return Walk::Done;
            }
            let Code::Instr(instr) = code else {
                return Walk::On;
            };
            let mut here = self.model.inside(self.id, Verb::Release);
            let here =
                here.any(|site| site.spot == spot && (site.on.open || site.on.meet(&lock.on)));
            let below = match &instr.kind {
                InstrKind::Call(call) => callee(call).is_some_and(|name| {
                    let own = unit.named(name).iter();
                    own.flat_map(|f| self.model.below(*f)).any(gives_back)
                }),
                InstrKind::Opaque { .. } => true,
                _ => false,
            };
            if here || below { Walk::Stop } else { Walk::On }
        })
    }

    /// What the argument of an effect is a member of.
    fn outer(&self, site: &Site) -> Option<PlaceId> {
        let arg = call(self.context.unit, site)?
            .args
            .get(usize::from(site.effect.arg?))?;
        let (Expr::AddrOf(place) | Expr::Read(place)) = arg.expr else {
            return None;
        };
        self.context.unit.function(self.id).places.parent(place)
    }
}

/// What sort of lock an effect is about.
fn kind(effect: &Effect) -> Option<&'static str> {
    effect.note.split(',').next()
}

/// A thread that waits for its own end.
fn stops_itself(context: &Context<'_>, model: &Model, thread: &Thread) -> Option<Diagnostic> {
    let unit = context.unit;
    let [function] = thread.functions[..] else {
        return None;
    };
    let below = model.below(function);
    let mut sites = below
        .iter()
        .flat_map(|f| model.inside(*f, Verb::StopThread));
    let site = sites.find(|site| {
        let f = unit.function(site.function);
        let always = Assumed::at(f, site.spot).conditions().next().is_none();
        f.origin == Origin::File
            && site.on.is_known()
            && site.on.meet(&thread.handle)
            && (site.function == function || always)
    })?;
    Some(Diagnostic {
        rule: "stop-deadlock",
        severity: Severity::Error,
        what: "the thread stops itself".to_owned(),
        why: "it waits for its own end: it hangs".to_owned(),
        help: "return from the thread's function instead".to_owned(),
        primary: site.span,
        label: String::new(),
        root: Root(site.span),
        function: Some(context.function_name(site.function)),
        trace: vec![step(
            model.sites[thread.creation].span,
            "the thread is made here",
        )],
    })
}

/// A reference to a thread's task that is never given back, or was never taken.
fn reference(context: &Context<'_>, model: &Model, thread: &Thread) -> Option<Diagnostic> {
    let task = |site: &&Site| site.effect.says("task");
    let made = &model.sites[thread.creation];
    let handle = &thread.handle;
    if handle.open || context.unit.function(made.function).origin != Origin::File {
        return None;
    }
    let stranger = |model: &Model, verb| model.with(verb).filter(task).any(|s| !s.on.is_known());
    let get = model.on(Verb::Get, handle).find(task);
    let put = model.on(Verb::Put, handle).find(task);
    let (site, missing, what, why, help) = match (get, put) {
        (Some(get), None) => (
            get,
            Verb::Put,
            "nothing gives this reference to the thread's task back",
            "the task is never freed",
            "call put_task_struct() after the thread was stopped",
        ),
        (None, Some(put)) => (
            put,
            Verb::Get,
            "gives back a reference to the thread's task that nobody took",
            "the task is freed while somebody still uses it",
            "take one with get_task_struct() where the thread is made, or leave this out",
        ),
        _ => return None,
    };
    if stranger(model, missing) {
        return None;
    }
    for object in &handle.list {
        for part in context.whole.about(*object)? {
            let theirs = Objects {
                list: same_object(context.unit, *object, &part.unit)
                    .into_iter()
                    .collect(),
                open: false,
            };
            let does = part.model.on(missing, &theirs).any(|site| task(&site));
            if does || stranger(&part.model, missing) {
                return None;
            }
        }
    }
    Some(Diagnostic {
        rule: "task-ref-leak",
        severity: Severity::Error,
        what: what.to_owned(),
        why: why.to_owned(),
        help: help.to_owned(),
        primary: site.span,
        label: String::new(),
        root: Root(site.span),
        function: Some(context.function_name(site.function)),
        trace: vec![step(made.span, "the thread is made here")],
    })
}

fn step(span: Span, message: &str) -> Step {
    Step {
        span,
        message: message.to_owned(),
    }
}
