//! The author's functions: prototypes, and texts to begin with.

use super::place;
use crate::layout::{comment, settled};
use crate::{File, Owner, rendered};
use askama::Template;
use kloom_spec::{Call, Context, Hook, Module};

#[derive(Template)]
#[template(path = "c/hooks.c")]
struct HooksFile<'a> {
    spdx: &'a str,
    name: &'a str,
    hooks: Vec<String>,
}

#[derive(Template)]
#[template(path = "c/hook.c")]
struct HookText {
    comment: String,
    prototype: String,
}

/// The file for the author's functions.
pub fn file(module: &Module) -> File {
    let file = HooksFile {
        spdx: &module.license.spdx,
        name: &module.name,
        hooks: module.hooks.iter().map(|h| hook(module, h).text).collect(),
    };
    File {
        path: format!("{}_hooks.c", module.name),
        text: settled(&rendered(&file)),
        owner: Owner::Author,
    }
}

/// A function of the author that does nothing yet.
pub fn hook(module: &Module, hook: &Hook) -> crate::Hook {
    let about = hook.about.as_deref().unwrap_or("the author's own");
    let place = match (hook.context, hook.call) {
        (Context::Process, Some(Call::Loop)) => {
            "It may sleep. It returns when kthread_should_stop() says so, or before, and tests that in every wait."
        }
        (Context::Process, _) => "It may sleep.",
        (Context::Locked, _) => "It must not sleep: a spinlock is held.",
        (Context::Soft, _) => "It must not sleep: it runs in a soft interrupt.",
        (Context::Hard, _) => "It must not sleep: it runs in a hard interrupt.",
    };
    let held = hook
        .holding
        .map(|state| format!(" The lock of {} is held.", module.states[state].name));
    let called = format!(
        "Called by {}. {place}{}",
        hook.callers.join(", "),
        held.unwrap_or_default()
    );
    let text = HookText {
        comment: comment(&[format!("{} - {about}", hook.name), called]),
        prototype: prototype(module, hook),
    };
    crate::Hook {
        function: format!("{}_{}", module.name, hook.name),
        text: rendered(&text).trim_end().to_owned(),
    }
}

/// How the function is declared.
pub fn prototype(module: &Module, hook: &Hook) -> String {
    let module = &module.name;
    let item = match hook.call {
        Some(Call::Item(kind)) => format!(", {} item", place::type_name(kind)),
        _ => String::new(),
    };
    format!(
        "void {module}_{}(struct {module}_ctx *ctx{item})",
        hook.name
    )
}
