//! What a call does to a state: kernel functions by their facts, the unit's own by their
//! summaries, everything else as DESIGN's "a callee nobody knows".

use crate::analysis::{Creation, Made, MisuseKind};
use crate::body::{Body, truth};
use crate::memory::Cell;
use crate::state::State;
use crate::summary::{Need, Summary};
use crate::value::{Info, Link, OriginId, Point, Sym};
use kloom_diag::Span;
use kloom_facts::{Classes, Effect, Fact, Returns, Verb, When};
use kloom_ir::{Base, Call, Callee, Expr, Name, Origin};

/// The class of a positive error number.
const POSITIVE: u8 = Classes::POS.0;

/// A call with its arguments evaluated.
pub(crate) struct Site<'c> {
    pub call: &'c Call,
    pub args: &'c [Sym],
    /// The parameters stand for the argument places: a macro.
    pub by_place: bool,
    pub point: Point,
    pub span: Span,
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
        let site = |by_place| Site {
            call,
            args: &args,
            by_place,
            point,
            span,
        };
        let Callee::Named(name) = call.callee else {
            if let Callee::Indirect(target) = &call.callee {
                self.eval(&mut state, target, point, call.callee_span);
            }
            state.owned.take_all_back();
            self.hand_out(&mut state, &args, true, call.dst.is_some());
            self.unknown_callee(&mut state, &site(false), None);
            return vec![self.finish(state, call, point, Info::ANY)];
        };
        let defined = self.cx.unit.named(name);
        if !defined.is_empty() {
            if defined.len() > 1 {
                // One of them, as configured: what one keeps is kept.
                args.iter().for_each(|arg| self.escape(&mut state, *arg));
            }
            let mut out = Vec::new();
            for callee in defined {
                let by_place = self.cx.unit.function(*callee).origin == Origin::Macro;
                out.extend(self.call_own(&state, &site(by_place), *callee, summaries));
            }
            // Of the arms of an `#if` only one is there.
            if defined.len() > 1 && defined.iter().any(|f| self.cx.touches_locks(*f)) {
                out.iter_mut().for_each(|state| state.locks.lose());
            }
            return out;
        }
        match self.cx.fact(name) {
            Some(fact) => self.call_known(state, &site(false), name, fact),
            None => {
                // A function that the module's own headers declare lives in a sibling file and
                // can reach what it is handed; the kernel's cannot know the module's structs.
                let sibling = self.cx.unit.declared.contains_key(&name);
                if self.cx.may_undo(name) {
                    state.owned.take_all_back();
                }
                self.hand_out(&mut state, &args, sibling, call.dst.is_some());
                self.unknown_callee(&mut state, &site(false), Some(name));
                vec![self.finish(state, call, point, Info::ANY)]
            }
        }
    }

    /// Stores a fresh result of which `info` is known.
    pub fn finish(&mut self, mut state: State, call: &Call, point: Point, info: Info) -> State {
        if let Some(dst) = call.dst {
            let made = Sym::Made(point);
            state.retire(&self.cells, made);
            state.set_info(made, info);
            let cell = self.cell(&state, dst, call.callee_span);
            self.put(&mut state, cell, made, call.callee_span);
        }
        state
    }

    pub fn store(&mut self, mut state: State, call: &Call, value: Sym) -> State {
        if let Some(dst) = call.dst {
            let cell = self.cell(&state, dst, call.callee_span);
            self.put(&mut state, cell, value, call.callee_span);
        }
        state
    }

    /// Arguments go to code that may write through them and keep them.
    pub fn hand_out(&mut self, state: &mut State, args: &[Sym], deep: bool, answers: bool) {
        self.others_change(state);
        state.owned.settle_homes();
        for arg in args {
            self.escape(state, *arg);
            self.judged(*arg);
            self.hand_on(state, *arg, answers);
            match *arg {
                Sym::Addr(cell) => {
                    let cells = &self.cells;
                    state.write(cells, cell, Sym::Unknown);
                }
                object if deep && object != Sym::Unknown => {
                    let cells = &self.cells;
                    state.share(object);
                    state.forget(cells, |c| cells.get(cells.root(c)) == Cell::Object(object));
                }
                _ => {}
            }
        }
        if deep {
            let (cells, cx) = (&self.cells, self.cx);
            state.forget(cells, |c| match cells.get(cells.root(c)) {
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
        site: &Site<'_>,
        name: Name,
        fact: &'static Fact,
    ) -> Vec<State> {
        let Site {
            call,
            args,
            point,
            span,
            ..
        } = *site;
        let (mut freed, mut zeroed) = (Vec::new(), false);
        for effect in fact.effects {
            if !self.happens(effect, call) {
                continue;
            }
            let arg = effect.arg.and_then(|n| args.get(usize::from(n)).copied());
            match (effect.verb, arg) {
                // What a scope's end calls is skipped for error pointers and NULL by `__free()`.
                (Verb::Requires, _) if call.synthetic => {}
                (Verb::Requires, Some(arg)) => {
                    self.used(&state, arg, Need::Call(name), effect.accepts, &[span]);
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
                    let arg = effect.arg.and_then(|n| call.args.get(usize::from(n)));
                    let (Some(Expr::Read(place)) | Some(Expr::AddrOf(place))) =
                        arg.map(|a| &a.expr)
                    else {
                        continue;
                    };
                    let cell = self.cell(&state, *place, span);
                    let value = effect.with.and_then(|n| args.get(usize::from(n)).copied());
                    let value = value.unwrap_or(Sym::Unknown);
                    self.note_kept(&state, cell, value);
                    state.write(&self.cells, cell, value);
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
            self.give(&mut state, site, fact);
            self.hand_out_known(&mut state, args, fact, call.dst.is_some());
        }
        for object in freed {
            state.free(&self.cells, object);
        }
        let mut out = self.result_of(state, site, fact, name);
        for state in &mut out {
            self.allocates(state, site, name, fact);
        }
        let out = self.starts(out, site, name, fact);
        let mut out = self.lock_effects(out, site, fact);
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

    fn result_of(
        &mut self,
        mut state: State,
        site: &Site<'_>,
        fact: &Fact,
        name: Name,
    ) -> Vec<State> {
        let Site {
            call,
            args,
            point,
            span,
            ..
        } = *site;
        let arg = |n: u8| args.get(usize::from(n)).copied().unwrap_or(Sym::Unknown);
        let finds = matches!(
            fact.returns,
            Returns::Class(_) | Returns::Unknown | Returns::Within(_)
        );
        let chance = [Verb::Allocate, Verb::CopyFromUser, Verb::CopyToUser];
        if chance.iter().any(|verb| fact.does(*verb)) {
            self.chances.insert(point);
        } else if finds {
            self.looked_up.insert(point);
        }
        match fact.returns {
            Returns::ErrPtr { null } => {
                let origin = self.origin(site, name, made_by(fact), null);
                let mut data = fact
                    .effects(Verb::StartThread)
                    .filter_map(|e| Some(arg(e.with?)));
                if data.any(|data| matches!(data, Sym::Made(at) if !self.looked_up.contains(&at))) {
                    self.found.creation_mut(origin).is_fed = true;
                }
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
                let asked = Link {
                    of: arg(n),
                    yes: classes.0,
                    no: classes.not().0,
                };
                // The test of an answer is the question itself.
                let link = match state.info(asked.of).link {
                    Some(inner) if asked.yes == Classes::ZERO.not().0 => inner,
                    Some(inner) if asked.yes == Classes::ZERO.0 => inner.flipped(),
                    _ => asked,
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
            Returns::TolerantErrPtr => {
                // Its tests are noted, and nothing else.
                let origin = self.origin(site, name, Made::Other, false);
                self.found.creation_mut(origin).tolerated = true;
                vec![self.finish(state, call, point, Info::ANY)]
            }
            Returns::Unknown | Returns::Void | Returns::Within(_) => {
                if let Returns::Within(n) = fact.returns {
                    self.escape(&mut state, arg(n));
                }
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
    pub fn origin(&mut self, site: &Site<'_>, callee: Name, made: Made, null: bool) -> OriginId {
        let Site {
            call, point, span, ..
        } = *site;
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
            tolerated: false,
            assigned: call.dst.is_some(),
            is_fed: false,
            tested: Vec::new(),
            null_tested: Vec::new(),
            uses: Vec::new(),
            kept: Vec::new(),
            handed_on: false,
            unpropagated: Vec::new(),
            unnoticed: false,
            callee_known: self.cx.fact(callee).is_some(),
        });
        id
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

pub(crate) fn contains(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|w| w == word.as_bytes())
}
