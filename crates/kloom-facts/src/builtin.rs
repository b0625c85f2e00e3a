//! The built-in facts, made by the build script from `rules/api`.

use crate::Facts;
#[allow(
    unused_imports,
    reason = "which words the table uses is up to the data"
)]
use crate::model::{
    Classes, Effect, Fact, Kind::*, Returns::*, Scope, Verb::*, Version, Versions, When::*,
};

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// All of them.
pub static FACTS_AND_INDEX: Facts = Facts {
    table: FACTS,
    slots: SLOTS,
};
