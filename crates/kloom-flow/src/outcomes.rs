//! Which ways for a function to end are kept apart for its callers.

use crate::memory::Key;
use crate::summary::{Guard, LockDelta, MAX_EFFECTS, MAX_OUTCOMES, Outcome, Value};
use kloom_facts::Classes;

/// Adds an outcome, merged with one that differs in nothing a caller tracks, or, past the bound,
/// with the one that returns the same.
pub(crate) fn add_outcome(outcomes: &mut Vec<Outcome>, new: Outcome) {
    // Callers tell outcomes apart by what is returned and by the errors that were left behind.
    let may_fail = |v: &Value| v.classes.contains(Classes::NEG);
    let tracked = |o: &Outcome| {
        let left: Vec<_> = o
            .effects
            .iter()
            .filter(|(_, v)| v.origin.is_some() && may_fail(v))
            .map(|(k, v)| (k.clone(), v.classes, v.origin))
            .collect();
        let result = o.result.as_ref().map(|v| {
            let mixed = may_fail(v) && v.classes != Classes::NEG;
            (
                v.classes,
                v.origin.filter(|_| mixed),
                v.same.clone(),
                v.fresh,
            )
        });
        (left, result, o.locks.clone())
    };
    let key = tracked(&new);
    if let Some(old) = outcomes.iter_mut().find(|o| tracked(o) == key) {
        merge_outcome(old, &new);
        return;
    }
    if outcomes.len() < MAX_OUTCOMES {
        outcomes.push(new);
        return;
    }
    let class = |o: &Outcome| o.result.as_ref().map(|v| v.classes);
    if let Some(old) = outcomes.iter_mut().find(|o| class(o) == class(&new)) {
        return merge_outcome(old, &new);
    }
    // Two that callers cannot tell apart make room for one that they can.
    let twin = |at: usize| {
        outcomes[..at]
            .iter()
            .position(|o| class(o) == class(&outcomes[at]))
    };
    let pair = (1..outcomes.len())
        .rev()
        .find_map(|at| Some((twin(at)?, at)));
    match (pair, outcomes.last_mut()) {
        (Some((one, other)), _) => {
            let other = outcomes.remove(other);
            merge_outcome(&mut outcomes[one], &other);
            outcomes.push(new);
        }
        (None, Some(last)) => merge_outcome(last, &new),
        (None, None) => {}
    }
}

/// What carries a creation comes first, then what belongs to the whole file: the last is cut.
pub(crate) fn rank(effect: &(Key, Value)) -> (bool, bool, &Key) {
    let (key, value) = effect;
    (value.origin.is_none(), !matches!(key, Key::Global(..)), key)
}

fn merge_outcome(old: &mut Outcome, new: &Outcome) {
    let joined = |a: &Value, b: &Value| Value {
        classes: a.classes.or(b.classes),
        origin: a.origin.filter(|_| a.origin == b.origin),
        tested: a.tested.or(b.tested),
        null_tested: a.null_tested.or(b.null_tested),
        same: a.same.clone().filter(|_| a.same == b.same),
        fresh: a.fresh && b.fresh,
    };
    if let (Some(a), Some(b)) = (&mut old.result, &new.result) {
        *a = joined(a, b);
    }
    if old.locks != new.locks {
        old.locks = LockDelta {
            lost: true,
            ..LockDelta::default()
        };
    }
    unite(&mut old.freed, &new.freed);
    unite(&mut old.kept, &new.kept);
    old.gone.retain(|key| new.gone.contains(key));
    old.guards = old
        .guards
        .iter()
        .filter_map(|g| {
            let other = new.guards.iter().find(|o| o.key == g.key)?;
            let classes = g.classes.or(other.classes);
            (classes != Classes::ANY).then(|| Guard {
                key: g.key.clone(),
                classes,
                tested: g.tested.filter(|_| other.tested.is_some()),
            })
        })
        .collect();
    let unknown = |key: &Key| Value {
        classes: Classes::ANY,
        origin: None,
        tested: None,
        null_tested: None,
        same: matches!(key, Key::Param(..) | Key::Global(..)).then(|| key.clone()),
        fresh: false,
    };
    for (key, value) in &mut old.effects {
        let other = new.effects.iter().find(|(k, _)| k == key);
        let other = other.map_or_else(|| unknown(key), |(_, v)| v.clone());
        *value = joined(value, &other);
    }
    for (key, value) in &new.effects {
        if !old.effects.iter().any(|(k, _)| k == key) && old.effects.len() < MAX_EFFECTS {
            old.effects
                .push((key.clone(), joined(&unknown(key), value)));
        }
    }
    old.effects.sort_by(|a, b| rank(a).cmp(&rank(b)));
}

fn unite(old: &mut Vec<Key>, new: &[Key]) {
    for key in new {
        if !old.contains(key) {
            old.push(key.clone());
        }
    }
}
