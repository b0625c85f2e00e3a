//! Work items that wait for themselves, or are initialised while somebody uses them.

use crate::context::{Context, Findings};
use crate::objects::{happens, named};
use kloom_diag::{Diagnostic, Root, Severity, Span, Step};
use kloom_facts::{Facts, Verb};
use kloom_flow::model::flow::{self, Assumed, Code, Walk};
use kloom_flow::model::{Model, Object, Objects, Site, call};
use kloom_ir::{FunctionId, Terminator};
use rustc_hash::FxHashSet;

/// work-flushes-itself, work-reinit-while-queued.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let model = context.model();
    let mut seen = FxHashSet::default();
    for site in model.with(Verb::Init) {
        let [object] = site.on.list[..] else { continue };
        if !site.on.open && site.effect.with.is_some() && seen.insert(object) {
            findings.extend(waits_for_itself(context, model, object));
        }
    }
    for (id, _) in context.own() {
        for live in model.inside(id, Verb::Handler) {
            findings.extend(used_before_init(context, model, id, live));
        }
        for init in model.inside(id, Verb::Init) {
            findings.extend(again(context, model, id, init));
        }
    }
}

/// Something is initialised, or a handler is set up.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts
        .get(name)
        .is_some_and(|fact| fact.does(Verb::Init) || fact.does(Verb::Handler))
}

/// A function of an object waits until that object, or what runs it, is idle.
fn waits_for_itself(context: &Context<'_>, model: &Model, object: Object) -> Option<Diagnostic> {
    let unit = context.unit;
    let own = |f: FunctionId| unit.function(f).origin == kloom_ir::Origin::File;
    let queues: Vec<&Objects> = model
        .with(Verb::Queue)
        .filter(|site| site.on.list.contains(&object) && site.effect.with.is_some())
        .map(|site| &site.with)
        .collect();
    let runner = |site: &Site| {
        !queues.is_empty()
            && queues
                .iter()
                .all(|queue| queue.is_known() && queue.meet(&site.on))
    };
    // With more than one, the object is one of several of its kind.
    let &[handler] = context.handlers(object) else {
        return None;
    };
    for f in model.below(handler).into_iter().filter(|f| own(*f)) {
        let cancels = model
            .inside(f, Verb::Cancel)
            .filter(|s| s.effect.says("sync"));
        let flushes = model.inside(f, Verb::Flush);
        let destroys = model.inside(f, Verb::DestroyWorker);
        let sure = |site: &Site| {
            let assumed = Assumed::at(unit.function(f), site.spot);
            f == handler || assumed.conditions().next().is_none()
        };
        let waits = cancels.chain(flushes).chain(destroys).find(|site| {
            sure(site)
                && !site.on.open
                && (site.on.list == [object] || runner(site) && site.on.list.len() == 1)
        });
        let Some(site) = waits else { continue };
        let name = unit.names.text(site.callee);
        return Some(Diagnostic {
            rule: "work-flushes-itself",
            severity: Severity::Error,
            what: format!("{name}() waits for the function that calls it"),
            why: "it waits for its own end: it hangs".to_owned(),
            help: "leave it out here, or do it from another context".to_owned(),
            primary: site.span,
            label: String::new(),
            root: Root(site.span),
            function: Some(context.function_name(f)),
            trace: vec![step(
                unit.function(handler).name_span,
                "called by what it waits for",
            )],
        });
    }
    None
}

/// An object is initialised after the handler that uses it has been set up.
fn used_before_init(
    context: &Context<'_>,
    model: &Model,
    id: FunctionId,
    live: &Site,
) -> Option<Diagnostic> {
    if live.effect.says("devm") || live.effect.says("process") {
        return None;
    }
    let unit = context.unit;
    let f = unit.function(id);
    let made = call(unit, live)?;
    let function = made.args.get(usize::from(live.effect.arg?))?;
    let mut switched = model.inside(id, Verb::Cancel);
    let quiet = switched.any(|site| site.effect.says("irq") && happens(unit, site));
    let runs = named(unit, &function.expr);
    if quiet || runs.is_empty() {
        return None;
    }
    let below: Vec<FunctionId> = runs.iter().flat_map(|f| model.below(*f)).collect();
    let inits: Vec<&Site> = model.inside(id, Verb::Init).collect();
    let mut found = None;
    flow::walk(f, live.spot.next(), |spot, code| match code {
        Code::Instr(_) => {
            let init = inits.iter().find(|site| {
                site.spot == spot
                    && site.on.is_known()
                    && below.iter().any(|f| model.names(*f, &site.on.list))
            });
            match init {
                Some(site) => {
                    found = Some(*site);
                    Walk::Done
                }
                None => Walk::On,
            }
        }
        Code::End(Terminator::Either(_)) => Walk::Stop,
        Code::End(_) => Walk::On,
    });
    let init: &Site = found?;
    let before = |site: &&Site| site.on.meet(&init.on) && site.span < live.span;
    if inits.iter().any(before) {
        return None;
    }
    let name = unit.names.text(unit.function(*runs.first()?).name);
    Some(Diagnostic {
        rule: "work-reinit-while-queued",
        severity: Severity::Warning,
        what: format!("initialised after {name}(), which uses it, may have been called"),
        why: "the handler can run as soon as it is set up: what it finds or leaves there is not initialised, or is wiped out".to_owned(),
        help: "initialise everything that the handler uses before it is set up".to_owned(),
        primary: init.span,
        label: String::new(),
        root: Root(init.span),
        function: Some(context.function_name(id)),
        trace: vec![step(live.span, "the handler is set up here")],
    })
}

/// Something that lives on is initialised each time it is queued.
fn again(context: &Context<'_>, model: &Model, id: FunctionId, init: &Site) -> Option<Diagnostic> {
    let [object @ Object::Global(_)] = init.on.list[..] else {
        return None;
    };
    let runs = model.contexts(id);
    let once = [
        kloom_flow::model::Context::Init,
        kloom_flow::model::Context::Probe,
        kloom_flow::model::Context::Exit,
        kloom_flow::model::Context::Remove,
        kloom_flow::model::Context::External,
        kloom_flow::model::Context::Callback,
        kloom_flow::model::Context::Member,
    ];
    if init.on.open || init.effect.with.is_none() || runs.iter().all(|c| once.contains(&c)) {
        return None;
    }
    let f = context.unit.function(id);
    let is_end = |site: &&Site| site.on.list.contains(&object) && site.span < init.span;
    let ended = model.inside(id, Verb::Cancel).any(|s| is_end(&s))
        || model.inside(id, Verb::Flush).any(|s| is_end(&s));
    let mut queued = None;
    flow::walk(f, init.spot.next(), |spot, _| {
        let mut sites = model.inside(id, Verb::Queue);
        queued = sites.find(|site| site.spot == spot && site.on.list.contains(&object));
        if queued.is_some() {
            Walk::Done
        } else {
            Walk::On
        }
    });
    let queued = queued.filter(|_| !ended)?;
    Some(Diagnostic {
        rule: "work-reinit-while-queued",
        severity: Severity::Error,
        what: "initialised again while it may still be queued".to_owned(),
        why: "the queue it is in still points to it: the list is corrupted".to_owned(),
        help: "initialise it once, where the module or device is set up".to_owned(),
        primary: init.span,
        label: String::new(),
        root: Root(init.span),
        function: Some(context.function_name(id)),
        trace: vec![step(queued.span, "queued here, each time")],
    })
}

fn step(span: Span, message: &str) -> Step {
    Step {
        span,
        message: message.to_owned(),
    }
}
