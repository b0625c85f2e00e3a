//! The few lines of a file that a finding shows, made harmless.

use crate::clean;
use crate::position::Positions;
use codespan_reporting::files::{Error, Files};
use kloom_diag::{FileId, SourceFile, Span};
use std::collections::BTreeMap;
use std::ops::Range;

/// Longer lines are shown by a window of this many bytes.
const WINDOW: u32 = 160;
/// What a window shows before the label it is opened for.
const BEFORE: u32 = 60;

/// The excerpts of the files that the labels of one finding lie in.
#[derive(Debug)]
pub struct Excerpts<'a> {
    positions: &'a Positions<'a>,
    excerpts: BTreeMap<FileId, Excerpt>,
}

/// Lines of one file, one after the other, each with a newline.
#[derive(Debug, Default)]
struct Excerpt {
    text: String,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    /// Its number in the file, from 0.
    index: usize,
    /// Where it stands in the excerpt, newline included.
    shown: Range<usize>,
    /// Offset in the file of its first shown byte.
    start: u32,
}

impl<'a> Excerpts<'a> {
    /// The lines of the spans and their neighbours. Where spans share a long line, the window is
    /// opened for the first of them.
    pub fn new(positions: &'a Positions<'a>, spans: &[Span]) -> Excerpts<'a> {
        let files = positions.files();
        let mut windows: BTreeMap<(FileId, usize), u32> = BTreeMap::new();
        for span in spans {
            let at = files.get(span.file).line_col(span.start);
            let index = at.line as usize - 1;
            windows
                .entry((span.file, index))
                .or_insert((at.column - 1).saturating_sub(BEFORE));
        }
        let labelled: Vec<_> = windows.keys().copied().collect();
        for (file, index) in labelled {
            // A line between two labelled ones is shown, not skipped.
            for near in [index.saturating_sub(1), index + 1] {
                windows.entry((file, near)).or_insert(0);
            }
        }
        let mut excerpts: BTreeMap<FileId, Excerpt> = BTreeMap::new();
        for ((file, index), cut) in windows {
            excerpts
                .entry(file)
                .or_default()
                .add(files.get(file), index, cut);
        }
        Excerpts {
            positions,
            excerpts,
        }
    }

    /// Where the first line of a span stands in its file's excerpt, as far as it is shown.
    pub fn range(&self, span: Span) -> Range<usize> {
        let index = self
            .positions
            .files()
            .get(span.file)
            .line_col(span.start)
            .line as usize
            - 1;
        let Some(line) = self.excerpts.get(&span.file).and_then(|e| e.line(index)) else {
            return 0..0;
        };
        let end = line.shown.end - 1;
        let shown =
            |offset: u32| (line.shown.start + offset.saturating_sub(line.start) as usize).min(end);
        shown(span.start)..shown(span.end)
    }
}

impl Excerpt {
    fn add(&mut self, file: &SourceFile, index: usize, cut: u32) {
        let starts = file.line_starts();
        let Some(&first) = starts.get(index) else {
            return;
        };
        let next = starts
            .get(index + 1)
            .map_or(file.text().len() as u32, |next| next - 1);
        let (start, end) = if next - first <= WINDOW {
            (first, next)
        } else {
            let start = first + cut.min(next - first - WINDOW);
            (start, start + WINDOW)
        };
        let bytes = file
            .text()
            .get(start as usize..end as usize)
            .unwrap_or_default();
        let from = self.text.len();
        self.text
            .push_str(clean::source(bytes.strip_suffix(b"\r").unwrap_or(bytes)).as_str());
        self.text.push('\n');
        self.lines.push(Line {
            index,
            shown: from..self.text.len(),
            start,
        });
    }

    fn line(&self, index: usize) -> Option<&Line> {
        let at = self
            .lines
            .binary_search_by_key(&index, |line| line.index)
            .ok()?;
        self.lines.get(at)
    }

    fn line_at(&self, offset: usize) -> Option<&Line> {
        let at = self
            .lines
            .partition_point(|line| line.shown.start <= offset);
        self.lines.get(at.checked_sub(1)?)
    }
}

impl<'a> Files<'a> for Excerpts<'a> {
    type FileId = FileId;
    type Name = String;
    type Source = &'a str;

    fn name(&'a self, id: FileId) -> Result<String, Error> {
        Ok(clean::line(self.positions.files().get(id).path()))
    }

    fn source(&'a self, id: FileId) -> Result<&'a str, Error> {
        self.excerpts
            .get(&id)
            .map(|e| e.text.as_str())
            .ok_or(Error::FileMissing)
    }

    fn line_index(&'a self, id: FileId, offset: usize) -> Result<usize, Error> {
        let excerpt = self.excerpts.get(&id).ok_or(Error::FileMissing)?;
        Ok(excerpt.line_at(offset).map_or(0, |line| line.index))
    }

    fn column_number(&'a self, id: FileId, index: usize, offset: usize) -> Result<usize, Error> {
        let line = self
            .excerpts
            .get(&id)
            .and_then(|e| e.line(index))
            .ok_or(Error::FileMissing)?;
        let at = line.start + offset.saturating_sub(line.shown.start) as u32;
        Ok(self.positions.point(id, at).1 as usize)
    }

    fn line_range(&'a self, id: FileId, index: usize) -> Result<Range<usize>, Error> {
        let excerpt = self.excerpts.get(&id).ok_or(Error::FileMissing)?;
        Ok(excerpt.line(index).map_or(0..0, |line| line.shown.clone()))
    }
}
