//! Sleeping in functions that the kernel calls where no task can be put to sleep.

use crate::context::{Context, Findings};
use kloom_diag::{Diagnostic, FileId, Root, Severity, Span, Step};
use kloom_facts::{Classes, Verb};
use kloom_flow::LockNeed;
use kloom_flow::model::{Context as Runs, Entry};
use kloom_ir::Origin;

/// What runs its function in an interrupt.
const TIMERS: [&str; 4] = ["timer", "hrtimer", "tasklet", "irq-work"];

/// The part of sleep-in-atomic that no lock decides.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    if !has_handlers(context) {
        return;
    }
    let mut seen: Vec<Span> = Vec::new();
    for entry in &context.model().entries {
        let Some(place) = no_task(entry.context) else {
            continue;
        };
        for chain in sleeps(context, entry) {
            let Some(at) = chain.last().copied() else {
                continue;
            };
            if at.file == FileId(0) && !seen.contains(&at) {
                seen.push(at);
                findings.push(diagnostic(context, entry, place, at, chain));
            }
        }
    }
}

/// Whether anything in the file says who is called back, and when.
fn has_handlers(context: &Context<'_>) -> bool {
    let known = |name: &str| {
        let fact = context.fact(name);
        let mut effects = fact.into_iter().flat_map(|fact| fact.effects);
        effects.any(|e| match e.verb {
            Verb::Handler => true,
            Verb::Init => TIMERS.iter().any(|kind| e.says(kind)),
            _ => false,
        })
    };
    let macros = context.unit.top_macros.iter().map(|used| used.name);
    let mut named = macros.map(|name| context.unit.names.text(name));
    let calls = context.own().flat_map(|(_, f)| context.calls(f));
    named.any(known) || calls.filter_map(|site| site.name).any(known)
}

/// Where a function runs that is called so, if that is no task.
fn no_task(context: Runs) -> Option<&'static str> {
    match context {
        Runs::HardIrq => Some("in a hard interrupt"),
        Runs::Timer | Runs::Hrtimer => Some("in a timer"),
        Runs::SoftIrq => Some("in a soft interrupt"),
        Runs::Rcu => Some("in an RCU callback"),
        _ => None,
    }
}

/// The calls that sleep whenever the function is called, each with those that lead there,
/// innermost first.
fn sleeps<'a>(context: &'a Context<'_>, entry: &Entry) -> impl Iterator<Item = &'a [Span]> {
    let model = context.model();
    // It may ask where it runs before it sleeps.
    let mut below = model.below(entry.function).into_iter();
    let asks = below.any(|f| model.inside(f, Verb::AsksContext).next().is_some());
    let own = context.unit.function(entry.function).origin == Origin::File;
    let summary = &context.analysis.summaries[entry.function.0 as usize];
    let demands = summary.lock_demands.iter().filter(move |demand| {
        let sleeps = matches!(demand.need, LockNeed::Sleep { word: None });
        // An interrupt number of 0 is how others call a handler.
        let mut guards = demand.guards.iter();
        let usual = guards.all(|guard| guard.classes.contains(Classes::POS));
        sleeps && own && !asks && !demand.doubt && usual
    });
    demands.map(|demand| &demand.chain[..])
}

fn diagnostic(
    context: &Context<'_>,
    entry: &Entry,
    place: &str,
    at: Span,
    chain: &[Span],
) -> Diagnostic {
    let name = context.function_name(entry.function);
    let mut trace = vec![Step {
        span: entry.at,
        message: format!("{name}() is called {place} because of this"),
    }];
    trace.extend(chain.iter().rev().skip(1).map(|span| Step {
        span: *span,
        message: "may sleep here".to_owned(),
    }));
    Diagnostic {
        rule: "sleep-in-atomic",
        severity: Severity::Warning,
        what: format!("this may sleep {place}"),
        why: "there is no task that could be put to sleep: \"scheduling while atomic\"".to_owned(),
        help: "leave it to a thread or a work item, or use what does not sleep".to_owned(),
        primary: at,
        label: String::new(),
        root: Root(at),
        function: Some(name),
        trace,
    }
}
