//! What makes a finding the same one after lines have moved.

use kloom_diag::Span;
use kloom_lint::FileReport;
use std::collections::BTreeMap;

/// Of longer lines only the beginning counts.
const MAX_LINE: u32 = 1024;

/// A fingerprint for each finding: rule, function, the text of its root's line without spacing,
/// and which of several such it is.
pub fn of(report: &FileReport) -> Vec<String> {
    let mut seen: BTreeMap<u64, u32> = BTreeMap::new();
    report
        .diagnostics
        .iter()
        .map(|found| {
            let mut hash = Fnv::default();
            hash.part(found.rule.as_bytes());
            hash.part(found.function.as_deref().unwrap_or_default().as_bytes());
            hash.part(&normalised_line(report, found.root.0));
            let nth = seen.entry(hash.0).or_default();
            *nth += 1;
            hash.part(&nth.to_le_bytes());
            format!("{:016x}", hash.0)
        })
        .collect()
}

fn normalised_line(report: &FileReport, span: Span) -> Vec<u8> {
    let file = report.files.get(span.file);
    let starts = file.line_starts();
    let line = file.line_col(span.start).line as usize;
    let end = starts
        .get(line)
        .copied()
        .unwrap_or(file.text().len() as u32);
    let end = end.min(starts[line - 1] + MAX_LINE);
    let text = report.files.slice(Span {
        start: starts[line - 1],
        end,
        ..span
    });
    text.iter()
        .copied()
        .filter(|c| !c.is_ascii_whitespace())
        .collect()
}

/// FNV-1a: stable over releases and machines, which the standard library's hashes are not.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Adds one part; a byte that no text has separates it from the next.
    fn part(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
