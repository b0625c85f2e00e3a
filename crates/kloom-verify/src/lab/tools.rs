//! The programs and libraries that a kernel, a module and a guest need, and how to install what is missing.

use super::config::Options;
use super::{Kernel, numbers};
use crate::process::ask;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Releases of LLVM that are looked for, the preferred one first.
const LLVM: [u32; 7] = [19, 20, 21, 18, 17, 16, 22];
/// The one that is suggested.
const SUGGESTED: u32 = 19;
/// The oldest Rust compiler that both kernels take.
const OLDEST_RUST: [u32; 2] = [1, 85];
/// Debian's packages of a Rust compiler, the sources of its library and the library: of its browsers' and of its own.
const RUST: [[&str; 3]; 2] = [
    ["rustc-web", "rust-web-src", "libstd-rust-web-dev"],
    ["rustc", "rust-src", "libstd-rust-dev"],
];

/// Programs with the packages that bring them.
const PROGRAMS: &[(&str, &str)] = &[
    ("make", "make"),
    ("gcc", "gcc"),
    ("flex", "flex"),
    ("bison", "bison"),
    ("bc", "bc"),
    ("perl", "perl"),
    ("xz", "xz-utils"),
    ("tar", "tar"),
];

/// Headers with the packages that bring them.
const HEADERS: &[(&str, &str)] = &[
    ("/usr/include/gelf.h", "libelf-dev"),
    ("/usr/include/openssl/opensslv.h", "libssl-dev"),
    ("/usr/include/stdio.h", "libc6-dev"),
];

/// What is not installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    packages: BTreeSet<String>,
    commands: BTreeSet<&'static str>,
}

impl Missing {
    fn package(&mut self, name: &str) {
        self.packages.extend(name.split(' ').map(str::to_owned));
    }

    /// Whether all is there.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.commands.is_empty()
    }

    /// The commands that install it.
    pub fn commands(&self) -> Vec<String> {
        let mut commands = Vec::new();
        if !self.packages.is_empty() {
            let names: Vec<&str> = self.packages.iter().map(String::as_str).collect();
            commands.push(format!(
                "apt-get install --no-install-recommends {}",
                names.join(" ")
            ));
        }
        commands.extend(self.commands.iter().map(|command| (*command).to_owned()));
        commands
    }
}

/// The compilers for a kernel.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// The release of LLVM.
    llvm: u32,
    rust: Option<Rust>,
}

#[derive(Clone, Debug)]
struct Rust {
    rustc: PathBuf,
    bindgen: PathBuf,
}

impl Toolchain {
    /// Finds what building a kernel needs, or says what is missing.
    pub fn find(rust: bool) -> Result<Toolchain, Missing> {
        let mut missing = Missing::default();
        for (program, package) in PROGRAMS {
            if find(program).is_none() {
                missing.package(package);
            }
        }
        for (header, package) in HEADERS {
            if !Path::new(header).exists() && multiarch(header).is_none() {
                missing.package(package);
            }
        }
        let llvm = LLVM.into_iter().find(|version| {
            ["clang", "ld.lld", "llvm-ar", "llvm-objcopy", "llvm-nm"]
                .iter()
                .all(|tool| find(&format!("{tool}-{version}")).is_some())
        });
        if llvm.is_none() {
            for package in ["clang", "lld", "llvm"] {
                missing.package(&format!("{package}-{SUGGESTED}"));
            }
        }
        let llvm = llvm.unwrap_or(SUGGESTED);
        let rust = rust.then(|| {
            if libclang(llvm).is_none() {
                missing.package(&format!("libclang-{llvm}-dev"));
            }
            let rustc = rustc();
            if rustc.is_none() {
                missing.package(&rust_packages());
            }
            let bindgen = bindgen();
            if bindgen.is_none() {
                missing
                    .commands
                    .insert("cargo install bindgen-cli --locked");
            }
            Rust {
                rustc: rustc.unwrap_or_default(),
                bindgen: bindgen.unwrap_or_default(),
            }
        });
        if missing.is_empty() {
            Ok(Toolchain { llvm, rust })
        } else {
            Err(missing)
        }
    }

    /// A call of `make` with these compilers.
    pub fn make(&self) -> Command {
        let mut make = Command::new("make");
        make.arg(format!("LLVM=-{}", self.llvm));
        if let Some(rust) = &self.rust {
            make.arg(format!("RUSTC={}", rust.rustc.display()));
            make.arg(format!("BINDGEN={}", rust.bindgen.display()));
            if let Some(library) = libclang(self.llvm) {
                make.env("LIBCLANG_PATH", library);
            }
        }
        clean(&mut make);
        make
    }

    /// What the kernel depends on of it, in words.
    pub fn describe(&self) -> String {
        let mut text = format!("LLVM {}", self.llvm);
        if let Some(rust) = &self.rust {
            let version = ask(Command::new(&rust.rustc).arg("--version")).unwrap_or_default();
            text.push_str(", ");
            text.push_str(version.trim());
        }
        text
    }
}

/// Takes what would change a build out of a command's environment.
pub fn clean(make: &mut Command) {
    for name in [
        "MAKEFLAGS",
        "MAKELEVEL",
        "ARCH",
        "CROSS_COMPILE",
        "KBUILD_OUTPUT",
        "KCFLAGS",
        "CC",
        "LLVM",
    ] {
        make.env_remove(name);
    }
    make.env("LC_ALL", "C");
}

/// The Rust compiler that a kernel was configured with.
pub(super) fn rustc_of(options: &Options) -> Option<PathBuf> {
    let wanted = options.rustc()?;
    rustcs().into_iter().find(|rustc| {
        let version = ask(Command::new(rustc).arg("--version"));
        version.is_some_and(|version| version.trim() == wanted)
    })
}

/// A call of `make` that builds the modules of a folder for a kernel.
pub fn make_modules(kernel: &Kernel, folder: &Path, sandbox: bool) -> io::Result<Command> {
    let mut make = Command::new("make");
    make.arg("-C")
        .arg(&kernel.tree)
        .arg(format!("M={}", folder.display()));
    // What belongs to one target stays together.
    make.args(["-j2", "--output-sync=target"]);
    if let Some(llvm) = &kernel.llvm {
        make.arg(format!("LLVM={llvm}"));
    }
    if let Some(rustc) = &kernel.rustc {
        // The compiler itself: rustup's stand-in asks the user's settings which one to be.
        let itself = sysroot(rustc).map(|root| root.join("bin/rustc"));
        let itself = itself.filter(|path| path.is_file());
        let rustc = itself.as_deref().unwrap_or(rustc);
        make.arg(format!("RUSTC={}", rustc.display()));
    }
    clean(&mut make);
    if !sandbox {
        return Ok(make);
    }
    if find("bwrap").is_none() {
        return Err(io::Error::other(
            "there is no bwrap for --sandbox: apt-get install --no-install-recommends bubblewrap",
        ));
    }
    Ok(sandboxed(&make, kernel, folder))
}

/// Whether the semantic checker is there.
pub fn has_sparse() -> bool {
    find("sparse").is_some()
}

/// Puts a command into a sandbox: it sees the system's programs and the kernel, can write to one folder, and has neither
/// a network nor what the user has in files and environment.
fn sandboxed(command: &Command, kernel: &Kernel, folder: &Path) -> Command {
    let mut bwrap = Command::new("bwrap");
    bwrap.args(["--unshare-all", "--die-with-parent", "--new-session"]);
    bwrap.args(["--cap-drop", "ALL", "--clearenv"]);
    bwrap.args(["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]);
    bwrap.args(["--ro-bind", "/usr", "/usr"]);
    for name in ["/bin", "/sbin", "/lib", "/lib64"] {
        match fs::read_link(name) {
            Ok(target) => bwrap.arg("--symlink").arg(target).arg(name),
            Err(_) => bwrap.args(["--ro-bind-try", name, name]),
        };
    }
    // What names in /usr/bin are links into, and where libraries are.
    for name in ["/etc/alternatives", "/etc/ld.so.cache"] {
        bwrap.args(["--ro-bind-try", name, name]);
    }
    let source = kernel.tree.join("source");
    let rustc = kernel.rustc.as_deref().and_then(sysroot);
    let linked = fs::read_link(&source).ok();
    let read = [
        Some(kernel.tree.clone()),
        linked,
        source.canonicalize().ok(),
        rustc,
    ];
    let read: BTreeSet<PathBuf> = read.into_iter().flatten().collect();
    for read in read.iter().filter(|path| path.is_absolute()) {
        bwrap.arg("--ro-bind").arg(read).arg(read);
    }
    bwrap.arg("--bind").arg(folder).arg(folder);
    bwrap.arg("--chdir").arg(folder);
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    bwrap.args(["--setenv", "PATH", path, "--setenv", "HOME", "/tmp"]);
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            bwrap.arg("--setenv").arg(name).arg(value);
        }
    }
    bwrap.arg(command.get_program()).args(command.get_args());
    bwrap
}

/// What a run of a module needs beside a kernel.
pub fn missing_for_verify() -> Missing {
    let mut missing = Missing::default();
    if find("make").is_none() {
        missing.package("make");
    }
    if find("qemu-system-x86_64").is_none() {
        missing.package("qemu-system-x86");
    }
    if busybox().is_none() {
        missing.package("busybox-static");
    }
    missing
}

/// A busybox that needs no libraries.
pub fn busybox() -> Option<PathBuf> {
    let candidates = find("busybox").into_iter().chain(["/bin/busybox".into()]);
    candidates.into_iter().find(|path| {
        let Ok(file) = fs::read(path) else {
            return false;
        };
        use object::read::elf::{FileHeader, ProgramHeader};
        let Ok(header) = object::elf::FileHeader64::<object::Endianness>::parse(&*file) else {
            return false;
        };
        let Ok(endian) = header.endian() else {
            return false;
        };
        let segments = header.program_headers(endian, &*file).unwrap_or_default();
        segments
            .iter()
            .all(|segment| segment.p_type(endian) != object::elf::PT_INTERP)
    })
}

/// A program on the path.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let candidates = env::split_paths(&path).map(|folder| folder.join(program));
    candidates
        .chain([Path::new("/usr/sbin").join(program)])
        .find(|candidate| candidate.is_file())
}

fn multiarch(header: &str) -> Option<PathBuf> {
    let name = header.strip_prefix("/usr/include/")?;
    let path = Path::new("/usr/include/x86_64-linux-gnu").join(name);
    path.exists().then_some(path)
}

fn libclang(version: u32) -> Option<PathBuf> {
    let folder = PathBuf::from(format!("/usr/lib/llvm-{version}/lib"));
    let is_library = |name: &str| name.starts_with("libclang") && name.contains(".so");
    let entries = fs::read_dir(&folder).ok()?;
    let mut names = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    names.any(|name| is_library(&name)).then_some(folder)
}

/// Rust compilers, the system's before one that follows a release every six weeks.
fn rustcs() -> Vec<PathBuf> {
    let set = env::var_os("RUSTC").map(PathBuf::from);
    let system = Some(PathBuf::from("/usr/bin/rustc")).filter(|path| path.is_file());
    [set, system, find("rustc")].into_iter().flatten().collect()
}

/// The first Rust compiler that is new enough and has the sources of its library.
fn rustc() -> Option<PathBuf> {
    rustcs().into_iter().find(|rustc| {
        let version = ask(Command::new(rustc).arg("--version")).unwrap_or_default();
        let version = numbers(version.split(' ').nth(1).unwrap_or_default());
        let library = "lib/rustlib/src/rust/library/core/src/lib.rs";
        version[..] >= OLDEST_RUST[..]
            && sysroot(rustc).is_some_and(|root| root.join(library).is_file())
    })
}

/// Where a Rust compiler has its library.
fn sysroot(rustc: &Path) -> Option<PathBuf> {
    let root = ask(Command::new(rustc).args(["--print", "sysroot"]))?;
    Some(PathBuf::from(root.trim()))
}

/// The packages with a Rust compiler that kernels take, of a version that there is: older ones leave the archive.
fn rust_packages() -> String {
    let mut packages = RUST.iter();
    let found = packages.find_map(|names| {
        let known = ask(Command::new("apt-cache").args(["madison", names[0]]))?;
        let version = oldest_that_will_do(&known)?;
        Some(names.map(|name| format!("{name}={version}")).join(" "))
    });
    found.unwrap_or_else(|| RUST[1].join(" "))
}

/// Of the versions that `apt-cache madison` lists, the one nearest to what kernels were written for.
fn oldest_that_will_do(known: &str) -> Option<&str> {
    let versions = known.lines().filter_map(|line| line.split('|').nth(1));
    versions
        .map(str::trim)
        .filter(|version| numbers(version)[..] >= OLDEST_RUST[..])
        .min_by_key(|version| numbers(version))
}

fn bindgen() -> Option<PathBuf> {
    let set = env::var_os("BINDGEN").map(PathBuf::from);
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo/bin/bindgen"));
    let home = home.filter(|path| path.is_file());
    set.or_else(|| find("bindgen")).or(home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_a_version_that_there_is_are_named() {
        let known = " rustc-web | 1.96.0+dfsg1-1~deb12u2 | http://a bookworm-security/main amd64 Packages\n \
            rustc-web | 1.85.0+dfsg3-1~deb12u3 | http://a bookworm/main amd64 Packages\n \
            rustc-web | 1.78.0+dfsg1-2~deb12u3 | http://a bookworm/main amd64 Packages\n";
        assert_eq!(oldest_that_will_do(known), Some("1.85.0+dfsg3-1~deb12u3"));
        let newer = known.lines().next().unwrap();
        assert_eq!(oldest_that_will_do(newer), Some("1.96.0+dfsg1-1~deb12u2"));
        assert_eq!(oldest_that_will_do(known.lines().nth(2).unwrap()), None);
    }

    #[test]
    fn a_sandbox_shows_neither_files_nor_environment() {
        let kernel = Kernel {
            tree: "/kernel".into(),
            release: "6.12.1".into(),
            rust: false,
            llvm: None,
            rustc: None,
            image: "/kernel/vmlinux".into(),
        };
        let mut make = Command::new("make");
        make.env("LC_ALL", "C").env_remove("CC").arg("modules");
        let bwrap = sandboxed(&make, &kernel, Path::new("/tmp/copy"));
        let args: Vec<&str> = bwrap.get_args().filter_map(|arg| arg.to_str()).collect();
        let text = args.join(" ");
        assert!(text.contains("--clearenv") && text.contains("--setenv LC_ALL C"));
        assert!(text.contains("--bind /tmp/copy /tmp/copy") && text.ends_with(" make modules"));
        assert!(text.contains("--ro-bind /kernel /kernel"));
        let shown = args.windows(2).filter(|pair| pair[0] == "--ro-bind");
        assert!(
            shown
                .into_iter()
                .all(|pair| pair[1] != "/" && pair[1] != "/home")
        );
        assert_eq!(bwrap.get_envs().count(), 0);
    }
}
