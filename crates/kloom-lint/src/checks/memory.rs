//! Memory from allocation to its end.
//!
//! Everything is decided by what the flow analysis noted about an allocation; here it is only put
//! into the rules' terms.

use super::missing_license;
use crate::context::{Context, Findings};
use crate::untested::needed_untested;
use kloom_diag::{Diagnostic, FileId, Root, Severity, Span, Step};
use kloom_facts::{Facts, Verb};
use kloom_flow::{Allocation, LossKind, Resource, Role, StaleUse};
use kloom_ir::{FunctionId, Name, Type, Unit};
use rustc_hash::FxHashSet;

/// Calls that allocate or free.
pub fn wants(facts: Facts, name: &str) -> bool {
    let verbs = [
        Verb::Allocate,
        Verb::Free,
        Verb::StartThread,
        Verb::CreateWorker,
        Verb::Register,
    ];
    let fact = facts.get(name);
    fact.is_some_and(|fact| verbs.iter().any(|verb| fact.does(*verb)))
}

/// alloc-overwritten, alloc-leak, alloc-unchecked, use-after-free, init-error-leak.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let teller = Teller { unit: context.unit };
    let all = &context.analysis.allocations;
    let doubted: FxHashSet<Name> = all
        .iter()
        .filter(|a| a.is_answer && !a.tested.is_empty())
        .map(|a| a.callee)
        .collect();
    for allocation in all {
        if here(allocation.span) {
            if !teller.is_boot(context, allocation.function) {
                teller.lost(allocation, findings);
            }
            if !allocation.is_answer || doubted.contains(&allocation.callee) {
                teller.unchecked(context, allocation, findings);
            }
            if starts(context, allocation.function) {
                teller.left_behind(allocation, findings);
            }
        }
    }
    for stale in &context.analysis.stale_uses {
        if stale.chain.first().copied().is_some_and(here) {
            teller.stale(stale, findings);
        }
    }
}

/// Whether what a function leaves behind is gone if it fails: nothing else runs for the module, whose
/// text goes, or for the device. The text of what is built in stays.
fn starts(context: &Context<'_>, id: FunctionId) -> bool {
    let roles = context.analysis.roles.get(id);
    let can_go = missing_license::is_stated(context);
    let first = |role: &Role| *role == Role::Probe || *role == Role::Init && can_go;
    !roles.is_empty() && roles.iter().all(first)
}

fn here(span: Span) -> bool {
    span.file == FileId(0)
}

/// Puts what was noted into words.
struct Teller<'a> {
    unit: &'a Unit,
}

impl Teller<'_> {
    /// Whether a function runs once at boot and has no way to say that it failed: what it made
    /// may as well stay.
    fn is_boot(&self, context: &Context<'_>, id: FunctionId) -> bool {
        let f = self.unit.function(id);
        let once = f.attributes.iter().any(|attribute| {
            let fact = context.fact(self.name(attribute.name));
            fact.is_some_and(|fact| fact.effects(Verb::Annotates).any(|e| e.says("init-text")))
        });
        once && matches!(self.unit.types.get(f.returns), Type::Void)
    }

    fn lost(&self, allocation: &Allocation, findings: &mut Findings) {
        let callee = self.name(allocation.callee);
        let mut losses = allocation.losses.clone();
        losses.retain(|l| l.kind != LossKind::LeftBehind);
        // What is overwritten is the cause of what is not there at a return.
        losses.sort_by_key(|l| (l.kind != LossKind::Overwritten, l.at));
        let Some(first) = losses.first() else { return };
        let mut trace = vec![step(allocation.span, "allocated here")];
        for loss in &losses {
            if let Some(turn) = loss.turn.filter(|turn| *turn > allocation.span) {
                trace.push(step(turn, "the path goes on from this test"));
            }
            trace.push(match loss.kind {
                LossKind::Returned => step(loss.at, "lost here: the function returns"),
                _ => step(loss.at, "lost here: overwritten"),
            });
        }
        trace.dedup();
        let (rule, what, why, help) = match first.kind {
            LossKind::Overwritten | LossKind::LeftBehind => (
                "alloc-overwritten",
                format!("this overwrites the only pointer to what {callee}() allocated"),
                "the memory can never be freed",
                "free it first, or do not allocate it at all if it is never used",
            ),
            LossKind::Returned => (
                "alloc-leak",
                format!("what {callee}() allocated is lost here"),
                "this path neither frees it, nor stores it, nor returns it",
                "free it on this path, too",
            ),
        };
        findings.push(Diagnostic {
            rule,
            severity: Severity::Error,
            what,
            why: why.to_owned(),
            help: help.to_owned(),
            primary: first.at,
            label: String::new(),
            root: Root(allocation.span),
            function: Some(self.function(allocation.function)),
            trace,
        });
    }

    fn left_behind(&self, allocation: &Allocation, findings: &mut Findings) {
        let mut losses = allocation.losses.clone();
        losses.retain(|l| l.kind == LossKind::LeftBehind);
        losses.sort_by_key(|l| l.at);
        let Some(first) = losses.first() else { return };
        let callee = self.name(allocation.callee);
        let (what, done) = match allocation.resource {
            Resource::Thread => ("the thread", "started here"),
            Resource::Worker => ("the worker", "created here"),
            Resource::Memory | Resource::Registration => ("the registration", "registered here"),
        };
        let mut trace = vec![step(allocation.span, done)];
        for loss in &losses {
            if let Some(turn) = loss.turn.filter(|turn| *turn > allocation.span) {
                trace.push(step(turn, "the path goes on from this test"));
            }
            trace.push(step(loss.at, "fails here, and nothing has taken it back"));
        }
        trace.dedup();
        findings.push(Diagnostic {
            rule: "init-error-leak",
            severity: Severity::Error,
            what: format!("this failure leaves behind {what} that {callee}() made"),
            why: "nobody will ever take it back, and the code and data it uses may go".to_owned(),
            help: "undo it before this return, in the reverse order".to_owned(),
            primary: first.at,
            label: String::new(),
            root: Root(allocation.span),
            function: Some(self.function(allocation.function)),
            trace,
        });
    }

    fn unchecked(&self, context: &Context<'_>, allocation: &Allocation, findings: &mut Findings) {
        if !allocation.may_fail {
            return;
        }
        let tested = !allocation.tested.is_empty();
        let untested = !tested && !allocation.judged;
        let mut uses = allocation.uses.iter().filter(|chain| !chain.is_empty());
        let early = allocation.early.as_ref().filter(|_| !allocation.is_answer);
        let later = || match &allocation.kept[..] {
            // What is lost here reaches nobody.
            [key] if untested && !allocation.is_answer && allocation.losses.is_empty() => {
                needed_untested(context, key)
            }
            _ => None,
        };
        let now = if untested {
            uses.next().or(early)
        } else {
            early
        };
        let Some(uses) = now.cloned().or_else(|| later().map(|at| vec![at])) else {
            return;
        };
        let asked = if tested {
            "tested too late"
        } else {
            "never tested"
        };
        let callee = self.name(allocation.callee);
        let (when, why) = if allocation.is_answer {
            (
                "it can say NULL, as other callers know",
                "on that path its first use is an oops",
            )
        } else {
            (
                "NULL if there is no memory",
                "without memory it is NULL, and its first use is an oops",
            )
        };
        let mut trace = vec![step(allocation.span, when)];
        trace.extend(uses.iter().map(|at| step(*at, "used here without a test")));
        findings.push(Diagnostic {
            rule: "alloc-unchecked",
            severity: Severity::Error,
            what: format!("the result of {callee}() is used and {asked}"),
            why: why.to_owned(),
            help: "test it, and leave with an error if it is NULL".to_owned(),
            primary: allocation.span,
            label: String::new(),
            // A test repairs this and nothing else.
            root: Root(*uses.first().unwrap_or(&allocation.span)),
            function: Some(self.function(allocation.function)),
            trace,
        });
    }

    fn stale(&self, stale: &StaleUse, findings: &mut Findings) {
        let Some(at) = stale.chain.first() else {
            return;
        };
        let mut trace = vec![step(stale.freed, "freed here")];
        for call in stale.chain.iter().skip(1).rev() {
            trace.push(step(*call, "called on the way to the use"));
        }
        findings.push(Diagnostic {
            rule: "use-after-free",
            severity: Severity::Error,
            what: "this uses memory that is already freed".to_owned(),
            why: "it may belong to somebody else by now".to_owned(),
            help: "free it after its last use, or leave the path once it is freed".to_owned(),
            primary: *at,
            label: String::new(),
            root: Root(stale.freed),
            function: Some(self.function(stale.function)),
            trace,
        });
    }

    fn name(&self, name: Name) -> &str {
        self.unit.names.text(name)
    }

    fn function(&self, id: FunctionId) -> String {
        self.name(self.unit.function(id).name).to_owned()
    }
}

fn step(span: Span, message: &str) -> Step {
    Step {
        span,
        message: message.to_owned(),
    }
}
