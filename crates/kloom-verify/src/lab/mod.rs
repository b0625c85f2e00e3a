//! The laboratory: a folder with kernel sources and the debug kernels built from them.
//!
//! ```text
//! LAB/sources/7.3/            unpacked sources
//! LAB/6.12-rust/              a build tree, .log beside it
//! LAB/6.12-rust.json          what it was built from, written when it is complete
//! ```

mod build;
mod config;
mod source;
mod tools;

pub use build::{Built, Event, Plan};
pub use config::{Flavour, Options};
pub use tools::{Missing, Toolchain, busybox, has_sparse, make_modules, missing_for_verify};

use crate::process::{self, Limits, Next};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A folder of debug kernels.
#[derive(Clone, Debug)]
pub struct Lab {
    root: PathBuf,
}

/// What a complete kernel was built from, and what that took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamp {
    /// The release, such as `6.12.117`.
    pub release: String,
    /// The sources.
    pub source: PathBuf,
    /// The options that were asked for, and the programs it was built with.
    pub asked: String,
    /// Lines that `make` printed: the measure of progress next time.
    pub steps: usize,
    /// Seconds that the last call of `make` took.
    pub seconds: u64,
}

/// A kernel that modules can be built for and that can be booted.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The build tree.
    pub tree: PathBuf,
    /// The release, such as `6.12.117`.
    pub release: String,
    /// Whether modules in Rust can be built for it.
    pub rust: bool,
    /// The argument that names its compiler to `make`, if it is not gcc.
    pub llvm: Option<String>,
    /// The Rust compiler that its configuration names, if it is there.
    pub rustc: Option<PathBuf>,
    /// What is booted.
    pub image: PathBuf,
}

impl Lab {
    /// The laboratory in a folder; without one, in the user's cache.
    pub fn at(folder: Option<&Path>) -> io::Result<Lab> {
        let root = match folder {
            Some(folder) => std::path::absolute(folder)?,
            None => cache()?.join("kloom/lab"),
        };
        Ok(Lab { root })
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The build tree of a flavour.
    pub fn tree(&self, version: &str, flavour: Flavour) -> PathBuf {
        self.root.join(format!("{version}{}", flavour.suffix()))
    }

    fn stamp_path(tree: &Path) -> PathBuf {
        tree.beside("json")
    }

    /// What a complete tree was built from.
    pub fn stamp(tree: &Path) -> Option<Stamp> {
        let text = fs::read(Lab::stamp_path(tree)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// The build trees with what is known of them, sorted by name.
    pub fn trees(&self) -> io::Result<Vec<(PathBuf, Option<Stamp>)>> {
        let mut trees = Vec::new();
        match fs::read_dir(&self.root) {
            Ok(entries) => {
                for entry in entries {
                    let path = entry?.path();
                    if path.join(".config").is_file() {
                        let stamp = Lab::stamp(&path);
                        trees.push((path, stamp));
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        trees.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(trees)
    }

    /// The complete kernel of a version (`6.12`, or `7.x` for the newest 7) and flavour; one with Rust will do for C.
    pub fn kernel(&self, version: &str, races: bool) -> io::Result<Option<Kernel>> {
        let mut found: Vec<(Vec<u32>, bool, Kernel)> = Vec::new();
        for (tree, stamp) in self.trees()? {
            let (Some(stamp), Some(name)) = (stamp, tree.file_name()) else {
                continue;
            };
            let name = name.to_string_lossy();
            let (of, flavour) = Flavour::of_name(&name);
            if is_version(of, version) && flavour.races == races {
                let kernel = Kernel::in_tree(&tree)?;
                found.push((numbers(&stamp.release), flavour.rust, kernel));
            }
        }
        found.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        Ok(found.pop().map(|(_, _, kernel)| kernel))
    }

    /// Removes the build trees of a version, or all of them, and the sources if asked. Only what has a
    /// stamp or log beside it was built here.
    pub fn clean(&self, version: Option<&str>, sources: bool) -> io::Result<Vec<PathBuf>> {
        let mut gone = Vec::new();
        for (tree, stamp) in self.trees()? {
            if stamp.is_none() && !tree.beside("log").is_file() {
                continue;
            }
            let name = tree
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if version.is_none_or(|version| is_version(Flavour::of_name(&name).0, version)) {
                fs::remove_dir_all(&tree)?;
                for extension in ["json", "log"] {
                    let beside = tree.beside(extension);
                    if beside.exists() {
                        fs::remove_file(beside)?;
                    }
                }
                gone.push(tree);
            }
        }
        let unpacked = self.root.join("sources");
        if sources && unpacked.exists() {
            fs::remove_dir_all(&unpacked)?;
            gone.push(unpacked);
        }
        Ok(gone)
    }
}

/// Whether a version is the one asked for: `6.12`, or any 7 for `7.x`.
fn is_version(of: &str, asked: &str) -> bool {
    match asked.strip_suffix('x') {
        Some(prefix) => of.starts_with(prefix),
        None => of == asked,
    }
}

impl Kernel {
    /// The kernel of any build tree.
    pub fn in_tree(tree: &Path) -> io::Result<Kernel> {
        let tree = std::path::absolute(tree)?;
        let config = fs::read_to_string(tree.join(".config"))
            .map_err(|error| named(error, &tree.join(".config")))?;
        let options = Options::parse(&config);
        let release = fs::read_to_string(tree.join("include/config/kernel.release"))
            .map_err(|error| named(error, &tree.join("include/config/kernel.release")))?;
        Ok(Kernel {
            release: release.trim().to_owned(),
            rust: options.is_on("CONFIG_RUST"),
            llvm: options.llvm(),
            rustc: tools::rustc_of(&options),
            image: image(&tree, &options),
            tree,
        })
    }

    /// The version that sources are named after: `6.12`.
    pub fn version(&self) -> String {
        let parts: Vec<&str> = self.release.split(['.', '-']).take(2).collect();
        parts.join(".")
    }
}

/// The kernel of a build tree: as it is if it can be booted so, or else packed.
fn image(tree: &Path, options: &Options) -> PathBuf {
    tree.join(match options.is_on("CONFIG_PVH") {
        true => "vmlinux",
        false => "arch/x86/boot/bzImage",
    })
}

/// Bytes that a folder takes on disk, as `du` counts.
pub fn size(folder: &Path) -> Option<u64> {
    let text = process::ask(Command::new("du").arg("-s").arg("-k").arg(folder))?;
    let kib: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// The user's cache folder.
fn cache() -> io::Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(cache) = set("XDG_CACHE_HOME") {
        return Ok(cache.into());
    }
    match set("HOME") {
        Some(home) => Ok(PathBuf::from(home).join(".cache")),
        None => Err(io::Error::other(
            "neither XDG_CACHE_HOME nor HOME is set; use --lab",
        )),
    }
}

/// An error with the path that it is about.
fn named(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Runs a step to its end and puts what it says at the end of a log.
fn logged(command: &mut Command, log: &mut fs::File, mut line: impl FnMut()) -> io::Result<bool> {
    use std::io::Write as _;
    let limits = Limits {
        time: Duration::from_secs(24 * 3600),
        bytes: 1 << 30,
        silence: Duration::MAX,
    };
    let mut failed = None;
    let end = process::run(command, limits, |piece| {
        failed = failed.take().or_else(|| log.write_all(piece).err());
        for _ in piece.iter().filter(|byte| **byte == b'\n') {
            line();
        }
        Next::Continue
    })?;
    match failed {
        Some(error) => Err(error),
        None => Ok(end.is_success()),
    }
}

/// The numbers of a version, to compare by.
fn numbers(version: &str) -> Vec<u32> {
    version
        .split(['.', '-'])
        .map_while(|part| part.parse().ok())
        .collect()
}

/// `6.12-rust` has a dot that is no extension.
trait Beside {
    fn beside(&self, extension: &str) -> PathBuf;
}

impl Beside for Path {
    fn beside(&self, extension: &str) -> PathBuf {
        let mut name = self.as_os_str().to_owned();
        name.push(".");
        name.push(extension);
        name.into()
    }
}
