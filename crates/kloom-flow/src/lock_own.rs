//! Locks over calls of the unit's own functions, and at a function's end.

use crate::analysis::Analysis;
use crate::body::Body;
use crate::call::Site;
use crate::callgraph::CallGraph;
use crate::lock_issue::{LockIssue, LockIssueKind};
use crate::lock_sleep::Says;
use crate::locks::{Ended, Held, LockId, LockName, alike};
use crate::memory::Key;
use crate::own_call::Target;
use crate::state::State;
use crate::summary::{LockDelta, LockDemand, LockNeed, Outcome};
use crate::value::Sym;
use kloom_diag::Span;
use kloom_facts::{Classes, Verb};
use kloom_ir::{FunctionId, Origin, Type};

/// Longest chain of calls that a demand is handed up.
const MAX_CHAIN: usize = 6;

/// How the function ended once.
pub(crate) struct Exit {
    at: Span,
    classes: Classes,
    held: Vec<Held>,
    ended: Vec<Ended>,
    dropped: Vec<LockId>,
    trail: Vec<(Span, bool)>,
    /// Calls that may have given back what is held.
    suspects: Vec<Span>,
}

impl Body<'_> {
    /// The lock in this function's terms that a callee names.
    fn lock_here(&mut self, state: &State, site: &Site<'_>, name: &LockName) -> Option<LockId> {
        match name {
            LockName::Only(sort) => Some(LockId::Only(*sort)),
            LockName::Key(key, sort) => match (self.target(state, site, key), key) {
                (Some(Target::Cell(cell)), _) => {
                    (!self.cells.is_any_element(cell)).then_some(LockId::Cell(cell, *sort))
                }
                (_, Key::Class(owner, name)) => Some(LockId::Class(*owner, *name, *sort)),
                _ => None,
            },
        }
    }

    /// What a callee asks of the locks that are held.
    pub fn meet_lock_demand(&mut self, state: &State, site: &Site<'_>, demand: &LockDemand) {
        let mut after = state.clone();
        if state.locks.lost
            || self.is_command(site.span)
            || demand.chain.len() >= MAX_CHAIN
            || !self.fits(&mut after, site, &demand.guards)
        {
            return;
        }
        let mut chain = demand.chain.clone();
        chain.push(site.span);
        // What has no name here may be any of its kind.
        let mut free = Vec::new();
        for name in &demand.free {
            let Some(id) = self.lock_here(state, site, name).or(name.any_alike()) else {
                return;
            };
            free.push(id);
        }
        match &demand.need {
            LockNeed::Sleep { word } => {
                // It may be a fault, which fails instead.
                if state.locks.has_faults_off() {
                    return;
                }
                let word = match word {
                    None => None,
                    Some((key, word)) => match self.word_here(state, site, key, word) {
                        Some(word) => word,
                        None => return,
                    },
                };
                if word.is_none() && !demand.doubt {
                    self.must_not_sleep(state, &free, chain.clone());
                }
                if demand.doubt {
                    after.doubt(site.point, 0);
                }
                self.lock_demand(&after, LockNeed::Sleep { word }, &free, chain);
            }
            LockNeed::Free { name, how } => {
                let Some(id) = self.lock_here(state, site, name) else {
                    return;
                };
                if demand.doubt {
                    self.lift_take(&after, id, *how, chain, true);
                } else if !free.iter().any(|free| alike(&self.cells, *free, id)) {
                    self.must_be_free(&after, id, *how, chain);
                }
            }
        }
    }

    /// Applies what an outcome did to locks.
    pub fn apply_locks(
        &mut self,
        after: &mut State,
        before: &State,
        site: &Site<'_>,
        callee: FunctionId,
        delta: &LockDelta,
    ) {
        if delta.lost || self.is_command(site.span) {
            return after.locks.lose();
        }
        if self.is_dubious(callee, delta) {
            after.locks.doubt_all();
        }
        for (name, how) in &delta.dropped {
            let Some(id) = self.lock_here(before, site, name) else {
                after.locks.doubt_all();
                continue;
            };
            match after.locks.end(&self.cells, id, site.span) {
                Some(held) => {
                    self.balanced.insert(held.at);
                    self.note_released(after, &held, *how, site.span);
                }
                None => self.release_unheld(after, id, *how, site.span, vec![site.span]),
            }
        }
        for (name, how) in &delta.taken {
            let Some(id) = self.lock_here(before, site, name) else {
                after.locks.lose();
                return;
            };
            let held = Held {
                id,
                how: *how,
                at: site.span,
                named: site.call.args.first().map_or(site.span, |a| a.span),
                by: Some(callee),
                sure: !matches!(id, LockId::Class(..)),
                restored: false,
                touched: false,
            };
            self.take(after, held, Vec::new(), false);
        }
    }

    /// Whether a callee that ends in one of these ways leaves the same locks, or at least says so.
    pub fn locks_are_settled(&self, site: &Site<'_>, ways: &[&Outcome]) -> bool {
        let differ = |a: &Outcome, b: &Outcome| {
            if a.locks == b.locks {
                return false;
            }
            match (&a.result, &b.result) {
                (Some(x), Some(y)) if site.call.dst.is_some() => {
                    !x.classes.and(y.classes).is_empty()
                }
                _ => true,
            }
        };
        ways.iter()
            .enumerate()
            .all(|(at, a)| ways[at + 1..].iter().all(|b| !differ(a, b)))
    }

    /// What an outcome says about locks.
    pub fn lock_delta(&self, state: &State) -> LockDelta {
        let locks = &state.locks;
        let mut delta = LockDelta {
            lost: locks.lost,
            ..LockDelta::default()
        };
        for held in locks.held.iter().filter(|h| !h.restored) {
            match self.lock_name(held.id) {
                Some(name) if !delta.taken.contains(&(name.clone(), held.how)) => {
                    delta.taken.push((name, held.how));
                }
                Some(_) => {}
                // A lock of the function's own: who calls it will not give it back.
                None => delta.lost |= self.f.origin == Origin::Macro,
            }
            delta.lost |= !held.sure;
        }
        for dropped in &locks.dropped {
            match self.lock_name(dropped.id) {
                Some(name) => delta.dropped.push((name, dropped.how)),
                None => delta.lost = true,
            }
        }
        delta.lost |= locks.may_be_back && !locks.dropped.is_empty();
        delta.taken.sort();
        delta.dropped.sort();
        delta
    }

    /// Notes with which locks the function ends on this path.
    pub fn note_exit(&mut self, state: &State, result: Option<Sym>, at: Span) {
        if self.shapes.is_none() || state.locks.lost {
            return;
        }
        for dropped in &state.locks.dropped {
            if let Some(name) = self.lock_name(dropped.id) {
                self.found.lock_dropped.insert(name.anywhere());
            }
        }
        let classes = result.map_or(Classes::ANY, |sym| state.info(sym).classes);
        let own = |held: &&Held| held.sure && !held.restored && held.how.is_owned();
        self.exits.push(Exit {
            at,
            classes,
            held: state.locks.held.iter().filter(own).copied().collect(),
            ended: state.locks.ended.clone(),
            dropped: state.locks.dropped.iter().map(|d| d.id).collect(),
            trail: state.locks.trail.clone(),
            suspects: state.locks.suspects.clone(),
        });
    }

    /// Locks that some ways out of the function leave held and others give back.
    pub fn judge_exits(&mut self) {
        // Whoever takes a lock twice that is never given back counts on somebody else to do that.
        let (id, balanced) = (self.id, std::mem::take(&mut self.balanced));
        self.found.lock_issues.retain(|issue| {
            issue.function != id
                || issue.kind != LockIssueKind::TakenTwice
                || issue.taken.is_some_and(|at| balanced.contains(&at))
        });
        let exits = std::mem::take(&mut self.exits);
        if self.f.origin != Origin::File || self.is_annotated() {
            return;
        }
        let failures = match self.cx.unit.types.get(self.f.returns) {
            Type::Pointer(_) => Classes::NEG.or(Classes::ZERO),
            _ => Classes::NEG,
        };
        for exit in &exits {
            for held in &exit.held {
                // Given back by somebody who does not take it: it is kept from call to call.
                if exits.iter().any(|e| e.dropped.contains(&held.id)) {
                    continue;
                }
                let right: Vec<&Exit> = exits
                    .iter()
                    .filter(|e| {
                        let mut ended = e.ended.iter();
                        ended.any(|end| end.id == held.id && end.taken == Some(held.at))
                    })
                    .collect();
                // Taken on success only, as by something that tries, and callers can tell.
                let good = exit.classes.and(failures.not());
                let told = |e: &&Exit| e.classes.and(good).is_empty();
                if right.is_empty() || !good.is_empty() && right.iter().all(told) {
                    continue;
                }
                // The last thing done is to ask whether it is held.
                let asked = right.iter().any(|e| {
                    let mut ended = e.ended.iter().filter(|end| end.id == held.id);
                    e.at == exit.at
                        && e.classes == exit.classes
                        && exit.trail.last().is_some_and(|(last, answer)| {
                            let other = Some((*last, !answer));
                            ended.any(|end| end.under.contains(&other))
                        })
                });
                // Which of its answers means that a lock is held, only the callee knows.
                let told_by = |test: &(Span, bool)| {
                    let other = Some((test.0, !test.1));
                    let mut ended = right.iter().flat_map(|e| &e.ended);
                    self.told_by.contains(&test.0) && ended.any(|end| end.under.contains(&other))
                };
                if asked || exit.trail.iter().any(told_by) {
                    continue;
                }
                // Nobody knows what this way called, and no way that gives the lock back called it.
                let called = |at: &Span| right.iter().any(|e| e.suspects.contains(at));
                if !exit.suspects.iter().all(called) {
                    continue;
                }
                let mut others: Vec<Span> = right
                    .iter()
                    .flat_map(|e| &e.ended)
                    .filter(|end| end.id == held.id)
                    .map(|end| end.at)
                    .collect();
                others.sort_unstable();
                others.dedup();
                self.lock_issue(LockIssue {
                    kind: LockIssueKind::StillHeld,
                    function: self.id,
                    at: exit.at,
                    taken: Some(held.at),
                    named: Some(held.named),
                    how: held.how,
                    chain: vec![exit.at],
                    trail: exit.trail.clone(),
                    others,
                    unless_dropped: self
                        .lock_name(held.id)
                        .filter(|_| !good.is_empty())
                        .map(|name| name.anywhere()),
                });
            }
        }
    }

    /// Whether the function says that it takes or gives back locks for its callers.
    fn is_annotated(&self) -> bool {
        let says = |name| {
            self.cx.fact(name).is_some_and(|fact| {
                fact.effects(Verb::Annotates)
                    .any(|e| e.says("takes") || e.says("takes-if") || e.says("drops"))
            })
        };
        self.f.attributes.iter().any(|a| says(a.name))
    }

    /// What a word a callee waits for is here: said (`Some(None)`), up to the caller, or not said.
    fn word_here(
        &mut self,
        state: &State,
        site: &Site<'_>,
        key: &Key,
        word: &'static str,
    ) -> Option<Option<(Key, &'static str)>> {
        let Key::Param(n, parts) = key else {
            return None;
        };
        let arg = site.call.args.get(*n as usize)?;
        let sym = if parts.is_empty() {
            *site.args.get(*n as usize)?
        } else {
            self.value_at(state, site, key)?
        };
        match self.says(sym, &arg.expr, word) {
            Says::Yes => Some(None),
            Says::No => None,
            Says::Caller(key) => Some(Some((key, word))),
        }
    }
}

/// Drops what turns out to be meant: locks that another function gives back.
pub(crate) fn settle_issues(graph: &CallGraph, found: &mut Analysis) {
    let (handed, dropped) = (&found.lock_handed, &found.lock_dropped);
    let released = &found.lock_released;
    found.lock_issues.retain(|issue| {
        let by_caller = issue.kind == LockIssueKind::StillHeld && handed.contains(&issue.function);
        let elsewhere = issue.unless_dropped.as_ref().is_some_and(|lock| {
            let calls = |(caller, other): &(FunctionId, LockName)| {
                other == lock && graph.callees[caller.0 as usize].contains(&issue.function)
            };
            dropped.contains(lock) || released.iter().any(calls)
        });
        !by_caller && !elsewhere
    });
}
