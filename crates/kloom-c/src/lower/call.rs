//! Calls.

use super::body::Body;
use super::unit::declared_arguments;
use super::wait::WaitMacro;
use crate::syntax::{Field as Part, Kind as NodeKind, Node};
use kloom_diag::Span;
use kloom_facts::{Fact, Kind, Returns, Verb, When};
use kloom_ir::{Arg, Call, Callee, Expr, InstrKind, Name, PlaceId, Terminator, Type, TypeId};

/// What becomes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Nobody wants it.
    Nothing,
    /// It is used.
    Value,
    /// It goes here.
    Into(PlaceId),
}

impl<'b> Body<'b, '_> {
    /// A call; gives its value.
    pub(super) fn call(&mut self, node: Node, want: Want) -> Expr {
        let text = self.text;
        let tree = &text.tree;
        let Some(function) = tree.child(node, Part::Function) else {
            return Expr::Unknown;
        };
        if self.guard(node).is_some() {
            return Expr::Unknown;
        }
        let (callee, callee_span) = self.callee(function);
        let fact = named(&callee).and_then(|name| self.cx.fact(name));
        let span = text.span(node);
        let condition = fact.and_then(|f| f.condition).map(usize::from);
        let list = tree.child(node, Part::Arguments);
        if let (Some(list), Some(fact)) = (list, fact)
            && fact.kind == Kind::Declarer
        {
            self.macro_locals(list, fact, callee_span);
        }
        let (args, condition) = match list {
            Some(list) => self.arguments(list, condition),
            None => (Vec::new(), None),
        };
        if let (Some(fact), Some(name), Some(condition)) = (fact, named(&callee), condition) {
            let call = Call {
                dst: None,
                callee,
                callee_span,
                args,
                synthetic: false,
            };
            let wait = WaitMacro {
                name,
                fact,
                call,
                condition,
                span,
            };
            return self.wait(wait, want);
        }
        let dst = match want {
            Want::Nothing => None,
            Want::Into(place) => Some(place),
            Want::Value => {
                let ty = self.result_type(&callee, fact, &args);
                Some(self.temporary(ty, span))
            }
        };
        let call = Call {
            dst,
            callee,
            callee_span,
            args,
            synthetic: false,
        };
        let name = named(&call.callee);
        self.push(InstrKind::Call(Box::new(call)), span);
        if let Some(name) = name {
            self.cx.note_call(name);
            if fact.is_none() {
                self.reach_of(name, span);
            }
        }
        let gone = |f: &Fact| f.effects(Verb::NoReturn).any(|e| e.when == When::Always);
        if fact.is_some_and(gone) {
            self.end(Terminator::Unreachable);
        }
        dst.map_or(Expr::Unknown, Expr::Read)
    }

    /// A call whose value goes to `place`; gives a value that still has to be put there.
    pub(super) fn delivered(&mut self, node: Node, place: PlaceId) -> Option<Expr> {
        match self.call(node, Want::Into(place)) {
            Expr::Read(read) if read == place => None,
            other => Some(other),
        }
    }

    /// Who is called, and the word in front of the parenthesis.
    fn callee(&mut self, function: Node) -> (Callee, Span) {
        let text = self.text;
        let tree = &text.tree;
        let mut at = function;
        while tree.kind(at) == NodeKind::Paren
            && let Some(inner) = tree.children(at).next()
        {
            at = inner;
        }
        let span = match tree.child(at, Part::Accessed) {
            Some(member) if tree.kind(at) == NodeKind::FieldAccess => text.span(member),
            _ => text.span(at),
        };
        if tree.kind(at) == NodeKind::Identifier {
            let name = self.cx.name(text.bytes(at));
            let variable = self.local_named(name).is_some() || self.cx.globals.contains_key(&name);
            if !variable {
                return (Callee::Named(self.cx.unaliased(name)), span);
            }
        }
        // `(*f)(x)` calls what `f(x)` calls.
        if tree.kind(at) == NodeKind::Pointer
            && self.operator(at) == b"*"
            && let Some(pointer) = tree.child(at, Part::Argument)
        {
            at = pointer;
        }
        match self.value(at) {
            Expr::Function(name) => (Callee::Named(name), span),
            value => (Callee::Indirect(value), span),
        }
    }

    /// The locals that a macro declares: `DECLARE_BITMAP(bits, 8);`
    fn macro_locals(&mut self, list: Node, fact: &'static Fact, callee: Span) {
        let text = self.text;
        // The prepass takes the word away, so that the rest reads like a call.
        let before = Span::new(callee.file, callee.start.saturating_sub(16), callee.start);
        let is_static = text.original(before).trim_ascii_end().ends_with(b"static");
        for argument in declared_arguments(fact) {
            if let Some(node) = text.tree.children(list).nth(argument)
                && text.tree.kind(node) == NodeKind::Identifier
            {
                let name = self.cx.name(text.bytes(node));
                let local = self.declare(Some(name), TypeId::UNKNOWN, text.span(node));
                if is_static {
                    self.make_static(local);
                }
            }
        }
    }

    /// The value of one argument, which may be a jump.
    pub(super) fn argument(&mut self, node: Node) -> Expr {
        match self.text.jump_before(node) {
            Some(word) => {
                self.argument_jump(node, word);
                Expr::Unknown
            }
            None => self.value(node),
        }
    }

    /// The arguments, with pieces of one string joined again. The one numbered `condition` is
    /// not read but given.
    pub(super) fn arguments(
        &mut self,
        list: Node,
        condition: Option<usize>,
    ) -> (Vec<Arg>, Option<Node>) {
        let text = self.text;
        let tree = &text.tree;
        let mut args: Vec<Arg> = Vec::new();
        let mut before = None;
        let mut waits_for = None;
        for node in tree.children(list) {
            let span = text.span(node);
            let glued = before.is_some_and(|before| text.glued(before, node));
            before = Some(node);
            let expr = if Some(args.len()) == condition && !glued {
                waits_for = Some(node);
                Expr::Unknown
            } else {
                self.argument(node)
            };
            match args.last_mut() {
                Some(last) if glued => {
                    last.span = Span::new(span.file, last.span.start, span.end);
                    last.expr = Expr::Str(last.span);
                }
                _ => args.push(Arg { expr, span }),
            }
        }
        (args, waits_for)
    }

    fn result_type(&mut self, callee: &Callee, fact: Option<&Fact>, args: &[Arg]) -> TypeId {
        let type_arg = args.iter().find_map(|a| match a.expr {
            Expr::Type(ty) => Some(ty),
            _ => None,
        });
        match (fact.map(|f| f.returns), type_arg) {
            (Some(Returns::Within(_)), Some(ty)) => {
                return self.cx.unit.types.intern(Type::Pointer(ty));
            }
            (Some(Returns::Class(_)), Some(ty)) => return ty,
            _ => {}
        }
        match callee {
            Callee::Named(name) => self.cx.return_type(*name),
            Callee::Indirect(value) => {
                let ty = self.type_of(value);
                match *self.cx.unit.types.get(ty) {
                    Type::Pointer(function) => self.cx.returned(function),
                    _ => self.cx.returned(ty),
                }
            }
        }
    }
}

/// The name of who is called, if it is called by name.
pub(super) fn named(callee: &Callee) -> Option<Name> {
    match callee {
        Callee::Named(name) => Some(*name),
        Callee::Indirect(_) => None,
    }
}

/// The place that a value is read from.
pub(super) fn read_place(value: &Expr) -> Option<PlaceId> {
    match value {
        Expr::Read(place) => Some(*place),
        _ => None,
    }
}

/// The arguments that a macro gives a value, by its facts.
pub(super) fn assigned(fact: &'static Fact, args: &[Arg]) -> Vec<PlaceId> {
    fact.effects(Verb::Assigns)
        .filter_map(|effect| args.get(usize::from(effect.arg?)))
        .filter_map(|arg| read_place(&arg.expr))
        .collect()
}
