//! Hostile input: every output format has to survive it in a process of its own, within a time
//! and a memory limit, and nothing of it may reach a terminal raw.

mod child;
mod inputs;

use crate::files::Selection;
use crate::random::Random;
use anyhow::{Result, ensure};
use clap::Args;
use std::path::{Path, PathBuf};

pub use child::{Passed, pass};

/// Formats that are held to it.
const FORMATS: &[&str] = &["text", "concise", "json", "sarif"];

/// Files per process where they are small.
const BATCH: usize = 25;

/// Feed the linter real files cut short or damaged, and made-up monsters.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    selection: Selection,
    /// How many real files are damaged.
    #[arg(long, value_name = "N", default_value_t = 200)]
    count: usize,
    /// At how many places in all.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    places: usize,
}

/// Runs it.
pub fn run(options: &Options) -> Result<()> {
    let mut random = Random::new(options.selection.seed);
    let files = random.sample(options.selection.resolve()?, options.count);
    let dir = Scratch::new()?;
    let mut damaged = Vec::new();
    for place in 0..options.places {
        let path = &files[place % files.len()];
        let text = inputs::damage(std::fs::read(path)?, &mut random);
        damaged.push(dir.write(&format!("{place:04}.c"), &text)?);
    }
    let mut monsters = Vec::new();
    for (name, text) in inputs::monsters() {
        monsters.push(dir.write(name, &text)?);
    }
    let mut runs: Vec<(&str, Vec<PathBuf>)> = Vec::new();
    for format in FORMATS {
        let batches = damaged.chunks(BATCH).chain(monsters.chunks(1));
        runs.extend(batches.map(|batch| (*format, batch.to_vec())));
    }
    let mut faults = Vec::new();
    let (mut slowest, mut largest) = (0.0, 0);
    for (format, batch) in &runs {
        let outcome = child::lint(format, batch)?;
        slowest = f64::max(slowest, outcome.seconds);
        largest = largest.max(outcome.peak_kib);
        for fault in outcome.faults {
            let names: Vec<_> = batch.iter().filter_map(|path| path.file_name()).collect();
            faults.push(format!("{format}, one of {names:?}: {fault}"));
        }
    }
    println!(
        "damaged files   {:>8}  of {} real ones",
        damaged.len(),
        files.len()
    );
    println!("monsters        {:>8}", monsters.len());
    println!("processes       {:>8}", runs.len());
    println!("slowest process {slowest:>8.2} s");
    println!("largest process {:>8} MiB", largest / 1024);
    for fault in &faults {
        println!("{fault}");
    }
    if !faults.is_empty() {
        println!("inputs are kept in {}", dir.keep().display());
    }
    ensure!(faults.is_empty(), "{} runs went wrong", faults.len());
    Ok(())
}

/// A folder that goes away with this value.
struct Scratch(Option<PathBuf>);

impl Scratch {
    fn new() -> Result<Scratch> {
        let dir = std::env::temp_dir().join(format!("kloom-hostile-{}", std::process::id()));
        std::fs::create_dir_all(&dir)?;
        Ok(Scratch(Some(dir)))
    }

    fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new("."))
    }

    fn write(&self, name: &str, text: &[u8]) -> Result<PathBuf> {
        let path = self.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// Leaves the folder where it is.
    fn keep(mut self) -> PathBuf {
        self.0.take().unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(dir) = &self.0 {
            // Nothing depends on it; the system clears the folder in the end.
            let _ = std::fs::remove_dir_all(dir);
        }
    }
}
