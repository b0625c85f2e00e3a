//! Excerpts with labels, for people: the steps that lead to a finding are numbered.

use crate::clean;
use crate::excerpt::Excerpts;
use crate::position::Positions;
use codespan_reporting::diagnostic::{self, Label};
use codespan_reporting::term::{self, Config, Styles, StylesWriter, termcolor};
use kloom_diag::{Diagnostic, FileId, Severity, Span};
use kloom_lint::FileReport;

/// More steps than this are only counted.
const STEPS: usize = 12;

/// The findings of one file, each with an empty line after it.
pub fn findings(report: &FileReport, color: bool) -> String {
    let mut out = termcolor::Buffer::ansi();
    let mut plain = String::new();
    let styles = Styles::default();
    let config = Config {
        tab_width: 8,
        ..Config::default()
    };
    let positions = Positions::new(&report.files);
    for found in &report.diagnostics {
        let spans: Vec<Span> = std::iter::once(found.primary)
            .chain(found.trace.iter().take(STEPS).map(|step| step.span))
            .collect();
        let excerpts = Excerpts::new(&positions, &spans);
        let shown = shown(found, &excerpts);
        // Writing to memory does not fail, and every label lies in its excerpt.
        let done = if color {
            let mut writer = StylesWriter::new(&mut out, &styles);
            term::emit_to_write_style(&mut writer, &config, &excerpts, &shown)
        } else {
            term::emit_to_string(&mut plain, &config, &excerpts, &shown)
        };
        debug_assert!(done.is_ok(), "{done:?}");
    }
    if color {
        String::from_utf8_lossy(out.as_slice()).into_owned()
    } else {
        plain
    }
}

fn shown(found: &Diagnostic, excerpts: &Excerpts<'_>) -> diagnostic::Diagnostic<FileId> {
    let severity = match found.severity {
        Severity::Error => diagnostic::Severity::Error,
        Severity::Warning => diagnostic::Severity::Warning,
        Severity::Note => diagnostic::Severity::Note,
    };
    let primary = Label::primary(found.primary.file, excerpts.range(found.primary))
        .with_message(clean::line(&found.label));
    let steps = found.trace.iter().take(STEPS).enumerate().map(|(n, step)| {
        let message = format!("{}: {}", n + 1, clean::line(&step.message));
        Label::secondary(step.span.file, excerpts.range(step.span)).with_message(message)
    });
    let mut notes = Vec::new();
    let mut note = |word: &str, text: &str| {
        if !text.is_empty() {
            notes.push(format!("{word}: {}", clean::line(text)));
        }
    };
    if found.trace.len() > STEPS {
        note("steps", &format!("{} more", found.trace.len() - STEPS));
    }
    note("why", &found.why);
    note("help", &found.help);
    diagnostic::Diagnostic::new(severity)
        .with_code(found.rule)
        .with_message(clean::line(&found.what))
        .with_labels(std::iter::once(primary).chain(steps).collect())
        .with_notes(notes)
}
