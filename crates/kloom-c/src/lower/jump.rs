//! Jumps that are no statements: computed `goto`, `return` in a macro's arguments, assembly.

use super::body::Body;
use crate::syntax::{Field as Part, Node};
use kloom_diag::Span;
use kloom_ir::{Expr, InstrKind, Terminator};

impl Body<'_, '_> {
    /// `goto *pointer`: to any label whose address is taken.
    pub(super) fn computed_goto(&mut self, pointer: Node, written: Span) {
        let tree = &self.text.tree;
        let pointer = tree.child(pointer, Part::Argument).unwrap_or(pointer);
        let target = self.value(pointer);
        self.evaluate(target, self.text.span(pointer));
        let dispatch = self.dispatch();
        self.here();
        self.end(Terminator::Goto {
            to: dispatch,
            written: Some(written),
        });
    }

    /// A macro argument that jumps: the macro decides whether it is taken.
    pub(super) fn argument_jump(&mut self, argument: Node, word: Span) {
        let text = self.text;
        let span = text.span(argument);
        match text.original(word) {
            b"return" => self.maybe(|body| {
                let bare = span.start == word.start;
                let value = (!bare).then(|| body.value(argument));
                body.leave(value, span, Some(word));
            }),
            b"goto" => {
                let label = self.cx.name(text.bytes(argument));
                self.maybe(|body| body.goto(label, Some(word)));
            }
            b"break" => self.maybe(Self::break_statement),
            _ => self.maybe(Self::continue_statement),
        }
    }

    /// Inline assembly: it may change what its operands name, and jump to labels it lists.
    pub(super) fn assembly(&mut self, node: Node) {
        let text = self.text;
        let Some(operands) = text.assembly(node) else {
            return;
        };
        let words = super::broken::words(text.original(operands));
        let mut havoc = Vec::new();
        let mut labels = Vec::new();
        for word in words {
            let name = self.cx.name(word);
            if self.local_named(name).is_some() || self.cx.globals.contains_key(&name) {
                havoc.push(self.named_place(name).place);
            } else {
                labels.push(name);
            }
        }
        havoc.sort_unstable();
        havoc.dedup();
        self.push(InstrKind::Opaque { havoc }, operands);
        let head = Span::new(operands.file, text.span(node).start, operands.start);
        if super::broken::words(text.original(head)).any(|w| w == b"goto") {
            labels.retain(|name| self.is_label(*name));
            for label in labels {
                self.maybe(|body| body.goto(label, None));
            }
        }
    }

    /// A return whose value is known or not.
    pub(super) fn leave(&mut self, value: Option<Expr>, span: Span, written: Option<Span>) {
        let value = value.map(|value| self.kept(value, span));
        self.run_cleanups(None);
        self.end(Terminator::Return {
            value,
            span,
            written,
        });
    }
}
