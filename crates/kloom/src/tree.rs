//! The kernel tree around a path.

use kloom_facts::Version;
use std::fs;
use std::path::{Path, PathBuf};

/// The release of the kernel tree that encloses a path, if one does.
pub fn enclosing(path: &Path) -> Option<Version> {
    let path: PathBuf = path.canonicalize().ok()?;
    path.ancestors().find_map(release)
}

/// The release that the Makefile at the top of a kernel tree states.
fn release(folder: &Path) -> Option<Version> {
    if !folder.join("Kconfig").is_file() || !folder.join("MAINTAINERS").is_file() {
        return None;
    }
    let makefile = fs::read(folder.join("Makefile")).ok()?;
    let makefile = String::from_utf8_lossy(&makefile);
    let number = |key: &str| {
        let line = makefile.lines().find(|line| line.starts_with(key))?;
        line.split_once('=')?.1.trim().parse().ok()
    };
    Some(Version {
        major: number("VERSION =")?,
        minor: number("PATCHLEVEL =")?,
    })
}
