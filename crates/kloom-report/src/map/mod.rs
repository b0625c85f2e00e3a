//! The module model: what `kloom map` prints.

mod json;
mod mermaid;
mod text;

use kloom_diag::SourceMap;
use kloom_flow::model::view::Section;
use std::io::{self, Write};

/// How a map is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapFormat {
    /// For people.
    Text,
    /// For programs; `crates/kloom-report/JSON.md` describes it.
    Json,
    /// A chart of what acts on what.
    Mermaid,
}

/// The map of one unit.
#[derive(Debug)]
pub struct Map {
    /// The path as it was named.
    pub path: String,
    /// The texts that spans point into.
    pub files: SourceMap,
    /// What there is.
    pub sections: Vec<Section>,
}

/// Writes the maps of some units.
pub fn write_maps(out: &mut impl Write, format: MapFormat, maps: &[Map]) -> io::Result<()> {
    match format {
        MapFormat::Text => text::write(out, maps),
        MapFormat::Json => json::write(out, maps),
        MapFormat::Mermaid => mermaid::write(out, maps),
    }
}

impl Map {
    /// Path and line of a place.
    fn place(&self, span: kloom_diag::Span) -> (String, u32) {
        let file = self.files.get(span.file);
        (file.path().to_string(), file.line_col(span.start).line)
    }
}
