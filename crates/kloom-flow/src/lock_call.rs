//! What calls do to the locks of a path.

use crate::body::Body;
use crate::call::Site;
use crate::lock_issue::{LockIssue, LockIssueKind};
use crate::locks::{
    Answer, Ended, Held, How, Irq, LockId, LockKind, Sort, UNDER, alike, is_certain,
};
use crate::memory::Cell;
use crate::state::State;
use crate::value::{Link, Point, Sym};
use kloom_diag::Span;
use kloom_facts::{Classes, Effect, Fact, Verb, When};
use kloom_ir::{Base, Expr, InstrKind, PlaceId};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

/// Words that the functions of one lock do not share.
const DIRECTIONS: [&str; 27] = [
    "",
    "lock",
    "unlock",
    "trylock",
    "read",
    "write",
    "killable",
    "dec",
    "and",
    "refcount",
    "get",
    "put",
    "irq",
    "irqsave",
    "irqrestore",
    "bh",
    "nested",
    "shared",
    "slow",
    "interruptible",
    "claim",
    "release",
    "downgrade",
    "for",
    "reset",
    "non",
    "owner",
];

/// The topic whose functions are handed the lock itself.
const PLAIN: &str = "lock";

impl Body<'_> {
    /// The locks that a known function takes and gives back, and whether it may sleep with those
    /// that are held.
    pub fn lock_effects(
        &mut self,
        states: Vec<State>,
        site: &Site<'_>,
        fact: &'static Fact,
    ) -> Vec<State> {
        if self.shapes.is_none() {
            return states;
        }
        let effects = || fact.effects.iter().filter(|e| self.cx.applies(e));
        let touches = effects().any(|e| {
            use Verb::{Acquire, Annotates, Context, MaySleep, Release, Wait, Wake};
            matches!(
                e.verb,
                Acquire | Release | Context | MaySleep | Wait | Wake | Annotates
            )
        });
        let effects: Vec<&'static Effect> = effects().collect();
        let command = self.is_command(site.span);
        let mut out = Vec::with_capacity(states.len());
        for mut state in states {
            if command {
                state.locks.lose();
            }
            if !touches {
                self.lock_handed_on(&mut state, site);
                out.push(state);
                continue;
            }
            let mut ways = vec![state];
            for effect in &effects {
                ways = ways
                    .into_iter()
                    .flat_map(|state| self.lock_effect(state, site, fact, effect))
                    .collect();
            }
            out.append(&mut ways);
        }
        out
    }

    fn lock_effect(
        &mut self,
        mut state: State,
        site: &Site<'_>,
        fact: &'static Fact,
        effect: &Effect,
    ) -> Vec<State> {
        match effect.verb {
            Verb::MaySleep => self.sleeps(&state, site, fact, effect),
            Verb::Wait => self.waits(&state, site, effect),
            Verb::Wake => self.wakes(&state, site, effect),
            Verb::Annotates
                if ["takes", "takes-if", "drops"]
                    .iter()
                    .any(|w| effect.says(w)) =>
            {
                state.locks.lose();
            }
            Verb::Acquire | Verb::Context => return self.acquires(state, site, fact, effect),
            Verb::Release => {
                let how = How::of(effect);
                let id = self.lock_id(&state, site, effect.arg, fact, how.kind);
                self.release(&mut state, site, id, how);
                self.restore(&mut state, site, effect);
            }
            _ => {}
        }
        vec![state]
    }

    fn acquires(
        &mut self,
        state: State,
        site: &Site<'_>,
        fact: &'static Fact,
        effect: &Effect,
    ) -> Vec<State> {
        let how = How::of(effect);
        if effect.verb == Verb::Context && !effect.says("off") {
            let mut state = state;
            if effect.says("on") {
                let id = self.lock_id(&state, site, None, fact, how.kind);
                self.release(&mut state, site, id, how);
                self.restore(&mut state, site, effect);
            }
            return vec![state];
        }
        let arg = effect.arg.filter(|_| effect.verb == Verb::Acquire);
        let id = self.lock_id(&state, site, arg, fact, how.kind);
        let waits = effect.when == When::Always || fact.does(Verb::MaySleep);
        let mut taken = state.clone();
        let mut out = Vec::new();
        match (effect.when, site.call.dst) {
            (When::Returns(classes), Some(_)) => {
                let mut failed = state;
                let answer = Sym::Made(site.point);
                if restrict(&mut failed, answer, classes.not()) {
                    out.push(failed);
                }
                let owner = id.and_then(|id| taken.locks.find(id));
                let is_mine = owner.is_some_and(|h| h.sure && h.how.is_owned() && !h.how.read);
                if is_mine && !waits || !restrict(&mut taken, answer, classes) {
                    return out;
                }
            }
            // Nobody looks whether it was taken.
            (When::Returns(_), None) => {
                taken.locks.lose();
                return vec![taken];
            }
            _ => {}
        }
        let flags = if effect.verb == Verb::Context {
            effect.arg
        } else {
            effect.with
        };
        if how.irq == Irq::Saved
            && let Some(cell) = self.flags_cell(&taken, site, flags)
        {
            self.save_flags(&mut taken, site, cell);
        }
        // Who tries does not wait for himself.
        self.acquire(&mut taken, site, id, how, waits);
        out.push(taken);
        out
    }

    /// The lock that argument `arg` names; `None` if it cannot be told from others.
    fn lock_id(
        &mut self,
        state: &State,
        site: &Site<'_>,
        arg: Option<u8>,
        fact: &'static Fact,
        kind: LockKind,
    ) -> Option<LockId> {
        let sort = sort(fact, kind, arg.is_some());
        let Some(n) = arg.map(usize::from) else {
            return Some(LockId::Only(sort));
        };
        let sym = *site.args.get(n)?;
        let cell = match (&site.call.args.get(n)?.expr, sym) {
            (_, Sym::Addr(cell)) => cell,
            (Expr::Read(place), Sym::Unknown | Sym::Class(_) | Sym::Const(_)) => {
                let at = self.cell(state, *place, site.span);
                self.object(sym, at)
            }
            (_, Sym::Unknown | Sym::Class(_) | Sym::Const(_)) => return None,
            (_, object) => self.cells.intern(Cell::Object(object)),
        };
        (!self.cells.is_any_element(cell)).then_some(LockId::Cell(cell, sort))
    }

    fn acquire(
        &mut self,
        state: &mut State,
        site: &Site<'_>,
        id: Option<LockId>,
        how: How,
        waits: bool,
    ) {
        let Some(id) = id else { return };
        let named = site.call.args.first().map_or(site.span, |a| a.span);
        let held = Held {
            id,
            how,
            at: site.span,
            named,
            by: None,
            sure: true,
            restored: false,
            touched: false,
        };
        self.take(state, held, vec![site.span], waits);
    }

    /// Takes a lock; `chain` is where, innermost first.
    pub fn take(&mut self, state: &mut State, mut held: Held, chain: Vec<Span>, waits: bool) {
        if state.locks.lost {
            return;
        }
        if waits {
            self.must_be_free(state, held.id, held.how, chain);
        }
        let dropped = &mut state.locks.dropped;
        if let Some(at) = dropped.iter().rposition(|d| d.id == held.id) {
            dropped.remove(at);
            held.restored = true;
        }
        if held.how.is_owned() && !held.how.read {
            state.locks.held.retain(|h| h.id != held.id);
        }
        // Whoever takes a lock by way of a pointer knows that it leads somewhere.
        if let LockId::Cell(cell, _) = held.id
            && let Cell::Object(pointer) = self.cells.get(self.cells.root(cell))
        {
            if let Sym::Out(Point(u32::MAX), at) = pointer {
                state.give_name(&self.cells, at, pointer);
            }
            restrict(state, pointer, Classes::POS);
        }
        state.locks.hold(held);
    }

    fn release(&mut self, state: &mut State, site: &Site<'_>, id: Option<LockId>, how: How) {
        let at = site.span;
        if let Some(name) = id.and_then(|id| self.lock_name(id)) {
            self.found.lock_released.insert((self.id, name.anywhere()));
        }
        if state.locks.lost {
            return;
        }
        let Some(id) = id else {
            // One of several: whichever it is, it may be one of those.
            for held in state
                .locks
                .held
                .iter_mut()
                .filter(|h| h.how.kind == how.kind)
            {
                held.sure = false;
            }
            return;
        };
        let ended = state.locks.end(&self.cells, id, at);
        if let Some(held) = ended {
            self.balanced.insert(held.at);
            self.note_released(state, &held, how, at);
            return;
        }
        if !site.call.synthetic {
            self.release_unheld(state, id, how, at, vec![at]);
        }
    }

    /// A lock that was held is given back by a function that expects it held as `how`.
    pub fn note_released(&mut self, state: &mut State, held: &Held, how: How, at: Span) {
        let off = |irq: Irq| matches!(irq, Irq::Off | Irq::Saved);
        if off(how.irq) && !off(held.how.irq) {
            // Interrupts were turned off apart from it, and are on again with it.
            state.locks.held.retain(|h| h.how.kind != LockKind::Irq);
        } else if off(held.how.irq) && !off(how.irq) {
            state.locks.hold(Held {
                id: LockId::Only(Sort {
                    kind: LockKind::Irq,
                    words: 0,
                }),
                how: How {
                    kind: LockKind::Irq,
                    ..held.how
                },
                restored: false,
                ..*held
            });
        }
        let id = held.id;
        if let Some(by) = held.by {
            self.found.lock_handed.insert(by);
        }
        if held.restored {
            let how = held.how;
            state.locks.dropped.push(Ended {
                id,
                how,
                at,
                under: [None; UNDER],
                taken: None,
                sure: true,
            });
        }
    }

    /// A lock that this path does not hold is given back: the caller's, or nobody's.
    pub fn release_unheld(
        &mut self,
        state: &mut State,
        id: LockId,
        how: How,
        at: Span,
        chain: Vec<Span>,
    ) {
        let mut before = state.locks.ended.iter();
        if let Some(first) = before.find(|e| e.id == id && e.sure).copied()
            && how.is_owned()
            && !how.read
            && first.at != at
            && is_certain(&self.cells, id)
        {
            let trail = state.locks.trail.clone();
            self.lock_issue(LockIssue {
                kind: LockIssueKind::ReleasedTwice,
                function: self.id,
                at,
                taken: Some(first.at),
                named: None,
                how,
                chain,
                trail,
                others: Vec::new(),
                unless_dropped: None,
            });
        }
        let cells = &self.cells;
        for held in &mut state.locks.held {
            held.sure &= held.how.kind != how.kind || !alike(cells, held.id, id);
        }
        if !state.locks.dropped.iter().any(|d| d.id == id) {
            state.locks.dropped.push(Ended {
                id,
                how,
                at,
                under: [None; UNDER],
                taken: None,
                sure: true,
            });
        }
    }

    /// Notes an assignment that no lock protects.
    pub fn note_write(&mut self, state: &State, dst: PlaceId, span: Span) {
        let locks = &state.locks;
        let outside = !matches!(self.f.places.root(dst), Base::Local(_))
            || !matches!(self.f.places.get(dst).base, Base::Local(_));
        if self.shapes.is_some()
            && outside
            && !locks.lost
            && locks.held.is_empty()
            && locks.dropped.is_empty()
        {
            self.found.bare_writes.insert((self.id, span));
        }
    }

    /// After an instruction that writes `local`: conditions that read it can have other answers.
    pub fn forget_answers(&mut self, state: &mut State, kind: &InstrKind) {
        let dst = match kind {
            InstrKind::Assign { dst, .. } => Some(*dst),
            InstrKind::Call(call) => call.dst,
            _ => None,
        };
        if let (Some(shapes), Some(dst)) = (&self.shapes, dst)
            && let Base::Local(local) = self.f.places.get(dst).base
        {
            state
                .locks
                .forget_answers(|shape| shapes.reads(shape, local));
        }
    }

    /// Notes the answer that a path gives to a condition.
    #[allow(clippy::too_many_arguments)]
    pub fn note_answer(
        &mut self,
        state: &mut State,
        cond: &Expr,
        answer: bool,
        link: Option<Link>,
        told: bool,
        point: Point,
        span: Span,
    ) {
        let guarded = link.is_some_and(|link| match link.of {
            Sym::Init(cell) => {
                link.yes & link.no == 0 && self.cells.path(cell, self.f.params).is_some()
            }
            // Whether there is memory, no caller knows.
            Sym::Made(point) => self.chances.contains(&point),
            _ => false,
        });
        let Some(shapes) = &mut self.shapes else {
            return;
        };
        state.locks.went(span, answer);
        if !told && let Some((shape, flipped)) = shapes.shape(cond) {
            state.locks.answer(Answer {
                shape,
                point,
                yes: answer != flipped,
                guarded,
            });
            if shapes.leaves_nothing(shape, |other| state.locks.answered(other)) {
                state.locks.contradict();
            }
        }
        if let Some(link) = link
            && link.yes & link.no != 0
            && let Sym::Made(made) = link.of
            && self.suspects.contains(&made)
        {
            self.told_by.insert(span);
        }
    }

    pub fn lock_issue(&mut self, issue: LockIssue) {
        let same = |old: &LockIssue| {
            old.kind == issue.kind && old.at == issue.at && old.taken == issue.taken
        };
        if !self.found.lock_issues.iter().any(same) {
            self.found.lock_issues.push(issue);
        }
    }
}

/// What a function of these facts names: the words that it shares with others tell apart the
/// locks of one object, and those that have no object.
fn sort(fact: &Fact, kind: LockKind, has_object: bool) -> Sort {
    let context = matches!(
        kind,
        LockKind::Rcu | LockKind::Irq | LockKind::Bh | LockKind::Preempt | LockKind::Faults
    );
    if context || has_object && fact.topic == PLAIN {
        return Sort { kind, words: 0 };
    }
    let words = fact.name.split('_').filter(|w| !DIRECTIONS.contains(w));
    let mut hasher = FxHasher::default();
    words.take(2).for_each(|word| word.hash(&mut hasher));
    Sort {
        kind,
        words: hasher.finish(),
    }
}

/// Leaves only these classes of a value; `false` if none is left.
fn restrict(state: &mut State, sym: Sym, classes: Classes) -> bool {
    let mut info = state.info(sym);
    info.classes = info.classes.and(classes);
    if info.classes.is_empty() {
        return false;
    }
    state.set_info(sym, info);
    true
}
