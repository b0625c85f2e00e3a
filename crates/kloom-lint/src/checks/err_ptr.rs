//! Error pointers from creation to exit.

use crate::context::{Context, Findings};

/// unchecked-err-ptr, error-not-propagated, null-check-on-err-ptr, err-ptr-use, ptr-err-misuse.
pub fn check(_context: &Context<'_>, _findings: &mut Findings) {}
