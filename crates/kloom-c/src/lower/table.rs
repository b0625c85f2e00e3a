//! Variables at file scope with their initialisers: which function is which entry.

use super::text::Text;
use super::unit::Lowering;
use crate::syntax::{Field as Part, Kind, Node};
use kloom_ir::{Entry, Expr, Name, TypeId};

/// A place inside an initialiser.
#[derive(Clone, Copy)]
struct Slot {
    ty: TypeId,
    owner: Option<Name>,
    member: Name,
}

impl Lowering<'_> {
    /// The initialiser of a variable: notes the functions in it, gives its value if it is plain.
    pub(super) fn initialiser(
        &mut self,
        text: &Text<'_>,
        table: Name,
        ty: TypeId,
        value: Node,
    ) -> Expr {
        let slot = Slot {
            ty,
            owner: None,
            member: table,
        };
        self.fill_slot(text, table, slot, value, 0);
        if let Some(number) = self.constant(text, value) {
            return Expr::Int(number);
        }
        match text.tree.kind(value) {
            Kind::String | Kind::ConcatenatedString => Expr::Str(text.span(value)),
            _ => match self.function_in(text, value) {
                Some(function) => Expr::Function(function),
                None => Expr::Unknown,
            },
        }
    }

    fn fill_slot(&mut self, text: &Text<'_>, table: Name, slot: Slot, value: Node, depth: u32) {
        let tree = &text.tree;
        let list = match tree.kind(value) {
            Kind::InitializerList => Some(value),
            Kind::CompoundLiteral => tree.child(value, Part::Value),
            _ => None,
        };
        match list {
            Some(list) if depth < super::MAX_DEPTH => {
                self.fill_list(text, table, slot, list, depth);
            }
            Some(_) => {}
            None => {
                if let Some(function) = self.function_in(text, value) {
                    self.unit.entries.push(Entry {
                        table: Some(table),
                        owner: slot.owner,
                        member: slot.member,
                        function,
                        span: text.span(value),
                    });
                }
            }
        }
    }

    fn fill_list(&mut self, text: &Text<'_>, table: Name, slot: Slot, list: Node, depth: u32) {
        let tree = &text.tree;
        let mut position = 0;
        for item in tree.children(list) {
            let pair = tree.kind(item) == Kind::InitializerPair;
            let (inner, value) = if pair {
                let Some(value) = tree.child(item, Part::Value) else {
                    continue;
                };
                (self.designated_slot(text, slot, item, &mut position), value)
            } else {
                let inner = match self.member_at(slot.ty, position) {
                    Some(member) => self.member_slot(slot, member),
                    None => self.element_slot(slot),
                };
                (inner, item)
            };
            position += 1;
            self.fill_slot(text, table, inner, value, depth + 1);
        }
    }

    fn designated_slot(
        &mut self,
        text: &Text<'_>,
        slot: Slot,
        item: Node,
        position: &mut usize,
    ) -> Slot {
        let tree = &text.tree;
        let mut at = slot;
        for part in tree.children(item) {
            if tree.field(part) != Part::Designator {
                continue;
            }
            let member = match tree.kind(part) {
                Kind::FieldDesignator => tree.children(part).next(),
                Kind::FieldIdentifier => Some(part),
                _ => None,
            };
            at = match member {
                Some(member) => {
                    let member = self.name(text.bytes(member));
                    *position = self.member_position(at.ty, member).unwrap_or(*position);
                    self.member_slot(at, member)
                }
                None => self.element_slot(at),
            };
        }
        at
    }

    fn member_slot(&mut self, of: Slot, member: Name) -> Slot {
        let (owner, ty) = self.member_type(of.ty, member);
        Slot { ty, owner, member }
    }

    fn element_slot(&self, of: Slot) -> Slot {
        let ty = self.unit.types.pointee(of.ty);
        Slot { ty, ..of }
    }

    /// The function that a value is, seen through casts, parentheses and `&`.
    pub(super) fn function_in(&mut self, text: &Text<'_>, value: Node) -> Option<Name> {
        let tree = &text.tree;
        let mut at = value;
        while matches!(tree.kind(at), Kind::Paren | Kind::Cast | Kind::Pointer) {
            at = tree.children(at).last()?;
        }
        if tree.kind(at) != Kind::Identifier {
            return None;
        }
        let name = self.name(text.bytes(at));
        if self.globals.contains_key(&name) || self.named_constant(name).is_some() {
            return None;
        }
        self.is_function(name).then_some(name)
    }
}
