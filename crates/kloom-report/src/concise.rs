//! One line per finding, as compilers print them.

use crate::clean;
use crate::position::Region;
use kloom_lint::FileReport;
use std::fmt::Write as _;

/// The findings of one file.
pub fn lines(report: &FileReport) -> String {
    let mut out = String::new();
    for found in &report.diagnostics {
        let region = Region::of(&report.files, found.primary);
        let path = clean::line(report.files.get(found.primary.file).path());
        let Region { line, column, .. } = region;
        let (level, rule) = (found.severity.as_str(), found.rule);
        let what = clean::line(&found.what);
        let _ = writeln!(out, "{path}:{line}:{column}: {level}[{rule}] {what}");
    }
    out
}
