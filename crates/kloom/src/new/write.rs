//! Writing files so that each is the old or the new one, whenever it is cut short.

use anyhow::Context as _;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// What the file beside a file is called while it is written.
const UNFINISHED: &str = ".kloom-new";

/// A file to write.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// Its path in the folder.
    pub path: &'a str,
    /// What is in it.
    pub text: &'a str,
}

/// Writes the files into the folder: first all of them beside their places, then each is moved to its own.
///
/// What an earlier run left unfinished is removed, and so is what this one does when it fails.
pub fn write(folder: &Path, files: &[Write<'_>]) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    sweep(folder)?;
    let done = write_all(folder, files);
    if done.is_err() {
        // The first error is the one to tell.
        let _ = sweep(folder);
    }
    done
}

fn write_all(folder: &Path, files: &[Write<'_>]) -> anyhow::Result<()> {
    for file in files {
        let path = beside(folder, file.path);
        fill(&path, file.text).with_context(|| path.display().to_string())?;
    }
    for file in files {
        let path = folder.join(file.path);
        fs::rename(beside(folder, file.path), &path).with_context(|| path.display().to_string())?;
    }
    // The names are on disk when the folder is.
    File::open(folder)?.sync_all()?;
    Ok(())
}

fn beside(folder: &Path, path: &str) -> PathBuf {
    folder.join(format!("{path}{UNFINISHED}"))
}

fn fill(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn sweep(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(UNFINISHED) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| path.display().to_string());
                }
                _ => {}
            }
        }
    }
    Ok(())
}
