//! Takes tests of creation results, or what ends something, out of clean functions, in memory, and
//! asks whether the linter notices.

use crate::creations::{Fate, Text, Which, blank};
use crate::files;
use crate::linting::{Linting, is_rooted_in, lint};
use crate::random::Random;
use crate::removals::{Removal, What, removals};
use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use kloom_diag::{Diagnostic, SourceFile};
use kloom_facts::Facts;
use kloom_lint::{FileReport, Linter};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Measure how many removed tests are noticed.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    linting: Linting,
    /// How many sites.
    #[arg(long, value_name = "N", default_value_t = 200)]
    count: usize,
    /// Of which creations.
    #[arg(long, default_value = "threads")]
    of: Of,
    /// Fail below this share of noticed mutations, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0)]
    at_least: f64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    /// Threads and workers.
    Threads,
    /// Everything else that can be an error pointer.
    Others,
    /// Calls that give back a lock.
    Unlocks,
    /// Calls that free what the same function allocated.
    Frees,
    /// Calls that stop or cancel something where the module or device goes.
    Stops,
    /// Questions of threads whether to stop.
    Tests,
}

/// What is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operator {
    /// The whole `if` statement.
    Test,
    /// The `return` or `goto` in it.
    Exit,
}

struct Site {
    path: PathBuf,
    line: u32,
    /// The creation, which the finding must have as its root.
    creation: Range<u32>,
    operator: Operator,
    fate: Fate,
    removed: Vec<Range<u32>>,
}

/// Runs it.
pub fn run(options: &Options) -> Result<()> {
    let paths = options.linting.selection.resolve()?;
    let linter = options.linting.linter()?;
    let which = match options.of {
        Of::Threads => Which::Threads,
        Of::Others => Which::Others,
        Of::Unlocks => return forgets(options, &paths, &linter, What::Unlock),
        Of::Frees => return forgets(options, &paths, &linter, What::Free),
        Of::Stops => return forgets(options, &paths, &linter, What::Stop),
        Of::Tests => return forgets(options, &paths, &linter, What::Test),
    };
    let seed = options.linting.selection.seed;
    let sites = files::map(&paths, |path| sites(&linter, which, path))?;
    let mut random = Random::new(seed);
    let sites: Vec<[Site; 2]> = sites.into_iter().flatten().collect();
    let all = sites.len();
    // One operator a site: taking out the test leaves no exit to take out.
    let chosen: Vec<Site> = random
        .sample(sites, options.count)
        .into_iter()
        .map(|[test, exit]| match random.below(2) {
            0 => test,
            _ => exit,
        })
        .collect();
    let noticed = files::map(&chosen, |site| notices(&linter, site))?;
    println!("sites in clean functions {all:>6}");
    println!("mutated                  {:>6}", chosen.len());
    let mut total = 0;
    for operator in [Operator::Test, Operator::Exit] {
        for fate in [Fate::Used, Fate::Kept, Fate::Cleared, Fate::Dropped] {
            let these = chosen.iter().zip(&noticed);
            let hits: Vec<bool> = these
                .filter(|(site, _)| site.operator == operator && site.fate == fate)
                .map(|(_, noticed)| *noticed)
                .collect();
            let seen = hits.iter().filter(|hit| **hit).count();
            let what = format!("no {operator:?}, result {fate:?}");
            println!("{what:<24} {seen:>6} of {} noticed", hits.len());
            total += seen;
        }
    }
    let recall = 100.0 * total as f64 / chosen.len().max(1) as f64;
    println!("recall                   {recall:>6.1} %");
    for (site, _) in chosen.iter().zip(&noticed).filter(|(_, hit)| !**hit) {
        let (path, line) = (site.path.display(), site.line);
        println!(
            "missed: {path}:{line}: no {:?}, result {:?}",
            site.operator, site.fate
        );
    }
    enough(recall, options)
}

fn enough(recall: f64, options: &Options) -> Result<()> {
    ensure!(
        recall >= options.at_least,
        "{recall:.1} % noticed, {} % were asked for",
        options.at_least
    );
    Ok(())
}

/// Takes out what ends something: a finding that was not there before is what should follow.
fn forgets(options: &Options, paths: &[PathBuf], linter: &Linter<'_>, what: What) -> Result<()> {
    let sites = files::map(paths, |path| ends(linter, what, path))?;
    let sites: Vec<(PathBuf, Removal)> = sites.into_iter().flatten().collect();
    println!("sites in clean functions {:>6}", sites.len());
    let chosen = Random::new(options.linting.selection.seed).sample(sites, options.count);
    let noticed = files::map(&chosen, |(path, removal)| forgotten(linter, path, removal))?;
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in noticed.iter().flatten() {
        *rules.entry(rule).or_default() += 1;
    }
    let seen = noticed.iter().flatten().count();
    println!("mutated                  {:>6}", chosen.len());
    for (rule, count) in rules {
        println!("{rule:<24} {count:>6}");
    }
    let recall = 100.0 * seen as f64 / chosen.len().max(1) as f64;
    println!("recall                   {recall:>6.1} %");
    for ((path, removal), _) in chosen.iter().zip(&noticed).filter(|(_, hit)| hit.is_none()) {
        let bytes = std::fs::read(path).unwrap_or_default();
        let line = SourceFile::new("", bytes)
            .line_col(removal.removed.start)
            .line;
        println!("missed: {}:{line}: no {what:?}", path.display());
    }
    enough(recall, options)
}

/// What can be taken out of the functions of one file that have no findings.
fn ends(linter: &Linter<'_>, what: What, path: &Path) -> Vec<(PathBuf, Removal)> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let found = removals(&bytes, Facts::builtin(), what);
    if found.is_empty() {
        return Vec::new();
    }
    let report = lint(linter, &path.to_string_lossy(), bytes.into());
    let clean = found.into_iter().filter(|r| is_clean(&report, &r.function));
    clean.map(|removal| (path.to_owned(), removal)).collect()
}

/// The rule of a finding that only the mutated file has.
fn forgotten(linter: &Linter<'_>, path: &Path, removal: &Removal) -> Option<&'static str> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let name = path.to_string_lossy();
    let before = lint(linter, &name, bytes.clone().into());
    let mut mutated = bytes;
    blank(&mut mutated, &removal.removed);
    if let Some(byte) = removal.instead {
        mutated[removal.removed.start as usize] = byte;
    }
    let after = lint(linter, &name, mutated.into());
    let known = |found: &Diagnostic| {
        let mut all = before.diagnostics.iter();
        all.any(|old| old.rule == found.rule && old.primary == found.primary)
    };
    let mut new = after.diagnostics.iter().filter(|found| !known(found));
    new.next().map(|found| found.rule)
}

/// The tests in one file that can be taken out of functions without findings.
fn sites(linter: &Linter<'_>, which: Which, path: &Path) -> Vec<[Site; 2]> {
    let facts = Facts::builtin();
    let bytes = std::fs::read(path).unwrap_or_default();
    let text = Text::new(&bytes);
    let creations = text.creations(facts, which);
    if creations.is_empty() {
        return Vec::new();
    }
    let report = lint(linter, &path.to_string_lossy(), bytes.clone().into());
    let file = SourceFile::new("", bytes.clone());
    let mut found = Vec::new();
    for creation in creations {
        let Some(test) = text
            .test(facts, &creation)
            .filter(|test| !test.exits.is_empty())
        else {
            continue;
        };
        if !is_clean(&report, &creation.function) {
            continue;
        }
        let site = |operator, removed| Site {
            path: path.to_owned(),
            line: file.line_col(creation.callee.start).line,
            creation: creation.whole.clone(),
            operator,
            fate: text.fate(&creation, &test),
            removed,
        };
        found.push([
            site(Operator::Test, vec![test.whole.clone()]),
            site(Operator::Exit, test.exits.clone()),
        ]);
    }
    found
}

fn is_clean(report: &FileReport, function: &Range<u32>) -> bool {
    let inside = |found: &kloom_diag::Diagnostic| {
        let primary = found.primary.file.0 == 0 && function.contains(&found.primary.start);
        primary || is_rooted_in(found, function.start, function.end)
    };
    !report.diagnostics.iter().any(inside)
}

fn notices(linter: &Linter<'_>, site: &Site) -> bool {
    let mut bytes = std::fs::read(&site.path).unwrap_or_default();
    for range in &site.removed {
        blank(&mut bytes, range);
        // What an `if` without braces needs is a statement.
        if site.operator == Operator::Exit {
            bytes[range.end as usize - 1] = b';';
        }
    }
    let report = lint(linter, &site.path.to_string_lossy(), bytes.into());
    let (start, end) = (site.creation.start, site.creation.end);
    report
        .diagnostics
        .iter()
        .any(|found| is_rooted_in(found, start, end))
}
