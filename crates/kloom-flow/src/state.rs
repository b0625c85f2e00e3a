//! The abstract state of one path: what cells hold, and what is known about those values.

use crate::locks::Locks;
use crate::memory::{Cell, Cells};
use crate::owned::Owned;
use crate::value::{CellId, Info, OriginId, Point, Sym, class_of};
use kloom_diag::Span;
use kloom_facts::Classes;
use kloom_ir::BlockId;

/// A map small enough to be a sorted list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Map<K, V>(Vec<(K, V)>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Map(Vec::new())
    }
}

impl<K: Ord + Copy, V: Copy> Map<K, V> {
    fn get(&self, key: K) -> Option<V> {
        let at = self.0.binary_search_by(|e| e.0.cmp(&key)).ok()?;
        Some(self.0[at].1)
    }
    fn set(&mut self, key: K, value: V) {
        match self.0.binary_search_by(|e| e.0.cmp(&key)) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (key, value)),
        }
    }
    fn remove(&mut self, key: K) {
        if let Ok(at) = self.0.binary_search_by(|e| e.0.cmp(&key)) {
            self.0.remove(at);
        }
    }
}

/// What is known on one path, or on several that agree in all that is tracked.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct State {
    cells: Map<CellId, Sym>,
    infos: Map<Sym, Info>,
    /// The creation that was last found to have failed on this path, and the test.
    pub failing: Option<(OriginId, Span)>,
    /// Objects that were zeroes when they were made and that only this path has written to.
    zeroed: Vec<Sym>,
    /// Objects that are gone.
    freed: Vec<Sym>,
    /// Conditions on something outside the function that classes cannot tell, with the way taken:
    /// what they lead to may be ruled out by what the caller or an earlier entry point did.
    doubts: Vec<(Point, u32)>,
    /// What is held.
    pub locks: Locks,
    /// Who owns memory.
    pub owned: Owned,
}

impl State {
    /// What is known where a function starts.
    pub fn new(memory: bool) -> State {
        State {
            owned: Owned::new(memory),
            ..State::default()
        }
    }

    /// What a cell holds.
    pub fn read(&self, cells: &Cells, cell: CellId) -> Sym {
        if let Some(sym) = self.cells.get(cell) {
            return sym;
        }
        let mut at = cell;
        while let Some(of) = cells.whole(at) {
            if self.cells.get(of).is_some() {
                return Sym::Unknown;
            }
            at = of;
        }
        match cells.get(at) {
            Cell::Object(object) if at != cell && self.zeroed.contains(&object) => Sym::Const(0),
            _ => Sym::Init(cell),
        }
    }

    /// A new object of zeroes.
    pub fn set_zeroed(&mut self, object: Sym) {
        if let Err(at) = self.zeroed.binary_search(&object) {
            self.zeroed.insert(at, object);
        }
    }

    /// Somebody else may write to the object from now on.
    pub fn share(&mut self, object: Sym) {
        self.zeroed.retain(|z| *z != object);
    }

    /// The object is gone; what it held is nobody's business.
    pub fn free(&mut self, cells: &Cells, object: Sym) {
        self.share(object);
        self.locks.retire(cells, object);
        self.drop_cells(|c| cells.get(cells.root(c)) == Cell::Object(object));
        if let Err(at) = self.freed.binary_search(&object) {
            self.freed.insert(at, object);
        }
    }

    /// Objects that are gone.
    pub fn freed(&self) -> &[Sym] {
        &self.freed
    }

    /// What is known about a value.
    pub fn info(&self, sym: Sym) -> Info {
        match sym {
            Sym::Unknown | Sym::Named(_) => Info::ANY,
            Sym::Const(n) => Info::of(class_of(n)),
            Sym::Class(bits) => Info::of(Classes(bits)),
            Sym::Addr(_) | Sym::Function(_) => Info::of(Classes::POS),
            _ => self.infos.get(sym).unwrap_or(Info::ANY),
        }
    }

    /// Notes what is known about a value that has an identity.
    pub fn set_info(&mut self, sym: Sym, info: Info) {
        match sym {
            Sym::Unknown | Sym::Const(_) | Sym::Class(_) | Sym::Addr(_) | Sym::Function(_) => {}
            _ if info == Info::ANY => self.infos.remove(sym),
            _ => self.infos.set(sym, info),
        }
    }

    /// Writes a cell. Parts of it are forgotten, and so are members of the same class in objects
    /// that may be the same one under another name.
    pub fn write(&mut self, cells: &Cells, cell: CellId, sym: Sym) {
        self.locks.moved(cells, cell);
        let class = cells.class(cell);
        let root = cells.root(cell);
        let in_object = matches!(cells.get(root), Cell::Object(_));
        for entry in &mut self.cells.0 {
            let other = entry.0;
            if other == cell {
                continue;
            }
            let is_part = cells.within(other, cell);
            let may_be_same = || {
                let other_root = cells.root(other);
                in_object
                    && class.is_some()
                    && cells.class(other) == class
                    && other_root != root
                    && matches!(cells.get(other_root), Cell::Object(_))
            };
            if is_part || may_be_same() {
                self.owned.blur(cells, entry.1);
                entry.1 = Sym::Unknown;
            }
        }
        // An element without a number may be any: what was there may still be.
        let sym = if cells.is_any_element(cell) && self.info(sym).origin.is_none() {
            Sym::Unknown
        } else {
            sym
        };
        self.cells.set(cell, sym);
    }

    /// Gives the unknown value of a cell a name, so that copies of it are known to be the same.
    pub fn give_name(&mut self, cells: &Cells, cell: CellId, name: Sym) {
        if self.read(cells, cell) == Sym::Unknown {
            self.retire(cells, name);
            self.cells.set(cell, name);
        }
    }

    /// The failed creation that the cell holds, if it does for sure.
    pub fn failed_in(&self, cells: &Cells, cell: CellId) -> Option<Info> {
        let info = self.info(self.read(cells, cell));
        (info.origin.is_some() && info.classes == Classes::NEG).then_some(info)
    }

    /// Forgets the cells that the test picks, and everything that is part of them.
    pub fn forget(&mut self, cells: &Cells, pick: impl Fn(CellId) -> bool) {
        for entry in &mut self.cells.0 {
            if pick(entry.0) {
                self.owned.blur(cells, entry.1);
                entry.1 = Sym::Unknown;
            }
        }
    }

    /// Drops the cells that the test picks, as if they had never been mentioned.
    pub fn drop_cells(&mut self, pick: impl Fn(CellId) -> bool) {
        self.cells.0.retain(|entry| !pick(entry.0));
    }

    /// The cells that were written or refined, with their values.
    pub fn cells(&self) -> impl Iterator<Item = (CellId, Sym)> + '_ {
        self.cells.0.iter().copied()
    }

    /// The values of which something is known.
    pub fn infos(&self) -> impl Iterator<Item = (Sym, Info)> + '_ {
        self.infos.0.iter().copied()
    }

    /// Before the value named `sym` is made anew: holders of the old one no longer share it.
    pub fn retire(&mut self, cells: &Cells, sym: Sym) {
        let left = match self.info(sym).classes {
            Classes::ANY => Sym::Unknown,
            known => Sym::Class(known.0),
        };
        for entry in &mut self.cells.0 {
            if entry.1 == sym {
                entry.1 = left;
            }
        }
        self.drop_cells(|c| cells.get(cells.root(c)) == Cell::Object(sym));
        self.infos.remove(sym);
        self.share(sym);
        self.locks.retire(cells, sym);
        self.freed.retain(|f| *f != sym);
        self.owned.retire(cells, sym);
        for entry in &mut self.infos.0 {
            if entry.1.link.is_some_and(|l| l.of == sym) {
                entry.1.link = None;
            }
        }
    }

    /// Restricts a value to classes; `false` if that is impossible on this path.
    ///
    /// `at` is the test; `for_error` says whether it can tell error pointers apart.
    pub fn refine(&mut self, sym: Sym, classes: Classes, at: Span, for_error: bool) -> bool {
        let mut info = self.info(sym);
        info.classes = info.classes.and(classes);
        if info.classes.is_empty() {
            return false;
        }
        if let (true, Classes::NEG, Some(origin)) = (for_error, info.classes, info.origin) {
            self.failing = Some((origin, at));
        }
        if for_error {
            info.tested = Some(info.tested.map_or(at, |t| t.min(at)));
        } else {
            info.null_tested = Some(info.null_tested.map_or(at, |t| t.min(at)));
        }
        let link = info.link;
        self.set_info(sym, info);
        let Some(link) = link else { return true };
        let answer = match (
            classes.contains(Classes::ZERO),
            classes.and(Classes::ZERO.not()).is_empty(),
        ) {
            (true, true) => false,
            (false, _) => true,
            (true, false) => return true,
        };
        self.refine(link.of, link.classes(answer), at, link.tells_error())
    }

    /// Goes on along way `way` of a condition that cannot be told.
    pub fn doubt(&mut self, at: Point, way: u32) {
        self.doubts.retain(|d| d.0 != at);
        self.doubts.push((at, way));
        self.doubts.sort_unstable();
    }

    /// Whether this path hangs on a condition that cannot be told.
    pub fn in_doubt(&self) -> bool {
        !self.doubts.is_empty()
    }

    /// The value may have been judged in a way that kloom does not see: it can no longer support a
    /// finding.
    pub fn disown(&mut self, sym: Sym) {
        let mut info = self.info(sym);
        if info.origin.take().is_some() {
            self.set_info(sym, info);
        }
    }

    /// After paths that should have been kept apart were joined: what they do not agree about can
    /// no longer support a finding.
    pub fn disown_mixed(&mut self, cells: &Cells, one: &State, other: &State) {
        let classes = |state: &State, cell| state.info(state.read(cells, cell)).classes;
        let mixed: Vec<Sym> = self
            .cells()
            .filter(|(cell, _)| classes(one, *cell) != classes(other, *cell))
            .map(|(_, sym)| sym)
            .collect();
        for sym in mixed {
            self.disown(sym);
        }
    }

    /// The part of the state by which paths are kept apart.
    pub fn tracked(&self, result: impl Fn(CellId) -> bool) -> Vec<(CellId, u8, u64)> {
        let mut key = Vec::new();
        for (cell, sym) in self.cells() {
            let info = self.info(sym);
            if let Some(origin) = info.origin {
                let tests =
                    u64::from(info.tested.is_some()) | u64::from(info.null_tested.is_some()) << 1;
                key.push((cell, info.classes.0, (u64::from(origin.0) + 1) << 2 | tests));
            } else if info.classes.0.count_ones() == 1 && result(cell) {
                key.push((cell, info.classes.0, 0));
            }
        }
        key
    }

    /// What holds on either path, at the start of `block`.
    pub fn join(&self, other: &State, cells: &Cells, block: BlockId) -> State {
        let mut out = State {
            failing: self.failing.filter(|_| self.failing == other.failing),
            zeroed: common(&self.zeroed, &other.zeroed),
            freed: common(&self.freed, &other.freed),
            doubts: common(&self.doubts, &other.doubts),
            locks: self.locks.join(&other.locks),
            owned: self.owned.join(&other.owned, block),
            ..State::default()
        };
        let mut its = other.infos.0.as_slice();
        for (sym, info) in self.infos() {
            while let Some((_, rest)) = its.split_first().filter(|(first, _)| first.0 < sym) {
                its = rest;
            }
            let same = its.first().filter(|first| first.0 == sym);
            let joined = info.join(same.map_or(Info::ANY, |same| same.1));
            if joined != Info::ANY {
                out.infos.0.push((sym, joined));
            }
        }
        let (a, b) = (&self.cells.0, &other.cells.0);
        out.cells.0.reserve(a.len().max(b.len()));
        let (mut i, mut j) = (0, 0);
        while i < a.len() || j < b.len() {
            let cell = match (a.get(i), b.get(j)) {
                (Some(x), Some(y)) => x.0.min(y.0),
                (Some(x), None) => x.0,
                (None, Some(y)) => y.0,
                (None, None) => break,
            };
            let side = |list: &[(CellId, Sym)], at: &mut usize, state: &State| {
                if list.get(*at).is_some_and(|e| e.0 == cell) {
                    *at += 1;
                    list[*at - 1].1
                } else {
                    state.read(cells, cell)
                }
            };
            let x = side(a, &mut i, self);
            let y = side(b, &mut j, other);
            let sym = if x == y {
                x
            } else {
                out.locks.retire(cells, Sym::Phi(block, cell));
                out.owned.blur(cells, x);
                out.owned.blur(cells, y);
                meet(cell, x, y, self, other, block, &mut out)
            };
            out.cells.0.push((cell, sym));
        }
        out
    }

    /// Drops facts about values that no cell holds and no path from outside names.
    pub fn prune(&mut self) {
        if self.infos.0.is_empty() {
            return;
        }
        let owned = &mut self.owned;
        let infos = &mut self.infos.0;
        let find = |infos: &[(Sym, Info)], sym| infos.binary_search_by(|e| e.0.cmp(&sym)).ok();
        owned.prune(|object| {
            find(infos, object).is_some_and(|at| !infos[at].1.classes.contains(Classes::POS))
        });
        let mut named = vec![false; infos.len()];
        for at in self.cells.0.iter().filter_map(|e| find(infos, e.1)) {
            named[at] = true;
        }
        // What a value asks about is named by it.
        let links = infos.iter().zip(&named).filter(|(_, named)| **named);
        let asked: Vec<usize> = links
            .filter_map(|((_, info), _)| find(infos, info.link?.of))
            .collect();
        asked.into_iter().for_each(|at| named[at] = true);
        let mut named = named.into_iter();
        infos.retain(|(sym, _)| {
            named.next() == Some(true)
                || matches!(sym, Sym::Init(_) | Sym::Config(_))
                || owned.knows(*sym)
        });
    }
}

fn common<T: Copy + PartialEq>(a: &[T], b: &[T]) -> Vec<T> {
    a.iter().filter(|s| b.contains(s)).copied().collect()
}

fn meet(
    cell: CellId,
    x: Sym,
    y: Sym,
    a: &State,
    b: &State,
    block: BlockId,
    out: &mut State,
) -> Sym {
    let joined = a.info(x).join(b.info(y));
    if joined == Info::ANY {
        return Sym::Unknown;
    }
    let phi = Sym::Phi(block, cell);
    out.set_info(
        phi,
        Info {
            link: None,
            ..joined
        },
    );
    phi
}
