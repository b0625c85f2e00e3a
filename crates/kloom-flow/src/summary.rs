//! What a call of a unit's function means to its caller.

use crate::locks::{How, LockName};
use crate::memory::Key;
use crate::value::OriginId;
use kloom_diag::Span;
use kloom_facts::Classes;
use kloom_ir::{Base, Elem, Function, Name, PlaceId};
use rustc_hash::FxHashSet;

/// Most outcomes kept per function; beyond that, similar ones are merged.
pub const MAX_OUTCOMES: usize = 8;
/// Most demands kept per function, the earliest in text order.
pub const MAX_DEMANDS: usize = 48;
/// Most effects kept per outcome; those that carry a creation are kept first.
pub const MAX_EFFECTS: usize = 40;

/// Most demands on locks kept per function.
pub const MAX_LOCK_DEMANDS: usize = 24;

/// A value as the caller sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Value {
    /// What it can be.
    pub classes: Classes,
    /// The creation it came from.
    pub origin: Option<OriginId>,
    /// Where it was tested for an error.
    pub tested: Option<Span>,
    /// Where it was tested against NULL only.
    pub null_tested: Option<Span>,
    /// It is what this key held at entry.
    pub same: Option<Key>,
    /// It is a new object that only the caller knows from now on.
    pub fresh: bool,
}

/// A condition on what a key held at entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Guard {
    /// Whose value.
    pub key: Key,
    /// The classes it had.
    pub classes: Classes,
    /// The function told error pointers apart to get here.
    pub tested: Option<Span>,
}

/// One way a call can end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What is returned; `None` for `void`.
    pub result: Option<Value>,
    /// When it ends like this.
    pub guards: Vec<Guard>,
    /// What keys hold afterwards, in a fixed order.
    pub effects: Vec<(Key, Value)>,
    /// Objects it has freed: what these keys point to.
    pub freed: Vec<Key>,
    /// What it did to locks.
    pub locks: LockDelta,
    /// Those of them that it has freed for certain.
    pub gone: Vec<Key>,
    /// What it, or something it called, may hold on to: what these keys held at entry.
    pub kept: Vec<Key>,
    /// Where it returns.
    pub at: Span,
}

/// What a call leaves other than it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockDelta {
    /// Held afterwards, and not before.
    pub taken: Vec<(LockName, How)>,
    /// The caller's, given back.
    pub dropped: Vec<(LockName, How)>,
    /// More than can be said.
    pub lost: bool,
}

/// What a callee needs of the locks that its caller holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockNeed {
    /// It may sleep; if there is a word, only if the value of the key says it.
    Sleep {
        /// The key, and the word.
        word: Option<(Key, &'static str)>,
    },
    /// It takes this lock.
    Free {
        /// Which.
        name: LockName,
        /// How.
        how: How,
    },
}

/// A need, and when there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockDemand {
    /// What it needs.
    pub need: LockNeed,
    /// What has to hold for it to get there.
    pub guards: Vec<Guard>,
    /// It also hangs on a condition that no guard can say.
    pub doubt: bool,
    /// Such a condition is one of a callee: what it asks, the caller may know.
    pub below: bool,
    /// The caller's locks that are not held there.
    pub free: Vec<LockName>,
    /// Where, and the calls that lead there, innermost first.
    pub chain: Vec<Span>,
}

/// What uses a value that must be a valid pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// It is handed to this kernel function, which dereferences it.
    Call(Name),
    /// It is dereferenced in the text.
    Deref,
}

/// A use of something that the caller, or whoever ran before, has to have set right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// What is used, as it was at entry.
    pub key: Key,
    /// The classes with which it gets there and which the use does not accept.
    pub classes: Classes,
    /// What else has to hold for the use to be reached.
    pub guards: Vec<Guard>,
    /// The use also hangs on a condition that no guard can say; somebody who has seen the error
    /// may have ruled it out.
    pub doubt: bool,
    /// How it is used.
    pub need: Need,
    /// Where it is tested against NULL before, if it is.
    pub null_tested: Option<Span>,
    /// The use, and the calls that lead to it, innermost first.
    pub chain: Vec<Span>,
}

/// What a function may write, without knowing when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writes {
    /// Variables at file scope.
    pub globals: FxHashSet<Name>,
    /// Members, by struct and name.
    pub members: FxHashSet<(Name, Name)>,
    /// Something that a macro names, too: it can be anything.
    pub named_by_macro: bool,
}

impl Writes {
    /// Adds the member or variable that a place is; locals are nobody's business.
    pub fn note(&mut self, f: &Function, place: PlaceId) {
        let mut at = place;
        loop {
            match f.places.get(at).base {
                Base::Step(
                    _,
                    Elem::Field {
                        owner: Some(owner),
                        name,
                    },
                ) => {
                    self.members.insert((owner, name));
                    return;
                }
                Base::Step(parent, Elem::Index(_)) => at = parent,
                Base::Global(name) => {
                    self.globals.insert(name);
                    return;
                }
                _ => return,
            }
        }
    }
}

/// All that a caller needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How it can end; empty for a function that never returns, or that was not followed.
    pub outcomes: Vec<Outcome>,
    /// What it uses of what it was given.
    pub demands: Vec<Demand>,
    /// What it needs of the locks that are held.
    pub lock_demands: Vec<LockDemand>,
    /// Whether `outcomes` and `demands` were computed; else only [`Writes`] is known.
    pub followed: bool,
}
