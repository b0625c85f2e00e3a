//! A spec that makes sense: names are fit for C, references lead somewhere, contexts are known.

mod action;
mod files;
mod hook;
mod module;
mod order;
mod state;
mod thread;
mod wait;
mod work;

pub use action::{Action, Context, Piece, Value};
pub use files::{Attribute, Device, Page};
pub use hook::{Call, Hook};
pub use module::{License, Module, Parameter};
pub use order::{Doer, Thing};
pub use state::{Field, FieldRef, Fifo, State};
pub use thread::{Count, Drive, Priority, Thread};
pub use wait::{Compare, Condition, Queue, Test, Timeout};
pub use work::{On, SystemQueue, Timer, When, Work, Workqueue};

pub use crate::raw::{Kind as WaitKind, Language, Lock as WaitLock, Sharing, Type};

use core::time::Duration;

/// A name and what it stands for.
#[derive(Clone, Debug)]
pub struct Named {
    /// The name.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
}

/// A stretch of time between rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Always the same.
    Fixed(Duration),
    /// Milliseconds in [`Module::parameters`].
    Parameter(usize),
}
