//! Interned identifiers of one unit.

use rustc_hash::FxHashMap;
use std::sync::Arc;

/// An identifier; equal names of one [`Names`] table have equal numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub u32);

/// The identifiers of one unit.
#[derive(Clone, Debug, Default)]
pub struct Names {
    text: Vec<Arc<str>>,
    index: FxHashMap<Arc<str>, Name>,
}

impl Names {
    /// The name for `text`, made if it is new.
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(name) = self.index.get(text) {
            return *name;
        }
        let name = Name(self.text.len() as u32);
        let text: Arc<str> = text.into();
        self.text.push(text.clone());
        self.index.insert(text, name);
        name
    }

    /// The name for `text` if the unit uses it anywhere.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.index.get(text).copied()
    }

    /// The text of a name.
    pub fn text(&self, name: Name) -> &str {
        &self.text[name.0 as usize]
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}
