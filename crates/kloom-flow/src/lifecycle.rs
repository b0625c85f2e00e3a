//! From init to what it started to exit: uses, in one entry point, of what another one left
//! behind.
//!
//! A function with a role ends in one of its outcomes; whatever it left in variables and members
//! is what the demands of the others meet. The failing outcomes of init and probe lead nowhere:
//! nothing else runs after them.

use crate::analysis::{Analysis, NullUse, Use};
use crate::callgraph::CallGraph;
use crate::context::Context;
use crate::memory::Key;
use crate::roles::{Role, Roles};
use crate::summary::{Demand, Guard, Need, Outcome, Value};
use crate::value::OriginId;
use kloom_facts::{Classes, Verb};
use kloom_ir::{Expr, FunctionId, Linkage, Type};

/// Adds to `found` what meets across entry points.
pub(crate) fn meet(cx: &Context<'_>, graph: &CallGraph, roles: &Roles, found: &mut Analysis) {
    for (first, first_roles) in roles.iter() {
        // Whether a callback that failed is followed by anything, only its caller knows.
        if first_roles.iter().all(|r| *r == Role::Callback) {
            continue;
        }
        let pointer = matches!(
            cx.unit.types.get(cx.unit.function(first).returns),
            Type::Pointer(_)
        );
        let starts = first_roles
            .iter()
            .any(|r| matches!(r, Role::Init | Role::Probe));
        let outcomes = found.summaries[first.0 as usize].outcomes.clone();
        for outcome in outcomes.iter().filter(|o| goes_on(o, starts, pointer)) {
            for (key, value) in &outcome.effects {
                if key.is_any_element() {
                    continue;
                }
                if let (Some(origin), true) = (value.origin, value.classes.contains(Classes::NEG)) {
                    kept_error(roles, found, first, starts, outcome, key, value, origin);
                }
            }
            if first_roles.contains(&Role::Init) {
                still_null(cx, graph, roles, found, outcome);
            }
        }
    }
}

/// Whether anything else runs after this outcome: it is a success, as far as its value tells.
fn goes_on(outcome: &Outcome, starts: bool, pointer: bool) -> bool {
    match &outcome.result {
        None => true,
        Some(v) if v.classes == Classes::ANY => false,
        Some(v) if starts => v.classes.contains(Classes::ZERO),
        Some(v) if pointer => v.classes.contains(Classes::POS),
        Some(v) => v.classes != Classes::NEG,
    }
}

#[allow(clippy::too_many_arguments)]
fn kept_error(
    roles: &Roles,
    found: &mut Analysis,
    first: FunctionId,
    starts: bool,
    outcome: &Outcome,
    key: &Key,
    value: &Value,
    origin: OriginId,
) {
    let made_at = found.creation(origin).span;
    let mut met = false;
    for (then, then_roles) in roles.iter() {
        let never = |r: &Role| match r {
            Role::Init | Role::Probe | Role::Callback => true,
            Role::Thread(by) => *by == made_at,
            _ => false,
        };
        if then == first || then_roles.iter().all(never) {
            continue;
        }
        let demands = found.summaries[then.0 as usize].demands.clone();
        for demand in &demands {
            let bad = demand.classes.and(value.classes);
            if demand.doubt && value.tested.is_some() {
                continue;
            }
            if bad.contains(Classes::NEG)
                && names(&demand.key, key)
                && !demand.key.is_any_element()
                && possible(demand, outcome)
            {
                met = true;
                found.add_use(
                    origin,
                    Use {
                        need: demand.need,
                        chain: demand.chain.clone(),
                        tested: value.tested,
                        null_tested: demand.null_tested.or(value.null_tested),
                        function: then,
                        later: true,
                    },
                );
            }
        }
    }
    if met && starts {
        let list = &mut found.creation_mut(origin).unpropagated;
        if !list.contains(&(first, outcome.at)) {
            list.push((first, outcome.at));
        }
    }
}

/// Whether two keys can mean the same memory: the same variable's path, or the same member.
fn names(a: &Key, b: &Key) -> bool {
    match (a, b) {
        (Key::Global(..), Key::Global(..)) => a == b,
        _ => a.class().is_some() && a.class() == b.class(),
    }
}

/// Whether the demand's other conditions can hold after the outcome.
fn possible(demand: &Demand, outcome: &Outcome) -> bool {
    demand.guards.iter().all(|guard| {
        let left: Vec<&Value> = outcome
            .effects
            .iter()
            .filter(|(key, _)| names(key, &guard.key))
            .map(|(_, value)| value)
            .collect();
        if !left.is_empty() {
            return left.iter().any(|v| fits(v.classes, guard));
        }
        outcome
            .guards
            .iter()
            .filter(|before| names(&before.key, &guard.key))
            .all(|before| fits(before.classes, guard))
    })
}

fn fits(classes: Classes, guard: &Guard) -> bool {
    !classes.and(guard.classes).is_empty()
}

/// Handles that only a thread sets, used at exit though the thread may never have run.
fn still_null(
    cx: &Context<'_>,
    graph: &CallGraph,
    roles: &Roles,
    found: &mut Analysis,
    outcome: &Outcome,
) {
    let threads = roles
        .iter()
        .filter(|(_, r)| r.iter().any(|r| matches!(r, Role::Thread(_))))
        .map(|(id, _)| id);
    let in_thread = graph.reachable(threads);
    for (exit, exit_roles) in roles.iter() {
        if !exit_roles.contains(&Role::Exit) {
            continue;
        }
        let demands = found.summaries[exit.0 as usize].demands.clone();
        for demand in demands {
            let Key::Global(name, parts) = &demand.key else {
                continue;
            };
            let starts_null = parts.is_empty()
                && cx.unit.globals.iter().any(|g| {
                    g.name == *name
                        && g.linkage == Linkage::Static
                        && !g.is_extern
                        && matches!(g.init, None | Some(Expr::Int(0)))
                });
            let ends_it = match demand.need {
                Need::Call(callee) => cx
                    .fact(callee)
                    .is_some_and(|f| f.does(Verb::StopThread) || f.does(Verb::DestroyWorker)),
                Need::Deref => false,
            };
            let untouched = !outcome.effects.iter().any(|(key, _)| *key == demand.key);
            if !starts_null
                || !ends_it
                || !untouched
                || !demand.classes.contains(Classes::ZERO)
                || demand.doubt
                || !possible(&demand, outcome)
            {
                continue;
            }
            let setter = found
                .creations
                .iter()
                .position(|c| c.kept.contains(&demand.key) && in_thread[c.function.0 as usize]);
            let Some(setter) = setter else { continue };
            let new = NullUse {
                key: demand.key.clone(),
                chain: demand.chain.clone(),
                need: demand.need,
                setter: OriginId(setter as u32),
                function: exit,
            };
            if !found.null_uses.contains(&new) {
                found.null_uses.push(new);
            }
        }
    }
}
