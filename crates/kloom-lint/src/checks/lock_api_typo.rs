//! Lock functions that do not exist.

use crate::context::{CallSite, Context, Findings};
use kloom_diag::{Diagnostic, Root, Severity};
use kloom_facts::{Fact, Facts};

/// lock-api-typo.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    for function in context.functions() {
        for site in context.calls(function) {
            if let Some((name, meant)) = slip(context, &site) {
                let caller = context.unit.names.text(function.name);
                findings.push(diagnostic(&site, name, meant, caller));
            }
        }
    }
}

/// A name that no fact knows and that is like one.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts.get(name).is_none() && facts.nearest_lock(name).is_some()
}

/// A called name that nothing declares, and the lock function it was meant to be.
fn slip<'a>(context: &Context<'_>, site: &CallSite<'a>) -> Option<(&'a str, &'static Fact)> {
    let name = site.name?;
    let id = context.unit.names.find(name)?;
    Some((name, kloom_flow::meant(context.unit, context.facts, id)?))
}

fn diagnostic(site: &CallSite<'_>, name: &str, meant: &Fact, caller: &str) -> Diagnostic {
    let meant = meant.name;
    Diagnostic {
        rule: "lock-api-typo",
        severity: Severity::Error,
        what: format!("`{name}()` does not exist"),
        why: "no kernel has this function, and nothing here declares it".to_owned(),
        help: format!("write `{meant}()`"),
        primary: site.call.callee_span,
        label: format!("meant is probably `{meant}`"),
        root: Root(site.call.callee_span),
        function: Some(caller.to_owned()),
        trace: Vec::new(),
    }
}
