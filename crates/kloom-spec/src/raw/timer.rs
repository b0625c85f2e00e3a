//! `[[timer]]` and `[[hrtimer]]`.

use crate::At;
use crate::raw::Action;
use schemars::JsonSchema;
use serde::Deserialize;

/// A timer
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// Its name
    pub name: At<String>,
    /// What it is for, one line
    pub about: Option<At<String>>,
    /// Time from one expiry to the next, from when the module is loaded
    pub every: Option<At<String>>,
    /// Time from when something arms it to its expiry
    pub after: Option<At<String>>,
    /// What it does; nothing of it may sleep
    #[serde(rename = "do", default)]
    pub does: Vec<At<Action>>,
}
