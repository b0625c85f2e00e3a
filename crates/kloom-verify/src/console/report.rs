//! What a console says, before it becomes diagnostics.

use super::frame::Frame;
use super::kinds::Kind;
use std::ops::RangeInclusive;

/// Everything a console says.
#[derive(Debug, Default)]
pub struct Console {
    /// The reports, in the order of their first lines.
    pub reports: Vec<Report>,
    /// Reports past the bound on different ones; they are only counted.
    pub more: u64,
    /// How many lines there were.
    pub lines: u64,
    /// The last thing that was said, cleaned; empty if nothing was.
    pub last: String,
}

/// One thing that the kernel reported, however often.
#[derive(Clone, Debug)]
pub struct Report {
    /// What kind of report it is.
    pub kind: &'static Kind,
    /// Its most telling line, cleaned.
    pub headline: String,
    /// Who wrote it.
    pub origin: Origin,
    /// Where the module's mistake shows: of the frames in the module, the most telling.
    pub guilty: Option<Frame>,
    /// The other frames of that stack that lie in the module, innermost first.
    pub callers: Vec<Frame>,
    /// What else the report says of places in the module, in its order.
    pub steps: Vec<Step>,
    /// Its lines in the console, from 1.
    pub lines: RangeInclusive<u64>,
    /// Microseconds since boot.
    pub time: Option<u64>,
    /// How often it was made.
    pub count: u64,
    /// Another report that only follows from it, cleaned.
    pub then: Option<String>,
}

/// What a report says of another place in the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What happened there.
    pub says: &'static str,
    /// Where.
    pub frame: Frame,
}

/// Who wrote the lines of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// It is as the kernel writes it.
    Kernel,
    /// It cannot be told.
    Unclear(Doubt),
    /// The module, as this shows.
    Module(Imitation),
}

/// Why it cannot be told who wrote a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// It was cut short.
    Cut,
    /// It is as the kernel writes it, and the module holds such a text.
    Text,
}

impl Doubt {
    /// Why, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Doubt::Cut => "the report is cut short",
            Doubt::Text => "the module holds such a text, too",
        }
    }
}

/// What shows that a report is an imitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Imitation {
    /// The text is in the module, and it lacks lines that such a report has.
    Text,
    /// It lacks lines that such a report has.
    Shape,
    /// It names another task than the one that wrote it.
    Task,
    /// It came by another way than such a report does.
    Way,
    /// The kernel's state at the end is not what such a report leaves behind.
    State,
}

impl Imitation {
    /// Why, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Imitation::Text => "the module holds this text",
            Imitation::Shape => "it lacks what such a report of the kernel has",
            Imitation::Task => "it names another task than the one that wrote it",
            Imitation::Way => "the kernel does not write such a report with printk",
            Imitation::State => {
                "the kernel's state at the end is not what such a report leaves behind"
            }
        }
    }
}
