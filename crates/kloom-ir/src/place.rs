//! Access paths: `priv->threads[i].task`.

use crate::{Name, TypeId};
use rustc_hash::FxHashMap;

/// A parameter, a declared local or a temporary of one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalId(pub u32);

/// An access path of one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceId(pub u32);

/// Where an access path starts or how it goes on from a shorter one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// A local of the function.
    Local(LocalId),
    /// A variable of the file or of another one.
    Global(Name),
    /// One step on from another path.
    Step(PlaceId, Elem),
}

/// One step of an access path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Elem {
    /// `*p`, also the arrow's first half and what comes first in `p[n]` of a pointer; `p[0]` is
    /// `*p`.
    Deref,
    /// `.name`; `owner` is the struct's tag where it is known, so that (owner, name) is the class
    /// of the object.
    Field {
        /// Tag of the struct the member belongs to.
        owner: Option<Name>,
        /// The member.
        name: Name,
    },
    /// `[n]` of an array; `None` is any element.
    Index(Option<u32>),
}

/// One access path and its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceData {
    /// Its last step.
    pub base: Base,
    /// The type of what is there.
    pub ty: TypeId,
}

/// The access paths of one function; a path is listed after the path it extends.
#[derive(Clone, Debug, Default)]
pub struct Places {
    list: Vec<PlaceData>,
    index: FxHashMap<Base, PlaceId>,
}

impl Places {
    /// The id of a path; the type given first stays.
    pub fn intern(&mut self, base: Base, ty: TypeId) -> PlaceId {
        if let Some(id) = self.index.get(&base) {
            return *id;
        }
        let id = PlaceId(self.list.len() as u32);
        self.list.push(PlaceData { base, ty });
        self.index.insert(base, id);
        id
    }

    /// The id of a path if it is known.
    pub fn find(&self, base: Base) -> Option<PlaceId> {
        self.index.get(&base).copied()
    }

    /// The path behind an id.
    pub fn get(&self, id: PlaceId) -> PlaceData {
        self.list[id.0 as usize]
    }

    /// How many paths there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The path one step shorter.
    pub fn parent(&self, id: PlaceId) -> Option<PlaceId> {
        match self.get(id).base {
            Base::Step(parent, _) => Some(parent),
            _ => None,
        }
    }

    /// The local or global that a path starts from.
    pub fn root(&self, id: PlaceId) -> Base {
        let mut at = id;
        while let Some(parent) = self.parent(at) {
            at = parent;
        }
        self.get(at).base
    }

    /// Whether `inner` is `outer` or goes on from it.
    pub fn extends(&self, inner: PlaceId, outer: PlaceId) -> bool {
        let mut at = Some(inner);
        while let Some(id) = at {
            if id == outer {
                return true;
            }
            at = self.parent(id);
        }
        false
    }

    /// Every path with its id, shorter ones first.
    pub fn iter(&self) -> impl Iterator<Item = (PlaceId, PlaceData)> + '_ {
        self.list
            .iter()
            .enumerate()
            .map(|(at, data)| (PlaceId(at as u32), *data))
    }
}
