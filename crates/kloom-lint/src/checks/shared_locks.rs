//! Locks that several contexts share.

pub use super::any_call as wants;
use crate::context::{Context, Findings};
use crate::waiting::Waiting;
use kloom_diag::{Diagnostic, FileId, Root, Severity, Span, Step};
use kloom_facts::Verb;
use kloom_flow::model::condition::object_of;
use kloom_flow::model::{Context as Runs, Object};
use kloom_flow::{How, Irq, LockName, LockNeed};
use kloom_ir::{Function, FunctionId, InstrKind};

/// Contexts in which the kernel calls with nothing held and everything on.
const PROCESS: [Runs; 6] = [
    Runs::Process,
    Runs::Thread,
    Runs::WorkerItem,
    Runs::Work,
    Runs::FileOperation,
    Runs::ThreadedIrq,
];

/// condition-without-lock, irq-unsafe-lock.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    for (id, f) in context.own() {
        for wait in Waiting::of(context, id, f) {
            bare_writers(context, &wait, findings);
        }
    }
    irq_unsafe(context, findings);
}

/// Writers of a condition that is tested under the queue's own lock.
fn bare_writers(context: &Context<'_>, wait: &Waiting<'_>, findings: &mut Findings) {
    let effect = wait.site.effect;
    let Some(condition) = &wait.condition else {
        return;
    };
    if !effect.says("locked") && !effect.says("locked-irq") {
        return;
    }
    let model = context.model();
    for (id, f) in context.own() {
        let contexts = model.contexts(id);
        let own = model.callers(id).is_empty() && contexts.iter().any(|c| PROCESS.contains(&c));
        if !own || !model.changes(id, &condition.reads) {
            continue;
        }
        for (span, object) in assigned(id, f) {
            if condition.reads.contains(&object)
                && span.file == FileId(0)
                && context.analysis.bare_writes.contains(&(id, span))
            {
                findings.push(bare_write(context, wait, f, span));
            }
        }
    }
}

/// What a function assigns, with the place in the text.
fn assigned(id: FunctionId, f: &Function) -> impl Iterator<Item = (Span, Object)> + '_ {
    let instrs = f.blocks.iter().flat_map(|b| &b.instrs);
    instrs.filter_map(move |instr| match &instr.kind {
        InstrKind::Assign { dst, .. } => Some((instr.span, object_of(id, f, *dst)?)),
        _ => None,
    })
}

fn bare_write(context: &Context<'_>, wait: &Waiting<'_>, f: &Function, span: Span) -> Diagnostic {
    Diagnostic {
        rule: "condition-without-lock",
        severity: Severity::Warning,
        what: "this changes what a wait tests under the queue's lock, without that lock".to_owned(),
        why: "the waiter can miss the change, or see half of it, between its test and its sleep"
            .to_owned(),
        help: "take the queue's lock around the change, and wake with the variant for it"
            .to_owned(),
        primary: span,
        label: String::new(),
        root: Root(span),
        function: Some(context.unit.names.text(f.name).to_owned()),
        trace: vec![Step {
            span: wait.site.span,
            message: "the condition is tested here, with the lock held".to_owned(),
        }],
    }
}

/// A lock that a function takes, itself or by calls.
struct Taken<'a> {
    by: FunctionId,
    name: LockName,
    how: How,
    chain: &'a [Span],
}

/// What the entries of some contexts take. What they ask first, nobody knows in advance; what a
/// callee asks, its caller may.
fn taken<'a>(context: &'a Context<'_>, runs: &[Runs]) -> Vec<Taken<'a>> {
    let mut out = Vec::new();
    for entry in &context.model().entries {
        if !runs.contains(&entry.context) {
            continue;
        }
        let summary = &context.analysis.summaries[entry.function.0 as usize];
        for demand in &summary.lock_demands {
            if let LockNeed::Free { name, how } = &demand.need
                && !demand.below
                && name.is_shared()
            {
                out.push(Taken {
                    by: entry.function,
                    name: name.anywhere(),
                    how: *how,
                    chain: &demand.chain,
                });
            }
        }
    }
    out
}

/// Locks of interrupts that other contexts take while these can come.
fn irq_unsafe(context: &Context<'_>, findings: &mut Findings) {
    let hard = taken(context, &[Runs::HardIrq, Runs::Hrtimer]);
    let soft = taken(context, &[Runs::SoftIrq, Runs::Timer]);
    if hard.is_empty() && soft.is_empty() {
        return;
    }
    let mut seen: Vec<Span> = Vec::new();
    for process in taken(context, &PROCESS) {
        let off = || is_quiet(context, process.by);
        let shares = |irq: &&Taken<'_>| irq.name == process.name;
        let by_hard = hard.iter().find(shares);
        let by_soft = soft.iter().find(shares);
        let irq = match process.how.irq {
            Irq::Off | Irq::Saved => None,
            Irq::Bh => by_hard,
            Irq::Kept => by_hard.or(by_soft),
        };
        let (Some(irq), Some(at)) = (irq, process.chain.first().copied()) else {
            continue;
        };
        if at.file != FileId(0) || seen.contains(&at) || by_hard.is_some() && off() {
            continue;
        }
        seen.push(at);
        findings.push(unsafe_take(context, &process, irq, at, by_hard.is_some()));
    }
}

/// Whether a function may turn the interrupt off first.
fn is_quiet(context: &Context<'_>, id: FunctionId) -> bool {
    let model = context.model();
    model.below(id).into_iter().any(|f| {
        let mut cancels = model.inside(f, Verb::Cancel);
        cancels.any(|site| site.effect.says("irq"))
            || model.inside(f, Verb::RemoveHandler).next().is_some()
    })
}

fn unsafe_take(
    context: &Context<'_>,
    process: &Taken<'_>,
    irq: &Taken<'_>,
    at: Span,
    hard: bool,
) -> Diagnostic {
    let text = |id| context.unit.names.text(context.unit.function(id).name);
    let (what, help) = if hard {
        (
            "this lock is also taken in a hard interrupt, and interrupts are on here",
            "take it with interrupts off here",
        )
    } else {
        (
            "this lock is also taken in a soft interrupt, and bottom halves are on here",
            "take it with bottom halves off here",
        )
    };
    let mut trace: Vec<Step> = process
        .chain
        .iter()
        .skip(1)
        .rev()
        .map(|span| Step {
            span: *span,
            message: "called on the way".to_owned(),
        })
        .collect();
    if let Some(span) = irq.chain.first() {
        trace.push(Step {
            span: *span,
            message: format!("{}() takes it here when the interrupt comes", text(irq.by)),
        });
    }
    Diagnostic {
        rule: "irq-unsafe-lock",
        severity: Severity::Error,
        what: what.to_owned(),
        why:
            "if the interrupt comes on this CPU while the lock is held, its handler waits for ever"
                .to_owned(),
        help: help.to_owned(),
        primary: at,
        label: String::new(),
        root: Root(at),
        function: Some(text(process.by).to_owned()),
        trace,
    }
}
