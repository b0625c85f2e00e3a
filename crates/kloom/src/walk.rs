//! From the paths on the command line to the files to read.

use anyhow::{Context as _, bail};
use ignore::WalkBuilder;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    /// As it is shown.
    pub path: PathBuf,
    /// Found in a folder, not named.
    pub found: bool,
}

impl Input {
    fn new(path: &Path, found: bool) -> Input {
        let path = path.strip_prefix(".").unwrap_or(path).to_path_buf();
        Input { path, found }
    }
}

/// The files that some paths stand for, each once, in the order of their paths.
#[derive(Debug, Default)]
pub struct Inputs {
    /// The files.
    pub files: Vec<Input>,
    /// `-` was named.
    pub stdin: bool,
    /// Folders that hold nothing to read.
    pub empty: Vec<PathBuf>,
}

/// Finds the files; fails if a path does not exist.
pub fn inputs(paths: &[PathBuf]) -> anyhow::Result<Inputs> {
    let mut inputs = Inputs::default();
    // One argument cannot name a file twice, and resolving every path of a tree takes time.
    let resolve = paths.len() > 1;
    let mut files: BTreeMap<PathBuf, Input> = BTreeMap::new();
    for path in paths {
        if path.as_os_str() == "-" {
            inputs.stdin = true;
            continue;
        }
        let kind = path
            .metadata()
            .with_context(|| path.display().to_string())?;
        let found = if kind.is_dir() {
            walk(path)?
        } else {
            vec![Input::new(path, false)]
        };
        if found.is_empty() {
            inputs.empty.push(path.clone());
        }
        for input in found {
            let key = if resolve {
                input.path.canonicalize()?
            } else {
                input.path.clone()
            };
            let known = files.entry(key).or_insert_with(|| input.clone());
            // Whatever the order of arguments: being named wins, and so does the shortest name.
            known.found &= input.found;
            let length = |path: &Path| path.as_os_str().len();
            if (length(&input.path), &input.path) < (length(&known.path), &known.path) {
                known.path = input.path;
            }
        }
    }
    inputs.files = files.into_values().collect();
    inputs.files.sort();
    inputs.empty.sort();
    Ok(inputs)
}

/// The sources in a folder; in a git repository, as `.gitignore` leaves them.
fn walk(folder: &Path) -> anyhow::Result<Vec<Input>> {
    let mut files = Vec::new();
    for entry in WalkBuilder::new(folder).build() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => bail!(error),
        };
        if entry.file_type().is_some_and(|kind| kind.is_file()) && is_source(entry.path()) {
            files.push(Input::new(entry.path(), true));
        }
    }
    Ok(files)
}

/// Whether a file of a folder is a source, and none that a build left.
fn is_source(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    (name.ends_with(".c") && !name.ends_with(".mod.c")) || name.ends_with(".rs")
}
