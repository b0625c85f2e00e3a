//! Declarations inside functions, and initialisers.

use super::body::Body;
use super::place::View;
use super::types::has_storage;
use crate::syntax::{Field as Part, Kind, Node};
use kloom_ir::{Base, Elem, Expr, PlaceId, Type, TypeId};

impl Body<'_, '_> {
    /// `struct foo *p = …, q;`
    pub(super) fn local_declaration(&mut self, node: Node) {
        let text = self.text;
        let tree = &text.tree;
        let base = self.cx.specified(text, node);
        let is_static = has_storage(text, node, b"static");
        let is_extern = has_storage(text, node, b"extern");
        for child in tree.children(node) {
            match tree.field(child) {
                Part::Declarator => {}
                Part::Type => {
                    self.uncounted_calls(child);
                    continue;
                }
                _ => continue,
            }
            let declared = self.cx.declarator(text, child, base);
            let Some(at) = declared.name else { continue };
            let name = self.cx.name(text.bytes(at));
            let is_function = matches!(self.cx.unit.types.get(declared.ty), Type::Function(_));
            if is_extern || is_function {
                continue;
            }
            let value = tree.child(child, Part::Value);
            for part in tree.children(child) {
                if Some(part) != value {
                    self.uncounted_calls(part);
                }
            }
            let span = text.span(at);
            let whole = text.span(child);
            if let Some(value) = value
                && declared.ty == TypeId::UNKNOWN
                && !is_static
                && tree.kind(value) != Kind::InitializerList
            {
                // `typeof(…)` and `__auto_type`: the type is that of the value.
                let value = self.value(value);
                let ty = self.type_of(&value);
                let local = self.declare(Some(name), ty, span);
                let place = self.local_place(local);
                self.assign(place, value, whole);
                self.attribute_cleanups(node, at, local);
                continue;
            }
            let local = self.declare(Some(name), declared.ty, span);
            let place = self.local_place(local);
            if is_static {
                self.make_static(local);
            }
            match value {
                Some(value) if is_static => {
                    self.never_run(|body| body.value_into(value, place, whole));
                }
                Some(value) => self.value_into(value, place, whole),
                None => {}
            }
            if !is_static {
                self.attribute_cleanups(node, at, local);
            }
        }
    }

    /// The type that a type name in an expression stands for.
    pub(super) fn type_name(&mut self, node: Node) -> TypeId {
        self.uncounted_calls(node);
        self.cx.type_descriptor(self.text, node)
    }

    /// `(struct foo){ … }`
    pub(super) fn compound_literal(&mut self, node: Node) -> Expr {
        let text = self.text;
        let ty = text.tree.child(node, Part::Type);
        let ty = ty.map_or(TypeId::UNKNOWN, |t| self.type_name(t));
        let place = self.temporary(ty, text.span(node));
        if let Some(list) = text.tree.child(node, Part::Value) {
            self.initialise(list, place);
        }
        self.read(View { place, ty })
    }

    /// Fills a place from `{ … }`: all of it zero, then what is written, member by member.
    pub(super) fn initialise(&mut self, list: Node, place: PlaceId) {
        self.assign(place, Expr::Int(0), self.text.span(list));
        self.fill(list, place);
    }

    fn fill(&mut self, list: Node, place: PlaceId) {
        if !self.deeper() {
            self.too_deep(list);
            return;
        }
        let text = self.text;
        let tree = &text.tree;
        let ty = self.places.get(place).ty;
        let whole = View { place, ty };
        let mut position = 0;
        for item in tree.children(list) {
            let (target, value) = if tree.kind(item) == Kind::InitializerPair {
                let Some(value) = tree.child(item, Part::Value) else {
                    continue;
                };
                (self.designated(item, whole, &mut position), value)
            } else {
                (self.positional(whole, position), item)
            };
            position += 1;
            if tree.kind(value) == Kind::InitializerList {
                self.fill(value, target.place);
            } else {
                self.note_entry(target, value);
                self.value_into(value, target.place, text.span(item));
            }
        }
        self.shallower();
    }

    /// The place that designators name.
    fn designated(&mut self, item: Node, whole: View, position: &mut usize) -> View {
        let text = self.text;
        let tree = &text.tree;
        let mut at = whole;
        for designator in tree.children(item) {
            if tree.field(designator) != Part::Designator {
                continue;
            }
            let inner = tree.children(designator).next();
            match (tree.kind(designator), inner) {
                (Kind::FieldDesignator, Some(member)) | (Kind::FieldIdentifier, Some(member)) => {
                    let name = self.cx.name(text.bytes(member));
                    *position = self.cx.member_position(at.ty, name).unwrap_or(*position);
                    at = self.member(at, name);
                }
                (Kind::FieldIdentifier, None) => {
                    let name = self.cx.name(text.bytes(designator));
                    at = self.member(at, name);
                }
                (Kind::SubscriptDesignator, Some(index)) => {
                    let number = self.cx.constant(text, index);
                    let number = number.and_then(|n| u32::try_from(n).ok());
                    if let Some(number) = number {
                        *position = number as usize;
                    }
                    self.uncounted_calls(index);
                    at = self.indexed(at, number);
                }
                _ => at = self.indexed(at, None),
            }
        }
        at
    }

    fn positional(&mut self, whole: View, position: usize) -> View {
        match self.cx.member_at(whole.ty, position) {
            Some(name) => self.member(whole, name),
            None => self.indexed(whole, u32::try_from(position).ok()),
        }
    }

    fn indexed(&mut self, of: View, number: Option<u32>) -> View {
        let ty = self.cx.unit.types.pointee(of.ty);
        let elem = Elem::Index(number);
        let place = self.places.intern(Base::Step(of.place, elem), ty);
        View { place, ty }
    }
}
