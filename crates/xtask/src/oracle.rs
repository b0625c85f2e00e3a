//! The token oracle: every call, return, goto, label and case in the text stands in the IR
//! exactly once.
//!
//! What the text holds is counted by a reader of its own ([`lexer`], [`scan`]) that shares
//! nothing with the front end. Arms that `#if 0` kills do not count; every other arm does, and so
//! does text that the front end gave up on.

mod check;
mod lexer;
mod scan;
mod stream;

use crate::files::{self, Disk, Selection};
use crate::random::Random;
use anyhow::{Result, ensure};
use check::{Census, Fault};
use clap::Args;
use kloom_c::Context;
use kloom_diag::SourceFile;
use kloom_facts::Facts;
use kloom_ir::Origin;
use scan::{Kind, Wanted};
use std::fmt::Write;
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
    /// The first fault, with its line.
    first: String,
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
    let tallies = files::map(&paths, |path| tally(&context, path, options));
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
    let word = |wanted: &Wanted| {
        String::from_utf8_lossy(&text[wanted.start as usize..wanted.end as usize]).into_owned()
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
        let kind = wanted.kind.word();
        let first = format!(
            "{fault:?} {kind} `{}` at line {}",
            word(wanted),
            line(wanted.start)
        );
        tally.failures.push(Failure {
            name: String::from_utf8_lossy(
                &text[function.name.start as usize..function.name.end as usize],
            )
            .into_owned(),
            line: line(function.name.start),
            faults,
            first,
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
    let failing = sum(|t| t.failures.len());
    let (lowered, opaque) = (sum(|t| t.lowered), sum(|t| t.opaque));
    let shares = Shares {
        holding: percent(functions - failing, functions),
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
        functions - failing,
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
    let all: Vec<(&PathBuf, &Failure)> = paths
        .iter()
        .zip(tallies)
        .flat_map(|(path, tally)| tally.failures.iter().map(move |f| (path, f)))
        .collect();
    for (path, failure) in Random::new(options.selection.seed).sample(all, options.show) {
        let Failure {
            name,
            line,
            faults,
            first,
        } = failure;
        let more = faults.len() - 1;
        writeln!(
            out,
            "{}:{line}: {name}: {first}, and {more} more",
            path.display()
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
