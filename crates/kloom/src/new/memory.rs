//! Lints a module that is only in memory.

use kloom_diag::Provider;
use kloom_facts::Facts;
use kloom_gen::Tree;
use kloom_lint::{FileReport, Linter, Profile, Selection, lint_file};
use kloom_spec::Module;
use std::sync::Arc;

/// A tree of files in memory, in a folder with the module's name.
struct Memory<'a> {
    folder: &'a str,
    tree: &'a Tree,
}

impl Provider for Memory<'_> {
    fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        let name = path.strip_prefix(self.folder)?.strip_prefix('/')?;
        let file = self.tree.files.iter().find(|file| file.path == name)?;
        Some(file.text.as_bytes().into())
    }

    fn list(&self, dir: &str) -> Vec<String> {
        if dir != self.folder {
            return Vec::new();
        }
        self.tree
            .files
            .iter()
            .map(|file| file.path.clone())
            .collect()
    }
}

/// The findings in a module's sources, style and teaching included.
pub fn lint(module: &Module, tree: &Tree) -> anyhow::Result<Vec<FileReport>> {
    let memory = Memory {
        folder: &module.name,
        tree,
    };
    let selection = Selection::new(Profile::Course, &[], &[])?;
    let linter = Linter::new(Facts::builtin(), module.kernel, selection, &memory);
    let sources = tree.files.iter().filter(|file| file.path.ends_with(".c"));
    Ok(sources
        .map(|file| {
            let path = format!("{}/{}", module.name, file.path);
            lint_file(&linter, &path, file.text.as_bytes().into())
        })
        .collect())
}
