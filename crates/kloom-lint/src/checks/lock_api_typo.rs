//! Lock functions that do not exist.
use crate::context::{Context, Findings};
/// lock-api-typo.
pub fn check(_context: &Context<'_>, _findings: &mut Findings) {}
