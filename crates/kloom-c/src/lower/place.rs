//! Access paths and the types of values.

use super::body::Body;
use crate::syntax::{Field as Part, Kind, Node};
use kloom_diag::Span;
use kloom_ir::{Base, BinOp, Elem, Expr, Name, PlaceId, Type, TypeId};

/// A place as it is looked at: a cast may give it another type than it was declared with.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// The place.
    pub place: PlaceId,
    /// Its type here.
    pub ty: TypeId,
}

impl Body<'_, '_> {
    /// The place that an expression names; a value that has none gets a temporary.
    pub(super) fn place(&mut self, node: Node) -> View {
        let text = self.text;
        let tree = &text.tree;
        match tree.kind(node) {
            Kind::Identifier if self.is_pasted(node) => {
                return self.unknown_place(text.span(node));
            }
            Kind::Identifier => {
                let name = self.cx.name(text.bytes(node));
                return self.named_place(name);
            }
            Kind::Paren | Kind::Extension => {
                let mut inner = tree.children(node);
                if let (Some(only), None) = (inner.next(), inner.next())
                    && !matches!(tree.kind(only), Kind::Compound | Kind::Comma)
                    && self.deeper()
                {
                    let view = self.place(only);
                    self.shallower();
                    return view;
                }
            }
            Kind::Pointer if self.operator(node) == b"*" => {
                if let Some(argument) = tree.child(node, Part::Argument) {
                    let pointer = self.value(argument);
                    return self.pointed(pointer, text.span(argument));
                }
            }
            Kind::FieldAccess => {
                if let (Some(base), Some(member)) = (
                    tree.child(node, Part::Argument),
                    tree.child(node, Part::Accessed),
                ) {
                    if self.is_pasted(member) {
                        return self.unknown_place(text.span(node));
                    }
                    let through = self.operator(node) == b"->";
                    let owner = if through {
                        let pointer = self.value(base);
                        self.pointed(pointer, text.span(base))
                    } else if self.deeper() {
                        let view = self.place(base);
                        self.shallower();
                        view
                    } else {
                        self.too_deep(base);
                        self.unknown_place(text.span(base))
                    };
                    let member = self.cx.name(text.bytes(member));
                    return self.member(owner, member);
                }
            }
            Kind::Subscript => {
                if let (Some(base), Some(index)) = (
                    tree.child(node, Part::Argument),
                    tree.child(node, Part::Index),
                ) {
                    return self.element(base, index);
                }
            }
            _ => {}
        }
        let value = self.value(node);
        let ty = self.type_of(&value);
        if let Expr::Read(place) = value {
            return View { place, ty };
        }
        let span = text.span(node);
        let place = self.temporary(ty, span);
        self.assign(place, value, span);
        View { place, ty }
    }

    /// Whether a name is made of parts by `##`: which one it is, each use of the macro says.
    pub(super) fn is_pasted(&self, node: Node) -> bool {
        let text = self.text;
        text.original(text.span(node)).contains(&b'#')
    }

    /// The place a name stands for; a variable of another file if nothing declares it.
    pub(super) fn named_place(&mut self, name: Name) -> View {
        if let Some(local) = self.local_named(name) {
            let place = self.local_place(local);
            let ty = self.places.get(place).ty;
            return View { place, ty };
        }
        let ty = self.cx.global_type(name);
        let place = self.places.intern(Base::Global(name), ty);
        View { place, ty }
    }

    fn unknown_place(&mut self, span: Span) -> View {
        let ty = TypeId::UNKNOWN;
        let place = self.temporary(ty, span);
        View { place, ty }
    }

    fn step(&mut self, from: PlaceId, elem: Elem, ty: TypeId) -> View {
        let place = self.places.intern(Base::Step(from, elem), ty);
        View { place, ty }
    }

    /// What a pointer value leads to.
    pub(super) fn pointed(&mut self, pointer: Expr, span: Span) -> View {
        let ty = self.type_of(&pointer);
        let target = self.cx.unit.types.pointee(ty);
        match pointer {
            Expr::AddrOf(place) => {
                let ty = self.places.get(place).ty;
                match *self.cx.unit.types.get(ty) {
                    Type::Array(element, _) => self.step(place, Elem::Index(Some(0)), element),
                    _ => View { place, ty },
                }
            }
            Expr::Read(place) => self.step(place, Elem::Deref, target),
            Expr::Cast(_, inner) => {
                let View { place, .. } = self.pointed(*inner, span);
                View { place, ty: target }
            }
            Expr::Binary(BinOp::Add | BinOp::Sub, base, _)
                if matches!(*base, Expr::Read(_) | Expr::AddrOf(_) | Expr::Cast(..)) =>
            {
                let View { place, ty } = self.pointed(*base, span);
                let target = if target == TypeId::UNKNOWN {
                    ty
                } else {
                    target
                };
                self.step(place, Elem::Index(None), target)
            }
            Expr::Name(name) => {
                let View { place, .. } = self.named_place(name);
                self.step(place, Elem::Deref, target)
            }
            other => {
                let place = self.temporary(ty, span);
                self.assign(place, other, span);
                self.step(place, Elem::Deref, target)
            }
        }
    }

    /// `.name` of a place.
    pub(super) fn member(&mut self, owner: View, name: Name) -> View {
        let (tag, ty) = self.cx.member_type(owner.ty, name);
        self.step(owner.place, Elem::Field { owner: tag, name }, ty)
    }

    fn element(&mut self, base: Node, index: Node) -> View {
        if !self.deeper() {
            self.too_deep(base);
            return self.unknown_place(self.text.span(base));
        }
        let view = self.place(base);
        let index = self.value(index);
        self.shallower();
        let number = match index {
            Expr::Int(n) => u32::try_from(n).ok(),
            _ => None,
        };
        let element = self.cx.unit.types.pointee(view.ty);
        // Through a pointer, `p[0]` is `*p`.
        if let Type::Pointer(_) = self.cx.unit.types.get(view.ty) {
            let target = self.step(view.place, Elem::Deref, element);
            return match number {
                Some(0) => target,
                _ => self.step(target.place, Elem::Index(number), element),
            };
        }
        self.step(view.place, Elem::Index(number), element)
    }

    /// What is read from a place: arrays give their address.
    pub(super) fn read(&mut self, view: View) -> Expr {
        match self.cx.unit.types.get(view.ty) {
            Type::Array(..) => Expr::AddrOf(view.place),
            _ if self.places.get(view.place).ty != view.ty && view.ty != TypeId::UNKNOWN => {
                Expr::Cast(view.ty, Box::new(Expr::Read(view.place)))
            }
            _ => Expr::Read(view.place),
        }
    }

    /// The address of a place; `&*p` is `p`.
    pub(super) fn address(&self, view: View) -> Expr {
        match self.places.get(view.place).base {
            Base::Step(pointer, Elem::Deref) => Expr::Read(pointer),
            _ => Expr::AddrOf(view.place),
        }
    }

    /// The type of a value.
    pub(super) fn type_of(&mut self, value: &Expr) -> TypeId {
        match value {
            Expr::Read(place) => self.places.get(*place).ty,
            Expr::AddrOf(place) => {
                let ty = self.places.get(*place).ty;
                match *self.cx.unit.types.get(ty) {
                    Type::Unknown => TypeId::UNKNOWN,
                    Type::Array(element, _) => self.cx.unit.types.intern(Type::Pointer(element)),
                    _ => self.cx.unit.types.intern(Type::Pointer(ty)),
                }
            }
            Expr::Cast(ty, _) => *ty,
            Expr::Binary(BinOp::Add | BinOp::Sub, left, _) => self.type_of(left),
            Expr::Str(_) => {
                let character = self.cx.int_type(b"char");
                self.cx.unit.types.intern(Type::Pointer(character))
            }
            _ => TypeId::UNKNOWN,
        }
    }
}
