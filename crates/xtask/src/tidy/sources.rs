//! Conventions that can be seen in the project's own files.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Past this many lines, tests aside, a file has more than one idea.
const LONGEST: usize = 600;

/// Crates that may touch files, processes, clocks and the environment.
const EDGES: &[&str] = &["kloom", "kloom-verify", "xtask"];

/// What touches the machine.
const MACHINE: &[&str] = &[
    "std::fs",
    "std::process",
    "std::env::",
    "std::time",
    "std::net",
];

/// What must not stay in a finished file; written in halves, as this file is checked too.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("d", "bg!("),
    concat!("#[ig", "nore"),
    concat!("#[should_", "panic"),
    concat!("/wo", "rk/"),
];

/// Crates that use one below them in ARCHITECTURE.md's list.
pub fn crate_order(root: &Path) -> Result<Vec<String>> {
    let page = std::fs::read_to_string(root.join("ARCHITECTURE.md"))?;
    let order: Vec<&str> = page
        .lines()
        .skip_while(|line| *line != "## Crates")
        .filter_map(|line| line.strip_prefix("- `")?.split_once('`'))
        .map(|(name, _)| name)
        .take_while(|name| !name.contains('.'))
        .collect();
    let mut broken = Vec::new();
    for dir in crates(root)? {
        let name = file_name(&dir);
        let Some(place) = order.iter().position(|listed| *listed == name) else {
            broken.push(format!("{name} is not in ARCHITECTURE.md"));
            continue;
        };
        for used in dependencies(&std::fs::read_to_string(dir.join("Cargo.toml"))?) {
            let below = order.iter().position(|listed| *listed == used) >= Some(place);
            if below && used.starts_with("kloom") {
                broken.push(format!("{name} uses {used}"));
            }
        }
    }
    Ok(broken)
}

/// The names under `[dependencies]` and `[build-dependencies]` of a manifest.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut counts = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            counts = matches!(line, "[dependencies]" | "[build-dependencies]");
        } else if let Some((name, _)) = line.split_once(['.', ' ', '=']).filter(|_| counts) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Libraries that touch the machine by themselves.
pub fn machine(root: &Path) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for dir in crates(root)? {
        if EDGES.contains(&file_name(&dir).as_str()) {
            continue;
        }
        for file in rust_files(&dir.join("src"))? {
            let text = std::fs::read_to_string(&file)?;
            report(&file, code(&text), MACHINE, &mut broken);
        }
    }
    Ok(broken)
}

/// Names of kernel functions in code that must learn them from `rules/api`.
pub fn kernel_names(root: &Path) -> Result<Vec<String>> {
    let facts = kloom_facts::Facts::builtin();
    let mut broken = Vec::new();
    for dir in ["crates/kloom-lint/src/checks", "crates/kloom-flow/src"] {
        for file in rust_files(&root.join(dir))? {
            let text = std::fs::read_to_string(&file)?;
            let literals = code(&text)
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .flat_map(|line| line.split('"').skip(1).step_by(2));
            for name in literals.filter(|literal| facts.get(literal).is_some()) {
                broken.push(format!("{} names {name}", file.display()));
            }
        }
    }
    Ok(broken)
}

/// Tests that ARCHITECTURE.md names and nobody wrote.
pub fn named_tests(root: &Path) -> Result<Vec<String>> {
    let page = std::fs::read_to_string(root.join("ARCHITECTURE.md"))?;
    let mut code = String::new();
    for dir in crates(root)? {
        let apart = children(&dir.join("tests"))?;
        let apart = apart.into_iter().filter(|path| path.is_file());
        for file in with_tests(&dir.join("src"))?.into_iter().chain(apart) {
            code.push_str(&String::from_utf8_lossy(&std::fs::read(file)?));
        }
    }
    let invariants = page.split("## Invariants").nth(1).unwrap_or_default();
    let names = invariants.split('`').skip(1).step_by(2);
    let tests = names.filter(|name| name.contains('_') && !name.contains(' '));
    let missing = tests.filter(|name| !code.contains(&format!("#[test]\n    fn {name}(")));
    let missing = missing.filter(|name| !code.contains(&format!("#[test]\nfn {name}(")));
    Ok(missing
        .map(|name| format!("there is no test {name}"))
        .collect())
}

/// Pages that state another oldest toolchain than the manifest.
pub fn toolchain(root: &Path) -> Result<Vec<String>> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml"))?;
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \""))
        .and_then(|rest| rest.strip_suffix('"'))
        .context("Cargo.toml states no rust-version")?;
    let readme = std::fs::read_to_string(root.join("README.md"))?;
    let stated = readme.contains(&format!("toolchain from {version} on"));
    Ok(match stated {
        true => Vec::new(),
        false => vec![format!("README.md does not say that it is {version}")],
    })
}

/// Rust files that are too long.
pub fn lengths(root: &Path) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for file in rust_files(&root.join("crates"))? {
        let lines = code(&std::fs::read_to_string(&file)?).lines().count();
        if lines > LONGEST {
            broken.push(format!("{}: {lines} lines", file.display()));
        }
    }
    Ok(broken)
}

/// Marks of unfinished work.
pub fn words(root: &Path) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    let mut files = rust_files(&root.join("crates"))?;
    for dir in ["crates", "rules/api", "rules/lint", "."] {
        files.extend(
            children(&root.join(dir))?
                .into_iter()
                .flat_map(|path| match path.is_dir() {
                    true => vec![path.join("Cargo.toml")],
                    false => vec![path],
                }),
        );
    }
    let wanted = |path: &PathBuf| {
        let kind = path.extension().and_then(|ext| ext.to_str());
        path.is_file() && matches!(kind, Some("rs" | "toml" | "md" | "yaml"))
    };
    files.retain(wanted);
    for file in files {
        let text = std::fs::read_to_string(&file)?;
        report(&file, &text, UNFINISHED, &mut broken);
    }
    Ok(broken)
}

fn report(file: &Path, text: &str, words: &[&str], broken: &mut Vec<String>) {
    for (at, line) in text.lines().enumerate() {
        for word in words.iter().filter(|word| line.contains(**word)) {
            broken.push(format!("{}:{}: {word}", file.display(), at + 1));
        }
    }
}

/// Whether all of a file is tests.
fn is_test(path: &Path) -> bool {
    path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests")
}

/// A file without its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

fn crates(root: &Path) -> Result<Vec<PathBuf>> {
    children(&root.join("crates"))
}

/// What a folder holds, sorted; nothing if it is not there.
fn children(dir: &Path) -> Result<Vec<PathBuf>> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(dir)?;
    let mut paths: Vec<PathBuf> = entries.map(|e| Ok(e?.path())).collect::<Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn rust_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = with_tests(dir)?;
    files.retain(|path| !is_test(path));
    Ok(files)
}

fn with_tests(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in children(dir)? {
        if path.is_dir() {
            files.extend(with_tests(&path)?);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::root;

    #[test]
    fn crates_use_only_crates_above() {
        assert_eq!(crate_order(&root()).unwrap(), [""; 0]);
    }

    #[test]
    fn only_the_edges_touch_the_machine() {
        assert_eq!(machine(&root()).unwrap(), [""; 0]);
    }

    #[test]
    fn checks_know_no_kernel_names() {
        assert_eq!(kernel_names(&root()).unwrap(), [""; 0]);
    }

    #[test]
    fn tests_that_the_architecture_names_exist() {
        assert_eq!(named_tests(&root()).unwrap(), [""; 0]);
    }

    #[test]
    fn the_oldest_toolchain_is_stated_once() {
        assert_eq!(toolchain(&root()).unwrap(), [""; 0]);
    }

    #[test]
    fn no_source_file_is_too_long() {
        assert_eq!(lengths(&root()).unwrap(), [""; 0]);
    }

    #[test]
    fn nothing_is_left_unfinished() {
        assert_eq!(words(&root()).unwrap(), [""; 0]);
    }

    #[test]
    fn dependencies_are_read_from_the_right_tables() {
        let manifest =
            "[dependencies]\na.workspace = true\nb = \"1\"\n[dev-dependencies]\nc = \"1\"\n";
        assert_eq!(dependencies(manifest), ["a", "b"]);
    }
}
