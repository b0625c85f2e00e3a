//! Waits of threads, and the conditions they wait for.

use super::body::Body;
use super::{lock, place, text, time};
use crate::layout::indent;
use askama::Template;
use kloom_spec::{
    Action, Compare, Condition, Context, Module, Queue, Sharing, Test, WaitKind, WaitLock,
};
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "c/wait.c")]
struct Wait<'a> {
    taken: Option<String>,
    result: Option<&'a str>,
    function: String,
    arguments: String,
    parkable: bool,
    given: Option<String>,
    vain: Option<&'a str>,
    on_timeout: String,
}

#[derive(Template)]
#[template(path = "c/condition.c")]
struct Met<'a> {
    module: &'a str,
    name: &'a str,
    locked: Option<(String, String)>,
    sequence: Option<String>,
    test: String,
}

/// What ends a wait besides its condition.
pub fn stop_test(parkable: bool) -> &'static str {
    match parkable {
        true => "kthread_should_stop() || kthread_should_park()",
        false => "kthread_should_stop()",
    }
}

/// The wait that begins a round; gives the state whose lock is held behind it.
pub fn wait(
    module: &Module,
    queue: &Queue,
    parkable: bool,
    on_timeout: &[Action],
    body: &mut Body<'_>,
    locals: &mut BTreeMap<String, &'static str>,
) -> (String, Option<usize>) {
    let held = queue.lock.and(queue.until.locked);
    let lock = held.map(|state| lock::of_state(module, state, Context::Process).texts());
    let (taken, given) = lock.unzip();
    let result = queue.timeout.map(|timeout| match timeout.precise {
        true => ("ret", "int"),
        false => ("left", "long"),
    });
    if let Some((name, kind)) = result {
        locals.insert(name.to_owned(), kind);
    }
    let vain = queue
        .timeout
        .map(|timeout| match (timeout.precise, queue.kind) {
            (true, _) => "ret",
            (false, WaitKind::Uninterruptible | WaitKind::Idle) => "!left",
            (false, _) => "left <= 0",
        });
    body.actions(on_timeout);
    let wait = Wait {
        taken,
        result: result.map(|(name, _)| name),
        function: function(queue),
        arguments: arguments(module, queue, parkable, held),
        parkable,
        given,
        vain,
        on_timeout: indent(&body.text(), 1),
    };
    (text(&wait), held)
}

fn arguments(module: &Module, queue: &Queue, parkable: bool, held: Option<usize>) -> String {
    let mut arguments = vec![
        place::member(&queue.name),
        format!(
            "{}_{}_met(ctx) || {}",
            module.name,
            queue.name,
            stop_test(parkable)
        ),
    ];
    if let (Some(WaitLock::StateIrq), Some(state)) = (queue.lock, held) {
        arguments.push(place::lock(module, state));
    }
    arguments.extend(
        queue
            .timeout
            .map(|timeout| time::timeout(module, &queue.name, timeout)),
    );
    arguments.join(", ")
}

/// The name of the wait: what it may be ended by, how it is woken, what it drops, how long it takes.
fn function(queue: &Queue) -> String {
    let kind = match queue.kind {
        WaitKind::Interruptible => "_interruptible",
        WaitKind::Uninterruptible => "",
        WaitKind::Killable => "_killable",
        WaitKind::Idle => "_idle",
        WaitKind::Freezable => "_freezable",
    };
    let exclusive = if queue.exclusive { "_exclusive" } else { "" };
    let lock = match queue.lock {
        None => "",
        Some(WaitLock::Own) => "_locked",
        Some(WaitLock::OwnIrq) => "_locked_irq",
        Some(WaitLock::StateIrq) => "_lock_irq",
    };
    let timeout = match queue.timeout {
        None => "",
        Some(timeout) if timeout.precise => "_hrtimeout",
        Some(_) => "_timeout",
    };
    format!("wait_event{kind}{exclusive}{lock}{timeout}")
}

/// The function that says whether the condition of a queue holds.
pub fn met(module: &Module, queue: &Queue) -> String {
    let Condition { tests, all, locked } = &queue.until;
    let join = if *all { " && " } else { " || " };
    let tests: Vec<String> = tests.iter().map(|test| expression(module, test)).collect();
    let state = locked.filter(|_| queue.lock.is_none());
    let is_sequence = |state: usize| module.states[state].sharing == Sharing::Seqlock;
    let met = Met {
        module: &module.name,
        name: &queue.name,
        locked: state
            .filter(|state| !is_sequence(*state))
            .map(|state| lock::of_state(module, state, Context::Process).texts()),
        sequence: state
            .filter(|state| is_sequence(*state))
            .map(|state| place::lock(module, state)),
        test: tests.join(join),
    };
    text(&met)
}

fn expression(module: &Module, test: &Test) -> String {
    let state = &module.states[test.field.state];
    let place = place::field(module, test.field);
    let kind = state.fields[test.field.field].kind;
    let read = match state.sharing {
        Sharing::Atomic => format!("{}_read(&{place})", place::atomic(kind)),
        Sharing::Once => format!("READ_ONCE({place})"),
        _ => place,
    };
    match (test.compare, test.negated) {
        (None, false) => read,
        (None, true) => format!("!{read}"),
        (Some((compare, number)), negated) => {
            format!("{read} {} {number}", operator(compare, negated))
        }
    }
}

fn operator(compare: Compare, negated: bool) -> &'static str {
    match (compare, negated) {
        (Compare::Less, false) | (Compare::AtLeast, true) => "<",
        (Compare::AtMost, false) | (Compare::Greater, true) => "<=",
        (Compare::Greater, false) | (Compare::AtMost, true) => ">",
        (Compare::AtLeast, false) | (Compare::Less, true) => ">=",
        (Compare::Equal, false) | (Compare::Unequal, true) => "==",
        (Compare::Unequal, false) | (Compare::Equal, true) => "!=",
    }
}
