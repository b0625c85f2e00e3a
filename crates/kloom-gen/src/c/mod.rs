//! Modules in C.

mod body;
mod compat;
mod files;
mod hooks;
mod init;
mod lock;
mod part;
mod place;
mod shared;
mod statement;
mod thread;
mod time;
mod wait;
mod work;

use crate::layout::{indent, settled};
use crate::{File, Hook, Owner, rendered};
use askama::Template;
use kloom_spec::{Action, Module, Thing};
use part::{Member, Part};
use std::collections::BTreeSet;

#[derive(Template)]
#[template(path = "c/main.c")]
struct Main<'a> {
    spdx: &'a str,
    logs: bool,
    headers: BTreeSet<&'static str>,
    name: &'a str,
    has_hooks: bool,
    defines: Vec<String>,
    context: String,
    functions: Vec<String>,
    init: init::Init,
    exit: String,
    authors: &'a [String],
    description: &'a str,
    license: &'a str,
    version: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "c/context.h")]
struct ContextStruct<'a> {
    name: &'a str,
    constants: Vec<String>,
    members: &'a [Member],
}

#[derive(Template)]
#[template(path = "c/module.h")]
struct Header<'a> {
    spdx: &'a str,
    guard: String,
    headers: BTreeSet<&'static str>,
    name: &'a str,
    context: String,
    hooks: Vec<String>,
}

/// The name of the file with the generated code.
pub fn main_file(module: &Module) -> String {
    match module.hooks.is_empty() {
        true => format!("{}.c", module.name),
        false => format!("{}_main.c", module.name),
    }
}

/// The sources of a module.
pub fn files(module: &Module) -> Vec<File> {
    let parts = parts(module);
    let members: Vec<Member> = parts.iter().flat_map(|part| part.members.clone()).collect();
    let context = ContextStruct {
        name: &module.name,
        constants: parts
            .iter()
            .flat_map(|part| part.constants.clone())
            .collect(),
        members: &members,
    };
    let context = rendered(&context).trim_end().to_owned();
    let mut files = vec![main(module, &parts, &context)];
    if !module.hooks.is_empty() {
        files.push(header(module, &parts, context));
        files.push(hooks::file(module));
    }
    files
}

/// The functions that the author writes.
pub fn hooks(module: &Module) -> Vec<Hook> {
    module
        .hooks
        .iter()
        .map(|hook| hooks::hook(module, hook))
        .collect()
}

/// What each thing of the module brings, in the order in which they are started.
fn parts(module: &Module) -> Vec<Part> {
    let mut parts = vec![compat::part(module)];
    parts.extend(shared::parts(module));
    parts.extend(module.order.iter().map(|thing| match *thing {
        Thing::Workqueue(at) => work::workqueue(module, &module.workqueues[at]),
        Thing::Worker(at) => work::worker(module, &module.workers[at]),
        Thing::Work(at) => work::work(module, at),
        Thing::Timer(at) => work::timer(module, at),
        Thing::Thread(at) => thread::part(module, &module.threads[at]),
        Thing::Attributes => files::attributes(module),
        Thing::Debugfs => files::debugfs(module),
        Thing::Proc(at) => files::proc(module, &module.procs[at]),
        Thing::Device(at) => files::device(module, &module.devices[at]),
    }));
    parts
}

/// The text of a template, without a newline at its end.
fn text(template: &impl Template) -> String {
    rendered(template).trim_end().to_owned()
}

fn main(module: &Module, parts: &[Part], context: &str) -> File {
    let has_hooks = !module.hooks.is_empty();
    let mut headers: BTreeSet<&'static str> = ["init.h", "module.h"].into();
    headers.extend(parts.iter().flat_map(|part| &part.headers));
    if !has_hooks {
        headers.extend(parts.iter().flat_map(|part| &part.types));
    }
    let exit = init::exit(parts);
    let main = Main {
        spdx: &module.license.spdx,
        logs: logs(module),
        headers,
        name: &module.name,
        has_hooks,
        defines: parts.iter().flat_map(|part| part.defines.clone()).collect(),
        context: context.to_owned(),
        functions: parts
            .iter()
            .flat_map(|part| part.functions.clone())
            .collect(),
        init: init::init(parts),
        exit: indent(&exit, 1),
        authors: &module.authors,
        description: &module.description,
        license: module.license.kernel,
        version: module.version.as_deref(),
    };
    File {
        path: main_file(module),
        text: settled(&rendered(&main)),
        owner: Owner::Generator,
    }
}

fn header(module: &Module, parts: &[Part], context: String) -> File {
    let header = Header {
        spdx: &module.license.spdx,
        guard: module.name.to_uppercase(),
        headers: parts.iter().flat_map(|part| part.types.clone()).collect(),
        name: &module.name,
        context,
        hooks: module
            .hooks
            .iter()
            .map(|hook| hooks::prototype(module, hook))
            .collect(),
    };
    File {
        path: format!("{}.h", module.name),
        text: settled(&rendered(&header)),
        owner: Owner::Generator,
    }
}

/// Whether anything is printed to the kernel's log.
fn logs(module: &Module) -> bool {
    let doers = module.doers();
    let mut actions = doers.iter().flat_map(|doer| &doer.does);
    actions.any(|action| matches!(action, Action::Log(_) | Action::Push(..)))
}
