//! Lines and columns as the formats count them.

use kloom_diag::{FileId, SourceMap, Span};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Between two marks of a long line.
const STRIDE: u32 = 4096;

/// A span for people and viewers: lines and columns from 1, columns in Unicode code points, the
/// end exclusive. A byte that is no UTF-8 counts as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
}

/// Places in one long line that columns are counted from: offsets with their columns.
type Marks = Vec<(u32, u32)>;

/// Finds positions; a long line is gone through once, not once for each span in it.
#[derive(Debug)]
pub struct Positions<'a> {
    files: &'a SourceMap,
    /// For each long line, by file and start.
    marks: RefCell<BTreeMap<(FileId, u32), Marks>>,
}

impl<'a> Positions<'a> {
    pub fn new(files: &'a SourceMap) -> Positions<'a> {
        Positions {
            files,
            marks: RefCell::default(),
        }
    }

    /// The files that the positions are in.
    pub fn files(&self) -> &'a SourceMap {
        self.files
    }

    /// The path of the file that a span is in.
    pub fn path(&self, span: Span) -> &'a str {
        self.files.get(span.file).path()
    }

    pub fn region(&self, span: Span) -> Region {
        let (line, column) = self.point(span.file, span.start);
        let (end_line, end_column) = self.point(span.file, span.end.max(span.start));
        Region {
            line,
            column,
            end_line,
            end_column,
        }
    }

    /// The line and column of an offset.
    pub fn point(&self, file: FileId, offset: u32) -> (u32, u32) {
        let at = self.files.get(file).line_col(offset);
        let start = offset - (at.column - 1);
        let (from, column) = if at.column > STRIDE {
            self.mark(file, start, offset)
        } else {
            (start, 1)
        };
        let text = self.files.slice(Span::new(file, from, offset));
        (at.line, column + code_points(text))
    }

    /// The last mark before an offset, and its column.
    fn mark(&self, file: FileId, start: u32, offset: u32) -> (u32, u32) {
        let mut lines = self.marks.borrow_mut();
        let marks = lines
            .entry((file, start))
            .or_insert_with(|| self.marks_of(file, start));
        let after = marks.partition_point(|(at, _)| *at <= offset);
        marks[..after].last().copied().unwrap_or((start, 1))
    }

    fn marks_of(&self, file: FileId, start: u32) -> Marks {
        let source = self.files.get(file);
        let starts = source.line_starts();
        let next = starts.partition_point(|s| *s <= start);
        let end = starts
            .get(next)
            .copied()
            .unwrap_or(source.text().len() as u32);
        let (mut at, mut column) = (start, 1);
        let mut marks = vec![(at, column)];
        while end - at > STRIDE {
            let text = self.files.slice(Span::new(file, at, at + STRIDE));
            // A mark may not cut a character in two.
            let whole = text.len()
                - text
                    .iter()
                    .rev()
                    .take(3)
                    .take_while(|c| is_tail(**c))
                    .count();
            let whole = whole.saturating_sub(1).max(1);
            column += code_points(&text[..whole]);
            at += whole as u32;
            marks.push((at, column));
        }
        marks
    }
}

/// Whether a byte continues a character of UTF-8.
fn is_tail(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

fn code_points(bytes: &[u8]) -> u32 {
    let chunks = bytes.utf8_chunks();
    chunks
        .map(|chunk| chunk.valid().chars().count() + chunk.invalid().len())
        .sum::<usize>() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use kloom_diag::SourceFile;

    #[test]
    fn columns_count_code_points_and_stray_bytes() {
        let mut files = SourceMap::default();
        let id = files.add(SourceFile::new(
            "a.c",
            "x\näö\u{1f600}\u{301}y\n".as_bytes(),
        ));
        let other = files.add(SourceFile::new("b.c", b"\xff\xe4y".as_slice()));
        let positions = Positions::new(&files);
        let y = "x\näö\u{1f600}\u{301}".len() as u32;
        let region = positions.region(Span::new(id, y, y + 1));
        assert_eq!((region.line, region.column, region.end_column), (2, 5, 6));
        assert_eq!(positions.point(other, 2), (1, 3));
    }

    #[test]
    fn marks_of_long_lines_change_nothing() {
        let mut text = "int x;\n".to_owned();
        for n in 0..5000 {
            text.push_str(["a", "ä", "\u{20ac}", "\u{1f600}"][n % 4]);
        }
        let mut files = SourceMap::default();
        let id = files.add(SourceFile::new("long.c", text.as_bytes()));
        let positions = Positions::new(&files);
        let line = text.split_once('\n').unwrap().1;
        for (n, (at, _)) in line.char_indices().enumerate() {
            assert_eq!(
                positions.point(id, 7 + at as u32),
                (2, n as u32 + 1),
                "{at}"
            );
        }
    }
}
