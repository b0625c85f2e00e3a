//! Source trees on disk: walking, reading, working on many files at a time.

use crate::random::Random;
use anyhow::{Context, Result};
use clap::Args;
use kloom_diag::Provider;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Headers above this size are register tables; nothing in them matters here.
const LARGEST_HEADER: u64 = 1 << 20;

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
                walk(path, &mut found)?;
            } else {
                found.push(path.clone());
            }
        }
        found.sort();
        found.dedup();
        if !self.having.is_empty() {
            let hits = map(&found, |path| Some(self.wants(&std::fs::read(path).ok()?)));
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
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let worker = || {
        let mut done = Vec::new();
        while let Some((at, item)) = claim(&next, items) {
            done.push((at, work(item)));
        }
        done
    };
    let mut results: Vec<(usize, R)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|handle| match handle.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

fn claim<'a, T>(next: &AtomicUsize, items: &'a [T]) -> Option<(usize, &'a T)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, items.get(at)?))
}

/// Headers and siblings straight from disk.
pub struct Disk;

impl Provider for Disk {
    fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        let meta = std::fs::metadata(path).ok()?;
        if !meta.is_file() || meta.len() > LARGEST_HEADER {
            return None;
        }
        std::fs::read(path).ok().map(Arc::from)
    }

    fn list(&self, dir: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(dir) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_keep_the_order_of_the_items() {
        let items: Vec<u32> = (0..500).collect();
        let doubled = super::map(&items, |n| n * 2);
        assert!(items.iter().zip(&doubled).all(|(n, d)| n * 2 == *d));
    }
}
