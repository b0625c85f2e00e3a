//! `[hooks]`.

use crate::At;
use schemars::JsonSchema;
use serde::Deserialize;

/// A function of the author
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// What it does, one line
    pub about: Option<At<String>>,
    /// Whether it sleeps; a hook that does is refused where nothing may sleep
    pub sleeps: Option<At<bool>>,
    /// Fields that it changes
    #[serde(default)]
    pub changes: Vec<At<String>>,
    /// Queues that it wakes
    #[serde(default)]
    pub wakes: Vec<At<String>>,
}
