//! What the condition of a wait must not do.

use crate::context::{Context, Findings};
use crate::waiting::Waiting;
use kloom_diag::{Diagnostic, Root, Severity, Span, Step};
use kloom_facts::{Facts, Verb, When};
use kloom_flow::model::condition::{callee, mentioned, object_of};
use kloom_ir::{BinOp, BlockId, Call, Expr, Function, FunctionId, InstrKind};

/// sleeping-condition, condition-side-effect.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    for (id, f) in context.own() {
        for wait in Waiting::of(context, id, f) {
            findings.extend(sleeping(context, id, &wait));
            findings.extend(changing(context, id, &wait));
        }
    }
}

/// A wait has the condition.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts.get(name).is_some_and(|fact| fact.does(Verb::Wait))
}

fn sleeping(context: &Context<'_>, id: FunctionId, wait: &Waiting<'_>) -> Option<Diagnostic> {
    let calls = &wait.condition.as_ref()?.calls;
    let (at, sleeper) = calls.iter().find_map(|(_, instr, call)| {
        let (span, name) = sleeper(context, call)?;
        Some((instr.span, (span, name)))
    })?;
    let mut trace = Vec::new();
    if let (Some(span), name) = &sleeper {
        trace.push(Step {
            span: *span,
            message: format!("{name}() may sleep"),
        });
    }
    Some(Diagnostic {
        rule: "sleeping-condition",
        severity: Severity::Warning,
        what: format!("the condition of {}() can sleep in {}()", wait.name(), sleeper.1),
        why: "it is evaluated while the task is set to sleep: the inner sleep resets that, and the kernel warns".to_owned(),
        help: "take what can sleep out of the condition".to_owned(),
        primary: at,
        label: String::new(),
        root: Root(wait.site.span),
        function: Some(context.function_name(id)),
        trace,
    })
}

/// What a call in a condition certainly runs that may sleep, and where, if it is in a function
/// of the unit.
fn sleeper(context: &Context<'_>, call: &Call) -> Option<(Option<Span>, String)> {
    let unit = context.unit;
    let name = callee(call)?;
    let text = unit.names.text(name);
    let [own] = unit.named(name) else {
        return may_sleep(context, text).then(|| (None, text.to_owned()));
    };
    let f = unit.function(*own);
    if says_it_sleeps(context, f) {
        return None;
    }
    // What its first block does is done at every call.
    f.block(BlockId(0)).instrs.iter().find_map(|instr| {
        let InstrKind::Call(inner) = &instr.kind else {
            return None;
        };
        let text = unit.names.text(callee(inner)?);
        let foreign = unit.named(callee(inner)?).is_empty();
        (foreign && may_sleep(context, text)).then(|| (Some(instr.span), text.to_owned()))
    })
}

/// Whether a function says that it is meant to sleep in a condition.
fn says_it_sleeps(context: &Context<'_>, f: &Function) -> bool {
    let mut instrs = f.blocks.iter().flat_map(|block| &block.instrs);
    instrs.any(|instr| {
        let InstrKind::Call(call) = &instr.kind else {
            return false;
        };
        let fact = callee(call).and_then(|name| context.fact(context.unit.names.text(name)));
        fact.is_some_and(|fact| fact.effects(Verb::Annotates).any(|e| e.says("sleeps")))
    })
}

fn may_sleep(context: &Context<'_>, name: &str) -> bool {
    context.fact(name).is_some_and(|fact| {
        let mut sleeps = fact.effects(Verb::MaySleep);
        sleeps.any(|effect| effect.when == When::Always && context.target.hits(effect.versions))
    })
}

fn changing(context: &Context<'_>, id: FunctionId, wait: &Waiting<'_>) -> Option<Diagnostic> {
    let f = context.unit.function(id);
    let assigns = &wait.condition.as_ref()?.assigns;
    let at = assigns.iter().find_map(|(_, instr, dst)| {
        let InstrKind::Assign { src, .. } = &instr.kind else {
            return None;
        };
        // What counts differs from one time to the next; a value that is kept or collected does not.
        let Expr::Binary(BinOp::Add | BinOp::Sub, ..) = src else {
            return None;
        };
        let mut reads = Vec::new();
        mentioned(id, f, src, &mut reads);
        let into = object_of(id, f, *dst)?;
        reads.contains(&Some(into)).then_some(instr.span)
    })?;
    Some(Diagnostic {
        rule: "condition-side-effect",
        severity: Severity::Warning,
        what: format!(
            "the condition of {}() changes something each time it is evaluated",
            wait.name()
        ),
        why: "it is evaluated any number of times, twice per wake-up in newer kernels".to_owned(),
        help: "change it after the wait, or where the queue is woken".to_owned(),
        primary: at,
        label: String::new(),
        root: Root(at),
        function: Some(context.function_name(id)),
        trace: Vec::new(),
    })
}
