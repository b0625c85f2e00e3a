//! The JSON format, version 1; `crates/kloom-report/JSON.md` describes it.

use crate::position::{Positions, Region};
use crate::tally::Tally;
use crate::{clean, fingerprint};
use kloom_diag::Span;
use kloom_facts::Target;
use kloom_lint::FileReport;
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// One file's part of the log.
#[derive(Debug)]
pub struct File {
    findings: Vec<Finding>,
    not_analysed: Vec<NotAnalysed>,
}

/// What the files of a run add up to.
#[derive(Debug, Default)]
pub struct Log {
    findings: Vec<Finding>,
    not_analysed: Vec<NotAnalysed>,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: Tool,
    target: String,
    findings: &'a [Finding],
    not_analysed: &'a [NotAnalysed],
    summary: Summary,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Finding {
    rule: &'static str,
    severity: &'static str,
    #[serde(flatten)]
    place: Place,
    function: Option<String>,
    what: String,
    why: String,
    help: String,
    label: String,
    trace: Vec<Step>,
    fingerprint: String,
}

#[derive(Debug, Serialize)]
struct Place {
    path: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Debug, Serialize)]
struct Step {
    #[serde(flatten)]
    place: Place,
    message: String,
}

#[derive(Debug, Serialize)]
struct NotAnalysed {
    path: String,
    reason: &'static str,
    whole_file: bool,
    parts: usize,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    out_of_scope: usize,
    findings: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    not_analysed: usize,
}

impl File {
    /// A file in the format.
    pub fn new(report: &FileReport) -> File {
        let positions = Positions::new(&report.files);
        let place = |span| Place::new(&positions, span);
        let findings = report.diagnostics.iter().zip(fingerprint::of(report));
        let findings = findings.map(|(found, fingerprint)| Finding {
            rule: found.rule,
            severity: found.severity.as_str(),
            place: place(found.primary),
            function: found.function.clone(),
            what: found.what.clone(),
            why: found.why.clone(),
            help: found.help.clone(),
            label: found.label.clone(),
            trace: found
                .trace
                .iter()
                .map(|step| Step {
                    place: place(step.span),
                    message: step.message.clone(),
                })
                .collect(),
            fingerprint,
        });
        let mut parts: BTreeMap<_, usize> = BTreeMap::new();
        for part in &report.not_analysed {
            *parts.entry((part.reason, part.span.is_none())).or_default() += 1;
        }
        let not_analysed = parts
            .into_iter()
            .map(|((reason, whole_file), parts)| NotAnalysed {
                path: report.path.clone(),
                reason: reason.as_str(),
                whole_file,
                parts,
            });
        File {
            findings: findings.collect(),
            not_analysed: not_analysed.collect(),
        }
    }
}

impl Place {
    fn new(positions: &Positions<'_>, span: Span) -> Place {
        let Region {
            line,
            column,
            end_line,
            end_column,
        } = positions.region(span);
        let path = positions.path(span).to_owned();
        Place {
            path,
            line,
            column,
            end_line,
            end_column,
        }
    }
}

impl Log {
    /// Adds a file.
    pub fn add(&mut self, file: File) {
        self.findings.extend(file.findings);
        self.not_analysed.extend(file.not_analysed);
    }

    /// Writes the document.
    pub fn write(&self, out: &mut impl Write, target: Target, tally: &Tally) -> io::Result<()> {
        let document = Document {
            version: 1,
            tool: Tool {
                name: "kloom",
                version: env!("CARGO_PKG_VERSION"),
            },
            target: target.to_string(),
            findings: &self.findings,
            not_analysed: &self.not_analysed,
            summary: Summary {
                files: tally.files,
                out_of_scope: tally.out_of_scope,
                findings: tally.findings.total(),
                errors: tally.findings.errors,
                warnings: tally.findings.warnings,
                notes: tally.findings.notes,
                not_analysed: tally.not_analysed.values().sum(),
            },
        };
        write(out, &document)
    }
}

/// Writes indented JSON in which hostile characters are escaped, and a last newline.
pub fn write(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let formatter = Escaping(PrettyFormatter::new());
    value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut *out, formatter,
    ))?;
    out.write_all(b"\n")
}

/// Escapes what [`clean::is_hostile`] names; the standard one only does what JSON demands.
struct Escaping(PrettyFormatter<'static>);

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| clean::is_hostile(*c)) {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}
