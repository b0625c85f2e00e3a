//! `kloom lab`.

use crate::args::{LabArgs, LabBuild, LabCommand, LabTask};
use crate::progress::Progress;
use crate::{CLEAN, FAILURE};
use anyhow::{Context as _, bail};
use kloom_report::clean_line;
use kloom_verify::lab::{Event, Flavour, Lab, Plan, Toolchain, size};
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Makes, lists, opens or removes debug kernels.
pub fn run(args: &LabArgs) -> anyhow::Result<u8> {
    let lab = Lab::at(args.lab.as_deref())?;
    match &args.task {
        LabTask::Build(options) => build(&lab, options),
        LabTask::Status => status(&lab),
        LabTask::Shell(options) => shell(&lab, options),
        LabTask::Clean(options) => {
            for gone in lab.clean(options.kernel.as_deref(), options.sources)? {
                writeln!(
                    io::stdout(),
                    "removed {}",
                    clean_line(&gone.to_string_lossy())
                )?;
            }
            Ok(CLEAN)
        }
    }
}

fn build(lab: &Lab, options: &LabBuild) -> anyhow::Result<u8> {
    let flavour = Flavour {
        rust: options.rust,
        races: options.kcsan,
    };
    let tools = match Toolchain::find(options.rust) {
        Ok(tools) => tools,
        Err(missing) => {
            eprintln!("kloom: something is not installed; run");
            for command in missing.commands() {
                eprintln!("  {command}");
            }
            return Ok(FAILURE);
        }
    };
    let mut versions: Vec<Option<&str>> = options.kernel.iter().map(|v| Some(v.as_str())).collect();
    if options.source.is_some() {
        versions = vec![None];
    } else if versions.is_empty() {
        versions = vec![Some("6.12"), Some("7.x")];
    }
    for version in versions {
        let plan = Plan {
            version: version.unwrap_or_default().to_owned(),
            source: options.source.clone(),
            flavour,
            jobs: options.jobs,
        };
        let mut progress = Progress::new(0, "steps");
        let built = plan.run(lab, &tools, |event| match event {
            Event::Begin(what) => {
                progress.clear();
                eprintln!("{}", clean_line(what));
            }
            Event::Step(_, total) => progress.step_of(total),
        });
        progress.clear();
        let built = built?;
        let word = if built.was_there {
            "is there"
        } else {
            "is built"
        };
        let (release, tree) = (&built.stamp.release, built.tree.display());
        writeln!(io::stdout(), "{release} {word}: {tree}")?;
    }
    Ok(CLEAN)
}

fn status(lab: &Lab) -> anyhow::Result<u8> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", lab.root().display())?;
    for (tree, stamp) in lab.trees()? {
        let name = tree.file_name().unwrap_or_default().to_string_lossy();
        let mib = size(&tree).map_or(0, |bytes| bytes >> 20);
        match stamp {
            Some(stamp) => writeln!(
                out,
                "{name}: {}, built in {} s, {mib} MiB, from {}",
                stamp.release,
                stamp.seconds,
                stamp.source.display()
            )?,
            None => writeln!(
                out,
                "{name}: not complete, {mib} MiB; see {}.log",
                tree.display()
            )?,
        }
    }
    Ok(CLEAN)
}

/// Becomes a shell in a build tree.
fn shell(lab: &Lab, options: &LabCommand) -> anyhow::Result<u8> {
    let kernel = lab.kernel(&options.kernel, options.kcsan)?;
    let kernel = kernel.with_context(|| format!("there is no kernel {} yet", options.kernel))?;
    let shell = std::env::var_os("SHELL").unwrap_or_else(|| "/bin/sh".into());
    let mut shell = Command::new(shell);
    shell.current_dir(&kernel.tree);
    if let Some(llvm) = &kernel.llvm {
        shell.env("LLVM", llvm);
    }
    eprintln!(
        "{}: make M=FOLDER builds a module; exit leaves",
        kernel.tree.display()
    );
    bail!("the shell does not start: {}", shell.exec())
}
