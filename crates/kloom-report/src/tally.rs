//! What a run counted; the same numbers stand in every format.

use crate::clean;
use kloom_diag::Severity;
use kloom_lint::{FileReport, Reason};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Findings by level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Severities {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Notes.
    pub notes: usize,
}

impl Severities {
    /// All of them.
    pub fn total(&self) -> usize {
        self.errors + self.warnings + self.notes
    }
}

/// The counts of some files.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Files that were looked at.
    pub files: usize,
    /// Files of a folder that the scan found not worth reading.
    pub out_of_scope: usize,
    /// Findings by level.
    pub findings: Severities,
    /// Findings by rule.
    pub rules: BTreeMap<&'static str, usize>,
    /// Parts that were not analysed, by reason.
    pub not_analysed: BTreeMap<Reason, usize>,
    /// Whole files that were not analysed.
    pub skipped: Vec<(String, Reason)>,
}

impl Tally {
    /// The counts of one file.
    pub fn of(report: &FileReport) -> Tally {
        let mut tally = Tally {
            files: 1,
            ..Tally::default()
        };
        for found in &report.diagnostics {
            match found.severity {
                Severity::Error => tally.findings.errors += 1,
                Severity::Warning => tally.findings.warnings += 1,
                Severity::Note => tally.findings.notes += 1,
            }
            *tally.rules.entry(found.rule).or_default() += 1;
        }
        for part in &report.not_analysed {
            *tally.not_analysed.entry(part.reason).or_default() += 1;
            if part.span.is_none() {
                tally.skipped.push((report.path.clone(), part.reason));
            }
        }
        tally
    }

    /// Adds the counts of other files.
    pub fn add(&mut self, other: &Tally) {
        self.files += other.files;
        self.out_of_scope += other.out_of_scope;
        self.findings.errors += other.findings.errors;
        self.findings.warnings += other.findings.warnings;
        self.findings.notes += other.findings.notes;
        for (rule, count) in &other.rules {
            *self.rules.entry(rule).or_default() += count;
        }
        for (reason, count) in &other.not_analysed {
            *self.not_analysed.entry(*reason).or_default() += count;
        }
        self.skipped.extend(other.skipped.iter().cloned());
    }

    /// Whether something went wrong that makes the run a failure.
    pub fn has_failed(&self) -> bool {
        self.not_analysed.keys().any(|reason| reason.is_failure())
    }

    /// The last lines of the formats for people.
    pub(crate) fn write(&self, out: &mut impl Write, statistics: bool) -> io::Result<()> {
        if statistics {
            for (rule, count) in &self.rules {
                writeln!(out, "{count:6} {rule}")?;
            }
        }
        for (path, reason) in &self.skipped {
            writeln!(
                out,
                "{}: not analysed: {}",
                clean::line(path),
                reason.describe()
            )?;
        }
        if !self.not_analysed.is_empty() {
            let parts: Vec<String> = self
                .not_analysed
                .iter()
                .map(|(reason, count)| format!("{count} × {}", reason.describe()))
                .collect();
            writeln!(out, "not analysed: {}", parts.join(", "))?;
        }
        let Severities {
            errors,
            warnings,
            notes,
        } = self.findings;
        writeln!(
            out,
            "{} in {}: {}, {}, {}",
            count(self.findings.total(), "finding"),
            count(self.files, "file"),
            count(errors, "error"),
            count(warnings, "warning"),
            count(notes, "note"),
        )
    }
}

/// `1 file`, `2 files`.
fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}
