//! Locks: what the flow analysis noted about them, in the rules' terms.

use crate::context::{Context, Findings};
use crate::in_interrupt;
use kloom_diag::{Diagnostic, FileId, Root, Severity, Span, Step};
use kloom_facts::{Facts, Kind, Verb};
use kloom_flow::{LockIssue, LockIssueKind, LockKind};
use kloom_ir::Unit;

/// lock-imbalance, double-lock, sleep-in-atomic, irq-flags-misuse, wait-lock-mismatch,
/// wake-holding-queue-lock.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    for issue in &context.analysis.lock_issues {
        if issue.at.file == FileId(0) {
            findings.push(tell(context.unit, issue));
        }
    }
    in_interrupt::check(context, findings);
}

/// Something is taken or turned off, there is a queue, which has a lock, or something is called back.
pub fn wants(facts: Facts, name: &str) -> bool {
    let verbs = [
        Verb::Acquire,
        Verb::Context,
        Verb::Wait,
        Verb::Wake,
        Verb::Handler,
        Verb::Init,
    ];
    // A misspelt one counts as the one that was meant.
    let fact = facts.get(name).or_else(|| facts.nearest_lock(name));
    fact.is_some_and(|fact| {
        let is_scope = matches!(
            fact.kind,
            Kind::ScopeGuard | Kind::ScopedBlock | Kind::ScopeClass
        );
        is_scope || verbs.iter().any(|verb| fact.does(*verb))
    })
}

/// What a finding says.
struct Words {
    rule: &'static str,
    severity: Severity,
    what: String,
    why: &'static str,
    help: &'static str,
    /// What the place is where the lock was taken, or the first of two things was done.
    first: &'static str,
    /// What the place is where it happens, at the end of a chain of calls.
    inner: &'static str,
    root: Span,
}

fn tell(unit: &Unit, issue: &LockIssue) -> Diagnostic {
    let words = words(unit, issue);
    let mut trace = Vec::new();
    let mut step = |span: Span, message: &str| {
        trace.push(Step {
            span,
            message: message.to_owned(),
        });
    };
    if let Some(at) = issue.taken {
        step(at, words.first);
    }
    for (at, yes) in &issue.trail {
        step(
            *at,
            if *yes {
                "this holds"
            } else {
                "this does not hold"
            },
        );
    }
    for at in &issue.others {
        step(*at, "given back here on other paths");
    }
    for call in issue.chain.iter().skip(1).rev() {
        if *call != issue.at {
            step(*call, "called on the way");
        }
    }
    if let (Some(at), true) = (issue.chain.first(), issue.chain.len() > 1) {
        step(*at, words.inner);
    }
    Diagnostic {
        rule: words.rule,
        severity: words.severity,
        what: words.what,
        why: words.why.to_owned(),
        help: words.help.to_owned(),
        primary: issue.at,
        label: String::new(),
        root: Root(words.root),
        function: Some(
            unit.names
                .text(unit.function(issue.function).name)
                .to_owned(),
        ),
        trace,
    }
}

fn words(unit: &Unit, issue: &LockIssue) -> Words {
    let lock = lock(unit, issue);
    let taken = issue.taken.unwrap_or(issue.at);
    let base = Words {
        rule: "lock-imbalance",
        severity: Severity::Error,
        what: String::new(),
        why: "",
        help: "",
        first: "taken here",
        inner: "here",
        root: issue.at,
    };
    match issue.kind {
        LockIssueKind::StillHeld => Words {
            severity: Severity::Warning,
            what: format!("{lock} is still held when the function returns here"),
            why: "other paths give it back; after this one whoever wants it next waits for ever",
            help: "give it back before this return, or leave by the label that does",
            root: taken,
            ..base
        },
        LockIssueKind::ReleasedTwice => Words {
            severity: Severity::Warning,
            what: "this gives back a lock that this path has given back before".to_owned(),
            why: "somebody else may hold it by now, and loses it; lockdep reports a bad unlock \
                  balance",
            help: "give it back once on every path",
            first: "given back here before",
            ..base
        },
        LockIssueKind::TakenTwice => Words {
            rule: "double-lock",
            what: format!("{lock} is taken again while this path holds it"),
            why: "it waits for itself: a deadlock, each time the path is taken",
            help: "give it back before, or call a variant that expects the lock to be held",
            inner: "taken again here",
            ..base
        },
        LockIssueKind::Sleeps => Words {
            rule: "sleep-in-atomic",
            severity: Severity::Warning,
            what: format!("this may sleep {}", while_atomic(issue.how.kind, &lock)),
            why: "whoever wants the CPU or the lock next may wait for ever: \"scheduling while \
                  atomic\"",
            help: "sleep before or after, or use what does not sleep",
            inner: "may sleep here",
            ..base
        },
        LockIssueKind::FlagsOverwritten => Words {
            rule: "irq-flags-misuse",
            what: "this overwrites an interrupt state that is still to be restored".to_owned(),
            why: "what is saved now is that interrupts are off, so they stay off for good",
            help: "use a variable for each lock, or take the inner lock without saving",
            first: "saved here",
            ..base
        },
        LockIssueKind::WaitTakesQueueLock => Words {
            rule: "wait-lock-mismatch",
            what: format!("this wait takes {lock} itself, which this path holds"),
            why: "it deadlocks on the queue's own lock, and would sleep with it held",
            help: "use the variant of the wait that expects the lock to be held",
            ..base
        },
        LockIssueKind::WaitWithoutQueueLock => Words {
            rule: "wait-lock-mismatch",
            what: "this wait gives back the queue's own lock, which is not held here".to_owned(),
            why: "it unlocks what nobody, or somebody else, has locked",
            help: "take the queue's lock around the wait, or use the plain variant",
            first: "given back here",
            ..base
        },
        LockIssueKind::WaitTurnsInterruptsOn | LockIssueKind::WaitForgetsState => Words {
            rule: "wait-lock-mismatch",
            // Who may sleep had them on before.
            severity: if issue.kind == LockIssueKind::WaitForgetsState {
                Severity::Note
            } else {
                Severity::Warning
            },
            what: format!(
                "this wait turns interrupts on, whatever they were when {lock} was taken"
            ),
            why: "it gives the lock back as one that was taken with interrupts on before",
            help: "take the lock with the variant that turns interrupts off and on",
            ..base
        },
        LockIssueKind::WaitDropsOther => Words {
            rule: "wait-lock-mismatch",
            what: format!("this wait gives back another lock than {lock}, which this path holds"),
            why: "it sleeps with one spinlock held and unlocks another one that is not",
            help: "hand it the lock that is held",
            ..base
        },
        LockIssueKind::WakeTakesQueueLock => Words {
            rule: "wake-holding-queue-lock",
            what: format!("this wake-up takes {lock} itself, which this path holds"),
            why: "a deadlock: the lock of a wait queue is taken by whoever wakes it",
            help: "use the variant of the wake-up that expects the lock to be held",
            ..base
        },
    }
}

fn while_atomic(kind: LockKind, lock: &str) -> String {
    match kind {
        LockKind::Rcu => "in an RCU reader".to_owned(),
        LockKind::Irq => "with interrupts off".to_owned(),
        LockKind::Bh => "with bottom halves off".to_owned(),
        LockKind::Preempt => "with preemption off".to_owned(),
        _ => format!("with {lock} held"),
    }
}

/// The lock as it is written where it is taken.
fn lock(unit: &Unit, issue: &LockIssue) -> String {
    let text = issue.named.map(|span| unit.files.slice(span));
    let text = text.and_then(|t| std::str::from_utf8(t).ok());
    let text = text.map(|t| t.trim().trim_start_matches('&'));
    match text {
        Some(text) if !text.is_empty() && text.len() <= 60 && !text.contains('\n') => {
            format!("`{text}`")
        }
        _ => "the lock".to_owned(),
    }
}
