//! Specs of kernel modules: TOML text to a checked [`Module`], or diagnostics that point into it.
//!
//! [`raw`] is what may be written, [`Module`] what makes sense; `check` goes from one to the other and
//! says why where it cannot. Nothing here knows how C looks.

mod at;
mod check;
mod digest;
mod model;
mod problem;
pub mod raw;
mod read;
mod schema;

pub use at::At;
pub use digest::{Digest, digest};
pub use model::*;
pub use read::{LONGEST, Spec, read};
pub use schema::schema;
