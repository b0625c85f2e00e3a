//! `[[state]]` and `[[fifo]]`.

use crate::At;
use schemars::JsonSchema;
use serde::Deserialize;

/// Fields that threads and handlers share
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Its name; a field is called `name.field`
    pub name: At<String>,
    /// What it is for, one line
    pub about: Option<At<String>>,
    /// How its users are kept apart
    pub shared: At<Sharing>,
    /// With `shared = "queue"`: the wait queue whose own lock it is under
    pub queue: Option<At<String>>,
    /// Its fields
    pub fields: Vec<Field>,
}

/// How the users of some fields are kept apart
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// A spinlock; how it treats interrupts follows from where its users run
    Spinlock,
    /// A mutex, which only those may take that may sleep
    Mutex,
    /// A sequence lock: readers never hold up a writer
    Seqlock,
    /// The lock of the wait queue that waiters wait on
    Queue,
    /// Atomic counters
    Atomic,
    /// Single words with one writer, read and written with `READ_ONCE` and `WRITE_ONCE`
    Once,
}

/// One field
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name
    pub name: At<String>,
    /// Its type
    #[serde(rename = "type")]
    pub kind: At<Type>,
    /// What it is at first [default: 0 or false]
    pub initial: Option<At<i64>>,
}

/// The type of a field
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// True or false
    Bool,
    /// `int`
    Int,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// `s64`
    S64,
}

/// A queue of items from those who make them to those who take them
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fifo {
    /// Its name
    pub name: At<String>,
    /// What it holds, one line
    pub about: Option<At<String>>,
    /// Type of an item
    pub item: At<Type>,
    /// How many items it holds, a power of two
    pub size: At<u32>,
}
