//! Where a kernel's sources come from: a tree that is there, or Debian's `linux-source-*` packages.

use super::{Lab, numbers, tools};
use crate::process::ask;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian keeps newer kernels for its stable release.
const BACKPORTS: &str =
    "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: trixie-backports\nComponents: main\n";
const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The unpacked sources of a version, fetched if they are not there. `7.x` is the newest 7 that there is.
pub fn unpacked(
    lab: &Lab,
    version: &str,
    say: &mut dyn FnMut(&str),
) -> io::Result<(String, PathBuf)> {
    let sources = lab.root().join("sources");
    fs::create_dir_all(&sources)?;
    let wanted = match version.strip_suffix(".x") {
        None => version.to_owned(),
        // What is there is taken; a newer one is a matter of asking for it by name.
        Some(major) => match newest_below(&sources, major)? {
            Some(version) => version,
            None => {
                say("looking for the newest sources");
                Archive::backports(lab)?.newest(major)?
            }
        },
    };
    let tree = sources.join(&wanted);
    if tree.join("MAINTAINERS").is_file() {
        return Ok((wanted, tree));
    }
    let name = format!("linux-source-{wanted}");
    let work = sources.join(format!("{wanted}.part"));
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(&work)?;
    let mut archive = PathBuf::from(format!("/usr/src/{name}.tar.xz"));
    if !archive.is_file() {
        say(&format!("fetching {name}"));
        Archive::system()
            .download(&name, &work)
            .or_else(|_| Archive::backports(lab)?.download(&name, &work))?;
        archive = work.join(format!("usr/src/{name}.tar.xz"));
    }
    say(&format!("unpacking {name}"));
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(&work).arg("-xJf").arg(&archive);
    succeed(&mut tar)?;
    fs::rename(work.join(&name), &tree)?;
    fs::remove_dir_all(&work)?;
    Ok((wanted, tree))
}

/// The release that a source tree's Makefile states: `6.12.117`.
pub fn release(tree: &Path) -> io::Result<String> {
    let path = tree.join("Makefile");
    let text = fs::read_to_string(&path).map_err(|error| super::named(error, &path))?;
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim_start().strip_prefix('=')?.trim().to_owned())
    };
    let parts = [value("VERSION"), value("PATCHLEVEL"), value("SUBLEVEL")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.len() {
        3 => Ok(parts.join(".")),
        _ => Err(io::Error::other(format!(
            "{} is no kernel's Makefile",
            path.display()
        ))),
    }
}

fn newest_below(sources: &Path, major: &str) -> io::Result<Option<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(sources)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let of_major = name.split('.').next() == Some(major);
        if of_major && sources.join(&name).join("MAINTAINERS").is_file() {
            found.push(name);
        }
    }
    Ok(found.into_iter().max_by_key(|name| numbers(name)))
}

/// A set of packages that apt knows of.
struct Archive {
    options: Vec<String>,
}

impl Archive {
    /// What the system is set up with.
    fn system() -> Archive {
        Archive {
            options: Vec::new(),
        }
    }

    /// The backports, with apt's state in the laboratory, so that the system's is left alone.
    fn backports(lab: &Lab) -> io::Result<Archive> {
        let state = lab.root().join("apt");
        for folder in ["lists/partial", "archives/partial", "parts"] {
            fs::create_dir_all(state.join(folder))?;
        }
        let sources = state.join("backports.sources");
        fs::write(&sources, format!("{BACKPORTS}Signed-By: {KEYS}\n"))?;
        let options = [
            format!("Dir::Etc::sourcelist={}", sources.display()),
            format!("Dir::Etc::sourceparts={}", state.join("parts").display()),
            format!("Dir::State::lists={}", state.join("lists").display()),
            format!("Dir::Cache={}", state.display()),
            "APT::Sandbox::User=root".to_owned(),
            "Acquire::Languages=none".to_owned(),
        ];
        let archive = Archive {
            options: options.to_vec(),
        };
        succeed(archive.command("apt-get").args(["-qq", "update"]))?;
        Ok(archive)
    }

    /// The newest version of a major release.
    fn newest(&self, major: &str) -> io::Result<String> {
        let pattern = format!("^linux-source-{major}\\.[0-9]+$");
        let found = ask(self
            .command("apt-cache")
            .args(["search", "--names-only", &pattern]));
        let found = found.unwrap_or_default();
        let versions = found
            .lines()
            .filter_map(|line| line.split(' ').next()?.strip_prefix("linux-source-"));
        let newest = versions.max_by_key(|version| numbers(version));
        newest.map(str::to_owned).ok_or_else(|| {
            io::Error::other(format!(
                "no package linux-source-{major}.*; use --source TREE"
            ))
        })
    }

    /// Fetches a package and unpacks it into a folder.
    fn download(&self, name: &str, into: &Path) -> io::Result<()> {
        if tools::find("apt-get").is_none() || tools::find("dpkg").is_none() {
            return Err(io::Error::other(format!(
                "there is no apt-get to fetch {name} with; use --source TREE"
            )));
        }
        let mut get = self.command("apt-get");
        succeed(get.args(["-qq", "download", name]).current_dir(into))?;
        for entry in fs::read_dir(into)? {
            let package = entry?.path();
            if package
                .extension()
                .is_some_and(|extension| extension == "deb")
            {
                succeed(Command::new("dpkg").arg("-x").arg(&package).arg(into))?;
                fs::remove_file(&package)?;
            }
        }
        Ok(())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for option in &self.options {
            command.arg("-o").arg(option);
        }
        command
    }
}

/// Runs a step that says something only if it fails.
fn succeed(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or("it said nothing");
    let program = command.get_program().to_string_lossy().into_owned();
    Err(io::Error::other(format!("{program} failed: {last}")))
}
