//! Follows allocations through one function: where they are freed, stored, handed on, lost.

use crate::analysis::{Allocation, Loss, LossKind, Resource};
use crate::body::{Body, MAX_KEPT};
use crate::call::{Site, contains};
use crate::memory::{Cell, Key};
use crate::owned::Live;
use crate::state::State;
use crate::value::{AllocationId, CellId, Sym};
use kloom_diag::Span;
use kloom_facts::{Classes, Effect, Fact, Verb, When};
use kloom_ir::{Base, BlockId, Call, Expr, Name, Origin, Type};

/// What is in the text of flags with which an allocation cannot fail.
const CANNOT_FAIL: [&str; 2] = ["NOFAIL", "SLAB_PANIC"];

impl Body<'_> {
    /// Writes a value to a cell, with all that this means to others.
    pub fn put(&mut self, state: &mut State, cell: CellId, value: Sym, at: Span) {
        self.note_kept(state, cell, value);
        if self.memory {
            if let Some(id) = self.allocation_of(value) {
                self.note_home(id, cell);
                if self.cells.is_any_element(cell) && !self.shelved.contains(&(cell, id)) {
                    self.shelved.push((cell, id));
                }
            }
            self.overwritten(state, cell, value, at);
            state.owned.renew(&self.cells, cell);
            if !self.is_own_place(state, cell) {
                self.stored(state, cell, value);
            }
        }
        state.write(&self.cells, cell, value);
    }

    /// A value is stored where it outlives the call.
    fn stored(&self, state: &mut State, cell: CellId, value: Sym) {
        let live = state.owned.find(value);
        self.escape(state, value);
        let named = self.cells.path(cell, self.f.params).is_some();
        if let Some(live) = live.filter(|_| named && !self.cells.is_any_element(cell)) {
            state.owned.add(value, live.allocation, Some(cell));
        }
    }

    /// Whether a cell goes with this call, or with an allocation that still has no home.
    fn is_own_place(&self, state: &State, cell: CellId) -> bool {
        // Which element is read back later, a number in a variable may say.
        let mut at = Some(cell);
        while let Some(part) = at {
            let is_first = part == cell && matches!(self.cells.get(part), Cell::Object(_));
            if is_first || matches!(self.cells.get(part), Cell::Index { .. }) {
                return false;
            }
            // Another member of the union may be what is freed.
            if let Cell::Field {
                owner: Some(tag),
                name,
                ..
            } = self.cells.get(part)
                && self.cx.unit.types.is_shared(tag, name)
            {
                return false;
            }
            at = self.cells.whole(part);
        }
        match self.cells.get(self.cells.root(cell)) {
            Cell::Local(local) => {
                let stands_for_place = self.f.origin == Origin::Macro && local.0 < self.f.params;
                let whole = matches!(self.cells.get(cell), Cell::Local(_));
                let lent =
                    self.lent.contains(&local) || !whole && self.f.local(local).name.is_none();
                !stands_for_place && !self.f.local(local).is_static && !lent
            }
            Cell::Object(object) => state.owned.find(object).is_some(),
            Cell::Global(_) | Cell::Field { .. } | Cell::Index { .. } => false,
        }
    }

    /// The object that a value leads to or into.
    fn object_of(&self, value: Sym) -> Option<Sym> {
        match value {
            Sym::Addr(cell) => match self.cells.get(self.cells.root(cell)) {
                Cell::Object(object) => Some(object),
                _ => None,
            },
            Sym::Made(_) | Sym::Init(_) | Sym::Out(..) | Sym::Phi(..) => Some(value),
            _ => None,
        }
    }

    /// A value goes where it can be kept, with everything that it leads to.
    pub fn escape(&self, state: &mut State, value: Sym) {
        if !self.memory {
            return;
        }
        let (mut todo, mut seen, mut roots) = (vec![value], Vec::new(), Vec::new());
        while let Some(value) = todo.pop() {
            // What holds its own address leads to itself.
            if seen.contains(&value) {
                continue;
            }
            seen.push(value);
            state.owned.take_back(value);
            let root = match (value, self.object_of(value)) {
                (_, Some(object)) => {
                    state.owned.settle(object);
                    state.owned.take_back(object);
                    if matches!(object, Sym::Init(cell)
                        if matches!(self.cells.path(cell, self.f.params), Some(Key::Param(..))))
                    {
                        state.owned.keep(object);
                    }
                    Cell::Object(object)
                }
                (Sym::Addr(cell), None) => {
                    todo.push(state.read(&self.cells, cell));
                    self.cells.get(self.cells.root(cell))
                }
                _ => continue,
            };
            if !roots.contains(&root) {
                roots.push(root);
                let held = state.cells();
                todo.extend(
                    held.filter(|(c, _)| self.cells.get(self.cells.root(*c)) == root)
                        .map(|(_, held)| held),
                );
            }
        }
    }

    /// Text whose type is not in sight may name an array: then its value is an address inside.
    pub fn may_decay(&mut self, state: &mut State, expr: &Expr, span: Span) {
        let (Expr::Read(place), false) = (expr, state.owned.is_empty()) else {
            return;
        };
        let data = self.f.places.get(*place);
        if let (Base::Step(..), Type::Unknown) = (data.base, self.cx.unit.types.get(data.ty)) {
            let cell = self.cell(state, *place, span);
            self.escape(state, Sym::Addr(cell));
        }
    }

    /// An edge may leave a loop at its head that hands on what locals hold: whether it can have run
    /// zero times, nobody knows.
    pub fn skips(&mut self, state: &mut State, edge: (BlockId, BlockId)) {
        if state.owned.is_empty() {
            return;
        }
        for local in self.loops.skipped(edge) {
            let cell = self.cells.intern(Cell::Local(local));
            let held = state.read(&self.cells, cell);
            self.escape(state, held);
        }
    }

    /// What a place holds in parts is copied in a way that is not followed.
    pub fn copied_whole(&self, state: &mut State, cell: CellId) {
        if state.owned.is_empty() {
            return;
        }
        let parts: Vec<Sym> = state
            .cells()
            .filter(|(c, _)| *c != cell && self.cells.within(*c, cell))
            .map(|(_, held)| held)
            .collect();
        for part in parts {
            self.escape(state, part);
        }
    }

    /// A callee that keeps no pointer to an object may copy those that are in it.
    pub fn copied_from(&self, state: &mut State, value: Sym) {
        let parts: Vec<Sym> = state
            .cells()
            .filter(|(c, _)| match value {
                Sym::Addr(cell) => self.cells.within(*c, cell),
                object => self.cells.get(self.cells.root(*c)) == Cell::Object(object),
            })
            .map(|(_, held)| held)
            .collect();
        for part in parts {
            self.escape(state, part);
        }
    }

    /// An address computed from a pointer to an allocation leads into it.
    pub fn computed_from(&mut self, state: &mut State, sides: [Sym; 2], is_offset: bool) -> Sym {
        for side in sides {
            let Some(object) = self.object_of(side) else {
                continue;
            };
            if !state.owned.knows(object) {
                continue;
            }
            if is_offset {
                let of = self.cells.intern(Cell::Object(object));
                return Sym::Addr(self.cells.intern(Cell::Index { of, at: None }));
            }
            self.escape(state, side);
        }
        Sym::Unknown
    }

    /// Whether two values are for sure different pointers, because one is an allocation that
    /// nobody else has seen.
    pub fn are_distinct(&self, state: &State, x: Sym, y: Sym) -> bool {
        let fresh = |sym: Sym| state.owned.find(sym).is_some();
        let other = |sym: Sym| match sym {
            Sym::Addr(_) | Sym::Init(_) => true,
            Sym::Made(_) => fresh(sym),
            _ => false,
        };
        x != y && (fresh(x) && other(y) || fresh(y) && other(x))
    }

    /// Whether two values are for sure the same: what a parameter was at entry, or one address.
    pub fn are_same(&self, x: Sym, y: Sym) -> bool {
        let steady = match x {
            Sym::Init(cell) => matches!(self.cells.get(cell), Cell::Local(_)),
            Sym::Addr(cell) => self.is_steady(cell),
            _ => false,
        };
        x == y && steady && self.f.origin != Origin::Macro
    }

    /// Registers the allocation that a call with this fact makes.
    pub fn allocates(&mut self, state: &mut State, site: &Site<'_>, name: Name, fact: &Fact) {
        let effects = || fact.effects(Verb::Allocate).filter(|e| self.cx.applies(e));
        if !self.memory || effects().next().is_none() {
            return;
        }
        let may_fail = self.may_fail(site.call);
        if effects().any(|e| e.says("devm")) {
            // The device gives it back; that there may be none is the caller's business.
            self.made(state, site, name, may_fail);
        } else {
            self.owns(state, site, name, may_fail);
        }
    }

    /// The call's result is memory, or NULL.
    fn made(
        &mut self,
        state: &State,
        site: &Site<'_>,
        name: Name,
        may_fail: bool,
    ) -> Option<(AllocationId, CellId)> {
        let dst = site.call.dst?;
        let id = self.allocation(site, name, Resource::Memory, may_fail);
        let cell = self.cell(state, dst, site.call.callee_span);
        self.note_home(id, cell);
        Some((id, cell))
    }

    /// Remembers where others can find what was allocated.
    fn note_home(&mut self, id: AllocationId, cell: CellId) {
        let Some(key) = self.cells.key(cell, self.f.params) else {
            return;
        };
        let own = matches!(&key, Key::Param(_, parts) if parts.is_empty());
        let kept = &mut self.found.allocations[id.0 as usize].kept;
        if !own && !kept.contains(&key) && kept.len() < MAX_KEPT {
            kept.push(key);
        }
    }

    /// The call's result is a new object, this path's own until it goes elsewhere.
    pub fn owns(&mut self, state: &mut State, site: &Site<'_>, name: Name, may_fail: bool) {
        let Some((id, cell)) = self.made(state, site, name, may_fail) else {
            return;
        };
        for size in site.args.iter().filter(|arg| !matches!(arg, Sym::Const(_))) {
            if !self.sizes.contains(&(id, *size)) {
                self.sizes.push((id, *size));
            }
        }
        let made = Sym::Made(site.point);
        state.owned.add(made, id, None);
        if !self.is_own_place(state, cell) {
            self.stored(state, cell, made);
        }
    }

    /// Whether the flags in sight let an allocation fail.
    pub fn may_fail(&self, call: &Call) -> bool {
        call.args.iter().all(|arg| {
            let text = self.cx.unit.files.slice(arg.span);
            let given = match &arg.expr {
                Expr::Read(place) => {
                    let ty = self.cx.unit.types.get(self.f.places.get(*place).ty);
                    matches!(ty, Type::Named(name) if self.cx.unit.names.text(*name) == "gfp_t")
                }
                _ => false,
            };
            !given && !CANNOT_FAIL.iter().any(|flag| contains(text, flag))
        })
    }

    pub fn allocation(
        &mut self,
        site: &Site<'_>,
        callee: Name,
        resource: Resource,
        may_fail: bool,
    ) -> AllocationId {
        let next = AllocationId(self.found.allocations.len() as u32);
        let key = (self.id, site.point);
        let id = *self.found.allocation_index.entry(key).or_insert(next);
        if id == next {
            self.found.allocations.push(Allocation {
                function: self.id,
                span: site.span,
                callee,
                resource,
                may_fail,
                is_answer: !self.cx.unit.named(callee).is_empty(),
                kept: Vec::new(),
                tested: Vec::new(),
                judged: false,
                uses: Vec::new(),
                early: None,
                losses: Vec::new(),
            });
        }
        id
    }

    /// Whether an allocation turns out to be of nothing on this path: there is no memory to lose.
    fn is_of_nothing(&self, state: &State, id: AllocationId) -> bool {
        let mut sizes = self.sizes.iter().filter(|(of, _)| *of == id);
        sizes.any(|(_, size)| state.info(*size).classes == Classes::ZERO)
    }

    /// The allocation that a value is the result of.
    pub fn allocation_of(&self, value: Sym) -> Option<AllocationId> {
        let Sym::Made(point) = value else { return None };
        self.found.allocation_index.get(&(self.id, point)).copied()
    }

    /// Somebody who may know whether the allocation succeeded has it.
    pub fn judged(&mut self, value: Sym) {
        if let Some(id) = self.allocation_of(value) {
            self.found.allocations[id.0 as usize].judged = true;
        }
    }

    /// A cell gets a new value: the only way to an allocation may be gone with the old one.
    fn overwritten(&mut self, state: &mut State, cell: CellId, value: Sym, at: Span) {
        let old = state.read(&self.cells, cell);
        let owned = &state.owned;
        let live = owned.find(old).or_else(|| owned.at_home(old, cell));
        let elsewhere = self.object_of(value) != self.object_of(old);
        if let Some(live) = live.filter(|_| elsewhere) {
            self.loses(state, live, cell, at);
        }
    }

    /// The holder of an allocation goes; if it was the only one, that is a loss.
    fn loses(&mut self, state: &mut State, live: Live, holder: CellId, at: Span) {
        let object = live.object;
        let mut held = state.cells();
        let only = held.all(|(c, held)| c == holder || self.object_of(held) != Some(object));
        drop(held);
        let whole = live.home.is_some() || matches!(self.cells.get(holder), Cell::Local(_));
        if only && whole && state.info(object).classes.contains(Classes::POS) {
            if !self.is_of_nothing(state, live.allocation) {
                let by = LossKind::Overwritten;
                self.note_loss(live.allocation, by, at, live.turn);
            }
            state.owned.settle(object);
        }
    }

    pub fn note_loss(&mut self, id: AllocationId, kind: LossKind, at: Span, turn: Option<Span>) {
        if self.f.origin == Origin::Macro {
            return;
        }
        let losses = &mut self.found.allocations[id.0 as usize].losses;
        match losses.iter_mut().find(|l| l.at == at && l.kind == kind) {
            Some(old) => old.turn = old.turn.filter(|_| old.turn == turn),
            None => losses.push(Loss { kind, at, turn }),
        }
    }

    /// The path ends: what has no home and is not returned is lost.
    pub fn close(&mut self, state: &State, result: Option<Sym>, at: Span) {
        self.left_behind(state, result, at);
        if state.owned.is_empty() {
            return;
        }
        let mut state = state.clone();
        if let Some(result) = result {
            self.escape(&mut state, result);
        }
        for live in state.owned.homeless().collect::<Vec<_>>() {
            let inside_another = state.cells().any(|(c, held)| {
                held == live.object && matches!(self.cells.get(self.cells.root(c)), Cell::Object(_))
            });
            let failed = !state.info(live.object).classes.contains(Classes::POS)
                || self.is_of_nothing(&state, live.allocation);
            if !inside_another && !failed {
                self.note_loss(live.allocation, LossKind::Returned, at, live.turn);
            }
        }
    }

    /// What a call with a fact does to its arguments' ownership.
    pub fn give(&mut self, state: &mut State, site: &Site<'_>, fact: &Fact) {
        if !self.memory {
            return;
        }
        self.takes_back(state, site, fact);
        for (n, arg) in site.args.iter().enumerate() {
            let expr = site.call.args.get(n).map(|a| &a.expr);
            let n = n as u8;
            let frees = |e: &&Effect| e.arg == Some(n) && self.cx.applies(e);
            let freed = fact.effects(Verb::Free).find(frees);
            match freed {
                Some(effect) => {
                    let certain = effect.when == When::Always && effect.note.is_empty();
                    self.freed(state, *arg, site, certain && !site.call.synthetic);
                }
                None if borrows(fact, n) => {
                    if fact.does(Verb::Borrows) {
                        self.copied_from(state, *arg);
                    }
                }
                None => {
                    self.escape(state, *arg);
                    // Who needs a good pointer does not test it.
                    let needs = |e: &Effect| e.arg == Some(n) && !e.accepts.contains(Classes::ZERO);
                    if !fact.effects(Verb::Requires).any(needs) {
                        self.judged(*arg);
                    }
                    if let Some(expr) = expr {
                        self.may_decay(state, expr, site.span);
                    }
                }
            }
        }
        let harmless = |e: &Effect| matches!(e.verb, Verb::Borrows | Verb::Print | Verb::Free);
        let lets_others_run = fact.does(Verb::Wait) || fact.does(Verb::Wake);
        if lets_others_run || !fact.effects.iter().any(harmless) {
            self.others_change(state);
        }
    }

    /// A callee that is not followed may give new values to what can be reached from outside.
    pub fn others_change(&self, state: &mut State) {
        let params = self.f.params;
        state.owned.revive(|object| match object {
            Sym::Init(cell) => {
                !matches!(self.cells.get(cell), Cell::Local(local) if local.0 < params)
            }
            _ => false,
        });
    }

    /// An object is freed here.
    pub fn freed(&mut self, state: &mut State, object: Sym, site: &Site<'_>, certain: bool) {
        match object {
            // Freed by a name that lost track: it may be any of them.
            Sym::Unknown | Sym::Phi(..) | Sym::Class(_) => {
                state.owned.give_up();
                return;
            }
            Sym::Init(cell) if !self.is_steady(cell) => {
                state.owned.give_up();
                return;
            }
            Sym::Init(_) | Sym::Made(_) | Sym::Out(..) if certain => {
                let possible = state.info(object).classes.contains(Classes::POS);
                if possible {
                    state.owned.free(object, site.span);
                }
            }
            _ => self.escape(state, object),
        }
        if matches!(object, Sym::Init(_)) {
            state.owned.keep(object);
        }
    }

    /// Whether a cell is the same one each time it is named on a path.
    fn is_steady(&self, cell: CellId) -> bool {
        let mut at = cell;
        loop {
            if self.cells.is_any_element(at) {
                return false;
            }
            match self.cells.get(self.cells.root(at)) {
                Cell::Object(Sym::Init(pointer)) => at = pointer,
                Cell::Object(Sym::Made(_)) | Cell::Local(_) | Cell::Global(_) => return true,
                _ => return false,
            }
        }
    }

    /// The objects from outside that the callers' values for these keys name.
    pub fn keys_of(&self, objects: &[Sym]) -> Vec<Key> {
        let key = |object: &Sym| match object {
            Sym::Init(cell) => self.cells.path(*cell, self.f.params),
            _ => None,
        };
        objects.iter().filter_map(key).collect()
    }

    /// A pointer is followed, or handed to a callee that does so.
    pub fn touched(&mut self, state: &State, value: Sym, accepts: Classes, chain: &[Span]) {
        if !self.memory {
            return;
        }
        if let Some(object) = self.object_of(value)
            && let Some(freed) = state.owned.gone(object)
        {
            self.found.note_stale_use(self.id, freed, chain);
        }
        if let Some(id) = self.allocation_of(value)
            && self.found.allocations[id.0 as usize].resource == Resource::Memory
            && state.info(value).classes.contains(Classes::ZERO)
            && !state.info(value).classes.contains(Classes::NEG)
            && !accepts.contains(Classes::ZERO)
        {
            let allocation = &mut self.found.allocations[id.0 as usize];
            if !allocation.uses.iter().any(|u| u.first() == chain.first()) {
                allocation.uses.push(chain.to_vec());
            }
            let info = state.info(value);
            if info.tested.or(info.null_tested).is_none() && state.owned.knows(value) {
                let before = allocation.early.take();
                let first = before.filter(|known| known.first() <= chain.first());
                allocation.early = Some(first.unwrap_or_else(|| chain.to_vec()));
            }
        }
    }
}

/// Whether a callee with this fact keeps nothing of an argument.
fn borrows(fact: &Fact, n: u8) -> bool {
    fact.effects.iter().any(|e| match e.verb {
        Verb::Borrows => e.arg.is_none_or(|arg| arg == n),
        Verb::Print | Verb::CopyToUser | Verb::CopyFromUser => true,
        Verb::Acquire
        | Verb::Release
        | Verb::Init
        | Verb::WakeThread
        | Verb::ControlThread
        | Verb::StopThread
        | Verb::DestroyWorker
        | Verb::Unregister
        | Verb::RemoveHandler => e.arg == Some(n),
        _ => false,
    })
}
