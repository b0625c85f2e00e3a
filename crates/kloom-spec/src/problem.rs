//! What is wrong with a spec, as diagnostics.

use crate::At;
use kloom_diag::{Diagnostic, FileId, Root, Severity, Span};
use std::ops::Range;

/// What a problem is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is no TOML, or not the TOML of a spec.
    Syntax,
    /// A name that C, the kernel or the spec itself has other uses for.
    Name,
    /// Text that could break out of where it is written to.
    Text,
    /// A value that means nothing.
    Value,
    /// Nothing has the name, or something of another kind.
    Reference,
    /// What must not happen where it would.
    Context,
    /// Locks that do not fit.
    Lock,
    /// Waits that never end, or always do.
    Wait,
    /// Nothing can be torn down first.
    Order,
    /// The kernels do not have it.
    Version,
}

impl Kind {
    const fn rule(self) -> &'static str {
        match self {
            Kind::Syntax => "spec-syntax",
            Kind::Name => "spec-name",
            Kind::Text => "spec-text",
            Kind::Value => "spec-value",
            Kind::Reference => "spec-reference",
            Kind::Context => "spec-context",
            Kind::Lock => "spec-lock",
            Kind::Wait => "spec-wait",
            Kind::Order => "spec-order",
            Kind::Version => "spec-version",
        }
    }
}

/// Where a problem is shown.
pub(crate) trait Place {
    fn range(&self) -> Range<usize>;
}

impl<T> Place for At<T> {
    fn range(&self) -> Range<usize> {
        self.range.clone()
    }
}

impl Place for Range<usize> {
    fn range(&self) -> Range<usize> {
        self.clone()
    }
}

/// The problems found so far.
#[derive(Debug)]
pub(crate) struct Problems {
    file: FileId,
    found: Vec<Diagnostic>,
}

/// The problem said last, to add to it.
pub(crate) struct Said<'a>(&'a mut Diagnostic);

impl Problems {
    pub(crate) fn new(file: FileId) -> Problems {
        Problems {
            file,
            found: Vec::new(),
        }
    }

    /// Says what is wrong, one line without a full stop.
    pub(crate) fn say(&mut self, kind: Kind, at: &impl Place, what: impl Into<String>) -> Said<'_> {
        let Range { start, end } = at.range();
        let span = Span::new(self.file, start as u32, end as u32);
        self.found.push(Diagnostic {
            rule: kind.rule(),
            severity: Severity::Error,
            what: what.into(),
            why: String::new(),
            help: String::new(),
            primary: span,
            label: String::new(),
            root: Root(span),
            function: None,
            trace: Vec::new(),
        });
        let at = self.found.len() - 1;
        Said(&mut self.found[at])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn into_vec(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|found| (found.primary, found.rule));
        self.found
    }
}

impl Said<'_> {
    /// Says it short, under the place.
    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        self.0.label = label.into();
        self
    }

    /// Says why the kernel does not forgive it.
    pub(crate) fn why(self, why: impl Into<String>) -> Self {
        self.0.why = why.into();
        self
    }

    /// Says what to write in its place.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        self.0.help = help.into();
        self
    }
}
