//! Wait queues whose waiters the module's wakes do not reach.

use crate::context::{Context, Findings};
use crate::objects::handed_on;
use crate::waiting::{Sleep, Waiting};
use kloom_diag::{Diagnostic, Root, Severity, Step};
use kloom_facts::{Facts, Verb};
use kloom_flow::model::{Context as Runs, Object, Site};
use kloom_ir::{Skipped, Type};

/// wake-kind-mismatch, never-woken-queue.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let model = context.model();
    let stranger = |site: &Site| !site.on.is_known();
    if model.with(Verb::Wake).any(stranger) || context.unit.coverage.skipped.iter().any(is_code) {
        return;
    }
    let unit = context.unit;
    let is_known =
        |name| unit.named(name).is_empty() && context.fact(unit.names.text(name)).is_some();
    let handed = handed_on(unit, is_known);
    for (id, f) in context.own() {
        for wait in Waiting::of(context, id, f) {
            let [object] = wait.site.on.list[..] else {
                continue;
            };
            let timed = wait.is_timed() || wait.site.effect.says("bit") || wait.condition.is_none();
            let private = context.is_private(object)
                && !is_pointer(context, object)
                && !handed.contains(&object);
            if timed || wait.site.on.open || !private {
                continue;
            }
            let wakes: Vec<&Site> = model.on(Verb::Wake, &wait.site.on).collect();
            findings.extend(if wakes.is_empty() {
                never_woken(context, &wait)
            } else {
                wrong_kind(context, &wait, &wakes)
            });
        }
    }
}

/// A wait, in a file with nothing else to wake it.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts.get(name).is_some_and(|fact| fact.does(Verb::Wait))
}

fn is_code(skipped: &(Skipped, kloom_diag::Span)) -> bool {
    matches!(skipped.0, Skipped::Syntax | Skipped::Depth | Skipped::Arm)
}

/// Whether the object is a pointer to a queue that has another name, too.
fn is_pointer(context: &Context<'_>, object: Object) -> bool {
    let unit = context.unit;
    let leads_on = |ty| matches!(unit.types.get(ty), Type::Pointer(_));
    match object {
        Object::Global(name) => unit
            .globals
            .iter()
            .any(|g| g.name == name && leads_on(g.ty)),
        Object::Member(owner, member) => unit.types.structs.get(&owner).is_some_and(|def| {
            let mut fields = def.fields.iter().filter(|field| field.name == member);
            fields.any(|field| leads_on(field.ty))
        }),
        Object::Local(..) => true,
    }
}

fn wrong_kind(context: &Context<'_>, wait: &Waiting<'_>, wakes: &[&Site]) -> Option<Diagnostic> {
    if wait.sleep() != Sleep::Deaf || !wakes.iter().all(|wake| wake.effect.says("interruptible")) {
        return None;
    }
    let wake = wakes.first()?;
    let (waits, wakes_by) = (wait.name(), context.unit.names.text(wake.callee));
    Some(Diagnostic {
        rule: "wake-kind-mismatch",
        severity: Severity::Error,
        what: format!("{wakes_by}() does not wake what sleeps in {waits}()"),
        why: "it only wakes interruptible sleepers, and this one is not: it sleeps for ever"
            .to_owned(),
        help: "wake with wake_up(), or make the wait interruptible".to_owned(),
        primary: wake.span,
        label: String::new(),
        root: Root(wake.span),
        function: Some(context.function_name(wake.function)),
        trace: vec![Step {
            span: wait.site.span,
            message: "this sleeps uninterruptibly on the same queue".to_owned(),
        }],
    })
}

fn never_woken(context: &Context<'_>, wait: &Waiting<'_>) -> Option<Diagnostic> {
    let model = context.model();
    let id = wait.site.function;
    // A stop or a wake of the thread itself will do.
    if wait.tests_stop() || model.contexts(id).has(Runs::Thread) {
        return None;
    }
    Some(Diagnostic {
        rule: "never-woken-queue",
        severity: Severity::Warning,
        what: format!("nothing wakes what sleeps in this {}()", wait.name()),
        why: "no other file can name the queue, and this one does not wake it: the condition may become true unseen".to_owned(),
        help: "wake the queue where the condition becomes true".to_owned(),
        primary: wait.site.span,
        label: String::new(),
        root: Root(wait.site.span),
        function: Some(context.function_name(id)),
        trace: Vec::new(),
    })
}
