//! `switch` and what stands in it.

use super::body::{Arms, Body, Frame};
use crate::syntax::{Field as Part, Kind, Node};
use kloom_ir::{BlockId, CaseRange, LabelKind, SwitchArm, Terminator};

impl Body<'_, '_> {
    /// `switch (…) { … }`
    pub(super) fn switch(&mut self, node: Node) {
        let text = self.text;
        let tree = &text.tree;
        let (on, span) = match tree.child(node, Part::Condition) {
            Some(condition) => (self.value(condition), text.span(condition)),
            None => (kloom_ir::Expr::Unknown, text.span(node)),
        };
        let head = self.here();
        let cleanups = self.cleanups();
        self.frames.push(Frame {
            after: None,
            next: None,
            arms: Some(Arms::default()),
            cleanups,
        });
        self.suspend();
        if let Some(body) = tree.child(node, Part::Body) {
            self.block(body);
        }
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let arms = frame.arms.unwrap_or_default();
        let mut after = frame.after;
        self.join(&mut after);
        let otherwise = match (arms.default, after) {
            (Some(default), _) => default,
            (None, Some(after)) => after,
            (None, None) => {
                let block = self.new_block();
                after = Some(block);
                block
            }
        };
        self.start(head);
        self.end(Terminator::Switch {
            on,
            span,
            arms: arms.cases,
            otherwise,
        });
        self.start_join(after);
    }

    /// `case …:` or `default:` with what follows up to the next one.
    pub(super) fn case(&mut self, node: Node) {
        let text = self.text;
        let tree = &text.tree;
        let value = tree.child(node, Part::Value);
        match value {
            Some(value) => {
                let values = CaseRange(self.case_values(value));
                let to = self.place_case(LabelKind::Case, text.keyword(node, 4));
                self.add_arm(SwitchArm { values, to });
                self.uncounted_calls(value);
            }
            None => {
                let to = self.place_case(LabelKind::Default, text.keyword(node, 7));
                self.add_default(to);
            }
        }
        for item in tree.children(node) {
            if Some(item) != value {
                self.statement(item);
            }
        }
    }

    /// Adds an arm to the innermost switch.
    pub(super) fn add_arm(&mut self, arm: SwitchArm) {
        if let Some(arms) = self.arms() {
            arms.cases.push(arm);
        }
    }

    fn add_default(&mut self, to: BlockId) {
        if let Some(arms) = self.arms() {
            arms.default = Some(to);
        }
    }

    fn arms(&mut self) -> Option<&mut Arms> {
        self.frames.iter_mut().rev().find_map(|f| f.arms.as_mut())
    }

    fn case_values(&mut self, value: Node) -> Option<(i64, i64)> {
        let text = self.text;
        // The prepass writes `A ... B` as `A || B`.
        if text.tree.kind(value) == Kind::Binary && self.operator(value) == b"||" {
            let low = text.tree.child(value, Part::Left)?;
            let high = text.tree.child(value, Part::Right)?;
            return Some((self.cx.constant(text, low)?, self.cx.constant(text, high)?));
        }
        let only = self.cx.constant(text, value)?;
        Some((only, only))
    }

    /// Calls in a constant expression stand in the text but never run.
    pub(super) fn uncounted_calls(&mut self, node: Node) {
        let text = self.text;
        let tree = &text.tree;
        if tree.subtree(node).any(|n| tree.kind(n) == Kind::Call) {
            self.never_run(|body| body.effect(node));
        }
    }
}
