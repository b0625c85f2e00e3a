//! The texts that findings point into, read as they are needed.

use kloom_diag::{FileId, Provider, SourceFile, SourceMap, Span};
use std::collections::HashMap;

/// Texts by their paths.
pub struct Sources<'a> {
    provider: &'a dyn Provider,
    files: SourceMap,
    known: HashMap<String, Option<FileId>>,
}

impl<'a> Sources<'a> {
    /// With a file that comes first, and so has the number 0.
    pub fn new(provider: &'a dyn Provider, first: SourceFile) -> Sources<'a> {
        let mut files = SourceMap::default();
        let path = first.path().to_owned();
        let known = HashMap::from([(path, Some(files.add(first)))]);
        Sources {
            provider,
            files,
            known,
        }
    }

    /// A text that is no file.
    pub fn add(&mut self, name: &str, text: &[u8]) -> FileId {
        self.files.add(SourceFile::new(name, text))
    }

    /// A file that the provider has.
    pub fn file(&mut self, path: &str) -> Option<FileId> {
        if let Some(known) = self.known.get(path) {
            return *known;
        }
        let text = self.provider.read(path);
        let file = text.map(|text| self.files.add(SourceFile::new(path, text)));
        self.known.insert(path.to_owned(), file);
        file
    }

    /// The bytes of a file.
    pub fn text(&self, file: FileId) -> &[u8] {
        self.files.get(file).text()
    }

    /// A line, from 1, from a column on; without one (0), from its first word. It ends at its last.
    pub fn line(&mut self, path: &str, line: u32, column: u32) -> Option<Span> {
        let id = self.file(path)?;
        let file = self.files.get(id);
        let index = line.checked_sub(1)? as usize;
        let starts = file.line_starts();
        let start = *starts.get(index)? as usize;
        let next = starts.get(index + 1).map(|next| *next as usize);
        let text = file.text().get(start..next.unwrap_or(file.text().len()))?;
        let length = text.trim_ascii_end().len();
        let before = match column {
            0 => text.len() - text.trim_ascii_start().len(),
            _ => column as usize - 1,
        };
        let (from, to) = (start + before.min(length), start + length);
        Some(Span::new(id, from as u32, to as u32))
    }

    /// All of them.
    pub fn into_files(self) -> SourceMap {
        self.files
    }
}
