//! The worklist: states per block until nothing changes.

use crate::analysis::{Cut, MisuseKind};
use crate::body::Body;
use crate::liveness::Liveness;
use crate::locks::LockTrack;
use crate::loops::Loops;
use crate::memory::{Cell, Cells, Key};
use crate::order::Order;
use crate::outcomes::{add_outcome, rank};
use crate::state::State;
use crate::summary::{MAX_EFFECTS, Outcome, Summary, Value};
use crate::value::{CellId, Info, Point, Sym};
use kloom_diag::Span;
use kloom_facts::Classes;
use kloom_ir::{BlockId, Expr, Function, InstrKind, LabelKind, LocalId, PlaceId, Terminator, Type};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;

/// Most paths kept apart at one point; beyond that they are merged and prove nothing any more.
const MAX_PATHS: usize = 20;

/// By what paths are kept apart.
type Tracked = (Vec<(CellId, u8, u64)>, LockTrack, Vec<(u8, Sym)>);

/// What tells a path from others.
enum Mark {
    /// Nobody has asked yet.
    Open,
    /// This.
    Key(Tracked),
    /// Nothing: paths were joined in it that should have been kept apart.
    Mixed,
}

/// One tracked path at the start of a block.
struct Path {
    mark: Mark,
    state: State,
    /// Already carried through the block.
    done: bool,
}

impl Path {
    fn new(state: State) -> Path {
        Path {
            mark: Mark::Open,
            state,
            done: false,
        }
    }
}

impl Body<'_> {
    /// Follows the function; its outcomes, or why they are not known.
    pub fn run(&mut self, summaries: &[Summary]) -> Result<Vec<Outcome>, Cut> {
        let f = self.f;
        let order = Order::of(f);
        let live = Liveness::of(f);
        let results = result_locals(f);
        // Where loops cannot be told apart, neither can who owns what.
        let loops = match self.memory {
            true => Loops::of(f, &order.rank, &self.counters),
            false => None,
        };
        let owners = loops.is_some();
        self.loops = loops.unwrap_or_default();
        let mut paths: Vec<Vec<Path>> = f.blocks.iter().map(|_| Vec::new()).collect();
        let mut ready = BTreeSet::new();
        if let Some(entry) = paths.first_mut() {
            entry.push(Path::new(State::new(owners)));
            ready.insert(order.rank[0]);
        }
        let meets = meets(f);
        let mut outcomes = Vec::new();
        let bound = 400 + 60 * f.blocks.len() as u64;
        let mut steps = 0;
        while let Some(rank) = ready.pop_first() {
            let block = order.blocks[rank as usize];
            let here = &mut paths[block.0 as usize];
            let todo: Vec<State> = if meets[block.0 as usize] {
                let fresh = here.iter_mut().filter(|path| !path.done);
                fresh
                    .map(|path| {
                        path.done = true;
                        path.state.clone()
                    })
                    .collect()
            } else {
                // Nothing else comes here that these could be joined with.
                here.drain(..).map(|path| path.state).collect()
            };
            for state in todo {
                steps += 1;
                self.found.steps += 1;
                if steps > bound {
                    return Err(Cut::Steps);
                }
                for (next, mut state) in self.block(block, state, &order, summaries, &mut outcomes)
                {
                    self.skips(&mut state, (block, next));
                    live.drop_dead(&mut state, &self.cells, next);
                    state.prune();
                    let list = &mut paths[next.0 as usize];
                    if merge(list, state, &self.cells, next, (&results, &self.counters)) {
                        ready.insert(order.rank[next.0 as usize]);
                    }
                }
            }
        }
        // Where other returns are negative, a negated error number has the wrong sign; a function
        // with positive error numbers of its own does nothing wrong.
        let negative = |o: &Outcome| {
            o.result
                .as_ref()
                .is_some_and(|v| v.classes == Classes::NEG && v.origin.is_none())
        };
        if outcomes.iter().any(negative) {
            for at in std::mem::take(&mut self.negated_returns) {
                self.misuse(at, MisuseKind::WrongSign, None, None);
            }
        }
        self.judge_exits();
        Ok(outcomes)
    }

    fn block(
        &mut self,
        id: BlockId,
        state: State,
        order: &Order,
        summaries: &[Summary],
        outcomes: &mut Vec<Outcome>,
    ) -> Vec<(BlockId, State)> {
        let f = self.f;
        let block = f.block(id);
        let mut point = Point(order.first_point[id.0 as usize]);
        let mut states = vec![state];
        for instr in &block.instrs {
            let mut after = Vec::with_capacity(states.len());
            for state in states {
                let from = after.len();
                after.extend(self.instr(state, &instr.kind, point, instr.span, summaries));
                for state in &mut after[from..] {
                    self.forget_answers(state, &instr.kind);
                }
            }
            states = after;
            bound(&mut states, &self.cells, id);
            point.0 += 1;
        }
        let mut out = Vec::new();
        for mut state in states {
            match &block.term {
                Terminator::Goto { to, .. } => out.push((*to, state)),
                Terminator::Either(all) => {
                    out.extend(all.iter().map(|to| (*to, state.clone())));
                }
                Terminator::Branch {
                    cond,
                    span,
                    then,
                    otherwise,
                } => {
                    let at = (id, point);
                    let yes = self.assume(state.clone(), cond, true, at, *span);
                    out.extend(yes.map(|state| (*then, state)));
                    let no = self.assume(state, cond, false, at, *span);
                    out.extend(no.map(|state| (*otherwise, state)));
                }
                Terminator::Switch {
                    on,
                    span,
                    arms,
                    otherwise,
                } => {
                    let sym = self.eval(&mut state, on, point, *span);
                    let told = !matches!(sym, Sym::Init(_) | Sym::Unknown);
                    for (way, arm) in arms.iter().enumerate() {
                        let mut state = state.clone();
                        if !told {
                            state.doubt(point, way as u32);
                        }
                        self.turns(&mut state, on, None, false, (id, point), *span);
                        let possible = match arm.values.0 {
                            Some((low, high)) if low == high => {
                                state.refine(sym, crate::value::class_of(low), *span, false)
                            }
                            _ => true,
                        };
                        if possible {
                            out.push((arm.to, state));
                        }
                    }
                    if !told {
                        state.doubt(point, u32::MAX);
                    }
                    let labels = &f.block(*otherwise).labels;
                    if !labels.iter().any(|l| l.kind == LabelKind::Default) {
                        // Whoever writes no default thinks that there is no other value.
                        state.locks.doubt_all();
                    }
                    self.turns(&mut state, on, None, false, (id, point), *span);
                    out.push((*otherwise, state));
                }
                Terminator::Return { value, span, .. } => {
                    let result = value
                        .as_ref()
                        .map(|e| self.eval(&mut state, e, point, *span));
                    if let Some(value) = value {
                        self.may_decay(&mut state, value, *span);
                    }
                    self.leave(state, result, *span, outcomes);
                }
                Terminator::Unreachable => {}
            }
        }
        out
    }

    fn instr(
        &mut self,
        mut state: State,
        kind: &InstrKind,
        point: Point,
        span: Span,
        summaries: &[Summary],
    ) -> Vec<State> {
        match kind {
            InstrKind::Assign { dst, src } => {
                self.note_write(&state, *dst, span);
                state.retire(&self.cells, Sym::Made(point));
                let value = self.eval(&mut state, src, point, span);
                let cell = self.cell(&state, *dst, span);
                if *src == Expr::Unknown {
                    // A loop macro that changes the verdict may have looked at it.
                    let judged = state.read(&self.cells, cell);
                    state.disown(judged);
                }
                let value = match (value, state.failed_in(&self.cells, cell)) {
                    (Sym::Const(0), Some(failed)) => {
                        // NULL instead of the error: still what is left of that creation.
                        let null = Sym::Out(point, cell);
                        let info = Info {
                            classes: Classes::ZERO,
                            ..failed
                        };
                        state.retire(&self.cells, null);
                        state.set_info(null, info);
                        null
                    }
                    (value, _) => value,
                };
                self.index_moved(&mut state, *dst, cell);
                if matches!(self.cells.get(cell), Cell::Local(local) if self.lent.contains(&local))
                {
                    self.others_change(&mut state);
                }
                // `p = p->next`: what is read is what `p` leads to before.
                let topics = self.topics(&mut state, src, span);
                let ty = self.cx.unit.types.get(self.f.places.get(*dst).ty);
                if !matches!(ty, Type::Int(_)) {
                    self.may_decay(&mut state, src, span);
                }
                self.put(&mut state, cell, value, span);
                state.owned.derive(cell, &topics);
                vec![state]
            }
            InstrKind::Eval(expr) => {
                self.eval(&mut state, expr, point, span);
                vec![state]
            }
            InstrKind::Call(call) => self.call(state, call, point, span, summaries),
            InstrKind::Opaque { havoc } => {
                for place in havoc {
                    let cell = self.cell(&state, *place, span);
                    let held = state.read(&self.cells, cell);
                    self.escape(&mut state, held);
                    self.escape(&mut state, Sym::Addr(cell));
                    state.write(&self.cells, cell, Sym::Unknown);
                }
                state.locks.lose();
                vec![state]
            }
            InstrKind::Wait { .. } | InstrKind::ScopeEnd(_) => vec![state],
        }
    }

    /// A number that is counted may be an index: nothing is known about "the" element any more.
    fn index_moved(&self, state: &mut State, dst: PlaceId, cell: CellId) {
        let Cell::Local(local) = self.cells.get(cell) else {
            return;
        };
        let ty = self.cx.unit.types.get(self.f.places.get(dst).ty);
        if !matches!(ty, Type::Pointer(_)) && self.counters.contains(&local) {
            let cells = &self.cells;
            state.forget(cells, |c| cells.is_any_element(c));
        }
    }

    /// Notes how the function ends on this path.
    fn leave(&mut self, state: State, result: Option<Sym>, at: Span, outcomes: &mut Vec<Outcome>) {
        let Some(sym) = result else {
            return self.outcome(&state, None, at, outcomes);
        };
        // A computed answer is two outcomes: callers branch on it.
        let info = state.info(sym);
        if info.link.is_some() {
            for classes in [Classes::ZERO, Classes::POS] {
                let mut state = state.clone();
                if state.refine(sym, classes, at, false) {
                    self.outcome(&state, Some(Sym::Class(classes.0)), at, outcomes);
                }
            }
            return;
        }
        if let Some(negated) = info.negated {
            self.negated_returns.push(negated);
        }
        if info.origin.is_some()
            && info.classes == Classes::POS
            && info.tested.is_some()
            && matches!(self.cx.unit.types.get(self.f.returns), Type::Int(_))
        {
            self.misuse(at, MisuseKind::ReturnsPointer, info.tested, info.origin);
        }
        self.outcome(&state, Some(sym), at, outcomes);
    }

    fn outcome(
        &mut self,
        state: &State,
        result: Option<Sym>,
        at: Span,
        outcomes: &mut Vec<Outcome>,
    ) {
        self.note_exit(state, result, at);
        self.close(state, result, at);
        let mut kept = state.owned.clone();
        if let Some(inside @ Sym::Addr(_)) = result {
            kept.blur(&self.cells, inside);
        }
        let result = result.map(|sym| self.outgoing(state, sym));
        if let Some(origin) = result.as_ref().and_then(|v| v.origin) {
            self.found.creation_mut(origin).handed_on |= result
                .as_ref()
                .is_some_and(|v| v.classes.contains(Classes::POS));
        }
        // What a failing constructor leaves in an object of its own goes with the object.
        let failed = match (&result, self.cx.unit.types.get(self.f.returns)) {
            (Some(v), Type::Pointer(_)) => !v.classes.contains(Classes::POS),
            (Some(v), _) => v.classes == Classes::NEG,
            (None, _) => false,
        };
        let mut effects: Vec<(Key, Value)> = Vec::new();
        let held: Vec<(CellId, Sym)> = state.cells().collect();
        for (cell, sym) in held {
            if sym == Sym::Init(cell) {
                continue;
            }
            let Some(key) = self.cells.key(cell, self.f.params) else {
                continue;
            };
            // What stands in the frame goes with it; a macro's parameters are its caller's places.
            let in_frame = matches!(self.cells.get(self.cells.root(cell)), Cell::Local(_))
                && self.f.origin != kloom_ir::Origin::Macro;
            let value = self.outgoing(state, sym);
            let goes = matches!(key, Key::Class(..))
                && !(value.origin.is_some() && self.is_looked_up(cell));
            if in_frame || failed && goes {
                continue;
            }
            match effects.iter_mut().find(|(k, _)| *k == key) {
                Some((_, old)) if old.origin.is_none() => *old = value,
                Some(_) => {}
                None => effects.push((key, value)),
            }
        }
        effects.sort_by(|a, b| rank(a).cmp(&rank(b)));
        effects.truncate(MAX_EFFECTS);
        let freed = state
            .freed()
            .iter()
            .filter_map(|object| match object {
                Sym::Init(cell) => self.cells.path(*cell, self.f.params),
                _ => None,
            })
            .collect();
        let gone: Vec<Sym> = state.owned.all_gone().iter().map(|g| g.0).collect();
        add_outcome(
            outcomes,
            Outcome {
                result,
                guards: self.guards(state, None),
                effects,
                freed,
                locks: self.lock_delta(state),
                gone: self.keys_of(&gone),
                kept: self.keys_of(kept.kept()),
                at,
            },
        );
    }

    /// Whether a cell lies in an object that a known function gave, which makes none.
    fn is_looked_up(&self, cell: CellId) -> bool {
        match self.cells.get(self.cells.root(cell)) {
            Cell::Object(Sym::Made(point)) => self.looked_up.contains(&point),
            _ => false,
        }
    }

    fn outgoing(&mut self, state: &State, sym: Sym) -> Value {
        let info = state.info(sym);
        let same = match sym {
            Sym::Init(cell) => self.cells.path(cell, self.f.params),
            _ => None,
        };
        Value {
            classes: info.classes,
            origin: info.origin,
            tested: info.tested,
            null_tested: info.null_tested,
            same,
            fresh: state.owned.find(sym).is_some(),
        }
    }
}

/// Adds a state to those of a block; whether that changed anything.
fn merge(
    list: &mut Vec<Path>,
    state: State,
    cells: &Cells,
    block: BlockId,
    told_by: (&FxHashSet<LocalId>, &FxHashSet<LocalId>),
) -> bool {
    if list.is_empty() {
        list.push(Path::new(state));
        return true;
    }
    for path in &mut *list {
        if matches!(path.mark, Mark::Open) {
            path.mark = Mark::Key(tracked(&path.state, cells, told_by));
        }
    }
    let key = tracked(&state, cells, told_by);
    let is_same = |path: &Path| matches!(&path.mark, Mark::Key(its) if *its == key);
    let told_apart = list.iter().position(is_same);
    let at = match told_apart {
        Some(at) => at,
        None if list.len() < MAX_PATHS => {
            list.push(Path {
                mark: Mark::Key(key),
                ..Path::new(state)
            });
            return true;
        }
        None => list.len() - 1,
    };
    let old = &mut list[at];
    if old.state == state {
        return false;
    }
    let joined = if told_apart.is_some() {
        old.state.join(&state, cells, block)
    } else {
        old.mark = Mark::Mixed;
        blurred(&old.state, &state, cells, block)
    };
    if joined == old.state {
        return false;
    }
    old.state = joined;
    old.done = false;
    true
}

/// By what a state is kept apart from others: what the locals that say how the function went hold,
/// and those that are counted, while something is held or owned.
fn tracked(
    state: &State,
    cells: &Cells,
    (results, counters): (&FxHashSet<LocalId>, &FxHashSet<LocalId>),
) -> Tracked {
    // What the first turn of a loop leaves is not what no turn leaves.
    let is_busy = !state.locks.held.is_empty() || !state.owned.is_empty();
    let is_result = |c: CellId| match cells.get(c) {
        Cell::Local(local) => results.contains(&local) || is_busy && counters.contains(&local),
        Cell::Global(_) => true,
        _ => false,
    };
    (
        state.tracked(is_result),
        state.locks.tracked(),
        state.owned.key(),
    )
}

/// The blocks where paths meet: those with more than one way in.
fn meets(f: &Function) -> Vec<bool> {
    let mut ways = vec![0u32; f.blocks.len()];
    if let Some(entry) = ways.first_mut() {
        *entry = 1;
    }
    for to in f.blocks.iter().flat_map(|b| b.term.successors()) {
        ways[to.0 as usize] += 1;
    }
    ways.iter().map(|ways| *ways > 1).collect()
}

/// What holds on two paths that should have been kept apart.
fn blurred(one: &State, other: &State, cells: &Cells, block: BlockId) -> State {
    let mut joined = one.join(other, cells, block);
    joined.owned.give_up();
    joined.disown_mixed(cells, one, other);
    joined
}

/// Joins the paths past the bound that part within a block.
fn bound(states: &mut Vec<State>, cells: &Cells, block: BlockId) {
    // What is joined here is not what was joined where the block starts.
    let within = BlockId(u32::MAX - block.0);
    while states.len() > MAX_PATHS
        && let Some(extra) = states.pop()
        && let Some(last) = states.last_mut()
    {
        *last = blurred(last, &extra, cells, within);
    }
}

/// Locals that say how the function went: returned ones, and ones set to plain numbers.
fn result_locals(f: &Function) -> FxHashSet<LocalId> {
    let local = |place| match f.places.get(place).base {
        kloom_ir::Base::Local(local) => Some(local),
        _ => None,
    };
    let mut out = FxHashSet::default();
    for block in &f.blocks {
        if let Terminator::Return {
            value: Some(Expr::Read(place)),
            ..
        } = &block.term
        {
            out.extend(local(*place));
        }
    }
    out
}

/// Locals that are counted up or down, or moved on by a loop macro: possible indices.
pub(crate) fn counters(f: &Function) -> FxHashSet<LocalId> {
    let mut out = FxHashSet::default();
    for instr in f.blocks.iter().flat_map(|b| &b.instrs) {
        let InstrKind::Assign { dst, src } = &instr.kind else {
            continue;
        };
        let counts = match src {
            Expr::Unknown => true,
            Expr::Binary(_, a, _) => **a == Expr::Read(*dst),
            _ => false,
        };
        if let (true, kloom_ir::Base::Local(local)) = (counts, f.places.get(*dst).base) {
            out.insert(local);
        }
    }
    out
}
