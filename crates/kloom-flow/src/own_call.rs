//! Calls of the unit's own functions: their summaries in the caller's terms.

use crate::body::Body;
use crate::call::Site;
use crate::memory::{Cell, Key, Part};
use crate::state::State;
use crate::summary::{Demand, Guard, MAX_DEMANDS, Outcome, Summary, Value, Writes};
use crate::value::{CellId, Info, Link, Sym};
use kloom_facts::Classes;
use kloom_ir::{Expr, FunctionId, LocalId, Origin, Type};
use std::borrow::Cow;

/// Unsigned types that every `int` can hold.
const NARROW: [&str; 5] = ["bool", "u8", "u16", "unsigned char", "unsigned short"];

/// Where a key leads in the caller.
pub(crate) enum Target {
    Value(Sym),
    Cell(CellId),
}

impl Body<'_> {
    /// The states after a call of one of the unit's own functions.
    pub fn call_own(
        &mut self,
        state: &State,
        site: &Site<'_>,
        callee: FunctionId,
        summaries: &[Summary],
    ) -> Vec<State> {
        // An empty inline of a header is what another configuration has a real function for.
        let f = self.cx.unit.function(callee);
        let stands_in =
            f.origin == Origin::Header && f.blocks.iter().all(|block| block.instrs.is_empty());
        if stands_in {
            let mut state = state.clone();
            state.owned.take_all_back();
            self.hand_out(&mut state, site.args, true, site.call.dst.is_some());
            return vec![self.finish(state, site.call, site.point, Info::ANY)];
        }
        let Some(summary) = summaries.get(callee.0 as usize).filter(|s| s.followed) else {
            let mut state = state.clone();
            state.owned.take_all_back();
            self.hand_out(&mut state, site.args, false, site.call.dst.is_some());
            if let Some(writes) = self.cx.writes.get(callee.0 as usize) {
                self.overwrite(&mut state, writes);
            }
            if self.cx.touches_locks(callee) {
                state.locks.lose();
            }
            return vec![self.finish(state, site.call, site.point, Info::ANY)];
        };
        for demand in &summary.demands {
            if !demand.key.is_any_element() {
                self.meet_demand(state, site, demand);
            }
        }
        for demand in &summary.lock_demands {
            self.meet_lock_demand(state, site, demand);
        }
        let mut out = Vec::new();
        let mut ways = Vec::new();
        // What is found or made, as the case may be, is nobody's in particular.
        let finds = summary
            .outcomes
            .iter()
            .any(|o| o.result.as_ref().is_some_and(is_found));
        for outcome in &summary.outcomes {
            let mut after = state.clone();
            if self.fits(&mut after, site, &outcome.guards) {
                ways.push(outcome);
                let mut after = self.apply(after, state, site, callee, outcome);
                if finds {
                    after.owned.settle(Sym::Made(site.point));
                }
                out.push(after);
            }
        }
        if !self.locks_are_settled(site, &ways) {
            out.iter_mut().for_each(|state| state.locks.lose());
        }
        out
    }

    /// A callee that was not followed may have written these.
    fn overwrite(&mut self, state: &mut State, writes: &Writes) {
        let cells = &self.cells;
        state.forget(cells, |c| {
            matches!(cells.get(cells.root(c)), Cell::Global(name) if writes.globals.contains(&name))
                || cells
                    .class(c)
                    .is_some_and(|class| writes.members.contains(&class))
        });
    }

    /// The key's cell or value in the caller's state before the call.
    pub fn target(&mut self, state: &State, site: &Site<'_>, key: &Key) -> Option<Target> {
        let (mut at, parts) = match key {
            Key::Param(n, parts) => {
                let place = match site.call.args.get(*n as usize).map(|a| &a.expr) {
                    Some(Expr::Read(place)) if site.by_place => Some(*place),
                    _ => None,
                };
                match place {
                    Some(place) => (
                        Target::Cell(self.cell(state, place, site.call.callee_span)),
                        parts,
                    ),
                    None => (Target::Value(*site.args.get(*n as usize)?), parts),
                }
            }
            Key::Global(name, parts) => {
                (Target::Cell(self.cells.intern(Cell::Global(*name))), parts)
            }
            Key::Class(..) => return None,
        };
        for part in parts {
            at = match (*part, at) {
                (Part::Deref, Target::Value(pointer)) => {
                    if pointer == Sym::Unknown {
                        return None;
                    }
                    let nowhere = self.cells.intern(Cell::Object(pointer));
                    Target::Cell(self.object(pointer, nowhere))
                }
                (Part::Deref, Target::Cell(cell)) => {
                    let pointer = state.read(&self.cells, cell);
                    Target::Cell(self.object(pointer, cell))
                }
                (Part::Field(owner, name), Target::Cell(of)) => {
                    Target::Cell(self.cells.intern(Cell::Field { of, owner, name }))
                }
                (Part::Index(at), Target::Cell(of)) => {
                    Target::Cell(self.cells.intern(Cell::Index { of, at }))
                }
                (_, Target::Value(_)) => return None,
            };
        }
        Some(at)
    }

    pub fn value_at(&mut self, state: &State, site: &Site<'_>, key: &Key) -> Option<Sym> {
        match self.target(state, site, key)? {
            Target::Value(sym) => Some(sym),
            Target::Cell(cell) => Some(state.read(&self.cells, cell)),
        }
    }

    /// Restricts the state to the guards; `false` if they cannot hold.
    pub fn fits(&mut self, state: &mut State, site: &Site<'_>, guards: &[Guard]) -> bool {
        for guard in guards {
            let Some(sym) = self.value_at(state, site, &guard.key) else {
                continue;
            };
            let at = guard.tested.unwrap_or(site.call.callee_span);
            if guard.tested.is_some() {
                let link = Link {
                    of: sym,
                    yes: guard.classes.0,
                    no: guard.classes.not().0,
                };
                self.note_test(state, link, at);
            }
            if !state.refine(sym, guard.classes, at, guard.tested.is_some()) {
                return false;
            }
        }
        true
    }

    fn meet_demand(&mut self, state: &State, site: &Site<'_>, demand: &Demand) {
        let mut chain = demand.chain.clone();
        if chain.len() < 6 {
            chain.push(site.span);
        }
        let mut after = Cow::Borrowed(state);
        if !demand.guards.is_empty() && !self.fits(after.to_mut(), site, &demand.guards) {
            return;
        }
        if let Key::Class(..) = demand.key {
            // Still one of these: nothing about it can be said here.
            if self.demands.len() < MAX_DEMANDS {
                let guards = self.guards(&after, None);
                let lifted = Demand {
                    guards,
                    doubt: demand.doubt || state.in_doubt(),
                    chain,
                    ..demand.clone()
                };
                if !self.demands.contains(&lifted) {
                    self.demands.push(lifted);
                }
            }
            return;
        }
        let Some(sym) = self.value_at(state, site, &demand.key) else {
            return;
        };
        self.touched(&after, sym, demand.classes.not(), &chain);
        let mut info = after.info(sym);
        info.classes = info.classes.and(demand.classes);
        if info.classes.is_empty() {
            return;
        }
        if demand.doubt && info.tested.is_some() {
            return;
        }
        info.null_tested = info.null_tested.or(demand.null_tested);
        if info != after.info(sym) {
            after.to_mut().set_info(sym, info);
        }
        if demand.doubt {
            after.to_mut().doubt(site.point, 0);
        }
        self.used(&after, sym, demand.need, demand.classes.not(), &chain);
    }

    fn apply(
        &mut self,
        mut after: State,
        before: &State,
        site: &Site<'_>,
        callee: FunctionId,
        outcome: &Outcome,
    ) -> State {
        self.hands_over(&mut after, before, site, callee, outcome);
        after.retire(&self.cells, Sym::Made(site.point));
        for (key, value) in &outcome.effects {
            let cell = match (self.target(before, site, key), key) {
                (Some(Target::Cell(cell)), _) => cell,
                (None, Key::Class(owner, name)) => {
                    // Some object of the callee's own: one of these. Calls are told apart where
                    // one may have left an error there.
                    let object = value.origin.map_or(Sym::Unknown, |_| Sym::Made(site.point));
                    let of = self.cells.intern(Cell::Object(object));
                    self.cells.intern(Cell::Field {
                        of,
                        owner: Some(*owner),
                        name: *name,
                    })
                }
                _ => continue,
            };
            let sym = self.incoming(&mut after, before, site, value, Sym::Out(site.point, cell));
            self.put(&mut after, cell, sym, site.span);
        }
        for key in &outcome.freed {
            if let Some(object) = self.value_at(before, site, key) {
                after.free(&self.cells, object);
            }
        }
        self.apply_locks(&mut after, before, site, callee, &outcome.locks);
        let Some(result) = &outcome.result else {
            return after;
        };
        if site.call.dst.is_none() {
            return after;
        }
        let mut value = result.clone();
        if let Some(inner) = value.origin {
            let is_new = self.cx.unit.function(callee).origin != Origin::Macro;
            self.found.creation_mut(inner).handed_on = true;
            if is_new
                && value.same.is_none()
                && value.classes.contains(Classes::NEG)
                && value.classes.contains(Classes::POS)
            {
                // Untested so far: what the caller must test is this call.
                let (name, made, null) = {
                    let creation = self.found.creation(inner);
                    (
                        self.cx.unit.function(callee).name,
                        creation.made,
                        creation.null,
                    )
                };
                value.origin = Some(self.origin(site, name, made, null));
                value.tested = None;
                value.null_tested = None;
            }
        }
        let sym = self.incoming(&mut after, before, site, &value, Sym::Made(site.point));
        if self.is_narrow(callee) {
            let mut info = after.info(sym);
            info.classes = info.classes.and(Classes::NEG.not());
            after.set_info(sym, info);
        }
        let mut after = self.store(after, site.call, sym);
        if value.fresh && sym == Sym::Made(site.point) {
            let f = self.cx.unit.function(callee);
            // Which flags its allocation has had is not known here; its callers know.
            let may_fail = f.origin != Origin::Macro && self.may_fail(site.call);
            self.owns(&mut after, site, f.name, may_fail);
        }
        after
    }

    /// Whether the result is of a type that no value of is negative, wherever it is put.
    fn is_narrow(&self, callee: FunctionId) -> bool {
        let types = &self.cx.unit.types;
        match types.get(self.cx.unit.function(callee).returns) {
            Type::Int(name) | Type::Named(name) => NARROW.contains(&self.cx.unit.names.text(*name)),
            _ => false,
        }
    }

    /// What the callee freed, and what it may hold on to.
    fn hands_over(
        &mut self,
        after: &mut State,
        before: &State,
        site: &Site<'_>,
        callee: FunctionId,
        outcome: &Outcome,
    ) {
        if !self.memory {
            return;
        }
        after.owned.settle_homes();
        if self.cx.undoes.get(callee.0 as usize) != Some(&false) {
            after.owned.take_all_back();
        }
        let f = self.cx.unit.function(callee);
        // Whoever does not look at the answer knows in another way that it is not freed yet; and
        // a macro may leave its caller, too.
        let certain = f.origin != Origin::Macro
            && (site.call.dst.is_some() || matches!(self.cx.unit.types.get(f.returns), Type::Void));
        for arg in &site.call.args {
            self.may_decay(after, &arg.expr, site.span);
        }
        if f.origin == Origin::Macro {
            // What stands for `...` goes where the body says.
            let dots = |n: &u32| {
                let name = f.local(LocalId(*n)).name;
                name.is_some_and(|name| self.cx.unit.names.text(name) == "...")
            };
            let named = (0..f.params).find(dots).unwrap_or(f.params);
            for arg in site.args.iter().skip(named as usize) {
                self.escape(after, *arg);
                self.judged(*arg);
            }
        }
        for key in &outcome.kept {
            match self.value_at(before, site, key) {
                Some(object) if outcome.gone.contains(key) => {
                    // Whoever frees a thing of the unit's own frees what is in it.
                    self.copied_from(after, object);
                    self.freed(after, object, site, certain);
                }
                Some(object) => self.escape(after, object),
                None => {}
            }
        }
        // A place that the callee writes holds something else by now.
        if let Some(writes) = self.cx.writes.get(callee.0 as usize) {
            let cells = &self.cells;
            after.owned.revive(|object| match object {
                Sym::Init(_) if writes.named_by_macro => true,
                Sym::Init(cell) => match cells.get(cells.root(cell)) {
                    Cell::Global(name) if writes.globals.contains(&name) => true,
                    _ => cells
                        .class(cell)
                        .is_some_and(|c| writes.members.contains(&c)),
                },
                _ => false,
            });
        }
    }

    /// A callee's value as the caller's.
    fn incoming(
        &mut self,
        after: &mut State,
        before: &State,
        site: &Site<'_>,
        value: &Value,
        fresh: Sym,
    ) -> Sym {
        if let Some(key) = &value.same
            && let Some(sym) = self.value_at(before, site, key)
        {
            return sym;
        }
        let info = Info {
            classes: value.classes,
            origin: value.origin,
            tested: value.tested,
            null_tested: value.null_tested,
            ..Info::ANY
        };
        // What is returned can still be tested and returned again.
        if info == Info::ANY && !value.fresh && !matches!(fresh, Sym::Made(_)) {
            return Sym::Unknown;
        }
        if matches!(fresh, Sym::Out(..)) {
            after.retire(&self.cells, fresh);
        }
        after.set_info(fresh, info);
        fresh
    }
}

/// Whether a callee's value is a pointer that was there before.
fn is_found(value: &Value) -> bool {
    let is_good = value.classes.contains(Classes::POS) && !value.classes.contains(Classes::ZERO);
    is_good && !value.fresh && value.origin.is_none()
}
