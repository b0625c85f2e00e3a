//! Which locks are held on a path, how, and since where.
//!
//! A lock is followed under one name; where that name may no longer mean the same lock, it is
//! kept as held but is no longer [`Held::sure`], and nothing is said about it.

use crate::memory::{Cell, Cells, Key};
use crate::value::{CellId, Point, Sym};
use kloom_diag::Span;
use kloom_facts::Effect;
use kloom_ir::{FunctionId, Name};

/// Most locks followed at once on one path.
const MAX_HELD: usize = 12;
/// Most tests kept to show the way.
const MAX_TRAIL: usize = 6;
/// Most answers remembered on one path.
const MAX_ANSWERS: usize = 24;
/// How many tests before a lock was given back may have asked whether it is held.
pub(crate) const UNDER: usize = 3;
/// Most calls remembered that may have given back something.
const MAX_SUSPECTS: usize = 48;

/// What a lock is; contexts that are counted like one are among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockKind {
    /// `spinlock_t`, and locks made of one.
    Spin,
    /// `rwlock_t`.
    RwLock,
    /// Mutexes of all sorts.
    Mutex,
    /// `struct rw_semaphore`, per-CPU ones too.
    Rwsem,
    /// A seqlock's writer side.
    Seqlock,
    /// A bit used as a spinlock.
    Bit,
    /// An RCU reader.
    Rcu,
    /// Interrupts are off.
    Irq,
    /// Bottom halves are off.
    Bh,
    /// Preemption is off.
    Preempt,
    /// Page faults fail instead of being handled.
    Faults,
    /// Anything that may be given back by somebody else, or that nests.
    Other,
}

/// What taking a lock does to interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Irq {
    /// Nothing.
    Kept,
    /// Turns them off, and giving it back turns them on.
    Off,
    /// Turns them off and keeps what they were.
    Saved,
    /// Turns bottom halves off.
    Bh,
}

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct How {
    /// What it is.
    pub kind: LockKind,
    /// Shared with other readers.
    pub read: bool,
    /// What it does to interrupts.
    pub irq: Irq,
    /// Taken by somebody who says that another one like it is held.
    pub nested: bool,
}

impl How {
    /// What the note of an effect says.
    pub(crate) fn of(effect: &Effect) -> How {
        let kinds = [
            ("spin", LockKind::Spin),
            ("raw-spin", LockKind::Spin),
            ("rwlock", LockKind::RwLock),
            ("mutex", LockKind::Mutex),
            ("rtmutex", LockKind::Mutex),
            ("rwsem", LockKind::Rwsem),
            ("percpu-rwsem", LockKind::Rwsem),
            ("seqlock", LockKind::Seqlock),
            ("bit-spin", LockKind::Bit),
            ("srcu", LockKind::Other),
            ("local", LockKind::Other),
            ("hwspin", LockKind::Other),
            ("rcu", LockKind::Rcu),
            ("rcu-bh", LockKind::Rcu),
            ("rcu-sched", LockKind::Rcu),
            ("preempt", LockKind::Preempt),
            ("pagefault", LockKind::Faults),
            ("irq", LockKind::Irq),
            ("irqsave", LockKind::Irq),
            ("bh", LockKind::Bh),
        ];
        let kind = kinds.iter().find(|(word, _)| effect.says(word));
        How {
            kind: kind.map_or(LockKind::Other, |(_, kind)| *kind),
            read: effect.says("read"),
            irq: if effect.says("irqsave") {
                Irq::Saved
            } else if effect.says("irq") {
                Irq::Off
            } else if effect.says("bh") {
                Irq::Bh
            } else {
                Irq::Kept
            },
            nested: effect.says("nested"),
        }
    }

    /// Whether its holder must not sleep.
    pub fn is_atomic(self) -> bool {
        !matches!(
            self.kind,
            LockKind::Mutex | LockKind::Rwsem | LockKind::Faults | LockKind::Other
        )
    }

    /// Whether the one who takes it gives it back, once.
    pub fn is_owned(self) -> bool {
        matches!(
            self.kind,
            LockKind::Spin
                | LockKind::RwLock
                | LockKind::Mutex
                | LockKind::Rwsem
                | LockKind::Seqlock
                | LockKind::Bit
        )
    }
}

/// What is named: a kind of lock, and the words that the functions of one such lock share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sort {
    /// What it is.
    pub kind: LockKind,
    /// Tells apart several locks of one object; 0 where the lock itself is named.
    pub words: u64,
}

/// The name a lock is followed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockId {
    /// The lock in this cell, or the one of this sort that guards the object in it.
    Cell(CellId, Sort),
    /// The only one of its sort.
    Only(Sort),
    /// One of these members; which one is not known.
    Class(Name, Name, Sort),
}

impl LockId {
    /// What is named.
    pub fn sort(self) -> Sort {
        match self {
            LockId::Cell(_, sort) | LockId::Only(sort) | LockId::Class(_, _, sort) => sort,
        }
    }
}

/// A lock in terms that mean something outside the function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockName {
    /// The lock at this key.
    Key(Key, Sort),
    /// The only one of its sort.
    Only(Sort),
}

impl LockName {
    /// Whether the name means the same lock, or one of the same member, in every function.
    pub fn is_shared(&self) -> bool {
        match self {
            LockName::Key(key, _) => key.class().is_some() || matches!(key, Key::Global(..)),
            LockName::Only(_) => true,
        }
    }

    /// Any lock that is this member of something, where the name itself leads nowhere.
    pub(crate) fn any_alike(&self) -> Option<LockId> {
        match self {
            LockName::Key(key, sort) => {
                let (owner, name) = key.class()?;
                Some(LockId::Class(owner, name, *sort))
            }
            LockName::Only(sort) => Some(LockId::Only(*sort)),
        }
    }

    /// The name that it has in every function: the member it is, if it is one.
    pub fn anywhere(&self) -> LockName {
        match self {
            LockName::Key(key, sort) => {
                let class = key.class().map(|(owner, name)| Key::Class(owner, name));
                LockName::Key(class.unwrap_or_else(|| key.clone()), *sort)
            }
            LockName::Only(_) => self.clone(),
        }
    }
}

/// A lock that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub id: LockId,
    /// How.
    pub how: How,
    /// Where it was taken, in this function.
    pub at: Span,
    /// What was named there.
    pub named: Span,
    /// The callee that left it held.
    pub by: Option<FunctionId>,
    /// Its name still means this lock, and nobody else can have given it back.
    pub sure: bool,
    /// The caller held it before and has it back.
    pub restored: bool,
    /// Code that nobody knows has run since.
    pub touched: bool,
}

/// A lock given back: the caller's, or one of the function's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which.
    pub id: LockId,
    /// How it was held.
    pub how: How,
    /// Where.
    pub at: Span,
    /// The last tests before that, with their answers.
    pub under: [Option<(Span, bool)>; UNDER],
    /// Where it was taken, if it was here.
    pub taken: Option<Span>,
    /// It was held for sure, and not taken again since.
    pub sure: bool,
}

/// The answer to a condition that classes cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was asked.
    pub shape: u64,
    /// Where.
    pub point: Point,
    /// The answer.
    pub yes: bool,
    /// A guard says the same to callers.
    pub guarded: bool,
}

/// The locks of one path.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Locks {
    /// Held, in the order taken.
    pub held: Vec<Held>,
    /// The caller's, given back.
    pub dropped: Vec<Ended>,
    /// Taken here and given back.
    pub ended: Vec<Ended>,
    /// Variables that hold a saved interrupt state.
    pub saved: Vec<(CellId, Span)>,
    /// Variables whose saved state was restored.
    pub restored: Vec<(CellId, Span)>,
    /// The last tests since something was held, with their answers.
    pub trail: Vec<(Span, bool)>,
    /// Calls of code that nobody knows and that can reach what was held then.
    pub suspects: Vec<Span>,
    /// More happened than can be said.
    pub lost: bool,
    /// Somebody may have taken again what was given back.
    pub may_be_back: bool,
    /// Two tests of one thing had different answers: perhaps nobody takes this path.
    contradicted: bool,
    answers: Vec<Answer>,
}

/// By what paths are kept apart: what is held, what of the caller's was dropped.
pub type LockTrack = (bool, Vec<(LockId, How, bool)>, Vec<LockId>);

impl Locks {
    /// The part by which paths are kept apart.
    pub fn tracked(&self) -> LockTrack {
        if self.lost {
            return (true, Vec::new(), Vec::new());
        }
        let held = self.held.iter().map(|h| (h.id, h.how, h.restored));
        let mut held: Vec<_> = held.collect();
        held.sort_unstable();
        let mut dropped: Vec<_> = self.dropped.iter().map(|d| d.id).collect();
        dropped.sort_unstable();
        (false, held, dropped)
    }

    /// What holds on either of two paths.
    pub fn join(&self, other: &Locks) -> Locks {
        if self.lost || other.lost || self.tracked() != other.tracked() {
            return Locks {
                lost: true,
                ..Locks::default()
            };
        }
        let mut out = self.clone();
        for held in &mut out.held {
            let same = other.held.iter().filter(|h| h.id == held.id);
            for same in same {
                held.sure &= same.sure;
                held.touched |= same.touched;
            }
        }
        let in_other = |list: &[Ended], e: &Ended| list.iter().any(|o| o.id == e.id);
        out.ended.retain(|e| in_other(&other.ended, e));
        out.saved.retain(|s| other.saved.iter().any(|o| o.0 == s.0));
        out.restored
            .retain(|s| other.restored.iter().any(|o| o.0 == s.0));
        for at in &other.suspects {
            out.suspect(*at);
        }
        out.contradicted &= other.contradicted;
        out.may_be_back |= other.may_be_back;
        out.answers.retain(|a| {
            let mut same = other.answers.iter();
            same.any(|o| o.shape == a.shape && o.yes == a.yes)
        });
        out
    }

    /// Nothing can be said on this path any more.
    pub fn lose(&mut self) {
        *self = Locks {
            lost: true,
            ..Locks::default()
        };
    }

    /// Somebody may have given back what is held, or taken what is not.
    pub fn doubt_all(&mut self) {
        self.may_be_back |= !self.dropped.is_empty();
        self.held.iter_mut().for_each(|h| h.sure = false);
        self.dropped.iter_mut().for_each(|d| d.sure = false);
        self.ended.clear();
        self.saved.clear();
        self.restored.clear();
    }

    /// Code that nobody knows has run: it leaves what is held, as far as one can tell.
    pub fn touch(&mut self) {
        self.held.iter_mut().for_each(|h| h.touched = true);
        self.dropped.iter_mut().for_each(|d| d.sure = false);
        self.ended.clear();
    }

    /// Notes a call that may have given back what is held.
    pub fn suspect(&mut self, call: Span) {
        if let Err(at) = self.suspects.binary_search(&call) {
            if self.suspects.len() >= MAX_SUSPECTS {
                return self.lose();
            }
            self.suspects.insert(at, call);
        }
    }

    /// Whether user memory that is not there is an error, not a reason to sleep.
    pub fn has_faults_off(&self) -> bool {
        let mut held = self.held.iter();
        held.any(|h| h.how.kind == LockKind::Faults)
    }

    /// Whether this counts as an interrupt for who asks.
    pub fn has_bottom_halves_off(&self) -> bool {
        let mut held = self.held.iter();
        held.any(|h| h.how.kind == LockKind::Bh || h.how.irq == Irq::Bh)
    }

    /// Notes a lock as held.
    pub fn hold(&mut self, mut held: Held) {
        // What is off cannot be turned off once more.
        let again = |h: &Held| h.how.kind == LockKind::Irq && held.how.kind == LockKind::Irq;
        if held.how.irq != Irq::Saved && self.held.iter().any(again) {
            return;
        }
        held.sure &= !self.contradicted;
        if self.held.len() >= MAX_HELD {
            return self.lose();
        }
        self.ended.retain(|e| e.id != held.id);
        self.held.push(held);
    }

    /// The lock that is held under this name, the last one taken.
    pub fn find(&self, id: LockId) -> Option<&Held> {
        self.held.iter().rev().find(|h| h.id == id)
    }

    /// Takes away what is held under this name, or else what may be the same under another one.
    pub fn end(&mut self, cells: &Cells, id: LockId, at: Span) -> Option<Held> {
        let exact = self.held.iter().rposition(|h| h.id == id);
        let alike = |h: &Held| alike(cells, h.id, id);
        let found = exact.or_else(|| self.held.iter().rposition(alike))?;
        let mut held = self.held.remove(found);
        held.sure &= exact.is_some();
        if held.sure && !held.restored {
            let (id, how) = (held.id, held.how);
            self.ended.retain(|e| e.id != id);
            let mut under = [None; UNDER];
            for (slot, test) in under.iter_mut().zip(self.trail.iter().rev()) {
                *slot = Some(*test);
            }
            self.ended.push(Ended {
                id,
                how,
                at,
                under,
                taken: Some(held.at),
                sure: true,
            });
        }
        if self.held.is_empty() {
            self.trail.clear();
        }
        Some(held)
    }

    /// Notes which way a test went while something is held.
    pub fn went(&mut self, at: Span, yes: bool) {
        if self.held.is_empty() {
            return;
        }
        self.trail.retain(|(span, _)| *span != at);
        if self.trail.len() == MAX_TRAIL {
            self.trail.remove(0);
        }
        self.trail.push((at, yes));
    }

    /// A condition whose answer cannot be told. If this path has answered the same one otherwise
    /// elsewhere, it is a path that perhaps nobody takes.
    pub fn answer(&mut self, new: Answer) {
        let Some(old) = self.answers.iter_mut().find(|a| a.shape == new.shape) else {
            if self.answers.len() == MAX_ANSWERS {
                self.answers.remove(0);
            }
            return self.answers.push(new);
        };
        let contradicted = old.yes != new.yes && old.point != new.point;
        *old = new;
        if contradicted {
            self.contradict();
        }
    }

    /// The answers on this path do not go together.
    pub fn contradict(&mut self) {
        self.contradicted = true;
        self.doubt_all();
    }

    /// The answer that this path has given to a condition of this shape.
    pub fn answered(&self, shape: u64) -> Option<bool> {
        let old = self.answers.iter().find(|a| a.shape == shape);
        old.map(|a| a.yes)
    }

    /// Whether this path hangs on the answer to a condition that cannot be told.
    pub fn hangs_on_answers(&self) -> bool {
        self.answers.iter().any(|a| !a.guarded)
    }

    /// Forgets the answers that no longer hold because what they read was written.
    pub fn forget_answers(&mut self, reads: impl Fn(u64) -> bool) {
        self.answers.retain(|a| !reads(a.shape));
    }

    /// The cell was written: locks reached through the pointer in it are others now.
    pub fn moved(&mut self, cells: &Cells, cell: CellId) {
        let moved =
            |id: LockId| matches!(id, LockId::Cell(lock, _) if goes_through(cells, lock, cell));
        for held in &mut self.held {
            held.sure &= !moved(held.id);
        }
        for dropped in &mut self.dropped {
            dropped.sure &= !moved(dropped.id);
        }
        self.ended.retain(|e| !moved(e.id));
    }

    /// The value named `sym` is made anew: locks in the old one's object have no name any more.
    pub fn retire(&mut self, cells: &Cells, sym: Sym) {
        let old = |id: LockId| matches!(id, LockId::Cell(c, _) if in_object(cells, c, sym));
        for held in &mut self.held {
            held.sure &= !old(held.id);
        }
        for dropped in &mut self.dropped {
            dropped.sure &= !old(dropped.id);
        }
        self.ended.retain(|e| !old(e.id));
    }
}

/// Whether the cell lies in the object that `sym` leads to, also by way of others.
fn in_object(cells: &Cells, cell: CellId, sym: Sym) -> bool {
    let mut at = cell;
    loop {
        match cells.get(cells.root(at)) {
            Cell::Object(object) if object == sym => return true,
            Cell::Object(Sym::Init(next) | Sym::Out(_, next)) => at = next,
            _ => return false,
        }
    }
}

/// Whether the cell is reached through the pointer that stands in `through`, and is named by it.
fn goes_through(cells: &Cells, cell: CellId, through: CellId) -> bool {
    let mut at = cell;
    loop {
        match cells.get(cells.root(at)) {
            Cell::Object(Sym::Out(Point(u32::MAX), next)) => {
                if cells.within(next, through) {
                    return true;
                }
                at = next;
            }
            Cell::Object(Sym::Init(next)) => at = next,
            _ => return false,
        }
    }
}

/// Whether two names may mean one lock: the same member, the same kind.
pub(crate) fn alike(cells: &Cells, a: LockId, b: LockId) -> bool {
    if a.sort() != b.sort() {
        return false;
    }
    let member = |id| match id {
        LockId::Class(_, name, _) => Some(name),
        LockId::Cell(cell, _) => cells.member(cell),
        LockId::Only(_) => None,
    };
    match (a, b) {
        (LockId::Only(_), LockId::Only(_)) => true,
        (LockId::Only(_), _) | (_, LockId::Only(_)) => false,
        _ => match (member(a), member(b)) {
            (Some(x), Some(y)) => x == y,
            // A bare pointer to a lock, or the object it guards.
            (None, None) => true,
            _ => false,
        },
    }
}

/// Whether nothing but this lock can be meant by the name as long as no pointer to it is written.
pub(crate) fn is_certain(cells: &Cells, id: LockId) -> bool {
    let mut at = match id {
        LockId::Cell(cell, _) => cell,
        LockId::Only(_) => return true,
        LockId::Class(..) => return false,
    };
    loop {
        if cells.is_any_element(at) {
            return false;
        }
        match cells.get(cells.root(at)) {
            Cell::Object(Sym::Out(Point(u32::MAX), next)) => {
                if !matches!(cells.get(next), Cell::Local(_)) {
                    return false;
                }
                at = next;
            }
            Cell::Object(Sym::Init(next)) => at = next,
            _ => return true,
        }
    }
}
