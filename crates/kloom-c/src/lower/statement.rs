//! Statements.

use super::MAX_DEPTH;
use super::body::{Body, Frame};
use crate::syntax::{Field as Part, Kind, Node};
use kloom_ir::{BlockId, Expr, InstrKind, Terminator};

impl Body<'_, '_> {
    /// A compound statement with its scope.
    pub(super) fn block(&mut self, node: Node) {
        let scope = self.open_scope();
        self.items(node);
        self.close_scope(scope);
    }

    /// The children of a node as statements.
    pub(super) fn items(&mut self, node: Node) {
        let text = self.text;
        for item in text.tree.children(node) {
            self.statement(item);
        }
    }

    /// One statement or declaration.
    pub(super) fn statement(&mut self, node: Node) {
        if self.depth >= MAX_DEPTH {
            self.too_deep(node);
            return;
        }
        self.depth += 1;
        let whole = matches!(
            self.text.tree.kind(node),
            Kind::ExpressionStatement | Kind::Declaration | Kind::Return | Kind::Goto
        );
        if whole && self.text.tree.broken(node) {
            self.doubtful(node, Self::statement_inside);
        } else {
            self.statement_inside(node);
        }
        self.depth -= 1;
    }

    fn statement_inside(&mut self, node: Node) {
        let text = self.text;
        let tree = &text.tree;
        match tree.kind(node) {
            Kind::Compound => self.block(node),
            Kind::ExpressionStatement => {
                if let Some(inner) = tree.children(node).next() {
                    match text.jump_before(inner) {
                        Some(jump) => self.computed_goto(inner, jump),
                        None => self.effect(inner),
                    }
                }
            }
            Kind::Declaration => self.local_declaration(node),
            Kind::If => self.if_chain(node),
            Kind::While => match text.block_macro(node) {
                Some(found) => self.block_macro(node, found),
                None => self.while_loop(node),
            },
            Kind::For => match text.block_macro(node) {
                Some(found) => self.block_macro(node, found),
                None => self.for_loop(node),
            },
            Kind::Do => self.do_loop(node),
            Kind::Switch => self.switch(node),
            Kind::Case => self.case(node),
            Kind::Return => self.return_statement(node),
            Kind::Goto => {
                let written = Some(text.keyword(node, 4));
                if let Some(label) = tree.child(node, Part::Label) {
                    let name = self.cx.name(text.bytes(label));
                    self.goto(name, written);
                }
            }
            Kind::Labeled => {
                // Labels in a row hang on one another.
                let mut at = Some(node);
                while let Some(node) = at {
                    at = None;
                    for part in tree.children(node) {
                        match tree.kind(part) {
                            Kind::StatementIdentifier => {
                                let word = text.word(part);
                                let name = self.cx.name(text.original(word));
                                self.place_label(name, word);
                            }
                            Kind::Labeled => at = Some(part),
                            _ => self.statement(part),
                        }
                    }
                }
            }
            Kind::Break => self.break_statement(),
            Kind::Continue => self.continue_statement(),
            Kind::AttributedStatement => self.items(node),
            Kind::PreprocIf | Kind::PreprocIfdef => self.config_arms(node),
            Kind::TypeDefinition => self.cx.type_definition(text, node),
            Kind::Struct | Kind::Union | Kind::Enum => {
                self.cx.bare_type(text, node);
            }
            Kind::FunctionDefinition => self.nested.push(node),
            Kind::Error => self.broken(node),
            _ => {}
        }
    }

    pub(super) fn break_statement(&mut self) {
        let Some(at) = self.frames.len().checked_sub(1) else {
            return;
        };
        let (mut after, cleanups) = match self.frames.get(at) {
            Some(frame) => (frame.after, frame.cleanups),
            None => return,
        };
        self.here();
        self.run_cleanups(cleanups);
        self.join(&mut after);
        if let Some(frame) = self.frames.get_mut(at) {
            frame.after = after;
        }
    }

    pub(super) fn continue_statement(&mut self) {
        let frame = self.frames.iter().rev().find(|f| f.next.is_some());
        let Some((next, cleanups)) = frame.map(|f| (f.next, f.cleanups)) else {
            return;
        };
        self.here();
        self.run_cleanups(cleanups);
        if let Some(next) = next {
            self.flow_to(next);
        }
    }

    fn return_statement(&mut self, node: Node) {
        let text = self.text;
        let span = text.span(node);
        let written = Some(text.keyword(node, 6));
        let value = text.tree.children(node).next().map(|v| self.value(v));
        if self.cleanups().is_some() {
            return self.leave(value, span, written);
        }
        self.end(Terminator::Return {
            value,
            span,
            written,
        });
    }

    /// A whole chain of `if … else if …`, which may be as long as a file.
    fn if_chain(&mut self, node: Node) {
        let text = self.text;
        let tree = &text.tree;
        let mut join = None;
        let mut at = node;
        loop {
            let then = self.new_block();
            let otherwise = self.new_block();
            match tree.child(at, Part::Condition) {
                Some(condition) => self.branch(condition, then, otherwise),
                None => self.end(Terminator::Either(vec![then, otherwise])),
            }
            self.start(then);
            if let Some(consequence) = tree.child(at, Part::Consequence) {
                self.statement(consequence);
            }
            self.join(&mut join);
            self.start(otherwise);
            let alternative = tree.child(at, Part::Alternative);
            match alternative.and_then(|a| tree.children(a).next()) {
                Some(inner) if tree.kind(inner) == Kind::If => at = inner,
                Some(inner) => {
                    self.statement(inner);
                    break;
                }
                None => break,
            }
        }
        self.join(&mut join);
        self.start_join(join);
    }

    /// Opens a loop that `continue` goes on with at `next`.
    pub(super) fn open_loop(&mut self, next: BlockId, after: BlockId) {
        let cleanups = self.cleanups();
        self.frames.push(Frame {
            after: Some(after),
            next: Some(next),
            arms: None,
            cleanups,
        });
    }

    fn loop_body(&mut self, node: Node) {
        if let Some(body) = self.text.tree.child(node, Part::Body) {
            self.statement(body);
        }
    }

    fn while_loop(&mut self, node: Node) {
        let (head, body, after) = (self.new_block(), self.new_block(), self.new_block());
        self.flow_to(head);
        self.start(head);
        match self.text.tree.child(node, Part::Condition) {
            Some(condition) => self.branch(condition, body, after),
            None => self.end(Terminator::Either(vec![body, after])),
        }
        self.open_loop(head, after);
        self.start(body);
        self.loop_body(node);
        self.flow_to(head);
        self.frames.pop();
        self.start(after);
    }

    fn do_loop(&mut self, node: Node) {
        let (body, test, after) = (self.new_block(), self.new_block(), self.new_block());
        self.flow_to(body);
        self.open_loop(test, after);
        self.start(body);
        self.loop_body(node);
        self.frames.pop();
        self.flow_to(test);
        self.start(test);
        match self.text.tree.child(node, Part::Condition) {
            Some(condition) => self.branch(condition, body, after),
            None => self.end(Terminator::Either(vec![body, after])),
        }
        self.start(after);
    }

    fn for_loop(&mut self, node: Node) {
        let text = self.text;
        let tree = &text.tree;
        let scope = self.open_scope();
        if let Some(first) = tree.child(node, Part::Initializer) {
            if tree.kind(first) == Kind::Declaration {
                self.statement(first);
            } else {
                self.effect(first);
            }
        }
        let (head, body) = (self.new_block(), self.new_block());
        let (next, after) = (self.new_block(), self.new_block());
        self.flow_to(head);
        self.start(head);
        match tree.child(node, Part::Condition) {
            Some(condition) => self.branch(condition, body, after),
            None => self.flow_to(body),
        }
        self.open_loop(next, after);
        self.start(body);
        self.loop_body(node);
        self.frames.pop();
        self.flow_to(next);
        self.start(next);
        if let Some(update) = tree.child(node, Part::Update) {
            self.effect(update);
        }
        self.flow_to(head);
        self.start(after);
        self.close_scope(scope);
    }

    /// A value that later instructions cannot change.
    pub(super) fn kept(&mut self, value: Expr, span: kloom_diag::Span) -> Expr {
        if is_constant(&value) {
            return value;
        }
        let ty = self.type_of(&value);
        let place = self.temporary(ty, span);
        self.assign(place, value, span);
        Expr::Read(place)
    }

    /// An expression whose value nobody wants.
    pub(super) fn evaluate(&mut self, value: Expr, span: kloom_diag::Span) {
        if !matches!(value, Expr::Int(_) | Expr::Str(_) | Expr::Type(_)) {
            self.push(InstrKind::Eval(value), span);
        }
    }
}

fn is_constant(value: &Expr) -> bool {
    match value {
        Expr::Int(_) | Expr::Str(_) | Expr::Function(_) | Expr::Name(_) => true,
        Expr::Unary(_, inner) | Expr::Cast(_, inner) => is_constant(inner),
        _ => false,
    }
}
