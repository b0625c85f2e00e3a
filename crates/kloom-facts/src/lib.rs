//! Facts about kernel functions, macros and attributes, read from `rules/api` at build time.
//!
//! Rules speak of effects; only this crate and its data speak of names.

mod model;
mod target;

pub use model::{Classes, Effect, Fact, Kind, Returns, Verb, Version, Versions, When};
pub use target::Target;

/// A set of facts to look names up in.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    table: &'static [Fact],
}

impl Facts {
    /// The facts that come with kloom.
    pub fn builtin() -> Facts {
        Facts { table: &[] }
    }

    /// What is known about `name`.
    pub fn get(&self, name: &str) -> Option<&'static Fact> {
        let at = self.table.binary_search_by(|f| f.name.cmp(name)).ok()?;
        Some(&self.table[at])
    }

    /// Every fact, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &'static Fact> + use<> {
        self.table.iter()
    }
}
