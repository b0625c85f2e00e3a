//! Functions kept in tables and members: which function is which entry.

use super::body::Body;
use super::place::View;
use crate::syntax::{Kind, Node};
use kloom_ir::{Base, Entry, Expr, Name, PlaceId};

impl Body<'_, '_> {
    /// Notes a function that is put into a member.
    pub(super) fn note_member(&mut self, target: View, value: Node) {
        let Some((owner, member)) = self.member_of(target.place) else {
            return;
        };
        let Some(function) = self.function_word(value) else {
            return;
        };
        let table = self.table(target.place);
        self.cx.unit.entries.push(Entry {
            table,
            owner,
            member,
            function,
            span: self.text.span(value),
        });
    }

    fn table(&self, place: PlaceId) -> Option<Name> {
        match self.places.root(place) {
            Base::Global(name) => Some(name),
            Base::Local(id) => self.local_name(id),
            Base::Step(..) => None,
        }
    }

    /// The function that a value is, seen through casts, parentheses and `&`.
    fn function_word(&mut self, value: Node) -> Option<Name> {
        let text = self.text;
        let tree = &text.tree;
        let mut at = value;
        while matches!(tree.kind(at), Kind::Paren | Kind::Cast | Kind::Pointer) {
            at = tree.children(at).last()?;
        }
        if tree.kind(at) != Kind::Identifier {
            return None;
        }
        let name = self.cx.name(text.bytes(at));
        if self.local_named(name).is_some() {
            return None;
        }
        match self.named_value(name) {
            Expr::Function(function) => Some(function),
            _ => None,
        }
    }
}
