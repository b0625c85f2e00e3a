//! Builds a copy of a module's folder against a kernel.

use crate::lab::{self, Kernel};
use crate::messages::{self, Message};
use crate::process::{self, End, Limits, Next};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Larger folders are not copied.
const MOST_BYTES: u64 = 64 << 20;
/// Nor are folders of more files.
const MOST_FILES: usize = 10_000;
/// Most modules of one folder, and their bytes together.
const MOST_MODULES: usize = 32;
const MOST_OF_MODULES: u64 = 64 << 20;
/// The build may take so long and say so much.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(300),
    bytes: 4 << 20,
    silence: Duration::MAX,
};
/// Debug information for the module alone; less optimising, or the compiler removes accesses together with their bug; and no calls
/// that take the caller's frame away, or the module is missing in stacks.
const C_FLAGS: &str = "KCFLAGS=-g -O1 -fno-optimize-sibling-calls";
const RUST_FLAGS: &str = "KRUSTFLAGS=-Cdebuginfo=1";

/// A folder that was built.
#[derive(Debug)]
pub struct Built {
    /// The copy; it is gone when this is.
    scratch: TempDir,
    /// What the build said.
    pub messages: Vec<Message>,
    /// The last lines it said, if it failed.
    pub failure: Option<String>,
    /// The modules, by name.
    pub modules: Vec<Module>,
}

/// A module that was built.
#[derive(Clone, Debug)]
pub struct Module {
    /// The file's name without `.ko`.
    pub file_name: String,
    /// As the kernel has it.
    pub name: String,
    /// The object.
    pub object: Vec<u8>,
    /// Names of modules of the same folder that it needs.
    needs: Vec<String>,
}

impl Built {
    /// The folder it was built in.
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// A module with those of the same folder that it needs, each behind what it needs itself.
    pub fn with_needs(&self, module: &Module) -> Vec<Module> {
        let mut order: Vec<&Module> = Vec::new();
        let mut entered = vec![module.name.as_str()];
        // Each with those that it needs and that were not looked at yet.
        let mut open = vec![(module, module.needs.iter())];
        while let Some((module, needs)) = open.last_mut() {
            let found = needs.find_map(|need| {
                let new = !entered.contains(&need.as_str());
                self.modules.iter().find(|m| new && m.name == *need)
            });
            match found {
                Some(needed) => {
                    entered.push(&needed.name);
                    open.push((needed, needed.needs.iter()));
                }
                None => {
                    order.push(module);
                    open.pop();
                }
            }
        }
        order.into_iter().cloned().collect()
    }
}

/// Copies a folder and builds its modules.
pub fn build(folder: &Path, kernel: &Kernel, sandbox: bool) -> io::Result<Built> {
    let scratch = tempfile::Builder::new().prefix("kloom-").tempdir()?;
    // Paths that the compiler resolves must begin with what is taken off them.
    let inside = scratch.path().canonicalize()?;
    Copy::default().folder(folder, &inside)?;
    let mut make = lab::make_modules(kernel, &inside, sandbox)?;
    make.args(["W=1", C_FLAGS, RUST_FLAGS, "modules"]);
    if lab::has_sparse() {
        make.arg("C=1");
    }
    // What the folder's Makefile starts ends with it.
    make.process_group(0);
    let mut output = Vec::new();
    let end = process::run(&mut make, LIMITS, |piece| {
        output.extend_from_slice(piece);
        Next::Continue
    })?;
    let output = String::from_utf8_lossy(&output).into_owned();
    let failure = match end {
        _ if end.is_success() => None,
        End::OutOfTime => Some("the build took too long".to_owned()),
        End::TooMuchOutput => Some("the build says too much".to_owned()),
        _ if !kernel.rust && has_rust(&inside) => {
            let words = last_words(&output);
            Some(format!(
                "{words}; this kernel has no Rust, see kloom lab build --rust"
            ))
        }
        _ => Some(last_words(&output)),
    };
    let mut built = Built {
        messages: messages::read(&output),
        modules: Vec::new(),
        failure,
        scratch,
    };
    if built.failure.is_none() {
        built.modules = modules(&inside)?;
    }
    Ok(built)
}

/// Whether there are sources in Rust at the top of a folder.
fn has_rust(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths = entries.map(|entry| entry.path());
    paths.any(|path| path.extension().is_some_and(|extension| extension == "rs"))
}

/// The line that says most about why a build failed.
fn last_words(output: &str) -> String {
    let lines = output
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    // `make: *** No rule …` or `Kbuild:3: *** said by $(error)`, and not `make: *** [m.o] Error 1`.
    let telling = |line: &&str| line.contains("*** ") && !line.contains("] Error ");
    let found = lines
        .clone()
        .find(telling)
        .or_else(|| lines.clone().next_back());
    found.unwrap_or("the build said nothing").to_owned()
}

/// The modules in a folder and below.
fn modules(folder: &Path) -> io::Result<Vec<Module>> {
    let mut found = Vec::new();
    let mut size = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "ko")
            {
                let file_name = path.file_stem().unwrap_or_default().to_string_lossy();
                // The guest's script takes names apart at blanks.
                let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
                size += entry.metadata()?.len();
                if !file_name.chars().all(harmless) {
                    return Err(io::Error::other(
                        "a module's name has other signs than a-z, 0-9, _ and -",
                    ));
                }
                if size > MOST_OF_MODULES || found.len() == MOST_MODULES {
                    return Err(io::Error::other(
                        "the folder builds more than 32 modules or 64 MiB of them",
                    ));
                }
                let object = fs::read(&path)?;
                found.push(Module {
                    name: file_name.replace('-', "_"),
                    file_name: file_name.into_owned(),
                    needs: needs(&object),
                    object,
                });
            }
        }
    }
    found.sort_by(|a, b| a.file_name.cmp(&b.file_name));
    Ok(found)
}

/// What a module says it needs.
fn needs(file: &[u8]) -> Vec<String> {
    use object::{Object, ObjectSection};
    let Ok(object) = object::File::parse(file) else {
        return Vec::new();
    };
    let info = object.section_by_name(".modinfo");
    let data = info
        .and_then(|section| section.data().ok())
        .unwrap_or_default();
    let mut fields = data.split(|byte| *byte == 0);
    let depends = fields.find_map(|field| field.strip_prefix(b"depends="));
    let depends = String::from_utf8_lossy(depends.unwrap_or_default());
    depends
        .split(',')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Copies what a module could be built from.
#[derive(Debug, Default)]
struct Copy {
    bytes: u64,
    files: usize,
}

impl Copy {
    fn folder(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let mut folders: Vec<(PathBuf, PathBuf)> = vec![(from.to_owned(), to.to_owned())];
        while let Some((from, to)) = folders.pop() {
            for entry in fs::read_dir(&from)? {
                let entry = entry?;
                let (path, target) = (entry.path(), to.join(entry.file_name()));
                // Links to files are followed; those to folders could go in a circle.
                let Ok(kind) = fs::metadata(&path) else {
                    continue;
                };
                let is_folder = entry.file_type()?.is_dir();
                if is_folder && entry.file_name() != ".git" {
                    fs::create_dir(&target)?;
                    folders.push((path, target));
                } else if kind.is_file() && is_source(&path) {
                    self.count(kind.len(), &from)?;
                    fs::copy(&path, &target)?;
                }
                if is_folder {
                    self.count(0, &from)?;
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, bytes: u64, folder: &Path) -> io::Result<()> {
        self.bytes += bytes;
        self.files += 1;
        if self.bytes > MOST_BYTES || self.files > MOST_FILES {
            return Err(io::Error::other(format!(
                "{}: too large to be one module's folder",
                folder.display()
            )));
        }
        Ok(())
    }
}

/// Whether a file is none that a build for another kernel left.
fn is_source(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let left = [".o", ".ko", ".mod", ".mod.c", ".cmd", ".order", ".symvers"];
    // Objects that came with a module have `_shipped` behind their names.
    !left.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_leaves_out_what_builds_left() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in [
            "a.c",
            "Makefile",
            "a.ko",
            "a.mod.c",
            ".a.o.cmd",
            "blob.o_shipped",
        ] {
            fs::write(from.path().join(name), "x").unwrap();
        }
        fs::create_dir(from.path().join("sub")).unwrap();
        fs::write(from.path().join("sub/b.h"), "x").unwrap();
        std::os::unix::fs::symlink("..", from.path().join("sub/up")).unwrap();
        Copy::default().folder(from.path(), to.path()).unwrap();
        let mut names: Vec<_> = fs::read_dir(to.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["Makefile", "a.c", "blob.o_shipped", "sub"]);
        assert!(
            !to.path().join("sub/up").exists(),
            "links could go in a circle"
        );
    }

    #[test]
    fn the_line_that_says_why_is_found() {
        let output = "  CC x\nmake[1]: *** No rule to make target 'y.o'.  Stop.\nmake: *** [Makefile:1: all] Error 2\n";
        assert!(last_words(output).contains("No rule"));
        let output =
            "/m/Kbuild:3: *** not for this kernel.  Stop.\nmake: *** [Makefile:1: all] Error 2\n";
        assert!(last_words(output).contains("not for this kernel"));
    }
}
