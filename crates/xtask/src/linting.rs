//! Runs the linter inside this process, as `kloom lint` would.

use crate::files::Selection;
use anyhow::Result;
use clap::Args;
use kloom::disk::Disk;
use kloom_diag::{Diagnostic, Span};
use kloom_facts::{Facts, Target};
use kloom_lint::{FileReport, Linter, Profile, Reason, lint_file};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Files and the rules to hold them to.
#[derive(Args, Debug)]
pub struct Linting {
    #[command(flatten)]
    pub selection: Selection,
    /// Only these rules [default: those that are on by default]
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub rules: Vec<String>,
    /// Kernel release or range [default: that of the enclosing kernel tree]
    #[arg(long, value_name = "V|V..W")]
    pub kernel: Option<Target>,
}

impl Linting {
    /// The releases the code is read for.
    pub fn target(&self) -> Target {
        let tree = || kloom::tree::enclosing(self.selection.paths.first()?);
        let target = self.kernel.or_else(|| tree().map(Target::exactly));
        target.unwrap_or(Target::NEWEST)
    }

    /// A linter for these files.
    pub fn linter(&self) -> Result<Linter<'static>> {
        let rules = kloom_lint::Selection::new(Profile::Default, &self.rules, &[])?;
        Ok(Linter::new(Facts::builtin(), self.target(), rules, &Disk))
    }
}

/// Lints one text; a bug of the linter costs that file only.
pub fn lint(linter: &Linter<'_>, path: &str, text: Arc<[u8]>) -> FileReport {
    let work = AssertUnwindSafe(|| lint_file(linter, path, text));
    catch_unwind(work).unwrap_or_else(|_| FileReport::skipped(path, Reason::Internal))
}

/// Whether a finding's root lies at these bytes of the file that was asked for.
pub fn is_rooted_in(found: &Diagnostic, start: u32, end: u32) -> bool {
    let Span {
        file,
        start: from,
        end: to,
    } = found.root.0;
    file.0 == 0 && from < end && start < to
}
