//! The rules: their pages, the checks, and what makes findings of them.
//!
//! A page of `rules/lint` is the only place that says a rule exists. Checks do not see each
//! other and have no order: they report what they see, and folding keeps one finding per root.

mod checks;
mod context;
mod fold;
mod in_interrupt;
mod kbuild;
mod lint;
mod literal;
mod objects;
mod pattern;
mod rule;
mod select;
mod siblings;
mod thread_ways;
mod untested;
mod waiting;
mod whole;

pub use context::Context;
pub use lint::{FileReport, Linter, NotAnalysed, Reason, lint_file, lint_if_of_interest};
pub use rule::{Example, Rule, checks, rule, rules};
pub use select::{PREVIEW, Profile, Selection, UnknownRule};
