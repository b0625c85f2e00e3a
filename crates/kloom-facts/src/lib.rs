//! Facts about kernel functions, macros and attributes, read from `rules/api` at build time.
//!
//! Rules speak of effects; only this crate and its data speak of names.

mod builtin;
mod describe;
mod end_words;
mod index;
mod lock_words;
mod model;
mod parse;
mod phrase;
mod problem;
mod scope;
mod suggest;
mod target;
mod words;

pub use end_words::says_end;
pub use model::{Classes, Effect, Fact, Kind, Returns, Scope, Verb, Version, Versions, When};
pub use parse::parse;
pub use problem::Problem;
pub use target::Target;

/// A set of facts to look names up in.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    table: &'static [Fact],
    slots: &'static [u32],
}

impl Facts {
    /// The facts that come with kloom.
    pub fn builtin() -> Facts {
        builtin::FACTS_AND_INDEX
    }

    /// These facts and `own`, which replace those of the same name; of several in `own` the last
    /// counts. The new table lives as long as the program: a caller does this once per run.
    pub fn with(self, own: &[Fact]) -> Facts {
        let mut table = self.table.to_vec();
        for fact in own {
            match table.binary_search_by(|f| f.name.cmp(fact.name)) {
                Ok(at) => table[at] = *fact,
                Err(at) => table.insert(at, *fact),
            }
        }
        scope::close(&mut table);
        table.truncate(index::LIMIT);
        let slots = index::build(table.iter().map(|f| f.name));
        Facts {
            table: table.leak(),
            slots: slots.leak(),
        }
    }

    /// What is known about `name`.
    pub fn get(&self, name: &str) -> Option<&'static Fact> {
        let at = index::find(self.slots, name, |at| self.table[at].name == name)?;
        Some(&self.table[at])
    }

    /// What is known about a member of a table.
    pub fn member(&self, table: &str, member: &str) -> Option<&'static Fact> {
        self.get(&format!("{table}.{member}"))
    }

    /// Every fact, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &'static Fact> + use<> {
        self.table.iter()
    }
}
