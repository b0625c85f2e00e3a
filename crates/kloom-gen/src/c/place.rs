//! Names of things in C.

use kloom_facts::Version;
use kloom_spec::{FieldRef, Module, On, Sharing, SystemQueue, Type};

/// The first release in which works are bound to a processor only if a queue says so.
pub const BOUND_BY_FLAG: Version = Version { major: 7, minor: 2 };

/// A member of the module's struct.
pub fn member(name: &str) -> String {
    format!("ctx->{name}")
}

/// A field.
pub fn field(module: &Module, field: FieldRef) -> String {
    let state = &module.states[field.state];
    format!("ctx->{}.{}", state.name, state.fields[field.field].name)
}

/// The lock of a state.
pub fn lock(module: &Module, state: usize) -> String {
    let state = &module.states[state];
    match state.queue {
        Some(queue) => format!("ctx->{}.lock", module.queues[queue].name),
        None => format!("ctx->{}.lock", state.name),
    }
}

/// The type of a field or item.
pub fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Bool => "bool",
        Type::Int => "int",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S64 => "s64",
    }
}

/// The first word of functions on an atomic of this type.
pub fn atomic(kind: Type) -> &'static str {
    match kind {
        Type::S64 | Type::U64 => "atomic64",
        Type::Bool | Type::Int | Type::U32 => "atomic",
    }
}

/// A literal.
pub fn value(kind: Type, value: i64) -> String {
    match kind {
        Type::Bool if value == 0 => "false".to_owned(),
        Type::Bool => "true".to_owned(),
        _ => value.to_string(),
    }
}

/// How a field is printed.
pub fn conversion(module: &Module, field: FieldRef) -> &'static str {
    let state = &module.states[field.state];
    match (state.sharing, state.fields[field.field].kind) {
        (Sharing::Atomic, Type::S64 | Type::U64) => "%lld",
        (_, Type::Bool | Type::Int) => "%d",
        (_, Type::U32) => "%u",
        (_, Type::U64) => "%llu",
        (_, Type::S64) => "%lld",
    }
}

/// What is handed to `queue_work`.
pub fn workqueue(module: &Module, on: On) -> String {
    match on {
        On::Workqueue(at) => member(&module.workqueues[at].name),
        On::Worker(at) => member(&module.workers[at].name),
        On::System(SystemQueue::Plain) => "system_wq".to_owned(),
        On::System(SystemQueue::Long) => "system_long_wq".to_owned(),
        On::System(SystemQueue::HighPriority) => "system_highpri_wq".to_owned(),
        On::System(SystemQueue::Unbound) if module.kernel.min >= BOUND_BY_FLAG => {
            "system_dfl_wq".to_owned()
        }
        On::System(SystemQueue::Unbound) if module.kernel.max < BOUND_BY_FLAG => {
            "system_unbound_wq".to_owned()
        }
        On::System(SystemQueue::Unbound) => format!("{}_UNBOUND_WQ", module.name.to_uppercase()),
    }
}
