//! Workers, workqueues, works and timers.

use super::body::{Body, arm, queue_work};
use super::part::{Fails, Part, Step};
use super::place::{self, BOUND_BY_FLAG};
use super::{compat, text, time};
use crate::layout::indent;
use askama::Template;
use kloom_spec::{Context, Module, Named, On, Timer, When, Work, Workqueue};

#[derive(Template)]
#[template(path = "c/work.c")]
struct WorkFunction<'a> {
    module: &'a str,
    name: &'a str,
    argument: &'a str,
    inner: &'a str,
    member: String,
    uses_context: bool,
    locals: Vec<String>,
    body: String,
}

#[derive(Template)]
#[template(path = "c/timer.c", block = "wheel")]
struct WheelFunction<'a> {
    module: &'a str,
    name: &'a str,
    uses_context: bool,
    locals: Vec<String>,
    body: String,
}

#[derive(Template)]
#[template(path = "c/timer.c", block = "precise")]
struct PreciseFunction<'a> {
    module: &'a str,
    name: &'a str,
    uses_context: bool,
    locals: Vec<String>,
    body: String,
    period: Option<String>,
}

/// What a worker brings.
pub fn worker(module: &Module, worker: &Named) -> Part {
    let mut part = Part::default();
    let name = &worker.name;
    part.headers.extend(["err.h", "kthread.h"]);
    let about = worker.about.as_deref().unwrap_or("runs works");
    part.member(
        name,
        format!("worker: {about}"),
        format!("struct kthread_worker *{name};"),
    );
    part.steps.push(Step {
        set_up: format!("ctx->{name} = {};", compat::run_worker(module, name)),
        fails: Fails::Pointer(format!("ctx->{name}")),
        then: String::new(),
        undo: format!("kthread_destroy_worker(ctx->{name});"),
        label: format!("err_destroy_{name}"),
    });
    part
}

/// What a workqueue brings.
pub fn workqueue(module: &Module, queue: &Workqueue) -> Part {
    let mut part = Part::default();
    let name = &queue.name;
    part.headers.insert("workqueue.h");
    let about = queue.about.as_deref().unwrap_or("runs works");
    part.member(
        name,
        format!("workqueue: {about}"),
        format!("struct workqueue_struct *{name};"),
    );
    let mut flags = Vec::new();
    if queue.freezable {
        flags.push("WQ_FREEZABLE".to_owned());
    }
    if queue.reclaim {
        flags.push("WQ_MEM_RECLAIM".to_owned());
    }
    let set_up = if queue.ordered {
        let flags = if flags.is_empty() {
            "0".to_owned()
        } else {
            flags.join(" | ")
        };
        format!(
            "ctx->{name} = alloc_ordered_workqueue(\"{}_{name}\", {flags});",
            module.name
        )
    } else {
        if queue.high_priority {
            flags.push("WQ_HIGHPRI".to_owned());
        }
        if queue.unbound {
            flags.push("WQ_UNBOUND".to_owned());
        } else if module.kernel.min >= BOUND_BY_FLAG {
            flags.push("WQ_PERCPU".to_owned());
        } else if module.kernel.max >= BOUND_BY_FLAG {
            flags.push(format!("{}_WQ_PERCPU", module.name.to_uppercase()));
        }
        let flags = if flags.is_empty() {
            "0".to_owned()
        } else {
            flags.join(" | ")
        };
        format!(
            "ctx->{name} = alloc_workqueue(\"{}_{name}\", {flags}, 0);",
            module.name
        )
    };
    part.steps.push(Step {
        set_up,
        fails: Fails::If(format!("!ctx->{name}"), "-ENOMEM"),
        then: String::new(),
        undo: format!("destroy_workqueue(ctx->{name});"),
        label: format!("err_destroy_{name}"),
    });
    part
}

/// What a work brings.
pub fn work(module: &Module, at: usize) -> Part {
    let work = &module.works[at];
    let mut part = Part::default();
    let name = &work.name;
    let own = matches!(work.on, On::Worker(_));
    let delayed = work.delay.is_some();
    part.types
        .insert(if own { "kthread.h" } else { "workqueue.h" });
    let (kind, argument, inner, init, cancel) = match (own, delayed) {
        (false, false) => (
            "work_struct",
            "work_struct",
            "work",
            "INIT_WORK",
            "cancel_work_sync",
        ),
        (false, true) => (
            "delayed_work",
            "work_struct",
            "to_delayed_work(work)",
            "INIT_DELAYED_WORK",
            "cancel_delayed_work_sync",
        ),
        (true, false) => (
            "kthread_work",
            "kthread_work",
            "work",
            "kthread_init_work",
            "kthread_cancel_work_sync",
        ),
        (true, true) => (
            "kthread_delayed_work",
            "kthread_work",
            "work",
            "kthread_init_delayed_work",
            "kthread_cancel_delayed_work_sync",
        ),
    };
    let about = work.about.as_deref().unwrap_or("the module's own");
    part.member(
        name,
        format!("work: {about}"),
        format!("struct {kind} {name};"),
    );
    part.defines.extend(
        work.delay
            .and_then(|delay| time::define(module, name, delay)),
    );
    let mut body = Body::new(module, Context::Process, None);
    body.actions(&work.does);
    if work.repeats {
        body.push(queue_work(module, at, &mut part.headers));
    }
    part.headers.extend(&body.headers);
    let lines = body.text();
    part.functions.push(text(&WorkFunction {
        module: &module.name,
        name,
        argument,
        inner,
        member: if own && delayed {
            format!("{name}.work")
        } else {
            name.clone()
        },
        uses_context: lines.contains("ctx"),
        locals: body.locals(),
        body: indent(&lines, 1),
    }));
    part.begin.push(format!(
        "{init}(&ctx->{name}, {}_{name}_work);",
        module.name
    ));
    let set_up = match work.at_load {
        true => queue_work(module, at, &mut part.headers).text(module),
        false => String::new(),
    };
    part.steps.push(Step {
        set_up,
        fails: Fails::Never,
        then: String::new(),
        undo: format!("{cancel}(&ctx->{name});"),
        label: format!("err_cancel_{name}"),
    });
    part
}

/// What a timer brings.
pub fn timer(module: &Module, at: usize) -> Part {
    let timer = &module.timers[at];
    let mut part = Part::default();
    let name = &timer.name;
    let (When::Every(period) | When::After(period)) = timer.when;
    let repeats = matches!(timer.when, When::Every(_));
    part.defines.extend(time::define(module, name, period));
    let about = timer.about.as_deref().unwrap_or("the module's own");
    let kind = if timer.precise {
        "hrtimer"
    } else {
        "timer_list"
    };
    part.types.insert(if timer.precise {
        "hrtimer.h"
    } else {
        "timer.h"
    });
    part.member(
        name,
        format!("timer: {about}"),
        format!("struct {kind} {name};"),
    );
    part.functions
        .push(function(module, at, timer, repeats, &mut part.headers));
    part.begin.push(match timer.precise {
        true => compat::hrtimer_setup(module, name),
        false => format!(
            "timer_setup(&ctx->{name}, {}_{name}_timer, 0);",
            module.name
        ),
    });
    let set_up = match repeats {
        true => arm(module, at, &mut part.headers).text(module),
        false => String::new(),
    };
    let undo = match timer.precise {
        true => format!("hrtimer_cancel(&ctx->{name});"),
        false => format!("timer_shutdown_sync(&ctx->{name});"),
    };
    part.steps.push(Step {
        set_up,
        fails: Fails::Never,
        then: String::new(),
        undo,
        label: format!("err_cancel_{name}"),
    });
    part
}

fn function(
    module: &Module,
    at: usize,
    timer: &Timer,
    repeats: bool,
    headers: &mut std::collections::BTreeSet<&'static str>,
) -> String {
    let mut body = Body::new(module, timer.context(), None);
    body.actions(&timer.does);
    if repeats && !timer.precise {
        body.push(arm(module, at, headers));
    }
    headers.extend(&body.headers);
    let lines = body.text();
    let (When::Every(period) | When::After(period)) = timer.when;
    let (name, uses_context) = (timer.name.as_str(), lines.contains("ctx"));
    match timer.precise {
        true => text(&PreciseFunction {
            module: &module.name,
            name,
            uses_context,
            locals: body.locals(),
            body: indent(&lines, 1),
            period: repeats.then(|| time::precise(module, name, period)),
        }),
        false => text(&WheelFunction {
            module: &module.name,
            name,
            uses_context,
            locals: body.locals(),
            body: indent(&lines, 1),
        }),
    }
}

/// Whether a name is that of a queue of the kernel that is called differently in the range.
pub fn uses_unbound(module: &Module) -> bool {
    let mut works = module.works.iter();
    works.any(|work: &Work| place::workqueue(module, work.on).ends_with("_UNBOUND_WQ"))
}
