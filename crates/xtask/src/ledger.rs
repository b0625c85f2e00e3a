//! The creation ledger: what became of the result of every thread and worker creation.
//!
//! The creations are counted by this tool's own reader; what the analysis says of each is then
//! looked up by its place. One that the analysis does not know is not analysed.

use crate::creations::{Creation, Text, Which};
use crate::files;
use crate::linting::{Linting, is_rooted_in, lint};
use crate::random::Random;
use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use kloom::disk::Disk;
use kloom_diag::{Diagnostic, FileId, SourceFile, Span};
use kloom_facts::{Facts, Target};
use kloom_flow::{Analysis, Wanted};
use kloom_lint::Linter;
use std::path::Path;

/// What became of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Class {
    /// A finding has it as its root.
    Reported,
    /// It is tested for an error.
    Tested,
    /// It is returned, or given to somebody who may test it.
    HandedOn,
    /// The analysis does not know.
    NotAnalysed,
}

/// Account for every assigned creation of a thread or worker.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    linting: Linting,
    /// Show this many, chosen by `--seed`.
    #[arg(long, value_name = "N", default_value_t = 0)]
    sample: usize,
    /// Show only those of this class.
    #[arg(long, value_name = "CLASS")]
    class: Option<Class>,
    /// Fail above this share of creations that are not analysed, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0)]
    at_most_not_analysed: f64,
}

struct Row {
    class: Class,
    place: String,
    detail: String,
}

/// Runs it.
pub fn run(options: &Options) -> Result<()> {
    let paths = options.linting.selection.resolve()?;
    let linter = options.linting.linter()?;
    let target = options.linting.target();
    let front = kloom_c::Context::new(
        Facts::builtin(),
        &Disk,
        (target.min == target.max).then_some(target.max),
    );
    let rows = files::map(&paths, |path| account(&linter, &front, target, path))?;
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
    println!("creations     {:>6}", rows.len());
    let share = |count: usize| 100.0 * count as f64 / rows.len().max(1) as f64;
    let count = |class| rows.iter().filter(|row| row.class == class).count();
    for class in Class::value_variants() {
        let count = count(*class);
        println!(
            "{:<13} {count:>6}  {:.1} %",
            format!("{class:?}"),
            share(count)
        );
    }
    let not_analysed = share(count(Class::NotAnalysed));
    let wanted = |row: &Row| options.class.is_none_or(|class| class == row.class);
    let shown: Vec<Row> = rows.into_iter().filter(wanted).collect();
    for row in Random::new(options.linting.selection.seed).sample(shown, options.sample) {
        println!("{:?} {}: {}", row.class, row.place, row.detail);
    }
    ensure!(
        not_analysed <= options.at_most_not_analysed,
        "{not_analysed:.1} % are not analysed, {} % are allowed",
        options.at_most_not_analysed
    );
    Ok(())
}

fn account(
    linter: &Linter<'_>,
    front: &kloom_c::Context<'_>,
    target: Target,
    path: &Path,
) -> Vec<Row> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let text = Text::new(&bytes);
    let creations = text.creations(Facts::builtin(), Which::Threads);
    if creations.is_empty() {
        return Vec::new();
    }
    let shown = path.to_string_lossy();
    let report = lint(linter, &shown, bytes.clone().into());
    let unit = kloom_c::lower(front, &shown, bytes.clone().into());
    let analysis = kloom_flow::analyze(&unit, Facts::builtin(), target, Wanted::default());
    let file = SourceFile::new(&*shown, bytes.clone());
    let line = |offset: u32| file.line_col(offset).line;
    let row = |creation: &Creation| {
        let (class, why) = judge(creation, &analysis, &report.diagnostics, line);
        let whole = creation.whole.start as usize..creation.whole.end as usize;
        let code = String::from_utf8_lossy(&bytes[whole]);
        let code: Vec<&str> = code.split_whitespace().collect();
        Row {
            class,
            place: format!("{shown}:{}", line(creation.callee.start)),
            detail: format!("{} -- {why}", code.join(" ")),
        }
    };
    creations.iter().map(row).collect()
}

fn judge(
    creation: &Creation,
    analysis: &Analysis,
    found: &[Diagnostic],
    line: impl Fn(u32) -> u32,
) -> (Class, String) {
    let holds = |span: Span| {
        span.file == FileId(0)
            && span.start <= creation.callee.start
            && creation.callee.end <= span.end
    };
    let rooted = |f: &&Diagnostic| is_rooted_in(f, creation.whole.start, creation.whole.end);
    if let Some(finding) = found.iter().find(rooted) {
        return (Class::Reported, finding.rule.to_owned());
    }
    let Some(known) = analysis.creations.iter().find(|c| holds(c.span)) else {
        return (Class::NotAnalysed, "no creation here".to_owned());
    };
    if let Some((_, why)) = analysis.cut.iter().find(|(f, _)| *f == known.function) {
        return (Class::NotAnalysed, format!("function cut: {why:?}"));
    }
    if let Some(test) = known.tested.first() {
        let place = match test.file {
            FileId(0) => format!("tested at line {}", line(test.start)),
            _ => "tested in a header".to_owned(),
        };
        return (Class::Tested, place);
    }
    if known.handed_on || !known.kept.is_empty() {
        return (
            Class::HandedOn,
            format!("kept in {} places", known.kept.len()),
        );
    }
    (
        Class::NotAnalysed,
        "neither tested nor handed on nor reported".to_owned(),
    )
}
