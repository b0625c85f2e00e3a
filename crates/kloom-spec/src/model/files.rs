//! What user space sees.

use super::{Action, FieldRef};

/// A file that shows fields.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its name.
    pub name: String,
    /// The fields.
    pub shows: Vec<FieldRef>,
}

/// A character device.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its name in /dev, behind that of the module.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// The fifo that is read.
    pub reads: Option<usize>,
    /// The fifo that is written.
    pub writes: Option<usize>,
    /// What is done each time it is opened.
    pub on_open: Vec<Action>,
}

/// An attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// The field that it shows.
    pub shows: Option<FieldRef>,
    /// What writing to it does.
    pub on_write: Vec<Action>,
}
