//! One file from text to findings.

use crate::context::{Context, Findings};
use crate::select::Selection;
use crate::siblings::Siblings;
use crate::whole::{Parts, Whole};
use crate::{fold, pattern, siblings};
use kloom_c::Interest;
use kloom_diag::{Diagnostic, Provider, SourceMap, Span};
use kloom_facts::{Facts, Target, Verb};
use kloom_flow::{Cut, Module, Wanted};
use kloom_ir::{Skipped, Unit};
use std::cell::OnceCell;
use std::sync::Arc;

/// What is the same for every file of a run; shared by its threads.
pub struct Linter<'a> {
    pub(crate) front: kloom_c::Context<'a>,
    pub(crate) siblings: Siblings,
    pub(crate) parts: Parts,
    pub(crate) target: Target,
    selection: Selection,
}

impl<'a> Linter<'a> {
    /// A linter that finds headers, siblings and build files through `provider`.
    pub fn new(
        facts: Facts,
        target: Target,
        selection: Selection,
        provider: &'a dyn Provider,
    ) -> Linter<'a> {
        // Over a range, version tests can go either way.
        let decided = (target.min == target.max).then_some(target.max);
        let mut front = kloom_c::Context::new(facts, provider, decided);
        front.interest = interest(facts, &selection);
        Linter {
            front,
            siblings: Siblings::default(),
            parts: Parts::default(),
            target,
            selection,
        }
    }

    /// Reads one file, by itself.
    pub(crate) fn read(&self, path: &str, text: Arc<[u8]>) -> Unit {
        kloom_c::lower(&self.front, path, text)
    }

    /// Follows one file, by itself.
    pub(crate) fn follow(&self, unit: Unit, wanted: Wanted) -> Module {
        let analysis = kloom_flow::analyze(&unit, self.front.facts, self.target, wanted);
        Module { unit, analysis }
    }
}

/// The names for which a file that mentions them is worth reading with these rules.
fn interest(facts: Facts, selection: &Selection) -> Interest<'static> {
    let checks: Vec<_> = selection.checks().map(|check| check.wants).collect();
    let patterns: Vec<Verb> = selection.patterns().map(|(_, logic)| logic.verb).collect();
    Box::new(move |name| {
        let fact = facts.get(name);
        checks.iter().any(|wants| wants(facts, name))
            || fact.is_some_and(|fact| patterns.iter().any(|verb| fact.does(*verb)))
    })
}

/// What became of one file.
#[derive(Debug)]
pub struct FileReport {
    /// The path as it was named.
    pub path: String,
    /// The texts that spans point into; id 0 is the file itself.
    pub files: SourceMap,
    /// The findings, sorted by file, offset, rule.
    pub diagnostics: Vec<Diagnostic>,
    /// What was not analysed, in text order.
    pub not_analysed: Vec<NotAnalysed>,
}

/// A part that was not analysed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnalysed {
    /// Why.
    pub reason: Reason,
    /// Where; `None` is the whole file.
    pub span: Option<Span>,
}

/// Why something was not analysed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The grammar could not read it.
    Syntax,
    /// An `#if` arm that does not fit beside the one that was kept.
    Arm,
    /// Nested deeper than the bound.
    Depth,
    /// A macro argument that is no expression.
    Argument,
    /// A function that takes more steps to follow than the bound.
    Steps,
    /// Functions that call each other in a circle, followed as far as the bound.
    Recursion,
    /// The file is too large.
    TooLarge,
    /// The file is in a language that is not read yet.
    Language,
    /// The file could not be read.
    Unreadable,
    /// kloom has a bug.
    Internal,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 10] = [
        Reason::Syntax,
        Reason::Arm,
        Reason::Depth,
        Reason::Argument,
        Reason::Steps,
        Reason::Recursion,
        Reason::TooLarge,
        Reason::Language,
        Reason::Unreadable,
        Reason::Internal,
    ];

    /// The word used in machine formats.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::Syntax => "syntax",
            Reason::Arm => "conditional-arm",
            Reason::Depth => "depth",
            Reason::Argument => "macro-argument",
            Reason::Steps => "steps",
            Reason::Recursion => "recursion",
            Reason::TooLarge => "too-large",
            Reason::Language => "language",
            Reason::Unreadable => "unreadable",
            Reason::Internal => "internal-error",
        }
    }

    /// The same for people.
    pub const fn describe(self) -> &'static str {
        match self {
            Reason::Syntax => "syntax that kloom cannot read",
            Reason::Arm => "`#if` arms that do not fit beside the one that was read",
            Reason::Depth => "nested too deep",
            Reason::Argument => "macro arguments that are no expressions",
            Reason::Steps => "functions too large to follow",
            Reason::Recursion => "recursion that did not settle",
            Reason::TooLarge => "file too large",
            Reason::Language => "language not read yet",
            Reason::Unreadable => "file could not be read",
            Reason::Internal => "internal error in kloom",
        }
    }

    /// Whether the run has failed because of it.
    pub const fn is_failure(self) -> bool {
        matches!(self, Reason::Unreadable | Reason::Internal)
    }
}

impl From<Skipped> for Reason {
    fn from(skipped: Skipped) -> Reason {
        match skipped {
            Skipped::Syntax => Reason::Syntax,
            Skipped::Arm => Reason::Arm,
            Skipped::Depth => Reason::Depth,
            Skipped::Argument => Reason::Argument,
        }
    }
}

impl From<Cut> for Reason {
    fn from(cut: Cut) -> Reason {
        match cut {
            Cut::Steps => Reason::Steps,
            Cut::Recursion => Reason::Recursion,
        }
    }
}

impl FileReport {
    /// A file of which nothing was analysed.
    pub fn skipped(path: &str, reason: Reason) -> FileReport {
        FileReport {
            path: path.to_owned(),
            files: SourceMap::default(),
            diagnostics: Vec::new(),
            not_analysed: vec![NotAnalysed { reason, span: None }],
        }
    }
}

/// Reads one file and says what is wrong in it. Never fails: what could not be read is counted.
pub fn lint_file(linter: &Linter<'_>, path: &str, text: Arc<[u8]>) -> FileReport {
    lint_unit(linter, path, linter.read(path, text))
}

/// The same for a file that nobody named: `None` if it mentions nothing that the selected rules are
/// about. Such a file is not even parsed.
pub fn lint_if_of_interest(linter: &Linter<'_>, path: &str, text: Arc<[u8]>) -> Option<FileReport> {
    let unit = kloom_c::lower_if_of_interest(&linter.front, path, text)?;
    Some(lint_unit(linter, path, unit))
}

fn lint_unit(linter: &Linter<'_>, path: &str, unit: Unit) -> FileReport {
    let on = |module: &str| {
        let mut checks = linter.selection.checks();
        checks.any(|check| check.module == module)
    };
    let wanted = Wanted {
        locks: on("locks") || on("shared_locks"),
        memory: on("memory"),
    };
    let mut module = linter.follow(unit, wanted);
    if on("err_ptr") {
        siblings::answer(linter, path, &mut module);
    }
    let Module { unit, analysis } = module;
    let context = Context {
        unit: &unit,
        analysis: &analysis,
        facts: linter.front.facts,
        target: linter.target,
        path,
        provider: linter.front.provider,
        whole: Whole::new(linter, path, &unit),
        model: OnceCell::new(),
        handlers: OnceCell::new(),
    };
    let mut findings = Findings::default();
    for check in linter.selection.checks() {
        (check.run)(&context, &mut findings);
    }
    for (rule, logic) in linter.selection.patterns() {
        pattern::check(&context, rule, logic, &mut findings);
    }
    let mut diagnostics = findings.into_vec();
    diagnostics.retain(|found| linter.selection.tells(found));
    let skipped = unit.coverage.skipped.iter();
    let skipped = skipped.map(|(why, span)| ((*why).into(), *span));
    let cut = analysis.cut.iter();
    let cut = cut.map(|(id, why)| ((*why).into(), unit.function(*id).name_span));
    let mut not_analysed: Vec<NotAnalysed> = skipped
        .chain(cut)
        .map(|(reason, span)| NotAnalysed {
            reason,
            span: Some(span),
        })
        .collect();
    not_analysed.sort_by_key(|part| part.span);
    FileReport {
        path: path.to_owned(),
        files: unit.files,
        diagnostics: fold::by_root(diagnostics),
        not_analysed,
    }
}
