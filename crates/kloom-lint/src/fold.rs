//! One defect, one finding.

use crate::rule;
use kloom_diag::{Diagnostic, Root, Step};
use rustc_hash::FxHashMap;

/// Folds findings with equal roots into the one nearest the cause, as the rules' pages say, and
/// sorts what is left by file, offset and rule.
pub fn by_root(mut all: Vec<Diagnostic>) -> Vec<Diagnostic> {
    all.sort_by(|a, b| key(a).cmp(&key(b)));
    all.dedup();
    let mut groups: FxHashMap<Root, Vec<usize>> = FxHashMap::default();
    for (at, found) in all.iter().enumerate() {
        groups.entry(found.root.clone()).or_default().push(at);
    }
    let into: Vec<Option<usize>> = all
        .iter()
        .enumerate()
        .map(|(at, found)| {
            let group = groups.get(&found.root)?;
            group
                .iter()
                .copied()
                .find(|&other| absorbs(&all, other, at))
        })
        .collect();
    let mut kept: Vec<Option<Diagnostic>> = all.iter().cloned().map(Some).collect();
    for (at, found) in all.into_iter().enumerate() {
        if let Some(target) = into[at].map(|first| last(&into, first)) {
            kept[at] = None;
            if let Some(Some(target)) = kept.get_mut(target) {
                absorb(target, found);
            }
        }
    }
    kept.into_iter().flatten().collect()
}

/// Sort order of findings; the message makes it total.
fn key(found: &Diagnostic) -> (kloom_diag::FileId, u32, u32, &str, &str) {
    let span = found.primary;
    (span.file, span.start, span.end, found.rule, &found.what)
}

/// Whether finding `a` takes in finding `b` of the same root.
fn absorbs(all: &[Diagnostic], a: usize, b: usize) -> bool {
    let (over, under) = (all[a].rule, all[b].rule);
    if over == under {
        a < b
    } else {
        rule(over).is_some_and(|rule| rule.subsumes.contains(&under))
    }
}

/// The finding at the end of a chain of foldings; chains only go up the order of rules.
fn last(into: &[Option<usize>], mut at: usize) -> usize {
    while let Some(next) = into[at] {
        at = next;
    }
    at
}

/// Makes a step of a finding.
fn absorb(target: &mut Diagnostic, folded: Diagnostic) {
    let place = folded.primary;
    if place == target.primary || target.trace.iter().any(|step| step.span == place) {
        return;
    }
    let message = if folded.label.is_empty() {
        folded.what
    } else {
        folded.label
    };
    target.trace.push(Step {
        span: place,
        message,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use kloom_diag::{FileId, Severity, Span};

    fn span(at: u32) -> Span {
        Span::new(FileId(0), at, at + 1)
    }

    fn found(rule: &'static str, at: u32, root: u32) -> Diagnostic {
        Diagnostic {
            rule,
            severity: Severity::Error,
            what: format!("{rule} at {at}"),
            why: String::new(),
            help: String::new(),
            primary: span(at),
            label: String::new(),
            root: Root(span(root)),
            function: None,
            trace: Vec::new(),
        }
    }

    #[test]
    fn the_rule_nearest_the_cause_keeps_the_others_as_steps() {
        let kept = by_root(vec![
            found("err-ptr-use", 90, 1),
            found("null-check-on-err-ptr", 80, 1),
            found("error-not-propagated", 20, 1),
            found("err-ptr-use", 95, 1),
        ]);
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].rule, "error-not-propagated");
        let steps: Vec<u32> = kept[0].trace.iter().map(|s| s.span.start).collect();
        assert_eq!(steps, [80, 90, 95]);
    }

    #[test]
    fn other_roots_and_unrelated_rules_stay() {
        let kept = by_root(vec![
            found("ptr-err-misuse", 30, 1),
            found("err-ptr-use", 20, 2),
            found("err-ptr-use", 10, 1),
        ]);
        let rules: Vec<&str> = kept.iter().map(|f| f.rule).collect();
        assert_eq!(rules, ["err-ptr-use", "err-ptr-use", "ptr-err-misuse"]);
        assert_eq!(kept[0].primary.start, 10);
    }

    #[test]
    fn later_findings_of_one_rule_and_root_are_steps_of_the_first() {
        let kept = by_root(vec![found("err-ptr-use", 9, 1), found("err-ptr-use", 3, 1)]);
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].primary.start, 3);
        assert_eq!(kept[0].trace.len(), 1);
    }
}
