//! The token oracle: every call, return, goto, label and case in the text stands in the IR
//! exactly once.
//!
//! What the text holds is counted by a reader of its own ([`crate::reader`]) that shares
//! nothing with the front end. Arms that `#if 0` kills do not count; every other arm does, and so
//! does text that the front end gave up on.

mod check;

use crate::files::{self, Selection};
use crate::random::Random;
use crate::reader::lexer;
use crate::reader::scan::{self, Kind, Wanted};
use anyhow::{Result, ensure};
use check::{Census, Fault};
use clap::Args;
use kloom::disk::Disk;
use kloom_c::Context;
use kloom_diag::{FileId, SourceFile, Span};
use kloom_facts::Facts;
use kloom_ir::{Origin, Unit};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Compare the tokens of C files with their IR.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    selection: Selection,
    /// Show this many failing functions, chosen by `--seed`.
    #[arg(long, value_name = "N", default_value_t = 0)]
    show: usize,
    /// Show this many of the most frequent causes, with two places each.
    #[arg(long, value_name = "N", default_value_t = 0)]
    causes: usize,
    /// Show tokens of the IR that this reader did not see in the text.
    #[arg(long)]
    surplus: bool,
    /// Fail below this share of holding functions, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0)]
    at_least: f64,
    /// Fail above this share of functions with an opaque part, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0)]
    at_most_opaque: f64,
}

/// A function that does not hold.
struct Failure {
    name: String,
    line: u32,
    faults: Vec<(Fault, Wanted)>,
    /// What is wrong with the first of them, and the line where it is.
    cause: String,
    at: u32,
}

/// What one file gave.
#[derive(Default)]
struct Tally {
    functions: usize,
    lowered: usize,
    opaque: usize,
    failures: Vec<Failure>,
    surplus: Vec<String>,
}

/// Runs the oracle.
pub fn run(options: &Options) -> Result<()> {
    let paths = options.selection.resolve()?;
    let context = Context::new(Facts::builtin(), &Disk, None);
    let tallies = files::map(&paths, |path| tally(&context, path, options))?;
    let mut report = String::new();
    let total = summarise(&paths, &tallies, options, &mut report)?;
    print!("{report}");
    ensure!(
        total.holding >= options.at_least,
        "{:.2} % of functions hold, {} % were asked for",
        total.holding,
        options.at_least
    );
    ensure!(
        total.opaque <= options.at_most_opaque,
        "{:.2} % of functions have an opaque part, {} % are allowed",
        total.opaque,
        options.at_most_opaque
    );
    Ok(())
}

fn tally(context: &Context<'_>, path: &Path, options: &Options) -> Tally {
    let Ok(text) = std::fs::read(path) else {
        return Tally::default();
    };
    let text: Arc<[u8]> = text.into();
    let functions = scan::functions(&text, &lexer::lex(&text));
    let shown = path.to_string_lossy();
    let unit = kloom_c::lower(context, &shown, text.clone());
    let census = Census::of(&unit);
    let source = SourceFile::new(&*shown, text.clone());
    let line = |offset: u32| source.line_col(offset).line;
    let show = |range: Range<u32>| {
        String::from_utf8_lossy(&text[range.start as usize..range.end as usize]).into_owned()
    };
    let mut tally = Tally {
        functions: functions.len(),
        ..Tally::default()
    };
    for function in unit.functions.iter().filter(|f| f.origin == Origin::File) {
        tally.lowered += 1;
        tally.opaque += usize::from(function.opaque > 0);
    }
    for function in &functions {
        let faults = census.faults(function);
        let Some((fault, wanted)) = faults.first() else {
            continue;
        };
        let (kind, word) = (wanted.kind.word(), show(wanted.start..wanted.end));
        let cause = format!("{fault:?} {kind} `{word}`{}", why(&unit, wanted.start));
        tally.failures.push(Failure {
            name: show(function.name.clone()),
            line: line(function.name.start),
            at: line(wanted.start),
            faults,
            cause,
        });
    }
    if options.surplus {
        let surplus = census.surplus(&functions).into_iter();
        tally.surplus = surplus
            .map(|(kind, place)| format!("{}:{}: {}", shown, line(place), kind.word()))
            .collect();
    }
    tally
}

/// What the front end says of the text at an offset, if it did not read it.
fn why(unit: &Unit, offset: u32) -> String {
    let holds = |span: Span| span.file == FileId(0) && (span.start..span.end).contains(&offset);
    let skipped = unit.coverage.skipped.iter().find(|(_, span)| holds(*span));
    match skipped {
        Some((why, _)) => format!(" in a skipped part ({why:?})"),
        None if unit.functions.iter().any(|f| holds(f.span)) => String::new(),
        None => " in a function that the IR does not have".to_owned(),
    }
}

/// The causes that most functions fail for, each with its places.
fn most_frequent(failing: &[(&PathBuf, &Failure)], count: usize) -> Vec<(String, Vec<String>)> {
    let mut causes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (path, failure) in failing {
        let places = causes.entry(&failure.cause).or_default();
        places.push(format!("{}:{}", path.display(), failure.at));
    }
    let mut causes: Vec<_> = causes.into_iter().map(|(c, p)| (c.to_owned(), p)).collect();
    causes.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
    causes.truncate(count);
    causes
}

/// Shares of all functions, in percent.
struct Shares {
    holding: f64,
    opaque: f64,
}

fn summarise(
    paths: &[PathBuf],
    tallies: &[Tally],
    options: &Options,
    out: &mut String,
) -> Result<Shares> {
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    let functions = sum(|t| t.functions);
    let broken = sum(|t| t.failures.len());
    let (lowered, opaque) = (sum(|t| t.lowered), sum(|t| t.opaque));
    let shares = Shares {
        holding: percent(functions - broken, functions),
        opaque: percent(opaque, functions),
    };
    writeln!(out, "files               {:>8}", paths.len())?;
    writeln!(
        out,
        "functions           {functions:>8}  (the IR has {lowered})"
    )?;
    writeln!(
        out,
        "holding             {:>8}  {:.2} %",
        functions - broken,
        shares.holding
    )?;
    writeln!(
        out,
        "with opaque parts   {opaque:>8}  {:.2} %",
        shares.opaque
    )?;
    for fault in [Fault::Missing, Fault::Doubled] {
        for kind in Kind::ALL {
            let count = tallies
                .iter()
                .flat_map(|t| &t.failures)
                .flat_map(|f| &f.faults)
                .filter(|(is, wanted)| *is == fault && wanted.kind == kind)
                .count();
            if count > 0 {
                writeln!(
                    out,
                    "{:<19} {count:>8}",
                    format!("{fault:?} {}", kind.word())
                )?;
            }
        }
    }
    let failing: Vec<(&PathBuf, &Failure)> = paths
        .iter()
        .zip(tallies)
        .flat_map(|(path, tally)| tally.failures.iter().map(move |f| (path, f)))
        .collect();
    for (cause, places) in most_frequent(&failing, options.causes) {
        let examples = places[..places.len().min(2)].join(" ");
        writeln!(out, "{:>6}  {cause}: {examples}", places.len())?;
    }
    for (path, failure) in Random::new(options.selection.seed).sample(failing, options.show) {
        let (name, line, cause, at) = (&failure.name, failure.line, &failure.cause, failure.at);
        let (path, more) = (path.display(), failure.faults.len() - 1);
        writeln!(
            out,
            "{path}:{line}: {name}: {cause} at line {at}, and {more} more"
        )?;
    }
    for surplus in tallies.iter().flat_map(|t| &t.surplus) {
        writeln!(out, "only in the IR: {surplus}")?;
    }
    Ok(shares)
}

fn percent(part: usize, whole: usize) -> f64 {
    match whole {
        0 => 100.0,
        _ => 100.0 * part as f64 / whole as f64,
    }
}
