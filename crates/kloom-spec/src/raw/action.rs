//! What a thread, work or handler does.

use crate::At;
use schemars::JsonSchema;
use serde::Deserialize;

/// One thing to do: one of the verbs, with what belongs to it
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Verb: call this function of the author
    pub hook: Option<At<String>>,
    /// With `hook`: the state whose lock is held meanwhile
    pub holding: Option<At<String>>,
    /// Verb: print this line to the kernel's log; `{state.field}` stands for a field
    pub log: Option<At<String>>,
    /// Verb: add to this field
    pub add: Option<At<String>>,
    /// With `add`: how much [default: 1]
    pub by: Option<At<i64>>,
    /// Verb: set this field
    pub set: Option<At<String>>,
    /// With `set`: to what
    pub to: Option<At<i64>>,
    /// Verb: wake those who wait on this queue
    pub wake: Option<At<String>>,
    /// With `wake`, `complete`: all of them, not just one
    pub all: Option<At<bool>>,
    /// Verb: complete this completion
    pub complete: Option<At<String>>,
    /// Verb: queue this work
    pub queue: Option<At<String>>,
    /// Verb: arm this timer
    pub arm: Option<At<String>>,
    /// Verb: put an item into this fifo
    pub push: Option<At<String>>,
    /// With `push`: the field that is put in, or `time` for the time in nanoseconds
    pub value: Option<At<String>>,
    /// Verb: park this thread
    pub park: Option<At<String>>,
    /// Verb: let this thread go on
    pub unpark: Option<At<String>>,
}
