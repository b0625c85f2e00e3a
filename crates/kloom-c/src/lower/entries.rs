//! Functions put into members by assignments and local tables: which function is which entry.

use super::body::Body;
use super::place::View;
use crate::syntax::Node;
use kloom_ir::{Base, Elem, Entry, Name, PlaceId};

impl Body<'_, '_> {
    /// Notes a function that is put into a member or a variable.
    pub(super) fn note_entry(&mut self, target: View, value: Node) {
        let text = self.text;
        let Some(function) = self.cx.function_in(text, value) else {
            return;
        };
        if self.local_named(function).is_some() {
            return;
        }
        let table = self.table(target.place);
        let Some((owner, member)) = self.member_of(target.place).or(table.map(|t| (None, t)))
        else {
            return;
        };
        self.cx.unit.entries.push(Entry {
            table,
            owner,
            member,
            function,
            span: text.span(value),
        });
    }

    fn table(&self, place: PlaceId) -> Option<Name> {
        match self.places.root(place) {
            Base::Global(name) => Some(name),
            Base::Local(id) => self.local_name(id),
            Base::Step(..) => None,
        }
    }

    /// The member that a place is, with its owner; an element of a member counts as the member.
    fn member_of(&self, place: PlaceId) -> Option<(Option<Name>, Name)> {
        let mut at = place;
        loop {
            match self.places.get(at).base {
                Base::Step(_, Elem::Field { owner, name }) => return Some((owner, name)),
                Base::Step(outer, Elem::Index(_)) => at = outer,
                _ => return None,
            }
        }
    }
}
