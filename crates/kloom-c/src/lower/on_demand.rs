//! Functions of headers and function-like macros: lowered when the file calls them.

use super::body::Body;
use super::text::Text;
use super::unit::Lowering;
use crate::headers::{FoundMacro, Symbol};
use crate::pre;
use crate::syntax::{Field as Part, Kind, Node, Tree};
use kloom_diag::Span;
use kloom_ir::{Name, Origin, Skipped, Terminator, TypeId};
use std::sync::Arc;

/// At most this many are lowered for one file.
const MAX_CALLED: usize = 400;
/// A macro longer than this is not lowered.
pub(super) const MAX_MACRO: usize = 8 * 1024;

/// What stands around a macro's body while it is parsed.
const BEFORE: &[u8] = b"void f(){";
const AFTER: &[u8] = b"\n;}";

impl Lowering<'_> {
    /// Notes that the file calls a function by name.
    pub(super) fn note_call(&mut self, name: Name) {
        if self.called_names.insert(name) && self.called.len() < MAX_CALLED {
            self.called.push(name);
        }
    }

    /// Lowers what was called, and what that calls in turn.
    pub(super) fn on_demand(&mut self) {
        let mut at = 0;
        while let Some(name) = self.called.get(at).copied() {
            at += 1;
            if self.unit.by_name.contains_key(&name) || self.fact(name).is_some() {
                continue;
            }
            let symbols = self.symbols;
            let word = self.unit.names.text(name).as_bytes();
            if let Some(found) = symbols.find_macro(word) {
                if found.define.params.is_some() {
                    self.macro_function(name, &found);
                }
            } else if let Some(found) = symbols.find(Symbol::Function, word)
                && found.source != 0
            {
                let file = self.file(found.source);
                let text = Text::part(file, found.file, found.whole);
                let before = self.unit.functions.len();
                self.file_scope(&text);
                for function in self.unit.functions.iter_mut().skip(before) {
                    function.origin = Origin::Header;
                }
            } else {
                self.read_header(Symbol::Prototype, name);
            }
        }
    }

    fn macro_function(&mut self, name: Name, found: &FoundMacro<'_>) {
        let define = found.define;
        let original = &found.file.text;
        if define.body.of(original).len() > MAX_MACRO {
            return;
        }
        let file = self.file(found.source);
        let prepared = pre::prepare_body(original, define, &self.context.words);
        let parsed = [BEFORE, &prepared.text, AFTER].concat();
        let text = Text {
            file,
            original,
            prepared: &prepared,
            parsed: &parsed,
            tree: Arc::new(Tree::parse(&parsed)),
            to_prepared: 0u32.wrapping_sub(BEFORE.len() as u32),
            to_file: define.body.start,
        };
        let tree = &text.tree;
        let definition = tree
            .root()
            .and_then(|root| tree.child_of(root, Kind::FunctionDefinition));
        let span = text.span_in_file(pre::Extent::new(0, prepared.text.len() as u32));
        let Some(block) = definition.and_then(|d| tree.child(d, Part::Body)) else {
            self.skip(Skipped::Syntax, span);
            return;
        };
        let mut body = Body::new(self, &text);
        for param in define.params.iter().flatten() {
            let name = body.cx.name(param.of(original));
            let span = Span::new(file, param.start, param.end);
            body.parameter(Some(name), TypeId::UNKNOWN, span);
        }
        match only_expression(&text, block) {
            Some(value) => {
                let value = body.value(value);
                body.end(Terminator::Return {
                    value: Some(value),
                    span,
                    written: None,
                });
            }
            None => body.block(block),
        }
        let mut function = body.finish(name, span);
        function.span = span;
        function.name_span = Span::new(file, define.name.start, define.name.end);
        let macros = &mut self.unit.macros;
        macros.entry(name).or_insert(function.name_span);
        function.origin = Origin::Macro;
        self.add(function);
    }
}

/// The expression that a macro's body is.
fn only_expression(text: &Text<'_>, block: Node) -> Option<Node> {
    let tree = &text.tree;
    let mut found = None;
    for item in tree.children(block) {
        if tree.kind(item) != Kind::ExpressionStatement || tree.broken(item) {
            return None;
        }
        match (tree.children(item).next(), found) {
            (None, _) => {}
            (Some(inner), None) => found = Some(inner),
            (Some(_), Some(_)) => return None,
        }
    }
    found
}
