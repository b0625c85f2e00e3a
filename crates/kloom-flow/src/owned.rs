//! Who owns memory on one path: allocations that still have no home, objects that are freed, and
//! arguments that somebody keeps.
//!
//! What is here is certain. As soon as a pointer goes where it cannot be followed, its object is
//! settled: nothing is said about it any more.

use crate::memory::{Cell, Cells};
use crate::value::{AllocationId, CellId, Point, Sym};
use kloom_diag::Span;
use kloom_ir::BlockId;

/// An allocation that this path has not freed, and that nobody else has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// The object.
    pub object: Sym,
    /// Which allocation it is.
    pub allocation: AllocationId,
    /// The test that this path passed last, if all paths that are one with it did.
    pub turn: Option<Span>,
    /// The only place that holds it, where that outlives the call: nothing is owed any more, but
    /// it is lost if it is overwritten there.
    pub home: Option<CellId>,
}

/// What a condition that could not be told asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// A variable or member.
    Cell(CellId),
    /// The answer to a call with this text.
    Text(u64),
}

/// Ownership on one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owned {
    /// Whether anybody wants to know.
    followed: bool,
    live: Vec<Live>,
    /// Threads, workers and registrations that this path has not taken back.
    started: Vec<Live>,
    /// Freed for certain, and where.
    gone: Vec<(Sym, Span)>,
    /// Values from outside that something holds on to.
    kept: Vec<Sym>,
    /// Conditions that could not be told, and where they were asked.
    asked: Vec<(Topic, Point)>,
    /// What cells were computed from.
    derived: Vec<(CellId, Topic)>,
}

impl Owned {
    /// The start of a function.
    pub fn new(followed: bool) -> Owned {
        Owned {
            followed,
            ..Owned::default()
        }
    }

    /// The allocations without a home, in the order of their objects.
    pub fn homeless(&self) -> impl Iterator<Item = Live> + '_ {
        self.live.iter().copied().filter(|l| l.home.is_none())
    }

    /// The allocation that the object is, if it has no home yet.
    pub fn find(&self, object: Sym) -> Option<Live> {
        self.homeless().find(|l| l.object == object)
    }

    /// The allocation that the object is, if this cell is its home.
    pub fn at_home(&self, object: Sym, cell: CellId) -> Option<Live> {
        let all = self.live.iter().copied();
        all.filter(|l| l.home == Some(cell))
            .find(|l| l.object == object)
    }

    /// Whether the object is an allocation that nobody else has seen, at home or not.
    pub fn knows(&self, object: Sym) -> bool {
        let mut all = self.live.iter().chain(&self.started);
        all.any(|l| l.object == object)
    }

    /// Whether nothing is known of any allocation.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// Where the object was freed.
    pub fn gone(&self, object: Sym) -> Option<Span> {
        self.gone.iter().find(|g| g.0 == object).map(|g| g.1)
    }

    /// Everything that was freed for certain.
    pub fn all_gone(&self) -> &[(Sym, Span)] {
        &self.gone
    }

    /// Values from outside that something holds on to.
    pub fn kept(&self) -> &[Sym] {
        &self.kept
    }

    /// A new allocation.
    pub fn add(&mut self, object: Sym, allocation: AllocationId, home: Option<CellId>) {
        if !self.followed {
            return;
        }
        self.settle(object);
        let at = self.live.partition_point(|l| l.object < object);
        let new = Live {
            object,
            allocation,
            turn: None,
            home,
        };
        self.live.insert(at, new);
    }

    /// Code runs that can look into every home.
    pub fn settle_homes(&mut self) {
        self.live.retain(|l| l.home.is_none());
    }

    /// What was started or registered and not taken back.
    pub fn started(&self) -> &[Live] {
        &self.started
    }

    /// Something is started or registered.
    pub fn start(&mut self, object: Sym, allocation: AllocationId) {
        if !self.followed {
            return;
        }
        self.take_back(object);
        let at = self.started.partition_point(|l| l.object < object);
        let new = Live {
            object,
            allocation,
            turn: None,
            home: None,
        };
        self.started.insert(at, new);
    }

    /// It is stopped or unregistered, or in the hands of somebody who may do so.
    pub fn take_back(&mut self, object: Sym) {
        self.started.retain(|l| l.object != object);
    }

    /// Everything may be stopped and unregistered.
    pub fn take_all_back(&mut self) {
        self.started.clear();
    }

    /// The object has found a home, or is lost from sight.
    pub fn settle(&mut self, object: Sym) {
        self.live.retain(|l| l.object != object);
    }

    /// Something may hold on to a value from outside.
    pub fn keep(&mut self, value: Sym) {
        if self.followed
            && let Err(at) = self.kept.binary_search(&value)
        {
            self.kept.insert(at, value);
        }
    }

    /// The object is freed, for certain.
    pub fn free(&mut self, object: Sym, at: Span) {
        self.settle(object);
        if self.followed && self.gone(object).is_none() {
            self.gone.push((object, at));
            self.gone.sort_unstable();
        }
    }

    /// Forgets that objects are freed: their names may mean others by now.
    pub fn revive(&mut self, pick: impl Fn(Sym) -> bool) {
        self.gone.retain(|g| !pick(g.0));
    }

    /// A holder of the value is overwritten in a way that cannot be followed.
    pub fn blur(&mut self, cells: &Cells, value: Sym) {
        if !self.followed {
            return;
        }
        let object = match value {
            Sym::Addr(cell) => match cells.get(cells.root(cell)) {
                Cell::Object(object) => object,
                _ => return,
            },
            other => other,
        };
        self.settle(object);
        self.take_back(value);
        self.take_back(object);
        if matches!(object, Sym::Init(_)) {
            self.keep(object);
        }
    }

    /// The name of a value is about to mean another one.
    pub fn retire(&mut self, cells: &Cells, value: Sym) {
        if !self.followed {
            return;
        }
        let stale = |object: Sym| {
            let mut at = object;
            while at != value {
                match at {
                    Sym::Init(cell) => match cells.get(cells.root(cell)) {
                        Cell::Object(outer) => at = outer,
                        _ => return false,
                    },
                    _ => return false,
                }
            }
            true
        };
        self.live.retain(|l| !stale(l.object));
        self.started.retain(|l| !stale(l.object));
        self.gone.retain(|g| !stale(g.0));
    }

    /// A test that leaves the path no other way. One that cannot be told and asks again about
    /// what was asked elsewhere may contradict that: nothing is certain then.
    pub fn turn(&mut self, at: Span, about: Option<Sym>, asks: Option<(&[Topic], Point)>) {
        let all = self.live.iter_mut().chain(&mut self.started);
        for live in all.filter(|l| Some(l.object) != about) {
            live.turn = Some(at);
        }
        let Some((topics, point)) = asks else { return };
        let sources = self.derived.iter();
        let sources = sources.filter(|(of, _)| topics.contains(&Topic::Cell(*of)));
        let sources: Vec<Topic> = sources.map(|(_, from)| *from).collect();
        for topic in topics.iter().chain(&sources) {
            match self.asked.iter().find(|a| a.0 == *topic) {
                Some(before) if before.1 != point => self.give_up(),
                Some(_) => {}
                None => {
                    self.asked.push((*topic, point));
                    self.asked.sort_unstable();
                }
            }
        }
    }

    /// A cell has a new value: what was asked about it is no longer of interest.
    pub fn renew(&mut self, cells: &Cells, cell: CellId) {
        self.asked.retain(|(topic, _)| match topic {
            Topic::Cell(of) => !cells.within(*of, cell),
            Topic::Text(_) => true,
        });
        self.derived.retain(|(of, _)| !cells.within(*of, cell));
    }

    /// A cell was computed from these.
    pub fn derive(&mut self, cell: CellId, from: &[Topic]) {
        self.derived.extend(from.iter().map(|topic| (cell, *topic)));
        self.derived.sort_unstable();
        self.derived.dedup();
    }

    /// Paths are no longer told apart: nothing is certain.
    pub fn give_up(&mut self) {
        self.live.clear();
        self.started.clear();
        self.gone.clear();
    }

    /// The part by which paths are kept apart.
    pub fn key(&self) -> Vec<(u8, Sym)> {
        let live = self.homeless().map(|l| (0, l.object));
        let started = self.started.iter().map(|l| (1, l.object));
        let gone = self.gone.iter().map(|g| (2, g.0));
        live.chain(started).chain(gone).collect()
    }

    /// Drops allocations that failed on this path.
    pub fn prune(&mut self, failed: impl Fn(Sym) -> bool) {
        self.live.retain(|l| !failed(l.object));
        self.started.retain(|l| !failed(l.object));
    }

    /// What holds on either path, at the start of `block`.
    pub fn join(&self, other: &Owned, block: BlockId) -> Owned {
        let renamed = |sym: Sym| matches!(sym, Sym::Phi(at, _) if at == block);
        if !self.followed {
            return Owned::default();
        }
        let gone = self.gone.iter().filter_map(|(object, at)| {
            let its = other.gone(*object)?;
            (!renamed(*object)).then(|| (*object, its.min(*at)))
        });
        Owned {
            followed: true,
            live: both(&self.live, &other.live),
            started: both(&self.started, &other.started),
            gone: gone.collect(),
            kept: union(&self.kept, &other.kept),
            asked: union(&self.asked, &other.asked),
            derived: union(&self.derived, &other.derived),
        }
    }
}

fn both(a: &[Live], b: &[Live]) -> Vec<Live> {
    if a == b {
        return a.to_vec();
    }
    let common = a.iter().filter_map(|mine| {
        let its = b.iter().find(|l| l.object == mine.object)?;
        (its.home == mine.home).then(|| Live {
            turn: mine.turn.filter(|_| mine.turn == its.turn),
            ..*mine
        })
    });
    common.collect()
}

/// What is in either of two sorted lists.
fn union<T: Copy + Ord>(a: &[T], b: &[T]) -> Vec<T> {
    if a == b {
        return a.to_vec();
    }
    let mut all = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let next = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) => *x.min(y),
            (Some(one), None) | (None, Some(one)) => *one,
            (None, None) => return all,
        };
        a.next_if_eq(&next);
        b.next_if_eq(&next);
        all.push(*next);
    }
}
