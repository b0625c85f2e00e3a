//! Conditions as edges.

use super::MAX_DEPTH;
use super::body::Body;
use crate::syntax::{Field as Part, Kind, Node};
use kloom_facts::Returns;
use kloom_ir::{Arg, BlockId, Call, Callee, Expr, InstrKind, Terminator};

impl<'b> Body<'b, '_> {
    /// Ends the current block: to `then` if the expression is not zero, else to `otherwise`.
    pub(super) fn branch(&mut self, node: Node, then: BlockId, otherwise: BlockId) {
        if self.depth >= MAX_DEPTH {
            self.too_deep(node);
            self.end(Terminator::Either(vec![then, otherwise]));
            return;
        }
        self.depth += 1;
        self.branch_inside(node, then, otherwise);
        self.depth -= 1;
    }

    fn branch_inside(&mut self, node: Node, then: BlockId, otherwise: BlockId) {
        let text = self.text;
        let tree = &text.tree;
        match tree.kind(node) {
            Kind::Paren | Kind::Extension => {
                let mut inner = tree.children(node);
                if let (Some(only), None) = (inner.next(), inner.next())
                    && tree.kind(only) != Kind::Compound
                {
                    return self.branch(only, then, otherwise);
                }
            }
            Kind::Comma => {
                if let (Some(left), Some(right)) =
                    (tree.child(node, Part::Left), tree.child(node, Part::Right))
                {
                    self.effect(left);
                    return self.branch(right, then, otherwise);
                }
            }
            Kind::Unary if self.operator(node) == b"!" => {
                if let Some(argument) = tree.child(node, Part::Argument) {
                    return self.branch(argument, otherwise, then);
                }
            }
            Kind::Binary => {
                let operator = self.operator(node);
                if let (b"&&" | b"||", Some(left), Some(right)) = (
                    operator,
                    tree.child(node, Part::Left),
                    tree.child(node, Part::Right),
                ) {
                    let next = self.new_block();
                    if operator == b"&&" {
                        self.branch(left, next, otherwise);
                    } else {
                        self.branch(left, then, next);
                    }
                    self.start(next);
                    return self.branch(right, then, otherwise);
                }
            }
            Kind::Call => {
                if let Some(inner) = self.passed_through(node) {
                    return self.branch(inner, then, otherwise);
                }
            }
            Kind::Conditional => {
                if let (Some(condition), Some(yes), Some(no)) = (
                    tree.child(node, Part::Condition),
                    tree.child(node, Part::Consequence),
                    tree.child(node, Part::Alternative),
                ) {
                    let (first, second) = (self.new_block(), self.new_block());
                    self.branch(condition, first, second);
                    self.start(first);
                    self.branch(yes, then, otherwise);
                    self.start(second);
                    return self.branch(no, then, otherwise);
                }
            }
            _ => {}
        }
        let cond = self.value(node);
        self.branch_on(cond, node, then, otherwise);
    }

    /// `likely(a && b)` branches like its argument: the call is noted, and the argument given if
    /// it is worth a branch of its own.
    fn passed_through(&mut self, node: Node) -> Option<Node> {
        let text = self.text;
        let tree = &text.tree;
        let word = tree.child(node, Part::Function)?;
        let mut args = tree.children(tree.child(node, Part::Arguments)?);
        let (Some(inner), None) = (args.next(), args.next()) else {
            return None;
        };
        let splits = match tree.kind(inner) {
            Kind::Binary | Kind::Unary => matches!(self.operator(inner), b"&&" | b"||" | b"!"),
            kind => matches!(kind, Kind::Paren | Kind::Conditional),
        };
        let name = self.cx.name(text.bytes(word));
        if !splits || self.cx.fact(name)?.returns != Returns::Arg(0) {
            return None;
        }
        let call = Call {
            dst: None,
            callee: Callee::Named(name),
            callee_span: text.span(word),
            args: vec![Arg {
                expr: Expr::Unknown,
                span: text.span(inner),
            }],
            synthetic: false,
        };
        self.push(InstrKind::Call(Box::new(call)), text.span(node));
        Some(inner)
    }

    /// Ends the current block by a value that is already there.
    pub(super) fn branch_on(&mut self, cond: Expr, node: Node, then: BlockId, otherwise: BlockId) {
        let span = self.text.span(node);
        match cond {
            Expr::Int(value) => {
                self.here();
                self.flow_to(if value == 0 { otherwise } else { then });
            }
            cond => self.end(Terminator::Branch {
                cond,
                span,
                then,
                otherwise,
            }),
        }
    }

    /// The operator's text.
    pub(super) fn operator(&self, node: Node) -> &'b [u8] {
        let operator = self.text.tree.child(node, Part::Operator);
        operator.map_or(&[], |o| self.text.bytes(o))
    }
}
