//! Source trees on disk: walking, reading, working on many files at a time.

use crate::random::Random;
use anyhow::{Context, Result};
use clap::Args;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Which C files to look at.
#[derive(Args, Debug)]
pub struct Selection {
    /// Folders and files; folders are searched for `.c` files.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Only files that contain this text.
    #[arg(long, value_name = "TEXT")]
    pub having: Vec<String>,
    /// Only this many of the files, chosen by `--seed`.
    #[arg(long, value_name = "N")]
    pub files: Option<usize>,
    /// What chooses samples.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Selection {
    /// The files, sorted by path.
    pub fn resolve(&self) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for path in &self.paths {
            let meta = path
                .metadata()
                .with_context(|| format!("cannot look at {}", path.display()))?;
            if meta.is_dir() {
                found.extend(find(path)?);
            } else {
                found.push(path.clone());
            }
        }
        found.sort();
        found.dedup();
        if !self.having.is_empty() {
            let hits = map(&found, |path| Some(self.wants(&std::fs::read(path).ok()?)))?;
            let mut hits = hits.into_iter();
            found.retain(|_| hits.next().flatten() == Some(true));
        }
        if let Some(count) = self.files {
            found = Random::new(self.seed).sample(found, count);
        }
        anyhow::ensure!(!found.is_empty(), "no C files in what was named");
        Ok(found)
    }

    fn wants(&self, text: &[u8]) -> bool {
        self.having
            .iter()
            .any(|wanted| memchr::memmem::find(text, wanted.as_bytes()).is_some())
    }
}

/// The C files under a folder, in no particular order.
pub fn find(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    walk(dir, &mut found)?;
    Ok(found)
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    for entry in entries {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            walk(&path, found)?;
        } else if kind.is_file() && path.extension().is_some_and(|ext| ext == "c") {
            found.push(path);
        }
    }
    Ok(())
}

/// Applies `work` to every item on all cores; the results keep the items' order.
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Result<Vec<R>> {
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut results = Vec::with_capacity(items.len());
    let keep = |result| {
        results.push(result);
        io::Result::Ok(())
    };
    kloom::pool::in_order(items, cores, work, keep)?;
    Ok(results)
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_keep_the_order_of_the_items() {
        let items: Vec<u32> = (0..500).collect();
        let doubled = super::map(&items, |n| n * 2).unwrap();
        assert!(items.iter().zip(&doubled).all(|(n, d)| n * 2 == *d));
    }
}
