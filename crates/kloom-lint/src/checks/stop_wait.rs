//! Waits of threads that will be stopped, and waits whose result nobody looks at.

use crate::context::{Context, Findings};
use crate::waiting::{Sleep, Waiting};
use kloom_diag::{Diagnostic, Root, Severity, Step};
use kloom_facts::{Facts, Verb, Version};
use kloom_flow::model::Thread;
use kloom_ir::FunctionId;

/// From this release on, a stop ends interruptible waits.
const STOP_ENDS_WAITS: Version = Version { major: 6, minor: 1 };

/// wait-ignores-stop, wait-result-ignored.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    for (id, f) in context.own() {
        for wait in Waiting::of(context, id, f) {
            if wait.tests_stop() {
                continue;
            }
            if let Some(found) = ignores_stop(context, id, &wait) {
                findings.push(found);
            }
            if let Some(found) = result_ignored(context, id, &wait) {
                findings.push(found);
            }
        }
    }
}

/// Somebody waits.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts.get(name).is_some_and(|fact| fact.does(Verb::Wait))
}

/// What goes wrong when the thread is stopped while it waits.
enum Outcome {
    /// The stop waits for ever.
    Hangs,
    /// The wait ends at once, and what follows runs as if the condition held.
    RunsOn(Step),
}

fn ignores_stop(context: &Context<'_>, id: FunctionId, wait: &Waiting<'_>) -> Option<Diagnostic> {
    let thread = stopped(context, id, wait)?;
    if wait.is_timed() {
        return None;
    }
    let outcome = match wait.sleep() {
        Sleep::Deaf => wait.is_idle().then_some(Outcome::Hangs)?,
        Sleep::Interruptible if context.target.min < STOP_ENDS_WAITS => {
            wait.is_idle().then_some(Outcome::Hangs)?
        }
        Sleep::Interruptible if wait.drops_result() => Outcome::RunsOn(wait.runs_on()?),
        Sleep::Interruptible | Sleep::Unknown => return None,
    };
    let model = context.model();
    let name = wait.name();
    let created = model.sites[thread.creation].span;
    let stop = model.sites[*thread.stops.first()?].span;
    let mut trace = vec![
        step(created, "the thread is made here"),
        step(stop, "and stopped here, while the condition may be false"),
    ];
    let (severity, what, why) = match outcome {
        Outcome::Hangs => (
            Severity::Error,
            format!("a stop does not end this {name}()"),
            "the stop wakes the thread, which finds the condition false and sleeps again: the stop hangs",
        ),
        Outcome::RunsOn(used) => {
            trace.push(used);
            (
                Severity::Warning,
                format!("a stop ends this {name}() with its condition false, and nobody notices"),
                "the wait gives -ERESTARTSYS as soon as the thread is to stop, and what follows runs all the same",
            )
        }
    };
    Some(Diagnostic {
        rule: "wait-ignores-stop",
        severity,
        what,
        why: why.to_owned(),
        help: "test kthread_should_stop() in the condition, and again before what follows"
            .to_owned(),
        primary: wait.site.span,
        label: String::new(),
        root: Root(wait.site.span),
        function: Some(context.function_name(id)),
        trace,
    })
}

/// A thread that alone runs the function, that is stopped, and whose stop does nothing that
/// could make the condition true.
fn stopped<'m>(context: &'m Context<'_>, id: FunctionId, wait: &Waiting<'_>) -> Option<&'m Thread> {
    let model = context.model();
    let only = model
        .contexts(id)
        .only(&[kloom_flow::model::Context::Thread]);
    let condition = wait.condition.as_ref()?;
    if !only || condition.open || condition.reads.is_empty() {
        return None;
    }
    let ends_wait = |thread: &Thread| {
        thread.stops.iter().any(|stop| {
            let around = model.around(model.sites[*stop].function);
            around.iter().any(|f| model.changes(*f, &condition.reads))
        })
    };
    let mut threads = model.run_by(id).filter(|thread| !thread.stops.is_empty());
    let first = threads.next()?;
    let quiet = |thread: &Thread| !ends_wait(thread);
    (quiet(first) && threads.all(quiet)).then_some(first)
}

fn result_ignored(context: &Context<'_>, id: FunctionId, wait: &Waiting<'_>) -> Option<Diagnostic> {
    let ends_early =
        wait.is_timed() || matches!(wait.sleep(), Sleep::Interruptible) || wait.is_killable();
    let happens = wait.is_timed() || wait.can_be_interrupted();
    if !ends_early || !happens || !wait.drops_result() {
        return None;
    }
    let used = wait.runs_on()?;
    let name = wait.name();
    let (how, why) = if wait.is_timed() {
        (
            "its time is over",
            "when the time is over first, the condition is still false",
        )
    } else {
        (
            "a signal or a stop ends it",
            "a signal or a stop ends the wait with the condition false",
        )
    };
    Some(Diagnostic {
        rule: "wait-result-ignored",
        severity: Severity::Warning,
        what: format!("{name}() also comes back when {how}, and nobody looks"),
        why: format!("{why}, and what follows runs as if it were true"),
        help: "look at the result, or test the condition again".to_owned(),
        primary: wait.site.span,
        label: String::new(),
        root: Root(wait.site.span),
        function: Some(context.function_name(id)),
        trace: vec![used],
    })
}

fn step(span: kloom_diag::Span, message: &str) -> Step {
    Step {
        span,
        message: message.to_owned(),
    }
}
