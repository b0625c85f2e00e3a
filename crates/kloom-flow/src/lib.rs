//! Follows values through the functions of one unit and through its life.
//!
//! Each function is followed once, callees first ([`callgraph`]), by a worklist over its blocks
//! ([`fixpoint`]). A state ([`state`]) maps memory cells ([`memory`]) to symbolic values
//! ([`value`]); paths that differ in a tracked fact are kept apart up to a bound. What a caller
//! needs is a [`Summary`]: outcomes and demands. [`lifecycle`] lets what one entry point leaves
//! behind meet what the others demand.

mod analysis;
mod body;
mod call;
mod callgraph;
mod compare;
mod context;
mod fixpoint;
mod lifecycle;
mod liveness;
mod lock_call;
mod lock_flags;
mod lock_issue;
mod lock_own;
mod lock_sleep;
mod lock_unknown;
mod locks;
mod loops;
mod memory;
pub mod model;
mod module;
mod order;
mod outcomes;
mod own_ask;
mod own_call;
mod owned;
mod ownership;
mod print;
mod roles;
mod shape;
mod started;
mod state;
mod summary;
mod unnoticed;
mod value;

pub use analysis::{
    Allocation, Analysis, Creation, Cut, Loss, LossKind, Made, Misuse, MisuseKind, NullCause,
    NullUse, Resource, StaleUse, Use,
};
pub use context::meant;
pub use lock_issue::{LockIssue, LockIssueKind};
pub use locks::{How, Irq, LockKind, LockName, Sort};
pub use memory::{Key, Part};
pub use module::{Module, Open, refers};
pub use print::{print_key, print_summary};
pub use roles::{Role, Roles};
pub use summary::{
    Demand, Guard, LockDelta, LockDemand, LockNeed, Need, Outcome, Summary, Value, Writes,
};
pub use value::{AllocationId, OriginId, Point};

use body::Body;
use callgraph::CallGraph;
use context::Context;
use kloom_facts::{Facts, Returns, Target, Verb};
use kloom_ir::{FunctionId, Unit};
use loops::Loops;
use memory::Cells;
use rustc_hash::FxHashSet;
use shape::Shapes;

/// Most rounds through a cycle of the call graph.
const MAX_ROUNDS: usize = 6;

/// What is wanted beside error pointers; what is not costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Locks, and what may sleep.
    pub locks: bool,
    /// Who owns memory.
    pub memory: bool,
}

/// Follows every function of the unit that has to do with error pointers or with what else is
/// wanted, and the unit's life.
pub fn analyze(unit: &Unit, facts: Facts, target: Target, wanted: Wanted) -> Analysis {
    let mut cx = Context::new(unit, facts, target);
    let graph = CallGraph::of(unit);
    if wanted.locks {
        cx.lock_users = Some(lock_users(&cx, &graph));
    }
    if wanted.memory {
        cx.owners = owners(&cx, &graph);
        cx.undoes = undoes(&cx, &graph);
    }
    cx.writes = callgraph::writes(unit, &graph);
    let mut found = Analysis {
        summaries: unit.functions.iter().map(|_| Summary::default()).collect(),
        ..Analysis::default()
    };
    let matters = matters(&cx, &graph);
    for component in &graph.components {
        let followed: Vec<FunctionId> = component
            .iter()
            .copied()
            .filter(|f| matters[f.0 as usize])
            .collect();
        if !graph.is_cycle(component) {
            followed.iter().for_each(|f| follow(&cx, *f, &mut found));
        } else if !settle(&cx, &followed, &mut found) {
            for f in followed {
                found.summaries[f.0 as usize] = Summary::default();
                found.cut.push((f, Cut::Recursion));
            }
        }
    }
    lock_own::settle_issues(&graph, &mut found);
    found.roles = Roles::of(unit, |name| cx.fact(name));
    found.operations = operations(unit, facts);
    for at in 0..found.creations.len() {
        found.creations[at].unnoticed = unnoticed::is_unnoticed(&cx, &found.creations[at]);
    }
    lifecycle::meet(&cx, &graph, &mut found);
    found.sort_uses();
    found
}

/// The functions of which the kernel's side is known: they work with what is there already.
fn operations(unit: &Unit, facts: Facts) -> FxHashSet<FunctionId> {
    let known = unit.entries.iter().filter(|entry| {
        let owner = entry.owner.map(|owner| unit.names.text(owner));
        owner.is_some_and(|owner| facts.member(owner, unit.names.text(entry.member)).is_some())
    });
    known
        .flat_map(|entry| unit.named(entry.function).iter().copied())
        .collect()
}

/// Goes round a cycle of the call graph until its summaries stay the same; `false` if they do not.
fn settle(cx: &Context<'_>, cycle: &[FunctionId], found: &mut Analysis) -> bool {
    for _ in 0..MAX_ROUNDS {
        let before: Vec<Summary> = cycle
            .iter()
            .map(|f| found.summaries[f.0 as usize].clone())
            .collect();
        for f in cycle {
            follow(cx, *f, found);
        }
        if cycle
            .iter()
            .zip(&before)
            .all(|(f, old)| found.summaries[f.0 as usize] == *old)
        {
            return true;
        }
    }
    cycle.is_empty()
}

fn follow(cx: &Context<'_>, id: FunctionId, found: &mut Analysis) {
    let summaries = std::mem::take(&mut found.summaries);
    let mut body = Body {
        cx,
        f: cx.unit.function(id),
        id,
        memory: cx.owners.get(id.0 as usize) == Some(&true),
        cells: Cells::default(),
        found,
        demands: Vec::new(),
        counters: fixpoint::counters(cx.unit.function(id)),
        lent: loops::lent(cx.unit.function(id)),
        loops: Loops::default(),
        negated_returns: Vec::new(),
        shapes: cx
            .lock_users
            .is_some()
            .then(|| Shapes::of(cx.unit.function(id), |name| cx.passes_on(name))),
        commands: Vec::new(),
        lock_demands: Vec::new(),
        exits: Vec::new(),
        suspects: FxHashSet::default(),
        told_by: FxHashSet::default(),
        shelved: Vec::new(),
        chances: FxHashSet::default(),
        looked_up: FxHashSet::default(),
        sizes: Vec::new(),
        balanced: FxHashSet::default(),
    };
    if body.shapes.is_some() {
        body.commands = body.find_commands();
    }
    let result = body.run(&summaries);
    let mut demands = std::mem::take(&mut body.demands);
    demands.sort_by(|a, b| a.chain.cmp(&b.chain));
    let lock_demands = std::mem::take(&mut body.lock_demands);
    found.summaries = summaries;
    let slot = &mut found.summaries[id.0 as usize];
    match result {
        Ok(outcomes) => {
            *slot = Summary {
                outcomes,
                demands,
                lock_demands,
                followed: true,
            };
        }
        Err(cut) => {
            *slot = Summary::default();
            found.cut.push((id, cut));
        }
    }
}

/// Which functions have to do with error pointers: they make, test, decode or need valid ones,
/// or call one that does. Plain accessors are followed too, since they name what others test.
fn matters(cx: &Context<'_>, graph: &CallGraph) -> Vec<bool> {
    let own: Vec<bool> = cx
        .unit
        .functions
        .iter()
        .zip(0..)
        .map(|(f, at)| {
            // `return p->q;`: what it gives is the same thing every time.
            let accessor = f.blocks.len() <= 2 && callgraph::calls(f).next().is_none();
            accessor
                || cx.touches_locks(FunctionId(at))
                || cx.owners.get(at as usize) == Some(&true)
                || callgraph::calls(f).any(|name| {
                    cx.unit.named(name).is_empty()
                        && cx.fact(name).is_some_and(|fact| {
                            matches!(
                                fact.returns,
                                Returns::ErrPtr { .. }
                                    | Returns::TolerantErrPtr
                                    | Returns::ErrorOrZero(_)
                                    | Returns::Test(..)
                            ) || fact.effects.iter().any(|e| {
                                matches!(
                                    e.verb,
                                    Verb::Requires | Verb::DecodesError | Verb::EncodesError
                                )
                            })
                        })
                })
        })
        .collect();
    with_callers(own, graph)
}

/// Which functions have to do with what somebody owns: they get or give back something, call one
/// that does, or are called on the way.
fn owners(cx: &Context<'_>, graph: &CallGraph) -> Vec<bool> {
    use Verb::{Allocate, CreateWorker, Free, Register, StartThread};
    let owns = |fact: &kloom_facts::Fact| {
        let mut effects = fact.effects.iter();
        effects.any(|e| {
            matches!(
                e.verb,
                Allocate | Free | Register | StartThread | CreateWorker
            )
        })
    };
    let functions = cx.unit.functions.iter();
    let own = functions
        .map(|f| callgraph::calls(f).any(|name| cx.fact(name).is_some_and(owns)))
        .collect();
    let with_callers = with_callers(own, graph);
    let all = (0..).map(FunctionId).zip(&with_callers);
    graph.reachable(all.filter(|(_, owns)| **owns).map(|(f, _)| f))
}

/// Which functions stop or unregister something, or call somebody who may.
fn undoes(cx: &Context<'_>, graph: &CallGraph) -> Vec<bool> {
    use Verb::{DestroyWorker, RemoveHandler, StopThread, Unregister};
    let may_undo = |name| match cx.fact(name) {
        _ if !cx.unit.named(name).is_empty() => false,
        Some(fact) => {
            let mut effects = fact.effects.iter();
            effects.any(|e| {
                matches!(
                    e.verb,
                    StopThread | DestroyWorker | Unregister | RemoveHandler
                )
            })
        }
        None => cx.may_undo(name),
    };
    let functions = cx.unit.functions.iter();
    let own = functions
        .map(|f| callgraph::calls(f).any(may_undo))
        .collect();
    with_callers(own, graph)
}

/// Which functions take or give back locks, or may sleep, or call one that does.
fn lock_users(cx: &Context<'_>, graph: &CallGraph) -> Vec<bool> {
    use Verb::{Acquire, Annotates, Context, MaySleep, Release};
    let uses = |fact: &kloom_facts::Fact| {
        let mut effects = fact.effects.iter();
        effects.any(|e| {
            matches!(e.verb, Acquire | Release | Context | MaySleep)
                || e.verb == Annotates && (e.says("takes") || e.says("drops"))
        })
    };
    let functions = cx.unit.functions.iter();
    let own = functions
        .map(|f| callgraph::calls(f).any(|name| cx.fact(name).is_some_and(uses)))
        .collect();
    with_callers(own, graph)
}

/// Adds to a set of functions all that can call one of them.
fn with_callers(mut out: Vec<bool>, graph: &CallGraph) -> Vec<bool> {
    for component in &graph.components {
        let any = component.iter().any(|f| {
            out[f.0 as usize]
                || graph.callees[f.0 as usize]
                    .iter()
                    .any(|callee| out[callee.0 as usize])
        });
        for f in component {
            out[f.0 as usize] = any;
        }
    }
    out
}
