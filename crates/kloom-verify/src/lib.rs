//! Whether a module is right, as a debug kernel sees it: the module is built, loaded and unloaded in a virtual machine, and
//! what the kernel says becomes diagnostics.
//!
//! [`console`] is pure: text in, reports out. The rest of the crate runs processes.

pub mod console;
