//! Waiting for something to hold.

use super::{FieldRef, Period, WaitKind, WaitLock};

/// A queue that threads wait on.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// What is waited for.
    pub about: Option<String>,
    /// What has to hold.
    pub until: Condition,
    /// What may end the wait before.
    pub kind: WaitKind,
    /// How long a thread waits at most.
    pub timeout: Option<Timeout>,
    /// Whether one wake-up wakes one waiter only.
    pub exclusive: bool,
    /// The lock that a thread holds before and after.
    pub lock: Option<WaitLock>,
}

/// How long a thread waits at most.
#[derive(Clone, Copy, Debug)]
pub struct Timeout {
    /// How long.
    pub period: Period,
    /// Whether a precise timer keeps it.
    pub precise: bool,
}

/// What has to hold.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// Its tests.
    pub tests: Vec<Test>,
    /// Whether all of them have to hold, or one.
    pub all: bool,
    /// The state whose lock the tests take.
    pub locked: Option<usize>,
}

/// One test of a field.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// The field.
    pub field: FieldRef,
    /// How it is compared; `None`: with 0.
    pub compare: Option<(Compare, i64)>,
    /// Whether it has to fail.
    pub negated: bool,
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Less.
    Less,
    /// Less or equal.
    AtMost,
    /// Greater.
    Greater,
    /// Greater or equal.
    AtLeast,
    /// Equal.
    Equal,
    /// Not equal.
    Unequal,
}
