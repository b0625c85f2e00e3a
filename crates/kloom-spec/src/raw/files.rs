//! `[[proc]]`, `[[debugfs]]`, `[[misc_device]]` and `[[sysfs]]`.

use crate::At;
use crate::raw::Action;
use schemars::JsonSchema;
use serde::Deserialize;

/// A file that shows fields of state, a line for each
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Its name
    pub name: At<String>,
    /// The fields, such as `samples.taken`
    pub shows: Vec<At<String>>,
}

/// A character device
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its name in /dev, behind that of the module
    pub name: At<String>,
    /// What it is for, one line
    pub about: Option<At<String>>,
    /// The fifo whose items are read from it; reading blocks while it is empty
    pub reads: Option<At<String>>,
    /// The fifo that what is written to it goes to; writing blocks while it is full
    pub writes: Option<At<String>>,
    /// What is done each time it is opened
    #[serde(default)]
    pub on_open: Vec<At<Action>>,
}

/// An attribute
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Its name
    pub name: At<String>,
    /// The field that it shows
    pub shows: Option<At<String>>,
    /// What writing a number other than 0 to it does
    #[serde(default)]
    pub on_write: Vec<At<Action>>,
}
