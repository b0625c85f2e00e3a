//! Builds what `kloom new` writes: every example, against the headers of real kernels, without a warning.

use anyhow::{Context, Result, bail, ensure};
use kloom::new::memory;
use kloom_facts::{Target, Version};
use kloom_gen::{Tree, examples, generate};
use kloom_spec::{Module, Spec};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, thread};

/// Lines of a build that say nothing about a module.
const NOISE: &[&str] = &[
    "Skipping BTF generation",
    "the compiler differs from the one used to build the kernel",
    "The kernel was built by:",
    "You are using:",
];

/// Build every example of `kloom new` against real kernels, with sparse and checkpatch.
#[derive(clap::Args)]
pub struct Options {
    /// Folders to build modules for: headers or a build tree.
    #[arg(long = "build", required = true)]
    builds: Vec<PathBuf>,
    /// The kernel's checkpatch.pl.
    #[arg(long)]
    checkpatch: Option<PathBuf>,
    /// Further words for make, such as LLVM=-19.
    #[arg(long)]
    make: Vec<String>,
    /// Only examples with this in their name.
    #[arg(long, default_value = "")]
    only: String,
    /// Write the modules here and leave them.
    #[arg(long)]
    keep: Option<PathBuf>,
}

/// Builds for each kernel what is written for its release, and what is written for all releases.
pub fn run(options: &Options) -> Result<()> {
    let root = options.keep.clone();
    let root = root.unwrap_or_else(|| {
        std::env::temp_dir().join(format!("kloom-examples-{}", std::process::id()))
    });
    let done = all(options, &root);
    if options.keep.is_none() {
        fs::remove_dir_all(&root)?;
    }
    done
}

fn all(options: &Options, root: &Path) -> Result<()> {
    let range = Target {
        min: Version { major: 6, minor: 1 },
        max: Target::NEWEST.max,
    };
    let mut lines = Vec::new();
    for build in &options.builds {
        let release = release(build)?;
        for target in [Target::exactly(release), range] {
            let folder = root.join(format!("{release}-of-{target}"));
            let modules = write(&folder, target, &options.only)?;
            let said = make(&folder, build, &options.make)?;
            println!(
                "{modules} examples for {target} built for {release}: {} lines to look at",
                said.len()
            );
            lines.extend(said);
            if let Some(script) = &options.checkpatch {
                lines.extend(checkpatch(&folder, script)?);
            }
        }
    }
    for line in &lines {
        eprintln!("{line}");
    }
    ensure!(
        lines.is_empty(),
        "{} lines were said about generated modules",
        lines.len()
    );
    Ok(())
}

/// The release that a folder is to build modules for.
fn release(build: &Path) -> Result<Version> {
    let path = build.join("include/config/kernel.release");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    text.trim().parse().map_err(anyhow::Error::msg)
}

/// Writes the examples, each in a folder of its own, and gives their number.
fn write(folder: &Path, target: Target, only: &str) -> Result<usize> {
    let mut list = String::new();
    let mut count = 0;
    for example in examples()
        .iter()
        .filter(|example| example.name.contains(only))
    {
        let spec = Spec {
            kernel: Some(target),
            language: None,
        };
        let (_, module) = kloom_spec::read(example.name, example.text.as_bytes().into(), spec);
        let Ok(module) = module else {
            bail!("{} is refused for {target}", example.name);
        };
        let tree = generate(&module);
        clean(example.name, &module, &tree)?;
        let place = folder.join(example.name);
        fs::create_dir_all(&place)?;
        // The folder above has the one Makefile.
        for file in tree.files.iter().filter(|file| file.path != "Makefile") {
            fs::write(place.join(&file.path), &file.text)?;
        }
        let _ = writeln!(list, "obj-m += {}/", example.name);
        count += 1;
    }
    fs::write(folder.join("Kbuild"), list)?;
    Ok(count)
}

fn clean(name: &str, module: &Module, tree: &Tree) -> Result<()> {
    for report in memory::lint(module, tree)? {
        ensure!(
            report.diagnostics.is_empty(),
            "{name}: {:#?}",
            report.diagnostics
        );
    }
    Ok(())
}

/// Builds all modules below a folder; gives what was said about them.
fn make(folder: &Path, build: &Path, words: &[String]) -> Result<Vec<String>> {
    let jobs = thread::available_parallelism()?;
    let output = Command::new("make")
        .args(["-s", "-k", &format!("-j{jobs}"), "W=1", "C=1", "-C"])
        .arg(build)
        .arg(format!("M={}", folder.canonicalize()?.display()))
        .args(words)
        .arg("modules")
        .output()
        .context("make could not be run")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let said = said
        .lines()
        .filter(|line| !NOISE.iter().any(|noise| line.contains(noise)));
    let mut said: Vec<String> = said.map(str::to_owned).collect();
    if !output.status.success() {
        said.push(format!(
            "make for {} failed: {}",
            build.display(),
            output.status
        ));
    }
    Ok(said)
}

/// What checkpatch says about the sources below a folder. Ranges need tests of the version, and those are meant.
fn checkpatch(folder: &Path, script: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for place in fs::read_dir(folder)?
        .flatten()
        .filter(|place| place.path().is_dir())
    {
        let sources = fs::read_dir(place.path())?
            .flatten()
            .map(|entry| entry.path());
        files.extend(sources.filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            (name.ends_with(".c") && !name.ends_with(".mod.c")) || name.ends_with(".h")
        }));
    }
    files.sort();
    let output = Command::new("perl")
        .arg(script)
        .args([
            "--strict",
            "--no-tree",
            "--no-summary",
            "-q",
            "--terse",
            "--ignore",
            "LINUX_VERSION_CODE",
            "-f",
        ])
        .args(files)
        .output()
        .context("perl could not be run")?;
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(said
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect())
}
