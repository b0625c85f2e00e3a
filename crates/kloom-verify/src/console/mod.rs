//! What a kernel reported on its console.
//!
//! Text in, reports out: bytes are cut into lines ([`line`]), lines that belong together into
//! blocks ([`block`]), blocks of one kind ([`kinds`], from `rules/console.toml`) become a
//! [`Report`] with its frames in the module, and a report becomes a diagnostic at the line that a
//! [`Symbolizer`] gives for them. A module can print whatever it likes; [`imitation`] tells what
//! only looks like a report.

mod block;
mod diagnose;
mod frame;
mod imitation;
mod kinds;
mod line;
mod pattern;
mod reader;
mod report;
#[cfg(test)]
mod tests;

pub use diagnose::{Diagnoser, Place, Symbolizer};
pub use frame::{Code, Frame};
pub use imitation::{State, Texts};
pub use kinds::Kind;
pub(crate) use line::{Caller, Line};
pub use reader::{Reader, Subject};
pub use report::{Console, Doubt, Imitation, Origin, Report, Step};

/// Every kind of report that the reader knows.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    kinds::Kinds::builtin().iter()
}

/// The kind that a single line opens a report of, for what is read otherwise than by a [`Reader`].
pub fn kind_of(line: &[u8]) -> Option<&'static Kind> {
    let kinds = kinds::Kinds::builtin();
    let (number, _) = kinds.of_headline(line)?;
    Some(kinds.get(number))
}
