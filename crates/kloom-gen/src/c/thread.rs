//! Threads.

use super::body::Body;
use super::part::{Fails, Member, Part, Step};
use super::statement::Statement;
use super::{place, text, time, wait};
use crate::layout::indent;
use askama::Template;
use kloom_spec::{Action, Context, Count, Drive, Module, Period, Priority, Thread};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Template)]
#[template(path = "c/thread.c", block = "function")]
struct Function<'a> {
    module: &'a str,
    name: &'a str,
    uses_context: bool,
    locals: Vec<String>,
    freezable: bool,
    test: Option<&'a str>,
    body: String,
}

#[derive(Template)]
#[template(path = "c/thread.c", block = "several")]
struct Several<'a> {
    module: &'a str,
    name: &'a str,
    define: &'a str,
}

#[derive(Template)]
#[template(path = "c/thread.c", block = "per_cpu")]
struct PerCpu<'a> {
    module: &'a str,
    name: &'a str,
}

#[derive(Template)]
#[template(path = "c/thread.c", block = "park")]
struct Park<'a> {
    module: &'a str,
    name: &'a str,
}

#[derive(Template)]
#[template(path = "c/thread.c", block = "parking")]
struct Parking<'a> {
    name: &'a str,
}

/// What a thread brings.
pub fn part(module: &Module, thread: &Thread) -> Part {
    let mut part = Part::default();
    part.headers.extend(["err.h", "kthread.h", "sched.h"]);
    part.functions
        .push(function(module, thread, &mut part.headers));
    if let Drive::Every(period) | Drive::Queue(_, Some(period)) = thread.drive {
        part.defines
            .extend(time::define(module, &thread.name, period));
    }
    if is_parked(module, thread) {
        let name = &thread.name;
        part.types.extend(["mutex.h", "types.h"]);
        part.members.push(Member {
            name: format!("{name}_park"),
            about: format!("whether {name} is parked; under its lock"),
            text: format!("\t{}", text(&Parking { name })),
        });
        part.begin
            .push(format!("mutex_init(&ctx->{name}_park.lock);"));
        part.functions.push(text(&Park {
            module: &module.name,
            name,
        }));
    }
    match thread.count {
        Count::One => one(module, thread, &mut part),
        Count::Several(count) => several(module, thread, count, &mut part),
        Count::PerCpu => per_cpu(module, thread, &mut part),
    }
    part
}

/// Whether anything of the module parks a thread or lets it go on.
fn is_parked(module: &Module, thread: &Thread) -> bool {
    let doers = module.doers();
    let mut actions = doers.iter().flat_map(|doer| &doer.does);
    actions.any(|action| match action {
        Action::Park(at) | Action::Unpark(at) => module.threads[*at].name == thread.name,
        _ => false,
    })
}

/// The text of the thread function.
fn function(module: &Module, thread: &Thread, headers: &mut BTreeSet<&'static str>) -> String {
    let mut locals: BTreeMap<String, &'static str> = BTreeMap::new();
    let (mut lines, mut held) = (Vec::new(), None);
    if thread.parkable {
        lines.push("if (kthread_should_park())\n\tkthread_parkme();".to_owned());
    }
    let mut in_vain = Body::new(module, Context::Process, None);
    let mut declared = Vec::new();
    match &thread.drive {
        Drive::Queue(queue, _) => {
            let queue = &module.queues[*queue];
            headers.insert("wait.h");
            if queue.timeout.is_some() {
                headers.extend(["jiffies.h", "ktime.h"]);
            }
            let (wait, lock) = wait::wait(
                module,
                queue,
                thread.parkable,
                &thread.on_timeout,
                &mut in_vain,
                &mut locals,
            );
            lines.push(wait);
            declared.extend(in_vain.locals());
            held = lock;
        }
        Drive::Completion(at) => {
            headers.insert("completion.h");
            let place = place::member(&module.completions[*at].name);
            lines.push(format!(
                "if (wait_for_completion_interruptible(&{place}))\n\tcontinue;"
            ));
        }
        Drive::Items(fifo, hook) => {
            headers.insert("wait.h");
            let known = &module.fifos[*fifo];
            let (place, item) = (place::member(&known.name), "item");
            locals.insert(item.to_owned(), place::type_name(known.item));
            let wait = if thread.freezable {
                "wait_event_freezable"
            } else {
                "wait_event_interruptible"
            };
            let stop = wait::stop_test(thread.parkable);
            let hook = &module.hooks[*hook].name;
            lines.push(format!(
                "{wait}({place}.readable, !kfifo_is_empty(&{place}.items) || {stop});"
            ));
            let taken = format!("kfifo_out_spinlocked(&{place}.items, &{item}, 1, &{place}.lock)");
            let wakes = match known.is_written {
                true => format!("\twake_up_interruptible(&{place}.writable);\n"),
                false => String::new(),
            };
            lines.push(format!(
                "if ({taken}) {{\n{wakes}\t{}_{hook}(ctx, {item});\n}}",
                module.name
            ));
        }
        Drive::Own(hook) => lines.push(format!(
            "{}_{}(ctx);",
            module.name, module.hooks[*hook].name
        )),
        Drive::Every(_) | Drive::Once => {}
    }
    let mut body = Body::new(module, Context::Process, held);
    if !matches!(thread.drive, Drive::Items(..)) {
        body.actions(&thread.does);
    }
    if let Drive::Every(period) | Drive::Queue(_, Some(period)) = thread.drive {
        body.push(pause(module, thread, period, headers));
    }
    lines.push(body.text());
    headers.extend(&body.headers);
    headers.extend(&in_vain.headers);
    declared.extend(body.locals());
    declared.extend(locals.iter().map(|(name, kind)| format!("{kind} {name};")));
    declared.sort();
    declared.dedup();
    let freezable = thread.freezable;
    if freezable {
        headers.insert("freezer.h");
    }
    let test = match thread.drive {
        Drive::Own(_) | Drive::Once => None,
        Drive::Every(_) if freezable => Some("!kthread_freezable_should_stop(NULL)"),
        _ => Some("!kthread_should_stop()"),
    };
    let lines = lines.join("\n");
    text(&Function {
        module: &module.name,
        name: &thread.name,
        uses_context: lines.contains("ctx"),
        locals: declared,
        freezable,
        test,
        body: indent(&lines, if test.is_some() { 2 } else { 1 }),
    })
}

/// The pause between two rounds.
fn pause(
    module: &Module,
    thread: &Thread,
    period: Period,
    headers: &mut BTreeSet<&'static str>,
) -> Statement {
    match period {
        Period::Fixed(time) if time::fine(time) => {
            headers.insert("delay.h");
            Statement::ShortSleep {
                define: time::constant(module, &thread.name, time),
            }
        }
        _ => {
            headers.insert("jiffies.h");
            Statement::Sleep {
                delay: time::delay(module, &thread.name, period),
            }
        }
    }
}

fn about(thread: &Thread) -> String {
    let kind = if matches!(thread.count, Count::One) {
        "thread"
    } else {
        "threads"
    };
    format!(
        "{kind}: {}",
        thread.about.as_deref().unwrap_or("the module's own")
    )
}

fn one(module: &Module, thread: &Thread, part: &mut Part) {
    let (m, name) = (&module.name, &thread.name);
    let place = place::member(name);
    part.member(name, about(thread), format!("struct task_struct *{name};"));
    let settings = settings(thread, &place, &mut part.headers);
    let ends = matches!(thread.drive, Drive::Once | Drive::Own(_));
    let mut then = settings;
    if ends {
        // It may end before it is stopped; the reference keeps what is stopped.
        part.headers.insert("sched/task.h");
        then.push(format!("get_task_struct({place});"));
    }
    let function = format!("{m}_{name}_thread");
    let set_up = match thread.node {
        Some(node) => {
            let node = time::parameter(module, node);
            format!("{place} = kthread_create_on_node({function}, ctx, {node}, \"{name}\");")
        }
        None if then.is_empty() => format!("{place} = kthread_run({function}, ctx, \"{name}\");"),
        None => format!("{place} = kthread_create({function}, ctx, \"{name}\");"),
    };
    if thread.node.is_some() || !then.is_empty() {
        then.push(format!("wake_up_process({place});"));
    }
    let undo = match ends {
        true => format!("kthread_stop({place});\nput_task_struct({place});"),
        false => format!("kthread_stop({place});"),
    };
    part.steps.push(Step {
        set_up,
        fails: Fails::Pointer(place),
        then: then.join("\n"),
        undo,
        label: format!("err_stop_{name}"),
    });
}

/// What has to be set before a thread runs.
fn settings(thread: &Thread, place: &str, headers: &mut BTreeSet<&'static str>) -> Vec<String> {
    let cpu = thread
        .cpu
        .map(|cpu| format!("kthread_bind({place}, {cpu});"));
    let nice = thread
        .nice
        .map(|nice| format!("set_user_nice({place}, {nice});"));
    let priority = thread.priority.map(|priority| match priority {
        Priority::Fifo => format!("sched_set_fifo({place});"),
        Priority::FifoLow => format!("sched_set_fifo_low({place});"),
    });
    if priority.is_some() {
        headers.insert("sched.h");
    }
    cpu.into_iter().chain(nice).chain(priority).collect()
}

fn several(module: &Module, thread: &Thread, count: u32, part: &mut Part) {
    let (m, name) = (&module.name, &thread.name);
    let define = format!("{}_{}_COUNT", m.to_uppercase(), name.to_uppercase());
    part.constants.push(format!("#define {define} {count}"));
    part.member(
        name,
        about(thread),
        format!("struct task_struct *{name}[{define}];"),
    );
    part.functions.push(text(&Several {
        module: m,
        name,
        define: &define,
    }));
    part.steps.push(Step {
        set_up: format!("ret = {m}_{name}_start(ctx);"),
        fails: Fails::Nonzero,
        then: String::new(),
        undo: format!("{m}_{name}_stop(ctx, {define});"),
        label: format!("err_stop_{name}"),
    });
}

fn per_cpu(module: &Module, thread: &Thread, part: &mut Part) {
    let (m, name) = (&module.name, &thread.name);
    part.headers.extend(["cpuhotplug.h", "percpu.h"]);
    part.types.insert("cpuhotplug.h");
    part.member(name, about(thread), format!("enum cpuhp_state {name};"));
    part.functions.push(text(&PerCpu { module: m, name }));
    part.steps.push(Step {
        set_up: format!(
            "ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, \"{m}/{name}:online\", {m}_{name}_online, {m}_{name}_offline);"
        ),
        fails: Fails::Negative,
        then: format!("ctx->{name} = ret;"),
        undo: format!("cpuhp_remove_state(ctx->{name});"),
        label: format!("err_remove_{name}"),
    });
}
