//! One line per finding, as compilers print them.

use crate::clean;
use crate::position::{Positions, Region};
use kloom_lint::FileReport;
use std::fmt::Write as _;

/// The findings of one file.
pub fn lines(report: &FileReport) -> String {
    let mut out = String::new();
    let positions = Positions::new(&report.files);
    for found in &report.diagnostics {
        let path = clean::line(positions.path(found.primary));
        let Region { line, column, .. } = positions.region(found.primary);
        let (level, rule) = (found.severity.as_str(), found.rule);
        let what = clean::line(&found.what);
        let _ = writeln!(out, "{path}:{line}:{column}: {level}[{rule}] {what}");
    }
    out
}
