//! Lints a whole tree, counts, compares with an earlier run, draws a sample to be judged.

use crate::files;
use crate::linting::{Linting, lint};
use crate::random::Random;
use anyhow::{Context, Result, ensure};
use clap::Args;
use kloom_lint::Reason;
use kloom_report::{Format, Style, Writer};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Lines of code shown around a step of a finding.
const AROUND: u64 = 8;

/// Steps of a finding that are shown.
const STEPS: usize = 6;

/// Lint a tree and look at the findings together.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    linting: Linting,
    /// Write the findings to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Say what is new and what is gone since the run that wrote this file.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Show this many findings with their code, chosen by `--seed`.
    #[arg(long, value_name = "N", default_value_t = 0)]
    sample: usize,
    /// Only findings of this level go to the sample.
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// Show this many of the slowest files.
    #[arg(long, value_name = "N", default_value_t = 5)]
    slowest: usize,
}

/// Runs it.
pub fn run(options: &Options) -> Result<()> {
    let paths = options.linting.selection.resolve()?;
    let linter = options.linting.linter()?;
    let style = Style {
        format: Format::Json,
        color: false,
        target: options.linting.target(),
    };
    let files = files::map(&paths, |path| {
        let begun = Instant::now();
        let text = std::fs::read(path).unwrap_or_default();
        let report = lint(&linter, &path.to_string_lossy(), text.into());
        (style.render(&report), begun.elapsed())
    })?;
    let mut document = Vec::new();
    let mut writer = Writer::new(&mut document, style);
    let mut times: Vec<(Duration, &PathBuf)> = Vec::new();
    for (path, (file, time)) in paths.iter().zip(files) {
        writer.add(file)?;
        times.push((time, path));
    }
    writer.finish(false)?;
    let document: Value = serde_json::from_slice(&document)?;
    let findings = document["findings"].as_array().context("no findings key")?;

    let mut out = String::new();
    counts(findings, &document["summary"], &mut out)?;
    times.sort_unstable_by_key(|(time, _)| std::cmp::Reverse(*time));
    for (time, path) in times.iter().take(options.slowest) {
        writeln!(
            out,
            "{:>8.1} ms  {}",
            time.as_secs_f64() * 1e3,
            path.display()
        )?;
    }
    if let Some(old) = &options.compare {
        compare(&read(old)?, findings, &mut out)?;
    }
    if let Some(path) = &options.out {
        let lines: String = findings.iter().map(|f| format!("{f}\n")).collect();
        std::fs::write(path, lines)?;
    }
    let wanted = |f: &&Value| {
        options.level.is_none()
            || text(&f["severity"]) == options.level.as_deref().unwrap_or_default()
    };
    let judged: Vec<&Value> = findings.iter().filter(wanted).collect();
    let sample = Random::new(options.linting.selection.seed).sample(judged, options.sample);
    for (number, finding) in sample.iter().enumerate() {
        excerpt(number + 1, finding, &mut out)?;
    }
    print!("{out}");
    let skipped = document["not_analysed"].as_array();
    let internal = Value::from(Reason::Internal.as_str());
    let panics = skipped.map_or(0, |s| s.iter().filter(|s| s["reason"] == internal).count());
    ensure!(panics == 0, "the linter panicked on {panics} files");
    Ok(())
}

fn counts(findings: &[Value], summary: &Value, out: &mut String) -> Result<()> {
    let mut by_rule: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for finding in findings {
        let key = (text(&finding["severity"]), text(&finding["rule"]));
        *by_rule.entry(key).or_default() += 1;
    }
    writeln!(out, "{summary}")?;
    for ((severity, rule), count) in by_rule {
        writeln!(out, "{count:>8}  {severity:<8} {rule}")?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<Value>> {
    let lines =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    lines
        .lines()
        .map(|line| Ok(serde_json::from_str(line)?))
        .collect()
}

fn compare(old: &[Value], new: &[Value], out: &mut String) -> Result<()> {
    let key = |f: &Value| format!("{} {}", text(&f["path"]), text(&f["fingerprint"]));
    let sides = [("gone", old, new), ("new", new, old)];
    for (word, these, those) in sides {
        let those: BTreeSet<String> = those.iter().map(key).collect();
        let only: Vec<&Value> = these.iter().filter(|f| !those.contains(&key(f))).collect();
        writeln!(out, "{:>8}  {word}", only.len())?;
        for finding in only {
            writeln!(out, "{word}: {}", line(finding))?;
        }
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn line(finding: &Value) -> String {
    let (path, rule) = (text(&finding["path"]), text(&finding["rule"]));
    let (severity, what) = (text(&finding["severity"]), text(&finding["what"]));
    format!("{path}:{}: {severity}: {what} [{rule}]", finding["line"])
}

/// A finding with its trace and the code around its steps.
fn excerpt(number: usize, finding: &Value, out: &mut String) -> Result<()> {
    writeln!(out, "\n=== {number}. {}", line(finding))?;
    writeln!(
        out,
        "in {}(): {}",
        text(&finding["function"]),
        text(&finding["label"])
    )?;
    let mut shown: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    let steps = finding["trace"].as_array().map_or(&[][..], Vec::as_slice);
    let steps = &steps[..steps.len().min(STEPS)];
    for place in steps.iter().chain([finding]) {
        let at = place["line"].as_u64().unwrap_or(1);
        let lines = shown.entry(text(&place["path"])).or_default();
        lines.extend(at.saturating_sub(AROUND).max(1)..=at + AROUND);
    }
    for step in steps {
        let (path, message) = (text(&step["path"]), text(&step["message"]));
        writeln!(out, "  {path}:{}: {message}", step["line"])?;
    }
    for (path, lines) in shown {
        let source = std::fs::read(path).unwrap_or_default();
        let source = String::from_utf8_lossy(&source);
        let mut last = 0;
        for (at, code) in source.lines().enumerate() {
            let at = at as u64 + 1;
            if lines.contains(&at) {
                if last + 1 != at {
                    writeln!(out, "  ---- {path}")?;
                }
                last = at;
                writeln!(out, "{at:>6} {code}")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_finding_is_the_same_wherever_its_line_went() {
        let old = [
            json!({"path": "a.c", "fingerprint": "1", "line": 1}),
            json!({"path": "a.c", "fingerprint": "2", "line": 2}),
        ];
        let new = [
            json!({"path": "a.c", "fingerprint": "2", "line": 9}),
            json!({"path": "b.c", "fingerprint": "1", "line": 1}),
        ];
        let mut out = String::new();
        super::compare(&old, &new, &mut out).unwrap();
        assert!(out.contains("1  gone\ngone: a.c:1:"), "{out}");
        assert!(out.contains("1  new\nnew: b.c:1:"), "{out}");
    }
}
