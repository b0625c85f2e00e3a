//! Tests for the stop of a thread where no thread of the module runs.

use crate::context::{Context, Findings};
use kloom_diag::{Diagnostic, Root, Severity, Step};
use kloom_facts::{Facts, Verb};
use kloom_flow::model::Context as Runs;

/// Where the current task is never a thread that somebody could stop.
const ELSEWHERE: &[Runs] = &[
    Runs::Init,
    Runs::Exit,
    Runs::Probe,
    Runs::Remove,
    Runs::FileOperation,
    Runs::Timer,
    Runs::Hrtimer,
    Runs::HardIrq,
    Runs::SoftIrq,
    Runs::Work,
];

/// stop-test-outside-thread.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let model = context.model();
    for (id, f) in context.own() {
        let contexts = model.contexts(id);
        if !contexts.only(ELSEWHERE) {
            continue;
        }
        for site in model.inside(id, Verb::StopTest) {
            if !(site.effect.says("stop") || site.effect.says("park")) {
                continue;
            }
            let name = context.unit.names.text(site.callee);
            let above = model.above(id);
            let leads = |function| above.binary_search(function).is_ok();
            let entry = model.entries.iter().find(|entry| leads(&entry.function));
            let (severity, why) = if contexts.only(&[Runs::Work]) {
                (
                    Severity::Warning,
                    "it asks about a thread of the workqueue, which nobody stops: it is always false",
                )
            } else {
                (
                    Severity::Error,
                    "the current task is no thread of the module: the kernel warns, and reads what is not there",
                )
            };
            findings.push(Diagnostic {
                rule: "stop-test-outside-thread",
                severity,
                what: format!(
                    "{name}() in a function that no thread of the module runs ({contexts})"
                ),
                why: why.to_owned(),
                help: "ask a flag of the module instead, set where the thread is stopped"
                    .to_owned(),
                primary: site.span,
                label: String::new(),
                // One flag repairs all tests of a function.
                root: Root(f.name_span),
                function: Some(context.function_name(id)),
                trace: entry
                    .map(|entry| Step {
                        span: entry.at,
                        message: format!(
                            "this makes {}() a function of the kind: {}",
                            context.function_name(entry.function),
                            entry.context.as_str()
                        ),
                    })
                    .into_iter()
                    .collect(),
            });
        }
    }
}

/// Somebody asks for a stop.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts
        .get(name)
        .is_some_and(|fact| fact.does(Verb::StopTest))
}
