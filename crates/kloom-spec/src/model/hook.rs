//! Functions of the author.

use super::{Context, FieldRef, Type};

/// A function of the author, and how it is called.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its name, without that of the module.
    pub name: String,
    /// What it does.
    pub about: Option<String>,
    /// How it is called; `None` until something calls it.
    pub call: Option<Call>,
    /// The strictest place that it is called from.
    pub context: Context,
    /// The state whose lock is held.
    pub holding: Option<usize>,
    /// Fields that it changes.
    pub changes: Vec<FieldRef>,
    /// Queues that it wakes.
    pub wakes: Vec<usize>,
    /// Who calls it, for people.
    pub callers: Vec<String>,
}

/// How a hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// With the module's struct.
    Plain,
    /// With an item, too.
    Item(Type),
    /// Once, for a loop of its own.
    Loop,
}
