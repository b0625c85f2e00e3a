//! Memory cells: variables, the objects pointers lead to, and their members.
//!
//! An object is named by the pointer value that leads to it, so two variables that hold the same
//! pointer share its members. Its other name is its class, (struct, member): see [`Key`].

use crate::value::{CellId, Sym};
use kloom_ir::{LocalId, Name};
use rustc_hash::FxHashMap;

/// How a cell is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    /// A local variable.
    Local(LocalId),
    /// A variable at file scope.
    Global(Name),
    /// What the pointer value leads to.
    Object(Sym),
    /// A member; `owner` is the tag where it is known.
    Field {
        /// The cell it is part of.
        of: CellId,
        /// The struct.
        owner: Option<Name>,
        /// The member.
        name: Name,
    },
    /// An element; `None` is one that is not named by a constant.
    Index {
        /// The array's cell.
        of: CellId,
        /// Its number.
        at: Option<u32>,
    },
}

/// A name for a cell that means something outside the function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A path from a parameter.
    Param(u32, Vec<Part>),
    /// A path from a variable at file scope.
    Global(Name, Vec<Part>),
    /// Some object's member: one of these.
    Class(Name, Name),
}

/// One step of a [`Key`]'s path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Through the pointer.
    Deref,
    /// To a member of a struct.
    Field(Option<Name>, Name),
    /// To an element.
    Index(Option<u32>),
}

/// Longest path that leaves a function; longer ones have no name outside.
const MAX_PATH: usize = 6;

/// The cells of one function's analysis.
#[derive(Debug, Default)]
pub struct Cells {
    list: Vec<Cell>,
    /// The variable or object that each is part of.
    roots: Vec<CellId>,
    index: FxHashMap<Cell, CellId>,
}

impl Cells {
    /// The id of a cell.
    pub fn intern(&mut self, cell: Cell) -> CellId {
        if let Some(id) = self.index.get(&cell) {
            return *id;
        }
        let id = CellId(self.list.len() as u32);
        self.list.push(cell);
        let root = self.whole(id).map_or(id, |of| self.root(of));
        self.roots.push(root);
        self.index.insert(cell, id);
        id
    }

    /// The cell behind an id.
    pub fn get(&self, id: CellId) -> Cell {
        self.list[id.0 as usize]
    }

    /// The cell this one is a part of.
    pub fn whole(&self, id: CellId) -> Option<CellId> {
        match self.get(id) {
            Cell::Field { of, .. } | Cell::Index { of, .. } => Some(of),
            Cell::Local(_) | Cell::Global(_) | Cell::Object(_) => None,
        }
    }

    /// The variable or object that the cell is part of.
    pub fn root(&self, id: CellId) -> CellId {
        self.roots[id.0 as usize]
    }

    /// The variable or object from which the way to the cell starts.
    pub fn outermost(&self, id: CellId) -> Cell {
        let mut at = self.get(self.root(id));
        while let Cell::Object(Sym::Init(pointer)) = at {
            at = self.get(self.root(pointer));
        }
        at
    }

    /// Whether `inner` is `outer` or a part of it.
    pub fn within(&self, inner: CellId, outer: CellId) -> bool {
        if self.root(inner) != self.root(outer) {
            return false;
        }
        let mut at = Some(inner);
        while let Some(id) = at {
            if id == outer {
                return true;
            }
            at = self.whole(id);
        }
        false
    }

    /// Whether the cell is an element whose number is not constant, or part of one.
    pub fn is_any_element(&self, id: CellId) -> bool {
        let mut at = Some(id);
        while let Some(id) = at {
            if matches!(self.get(id), Cell::Index { at: None, .. }) {
                return true;
            }
            at = self.whole(id);
        }
        false
    }

    /// The (struct, member) that the cell is.
    pub fn class(&self, id: CellId) -> Option<(Name, Name)> {
        match self.get(id) {
            Cell::Field {
                owner: Some(owner),
                name,
                ..
            } => Some((owner, name)),
            Cell::Index { of, .. } => self.class(of),
            _ => None,
        }
    }

    /// The member that the cell is, of whatever struct.
    pub fn member(&self, id: CellId) -> Option<Name> {
        match self.get(id) {
            Cell::Field { name, .. } => Some(name),
            Cell::Index { of, .. } => self.member(of),
            _ => None,
        }
    }

    /// The cell's path from a parameter or a global, as it was at entry.
    pub fn path(&self, id: CellId, params: u32) -> Option<Key> {
        let mut parts = Vec::new();
        let mut at = id;
        loop {
            if parts.len() > MAX_PATH {
                return None;
            }
            match self.get(at) {
                Cell::Local(local) if local.0 < params => {
                    parts.reverse();
                    return Some(Key::Param(local.0, parts));
                }
                Cell::Local(_) => return None,
                Cell::Global(name) => {
                    parts.reverse();
                    return Some(Key::Global(name, parts));
                }
                Cell::Object(Sym::Init(pointer)) => {
                    parts.push(Part::Deref);
                    at = pointer;
                }
                Cell::Object(_) => return None,
                Cell::Field { of, owner, name } => {
                    parts.push(Part::Field(owner, name));
                    at = of;
                }
                Cell::Index { of, at: n } => {
                    parts.push(Part::Index(n));
                    at = of;
                }
            }
        }
    }

    /// The best name outside the function: a path, else the class.
    pub fn key(&self, id: CellId, params: u32) -> Option<Key> {
        self.path(id, params)
            .or_else(|| self.class(id).map(|(owner, name)| Key::Class(owner, name)))
    }
}

impl Key {
    /// What this memory is called wherever it is met: the member, or the whole variable.
    pub fn common(&self) -> Option<Key> {
        match (self.class(), self) {
            (Some((owner, name)), _) => Some(Key::Class(owner, name)),
            (None, Key::Global(name, _)) => Some(Key::Global(*name, Vec::new())),
            (None, _) => None,
        }
    }

    /// Whether the path goes through an element that no constant names: which one is unknown.
    pub fn is_any_element(&self) -> bool {
        match self {
            Key::Class(..) => false,
            Key::Param(_, parts) | Key::Global(_, parts) => parts.contains(&Part::Index(None)),
        }
    }

    /// The class of the last member of the path.
    pub fn class(&self) -> Option<(Name, Name)> {
        match self {
            Key::Class(owner, name) => Some((*owner, *name)),
            Key::Param(_, parts) | Key::Global(_, parts) => {
                let last = parts.iter().rev().find(|p| !matches!(p, Part::Index(_)))?;
                match last {
                    Part::Field(Some(owner), name) => Some((*owner, *name)),
                    _ => None,
                }
            }
        }
    }
}
