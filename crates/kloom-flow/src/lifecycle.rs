//! From init to what it started to exit: uses, in one entry point, of what another one left
//! behind.
//!
//! A function with a role ends in one of its outcomes; whatever it left in variables and members
//! is what the demands of the others meet. The failing outcomes of init and probe lead nowhere:
//! nothing else runs after them. Those of other entry points do, but who comes after them may know:
//! they meet only demands that ask whether there is anything in the place.

use crate::analysis::{Analysis, Creation, NullCause, NullUse, Use};
use crate::callgraph::CallGraph;
use crate::context::Context;
use crate::memory::Key;
use crate::roles::Role;
use crate::summary::{Demand, Guard, Need, Outcome, Value};
use crate::value::OriginId;
use kloom_facts::{Classes, Verb};
use kloom_ir::{Expr, FunctionId, Linkage, Type, Unit};

/// What an entry point leaves in a variable or member on a path where a creation failed.
pub(crate) struct Left {
    /// The entry point.
    first: FunctionId,
    /// It is init or probe.
    starts: bool,
    /// It says that it failed.
    fails: bool,
    outcome: Outcome,
    /// Where the error is left.
    pub key: Key,
    value: Value,
    /// The creation that failed.
    pub origin: OriginId,
    /// Something was done about the failure, by which later code may know of it.
    noticed: bool,
}

/// Adds to `found` what meets across the entry points of the unit.
pub(crate) fn meet(cx: &Context<'_>, graph: &CallGraph, found: &mut Analysis) {
    for left in left_behind(cx.unit, found) {
        let made_at = found.creation(left.origin).span;
        let never = |r: &Role| match r {
            Role::Init | Role::Probe | Role::Callback => true,
            Role::Thread(by) => *by == made_at,
            _ => false,
        };
        let later = found
            .roles
            .iter()
            .filter(|(then, roles)| *then != left.first && !roles.iter().all(never))
            .filter(|(then, _)| !left.fails || left.may_be_met(cx.unit, found, *then));
        let met: Vec<(FunctionId, Demand)> = later
            .flat_map(|(then, _)| {
                let demands = &found.summaries[then.0 as usize].demands;
                let met = demands.iter().filter(|demand| left.meets(demand));
                met.map(move |demand| (then, demand.clone()))
            })
            .collect();
        for (then, demand) in met {
            left.note(found, then, &demand);
        }
    }
    let inits: Vec<FunctionId> = found
        .roles
        .iter()
        .filter(|(_, roles)| roles.contains(&Role::Init))
        .map(|(id, _)| id)
        .collect();
    for init in inits {
        let outcomes = found.summaries[init.0 as usize].outcomes.clone();
        for outcome in outcomes.iter().filter(|o| goes_on(o, true, false)) {
            still_null(cx, graph, found, outcome);
        }
    }
}

/// Adds what meets between the unit and what other files of its module demand.
pub(crate) fn meet_others(unit: &Unit, found: &mut Analysis) {
    for left in left_behind(unit, found) {
        let met = found.others.iter().filter(|demand| left.meets(demand));
        for demand in met.cloned().collect::<Vec<_>>() {
            left.note(found, left.first, &demand);
        }
    }
}

/// What every entry point leaves behind where something still runs after it.
pub(crate) fn left_behind(unit: &Unit, found: &Analysis) -> Vec<Left> {
    let mut all = Vec::new();
    for (first, roles) in found.roles.iter() {
        // Whether a callback that failed is followed by anything, only its caller knows.
        if roles.iter().all(|r| *r == Role::Callback) {
            continue;
        }
        let pointer = matches!(
            unit.types.get(unit.function(first).returns),
            Type::Pointer(_)
        );
        let starts = roles.iter().any(|r| matches!(r, Role::Init | Role::Probe));
        let operates = found.operations.contains(&first);
        let is_external = roles.contains(&Role::External);
        let outcomes = &found.summaries[first.0 as usize].outcomes;
        for outcome in outcomes {
            let goes_on = goes_on(outcome, starts, pointer);
            let negative = |v: &Value| v.classes == Classes::NEG;
            let fails = !starts && !pointer && outcome.result.as_ref().is_some_and(negative);
            for (key, value) in &outcome.effects {
                if let (Some(origin), true, false) = (
                    value.origin,
                    value.classes.contains(Classes::NEG),
                    key.is_any_element(),
                ) && (goes_on
                    || fails
                        && negative(value)
                        && (operates || is_external && found_none(outcome, key))
                    || passes_for_success(outcome, outcomes, key, origin))
                {
                    all.push(Left {
                        first,
                        starts,
                        fails,
                        outcome: outcome.clone(),
                        key: key.clone(),
                        value: value.clone(),
                        origin,
                        noticed: !fails
                            && value.tested.is_some()
                            && !found.creation(origin).unnoticed,
                    });
                }
            }
        }
    }
    all
}

impl Left {
    /// Whether the demand can get what was left.
    fn meets(&self, demand: &Demand) -> bool {
        let bad = demand.classes.and(self.value.classes);
        bad.contains(Classes::NEG)
            && !(demand.doubt && self.noticed)
            && (!self.fails || demand.null_tested.is_some())
            && names(&demand.key, &self.key)
            && !demand.key.is_any_element()
            && possible(demand, &self.outcome)
    }

    /// Whether a function can follow a failure: not what closes what the first one opens, nor what
    /// counts on something else that the first one makes.
    fn may_be_met(&self, unit: &Unit, found: &Analysis, then: FunctionId) -> bool {
        let makes = |key: &Key| {
            let mut effects = self.outcome.effects.iter();
            effects.any(|(made, value)| value.origin.is_some() && names(made, key))
        };
        let counts = |demand: &Demand| {
            demand.null_tested.is_none()
                && demand.classes.contains(Classes::NEG)
                && makes(&demand.key)
        };
        let demands = &found.summaries[then.0 as usize].demands;
        !share_table(unit, self.first, then) && !demands.iter().any(counts)
    }

    fn note(&self, found: &mut Analysis, function: FunctionId, demand: &Demand) {
        found.add_use(
            self.origin,
            Use {
                need: demand.need,
                chain: demand.chain.clone(),
                tested: self.value.tested,
                null_tested: demand.null_tested.or(self.value.null_tested),
                function,
                later: true,
            },
        );
        let list = &mut found.creation_mut(self.origin).unpropagated;
        let place = (self.first, self.outcome.at);
        if self.starts && !list.contains(&place) {
            list.push(place);
        }
    }
}

/// Whether an outcome is one of a function that looked whether there was something in a place
/// before: it comes there again.
fn found_none(outcome: &Outcome, key: &Key) -> bool {
    let mut guards = outcome.guards.iter();
    guards.any(|guard| guard.classes == Classes::ZERO && names(&guard.key, key))
}

/// Whether two functions are members of one table: what opens and what closes, of which the second
/// follows only a success of the first.
fn share_table(unit: &Unit, one: FunctionId, other: FunctionId) -> bool {
    let tables = |id: FunctionId| {
        let name = unit.function(id).name;
        let own = unit.entries.iter().filter(move |e| e.function == name);
        own.map(|entry| entry.owner)
    };
    tables(one).any(|owner| owner.is_some() && tables(other).any(|its| its == owner))
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

/// Whether the creation may have failed or not in an outcome of which nothing is known, and all
/// else is the same: then it is followed by whatever follows success.
fn passes_for_success(
    outcome: &Outcome,
    outcomes: &[Outcome],
    key: &Key,
    origin: OriginId,
) -> bool {
    let others = |o: &Outcome| {
        let of_others = |(_, v): &&(Key, Value)| v.origin != Some(origin);
        o.effects
            .iter()
            .filter(of_others)
            .cloned()
            .collect::<Vec<_>>()
    };
    let succeeded = |o: &Outcome| {
        o.effects
            .iter()
            .any(|(k, v)| k == key && v.origin == Some(origin) && v.classes == Classes::POS)
    };
    let unknown = |v: &Value| v.classes == Classes::ANY;
    outcome.result.as_ref().is_some_and(unknown)
        && outcomes.iter().filter(|o| succeeded(o)).any(|o| {
            o.result == outcome.result
                && o.at == outcome.at
                && o.guards == outcome.guards
                && o.freed == outcome.freed
                && others(o) == others(outcome)
        })
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

/// Handles that exit ends although they are NULL after this outcome of init: what sets them has
/// not run, or their creation failed and NULL took the place of the error.
fn still_null(cx: &Context<'_>, graph: &CallGraph, found: &mut Analysis, outcome: &Outcome) {
    let threads = found
        .roles
        .iter()
        .filter(|(_, r)| r.iter().any(|r| matches!(r, Role::Thread(_))))
        .map(|(id, _)| id);
    let in_thread = graph.reachable(threads);
    let exits: Vec<FunctionId> = found
        .roles
        .iter()
        .filter(|(_, roles)| roles.contains(&Role::Exit))
        .map(|(id, _)| id)
        .collect();
    for exit in exits {
        let demands = found.summaries[exit.0 as usize].demands.clone();
        for demand in demands {
            if !starts_zero(cx, &demand.key) {
                continue;
            }
            // What init left alone is still zero.
            let excluded = demand.guards.iter().any(|guard| {
                let written = outcome.effects.iter().any(|(key, _)| *key == guard.key);
                !written && starts_zero(cx, &guard.key) && !fits(Classes::ZERO, guard)
            });
            let ends_it = match demand.need {
                Need::Call(callee) => cx
                    .fact(callee)
                    .is_some_and(|f| f.does(Verb::StopThread) || f.does(Verb::DestroyWorker)),
                Need::Deref => false,
            };
            let left = outcome.effects.iter().find(|(key, _)| *key == demand.key);
            let left = left.map(|(_, value)| value);
            let is_null = left.is_none_or(|v| {
                v.origin.is_some()
                    && v.classes.contains(Classes::ZERO)
                    && !v.classes.contains(Classes::NEG)
            });
            if excluded
                || !ends_it
                || !is_null
                || !demand.classes.contains(Classes::ZERO)
                || demand.doubt
                || !possible(&demand, outcome)
            {
                continue;
            }
            let kept = |c: &Creation| c.kept.contains(&demand.key);
            let setter = match left.and_then(|value| value.origin) {
                Some(origin) => Some(origin),
                None => found
                    .creations
                    .iter()
                    .position(kept)
                    .map(|at| OriginId(at as u32)),
            };
            let Some(setter) = setter else { continue };
            let made_in = found.creation(setter).function;
            let cause = match left {
                Some(_) => NullCause::Failed,
                None if in_thread[made_in.0 as usize] => NullCause::ThreadNeverRan,
                None => NullCause::NotReached,
            };
            let new = NullUse {
                key: demand.key.clone(),
                chain: demand.chain.clone(),
                need: demand.need,
                setter,
                cause,
                function: exit,
            };
            if !found.null_uses.contains(&new) {
                found.null_uses.push(new);
            }
        }
    }
}

/// Whether a variable of the file is zero before anything writes to it.
fn starts_zero(cx: &Context<'_>, key: &Key) -> bool {
    let Key::Global(name, parts) = key else {
        return false;
    };
    parts.is_empty()
        && cx.unit.globals.iter().any(|g| {
            g.name == *name
                && g.linkage == Linkage::Static
                && !g.is_extern
                && matches!(g.init, None | Some(Expr::Int(0)))
        })
}
