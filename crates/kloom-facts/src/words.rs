//! The closed words of `rules/api` and the values they stand for.
//!
//! The parser reads them, descriptions print them, and both refuse to know any other.

use crate::model::{Classes, Kind, Verb};

/// Words for [`Kind`].
pub const KINDS: &[(&str, Kind)] = &[
    ("function", Kind::Function),
    ("iterator", Kind::Iterator),
    ("scoped-block", Kind::ScopedBlock),
    ("scope-guard", Kind::ScopeGuard),
    ("attribute", Kind::Attribute),
    ("top-level", Kind::TopLevel),
    ("declarer", Kind::Declarer),
    ("member", Kind::Member),
    ("scope-class", Kind::ScopeClass),
];

/// Words for [`Classes`]; several are joined by `|`.
pub const CLASSES: &[(&str, Classes)] = &[
    ("zero", Classes::ZERO),
    ("neg", Classes::NEG),
    ("pos", Classes::POS),
    ("any", Classes::ANY),
];

/// A word for a [`Verb`] and what may go with it.
pub struct VerbWord {
    /// The word.
    pub word: &'static str,
    /// The verb.
    pub verb: Verb,
    /// Whether an argument must be named.
    pub needs_arg: bool,
    /// The words its note may have.
    pub notes: &'static [&'static str],
}

const fn verb(
    word: &'static str,
    verb: Verb,
    needs_arg: bool,
    notes: &'static [&'static str],
) -> VerbWord {
    VerbWord {
        word,
        verb,
        needs_arg,
        notes,
    }
}

/// What a lock is, and what taking it does to interrupts. `try` and `intr` variants say on which
/// result they hold the lock by the effect's condition.
const LOCKS: &[&str] = &[
    "spin",
    "raw-spin",
    "rwlock",
    "mutex",
    "rtmutex",
    "ww-mutex",
    "rwsem",
    "percpu-rwsem",
    "semaphore",
    "seqlock",
    "seqcount",
    "local",
    "bit-spin",
    "hwspin",
    "rcu",
    "srcu",
    "sock",
    "read",
    "write",
    "irq",
    "irqsave",
    "bh",
    "nested",
];

const CONTEXTS: &[&str] = &[
    "irq",
    "irqsave",
    "bh",
    "preempt",
    "migrate",
    "pagefault",
    "rcu",
    "rcu-bh",
    "rcu-sched",
    "off",
    "on",
];

const OBJECTS: &[&str] = &[
    "work",
    "delayed-work",
    "rcu-work",
    "kthread-work",
    "kthread-delayed-work",
    "kthread-worker",
    "timer",
    "hrtimer",
    "tasklet",
    "irq-work",
    "completion",
    "wait-queue",
    "wait-entry",
    "swait-queue",
    "notifier",
    "lock",
    "irq",
    "rcu",
    "workqueue",
    "onstack",
    "again",
];

const WAITS: &[&str] = &[
    "uninterruptible",
    "interruptible",
    "killable",
    "idle",
    "freezable",
    "given",
    "timeout",
    "exclusive",
    "locked",
    "locked-irq",
    "lock-irq",
    "completion",
    "bit",
    "poll",
];

const HANDLERS: &[&str] = &[
    "hardirq", "threaded", "softirq", "timer", "work", "rcu", "process", "devm", "managed",
];

/// Words for [`Verb`].
pub const VERBS: &[VerbWord] = &[
    verb("requires", Verb::Requires, true, &[]),
    verb("decodes-error", Verb::DecodesError, true, &[]),
    verb("encodes-error", Verb::EncodesError, true, &[]),
    verb("no-return", Verb::NoReturn, false, &[]),
    verb("leaves", Verb::Leaves, false, &[]),
    verb(
        "may-sleep",
        Verb::MaySleep,
        false,
        &[
            "uninterruptible",
            "interruptible",
            "killable",
            "idle",
            "delay",
            "given",
            "timeout",
            "process",
        ],
    ),
    verb("acquire", Verb::Acquire, false, LOCKS),
    verb("release", Verb::Release, false, LOCKS),
    verb("allocate", Verb::Allocate, false, &["devm", "zeroed"]),
    verb("borrows", Verb::Borrows, false, &[]),
    verb("free", Verb::Free, true, &["delayed", "counted"]),
    verb(
        "start-thread",
        Verb::StartThread,
        true,
        &["woken", "worker"],
    ),
    verb("wake-thread", Verb::WakeThread, true, &[]),
    verb("stop-thread", Verb::StopThread, true, &[]),
    verb(
        "stop-test",
        Verb::StopTest,
        false,
        &["stop", "park", "freeze", "signal"],
    ),
    verb(
        "control-thread",
        Verb::ControlThread,
        false,
        &[
            "bind",
            "affinity",
            "park",
            "unpark",
            "parkme",
            "priority",
            "freezable",
            "freeze",
            "signal",
            "no-signal",
            "use-mm",
            "state",
            "running",
        ],
    ),
    verb(
        "create-worker",
        Verb::CreateWorker,
        false,
        &["woken", "not-woken"],
    ),
    verb("destroy-worker", Verb::DestroyWorker, true, &[]),
    verb("init", Verb::Init, false, OBJECTS),
    verb("queue", Verb::Queue, true, OBJECTS),
    verb(
        "cancel",
        Verb::Cancel,
        true,
        &[
            "sync",
            "async",
            "work",
            "delayed-work",
            "rcu-work",
            "kthread-work",
            "kthread-delayed-work",
            "timer",
            "hrtimer",
            "tasklet",
            "irq-work",
            "irq",
            "shutdown",
            "disable",
        ],
    ),
    verb("flush", Verb::Flush, false, OBJECTS),
    verb("wait", Verb::Wait, false, WAITS),
    verb(
        "wake",
        Verb::Wake,
        true,
        &[
            "normal",
            "interruptible",
            "all",
            "one",
            "nr",
            "sync",
            "locked",
            "poll",
            "completion",
            "bit",
            "state",
        ],
    ),
    verb("handler", Verb::Handler, true, HANDLERS),
    verb("remove-handler", Verb::RemoveHandler, false, HANDLERS),
    verb("register", Verb::Register, false, &["devm"]),
    verb("unregister", Verb::Unregister, true, &[]),
    verb(
        "get",
        Verb::Get,
        false,
        &["task", "module", "device", "kref", "file", "node", "mm"],
    ),
    verb(
        "put",
        Verb::Put,
        false,
        &["task", "module", "device", "kref", "file", "node", "mm"],
    ),
    verb("copy-to-user", Verb::CopyToUser, true, &[]),
    verb("copy-from-user", Verb::CopyFromUser, true, &[]),
    verb(
        "print",
        Verb::Print,
        true,
        &[
            "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "default",
            "cont", "given", "trace",
        ],
    ),
    verb("set-data", Verb::SetData, true, &[]),
    verb("assigns", Verb::Assigns, true, &["declares"]),
    verb(
        "entry",
        Verb::Entry,
        true,
        &["init", "exit", "driver", "builtin", "license"],
    ),
    verb(
        "names-thread",
        Verb::NamesThread,
        true,
        &["worker", "fixed"],
    ),
    verb(
        "annotates",
        Verb::Annotates,
        false,
        &[
            "held",
            "takes",
            "takes-if",
            "drops",
            "not-held",
            "shared",
            "init-text",
            "exit-text",
            "guarded-by",
            "must-check",
            "no-return",
            "unused",
            "ends-scope",
            "user",
            "iomem",
            "rcu",
            "percpu",
            "sleeps",
        ],
    ),
    verb("context", Verb::Context, false, CONTEXTS),
    verb("asks-context", Verb::AsksContext, false, &[]),
];

/// The value a word stands for.
pub fn lookup<T: Copy>(table: &[(&'static str, T)], word: &str) -> Option<T> {
    table.iter().find(|(w, _)| *w == word).map(|(_, v)| *v)
}
