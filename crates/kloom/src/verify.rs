//! `kloom verify`.

use crate::args::VerifyArgs;
use crate::disk::Disk;
use crate::progress::Progress;
use crate::{CLEAN, FAILURE, FINDINGS, lint, pool};
use anyhow::{Context as _, bail};
use kloom_facts::Target;
use kloom_lint::FileReport;
use kloom_report::{Style, Writer, clean_line};
use kloom_verify::guest;
use kloom_verify::lab::{self, Kernel, Lab};
use kloom_verify::verify::{Settings, Verdict, verify};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

/// Builds modules, runs them in a debug kernel and reports what was said of them.
pub fn run(args: &VerifyArgs) -> anyhow::Result<u8> {
    for folder in &args.folders {
        if !folder.is_dir() {
            bail!("{}: no folder", folder.display());
        }
    }
    let missing = lab::missing_for_verify();
    if !missing.is_empty() {
        bail!(
            "something is not installed; run: {}",
            missing.commands().join(" && ")
        );
    }
    let (settings, target) = settings(args)?;
    if !args.sandbox {
        eprintln!(
            "kloom: the build runs each folder's Makefile; --sandbox shows it its own copy and the kernel alone"
        );
    }
    if let Some(folder) = &args.keep {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let style = Style {
        format: args.format.into(),
        color: lint::colored(args.color),
        target,
    };
    let mut writer = Writer::new(BufWriter::new(io::stdout().lock()), style);
    let mut progress = Progress::new(args.folders.len(), "folders");
    let mut failed = false;
    let mut kept = Kept::default();
    pool::in_order(
        &args.folders,
        args.jobs,
        |folder| (folder.clone(), verify(folder, &settings, &Disk)),
        |(folder, verdict)| {
            progress.clear();
            match verdict {
                Ok(verdict) => {
                    failed |= !verdict.failures.is_empty();
                    tell(&verdict)?;
                    if let Some(folder) = &args.keep {
                        kept.put(folder, &verdict.consoles)?;
                    }
                    writer.add(style.render(&report(verdict)))?;
                    writer.flush()?;
                }
                Err(error) => {
                    failed = true;
                    let text = format!("kloom: {}: {error}", folder.display());
                    eprintln!("{}", clean_line(&text));
                }
            }
            progress.step();
            io::Result::Ok(())
        },
    )?;
    progress.clear();
    let tally = writer.finish(false)?;
    Ok(match tally.findings.total() {
        _ if failed => FAILURE,
        0 => CLEAN,
        _ if args.exit_zero => CLEAN,
        _ => FINDINGS,
    })
}

fn settings(args: &VerifyArgs) -> anyhow::Result<(Settings, Target)> {
    let lab = Lab::at(args.lab.as_deref())?;
    let kernel = match &args.build {
        Some(tree) => Kernel::in_tree(tree)?,
        None => lab.kernel(&args.kernel, args.kcsan)?.with_context(|| {
            let flavour = if args.kcsan { " --kcsan" } else { "" };
            format!(
                "no such kernel yet; run: kloom lab build --kernel {}{flavour}",
                args.kernel
            )
        })?,
    };
    if !kernel.image.is_file() {
        bail!("{}: no kernel to boot", kernel.image.display());
    }
    let target = kernel.version().parse().unwrap_or(Target::NEWEST);
    fs::create_dir_all(lab.root())?;
    let accelerator = guest::accelerator(&kernel.image, &lab.root().join("accelerator"))?;
    let settings = Settings {
        kernel,
        accelerator,
        rounds: args.rounds,
        inject: args.inject,
        timeout: Duration::from_secs(args.timeout),
        sandbox: args.sandbox,
    };
    Ok((settings, target))
}

/// Says what has no place in the formats.
fn tell(verdict: &Verdict) -> io::Result<()> {
    let mut err = io::stderr().lock();
    for failure in &verdict.failures {
        writeln!(err, "kloom: {}", clean_line(failure))?;
    }
    for line in &verdict.exercise {
        writeln!(err, "verify.sh: {}", clean_line(line))?;
    }
    Ok(())
}

/// The consoles that were put into a folder: modules of several folders may have the same name.
#[derive(Default)]
struct Kept(BTreeMap<String, u32>);

impl Kept {
    fn put(&mut self, folder: &Path, consoles: &[(String, Vec<u8>)]) -> io::Result<()> {
        for (module, text) in consoles {
            fs::write(folder.join(self.name(module)), text)?;
        }
        Ok(())
    }

    fn name(&mut self, module: &str) -> String {
        let times = self.0.entry(module.to_owned()).or_default();
        *times += 1;
        match times {
            1 => format!("{module}.console"),
            n => format!("{module}.{n}.console"),
        }
    }
}

fn report(verdict: Verdict) -> FileReport {
    FileReport {
        path: verdict.path,
        files: verdict.files,
        diagnostics: verdict.diagnostics,
        not_analysed: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consoles_of_equal_names_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = Kept::default();
        for text in ["one", "two"] {
            let console = (String::from("m"), text.as_bytes().to_vec());
            kept.put(folder.path(), &[console]).unwrap();
        }
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(
            (read("m.console"), read("m.2.console")),
            ("one".into(), "two".into())
        );
    }
}
