//! Shows in a running kernel that what rules say happens, happens: `fixtures/proof/<rule>` holds a module that is wrong, its
//! repaired twin, and the kinds of reports of which the first has to give one. The twin has to be silent.

use crate::tidy::root;
use anyhow::{Context, Result, bail};
use kloom::disk::Disk;
use kloom_verify::guest;
use kloom_verify::lab::{Kernel, Lab};
use kloom_verify::verify::{Inject, Settings, verify};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Show in a running kernel that what rules say happens, happens.
#[derive(clap::Args)]
pub struct Options {
    /// Rules to prove; all that have a proof without any.
    rules: Vec<String>,
    /// Version of the debug kernel.
    #[arg(long, default_value = "6.12")]
    kernel: String,
    /// The folder of the debug kernels.
    #[arg(long)]
    lab: Option<PathBuf>,
    /// How often each module has to do what it should.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// Put the consoles into this folder.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Fail if fewer rules can be proved, such as for want of a kernel.
    #[arg(long, default_value_t = 1)]
    at_least: usize,
}

/// `proof.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    /// Kinds of reports, one of which has to be given.
    reports: BTreeSet<String>,
    /// What has to be made to fail.
    inject: Option<Inject>,
    /// It takes the kernel that looks for data races.
    #[serde(default)]
    kcsan: bool,
}

/// Runs the proofs and prints a line for each.
pub fn run(options: &Options) -> Result<()> {
    let lab = Lab::at(options.lab.as_deref())?;
    let plain = lab.kernel(&options.kernel, false)?;
    let plain = plain.with_context(|| {
        format!(
            "no debug kernel; run: kloom lab build --kernel {}",
            options.kernel
        )
    })?;
    let races = lab.kernel(&options.kernel, true)?;
    let (mut proved, mut failed) = (0, 0);
    for folder in folders(&options.rules)? {
        let rule = folder.file_name().unwrap_or_default().to_string_lossy();
        let proof = read(&folder)?;
        let kernel = if proof.kcsan {
            races.as_ref()
        } else {
            Some(&plain)
        };
        let Some(kernel) = kernel else {
            println!("{rule}: not proved, there is no kernel with KCSAN");
            continue;
        };
        let start = Instant::now();
        let settings = settings(&lab, kernel, &proof)?;
        match prove(&folder, &proof, &settings, options) {
            Ok(seen) => {
                proved += 1;
                let seconds = start.elapsed().as_secs();
                println!(
                    "{rule}: proved {} times in {seconds} s: {seen}",
                    options.times
                );
            }
            Err(why) => {
                failed += 1;
                println!("{rule}: FAILED: {why:#}");
            }
        }
    }
    println!(
        "{proved} rules proved on {}, {failed} failed",
        plain.release
    );
    if failed > 0 || proved < options.at_least {
        bail!(
            "{failed} proofs failed, {proved} of at least {} hold",
            options.at_least
        );
    }
    Ok(())
}

fn folders(rules: &[String]) -> Result<Vec<PathBuf>> {
    let all = root().join("fixtures/proof");
    if rules.is_empty() {
        let mut folders: Vec<PathBuf> = fs::read_dir(&all)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        folders.sort();
        return Ok(folders);
    }
    let folders = rules.iter().map(|rule| {
        let folder = all.join(rule);
        match folder.is_dir() {
            true => Ok(folder),
            false => bail!("there is no proof of {rule}"),
        }
    });
    folders.collect()
}

fn read(folder: &Path) -> Result<Proof> {
    let path = folder.join("proof.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}

fn settings(lab: &Lab, kernel: &Kernel, proof: &Proof) -> Result<Settings> {
    Ok(Settings {
        accelerator: guest::accelerator(&kernel.image, &lab.root().join("accelerator"))?,
        kernel: kernel.clone(),
        rounds: 3,
        inject: proof.inject,
        timeout: Duration::from_secs(180),
        sandbox: false,
    })
}

/// Runs both modules as often as asked; gives the kinds that were seen.
fn prove(folder: &Path, proof: &Proof, settings: &Settings, options: &Options) -> Result<String> {
    let mut seen = BTreeSet::new();
    for time in 1..=options.times {
        let wrong = reports(folder, "wrong", settings, options)?;
        if !wrong.keys().any(|rule| proof.reports.contains(rule)) {
            bail!("the wrong module gave {wrong:?} at time {time}");
        }
        seen.extend(wrong.into_keys());
        let right = reports(folder, "right", settings, options)?;
        if !right.is_empty() {
            bail!("the repaired module gave {right:?} at time {time}");
        }
    }
    Ok(seen.into_iter().collect::<Vec<_>>().join(", "))
}

/// What is found in one of the twins, by rule.
fn reports(
    folder: &Path,
    twin: &str,
    settings: &Settings,
    options: &Options,
) -> Result<BTreeMap<String, String>> {
    let verdict = verify(&folder.join(twin), settings, &Disk)?;
    if let Some(keep) = &options.keep {
        fs::create_dir_all(keep)?;
        for (_, text) in &verdict.consoles {
            let rule = folder.file_name().unwrap_or_default().to_string_lossy();
            fs::write(keep.join(format!("{rule}.{twin}.console")), text)?;
        }
    }
    if let Some(failure) = verdict.failures.first() {
        bail!("{twin}: {failure}");
    }
    let found = verdict.diagnostics.into_iter();
    Ok(found
        .map(|found| (found.rule.to_owned(), found.what))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kloom_verify::console::kinds;

    #[test]
    fn proofs_are_whole_and_name_kinds_that_there_are() {
        for folder in folders(&[]).unwrap() {
            let proof = read(&folder).unwrap();
            assert!(!proof.reports.is_empty(), "{}", folder.display());
            for kind in &proof.reports {
                assert!(
                    kinds().any(|k| k.id == *kind),
                    "{}: {kind}",
                    folder.display()
                );
            }
            for twin in ["wrong", "right"] {
                assert!(
                    folder.join(twin).join("Kbuild").is_file(),
                    "{}",
                    folder.display()
                );
            }
        }
    }
}
