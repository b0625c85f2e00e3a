//! Macros in front of a block: iterators and scoped blocks.

use super::body::{Body, Frame};
use super::call::{assigned, read_place};
use crate::pre::{BlockKind, BlockMacro};
use crate::syntax::{Field as Part, Kind, Node};
use kloom_ir::{Arg, Base, Call, Callee, Expr, InstrKind, Name, PlaceId, Terminator};

impl Body<'_, '_> {
    /// `list_for_each_entry(…) { … }`, `scoped_guard(…) { … }`.
    pub(super) fn block_macro(&mut self, node: Node, found: BlockMacro) {
        let text = self.text;
        let name = self.cx.name(text.original(text.span_in_file(found.name)));
        match found.kind {
            BlockKind::Iterator => self.iterator(node, name, found),
            BlockKind::Scoped => self.scoped_block(node, name, found),
        }
    }

    /// A loop: the macro is called at its head and moves its variables each time round.
    fn iterator(&mut self, node: Node, name: Name, found: BlockMacro) {
        let text = self.text;
        let span = text.span(node);
        let (head, body, after) = (self.new_block(), self.new_block(), self.new_block());
        // What the arguments call is called once.
        let call = self.macro_call(node, name, found);
        self.flow_to(head);
        self.start(head);
        let moved = self.moved(name, &call.args);
        self.push(InstrKind::Call(Box::new(call)), span);
        for place in moved {
            self.assign(place, Expr::Unknown, span);
        }
        self.end(Terminator::Branch {
            cond: Expr::Unknown,
            span,
            then: body,
            otherwise: after,
        });
        self.open_loop(head, after);
        self.start(body);
        self.macro_block(node);
        self.flow_to(head);
        self.frames.pop();
        self.start(after);
    }

    /// Taken before the block, released at every way out of it.
    fn scoped_block(&mut self, node: Node, name: Name, found: BlockMacro) {
        let text = self.text;
        let span = text.span(node);
        let scope = self.open_scope();
        let cleanups = self.cleanups();
        let call = self.macro_call(node, name, found);
        self.scoped_guard(name, call.callee_span, call.args, span);
        // The macro is a loop that runs once: `break` and `continue` leave it.
        let after = self.new_block();
        self.frames.push(Frame {
            after: Some(after),
            next: Some(after),
            arms: None,
            cleanups,
        });
        self.macro_block(node);
        self.frames.pop();
        self.close_scope(scope);
        self.flow_to(after);
        self.start(after);
    }

    fn macro_block(&mut self, node: Node) {
        if let Some(body) = self.text.tree.child(node, Part::Body) {
            self.statement(body);
        }
    }

    fn macro_call(&mut self, node: Node, name: Name, found: BlockMacro) -> Call {
        let text = self.text;
        let args = self.macro_arguments(node);
        let arg = |node: &Node| Arg {
            span: text.span(*node),
            expr: self.argument(*node),
        };
        Call {
            dst: None,
            callee: Callee::Named(name),
            callee_span: text.span_in_file(found.name),
            args: args.iter().map(arg).collect(),
            synthetic: false,
        }
    }

    /// What stands between the parentheses, comma by comma.
    fn macro_arguments(&self, node: Node) -> Vec<Node> {
        let tree = &self.text.tree;
        let mut at = tree
            .child(node, Part::Condition)
            .and_then(|c| tree.children(c).next())
            .or_else(|| tree.child(node, Part::Initializer));
        let mut args = Vec::new();
        while let Some(node) = at {
            if tree.kind(node) != Kind::Comma {
                args.push(node);
                break;
            }
            args.extend(tree.child(node, Part::Left));
            at = tree.child(node, Part::Right);
        }
        args
    }

    /// The variables that an iterator moves: those the facts name, else every plain local.
    fn moved(&mut self, name: Name, args: &[Arg]) -> Vec<PlaceId> {
        let told = match self.cx.fact(name) {
            Some(fact) => assigned(fact, args),
            None => Vec::new(),
        };
        if !told.is_empty() {
            return told;
        }
        let mut plain: Vec<PlaceId> = args.iter().filter_map(|a| read_place(&a.expr)).collect();
        plain.retain(|place| matches!(self.places.get(*place).base, Base::Local(_)));
        plain
    }
}
