//! Seeded mutation of real C, structure in mind, for as long as asked.
//!
//! Which mutant comes when depends on the seed alone, so that a number names it: where the linter
//! panics or hangs, the number to run again is printed.

use crate::files;
use crate::linting::lint;
use crate::random::Random;
use crate::reader::lexer::lex;
use crate::tidy::root;
use anyhow::{Context, Result, bail};
use clap::Args;
use kloom_facts::{Facts, Target};
use kloom_lint::{FileReport, Linter, Reason, rules};
use std::path::PathBuf;
use std::process::exit;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// No mutant may take longer.
const LIMIT: Duration = Duration::from_secs(10);

/// Pieces that change what follows them.
const PIECES: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ";",
    ",",
    "?",
    ":",
    "=",
    "*",
    "&",
    "->",
    "!",
    "\"",
    "'",
    "/*",
    "*/",
    "\\\n",
    "\n#if A\n",
    "\n#else\n",
    "\n#elif B\n",
    "\n#endif\n",
    "\n#if 0\n",
    "\n#define M(x) x\n",
    "\n#define N(x...) f(x##y) \\\n",
    " if (",
    " else ",
    " for (;;) ",
    " while (",
    " do ",
    " switch (x) {",
    " case 1 ... 2: ",
    " default: ",
    " goto out; ",
    " out: ",
    " return ",
    " sizeof(",
    " struct s ",
    " static ",
    " __init ",
    " ({",
    "})",
    " asm volatile(\"\" : : ",
    " typeof(x) ",
    " list_for_each_entry(p, h, m) ",
    " container_of(p, struct s, m) ",
    " scoped_guard(mutex, &m) ",
    " IS_ERR(x) ",
    " x = kthread_run(f, NULL, \"n\"); ",
    " wait_event(q, ",
    " SYSCALL_DEFINE2(a, int, b, int, c) {",
    "\0",
    "\u{ff}",
    "0x",
    "1e+",
];

/// Mutate fixtures and lint the mutants.
#[derive(Args, Debug)]
pub struct Options {
    /// For how long.
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// Which sequence of mutants.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this mutant, which is written to the file `--out`.
    #[arg(long, value_name = "NUMBER")]
    only: Option<u64>,
    /// Where `--only` writes its mutant.
    #[arg(long, value_name = "FILE", default_value = "mutant.c")]
    out: PathBuf,
}

/// Runs it.
pub fn run(options: &Options) -> Result<()> {
    let seeds = seeds()?;
    let rules = kloom_lint::Selection::all();
    let linter = Linter::new(Facts::builtin(), Target::NEWEST, rules, &kloom::disk::Disk);
    if let Some(number) = options.only {
        let text = mutant(&seeds, options.seed, number);
        std::fs::write(&options.out, &text)?;
        println!("mutant {number} is in {}", options.out.display());
        let report = lint(&linter, "mutant.c", text.into());
        return judge(&report).context("the mutant");
    }
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let next = AtomicU64::new(0);
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let workers: Vec<u32> = (0..cores as u32).collect();
    let results = files::map(&workers, |_| {
        while Instant::now() < until {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let again = format!("cargo xtask fuzz --seed {} --only {number}", options.seed);
            let text = mutant(&seeds, options.seed, number);
            let report = watched(&again, || lint(&linter, "mutant.c", text.into()));
            judge(&report).with_context(|| format!("again with: {again}"))?;
        }
        anyhow::Ok(())
    })?;
    results.into_iter().collect::<Result<()>>()?;
    println!(
        "{} mutants, none of them a panic or a hang",
        next.into_inner()
    );
    Ok(())
}

/// What mutants are made from: fixtures and the examples of the rules' pages.
fn seeds() -> Result<Vec<Vec<u8>>> {
    let examples = rules().iter().flat_map(|rule| rule.examples);
    let mut seeds: Vec<Vec<u8>> = examples.map(|e| e.code.as_bytes().to_vec()).collect();
    let mut fixtures = files::find(&root().join("fixtures"))?;
    fixtures.sort();
    for path in fixtures {
        seeds.push(std::fs::read(path)?);
    }
    Ok(seeds)
}

fn judge(report: &FileReport) -> Result<()> {
    if report
        .not_analysed
        .iter()
        .any(|part| part.reason == Reason::Internal)
    {
        bail!("the linter panicked");
    }
    let in_bounds = |span: kloom_diag::Span| {
        let length = report.files.get(span.file).text().len();
        span.start <= span.end && span.end as usize <= length
    };
    let steps = report.diagnostics.iter().flat_map(|found| &found.trace);
    let spans = report
        .diagnostics
        .iter()
        .flat_map(|found| [found.primary, found.root.0]);
    let mut spans = spans.chain(steps.map(|step| step.span));
    match spans.find(|span| !in_bounds(*span)) {
        Some(span) => bail!("a span leaves its file: {span:?}"),
        None => Ok(()),
    }
}

/// Ends the process with the command that reproduces it if `work` takes too long.
fn watched<R>(again: &str, work: impl FnOnce() -> R) -> R {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let begun = Instant::now();
            while !done.load(Ordering::Acquire) {
                if begun.elapsed() > LIMIT {
                    eprintln!(
                        "a mutant takes longer than {} s, again with: {again}",
                        LIMIT.as_secs()
                    );
                    exit(1);
                }
                std::thread::park_timeout(LIMIT - begun.elapsed().min(LIMIT));
            }
        });
        let result = work();
        done.store(true, Ordering::Release);
        watch.thread().unpark();
        result
    })
}

/// The mutant with a number.
fn mutant(seeds: &[Vec<u8>], seed: u64, number: u64) -> Vec<u8> {
    let mut random = Random::new(seed.wrapping_mul(0x1000_0001).wrapping_add(number));
    let Some(mut text) = seeds.get(random.below(seeds.len())).cloned() else {
        return Vec::new();
    };
    for _ in 0..1 + random.below(6) {
        let other = &seeds[random.below(seeds.len())];
        text = change(text, other, &mut random);
    }
    text
}

/// One change.
fn change(mut text: Vec<u8>, other: &[u8], random: &mut Random) -> Vec<u8> {
    let tokens = lex(&text);
    let pick = |random: &mut Random| {
        tokens
            .get(random.below(tokens.len()))
            .map_or(0..0, |t| t.start as usize..t.end as usize)
    };
    let (a, b) = (pick(random), pick(random));
    let piece = PIECES[random.below(PIECES.len())].as_bytes().to_vec();
    match random.below(9) {
        0 => drop(text.splice(a, [])),
        1 => drop(text.splice(a.start..a.start, piece)),
        2 => drop(text.splice(a, piece)),
        3 => {
            let copy = text[b].to_vec();
            drop(text.splice(a, copy));
        }
        // A stretch goes, or comes again elsewhere.
        4 => drop(text.splice(a.start.min(b.start)..a.start.max(b.start), [])),
        5 => {
            let stretch = text[a.start.min(b.start)..a.end.max(b.end)].to_vec();
            drop(text.splice(b.start..b.start, stretch));
        }
        // The rest of another file.
        6 => {
            let from = random.below(other.len());
            text.truncate(a.start);
            text.extend_from_slice(&other[from..]);
        }
        7 => {
            let depth = 1 << random.below(12);
            let nested = [
                b"(".repeat(depth),
                text[a.clone()].to_vec(),
                b")".repeat(depth),
            ];
            drop(text.splice(a, nested.concat()));
        }
        _ => {
            if let Some(byte) = text.get_mut(a.start) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{judge, mutant, seeds};
    use crate::linting::lint;
    use kloom_facts::{Facts, Target};
    use kloom_lint::{Linter, Selection};

    #[test]
    fn a_number_names_a_mutant() {
        let seeds = seeds().unwrap();
        assert!(!seeds.is_empty());
        assert_eq!(mutant(&seeds, 1, 5), mutant(&seeds, 1, 5));
        assert_ne!(mutant(&seeds, 1, 5), mutant(&seeds, 1, 6));
    }

    #[test]
    fn the_first_mutants_do_no_harm() {
        let seeds = seeds().unwrap();
        let rules = Selection::all();
        let linter = Linter::new(Facts::builtin(), Target::NEWEST, rules, &kloom::disk::Disk);
        for number in 0..300 {
            let text = mutant(&seeds, 1, number);
            judge(&lint(&linter, "mutant.c", text.into())).unwrap();
        }
    }
}
