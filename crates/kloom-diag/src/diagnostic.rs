//! The plain diagnostic value.

use crate::Span;

/// How sure and how bad. The order is that of the threshold: a note is the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Style, teaching or latency.
    Note,
    /// Very likely wrong, or wrong under load.
    Warning,
    /// Wrong on a path that kloom can show.
    Error,
}

impl Severity {
    /// The word used in every format and in rule pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// What one repair would remove: findings with equal roots are one defect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Root(pub Span);

/// One step of the way that leads to a finding, in the order of events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    /// Where it happens.
    pub span: Span,
    /// What happens there, a short clause without a full stop.
    pub message: String,
}

/// One finding, before any format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule's name, kebab-case.
    pub rule: &'static str,
    /// Level of this finding.
    pub severity: Severity,
    /// What is wrong, one line, no full stop.
    pub what: String,
    /// Why it matters: what happens at run time. May be empty.
    pub why: String,
    /// What to do about it. May be empty.
    pub help: String,
    /// Where it is.
    pub primary: Span,
    /// Short label under the primary span.
    pub label: String,
    /// What the finding is folded by.
    pub root: Root,
    /// The function that the primary span lies in, if any.
    pub function: Option<String>,
    /// The steps that led there, in the order of events.
    pub trace: Vec<Step>,
}
