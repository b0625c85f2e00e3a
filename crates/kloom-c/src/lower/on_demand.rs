//! Functions of headers and function-like macros: lowered when the file calls them.

use super::body::Body;
use super::text::Text;
use super::unit::Lowering;
use crate::headers::{FoundMacro, Symbol};
use crate::pre;
use crate::syntax::{Field as Part, Kind, Node, Tree};
use kloom_diag::Span;
use kloom_ir::{Expr, InstrKind, Name, Origin, Skipped, Terminator, TypeId};
use std::sync::Arc;

/// At most this many are lowered for one file.
const MAX_CALLED: usize = 400;
/// A macro longer than this is not lowered.
const MAX_MACRO: usize = 8 * 1024;

/// What stands around a macro's body while it is parsed.
const BEFORE: &[u8] = b"void f(){";
const AFTER: &[u8] = b"\n;}";

/// How a macro's body reaches into the function that uses it.
#[derive(Default)]
pub(super) struct Reach {
    /// Words in it that are not its parameters.
    pub words: Vec<Name>,
    /// Labels it jumps to.
    pub labels: Vec<Name>,
    /// Whether it may return.
    pub returns: bool,
}

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
        function.origin = Origin::Macro;
        self.add(function);
    }

    /// How the macro `name` reaches into its caller; `None` if it is no macro in sight.
    pub(super) fn reach(&mut self, name: Name) -> Option<&Reach> {
        if !self.reaches.contains_key(&name) {
            let reach = self.find_reach(name);
            self.reaches.insert(name, reach);
        }
        self.reaches.get(&name).and_then(Option::as_ref)
    }

    fn find_reach(&mut self, name: Name) -> Option<Reach> {
        let symbols = self.symbols;
        let found = symbols.find_macro(self.unit.names.text(name).as_bytes())?;
        let original = &found.file.text;
        let params = found.define.params.as_ref()?;
        let params: Vec<&[u8]> = params.iter().map(|p| p.of(original)).collect();
        let body = found.define.body.of(original);
        let mut reach = Reach::default();
        let mut after_goto = false;
        for word in super::broken::words(body.get(..MAX_MACRO).unwrap_or(body)) {
            reach.returns |= word == b"return";
            let jump = std::mem::replace(&mut after_goto, word == b"goto");
            if params.contains(&word) {
                continue;
            }
            let word = self.name(word);
            let list = if jump {
                &mut reach.labels
            } else {
                &mut reach.words
            };
            if !list.contains(&word) {
                list.push(word);
            }
        }
        Some(reach)
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

impl Body<'_, '_> {
    /// What a macro of the file does to the function that uses it, beside what a call does.
    pub(super) fn reach_of(&mut self, name: Name, span: Span) {
        let Some(reach) = self.cx.reach(name) else {
            return;
        };
        let (words, labels, returns) = (reach.words.clone(), reach.labels.clone(), reach.returns);
        let mut havoc = Vec::new();
        for word in words {
            if let Some(local) = self.local_named(word) {
                havoc.push(self.local_place(local));
            }
        }
        if !havoc.is_empty() {
            self.push(InstrKind::Opaque { havoc }, span);
        }
        if returns {
            self.maybe(|body| body.leave(Some(Expr::Unknown), span, None));
        }
        for label in labels {
            self.maybe(|body| body.goto(label, None));
        }
    }
}
