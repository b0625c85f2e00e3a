//! Output formats: one module each over the same [`FileReport`].
//!
//! Any thread turns a file's report into a [`Rendered`]; one thread then adds those in order.
//! Wire formats have their own types. Nothing of what kloom reads reaches a format raw.

mod clean;
mod concise;
mod excerpt;
mod fingerprint;
mod json;
mod map;
mod position;
mod sarif;
mod tally;
mod text;

use kloom_facts::Target;
use kloom_lint::FileReport;
use std::io::{self, Write};

pub use clean::{line as clean_line, text as clean_text};
pub use map::{Map, MapFormat, write_maps};
pub use tally::{Severities, Tally};

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Excerpts with labels, for people.
    Text,
    /// One line per finding.
    Concise,
    /// `crates/kloom-report/JSON.md`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

/// What is the same for a whole run.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// The format.
    pub format: Format,
    /// Terminal colours, where the format has any.
    pub color: bool,
    /// The releases the code was read for.
    pub target: Target,
}

/// One file in a format.
#[derive(Debug)]
pub struct Rendered {
    body: Body,
    tally: Tally,
}

#[derive(Debug)]
enum Body {
    Nothing,
    Lines(String),
    Json(json::File),
    Sarif(sarif::File),
}

impl Rendered {
    /// A file that was not worth reading; it is only counted.
    pub fn out_of_scope() -> Rendered {
        let tally = Tally {
            out_of_scope: 1,
            ..Tally::default()
        };
        Rendered {
            body: Body::Nothing,
            tally,
        }
    }

    /// Whether adding it writes anything at once.
    pub fn shows_something(&self) -> bool {
        matches!(&self.body, Body::Lines(lines) if !lines.is_empty())
    }
}

impl Style {
    /// Puts one file's findings in the format.
    pub fn render(&self, report: &FileReport) -> Rendered {
        let body = match self.format {
            Format::Text => Body::Lines(text::findings(report, self.color)),
            Format::Concise => Body::Lines(concise::lines(report)),
            Format::Json => Body::Json(json::File::new(report)),
            Format::Sarif => Body::Sarif(sarif::File::new(report)),
        };
        Rendered {
            body,
            tally: Tally::of(report),
        }
    }
}

/// Writes a run, file by file.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    style: Style,
    tally: Tally,
    json: json::Log,
    sarif: sarif::Log,
}

impl<W: Write> Writer<W> {
    /// A writer that has written nothing yet.
    pub fn new(out: W, style: Style) -> Writer<W> {
        Writer {
            out,
            style,
            tally: Tally::default(),
            json: json::Log::default(),
            sarif: sarif::Log::default(),
        }
    }

    /// Adds a file; the order of calls is the order of the output.
    pub fn add(&mut self, file: Rendered) -> io::Result<()> {
        self.tally.add(&file.tally);
        match file.body {
            Body::Nothing => Ok(()),
            Body::Lines(lines) => self.out.write_all(lines.as_bytes()),
            Body::Json(file) => {
                self.json.add(file);
                Ok(())
            }
            Body::Sarif(file) => {
                self.sarif.add(file);
                Ok(())
            }
        }
    }

    /// Hands on what has been written so far.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Writes what comes last, with the findings of each rule if asked, and gives the counts.
    pub fn finish(mut self, statistics: bool) -> io::Result<Tally> {
        match self.style.format {
            Format::Text | Format::Concise => self.tally.write(&mut self.out, statistics)?,
            Format::Json => self
                .json
                .write(&mut self.out, self.style.target, &self.tally)?,
            Format::Sarif => self.sarif.write(&mut self.out, &self.tally)?,
        }
        self.out.flush()?;
        Ok(self.tally)
    }
}
