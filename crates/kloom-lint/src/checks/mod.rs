//! The rules that are decided by Rust. A page names its module; a module may serve several.

use crate::context::{Context, Findings};
use kloom_facts::Facts;

pub mod alloc_size;
pub mod endless_thread;
pub mod err_ptr;
pub mod lock_api_typo;
pub mod locks;
pub mod memory;
pub mod missing_license;
pub mod pending_work;
pub mod queue_wakes;
pub mod shared_locks;
pub mod sleep_state;
pub mod stack_work;
pub mod stop_deadlock;
pub mod stop_test;
pub mod stop_wait;
pub mod teardown;
pub mod thread_end;
pub mod thread_life;
pub mod wait_condition;
pub mod work_state;

/// A module of checks.
pub struct Check {
    /// Its name, as pages give it.
    pub module: &'static str,
    /// Looks at one unit and reports what its rules say.
    pub run: fn(&Context<'_>, &mut Findings),
    /// Whether its rules can have anything to say about a file that mentions this name. In a
    /// kernel tree a file that mentions no such name is not even parsed, unless it was named.
    pub wants: fn(Facts, &str) -> bool,
}

/// The `wants` of checks that may have something to say about any file.
pub fn any_call(_: Facts, _: &str) -> bool {
    true
}
