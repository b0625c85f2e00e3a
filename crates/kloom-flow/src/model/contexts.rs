//! In which contexts a function can run: by the calls that lead to it from what the kernel calls.

use crate::callgraph::CallGraph;
use crate::roles::function_in;
use kloom_diag::Span;
use kloom_facts::{Effect, Fact, Facts, Verb};
use kloom_ir::{
    Base, Callee, Elem, Expr, Function, FunctionId, InstrKind, Linkage, Name, Origin, TopMacro,
    Unit,
};
use rustc_hash::FxHashSet;
use std::fmt;

/// What a function is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Loading.
    Init,
    /// Unloading.
    Exit,
    /// A device that appears.
    Probe,
    /// A device that goes.
    Remove,
    /// An open file.
    FileOperation,
    /// Another member of a table.
    Member,
    /// A task, with nothing held: a member of a table, or a function that was handed over.
    Process,
    /// A thread of the unit.
    Thread,
    /// A work item of a kthread worker.
    WorkerItem,
    /// A work item of a workqueue.
    Work,
    /// A timer.
    Timer,
    /// A high-resolution timer.
    Hrtimer,
    /// A hard interrupt.
    HardIrq,
    /// The thread of an interrupt.
    ThreadedIrq,
    /// A tasklet or soft interrupt.
    SoftIrq,
    /// An RCU callback.
    Rcu,
    /// Another function of the kernel that it was handed to.
    Callback,
    /// Other files.
    External,
}

impl Context {
    /// All, in order.
    pub const ALL: [Context; 18] = [
        Context::Init,
        Context::Exit,
        Context::Probe,
        Context::Remove,
        Context::FileOperation,
        Context::Member,
        Context::Process,
        Context::Thread,
        Context::WorkerItem,
        Context::Work,
        Context::Timer,
        Context::Hrtimer,
        Context::HardIrq,
        Context::ThreadedIrq,
        Context::SoftIrq,
        Context::Rcu,
        Context::Callback,
        Context::External,
    ];

    /// For people and machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Context::Init => "init",
            Context::Exit => "exit",
            Context::Probe => "probe",
            Context::Remove => "remove",
            Context::FileOperation => "file operation",
            Context::Member => "table member",
            Context::Process => "process",
            Context::Thread => "thread",
            Context::WorkerItem => "worker item",
            Context::Work => "work item",
            Context::Timer => "timer",
            Context::Hrtimer => "hrtimer",
            Context::HardIrq => "hard irq",
            Context::ThreadedIrq => "threaded irq",
            Context::SoftIrq => "soft irq",
            Context::Rcu => "rcu callback",
            Context::Callback => "callback",
            Context::External => "other files",
        }
    }
}

/// A set of contexts; an empty one is that of a function nobody calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contexts(u32);

impl Contexts {
    /// Adds one.
    pub fn insert(&mut self, context: Context) {
        self.0 |= 1 << context as u32;
    }

    /// Whether it is among them.
    pub fn has(self, context: Context) -> bool {
        self.0 & 1 << context as u32 != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether there is one, and all are among `others`.
    pub fn only(self, others: &[Context]) -> bool {
        self.0 != 0 && self.iter().all(|context| others.contains(&context))
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Context> {
        Context::ALL.into_iter().filter(move |c| self.has(*c))
    }
}

impl fmt::Display for Contexts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.iter().map(Context::as_str).collect();
        out.write_str(&words.join(", "))
    }
}

/// A function that something outside the unit calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The function.
    pub function: FunctionId,
    /// When it is called.
    pub context: Context,
    /// What says so: the call or table that takes it.
    pub at: Span,
}

/// Structs whose members serve an open file.
const FILE_TABLES: &[&str] = &["file_operations", "proc_ops", "seq_operations"];

/// The entries of a unit, in text order of what makes them so.
pub(super) fn entries(
    unit: &Unit,
    facts: Facts,
    fact: impl Fn(Name) -> Option<&'static Fact>,
) -> Vec<Entry> {
    let mut found = Vec::new();
    let softly = queued_softly(unit, &fact);
    let in_table = |owner: Option<Name>, member: Name| {
        let (owner, member) = (unit.names.text(owner?), unit.names.text(member));
        let known = facts.member(owner, member)?;
        known.effects.iter().find_map(of_effect)
    };
    let mut add = |name: Name, context: Context, at: Span| {
        for function in unit.named(name) {
            found.push(Entry {
                function: *function,
                context,
                at,
            });
        }
    };
    for used in &unit.top_macros {
        for effect in fact(used.name).into_iter().flat_map(|known| known.effects) {
            if let Some((name, context)) = at_file_scope(unit, used, effect) {
                add(name, context, used.span);
            }
        }
    }
    for entry in &unit.entries {
        let is_file = entry
            .owner
            .is_some_and(|owner| FILE_TABLES.contains(&unit.names.text(owner)));
        let context = match unit.names.text(entry.member) {
            "probe" | "probe_new" => Context::Probe,
            "remove" | "remove_new" | "disconnect" => Context::Remove,
            _ if is_file => Context::FileOperation,
            _ => in_table(entry.owner, entry.member).unwrap_or(Context::Member),
        };
        add(entry.function, context, entry.span);
    }
    for f in &unit.functions {
        for instr in f.blocks.iter().flat_map(|block| &block.instrs) {
            match &instr.kind {
                InstrKind::Call(call) => {
                    let known = match call.callee {
                        Callee::Named(name) if unit.named(name).is_empty() => fact(name),
                        _ => None,
                    };
                    for (n, arg) in call.args.iter().enumerate() {
                        if let Some(name) = function_in(&arg.expr) {
                            let context = known.and_then(|known| taken_by(known, n));
                            let context = match (context, call.args.first()) {
                                (Some(Context::Work), Some(work))
                                    if softly.contains(&item(f, &work.expr)) =>
                                {
                                    Some(Context::SoftIrq)
                                }
                                (other, _) => other,
                            };
                            add(name, context.unwrap_or(Context::Callback), instr.span);
                        }
                    }
                }
                InstrKind::Assign { dst, src } => {
                    if let Some(name) = function_in(src) {
                        let context = match f.places.get(*dst).base {
                            Base::Step(_, Elem::Field { owner, name }) => in_table(owner, name),
                            _ => None,
                        };
                        add(name, context.unwrap_or(Context::Callback), instr.span);
                    }
                }
                _ => {}
            }
        }
    }
    let taken: FxHashSet<FunctionId> = found.iter().map(|entry| entry.function).collect();
    for (at, f) in unit.functions.iter().enumerate() {
        let id = FunctionId(at as u32);
        if f.linkage == Linkage::External && f.origin == Origin::File && !taken.contains(&id) {
            found.push(Entry {
                function: id,
                context: Context::External,
                at: f.name_span,
            });
        }
    }
    found.sort_by_key(|entry| (entry.at, entry.function));
    found.dedup();
    found
}

/// The work items that are queued where bottom halves are off.
fn queued_softly(
    unit: &Unit,
    fact: &impl Fn(Name) -> Option<&'static Fact>,
) -> FxHashSet<Option<Name>> {
    let soft = |name| {
        let known: Option<&Fact> = fact(name);
        known.is_some_and(|known| {
            let mut contexts = known.effects(Verb::Context);
            contexts.any(|e| e.says("bh") && e.says("off"))
        })
    };
    let mut out = FxHashSet::default();
    for f in &unit.functions {
        for instr in f.blocks.iter().flat_map(|block| &block.instrs) {
            let InstrKind::Call(call) = &instr.kind else {
                continue;
            };
            let Callee::Named(name) = call.callee else {
                continue;
            };
            for effect in fact(name)
                .into_iter()
                .flat_map(|fact| fact.effects(Verb::Queue))
            {
                let arg = |n: Option<u8>| call.args.get(usize::from(n?)).map(|arg| &arg.expr);
                let queue = arg(effect.with).and_then(|queue| item(f, queue));
                if let (Some(work), true) = (arg(effect.arg), queue.is_some_and(soft)) {
                    out.insert(item(f, work));
                }
            }
        }
    }
    out.remove(&None);
    out
}

/// The variable or member that an expression names.
fn item(f: &Function, expr: &Expr) -> Option<Name> {
    let (Expr::Read(place) | Expr::AddrOf(place)) = expr else {
        return match expr {
            Expr::Name(name) | Expr::Function(name) => Some(*name),
            _ => None,
        };
    };
    match f.places.get(*place).base {
        Base::Step(_, Elem::Field { name, .. }) | Base::Global(name) => Some(name),
        _ => None,
    }
}

fn at_file_scope(unit: &Unit, used: &TopMacro, effect: &Effect) -> Option<(Name, Context)> {
    let (arg, context) = match effect.verb {
        Verb::Entry => match effect.note {
            "init" => (effect.arg, Context::Init),
            "exit" => (effect.arg, Context::Exit),
            _ => return None,
        },
        _ => (function_arg(effect), of_effect(effect)?),
    };
    let span = used.args.get(usize::from(arg?))?;
    let text = std::str::from_utf8(unit.files.slice(*span)).ok()?;
    Some((unit.names.find(text.trim())?, context))
}

/// The argument of an effect that is a function.
fn function_arg(effect: &Effect) -> Option<u8> {
    match effect.verb {
        Verb::Init => effect.with,
        Verb::Handler | Verb::StartThread => effect.arg,
        _ => None,
    }
}

/// What a function is called by that a known call takes as its argument `n`.
fn taken_by(known: &Fact, n: usize) -> Option<Context> {
    let takes = |effect: &&Effect| function_arg(effect).map(usize::from) == Some(n);
    known.effects.iter().find(takes).and_then(of_effect)
}

fn of_effect(effect: &Effect) -> Option<Context> {
    let words: &[(&str, Context)] = match effect.verb {
        Verb::StartThread => return Some(Context::Thread),
        Verb::Init => &[
            ("work", Context::Work),
            ("delayed-work", Context::Work),
            ("rcu-work", Context::Work),
            ("kthread-work", Context::WorkerItem),
            ("kthread-delayed-work", Context::WorkerItem),
            ("timer", Context::Timer),
            ("hrtimer", Context::Hrtimer),
            ("tasklet", Context::SoftIrq),
            ("irq-work", Context::HardIrq),
        ],
        Verb::Handler => &[
            ("hardirq", Context::HardIrq),
            ("threaded", Context::ThreadedIrq),
            ("softirq", Context::SoftIrq),
            ("timer", Context::Timer),
            ("work", Context::Work),
            ("rcu", Context::Rcu),
            ("process", Context::Process),
        ],
        _ => return None,
    };
    words
        .iter()
        .find(|(word, _)| effect.says(word))
        .map(|(_, context)| *context)
}

/// The contexts of every function, by id.
pub(super) fn spread(unit: &Unit, graph: &CallGraph, entries: &[Entry]) -> Vec<Contexts> {
    let mut out = vec![Contexts::default(); unit.functions.len()];
    for entry in entries {
        out[entry.function.0 as usize].insert(entry.context);
    }
    // Callers come before callees.
    for component in graph.components.iter().rev() {
        let all = component.iter().fold(0, |set, f| set | out[f.0 as usize].0);
        for f in component {
            out[f.0 as usize].0 |= all;
            for callee in &graph.callees[f.0 as usize] {
                out[callee.0 as usize].0 |= all;
            }
        }
    }
    out
}

/// The function that an expression names, for those that keep it apart from a call.
pub(super) fn named_function(unit: &Unit, expr: &Expr) -> Vec<FunctionId> {
    function_in(expr)
        .map(|name| unit.named(name).to_vec())
        .unwrap_or_default()
}
