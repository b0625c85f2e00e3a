//! One folder from sources to diagnostics: build, boot, listen, read.

use crate::console::Diagnoser;
use crate::findings::{Scene, folded};
use crate::guest::Accelerator;
use crate::lab::Kernel;
use crate::module::{self, Built};
use crate::run::Run;
use crate::sources::Sources;
use kloom_diag::{Diagnostic, Provider, SourceFile, SourceMap};
use serde::Deserialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// What is made to fail while a module is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Inject {
    /// Every creation of a thread.
    ThreadCreation,
    /// In the first round every allocation, in later ones one each.
    Allocation,
}

impl Inject {
    /// Every one.
    pub const ALL: [Inject; 2] = [Inject::ThreadCreation, Inject::Allocation];

    /// The word of the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Inject::ThreadCreation => "thread-creation",
            Inject::Allocation => "allocation",
        }
    }

    /// What it makes fail, in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Inject::ThreadCreation => "Every creation of a thread",
            Inject::Allocation => {
                "In the first round every allocation of the module, in later ones one each"
            }
        }
    }
}

impl FromStr for Inject {
    type Err = String;

    fn from_str(word: &str) -> Result<Inject, String> {
        let mut all = Inject::ALL.into_iter();
        let found = all.find(|inject| inject.as_str() == word);
        found.ok_or_else(|| format!("`{word}` cannot be made to fail"))
    }
}

impl TryFrom<String> for Inject {
    type Error = String;

    fn try_from(word: String) -> Result<Inject, String> {
        word.parse()
    }
}

/// How modules are run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The kernel.
    pub kernel: Kernel,
    /// How the guest's processor is made.
    pub accelerator: Accelerator,
    /// How often a module is loaded and unloaded.
    pub rounds: u32,
    /// What is made to fail.
    pub inject: Option<Inject>,
    /// What a guest may take.
    pub timeout: Duration,
    /// The build can write to nothing but its own copy.
    pub sandbox: bool,
}

/// What became of a folder.
#[derive(Debug)]
pub struct Verdict {
    /// The source that stands for the folder.
    pub path: String,
    /// The texts that spans point into; id 0 is that source.
    pub files: SourceMap,
    /// What was found, sorted by file, offset, rule.
    pub diagnostics: Vec<Diagnostic>,
    /// The console of each module's guest.
    pub consoles: Vec<(String, Vec<u8>)>,
    /// What exercise scripts said.
    pub exercise: Vec<String>,
    /// Why a guest says nothing about its module.
    pub failures: Vec<String>,
}

/// Builds the modules of a folder and runs each in a guest of its own.
pub fn verify(folder: &Path, settings: &Settings, provider: &dyn Provider) -> io::Result<Verdict> {
    let built = module::build(folder, &settings.kernel, settings.sandbox)?;
    let main = main_file(folder, &built)?;
    let path = main.path().to_owned();
    let mut runs = Vec::new();
    for module in &built.modules {
        runs.push(Run::of(folder, &built, module, settings)?);
    }
    let mut sources = Sources::new(provider, main);
    let mut diagnostics = Vec::new();
    for run in &runs {
        let name = format!("<console of {}>", run.name);
        let mut diagnoser = Diagnoser::new(&run.code, &mut sources, &name);
        diagnostics.extend(diagnoser.console(&run.console));
    }
    let mut diagnostics = folded(diagnostics);
    let mut scene = Scene {
        folder,
        built: &built,
        runs: &runs,
        sources: &mut sources,
    };
    diagnostics.extend(scene.build());
    for run in &runs {
        diagnostics.extend(scene.outcome(run));
        diagnostics.extend(scene.hidden(run));
    }
    diagnostics.sort_by_key(|found| (found.primary.file, found.primary.start, found.rule));
    diagnostics.dedup();
    let mut verdict = Verdict {
        path,
        files: sources.into_files(),
        diagnostics,
        consoles: Vec::new(),
        exercise: Vec::new(),
        failures: Vec::new(),
    };
    for run in runs {
        verdict.failures.extend(run.failure());
        verdict.exercise.extend(run.account.exercise);
        verdict.consoles.push((run.name, run.transcript.text));
    }
    Ok(verdict)
}

/// The source that a folder's findings without a place are shown in.
fn main_file(folder: &Path, built: &Built) -> io::Result<SourceFile> {
    let mut names: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .collect();
    names.sort();
    let extension = |path: &PathBuf| {
        let extension = path.extension().and_then(|e| e.to_str());
        matches!(extension, Some("c" | "rs")) && !path.to_string_lossy().ends_with(".mod.c")
    };
    let of_module = |path: &&PathBuf| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        built.modules.iter().any(|module| module.file_name == stem)
    };
    let sources = || names.iter().filter(|path| extension(path));
    let build = |path: &&PathBuf| path.ends_with("Kbuild") || path.ends_with("Makefile");
    let found = sources()
        .find(of_module)
        .or_else(|| sources().next())
        .or_else(|| names.iter().find(build));
    let Some(path) = found else {
        return Err(io::Error::other(format!(
            "{}: nothing to build here",
            folder.display()
        )));
    };
    let path = path.strip_prefix(".").unwrap_or(path);
    Ok(SourceFile::new(path.to_string_lossy(), fs::read(path)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_fail_has_a_word() {
        for inject in Inject::ALL {
            assert_eq!(inject.as_str().parse(), Ok(inject));
        }
        assert!("luck".parse::<Inject>().is_err());
    }
}
