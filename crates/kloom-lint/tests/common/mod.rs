//! Runs the linter on texts and folders.

#![allow(dead_code, reason = "each test file uses a part")]

use kloom_diag::{FileId, Provider};
use kloom_facts::{Facts, Target};
use kloom_lint::{FileReport, Linter, Profile, Selection, lint_file, lint_if_of_interest, rules};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files below `fixtures/lint`.
struct Folder;

impl Provider for Folder {
    fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        fs::read(fixtures().join(path)).ok().map(Into::into)
    }

    fn list(&self, dir: &str) -> Vec<String> {
        let entries = fs::read_dir(fixtures().join(dir)).into_iter().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lint")
}

/// A linter with some rules on.
fn linter(rules: &[String]) -> Linter<'static> {
    let selection = Selection::new(Profile::Strict, rules, &[]).unwrap();
    Linter::new(Facts::builtin(), Target::NEWEST, selection, &Folder)
}

/// What some rules say about a text.
pub fn report(path: &str, text: &str, rules: &[String]) -> FileReport {
    lint_file(&linter(rules), path, text.as_bytes().into())
}

/// The same if it lies in a tree.
pub fn report_of_tree(path: &str, text: &str, rules: &[String]) -> Option<FileReport> {
    lint_if_of_interest(&linter(rules), path, text.as_bytes().into())
}

/// Line and rule of every finding in a text; steps are not findings. On are the rules of the
/// strictest profile and those that are asked for: a rule in preview is tested by its own cases
/// and does not disturb those of others.
pub fn lint(path: &str, text: &str, asked: &[&str]) -> Vec<(u32, String)> {
    let named = asked.iter().map(|name| (*name).to_owned());
    let settled = rules().iter().filter(|rule| !rule.preview);
    let names: Vec<String> = settled
        .map(|rule| rule.name.to_owned())
        .chain(named)
        .collect();
    let report = report(path, text, &names);
    let found = report.diagnostics.iter().map(|found| {
        assert_eq!(
            found.primary.file,
            FileId(0),
            "{path}: a finding outside the file"
        );
        let at = report
            .files
            .get(found.primary.file)
            .line_col(found.primary.start);
        (at.line, found.rule.to_owned())
    });
    found.collect()
}

/// The C files below a folder with their texts, sorted.
pub fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            all.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "c") {
            let text = fs::read_to_string(&path).unwrap();
            all.push((path, text));
        }
    }
    all
}
