//! Source text and positions in it.

use std::sync::{Arc, OnceLock};

/// A file of one [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A half-open range of byte offsets in one file, always in the user's own bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file the offsets belong to.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset one past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end` of `file`.
    pub const fn new(file: FileId, start: u32, end: u32) -> Self {
        Span { file, start, end }
    }
}

/// A position for people: both count from one, the column in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineCol {
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 1.
    pub column: u32,
}

/// One file's text, kept as bytes because kernel sources are not always UTF-8.
#[derive(Clone, Debug)]
pub struct SourceFile {
    path: Arc<str>,
    text: Arc<[u8]>,
    lines: OnceLock<Arc<[u32]>>,
}

impl SourceFile {
    /// A file with the path it is shown under.
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<[u8]>>) -> Self {
        SourceFile {
            path: path.into(),
            text: text.into(),
            lines: OnceLock::new(),
        }
    }

    /// The path as it was named by the user or reached from a named file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The raw bytes.
    pub fn text(&self) -> &Arc<[u8]> {
        &self.text
    }

    /// Offsets at which lines start; the first is 0.
    pub fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let ends = self.text.iter().enumerate().filter(|(_, b)| **b == b'\n');
            std::iter::once(0)
                .chain(ends.map(|(at, _)| at as u32 + 1))
                .collect()
        })
    }

    /// The line and column of a byte offset; offsets past the end give the last line.
    pub fn line_col(&self, offset: u32) -> LineCol {
        let starts = self.line_starts();
        let line = starts.partition_point(|s| *s <= offset).max(1);
        LineCol {
            line: line as u32,
            column: offset.saturating_sub(starts[line - 1]) + 1,
        }
    }
}

/// The files one analysis has looked at; [`FileId`] 0 is the file that was asked for.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file and gives its id.
    pub fn add(&mut self, file: SourceFile) -> FileId {
        self.files.push(file);
        FileId(self.files.len() as u32 - 1)
    }

    /// The file of an id that this map gave.
    pub fn get(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The bytes of a span, empty if the span does not fit the file.
    pub fn slice(&self, span: Span) -> &[u8] {
        self.get(span.file)
            .text
            .get(span.start as usize..span.end as usize)
            .unwrap_or(&[])
    }

    /// All files with their ids, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(at, file)| (FileId(at as u32), file))
    }
}

/// Where text that was not named comes from: headers, sibling sources, build files.
///
/// The front end never opens a file itself, so an editor's unsaved buffer, a test and a tarball
/// all work the same way.
pub trait Provider: Sync {
    /// The bytes of `path`, or `None` if there is no such file or it is too large to read.
    fn read(&self, path: &str) -> Option<Arc<[u8]>>;

    /// Names (not paths) of the files directly in folder `dir`, sorted; empty if unknown.
    fn list(&self, dir: &str) -> Vec<String>;
}
