//! One function under analysis: evaluation of places and expressions in a state.

use crate::analysis::{Analysis, Misuse, MisuseKind, Use, insert_sorted};
use crate::compare::{bound, compared, is_arithmetic, mirrored, same};
use crate::context::Context;
use crate::lock_own::Exit;
use crate::loops::Loops;
use crate::memory::{Cell, Cells, Key};
use crate::shape::Shapes;
use crate::state::State;
use crate::summary::{Demand, Guard, LockDemand, MAX_DEMANDS, Need};
use crate::value::{AllocationId, CellId, Info, Link, OriginId, Point, Sym, negated};
use kloom_diag::Span;
use kloom_facts::Classes;
use kloom_ir::{
    Base, BinOp, BlockId, Elem, Expr, Function, FunctionId, LocalId, Name, PlaceId, Type, UnOp,
};
use rustc_hash::FxHashSet;

/// Most places remembered per creation or allocation.
pub(crate) const MAX_KEPT: usize = 16;
/// Most guards a demand or outcome carries.
const MAX_GUARDS: usize = 6;

/// The function, its cells, and what is found while it is followed.
pub(crate) struct Body<'a> {
    pub cx: &'a Context<'a>,
    pub f: &'a Function,
    pub id: FunctionId,
    /// Whether it is followed who owns what.
    pub memory: bool,
    pub cells: Cells,
    pub found: &'a mut Analysis,
    pub demands: Vec<Demand>,
    /// Locals that may be indices.
    pub counters: FxHashSet<LocalId>,
    /// What stands for the place that a call names: `macro(x) = …`.
    pub lent: FxHashSet<LocalId>,
    /// The loops, if they matter.
    pub loops: Loops,
    /// Where a returned error number was negated.
    pub negated_returns: Vec<Span>,
    /// Shapes of conditions, if locks are followed.
    pub shapes: Option<Shapes<'a>>,
    /// Arguments that are statements about locks.
    pub commands: Vec<Span>,
    pub lock_demands: Vec<LockDemand>,
    /// With which locks the function ends.
    pub exits: Vec<Exit>,
    /// Calls of code that nobody knows and that may give back a lock.
    pub suspects: FxHashSet<Point>,
    /// Tests that tell some answers of those from others, not success from failure.
    pub told_by: FxHashSet<Span>,
    /// Allocations in elements that no constant names.
    pub shelved: Vec<(CellId, AllocationId)>,
    /// Calls that fail for want of memory or because of what a user handed over.
    pub chances: FxHashSet<Point>,
    /// Calls of known functions that give a pointer to what is there already.
    pub looked_up: FxHashSet<Point>,
    /// What allocations were called with, as far as a test may tell more about it later.
    pub sizes: Vec<(AllocationId, Sym)>,
    /// Where locks are taken that some path gives back.
    pub balanced: FxHashSet<Span>,
}

impl Body<'_> {
    /// The cell a place names in this state. Going through a pointer that may be an error pointer
    /// is a use of it.
    pub fn cell(&mut self, state: &State, place: PlaceId, span: Span) -> CellId {
        let mut steps = Vec::new();
        let mut at = place;
        loop {
            match self.f.places.get(at).base {
                Base::Step(parent, elem) => {
                    steps.push(elem);
                    at = parent;
                }
                Base::Local(local) => break self.walk(state, Cell::Local(local), &steps, span),
                Base::Global(name) => break self.walk(state, Cell::Global(name), &steps, span),
            }
        }
    }

    fn walk(&mut self, state: &State, root: Cell, steps: &[Elem], span: Span) -> CellId {
        let mut cell = self.cells.intern(root);
        for elem in steps.iter().rev() {
            cell = match *elem {
                Elem::Deref => {
                    let pointer = state.read(&self.cells, cell);
                    self.used(state, pointer, Need::Deref, Classes::NONE, &[span]);
                    self.object(pointer, cell)
                }
                Elem::Field { owner, name } => self.cells.intern(Cell::Field {
                    of: cell,
                    owner,
                    name,
                }),
                Elem::Index(at) => self.cells.intern(Cell::Index { of: cell, at }),
            };
        }
        cell
    }

    /// What a pointer leads to. A pointer of which nothing is known is named by where it stands.
    pub fn object(&mut self, pointer: Sym, at: CellId) -> CellId {
        match pointer {
            Sym::Addr(cell) => cell,
            Sym::Unknown | Sym::Const(_) | Sym::Class(_) => self
                .cells
                .intern(Cell::Object(Sym::Out(Point(u32::MAX), at))),
            other => self.cells.intern(Cell::Object(other)),
        }
    }

    /// The cell whose address is taken: members of an error pointer are only computed, not used.
    fn address_of(&mut self, state: &State, place: PlaceId, span: Span) -> CellId {
        let mut steps = Vec::new();
        let mut at = place;
        let mut data = self.f.places.get(at).base;
        while let Base::Step(parent, elem) = data {
            steps.push(elem);
            at = parent;
            data = self.f.places.get(at).base;
        }
        let last_deref = steps.iter().position(|e| *e == Elem::Deref);
        let Some(last) = last_deref else {
            return self.cell(state, place, span);
        };
        let root = match data {
            Base::Local(local) => Cell::Local(local),
            Base::Global(name) => Cell::Global(name),
            Base::Step(..) => return self.cell(state, place, span),
        };
        let before = self.walk(state, root, &steps[last + 1..], span);
        let pointer = state.read(&self.cells, before);
        let mut cell = self.object(pointer, before);
        for elem in steps[..last].iter().rev() {
            cell = match *elem {
                Elem::Field { owner, name } => self.cells.intern(Cell::Field {
                    of: cell,
                    owner,
                    name,
                }),
                Elem::Index(at) => self.cells.intern(Cell::Index { of: cell, at }),
                Elem::Deref => cell,
            };
        }
        cell
    }

    /// The value of an expression. `point` names a computed truth value, so that a later branch
    /// on it can still tell what it was computed from.
    pub fn eval(&mut self, state: &mut State, expr: &Expr, point: Point, span: Span) -> Sym {
        match expr {
            Expr::Int(n) => Sym::Const(*n),
            Expr::Str(_) | Expr::SizeOf(_) => Sym::Class(Classes::POS.0),
            Expr::Read(place) => {
                let cell = self.cell(state, *place, span);
                if matches!(
                    self.cx.unit.types.get(self.f.places.get(*place).ty),
                    Type::Array(..)
                ) {
                    return Sym::Addr(cell);
                }
                self.copied_whole(state, cell);
                state.read(&self.cells, cell)
            }
            Expr::AddrOf(place) => Sym::Addr(self.address_of(state, *place, span)),
            Expr::Function(name) => Sym::Function(*name),
            Expr::Name(name) => self.cx.constant(*name),
            Expr::Cast(_, inner) => self.eval(state, inner, point, span),
            Expr::Config(n) => Sym::Config(*n),
            Expr::Unary(UnOp::Neg, inner) => {
                let sym = self.eval(state, inner, point, span);
                let info = state.info(sym);
                if info.origin.is_some() && info.classes == Classes::NEG && sym != Sym::Made(point)
                {
                    let made = Sym::Made(point);
                    let info = Info {
                        negated: Some(span),
                        ..Info::of(Classes::POS)
                    };
                    state.set_info(made, info);
                    return made;
                }
                match sym {
                    Sym::Const(n) => Sym::Const(n.wrapping_neg()),
                    _ => Sym::Class(negated(info.classes).0),
                }
            }
            Expr::Unary(UnOp::BitNot, inner) => {
                self.eval(state, inner, point, span);
                Sym::Unknown
            }
            Expr::Binary(op, a, b) if is_arithmetic(*op) => {
                let sides = [
                    self.eval(state, a, point, span),
                    self.eval(state, b, point, span),
                ];
                self.computed_from(state, sides, matches!(op, BinOp::Add | BinOp::Sub))
            }
            Expr::Unary(UnOp::Not, _) | Expr::Binary(..) => {
                match self.question(state, expr, point, span) {
                    Some(link) => truth(state, link, point),
                    None => Sym::Unknown,
                }
            }
            Expr::Type(_) | Expr::Unknown => Sym::Unknown,
        }
    }

    /// Reads an expression as a yes-or-no question about one value.
    fn question(
        &mut self,
        state: &mut State,
        expr: &Expr,
        point: Point,
        span: Span,
    ) -> Option<Link> {
        match expr {
            Expr::Unary(UnOp::Not, inner) => {
                Some(self.question(state, inner, point, span)?.flipped())
            }
            Expr::Cast(_, inner) => self.question(state, inner, point, span),
            Expr::Binary(op, a, b) => {
                let x = self.eval(state, a, point, span);
                let y = self.eval(state, b, point, span);
                let distinct = self.are_distinct(state, x, y).then_some(false);
                let one = self.are_same(x, y).then_some(true);
                let told = |answer| Link {
                    of: Sym::Const(i64::from(answer)),
                    yes: Classes::ZERO.not().0,
                    no: Classes::ZERO.0,
                };
                let order = match op {
                    BinOp::Lt => is_size(x, y).or(is_less(x, y)),
                    BinOp::Gt => is_size(y, x).or(is_less(y, x)),
                    BinOp::Le => is_less(y, x).map(|more| !more),
                    BinOp::Ge => is_less(x, y).map(|less| !less),
                    _ => None,
                };
                if let Some(answer) = order {
                    return Some(told(answer));
                }
                if let Some(equal) = same(x, y).or(one).or(distinct) {
                    let answer = equal == (*op == BinOp::Eq);
                    let known = matches!(op, BinOp::Eq | BinOp::Ne);
                    return known.then(|| told(answer));
                }
                let (of, bound, op) = match (bound(x), bound(y)) {
                    (_, Some(n)) => (x, n, *op),
                    (Some(n), None) => (y, n, mirrored(*op)),
                    (None, None) => return None,
                };
                let (yes, no) = compared(op, bound)?;
                Some(Link {
                    of,
                    yes: yes.0,
                    no: no.0,
                })
            }
            _ => Some(Link {
                of: self.eval(state, expr, point, span),
                yes: Classes::ZERO.not().0,
                no: Classes::ZERO.0,
            }),
        }
    }

    /// The state in which `cond` is `answer`, or `None` if this path cannot go there.
    pub fn assume(
        &mut self,
        mut state: State,
        cond: &Expr,
        answer: bool,
        at: (BlockId, Point),
        span: Span,
    ) -> Option<State> {
        let point = at.1;
        let question = self.question(&mut state, cond, point, span);
        let exact = question.is_some_and(|l| l.yes & l.no == 0 && l.of != Sym::Unknown);
        if !exact && self.reads_outside(cond) {
            state.doubt(point, u32::from(answer));
        }
        let mut told = false;
        let about = question.map(|link| link.of);
        if let Some(link) = question {
            self.note_test(&state, link, span);
            let classes = link.classes(answer);
            told = link.yes & link.no == 0 && classes.contains(state.info(link.of).classes);
        }
        self.turns(&mut state, cond, about, told, at, span);
        if let Some(link) = question {
            let classes = link.classes(answer);
            let before = state.info(link.of);
            if !state.refine(link.of, classes, span, link.tells_error()) {
                return None;
            }
            // A failure of which nobody said that it is negative: who asks for the sign knows.
            let failure = before.classes == Classes::NEG.or(Classes::POS);
            if failure
                && before.origin.is_none()
                && asks_for_sign(cond)
                && state.info(link.of).classes == Classes::POS
            {
                state.owned.give_up();
                state.locks.doubt_all();
            }
        }
        self.note_answer(&mut state, cond, answer, question, told, point, span);
        Some(state)
    }

    /// Whether an expression reads a variable of the file or a member of something.
    fn reads_outside(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Read(place) => !matches!(self.f.places.get(*place).base, Base::Local(_)),
            Expr::Unary(_, inner) | Expr::Cast(_, inner) => self.reads_outside(inner),
            Expr::Binary(_, a, b) => self.reads_outside(a) || self.reads_outside(b),
            _ => false,
        }
    }

    /// Remembers that a value, and every place that holds it, is tested somewhere.
    pub fn note_test(&mut self, state: &State, link: Link, span: Span) {
        let info = state.info(link.of);
        if let Some(inner) = info.link {
            self.note_test(state, inner, span);
        }
        if let Some(id) = self.allocation_of(link.of) {
            insert_sorted(&mut self.found.allocations[id.0 as usize].tested, span);
        }
        if let Some(origin) = info.origin.or_else(|| self.tolerated(link.of)) {
            let creation = self.found.creation_mut(origin);
            let list = if link.tells_error() {
                &mut creation.tested
            } else {
                &mut creation.null_tested
            };
            insert_sorted(list, span);
        }
        // A test right after a creation is about that one, not about whatever else is kept there.
        if link.tells_error() && info.origin.is_none() {
            self.note_tested_keys(state, link.of);
        }
    }

    /// The creation that a value is the result of, if nobody needs to test it.
    fn tolerated(&self, value: Sym) -> Option<OriginId> {
        let Sym::Made(point) = value else { return None };
        let id = *self.found.index.get(&(self.id, point))?;
        self.found.creation(id).tolerated.then_some(id)
    }

    /// Remembers that a creation's result is stored where others can see it.
    pub fn note_kept(&mut self, state: &State, cell: CellId, sym: Sym) {
        let Some(origin) = state.info(sym).origin else {
            return;
        };
        let Some(key) = self.cells.key(cell, self.f.params) else {
            return;
        };
        let own = matches!(&key, Key::Param(_, parts) if parts.is_empty());
        let kept = &mut self.found.creation_mut(origin).kept;
        if !own && !kept.contains(&key) && kept.len() < MAX_KEPT {
            kept.push(key);
        }
    }

    fn note_tested_keys(&mut self, state: &State, sym: Sym) {
        // Places that are all unknown do not hold the same thing.
        if matches!(sym, Sym::Unknown | Sym::Const(_) | Sym::Class(_)) {
            return;
        }
        let mut holders: Vec<CellId> = state
            .cells()
            .filter(|(_, held)| *held == sym)
            .map(|(cell, _)| cell)
            .collect();
        if let Sym::Init(cell) = sym {
            holders.push(cell);
        }
        for cell in holders {
            let class = self.cells.class(cell).map(|(o, n)| Key::Class(o, n));
            let path = match self.cells.path(cell, 0) {
                Some(Key::Global(name, _)) => Some(Key::Global(name, Vec::new())),
                _ => None,
            };
            self.found.tested_keys.extend(class.into_iter().chain(path));
        }
    }

    /// A value is used where `accepts` is all that is fine beside a valid pointer.
    pub fn used(&mut self, state: &State, sym: Sym, need: Need, accepts: Classes, chain: &[Span]) {
        self.touched(state, sym, accepts, chain);
        let info = state.info(sym);
        let bad = info
            .classes
            .and(Classes::NEG.or(Classes::ZERO))
            .and(accepts.not());
        if bad.is_empty() {
            return;
        }
        if let Some(origin) = info.origin {
            // Also where NULL was put in its place when it failed.
            if bad.contains(Classes::NEG) || info.classes == Classes::ZERO && info.tested.is_some()
            {
                self.used_while_error(origin, &info, need, chain);
            }
        } else if let Sym::Init(cell) = sym {
            self.demand(state, cell, sym, bad, &info, need, chain);
        }
    }

    fn used_while_error(&mut self, origin: OriginId, info: &Info, need: Need, chain: &[Span]) {
        let function = self.id;
        self.found.add_use(
            origin,
            Use {
                need,
                chain: chain.to_vec(),
                tested: info.tested,
                null_tested: info.null_tested,
                function,
                later: false,
            },
        );
    }

    #[allow(clippy::too_many_arguments)]
    fn demand(
        &mut self,
        state: &State,
        cell: CellId,
        sym: Sym,
        classes: Classes,
        info: &Info,
        need: Need,
        chain: &[Span],
    ) {
        // Nearly every pointer is dereferenced somewhere; only where errors are kept does it matter.
        let variable = matches!(self.cells.get(cell), Cell::Local(_));
        if need == Need::Deref && !variable && !self.cx.keeps_errors(&self.cells, cell) {
            return;
        }
        let Some(key) = self.cells.key(cell, self.f.params) else {
            return;
        };
        let guards = self.guards(state, Some(sym));
        // Of several ways to the same use the shortest is enough.
        if let Some(old) = self
            .demands
            .iter_mut()
            .find(|d| d.key == key && d.chain.first() == chain.first() && d.guards == guards)
        {
            old.doubt &= state.in_doubt();
            old.classes = old.classes.or(classes);
            if chain.len() < old.chain.len() {
                old.chain = chain.to_vec();
            }
            return;
        }
        if self.demands.len() < MAX_DEMANDS {
            self.demands.push(Demand {
                key,
                classes,
                guards,
                doubt: state.in_doubt(),
                need,
                null_tested: info.null_tested,
                chain: chain.to_vec(),
            });
        }
    }

    /// What this path knows about values from outside, other than `but`.
    pub fn guards(&self, state: &State, but: Option<Sym>) -> Vec<Guard> {
        state
            .infos()
            .filter(|(sym, info)| Some(*sym) != but && info.classes != Classes::ANY)
            .filter_map(|(sym, info)| match sym {
                Sym::Init(cell) => Some(Guard {
                    key: self.cells.key(cell, self.f.params)?,
                    classes: info.classes,
                    tested: info.tested,
                }),
                _ => None,
            })
            .take(MAX_GUARDS)
            .collect()
    }

    pub fn misuse(
        &mut self,
        span: Span,
        kind: MisuseKind,
        evidence: Option<Span>,
        origin: Option<OriginId>,
    ) {
        let function = self.id;
        insert_sorted(
            &mut self.found.misuses,
            Misuse {
                span,
                kind,
                function,
                evidence,
                origin,
            },
        );
    }
}

/// Whether a condition compares which of two is more.
fn asks_for_sign(cond: &Expr) -> bool {
    let orders = [BinOp::Lt, BinOp::Le, BinOp::Gt, BinOp::Ge];
    matches!(cond, Expr::Binary(op, ..) if orders.contains(op))
}

/// 0 is compared with a named constant: what is counted up to is more than that.
fn is_size(least: Sym, bound: Sym) -> Option<bool> {
    (least == Sym::Const(0) && matches!(bound, Sym::Named(_))).then_some(true)
}

/// Whether one number is less than another, if both are known.
fn is_less(one: Sym, other: Sym) -> Option<bool> {
    let plain = |n: i64| n.unsigned_abs() < ERRNO.unsigned_abs();
    match (one, other) {
        (Sym::Const(a), Sym::Const(b)) if plain(a) && plain(b) => Some(a < b),
        _ => None,
    }
}

/// A value that stands for the answer to a question.
pub(crate) fn truth(state: &mut State, link: Link, point: Point) -> Sym {
    let have = state.info(link.of).classes;
    if have.and(link.classes(true)).is_empty() {
        return Sym::Const(0);
    }
    if have.and(link.classes(false)).is_empty() {
        return Sym::Const(1);
    }
    let made = Sym::Made(point);
    if link.of == made || link.of == Sym::Unknown {
        return Sym::Unknown;
    }
    let info = Info {
        link: Some(link),
        ..Info::of(Classes::ZERO.or(Classes::POS))
    };
    state.set_info(made, info);
    made
}

/// Whether a name reads like an error number.
pub(crate) fn is_errno(text: &str) -> bool {
    text.len() > 2
        && text.starts_with('E')
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Whether a name is spelt like an enumerator or a constant macro.
fn is_constant_name(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// Error numbers stand from here on, by their names: which one it is does not matter, only that
/// no two are the same.
const ERRNO: i64 = 1 << 32;

/// Whether a value of this name is known by itself: `NULL`, `true`, an error number.
pub(crate) fn named_constant(name: Name, text: &str) -> Option<Sym> {
    match text {
        "NULL" | "false" => Some(Sym::Const(0)),
        "true" => Some(Sym::Const(1)),
        // Second names of EAGAIN and EDEADLK.
        "EWOULDBLOCK" | "EDEADLOCK" => Some(Sym::Class(Classes::POS.0)),
        _ if is_errno(text) => Some(Sym::Const(ERRNO + i64::from(name.0))),
        _ if is_constant_name(text) => Some(Sym::Named(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_errors_are_positive_numbers() {
        let any = Name(7);
        let (one, other) = (
            named_constant(any, "ENOMEM").unwrap(),
            named_constant(Name(8), "EINVAL").unwrap(),
        );
        let state = State::default();
        assert_eq!(state.info(one).classes, Classes::POS);
        assert_ne!(one, other);
        assert_eq!(named_constant(any, "NULL"), Some(Sym::Const(0)));
        assert_eq!(named_constant(any, "STATE_DEAD"), Some(Sym::Named(any)));
        assert_eq!(named_constant(any, "ELSE_x"), None);
    }
}
