//! What is known about names: types of variables and members, functions, numbers.

use super::unit::Lowering;
use kloom_facts::Kind;
use kloom_ir::{Name, TypeId};

impl Lowering<'_> {
    /// The type of a variable at file scope.
    pub(super) fn global_type(&self, name: Name) -> TypeId {
        let at = self.globals.get(&name);
        at.and_then(|at| self.unit.globals.get(*at))
            .map_or(TypeId::UNKNOWN, |g| g.ty)
    }

    /// What a function returns.
    pub(super) fn return_type(&mut self, name: Name) -> TypeId {
        self.signatures
            .get(&name)
            .map_or(TypeId::UNKNOWN, |s| s.returns)
    }

    /// Whether a name is a function.
    pub(super) fn is_function(&mut self, name: Name) -> bool {
        self.signatures.contains_key(&name)
            || self
                .context
                .facts
                .get(self.unit.names.text(name))
                .is_some_and(|fact| fact.kind == Kind::Function)
    }

    /// The tag of a struct type and the type of one of its members.
    pub(super) fn member_type(&mut self, owner: TypeId, member: Name) -> (Option<Name>, TypeId) {
        let tag = self.unit.types.struct_tag(owner);
        (tag, self.unit.types.field(owner, member))
    }

    /// The name of the member at a position of a struct type.
    pub(super) fn member_at(&mut self, owner: TypeId, position: usize) -> Option<Name> {
        let tag = self.unit.types.struct_tag(owner)?;
        let def = self.unit.types.structs.get(&tag)?;
        def.fields.get(position).map(|f| f.name)
    }

    /// The position of a member.
    pub(super) fn member_position(&mut self, owner: TypeId, member: Name) -> Option<usize> {
        let tag = self.unit.types.struct_tag(owner)?;
        let def = self.unit.types.structs.get(&tag)?;
        def.fields.iter().position(|f| f.name == member)
    }
}
