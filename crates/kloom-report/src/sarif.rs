//! SARIF 2.1.0: the part of its object model that kloom fills.

use crate::position::{Positions, Region as Place};
use crate::tally::Tally;
use crate::{fingerprint, json};
use kloom_diag::Span;
use kloom_lint::{FileReport, Reason, rules};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// One file's part of the log.
#[derive(Debug)]
pub struct File {
    results: Vec<Finding>,
    notifications: Vec<Notification>,
}

/// What the files of a run add up to.
#[derive(Debug, Default)]
pub struct Log {
    results: Vec<Finding>,
    notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    column_kind: &'static str,
    invocations: [Invocation<'a>; 1],
    results: &'a [Finding],
    properties: Counts,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
    notifications: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Text,
    help: Help,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
    enabled: bool,
}

#[derive(Serialize)]
struct Help {
    text: &'static str,
    markdown: &'static str,
}

/// Declares a kind of notification.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Text,
}

#[derive(Clone, Debug, Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<'a> {
    execution_successful: bool,
    tool_execution_notifications: &'a [Notification],
}

#[derive(Debug, Serialize)]
struct Notification {
    descriptor: DescriptorReference,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
}

#[derive(Debug, Serialize)]
struct DescriptorReference {
    id: &'static str,
}

/// The counts that SARIF has no place for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    files: usize,
    out_of_scope: usize,
    not_analysed: usize,
}

/// SARIF calls it a result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: &'static str,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    code_flows: Vec<CodeFlow>,
    partial_fingerprints: BTreeMap<&'static str, String>,
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Clone, Debug, Default, Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    kind: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CodeFlow {
    thread_flows: [ThreadFlow; 1],
}

#[derive(Debug, Serialize)]
struct ThreadFlow {
    locations: Vec<ThreadFlowLocation>,
}

#[derive(Debug, Serialize)]
struct ThreadFlowLocation {
    location: Location,
}

impl File {
    /// A file in the format.
    pub fn new(report: &FileReport) -> File {
        let positions = Positions::new(&report.files);
        let fingerprints = fingerprint::of(report).into_iter();
        let results = report
            .diagnostics
            .iter()
            .zip(fingerprints)
            .map(|(found, fingerprint)| {
                let mut primary = Location::new(&positions, found.primary);
                primary.logical_locations = found
                    .function
                    .iter()
                    .map(|name| LogicalLocation {
                        name: name.clone(),
                        kind: "function",
                    })
                    .collect();
                let related_locations: Vec<Location> = found
                    .trace
                    .iter()
                    .enumerate()
                    .map(|(n, step)| Location {
                        id: Some(n + 1),
                        message: Some(Text {
                            text: step.message.clone(),
                        }),
                        ..Location::new(&positions, step.span)
                    })
                    .collect();
                let flow = || {
                    let end = Location {
                        message: Some(Text {
                            text: found.label.clone(),
                        }),
                        ..Location::new(&positions, found.primary)
                    };
                    let steps = related_locations.iter().cloned();
                    let steps = steps.map(|step| Location { id: None, ..step });
                    let locations = steps
                        .chain([end])
                        .map(|location| ThreadFlowLocation { location });
                    CodeFlow {
                        thread_flows: [ThreadFlow {
                            locations: locations.collect(),
                        }],
                    }
                };
                let code_flows = if found.trace.is_empty() {
                    Vec::new()
                } else {
                    vec![flow()]
                };
                let parts = [&found.what, &found.why, &found.help];
                let sentences = parts
                    .iter()
                    .filter(|part| !part.is_empty())
                    .map(|part| part.as_str());
                Finding {
                    rule_id: found.rule,
                    level: found.severity.as_str(),
                    message: Text {
                        text: sentences.collect::<Vec<_>>().join("; "),
                    },
                    locations: [primary],
                    related_locations,
                    code_flows,
                    partial_fingerprints: [("kloom/v1", fingerprint)].into(),
                }
            });
        let mut parts: BTreeMap<Reason, usize> = BTreeMap::new();
        for part in &report.not_analysed {
            *parts.entry(part.reason).or_default() += 1;
        }
        let notifications = parts.into_iter().map(|(reason, count)| {
            let text = format!("not analysed: {count} × {}", reason.describe());
            Notification {
                descriptor: DescriptorReference {
                    id: reason.as_str(),
                },
                level: if reason.is_failure() { "error" } else { "note" },
                message: Text { text },
                locations: [Location {
                    physical_location: PhysicalLocation::of_file(&report.path),
                    ..Location::default()
                }],
            }
        });
        File {
            results: results.collect(),
            notifications: notifications.collect(),
        }
    }
}

impl Location {
    fn new(positions: &Positions<'_>, span: Span) -> Location {
        let Place {
            line,
            column,
            end_line,
            end_column,
        } = positions.region(span);
        let region = Region {
            start_line: line,
            start_column: column,
            end_line,
            end_column,
        };
        let physical_location = PhysicalLocation {
            region: Some(region),
            ..PhysicalLocation::of_file(positions.path(span))
        };
        Location {
            physical_location,
            ..Location::default()
        }
    }
}

impl PhysicalLocation {
    fn of_file(path: &str) -> PhysicalLocation {
        PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(path) },
            region: None,
        }
    }
}

/// A path as a URI reference: relative paths stay relative, everything unusual is escaped.
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.trim_start_matches("./").bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~+,=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

impl Log {
    /// Adds a file.
    pub fn add(&mut self, file: File) {
        self.results.extend(file.results);
        self.notifications.extend(file.notifications);
    }

    /// Writes the document.
    pub fn write(&self, out: &mut impl Write, tally: &Tally) -> io::Result<()> {
        let run = Run {
            tool: Tool {
                driver: Driver::new(),
            },
            column_kind: "unicodeCodePoints",
            invocations: [Invocation {
                execution_successful: !tally.has_failed(),
                tool_execution_notifications: &self.notifications,
            }],
            results: &self.results,
            properties: Counts {
                files: tally.files,
                out_of_scope: tally.out_of_scope,
                not_analysed: tally.not_analysed.values().sum(),
            },
        };
        json::write(
            out,
            &Document {
                schema: SCHEMA,
                version: "2.1.0",
                runs: [run],
            },
        )
    }
}

impl Driver {
    fn new() -> Driver {
        let rules = rules().iter().map(|rule| Rule {
            id: rule.name,
            short_description: Text {
                text: rule.summary.to_owned(),
            },
            help: Help {
                text: rule.page,
                markdown: rule.page,
            },
            default_configuration: Configuration {
                level: rule.severity.as_str(),
                enabled: !rule.preview,
            },
        });
        let notifications = Reason::ALL.iter().map(|reason| Descriptor {
            id: reason.as_str(),
            short_description: Text {
                text: reason.describe().to_owned(),
            },
        });
        Driver {
            name: "kloom",
            semantic_version: env!("CARGO_PKG_VERSION"),
            rules: rules.collect(),
            notifications: notifications.collect(),
        }
    }
}
