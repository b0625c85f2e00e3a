//! Whether a module is right, as a debug kernel sees it: the module is built, loaded and unloaded in a virtual machine, and
//! what the kernel says becomes diagnostics.
//!
//! [`console`] and [`messages`] are pure: text in, reports out. [`lab`] makes debug kernels, [`module`] builds modules for them,
//! [`guest`] boots them.

mod account;
pub mod console;
mod findings;
pub mod guest;
mod initrd;
pub mod lab;
pub mod messages;
pub mod module;
mod process;
mod run;
mod sources;
pub mod symbols;
pub mod verify;
