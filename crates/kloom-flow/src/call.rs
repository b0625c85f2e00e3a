//! What a call does to a state: kernel functions by their facts, the unit's own by their
//! summaries, everything else as DESIGN's "a callee nobody knows".

use crate::analysis::{Creation, Made, MisuseKind};
use crate::body::{Body, truth};
use crate::memory::{Cell, Key, Part};
use crate::state::State;
use crate::summary::{Demand, Guard, Need, Outcome, Summary, Value, Writes};
use crate::value::{CellId, Info, Link, OriginId, Point, Sym};
use kloom_diag::Span;
use kloom_facts::{Classes, Effect, Fact, Returns, Verb, When};
use kloom_ir::{Base, Call, Callee, Expr, FunctionId, Name, Origin};

/// The class of a positive error number.
const POSITIVE: u8 = Classes::POS.0;

/// Where a key leads in the caller.
enum Target {
    Value(Sym),
    Cell(CellId),
}

impl Body<'_> {
    /// The states after a call, which may be several.
    pub fn call(
        &mut self,
        mut state: State,
        call: &Call,
        point: Point,
        span: Span,
        summaries: &[Summary],
    ) -> Vec<State> {
        let args: Vec<Sym> = call
            .args
            .iter()
            .map(|arg| self.eval(&mut state, &arg.expr, point, arg.span))
            .collect();
        let Callee::Named(name) = call.callee else {
            if let Callee::Indirect(target) = &call.callee {
                self.eval(&mut state, target, point, call.callee_span);
            }
            self.hand_out(&mut state, &args, true, call.dst.is_some());
            return vec![self.finish(state, call, point, Info::ANY)];
        };
        let defined = self.cx.unit.named(name);
        if !defined.is_empty() {
            let mut out = Vec::new();
            for callee in defined {
                out.extend(self.call_own(&state, call, &args, *callee, point, span, summaries));
            }
            return out;
        }
        match self.cx.fact(name) {
            Some(fact) => self.call_known(state, call, &args, fact, point, span),
            None => {
                // A function that the module's own headers declare lives in a sibling file and
                // can reach what it is handed; the kernel's cannot know the module's structs.
                let sibling = self.cx.unit.declared.contains_key(&name);
                self.hand_out(&mut state, &args, sibling, call.dst.is_some());
                vec![self.finish(state, call, point, Info::ANY)]
            }
        }
    }

    /// Stores a fresh result of which `info` is known.
    fn finish(&mut self, mut state: State, call: &Call, point: Point, info: Info) -> State {
        if let Some(dst) = call.dst {
            let made = Sym::Made(point);
            state.retire(&self.cells, made);
            state.set_info(made, info);
            let cell = self.cell(&state, dst, call.callee_span);
            state.write(&self.cells, cell, made);
        }
        state
    }

    fn store(&mut self, mut state: State, call: &Call, value: Sym) -> State {
        if let Some(dst) = call.dst {
            let cell = self.cell(&state, dst, call.callee_span);
            state.write(&self.cells, cell, value);
        }
        state
    }

    /// Arguments go to code that may write through them and keep them.
    fn hand_out(&mut self, state: &mut State, args: &[Sym], deep: bool, answers: bool) {
        for arg in args {
            self.hand_on(state, *arg, answers);
            match *arg {
                Sym::Addr(cell) => {
                    let cells = &self.cells;
                    state.write(cells, cell, Sym::Unknown);
                }
                object if deep && object != Sym::Unknown => {
                    let cells = &self.cells;
                    state.share(object);
                    state.forget(|c| cells.get(cells.root(c)) == Cell::Object(object));
                }
                _ => {}
            }
        }
        if deep {
            let (cells, cx) = (&self.cells, self.cx);
            state.forget(|c| match cells.get(cells.root(c)) {
                Cell::Global(name) => cx.is_shared(name),
                _ => false,
            });
        }
    }

    /// A value goes to a callee that nothing is known about. If that gives an answer, or is told
    /// the answer of a test, it may well be a test of its own.
    fn hand_on(&mut self, state: &mut State, arg: Sym, answers: bool) {
        let info = state.info(arg);
        if let Some(origin) = info.origin {
            self.found.creation_mut(origin).handed_on = true;
            if answers {
                state.disown(arg);
            }
        }
        if let Some(link) = info.link {
            state.disown(link.of);
        }
    }

    fn call_known(
        &mut self,
        mut state: State,
        call: &Call,
        args: &[Sym],
        fact: &'static Fact,
        point: Point,
        span: Span,
    ) -> Vec<State> {
        let Callee::Named(name) = call.callee else {
            return vec![state];
        };
        let (mut freed, mut zeroed) = (Vec::new(), false);
        for effect in fact.effects {
            if !self.happens(effect, call) {
                continue;
            }
            let arg = effect.arg.and_then(|n| args.get(usize::from(n)).copied());
            match (effect.verb, arg) {
                (Verb::Requires, Some(arg)) => {
                    self.used(&state, arg, Need::Call(name), effect.accepts, vec![span]);
                }
                (Verb::DecodesError, Some(arg)) => self.decodes(&state, arg, call, span),
                (Verb::EncodesError, Some(Sym::Const(1..) | Sym::Class(POSITIVE))) => {
                    self.misuse(span, MisuseKind::WrongSign, None, None);
                }
                (Verb::NoReturn, _) => {
                    // `BUG_ON(x)`: who comes back has been told what `x` is not.
                    let When::ArgIs(n, fatal) = effect.when else {
                        return Vec::new();
                    };
                    let tested = args.get(usize::from(n)).copied().unwrap_or(Sym::Unknown);
                    let link = Link {
                        of: tested,
                        yes: fatal.0,
                        no: fatal.not().0,
                    };
                    self.note_test(&state, link, span);
                    if !state.refine(tested, fatal.not(), span, link.tells_error()) {
                        return Vec::new();
                    }
                }
                (Verb::Free | Verb::Put, Some(object)) => freed.push(object),
                (Verb::Allocate, _) if effect.note == "zeroed" => zeroed = true,
                (Verb::Assigns, _) => {
                    let Some(Expr::Read(place)) = effect
                        .arg
                        .and_then(|n| call.args.get(usize::from(n)))
                        .map(|a| &a.expr)
                    else {
                        continue;
                    };
                    let cell = self.cell(&state, *place, span);
                    state.write(&self.cells, cell, Sym::Unknown);
                }
                _ => {}
            }
        }
        let identity = matches!(
            fact.returns,
            Returns::Arg(_) | Returns::Test(..) | Returns::ErrorOrZero(_) | Returns::Within(_)
        );
        let asserts = fact.does(Verb::NoReturn);
        if !identity && !asserts {
            self.hand_out_known(&mut state, args, fact, call.dst.is_some());
        }
        for object in freed {
            state.free(&self.cells, object);
        }
        let mut out = self.result_of(state, call, args, fact, name, point, span);
        if zeroed && call.dst.is_some() {
            for state in &mut out {
                state.set_zeroed(Sym::Made(point));
            }
        }
        out
    }

    /// A known kernel function writes only through addresses it is handed.
    fn hand_out_known(&mut self, state: &mut State, args: &[Sym], fact: &Fact, answers: bool) {
        for (n, arg) in args.iter().enumerate() {
            let known = fact
                .effects
                .iter()
                .any(|e| e.arg == Some(n as u8) || e.with == Some(n as u8));
            if !known {
                self.hand_on(state, *arg, answers);
            }
            if let Sym::Addr(cell) = *arg {
                state.write(&self.cells, cell, Sym::Unknown);
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn result_of(
        &mut self,
        mut state: State,
        call: &Call,
        args: &[Sym],
        fact: &Fact,
        name: Name,
        point: Point,
        span: Span,
    ) -> Vec<State> {
        let arg = |n: u8| args.get(usize::from(n)).copied().unwrap_or(Sym::Unknown);
        match fact.returns {
            Returns::ErrPtr { null } => {
                let origin = self.origin(call, name, made_by(fact), null, point, span);
                let mut classes = Classes::NEG.or(Classes::POS);
                if null {
                    classes = classes.or(Classes::ZERO);
                }
                let info = Info {
                    origin: Some(origin),
                    ..Info::of(classes)
                };
                vec![self.finish(state, call, point, info)]
            }
            Returns::Class(classes) => vec![self.finish(state, call, point, Info::of(classes))],
            Returns::Errno => {
                let info = Info::of(Classes::NEG.or(Classes::ZERO));
                vec![self.finish(state, call, point, info)]
            }
            Returns::PtrOrNull => {
                let info = Info::of(Classes::POS.or(Classes::ZERO));
                vec![self.finish(state, call, point, info)]
            }
            Returns::Arg(n) => vec![self.store(state, call, arg(n))],
            Returns::Test(n, classes) => {
                let link = Link {
                    of: arg(n),
                    yes: classes.0,
                    no: classes.not().0,
                };
                self.note_test(&state, link, span);
                state.retire(&self.cells, Sym::Made(point));
                let value = truth(&mut state, link, point);
                vec![self.store(state, call, value)]
            }
            Returns::ErrorOrZero(n) => {
                let link = Link {
                    of: arg(n),
                    yes: Classes::NEG.0,
                    no: Classes::NEG.not().0,
                };
                self.note_test(&state, link, span);
                let mut out = Vec::new();
                let mut failed = state.clone();
                if failed.refine(link.of, Classes::NEG, span, true) {
                    out.push(self.store(failed, call, link.of));
                }
                if state.refine(link.of, Classes::NEG.not(), span, true) {
                    out.push(self.store(state, call, Sym::Const(0)));
                }
                out
            }
            Returns::Unknown | Returns::Void | Returns::TolerantErrPtr | Returns::Within(_) => {
                vec![self.finish(state, call, point, Info::ANY)]
            }
        }
    }

    fn happens(&self, effect: &Effect, call: &Call) -> bool {
        if !self.cx.applies(effect) {
            return false;
        }
        let words = |n: u8| {
            call.args
                .get(usize::from(n))
                .map(|a| self.cx.unit.files.slice(a.span))
                .unwrap_or(&[])
        };
        match effect.when {
            When::ArgHas(n, word) => contains(words(n), word),
            When::ArgLacks(n, word) => !contains(words(n), word),
            When::Always | When::Returns(_) | When::ArgIs(..) => true,
        }
    }

    fn decodes(&mut self, state: &State, arg: Sym, call: &Call, span: Span) {
        let info = state.info(arg);
        if info.origin.is_none() || info.classes.contains(Classes::NEG) || info.tested.is_none() {
            return;
        }
        // A number that is only printed harms nobody.
        let kept = call
            .dst
            .is_some_and(|dst| match self.f.places.get(dst).base {
                Base::Local(local) => self.f.local(local).name.is_some(),
                _ => true,
            });
        if !kept {
            return;
        }
        // Good on this path; wrong if it is here because another one failed.
        if let Some((other, evidence)) = state.failing
            && Some(other) != info.origin
        {
            self.misuse(span, MisuseKind::WrongPointer, Some(evidence), info.origin);
        }
    }

    /// The creation that this call is.
    fn origin(
        &mut self,
        call: &Call,
        callee: Name,
        made: Made,
        null: bool,
        point: Point,
        span: Span,
    ) -> OriginId {
        if let Some(id) = self.found.index.get(&(self.id, point)) {
            return *id;
        }
        let id = OriginId(self.found.creations.len() as u32);
        self.found.index.insert((self.id, point), id);
        self.found.creations.push(Creation {
            function: self.id,
            span,
            callee,
            made,
            null,
            assigned: call.dst.is_some(),
            tested: Vec::new(),
            null_tested: Vec::new(),
            uses: Vec::new(),
            kept: Vec::new(),
            handed_on: false,
            unpropagated: Vec::new(),
            callee_known: self.cx.fact(callee).is_some(),
        });
        id
    }

    #[allow(clippy::too_many_arguments)]
    fn call_own(
        &mut self,
        state: &State,
        call: &Call,
        args: &[Sym],
        callee: FunctionId,
        point: Point,
        span: Span,
        summaries: &[Summary],
    ) -> Vec<State> {
        let Some(summary) = summaries.get(callee.0 as usize).filter(|s| s.followed) else {
            let mut state = state.clone();
            self.hand_out(&mut state, args, false, call.dst.is_some());
            if let Some(writes) = self.cx.writes.get(callee.0 as usize) {
                self.overwrite(&mut state, writes);
            }
            return vec![self.finish(state, call, point, Info::ANY)];
        };
        let by_place = self.cx.unit.function(callee).origin == Origin::Macro;
        for demand in &summary.demands {
            if demand.key.is_any_element() {
                continue;
            }
            self.meet_demand(state, call, args, by_place, demand, span);
        }
        let mut out = Vec::new();
        for outcome in &summary.outcomes {
            let mut after = state.clone();
            if !self.fits(&mut after, call, args, by_place, &outcome.guards) {
                continue;
            }
            out.push(self.apply(
                after, state, call, args, by_place, callee, outcome, point, span,
            ));
        }
        out
    }

    /// A callee that was not followed may have written these.
    fn overwrite(&mut self, state: &mut State, writes: &Writes) {
        let cells = &self.cells;
        state.forget(|c| {
            matches!(cells.get(cells.root(c)), Cell::Global(name) if writes.globals.contains(&name))
                || cells
                    .class(c)
                    .is_some_and(|class| writes.members.contains(&class))
        });
    }

    /// The key's cell or value in the caller's state before the call.
    fn target(
        &mut self,
        state: &State,
        call: &Call,
        args: &[Sym],
        by_place: bool,
        key: &Key,
    ) -> Option<Target> {
        let (mut at, parts) = match key {
            Key::Param(n, parts) => {
                let place = match call.args.get(*n as usize).map(|a| &a.expr) {
                    Some(Expr::Read(place)) if by_place => Some(*place),
                    _ => None,
                };
                match place {
                    Some(place) => (
                        Target::Cell(self.cell(state, place, call.callee_span)),
                        parts,
                    ),
                    None => (Target::Value(*args.get(*n as usize)?), parts),
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

    fn value_at(
        &mut self,
        state: &State,
        call: &Call,
        args: &[Sym],
        by_place: bool,
        key: &Key,
    ) -> Option<Sym> {
        match self.target(state, call, args, by_place, key)? {
            Target::Value(sym) => Some(sym),
            Target::Cell(cell) => Some(state.read(&self.cells, cell)),
        }
    }

    /// Restricts the state to the guards; `false` if they cannot hold.
    fn fits(
        &mut self,
        state: &mut State,
        call: &Call,
        args: &[Sym],
        by_place: bool,
        guards: &[Guard],
    ) -> bool {
        for guard in guards {
            let Some(sym) = self.value_at(state, call, args, by_place, &guard.key) else {
                continue;
            };
            let at = guard.tested.unwrap_or(call.callee_span);
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

    fn meet_demand(
        &mut self,
        state: &State,
        call: &Call,
        args: &[Sym],
        by_place: bool,
        demand: &Demand,
        span: Span,
    ) {
        let mut chain = demand.chain.clone();
        if chain.len() < 6 {
            chain.push(span);
        }
        let mut after = state.clone();
        if !self.fits(&mut after, call, args, by_place, &demand.guards) {
            return;
        }
        if let Key::Class(..) = demand.key {
            // Still one of these: nothing about it can be said here.
            if self.demands.len() < crate::summary::MAX_DEMANDS {
                let guards = self.guards(&after, None);
                let lifted = Demand {
                    guards,
                    chain,
                    ..demand.clone()
                };
                if !self.demands.contains(&lifted) {
                    self.demands.push(lifted);
                }
            }
            return;
        }
        let Some(sym) = self.value_at(state, call, args, by_place, &demand.key) else {
            return;
        };
        let mut info = after.info(sym);
        info.classes = info.classes.and(demand.classes);
        if info.classes.is_empty() {
            return;
        }
        info.null_tested = info.null_tested.or(demand.null_tested);
        after.set_info(sym, info);
        self.used(&after, sym, demand.need, demand.classes.not(), chain);
    }

    #[allow(clippy::too_many_arguments)]
    fn apply(
        &mut self,
        mut after: State,
        before: &State,
        call: &Call,
        args: &[Sym],
        by_place: bool,
        callee: FunctionId,
        outcome: &Outcome,
        point: Point,
        span: Span,
    ) -> State {
        after.retire(&self.cells, Sym::Made(point));
        for (key, value) in &outcome.effects {
            let cell = match (self.target(before, call, args, by_place, key), key) {
                (Some(Target::Cell(cell)), _) => cell,
                (None, Key::Class(owner, name)) => {
                    // Some object of the callee's own: one of these.
                    let of = self.cells.intern(Cell::Object(Sym::Made(point)));
                    self.cells.intern(Cell::Field {
                        of,
                        owner: Some(*owner),
                        name: *name,
                    })
                }
                _ => continue,
            };
            let sym = self.incoming(
                &mut after,
                before,
                call,
                args,
                by_place,
                value,
                Sym::Out(point, cell),
            );
            after.write(&self.cells, cell, sym);
        }
        for key in &outcome.freed {
            if let Some(object) = self.value_at(before, call, args, by_place, key) {
                after.free(&self.cells, object);
            }
        }
        let Some(result) = &outcome.result else {
            return after;
        };
        if call.dst.is_none() {
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
                value.origin = Some(self.origin(call, name, made, null, point, span));
                value.tested = None;
                value.null_tested = None;
            }
        }
        let sym = self.incoming(
            &mut after,
            before,
            call,
            args,
            by_place,
            &value,
            Sym::Made(point),
        );
        self.store(after, call, sym)
    }

    /// A callee's value as the caller's.
    #[allow(clippy::too_many_arguments)]
    fn incoming(
        &mut self,
        after: &mut State,
        before: &State,
        call: &Call,
        args: &[Sym],
        by_place: bool,
        value: &Value,
        fresh: Sym,
    ) -> Sym {
        if let Some(key) = &value.same
            && let Some(sym) = self.value_at(before, call, args, by_place, key)
        {
            return sym;
        }
        let info = Info {
            classes: value.classes,
            origin: value.origin,
            tested: value.tested,
            null_tested: value.null_tested,
            link: None,
        };
        if info == Info::ANY {
            return Sym::Unknown;
        }
        after.set_info(fresh, info);
        fresh
    }
}

fn made_by(fact: &Fact) -> Made {
    if fact.does(Verb::StartThread) {
        Made::Thread
    } else if fact.does(Verb::CreateWorker) {
        Made::Worker
    } else {
        Made::Other
    }
}

fn contains(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|w| w == word.as_bytes())
}
