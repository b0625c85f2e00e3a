//! Single statements.

use super::text;
use askama::Template;
use kloom_spec::Module;

/// One statement. Places are expressions for memory.
#[derive(Clone, Debug)]
pub enum Statement {
    /// A call of a hook.
    Hook { name: String, arguments: String },
    /// A line for the log.
    Log {
        print: &'static str,
        format: String,
        arguments: Vec<String>,
    },
    /// An assignment.
    Assign { place: String, value: String },
    /// An addition.
    Count { place: String, by: i64 },
    /// An addition that is one access.
    AtomicAdd {
        kind: &'static str,
        place: String,
        by: i64,
    },
    /// An assignment to an atomic.
    AtomicSet {
        kind: &'static str,
        place: String,
        to: String,
    },
    /// An assignment that is one access.
    WriteOnce { place: String, value: String },
    /// A call of a function of the kernel with one address.
    Call {
        function: &'static str,
        place: String,
    },
    /// The parking of a thread, or the end of it.
    Park { thread: String, verb: &'static str },
    /// Copies of what a sequence lock protects.
    ReadSequence {
        lock: String,
        number: String,
        copies: Vec<String>,
    },
    /// The queueing of a work.
    QueueWork {
        function: &'static str,
        queue: Option<String>,
        work: String,
        delay: Option<String>,
    },
    /// The arming of a timer.
    ArmTimer { timer: String, delay: String },
    /// The arming of a precise timer.
    ArmPrecise { timer: String, delay: String },
    /// An item put into a fifo.
    Push {
        fifo: String,
        name: String,
        item: String,
    },
    /// A pause that a stop ends.
    Sleep { delay: String },
    /// A pause too short to be ended; its length is this constant, in microseconds.
    ShortSleep { define: String },
}

#[derive(Template)]
#[template(path = "c/statement.c")]
struct Text<'a> {
    module: &'a str,
    statement: &'a Statement,
}

impl Statement {
    /// Its text.
    pub fn text(&self, module: &Module) -> String {
        text(&Text {
            module: &module.name,
            statement: self,
        })
    }
}
