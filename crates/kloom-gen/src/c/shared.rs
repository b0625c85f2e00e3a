//! Members for what is shared: states, fifos, queues, completions; and parameters.

use super::part::{Fails, Member, Part, Step};
use super::{place, text, time, wait};
use askama::Template;
use kloom_spec::{Context, Fifo, Module, Sharing, State, Type};

#[derive(Template)]
#[template(path = "c/state.h")]
struct StateMember<'a> {
    name: &'a str,
    lock: Option<&'a str>,
    fields: Vec<String>,
}

#[derive(Template)]
#[template(path = "c/fifo.h")]
struct FifoMember<'a> {
    name: &'a str,
    item: &'a str,
    size: u32,
    locks: bool,
    reads: bool,
    writes: bool,
}

/// Everything that is shared.
pub fn parts(module: &Module) -> Vec<Part> {
    let mut parts = vec![parameters(module)];
    parts.extend((0..module.states.len()).map(|at| state(module, at)));
    parts.extend(module.fifos.iter().map(fifo));
    parts.extend(module.queues.iter().map(|queue| {
        let mut part = Part::default();
        part.types.insert("wait.h");
        let about = queue
            .about
            .clone()
            .unwrap_or_else(|| "those who wait".to_owned());
        part.member(
            &queue.name,
            about,
            format!("wait_queue_head_t {};", queue.name),
        );
        part.begin
            .push(format!("init_waitqueue_head(&ctx->{});", queue.name));
        part.functions.push(wait::met(module, queue));
        part.defines.extend(
            queue
                .timeout
                .and_then(|timeout| time::timeout_define(module, &queue.name, timeout)),
        );
        part
    }));
    parts.extend(module.completions.iter().map(|completion| {
        let mut part = Part::default();
        part.types.insert("completion.h");
        let about = completion
            .about
            .clone()
            .unwrap_or_else(|| "an event".to_owned());
        part.member(
            &completion.name,
            about,
            format!("struct completion {};", completion.name),
        );
        part.begin
            .push(format!("init_completion(&ctx->{});", completion.name));
        part
    }));
    parts
}

fn parameters(module: &Module) -> Part {
    let mut part = Part::default();
    for (at, parameter) in module.parameters.iter().enumerate() {
        let (variable, name) = (time::parameter(module, at), &parameter.name);
        part.headers.insert("moduleparam.h");
        // The kernel's style leaves out what is 0 anyway.
        let initial = match parameter.default {
            0 => String::new(),
            default => format!(" = {default}"),
        };
        part.defines.push(format!(
            "static unsigned int {variable}{initial};\nmodule_param_named({name}, {variable}, uint, 0444);\nMODULE_PARM_DESC({name}, \"{}\");\n",
            parameter.about
        ));
        let low = (parameter.min > 0).then(|| format!("{variable} < {}", parameter.min));
        let high = parameter.max.map(|max| format!("{variable} > {max}"));
        let bad: Vec<String> = low.into_iter().chain(high).collect();
        if !bad.is_empty() {
            part.steps.push(Step::test(bad.join(" || "), "-EINVAL"));
        }
    }
    for node in module.threads.iter().filter_map(|thread| thread.node) {
        let variable = time::parameter(module, node);
        part.headers.insert("nodemask.h");
        part.steps.push(Step::test(
            format!("{variable} >= MAX_NUMNODES || !node_online({variable})"),
            "-EINVAL",
        ));
    }
    part
}

fn state(module: &Module, at: usize) -> Part {
    let state = &module.states[at];
    let mut part = Part::default();
    let (lock, header, init) = match state.sharing {
        Sharing::Spinlock => (
            Some("spinlock_t"),
            Some("spinlock.h"),
            Some("spin_lock_init"),
        ),
        Sharing::Mutex => (Some("struct mutex"), Some("mutex.h"), Some("mutex_init")),
        Sharing::Seqlock => (Some("seqlock_t"), Some("seqlock.h"), Some("seqlock_init")),
        Sharing::Queue | Sharing::Once => (None, None, None),
        Sharing::Atomic => (None, Some("atomic.h"), None),
    };
    part.types.insert("types.h");
    part.types.extend(header);
    let member = StateMember {
        name: &state.name,
        lock,
        fields: state
            .fields
            .iter()
            .map(|field| declaration(state, &field.name, field.kind))
            .collect(),
    };
    part.members.push(Member {
        name: state.name.clone(),
        about: about(module, at),
        text: text(&member),
    });
    if let Some(init) = init {
        part.begin
            .push(format!("{init}(&ctx->{}.lock);", state.name));
    }
    for (field, known) in state
        .fields
        .iter()
        .enumerate()
        .filter(|(_, known)| known.initial != 0)
    {
        let place = place::field(module, kloom_spec::FieldRef { state: at, field });
        let value = place::value(known.kind, known.initial);
        part.begin.push(match state.sharing {
            Sharing::Atomic => format!("{}_set(&{place}, {value});", place::atomic(known.kind)),
            _ => format!("{place} = {value};"),
        });
    }
    part
}

fn declaration(state: &State, name: &str, kind: Type) -> String {
    match state.sharing {
        Sharing::Atomic => format!("{}_t {name}", place::atomic(kind)),
        _ => format!("{} {name}", place::type_name(kind)),
    }
}

/// What a state is for, and what its users have to do.
fn about(module: &Module, at: usize) -> String {
    let state = &module.states[at];
    let is = state
        .about
        .clone()
        .unwrap_or_else(|| "shared fields".to_owned());
    let kept = match (state.sharing, super::lock::strictest(module, at)) {
        (Sharing::Queue, _) => format!("under {}", place::lock(module, at).replace("ctx->", "")),
        (Sharing::Atomic, _) => "atomic".to_owned(),
        (Sharing::Once, _) => "by READ_ONCE() and WRITE_ONCE()".to_owned(),
        (Sharing::Mutex, _) => "under its mutex".to_owned(),
        (_, Context::Hard) => "under its lock, interrupts off".to_owned(),
        (_, Context::Soft) => "under its lock, soft interrupts off".to_owned(),
        _ => "under its lock".to_owned(),
    };
    format!("{is}; {kept}")
}

fn fifo(fifo: &Fifo) -> Part {
    let mut part = Part::default();
    part.types.extend(["kfifo.h", "types.h", "wait.h"]);
    let name = &fifo.name;
    let member = FifoMember {
        name,
        item: place::type_name(fifo.item),
        size: fifo.size,
        locks: fifo.strictest.is_some(),
        reads: fifo.is_read,
        writes: fifo.is_written,
    };
    part.members.push(Member {
        name: name.clone(),
        about: fifo
            .about
            .clone()
            .unwrap_or_else(|| "items on their way".to_owned()),
        text: text(&member),
    });
    part.begin.push(format!("INIT_KFIFO(ctx->{name}.items);"));
    if fifo.strictest.is_some() {
        part.types.insert("spinlock.h");
        part.begin
            .push(format!("spin_lock_init(&ctx->{name}.lock);"));
    }
    for (is, mutex) in [(fifo.is_read, "reading"), (fifo.is_written, "writing")] {
        if is {
            part.types.insert("mutex.h");
            part.begin
                .push(format!("mutex_init(&ctx->{name}.{mutex});"));
        }
    }
    part.begin
        .push(format!("init_waitqueue_head(&ctx->{name}.readable);"));
    if fifo.is_written {
        part.begin
            .push(format!("init_waitqueue_head(&ctx->{name}.writable);"));
    }
    part
}

impl Step {
    /// A test that nothing has to be undone for.
    fn test(bad: String, error: &'static str) -> Step {
        Step {
            set_up: String::new(),
            fails: Fails::If(bad, error),
            then: String::new(),
            undo: String::new(),
            label: String::new(),
        }
    }
}
