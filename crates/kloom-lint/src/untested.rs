//! Whether anybody can have tested what a variable or member holds: every place that reads it is
//! looked at, and what only hands it on to a call that needs a good pointer tests nothing.

use crate::context::Context;
use crate::whole::same_object;
use kloom_diag::Span;
use kloom_facts::{Classes, Fact, Verb};
use kloom_flow::Key;
use kloom_flow::model::Object;
use kloom_ir::{
    Base, Callee, Elem, Expr, Function, InstrKind, Name, Origin, PlaceId, Terminator, Unit,
};

/// Where a place is needed that some function fills, in its own file; `None` if anything that names
/// it may be a test, or may be out of sight.
pub fn needed_untested(context: &Context<'_>, key: &Key) -> Option<Span> {
    let object = match key.common()? {
        Key::Class(owner, name) => Object::Member(owner, name),
        Key::Global(name, _) => Object::Global(name),
        Key::Param(..) => return None,
    };
    let parts = context.whole.about(object)?;
    for part in parts {
        if let Some(theirs) = same_object(context.unit, object, &part.unit) {
            Readers::of(context, &part.unit, theirs)?;
        }
    }
    Readers::of(context, context.unit, object)?.needed
}

/// What reads an object.
struct Readers<'a> {
    context: &'a Context<'a>,
    unit: &'a Unit,
    object: Object,
    /// The first call that needs it.
    needed: Option<Span>,
}

/// How an expression has to do with an object.
#[derive(PartialEq)]
enum Mention {
    /// Not at all.
    None,
    /// It is what the object holds.
    Value,
    /// Through the pointer that it holds, or in a way that can be a test.
    Other(bool),
}

impl<'a> Readers<'a> {
    /// What is known of all readers of a unit; `None` if one of them may be a test.
    fn of(context: &'a Context<'a>, unit: &'a Unit, object: Object) -> Option<Readers<'a>> {
        let mut readers = Readers {
            context,
            unit,
            object,
            needed: None,
        };
        for f in &unit.functions {
            for block in &f.blocks {
                for instr in &block.instrs {
                    if !readers.is_harmless(f, &instr.kind, instr.span) {
                        return None;
                    }
                }
                let asked = match &block.term {
                    Terminator::Branch { cond, .. } => Some(cond),
                    Terminator::Switch { on, .. } => Some(on),
                    Terminator::Return { value, .. } => value.as_ref(),
                    _ => None,
                };
                if asked.is_some_and(|expr| !readers.only_follows(f, expr)) {
                    return None;
                }
            }
        }
        Some(readers)
    }

    /// Whether an instruction tests nothing.
    fn is_harmless(&mut self, f: &Function, kind: &InstrKind, span: Span) -> bool {
        match kind {
            InstrKind::Assign { src, .. } | InstrKind::Eval(src) => self.only_follows(f, src),
            InstrKind::Call(call) => {
                let fact = match call.callee {
                    Callee::Named(name) => self.fact(name),
                    Callee::Indirect(_) => None,
                };
                let mut args = (0..).zip(&call.args);
                args.all(|(n, arg)| match self.mention(f, &arg.expr) {
                    Mention::Value => {
                        let needs = fact.is_some_and(|fact| needs(fact, n));
                        if needs && self.needed.is_none() && f.origin == Origin::File {
                            self.needed = Some(span);
                        }
                        needs
                            || fact.is_some_and(|fact| {
                                fact.effects(Verb::Free).any(|e| e.arg == Some(n))
                            })
                    }
                    Mention::None => true,
                    Mention::Other(follows) => follows,
                })
            }
            InstrKind::Opaque { havoc } => havoc.iter().all(|place| !self.is_part(f, *place)),
            InstrKind::Wait { .. } | InstrKind::ScopeEnd(_) => true,
        }
    }

    /// Whether an expression has nothing to do with the object, or only goes through the pointer.
    fn only_follows(&self, f: &Function, expr: &Expr) -> bool {
        matches!(self.mention(f, expr), Mention::None | Mention::Other(true))
    }

    fn mention(&self, f: &Function, expr: &Expr) -> Mention {
        match expr {
            Expr::Read(place) if self.is(f, *place) => Mention::Value,
            Expr::Cast(_, inner) => self.mention(f, inner),
            _ => {
                let (mut open, mut found) = (vec![expr], Mention::None);
                while let Some(expr) = open.pop() {
                    match expr {
                        Expr::Read(place) | Expr::AddrOf(place) if self.is_part(f, *place) => {
                            if self.is(f, *place) {
                                return Mention::Other(false);
                            }
                            found = Mention::Other(true);
                        }
                        Expr::Unary(_, inner) | Expr::Cast(_, inner) => open.push(inner),
                        Expr::Binary(_, a, b) => open.extend([&**a, &**b]),
                        _ => {}
                    }
                }
                found
            }
        }
    }

    /// Whether a place goes through the object or is it.
    fn is_part(&self, f: &Function, place: PlaceId) -> bool {
        let mut at = Some(place);
        while let Some(part) = at {
            if self.is(f, part) {
                return true;
            }
            at = f.places.parent(part);
        }
        false
    }

    /// Whether a place is the object, or a member of that name of something unknown.
    fn is(&self, f: &Function, place: PlaceId) -> bool {
        match (f.places.get(place).base, self.object) {
            (Base::Step(_, Elem::Field { owner, name }), Object::Member(tag, member)) => {
                name == member && owner.is_none_or(|owner| owner == tag)
            }
            (Base::Global(name), Object::Global(own)) => name == own,
            _ => false,
        }
    }

    fn fact(&self, name: Name) -> Option<&'static Fact> {
        let known = self.unit.named(name).is_empty();
        known.then(|| self.context.fact(self.unit.names.text(name)))?
    }
}

/// Whether a call needs a good pointer as its argument `n`.
fn needs(fact: &Fact, n: u8) -> bool {
    let mut all = fact.effects(Verb::Requires);
    all.any(|e| e.arg == Some(n) && !e.accepts.contains(Classes::ZERO))
}
