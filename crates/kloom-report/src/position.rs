//! Lines and columns as the formats count them.

use kloom_diag::{SourceMap, Span};

/// A span for people and viewers: lines and columns from 1, columns in Unicode code points, the
/// end exclusive. A byte that is no UTF-8 counts as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
}

impl Region {
    pub fn of(files: &SourceMap, span: Span) -> Region {
        let (line, column) = point(files, span, span.start);
        let (end_line, end_column) = point(files, span, span.end.max(span.start));
        Region {
            line,
            column,
            end_line,
            end_column,
        }
    }
}

fn point(files: &SourceMap, span: Span, offset: u32) -> (u32, u32) {
    let file = files.get(span.file);
    let at = file.line_col(offset);
    let before = Span {
        start: offset - (at.column - 1),
        end: offset,
        file: span.file,
    };
    (at.line, code_points(files.slice(before)) + 1)
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
        let y = "x\näö\u{1f600}\u{301}".len() as u32;
        let region = Region::of(&files, Span::new(id, y, y + 1));
        assert_eq!((region.line, region.column, region.end_column), (2, 5, 6));
        let id = files.add(SourceFile::new("b.c", b"\xff\xe4y".as_slice()));
        assert_eq!(Region::of(&files, Span::new(id, 2, 3)).column, 3);
    }
}
