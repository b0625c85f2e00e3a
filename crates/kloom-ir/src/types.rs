//! Types as far as the analyses need them.

use crate::Name;
use kloom_diag::Span;
use rustc_hash::FxHashMap;

/// A type of one unit; [`TypeId::UNKNOWN`] is always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u32);

impl TypeId {
    /// Nothing is known.
    pub const UNKNOWN: TypeId = TypeId(0);
}

/// The shape of a type. Qualifiers are dropped; typedefs are resolved where their definition is
/// in sight and are [`Type::Named`] otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Nothing is known.
    Unknown,
    /// `void`.
    Void,
    /// An integer, `bool` or enum; the words as written, normalised: `unsigned long`.
    Int(Name),
    /// A typedef whose definition is not in sight: `u32`, `spinlock_t`.
    Named(Name),
    /// A pointer.
    Pointer(TypeId),
    /// An array and its element count where it is a literal.
    Array(TypeId, Option<u64>),
    /// A struct or union, by tag; anonymous ones get a made-up tag that no source can spell.
    Struct(Name),
    /// A function and what it returns.
    Function(TypeId),
}

/// A member of a struct or union.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Member name; members of anonymous members are listed as if they were direct ones.
    pub name: Name,
    /// Its type.
    pub ty: TypeId,
    /// Where it is declared.
    pub span: Span,
    /// Whether it is a member of a union: a write of another one is a write of it.
    pub is_shared: bool,
}

/// A struct or union whose definition is in sight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructDef {
    /// Where it is defined; tells a struct of this file from one of a shared header.
    pub span: Span,
    /// The members.
    pub fields: Vec<Field>,
}

/// The types of one unit.
#[derive(Clone, Debug)]
pub struct Types {
    list: Vec<Type>,
    index: FxHashMap<Type, TypeId>,
    /// Definitions in sight, by tag.
    pub structs: FxHashMap<Name, StructDef>,
    /// Typedefs in sight.
    pub typedefs: FxHashMap<Name, TypeId>,
}

impl Default for Types {
    fn default() -> Self {
        let mut types = Types {
            list: Vec::new(),
            index: FxHashMap::default(),
            structs: FxHashMap::default(),
            typedefs: FxHashMap::default(),
        };
        types.intern(Type::Unknown);
        types
    }
}

impl Types {
    /// The id of a type.
    pub fn intern(&mut self, ty: Type) -> TypeId {
        if let Some(id) = self.index.get(&ty) {
            return *id;
        }
        let id = TypeId(self.list.len() as u32);
        self.list.push(ty.clone());
        self.index.insert(ty, id);
        id
    }

    /// The shape behind an id.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.list[id.0 as usize]
    }

    /// What a pointer or array leads to; [`TypeId::UNKNOWN`] for anything else.
    pub fn pointee(&self, id: TypeId) -> TypeId {
        match self.get(id) {
            Type::Pointer(to) | Type::Array(to, _) => *to,
            _ => TypeId::UNKNOWN,
        }
    }

    /// The tag of a struct type.
    pub fn struct_tag(&self, id: TypeId) -> Option<Name> {
        match self.get(id) {
            Type::Struct(tag) => Some(*tag),
            _ => None,
        }
    }

    /// Whether a member shares its storage with others.
    pub fn is_shared(&self, tag: Name, name: Name) -> bool {
        let def = self.structs.get(&tag);
        def.is_some_and(|def| def.fields.iter().any(|f| f.name == name && f.is_shared))
    }

    /// The type of a member, [`TypeId::UNKNOWN`] if the definition is not in sight.
    pub fn field(&self, owner: TypeId, name: Name) -> TypeId {
        self.struct_tag(owner)
            .and_then(|tag| self.structs.get(&tag))
            .and_then(|def| def.fields.iter().find(|f| f.name == name))
            .map_or(TypeId::UNKNOWN, |f| f.ty)
    }
}
