//! What would change in a folder, and whether it may.

use super::write::Write;
use crate::disk::{self, Disk, Text};
use anyhow::{Context as _, bail};
use kloom_facts::Facts;
use kloom_gen::{File, Owner, Stamp, State, Tree};
use kloom_report::clean_line;
use kloom_spec::Module;
use similar::TextDiff;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// What would change in a folder.
#[derive(Debug)]
pub struct Plan {
    ours: Stamp,
    changes: Vec<Change>,
    /// Files that an earlier spec gave and this one does not.
    leftover: Vec<String>,
    /// What is to be said about the author's functions.
    hooks: Vec<String>,
}

/// One file.
#[derive(Debug)]
struct Change {
    file: File,
    /// What is there now.
    old: Option<String>,
    /// The stamp of what is there now.
    stamp: Option<Stamp>,
}

/// A file that is not what the spec gives.
#[derive(Debug)]
pub struct Drift {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: String,
}

impl Plan {
    /// Compares a tree with a folder; nothing is changed.
    pub fn new(
        folder: &Path,
        module: &Module,
        tree: &Tree,
        append_hooks: bool,
    ) -> anyhow::Result<Plan> {
        let mut changes = Vec::new();
        let mut hooks = Vec::new();
        for file in &tree.files {
            let old = existing(&folder.join(&file.path))?;
            let mut file = file.clone();
            if let (Owner::Author, Some(text)) = (file.owner, &old) {
                file.text.clone_from(text);
                if file.path.ends_with(".c") {
                    let defined = functions(&file.path, text);
                    let missing = missing_hooks(tree, &defined);
                    if append_hooks && !missing.is_empty() {
                        let texts = missing.iter().map(|hook| format!("\n{}\n", hook.text));
                        file.text.push_str(&texts.collect::<String>());
                    } else {
                        hooks.extend(missing.iter().map(|hook| {
                            format!("{}: the spec has a new hook; paste this, or use --append-hooks:\n{}\n", file.path, hook.text)
                        }));
                    }
                    let prefix = format!("{}_", module.name);
                    let known = |name: &str| tree.hooks.iter().any(|hook| hook.function == name);
                    hooks.extend(
                        defined
                            .iter()
                            .filter(|name| name.starts_with(&prefix) && !known(name))
                            .map(|name| {
                                format!(
                                    "{}: nothing calls the hook {name} any more; it is kept\n",
                                    file.path
                                )
                            }),
                    );
                }
            }
            let stamp = old.as_deref().and_then(Stamp::of);
            changes.push(Change { file, old, stamp });
        }
        Ok(Plan {
            ours: Stamp::ours(module.digest),
            leftover: leftover(folder, tree),
            changes,
            hooks,
        })
    }

    /// Why not everything may be written.
    pub fn refused(&self, force: bool) -> Vec<String> {
        let generated = self.changes.iter().filter(|change| change.is_different());
        let generated = generated
            .filter(|change| change.file.owner == Owner::Generator && change.old.is_some());
        generated
            .filter_map(|change| {
                let path = &change.file.path;
                match &change.stamp {
                    None => Some(format!("{path} is there and kloom did not write it; move it, or choose another folder with -o")),
                    Some(stamp) if stamp.state == State::Edited && !force => {
                        Some(format!("{path} was changed by hand; move the change to the spec or a hook, or use --force to lose it"))
                    }
                    Some(_) => None,
                }
            })
            .collect()
    }

    /// What has to be written.
    pub fn writes(&self) -> Vec<Write<'_>> {
        let changes = self.changes.iter().filter(|change| change.is_different());
        let files = changes.map(|change| Write {
            path: &change.file.path,
            text: &change.file.text,
        });
        files.collect()
    }

    /// How the folder differs from what the spec gives.
    pub fn drifts(&self) -> Vec<Drift> {
        let changes = self.changes.iter().filter(|change| change.is_different());
        let mut drifts: Vec<Drift> = changes
            .map(|change| Drift {
                path: change.file.path.clone(),
                reason: self.reason(change),
            })
            .collect();
        drifts.extend(self.leftover.iter().map(|path| Drift {
            path: path.clone(),
            reason: "the spec does not give this file any more".to_owned(),
        }));
        drifts
    }

    fn reason(&self, change: &Change) -> String {
        match &change.stamp {
            _ if change.old.is_none() => "is missing".to_owned(),
            _ if change.file.owner == Owner::Author => "hooks are to be added".to_owned(),
            None => "kloom did not write it".to_owned(),
            Some(stamp) if stamp.state == State::Edited => "was changed by hand".to_owned(),
            Some(stamp) if stamp.spec != self.ours.spec => "the spec changed".to_owned(),
            Some(stamp) if stamp.version != self.ours.version => {
                format!(
                    "was written by kloom {}, this is {}",
                    stamp.version, self.ours.version
                )
            }
            Some(_) => "kloom writes it differently now".to_owned(),
        }
    }

    /// What would change, as a unified diff.
    pub fn diff(&self) -> String {
        let mut out = String::new();
        for change in self.changes.iter().filter(|change| change.is_different()) {
            let path = &change.file.path;
            let old = change.old.as_deref().unwrap_or_default();
            let before = match &change.old {
                Some(_) => format!("a/{path}"),
                None => "/dev/null".to_owned(),
            };
            let diff = TextDiff::from_lines(old, &change.file.text);
            out.push_str(
                &diff
                    .unified_diff()
                    .header(&before, &format!("b/{path}"))
                    .to_string(),
            );
        }
        out
    }

    /// A line for each file that is or would be written, and what is to be said about hooks.
    pub fn summary(&self, dry: bool) -> String {
        let mut out = String::new();
        for change in &self.changes {
            let done = match (&change.old, change.is_different(), dry) {
                (_, false, _) => continue,
                (None, _, false) => "wrote",
                (None, _, true) => "would write",
                (Some(_), _, false) => "rewrote",
                (Some(_), _, true) => "would rewrite",
            };
            out.push_str(&format!("{done} {}\n", change.file.path));
        }
        if out.is_empty() {
            out.push_str("everything is as the spec gives it\n");
        }
        for path in &self.leftover {
            out.push_str(&format!(
                "{path}: the spec does not give this file any more; remove it\n"
            ));
        }
        out.push_str(&self.hooks.concat());
        out
    }
}

impl Change {
    fn is_different(&self) -> bool {
        self.old.as_deref() != Some(&self.file.text)
    }
}

/// The text of a file that may not be there.
fn existing(path: &Path) -> anyhow::Result<Option<String>> {
    let shown = || clean_line(&path.to_string_lossy());
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(shown),
        Ok(meta) if !meta.is_file() => bail!("{} is there and no file", shown()),
        Ok(_) => {}
    }
    match disk::read(path).with_context(shown)? {
        Text::TooLarge => bail!("{} is too large to be compared", shown()),
        Text::Read(text) => match String::from_utf8(text.to_vec()) {
            Ok(text) => Ok(Some(text)),
            Err(_) => bail!("{} is not UTF-8", shown()),
        },
    }
}

fn missing_hooks<'a>(tree: &'a Tree, defined: &BTreeSet<String>) -> Vec<&'a kloom_gen::Hook> {
    tree.hooks
        .iter()
        .filter(|hook| !defined.contains(&hook.function))
        .collect()
}

/// The functions that some C defines for other files.
fn functions(path: &str, text: &str) -> BTreeSet<String> {
    let front = kloom_c::Context::new(Facts::builtin(), &Disk, None);
    let unit = kloom_c::lower(&front, path, text.as_bytes().into());
    unit.functions
        .iter()
        .map(|function| unit.names.text(function.name).to_owned())
        .collect()
}

/// Files with an intact stamp that the tree does not have.
fn leftover(folder: &Path, tree: &Tree) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter(|name| !tree.files.iter().any(|file| file.path == *name))
        .filter(|name| matches!(existing(&folder.join(name)), Ok(Some(text)) if Stamp::of(&text).is_some()))
        .collect();
    names.sort();
    names
}
