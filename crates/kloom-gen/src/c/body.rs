//! What threads, works and handlers do, as statements: locks are taken around what needs them, and as seldom as possible.

use super::lock::{self, Taken};
use super::place;
use super::statement::Statement;
use super::time::delay;
use kloom_spec::{
    Action, Context, FieldRef, Module, On, Piece, Sharing, SystemQueue, Value, WaitKind, When,
};
use std::collections::{BTreeMap, BTreeSet};

/// The statements of a function, as far as they are written.
#[derive(Debug)]
pub struct Body<'a> {
    module: &'a Module,
    context: Context,
    /// The state whose lock is held.
    held: Option<usize>,
    statements: Vec<Statement>,
    /// What is said once the lock is given back.
    later: Vec<Statement>,
    /// Local variables with their types.
    locals: BTreeMap<String, &'static str>,
    /// Headers that the statements need.
    pub headers: BTreeSet<&'static str>,
}

impl<'a> Body<'a> {
    /// Nothing yet, in a function that runs there, with this lock held.
    pub fn new(module: &'a Module, context: Context, held: Option<usize>) -> Body<'a> {
        Body {
            module,
            context,
            held,
            statements: Vec::new(),
            later: Vec::new(),
            locals: BTreeMap::new(),
            headers: BTreeSet::new(),
        }
    }

    /// Adds what is done; at the end no lock is held.
    pub fn actions(&mut self, actions: &[Action]) {
        for action in actions {
            self.action(action);
        }
        self.hold(None);
    }

    /// Adds a statement that needs no lock.
    pub fn push(&mut self, statement: Statement) {
        self.hold(None);
        self.statements.push(statement);
    }

    /// The declarations of its variables, with their `;`.
    pub fn locals(&self) -> Vec<String> {
        let locals = self.locals.iter();
        locals
            .map(|(name, kind)| format!("{kind} {name};"))
            .collect()
    }

    /// The statements, as text.
    pub fn text(&self) -> String {
        let lines = self
            .statements
            .iter()
            .map(|statement| statement.text(self.module));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Makes what a field is usable outside its lock; gives the expression for it.
    pub fn read(&mut self, field: FieldRef) -> String {
        let state = &self.module.states[field.state];
        let place = place::field(self.module, field);
        let kind = state.fields[field.field].kind;
        match state.sharing {
            Sharing::Atomic => format!("{}_read(&{place})", place::atomic(kind)),
            Sharing::Once => format!("READ_ONCE({place})"),
            Sharing::Seqlock if self.held != Some(field.state) => {
                let local = self.local(field);
                self.hold(None);
                self.read_sequence(field.state, format!("{local} = {place};"));
                local
            }
            _ => {
                let local = self.local(field);
                self.hold(Some(field.state));
                self.statements.push(Statement::Assign {
                    place: local.clone(),
                    value: place,
                });
                local
            }
        }
    }

    /// Copies what a sequence lock protects, together with what was copied before.
    fn read_sequence(&mut self, state: usize, copy: String) {
        let lock = place::lock(self.module, state);
        if let Some(Statement::ReadSequence {
            lock: last, copies, ..
        }) = self.statements.last_mut()
            && *last == lock
        {
            copies.push(copy);
            return;
        }
        let number = "seq".to_owned();
        self.locals.insert(number.clone(), "unsigned int");
        self.statements.push(Statement::ReadSequence {
            lock,
            number,
            copies: vec![copy],
        });
    }

    fn local(&mut self, field: FieldRef) -> String {
        let state = &self.module.states[field.state];
        let field = &state.fields[field.field];
        let name = format!("{}_{}", state.name, field.name);
        self.locals
            .insert(name.clone(), place::type_name(field.kind));
        name
    }

    /// Holds the lock of a state, or none.
    fn hold(&mut self, state: Option<usize>) {
        if self.held == state {
            return;
        }
        if let Some(held) = self.held.take() {
            self.lock(held).release(&mut self.statements);
            self.statements.append(&mut self.later);
        }
        if let Some(state) = state {
            self.lock(state).acquire(&mut self.statements);
        }
        self.held = state;
    }

    fn lock(&self, state: usize) -> Taken {
        lock::of_state(self.module, state, self.context)
    }

    fn action(&mut self, action: &Action) {
        let module = self.module;
        match action {
            Action::Hook(hook, holding) => {
                self.hold(*holding);
                self.statements.push(Statement::Hook {
                    name: module.hooks[*hook].name.clone(),
                    arguments: String::new(),
                });
            }
            Action::Log(pieces) => self.log(pieces),
            Action::Add(field, by) => self.add(*field, *by),
            Action::Set(field, to) => self.set(*field, *to),
            Action::Wake(queue, all) => self.wake(*queue, *all),
            Action::Complete(completion, all) => {
                let function = if *all { "complete_all" } else { "complete" };
                self.push(Statement::Call {
                    function,
                    place: place::member(&module.completions[*completion].name),
                });
            }
            Action::Queue(work) => {
                let statement = queue_work(module, *work, &mut self.headers);
                self.push(statement);
            }
            Action::Arm(timer) => {
                let statement = arm(module, *timer, &mut self.headers);
                self.push(statement);
            }
            Action::Push(fifo, value) => self.put(*fifo, *value),
            Action::Park(thread) | Action::Unpark(thread) => {
                let verb = match action {
                    Action::Park(_) => "park",
                    _ => "unpark",
                };
                self.push(Statement::Park {
                    thread: module.threads[*thread].name.clone(),
                    verb,
                });
            }
        }
    }

    fn add(&mut self, field: FieldRef, by: i64) {
        let state = &self.module.states[field.state];
        let place = place::field(self.module, field);
        let statement = match state.sharing {
            Sharing::Atomic => Statement::AtomicAdd {
                kind: place::atomic(state.fields[field.field].kind),
                place,
                by,
            },
            Sharing::Once => Statement::WriteOnce {
                value: format!("{place} + {by}"),
                place,
            },
            _ => {
                self.hold(Some(field.state));
                Statement::Count { place, by }
            }
        };
        self.statements.push(statement);
    }

    fn set(&mut self, field: FieldRef, to: i64) {
        let state = &self.module.states[field.state];
        let place = place::field(self.module, field);
        let kind = state.fields[field.field].kind;
        let value = place::value(kind, to);
        let statement = match state.sharing {
            Sharing::Atomic => Statement::AtomicSet {
                kind: place::atomic(kind),
                place,
                to: value,
            },
            Sharing::Once => Statement::WriteOnce { place, value },
            _ => {
                self.hold(Some(field.state));
                Statement::Assign { place, value }
            }
        };
        self.statements.push(statement);
    }

    /// Wakes waiters: under the queue's own lock if it is held, else under none.
    fn wake(&mut self, queue: usize, all: bool) {
        let known = &self.module.queues[queue];
        let own = self
            .held
            .is_some_and(|state| self.module.states[state].queue == Some(queue));
        let signals = matches!(known.kind, WaitKind::Interruptible | WaitKind::Freezable);
        let function = match (own, signals, all) {
            (true, _, false) => "wake_up_locked",
            (true, _, true) => "wake_up_all_locked",
            (false, true, false) => "wake_up_interruptible",
            (false, true, true) => "wake_up_interruptible_all",
            (false, false, false) => "wake_up",
            (false, false, true) => "wake_up_all",
        };
        self.headers.insert("wait.h");
        let statement = Statement::Call {
            function,
            place: place::member(&known.name),
        };
        match own {
            true => self.statements.push(statement),
            false => self.push(statement),
        }
    }

    fn put(&mut self, fifo: usize, value: Value) {
        let known = &self.module.fifos[fifo];
        let item = format!("{}_item", known.name);
        self.locals
            .insert(item.clone(), place::type_name(known.item));
        let value = match value {
            Value::Time => {
                self.headers.insert("timekeeping.h");
                "ktime_get_ns()".to_owned()
            }
            Value::Field(field) => self.read(field),
        };
        self.push(Statement::Assign {
            place: item.clone(),
            value,
        });
        self.headers.extend(["printk.h", "ratelimit.h"]);
        self.push(Statement::Push {
            fifo: place::member(&known.name),
            name: known.name.clone(),
            item,
        });
    }

    fn log(&mut self, pieces: &[Piece]) {
        let (mut format, mut arguments) = (String::new(), Vec::new());
        for piece in pieces {
            match piece {
                Piece::Text(text) => format.push_str(&text.replace('%', "%%")),
                Piece::Field(field) => {
                    format.push_str(place::conversion(self.module, *field));
                    arguments.push(self.read(*field));
                }
            }
        }
        self.headers.insert("printk.h");
        let print = match self.context {
            Context::Process => "pr_info",
            _ => {
                self.headers.insert("ratelimit.h");
                "pr_info_ratelimited"
            }
        };
        let statement = Statement::Log {
            print,
            format,
            arguments,
        };
        match self.held {
            // What else is done under the lock is done together with what was read for this.
            Some(_) => self.later.push(statement),
            None => self.statements.push(statement),
        }
    }
}

/// Queues a work.
pub fn queue_work(module: &Module, work: usize, headers: &mut BTreeSet<&'static str>) -> Statement {
    let work = &module.works[work];
    let delay = work.delay.map(|period| {
        headers.insert("jiffies.h");
        delay(module, &work.name, period)
    });
    let (function, queue) = match (work.on, work.delay.is_some()) {
        (On::Worker(at), delayed) => (
            if delayed {
                "kthread_queue_delayed_work"
            } else {
                "kthread_queue_work"
            },
            Some(place::member(&module.workers[at].name)),
        ),
        (On::System(SystemQueue::Plain), false) => ("schedule_work", None),
        (On::System(SystemQueue::Plain), true) => ("schedule_delayed_work", None),
        (on, delayed) => (
            if delayed {
                "queue_delayed_work"
            } else {
                "queue_work"
            },
            Some(place::workqueue(module, on)),
        ),
    };
    Statement::QueueWork {
        function,
        queue,
        work: place::member(&work.name),
        delay,
    }
}

/// Arms a timer.
pub fn arm(module: &Module, timer: usize, headers: &mut BTreeSet<&'static str>) -> Statement {
    let timer = &module.timers[timer];
    let (When::Every(period) | When::After(period)) = timer.when;
    let place = place::member(&timer.name);
    match timer.precise {
        true => Statement::ArmPrecise {
            timer: place,
            delay: super::time::precise(module, &timer.name, period),
        },
        false => {
            headers.insert("jiffies.h");
            Statement::ArmTimer {
                timer: place,
                delay: delay(module, &timer.name, period),
            }
        }
    }
}
