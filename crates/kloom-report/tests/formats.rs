//! Every format carries the same findings, is well formed, and lets nothing hostile through.

use kloom_diag::{Diagnostic, FileId, Root, Severity, SourceFile, SourceMap, Span, Step};
use kloom_facts::Target;
use kloom_lint::{FileReport, NotAnalysed, Reason};
use kloom_report::{Format, Style, Writer};
use serde_json::Value;

/// As published by OASIS, draft 7 of JSON Schema.
const SCHEMA: &str = include_str!("sarif-schema-2.1.0.json");

const FORMATS: [Format; 4] = [Format::Text, Format::Concise, Format::Json, Format::Sarif];

fn span(file: u32, start: u32, end: u32) -> Span {
    Span::new(FileId(file), start, end)
}

fn found(primary: Span, trace: Vec<Step>) -> Diagnostic {
    Diagnostic {
        rule: "err-ptr-use",
        severity: Severity::Error,
        what: "`task` is stopped here".to_owned(),
        why: "the kernel oopses".to_owned(),
        help: "return the error".to_owned(),
        primary,
        label: "stopped here".to_owned(),
        root: Root(primary),
        function: Some("pump_exit".to_owned()),
        trace,
    }
}

/// Two files; three findings, one with a trace across them; something not analysed.
fn report() -> FileReport {
    let mut files = SourceMap::default();
    files.add(SourceFile::new(
        "drivers/pump.c",
        "int a;\n\tkthread_stop(täsk);\nint b;\n".as_bytes(),
    ));
    files.add(SourceFile::new(
        "drivers/pump.h",
        "struct pump;\nint init(void);\n".as_bytes(),
    ));
    let steps = vec![
        Step {
            span: span(1, 13, 16),
            message: "created here".to_owned(),
        },
        Step {
            span: span(0, 4, 5),
            message: "kept here".to_owned(),
        },
    ];
    let stop = span(0, 8, 27);
    FileReport {
        path: "drivers/pump.c".to_owned(),
        files,
        diagnostics: vec![
            found(stop, steps),
            Diagnostic {
                severity: Severity::Warning,
                ..found(span(0, 0, 3), Vec::new())
            },
            Diagnostic {
                severity: Severity::Note,
                ..found(span(0, 0, 3), Vec::new())
            },
        ],
        not_analysed: vec![NotAnalysed {
            reason: Reason::Syntax,
            span: Some(span(0, 0, 3)),
        }],
    }
}

fn write(format: Format, color: bool, reports: &[FileReport]) -> String {
    let style = Style {
        format,
        color,
        target: Target::NEWEST,
    };
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, style);
    for report in reports {
        writer.add(style.render(report)).unwrap();
    }
    writer.finish(false).unwrap();
    String::from_utf8(out).unwrap()
}

fn json(format: Format, reports: &[FileReport]) -> Value {
    serde_json::from_str(&write(format, false, reports)).unwrap()
}

#[test]
fn sarif_follows_the_schema() {
    // A pattern of the published text is no regular expression; the errata mend it.
    let schema = SCHEMA.replace(
        "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$",
        "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$",
    );
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let reports = [
        report(),
        FileReport::skipped("huge file.c", Reason::TooLarge),
    ];
    for log in [json(Format::Sarif, &reports), json(Format::Sarif, &[])] {
        let errors: Vec<String> = validator.iter_errors(&log).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    assert!(!validator.is_valid(&serde_json::json!({ "version": "2.1.0", "runs": [{}] })));
}

#[test]
fn sarif_points_where_the_text_is() {
    let log = json(Format::Sarif, &[report()]);
    let run = &log["runs"][0];
    let result = &run["results"][0];
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], 2);
    assert_eq!(region["startColumn"], 2);
    // The bytes of `ä` are two, its column is one.
    assert_eq!(region["endColumn"], 20);
    assert_eq!(
        result["locations"][0]["logicalLocations"][0]["name"],
        "pump_exit"
    );
    let related = result["relatedLocations"].as_array().unwrap();
    let uri = |at: &Value| at["physicalLocation"]["artifactLocation"]["uri"].clone();
    assert_eq!(related.len(), 2);
    assert_eq!(uri(&related[0]), "drivers/pump.h");
    let flow = &result["codeFlows"][0]["threadFlows"][0]["locations"];
    assert_eq!(flow.as_array().unwrap().len(), 3);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), kloom_lint::rules().len());
    let notification = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(notification["descriptor"]["id"], "syntax");
}

#[test]
fn every_format_has_every_finding_and_says_what_was_skipped() {
    let reports = [
        report(),
        FileReport::skipped("huge.c", Reason::TooLarge),
        report(),
    ];
    let text = write(Format::Text, false, &reports);
    assert_eq!(text.matches("[err-ptr-use]").count(), 6);
    let concise = write(Format::Concise, false, &reports);
    assert_eq!(concise.matches("[err-ptr-use]").count(), 6);
    for shown in [text, concise] {
        assert!(
            shown.contains("huge.c: not analysed: file too large"),
            "{shown}"
        );
        assert!(shown.contains("2 × syntax"), "{shown}");
        assert!(
            shown.ends_with("6 findings in 3 files: 2 errors, 2 warnings, 2 notes\n"),
            "{shown}"
        );
    }
    let log = json(Format::Json, &reports);
    assert_eq!(log["findings"].as_array().unwrap().len(), 6);
    assert_eq!(log["summary"]["findings"], 6);
    assert_eq!(log["summary"]["not_analysed"], 3);
    let log = json(Format::Sarif, &reports);
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 6);
    assert_eq!(log["runs"][0]["properties"]["notAnalysed"], 3);
}

#[test]
fn text_numbers_the_steps_across_files() {
    let shown = write(Format::Text, false, &[report()]);
    for part in [
        "error[err-ptr-use]: `task` is stopped here",
        "drivers/pump.c:2:2",
        "drivers/pump.h:2:1",
        "1: created here",
        "2: kept here",
        "why: the kernel oopses",
        "help: return the error",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    assert!(!shown.contains('\x1b'));
    assert!(write(Format::Text, true, &[report()]).contains('\x1b'));
}

#[test]
fn long_lines_are_shown_by_a_window() {
    let mut report = report();
    let line = format!(
        "{}kthread_stop(task);{}\n",
        "x".repeat(1 << 20),
        "y".repeat(1 << 20)
    );
    report.files = SourceMap::default();
    report.files.add(SourceFile::new("long.c", line.as_bytes()));
    let at = 1 << 20;
    report.diagnostics = vec![found(span(0, at, at + 18), vec![])];
    let shown = write(Format::Text, false, &[report]);
    assert!(shown.len() < 1000, "{}", shown.len());
    assert!(shown.contains("kthread_stop(task)"));
    assert!(shown.contains(&format!("long.c:1:{}", at + 1)), "{shown}");
}

#[test]
fn fingerprints_survive_moved_lines_and_tell_findings_apart() {
    let prints = |report: &FileReport| -> Vec<String> {
        let log = json(Format::Json, std::slice::from_ref(report));
        let findings = log["findings"].as_array().unwrap().clone();
        findings
            .iter()
            .map(|f| f["fingerprint"].as_str().unwrap().to_owned())
            .collect()
    };
    let text = |text: &str| {
        let mut moved = report();
        moved.files = SourceMap::default();
        moved
            .files
            .add(SourceFile::new("drivers/pump.c", text.as_bytes()));
        let at = text.find("stop").unwrap() as u32;
        moved.diagnostics = vec![found(span(0, at, at + 4), vec![]); 2];
        prints(&moved)
    };
    let one = text("a;\n  kthread_stop(t);\n");
    assert_ne!(one[0], one[1]);
    assert_eq!(one, text("a;\nb;\n\n\tkthread_stop (t);\n"));
    assert_ne!(one, text("a;\nkthread_stop(u);\n"));
}

#[test]
fn nothing_hostile_reaches_a_format() {
    let evil = "\x1b]0;owned\x07\u{9b}31m\u{202e}\u{200b}\0";
    let mut files = SourceMap::default();
    let mut text = evil.as_bytes().to_vec();
    text.extend(b"\xff\xfe kthread_stop(t);\r\n::error::x\n");
    files.add(SourceFile::new(format!("{evil}.c"), text));
    let bad = Diagnostic {
        what: evil.to_owned(),
        why: evil.to_owned(),
        help: evil.to_owned(),
        label: evil.to_owned(),
        function: Some(evil.to_owned()),
        trace: vec![Step {
            span: span(0, 0, 5),
            message: evil.to_owned(),
        }],
        ..found(span(0, 3, 9), Vec::new())
    };
    let reports = [
        FileReport {
            path: format!("{evil}.c"),
            files,
            diagnostics: vec![bad],
            not_analysed: Vec::new(),
        },
        FileReport::skipped(evil, Reason::TooLarge),
    ];
    for format in FORMATS {
        let shown = write(format, false, &reports);
        let raw = shown.chars().find(|c| {
            (c.is_control() && !matches!(c, '\n' | '\t'))
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        });
        assert_eq!(raw, None, "{format:?}: {shown:?}");
        assert!(
            !shown.lines().any(|line| line.starts_with("::")),
            "{format:?}"
        );
    }
    let log = json(Format::Json, &reports);
    assert_eq!(log["findings"][0]["what"], evil, "escaped, not lost");
}
