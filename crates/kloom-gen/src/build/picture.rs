//! Who does what to whom, as a Mermaid flow chart.

use kloom_spec::{Action, Doer, Drive, Module, Thing};
use std::fmt::Write as _;

/// The chart.
pub fn picture(module: &Module) -> String {
    let mut out = String::from("flowchart LR\n");
    for doer in module.doers() {
        let id = id(module, &doer);
        let _ = writeln!(out, "    {id}[{}]", doer.name);
        for action in &doer.does {
            if let Some((verb, other)) = arrow(module, action) {
                let _ = writeln!(out, "    {id} -->|{verb}| {other}");
            }
        }
    }
    for thread in &module.threads {
        let (from, verb) = match thread.drive {
            Drive::Queue(queue, _) => (&module.queues[queue].name, "wakes"),
            Drive::Completion(at) => (&module.completions[at].name, "wakes"),
            Drive::Items(fifo, _) => (&module.fifos[fifo].name, "items"),
            Drive::Every(_) | Drive::Own(_) | Drive::Once => continue,
        };
        let _ = writeln!(out, "    {from} -->|{verb}| {}", thread.name);
    }
    for device in &module.devices {
        if let Some(fifo) = device.reads {
            let _ = writeln!(
                out,
                "    {} -->|read| {}",
                module.fifos[fifo].name, device.name
            );
        }
        if let Some(fifo) = device.writes {
            let _ = writeln!(
                out,
                "    {} -->|write| {}",
                device.name, module.fifos[fifo].name
            );
        }
    }
    out.trim_end().to_owned()
}

fn id(module: &Module, doer: &Doer<'_>) -> String {
    match doer.thing {
        Thing::Thread(at) => module.threads[at].name.clone(),
        Thing::Work(at) => module.works[at].name.clone(),
        Thing::Timer(at) => module.timers[at].name.clone(),
        Thing::Device(at) => module.devices[at].name.clone(),
        _ => doer.name.replace(' ', "_"),
    }
}

fn arrow<'a>(module: &'a Module, action: &Action) -> Option<(&'static str, &'a str)> {
    Some(match action {
        Action::Hook(at, _) => ("calls", &module.hooks[*at].name),
        Action::Wake(at, _) => ("wakes", &module.queues[*at].name),
        Action::Complete(at, _) => ("completes", &module.completions[*at].name),
        Action::Queue(at) => ("queues", &module.works[*at].name),
        Action::Arm(at) => ("arms", &module.timers[*at].name),
        Action::Push(at, _) => ("puts into", &module.fifos[*at].name),
        Action::Park(at) => ("parks", &module.threads[*at].name),
        Action::Unpark(at) => ("unparks", &module.threads[*at].name),
        Action::Add(field, _) | Action::Set(field, _) => {
            ("changes", &module.states[field.state].name)
        }
        Action::Log(_) => return None,
    })
}
