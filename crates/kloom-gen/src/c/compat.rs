//! What the releases of a range call differently, bridged in one place each.

use super::part::Part;
use super::place::BOUND_BY_FLAG;
use super::{text, work};
use askama::Template;
use kloom_facts::Version;
use kloom_spec::Module;

/// The first release in which creating a worker does not wake it.
const WORKERS_SLEEP: Version = Version {
    major: 6,
    minor: 14,
};
/// The first release with `hrtimer_setup()`.
const HRTIMER_SETUP: Version = Version {
    major: 6,
    minor: 13,
};

#[derive(Template)]
#[template(path = "c/compat.c", block = "worker")]
struct RunWorker<'a> {
    module: &'a str,
}

#[derive(Template)]
#[template(path = "c/compat.c", block = "hrtimer")]
struct SetupTimer<'a> {
    module: &'a str,
}

#[derive(Template)]
#[template(path = "c/compat.c", block = "flags")]
struct Flags {
    prefix: String,
}

#[derive(Template)]
#[template(path = "c/compat.c", block = "unbound")]
struct Unbound {
    prefix: String,
}

/// Whether some releases are before this one and others are not.
fn splits(module: &Module, version: Version) -> bool {
    module.kernel.min < version && version <= module.kernel.max
}

/// The creation of a worker that is awake.
pub fn run_worker(module: &Module, name: &str) -> String {
    if splits(module, WORKERS_SLEEP) {
        format!("{}_run_worker(\"{name}\")", module.name)
    } else if module.kernel.min >= WORKERS_SLEEP {
        format!("kthread_run_worker(0, \"{name}\")")
    } else {
        format!("kthread_create_worker(0, \"{name}\")")
    }
}

/// Makes a precise timer ready.
pub fn hrtimer_setup(module: &Module, name: &str) -> String {
    let m = &module.name;
    if splits(module, HRTIMER_SETUP) {
        format!("{m}_hrtimer_setup(&ctx->{name}, {m}_{name}_timer);")
    } else if module.kernel.min >= HRTIMER_SETUP {
        format!("hrtimer_setup(&ctx->{name}, {m}_{name}_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);")
    } else {
        format!(
            "hrtimer_init(&ctx->{name}, CLOCK_MONOTONIC, HRTIMER_MODE_REL);\nctx->{name}.function = {m}_{name}_timer;"
        )
    }
}

/// The bridges that a module needs.
pub fn part(module: &Module) -> Part {
    let mut part = Part::default();
    let prefix = || module.name.to_uppercase();
    if splits(module, BOUND_BY_FLAG) {
        let bound = module
            .workqueues
            .iter()
            .any(|queue| !queue.unbound && !queue.ordered);
        part.defines
            .extend(bound.then(|| text(&Flags { prefix: prefix() }) + "\n"));
        part.defines
            .extend(work::uses_unbound(module).then(|| text(&Unbound { prefix: prefix() }) + "\n"));
    }
    if splits(module, WORKERS_SLEEP) && !module.workers.is_empty() {
        part.functions.push(text(&RunWorker {
            module: &module.name,
        }));
    }
    if splits(module, HRTIMER_SETUP) && module.timers.iter().any(|timer| timer.precise) {
        part.functions.push(text(&SetupTimer {
            module: &module.name,
        }));
    }
    if !part.defines.is_empty() || !part.functions.is_empty() {
        part.headers.insert("version.h");
    }
    part
}
