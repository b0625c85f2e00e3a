//! The rules that are decided by Rust. A page names its module; a module may serve several.

use crate::context::{Context, Findings};

pub mod err_ptr;
pub mod lock_api_typo;
pub mod locks;
pub mod missing_license;
pub mod stop_wait;

/// Looks at one unit and reports what its rules say.
pub type Check = fn(&Context<'_>, &mut Findings);
