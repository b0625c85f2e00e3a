//! What a path must not do with the locks it holds: sleep, take one again, wait on a queue whose
//! lock it has.

use crate::body::Body;
use crate::call::Site;
use crate::lock_issue::{LockIssue, LockIssueKind};
use crate::locks::{Held, How, Irq, LockId, LockKind, LockName, Sort, alike, is_certain};
use crate::memory::{Cell, Key};
use crate::state::State;
use crate::summary::{LockDemand, LockNeed, MAX_LOCK_DEMANDS};
use crate::value::{CellId, Sym};
use kloom_diag::Span;
use kloom_facts::{Classes, Effect, Fact, Verb, When};
use kloom_ir::{BinOp, Expr};

/// What an argument says about a word that decides.
pub(crate) enum Says {
    Yes,
    No,
    /// The caller does, by this key.
    Caller(Key),
}

impl Body<'_> {
    /// A call that may sleep.
    pub fn sleeps(&mut self, state: &State, site: &Site<'_>, fact: &'static Fact, effect: &Effect) {
        let word = match effect.when {
            When::ArgHas(n, word) => {
                let Some(arg) = site.call.args.get(usize::from(n)) else {
                    return;
                };
                match self.says(site.args[usize::from(n)], &arg.expr, word) {
                    Says::Yes => None,
                    Says::No => return,
                    Says::Caller(key) => Some((key, word)),
                }
            }
            When::ArgIs(n, classes) => {
                let arg = site.args.get(usize::from(n)).copied();
                let known = arg.map_or(Classes::ANY, |sym| state.info(sym).classes);
                if !classes.contains(known) {
                    return;
                }
                None
            }
            When::Always => None,
            _ => return,
        };
        // It sleeps in process context only, which callers decide.
        let only_here = effect.says("process");
        if only_here && state.locks.has_bottom_halves_off() {
            return;
        }
        // A fault fails where it may not be handled.
        let faults = fact.does(Verb::CopyToUser) || fact.does(Verb::CopyFromUser);
        if faults && state.locks.has_faults_off() {
            return;
        }
        // What is handed a lock gives it back while it sleeps.
        let mut free = Vec::new();
        for arg in site.args {
            let cell = match *arg {
                Sym::Addr(cell) => cell,
                object => self.cells.intern(Cell::Object(object)),
            };
            let named = |h: &&Held| matches!(h.id, LockId::Cell(c, _) if c == cell);
            free.extend(state.locks.held.iter().filter(named).map(|h| h.id));
        }
        for wait in fact.effects(Verb::Wait) {
            free.extend(self.dropped_by_wait(state, site, wait));
        }
        if word.is_none() {
            self.must_not_sleep(state, &free, vec![site.span]);
        }
        if !only_here {
            self.lock_demand(state, LockNeed::Sleep { word }, &free, vec![site.span]);
        }
    }

    /// Whether an argument contains a constant of this name.
    pub fn says(&self, sym: Sym, expr: &Expr, word: &str) -> Says {
        let names = &self.cx.unit.names;
        match sym {
            Sym::Named(name) if names.text(name).contains(word) => return Says::Yes,
            Sym::Named(_) => return Says::No,
            Sym::Init(cell) => {
                return match self.cells.path(cell, self.f.params) {
                    Some(key @ Key::Param(..)) => Says::Caller(key),
                    _ => Says::No,
                };
            }
            _ => {}
        }
        fn has(expr: &Expr, test: &dyn Fn(kloom_ir::Name) -> bool) -> bool {
            match expr {
                Expr::Name(name) => test(*name),
                Expr::Binary(BinOp::Or, a, b) => has(a, test) || has(b, test),
                Expr::Cast(_, inner) => has(inner, test),
                _ => false,
            }
        }
        if has(expr, &|name| names.text(name).contains(word)) {
            Says::Yes
        } else {
            Says::No
        }
    }

    /// Reports a sleep while something is held that forbids it, except `free`.
    pub fn must_not_sleep(&mut self, state: &State, free: &[LockId], chain: Vec<Span>) {
        let holder = state.locks.held.iter().rev();
        // Under another name it may be the same lock.
        let is_free = |h: &Held| free.iter().any(|id| alike(&self.cells, h.id, *id));
        let mut holder = holder.filter(|h| h.how.is_atomic() && !is_free(h));
        let Some(held) = holder.find(|h| h.sure).copied() else {
            return;
        };
        self.held_issue(LockIssueKind::Sleeps, state, &held, chain);
    }

    /// Reports that a lock is taken which this path holds, and asks the same of callers.
    pub fn must_be_free(&mut self, state: &State, id: LockId, how: How, chain: Vec<Span>) {
        let recursive = |a: How, b: How| a.read && b.read || a.nested || b.nested || !b.is_owned();
        if let Some(held) = state.locks.find(id).copied()
            && held.sure
            && !held.touched
            && !recursive(how, held.how)
            && is_certain(&self.cells, id)
            // A function that calls itself knows better.
            && (chain.len() == 1 || chain.first() != Some(&held.at))
        {
            self.held_issue(LockIssueKind::TakenTwice, state, &held, chain.clone());
        }
        self.lift_take(state, id, how, chain, false);
    }

    /// Tells callers that a lock is taken, and what is off by then.
    pub fn lift_take(
        &mut self,
        state: &State,
        id: LockId,
        mut how: How,
        chain: Vec<Span>,
        doubt: bool,
    ) {
        let Some(name) = self.lock_name(id) else {
            return;
        };
        if !how.is_owned() || how.nested {
            return;
        }
        for held in &state.locks.held {
            how.irq = match (held.how.kind, held.how.irq) {
                (LockKind::Irq, _) | (_, Irq::Off | Irq::Saved) => Irq::Off,
                (LockKind::Bh, _) | (_, Irq::Bh) if how.irq == Irq::Kept => Irq::Bh,
                _ => how.irq,
            };
        }
        let need = LockNeed::Free { name, how };
        self.demand_of_callers(state, need, &[], chain, doubt);
    }

    fn held_issue(&mut self, kind: LockIssueKind, state: &State, held: &Held, chain: Vec<Span>) {
        let Some(at) = chain.last().copied() else {
            return;
        };
        let direct = kind == LockIssueKind::TakenTwice && chain.len() == 1;
        self.lock_issue(LockIssue {
            kind,
            function: self.id,
            at,
            taken: Some(held.at),
            named: Some(held.named),
            how: held.how,
            chain,
            trail: state.locks.trail.clone(),
            others: Vec::new(),
            unless_dropped: self
                .lock_name(held.id)
                .filter(|_| direct)
                .map(|name| name.anywhere()),
        });
    }

    /// The lock in terms that callers know.
    pub fn lock_name(&self, id: LockId) -> Option<LockName> {
        match id {
            LockId::Cell(cell, sort) => {
                let key = self.cells.key(cell, self.f.params)?;
                Some(LockName::Key(key, sort))
            }
            LockId::Only(sort) => Some(LockName::Only(sort)),
            LockId::Class(owner, name, sort) => Some(LockName::Key(Key::Class(owner, name), sort)),
        }
    }

    /// Asks something of the callers.
    pub fn lock_demand(
        &mut self,
        state: &State,
        need: LockNeed,
        free: &[LockId],
        chain: Vec<Span>,
    ) {
        self.demand_of_callers(state, need, free, chain, false);
    }

    fn demand_of_callers(
        &mut self,
        state: &State,
        need: LockNeed,
        free: &[LockId],
        chain: Vec<Span>,
        doubt: bool,
    ) {
        if state.locks.lost || self.lock_demands.len() >= MAX_LOCK_DEMANDS {
            return;
        }
        let dropped = state.locks.dropped.iter().map(|d| d.id);
        let free: Vec<LockName> = dropped
            .chain(free.iter().copied())
            .filter_map(|id| self.lock_name(id))
            .collect();
        let demand = LockDemand {
            need,
            guards: self.guards(state, None),
            doubt: doubt || state.in_doubt() || state.locks.hangs_on_answers(),
            below: doubt,
            free,
            chain,
        };
        let same = |old: &LockDemand| {
            old.need == demand.need && old.guards == demand.guards && old.free == demand.free
        };
        match self.lock_demands.iter_mut().find(|d| same(d)) {
            Some(old) => {
                old.doubt &= demand.doubt;
                old.below &= demand.below;
                if demand.chain.len() < old.chain.len() {
                    old.chain = demand.chain;
                }
            }
            None => self.lock_demands.push(demand),
        }
    }

    /// The locks that a wait gives back while it sleeps.
    fn dropped_by_wait(&mut self, state: &State, site: &Site<'_>, wait: &Effect) -> Vec<LockId> {
        if wait.says("lock-irq") {
            return self.lock_argument(state, site).into_iter().collect();
        }
        if !wait.says("locked") && !wait.says("locked-irq") {
            return Vec::new();
        }
        let Some(queue) = self.queue(state, site, wait) else {
            return state.locks.held.iter().map(|h| h.id).collect();
        };
        let own = state
            .locks
            .held
            .iter()
            .filter(|h| self.lies_in(h.id, queue));
        own.map(|h| h.id).collect()
    }

    /// The lock that a wait macro is handed, by place.
    fn lock_argument(&mut self, state: &State, site: &Site<'_>) -> Option<LockId> {
        match &site.call.args.get(2)?.expr {
            Expr::Read(place) => {
                let cell = self.cell(state, *place, site.span);
                let kind = LockKind::Spin;
                Some(LockId::Cell(cell, Sort { kind, words: 0 }))
            }
            _ => None,
        }
    }

    /// The cell of the queue that a wait or wake-up names.
    fn queue(&mut self, state: &State, site: &Site<'_>, effect: &Effect) -> Option<CellId> {
        let n = usize::from(effect.arg?);
        match (site.args.get(n)?, &site.call.args.get(n)?.expr) {
            (Sym::Addr(cell), _) => Some(*cell),
            (_, Expr::Read(place)) if effect.verb == Verb::Wait => {
                Some(self.cell(state, *place, site.span))
            }
            (Sym::Unknown | Sym::Class(_) | Sym::Const(_), _) => None,
            (object, _) => Some(self.cells.intern(Cell::Object(*object))),
        }
    }

    fn lies_in(&self, id: LockId, queue: CellId) -> bool {
        matches!(id, LockId::Cell(cell, _) if self.cells.within(cell, queue))
    }

    /// A wait and the locks it is entered with.
    pub fn waits(&mut self, state: &State, site: &Site<'_>, effect: &Effect) {
        if state.locks.lost || effect.says("completion") || effect.says("bit") {
            return;
        }
        let Some(queue) = self.queue(state, site, effect) else {
            return;
        };
        let held = state.locks.held.iter().rev();
        let own = held.clone().find(|h| self.lies_in(h.id, queue)).copied();
        let chain = vec![site.span];
        let keeps = effect.says("locked");
        let turns_on = effect.says("locked-irq");
        if effect.says("lock-irq") {
            let Some(id) = self.lock_argument(state, site) else {
                return;
            };
            let spins = |h: &&Held| h.how.kind == LockKind::Spin && h.sure;
            match state.locks.find(id).copied() {
                Some(held) if held.sure && held.how.irq == Irq::Saved => {
                    self.held_issue(LockIssueKind::WaitForgetsState, state, &held, chain);
                }
                Some(_) => {}
                None => {
                    if let Some(other) = held.clone().find(spins).copied()
                        && is_certain(&self.cells, id)
                        && is_certain(&self.cells, other.id)
                    {
                        self.held_issue(LockIssueKind::WaitDropsOther, state, &other, chain);
                    }
                }
            }
            return;
        }
        match own {
            Some(held) if !keeps && !turns_on && held.sure => {
                self.held_issue(LockIssueKind::WaitTakesQueueLock, state, &held, chain);
            }
            Some(held) if turns_on && held.sure && held.how.irq != Irq::Off => {
                self.held_issue(LockIssueKind::WaitTurnsInterruptsOn, state, &held, chain);
            }
            Some(held) if keeps && held.sure && matches!(held.how.irq, Irq::Off | Irq::Saved) => {}
            Some(_) => {}
            None if keeps || turns_on => {
                let mut ended = state.locks.ended.iter();
                if let Some(ended) = ended.find(|e| self.lies_in(e.id, queue)).copied() {
                    self.lock_issue(LockIssue {
                        kind: LockIssueKind::WaitWithoutQueueLock,
                        function: self.id,
                        at: site.span,
                        taken: Some(ended.at),
                        named: None,
                        how: ended.how,
                        chain,
                        trail: Vec::new(),
                        others: Vec::new(),
                        unless_dropped: None,
                    });
                }
            }
            None => {}
        }
    }

    /// A wake-up and the queue's own lock.
    pub fn wakes(&mut self, state: &State, site: &Site<'_>, effect: &Effect) {
        let other = ["completion", "bit", "locked"];
        if state.locks.lost || other.iter().any(|word| effect.says(word)) {
            return;
        }
        let Some(queue) = self.queue(state, site, effect) else {
            return;
        };
        let held = state.locks.held.iter().rev();
        let mut own = held.filter(|h| h.sure && self.lies_in(h.id, queue));
        if let Some(held) = own.next().copied() {
            self.held_issue(
                LockIssueKind::WakeTakesQueueLock,
                state,
                &held,
                vec![site.span],
            );
        }
    }
}
