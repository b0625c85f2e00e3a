//! Parameters.

use super::Body;
use crate::pre::MacroHead;
use crate::syntax::{Field as Part, Kind, Node};
use kloom_diag::Span;
use kloom_ir::{Name, Type, TypeId};

impl Body<'_, '_> {
    /// Declares the parameters, old style ones too.
    pub(in super::super) fn parameters(&mut self, item: Node, list: Option<Node>) {
        let text = self.text;
        let tree = &text.tree;
        let Some(list) = list else { return };
        for node in tree.children(list) {
            let declared = match tree.kind(node) {
                Kind::Parameter => {
                    let base = self.cx.specified(text, node);
                    match tree.child(node, Part::Declarator) {
                        Some(declarator) => {
                            let declared = self.cx.declarator(text, declarator, base);
                            (declared.name, declared.ty)
                        }
                        None if self.is_void(base) => continue,
                        None => (None, base),
                    }
                }
                Kind::Identifier => (Some(node), TypeId::UNKNOWN),
                _ => continue,
            };
            let (name, ty) = declared;
            let name = name.map(|n| self.cx.name(text.bytes(n)));
            let ty = self.decayed(ty);
            self.parameter(name, ty, text.span(node));
        }
        let old_style = tree.children(item);
        for node in old_style.filter(|c| tree.kind(*c) == Kind::Declaration) {
            let base = self.cx.specified(text, node);
            for child in tree.children(node) {
                if tree.field(child) != Part::Declarator {
                    continue;
                }
                let declared = self.cx.declarator(text, child, base);
                let Some(name) = declared.name else { continue };
                let name = self.cx.name(text.bytes(name));
                let ty = self.decayed(declared.ty);
                if let Some(id) = self.local_named(name)
                    && let Some(local) = self.locals.get_mut(id.0 as usize)
                {
                    local.ty = ty;
                }
            }
        }
    }

    /// The parameters of a function whose head is a macro, where its other arguments come in
    /// pairs of type and name.
    pub(in super::super) fn head_parameters(&mut self, head: &MacroHead) {
        let text = self.text;
        let mut rest = head.args.iter().filter(|a| **a != head.function);
        if rest.clone().count() % 2 != 0 {
            return;
        }
        while let (Some(ty), Some(name)) = (rest.next(), rest.next()) {
            let ty = self.cx.type_words(ty.of(text.original));
            let span = text.span_in_file(*name);
            let name = self.cx.name(name.of(text.original));
            self.parameter(Some(name), ty, span);
        }
    }

    /// Declares the next parameter.
    pub(in super::super) fn parameter(&mut self, name: Option<Name>, ty: TypeId, span: Span) {
        self.declare(name, ty, span);
        self.params += 1;
    }

    fn is_void(&self, ty: TypeId) -> bool {
        *self.cx.unit.types.get(ty) == Type::Void
    }

    /// The type of a parameter declared with `ty`: arrays and functions are pointers.
    fn decayed(&mut self, ty: TypeId) -> TypeId {
        use kloom_ir::Type;
        let pointer = match self.cx.unit.types.get(ty) {
            Type::Array(element, _) => Type::Pointer(*element),
            Type::Function(_) => Type::Pointer(ty),
            _ => return ty,
        };
        self.cx.unit.types.intern(pointer)
    }
}
