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
                    self.effect(inner);
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
                let mut children = tree.children(node);
                if let Some(label) = children.next() {
                    let name = self.cx.name(text.bytes(label));
                    self.place_label(name, text.span(label));
                }
                for inner in children {
                    self.statement(inner);
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

    fn break_statement(&mut self) {
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

    fn continue_statement(&mut self) {
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
        let mut value = text.tree.children(node).next().map(|v| self.value(v));
        if self.cleanups().is_some()
            && let Some(result) = value.take()
        {
            value = Some(self.kept(result, span));
        }
        self.run_cleanups(None);
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

    /// The arms of an `#if` between statements: edges on a condition that never changes.
    fn config_arms(&mut self, node: Node) {
        let text = self.text;
        let tree = &text.tree;
        let mut join = None;
        let mut at = Some(node);
        while let Some(arm) = at {
            at = tree.child(arm, Part::Alternative);
            let rest = match self.config_condition(arm) {
                Some((number, flipped)) => {
                    let (then, otherwise) = (self.new_block(), self.new_block());
                    let (yes, no) = if flipped {
                        (otherwise, then)
                    } else {
                        (then, otherwise)
                    };
                    self.end(Terminator::Branch {
                        cond: Expr::Config(number),
                        span: text.span(arm),
                        then: yes,
                        otherwise: no,
                    });
                    self.start(then);
                    Some(otherwise)
                }
                None => None,
            };
            for item in tree.children(arm) {
                if tree.field(item) == Part::None {
                    self.statement(item);
                }
            }
            self.join(&mut join);
            let Some(rest) = rest else { break };
            self.start(rest);
            if at.is_none() {
                self.join(&mut join);
            }
        }
        self.start_join(join);
    }

    /// The number of the condition of an `#if` arm, and whether the arm is for its opposite;
    /// `None` for `#else`.
    fn config_condition(&mut self, arm: Node) -> Option<(u32, bool)> {
        let text = self.text;
        let tree = &text.tree;
        let at = tree
            .child(arm, Part::Condition)
            .or_else(|| tree.child(arm, Part::Name))?;
        let condition = String::from_utf8_lossy(text.original(text.span(at)));
        let directive = text.bytes(arm);
        let line = directive.get(..directive.len().min(16)).unwrap_or(&[]);
        let negative = matches!(tree.kind(arm), Kind::PreprocIfdef | Kind::PreprocElifdef)
            && line.windows(4).any(|w| w == b"ndef");
        let (condition, flipped) = normalized(&condition);
        Some((self.cx.config(condition), flipped != negative))
    }

    /// A value that later instructions cannot change.
    pub(super) fn kept(&mut self, value: Expr, span: kloom_diag::Span) -> Expr {
        if matches!(value, Expr::Int(_) | Expr::Str(_) | Expr::Function(_)) {
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

/// `defined(X)`, `IS_ENABLED(X)` and `X` are one condition; `!` flips it.
fn normalized(condition: &str) -> (&str, bool) {
    let mut text = condition.trim();
    let mut flipped = false;
    loop {
        if let Some(rest) = text.strip_prefix('!')
            && !rest.contains("&&")
            && !rest.contains("||")
        {
            flipped = !flipped;
            text = rest.trim();
            continue;
        }
        let inner = ["defined", "IS_ENABLED"]
            .iter()
            .find_map(|word| text.strip_prefix(word))
            .map(|rest| rest.trim().trim_start_matches('(').trim_end_matches(')'));
        return match inner {
            Some(name) if is_word(name.trim()) => (name.trim(), flipped),
            _ => (text, flipped),
        };
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
