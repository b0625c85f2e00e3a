//! Takes tests of creation results out of clean functions, in memory, and asks whether the
//! linter notices.

use crate::creations::{Fate, Text, Which, blank};
use crate::files;
use crate::linting::{Linting, is_rooted_in, lint};
use crate::random::Random;
use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use kloom_diag::SourceFile;
use kloom_facts::Facts;
use kloom_lint::{FileReport, Linter};
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
    ensure!(
        recall >= options.at_least,
        "{recall:.1} % noticed, {} % were asked for",
        options.at_least
    );
    Ok(())
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
