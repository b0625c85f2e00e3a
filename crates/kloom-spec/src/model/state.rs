//! What threads and handlers share.

use super::{Context, Sharing, Type};

/// Fields under one lock, or under none.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// How its users are kept apart.
    pub sharing: Sharing,
    /// The wait queue whose lock it is under.
    pub queue: Option<usize>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The strictest place that it is used in; `None` if nothing uses it.
    pub strictest: Option<Context>,
}

/// One field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Type,
    /// What it is at first.
    pub initial: i64,
}

/// A field of a state, by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldRef {
    /// In [`Module::states`](super::Module::states).
    pub state: usize,
    /// In [`State::fields`].
    pub field: usize,
}

/// A queue of items.
#[derive(Clone, Debug)]
pub struct Fifo {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub about: Option<String>,
    /// Type of an item.
    pub item: Type,
    /// How many items it holds.
    pub size: u32,
    /// The strictest place from which items are put in or taken out by the module itself.
    pub strictest: Option<Context>,
    /// A device reads from it.
    pub is_read: bool,
    /// A device writes to it.
    pub is_written: bool,
    /// A thread takes from it.
    pub is_taken: bool,
}

impl State {
    /// Whether a field takes a lock to be used.
    pub fn has_lock(&self) -> bool {
        !matches!(self.sharing, Sharing::Atomic | Sharing::Once)
    }
}
