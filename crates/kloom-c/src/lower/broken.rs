//! Text that cannot be read: what it may do is kept as small as the tree allows.

use super::body::Body;
use crate::syntax::{Field as Part, Kind, Node};
use kloom_ir::{
    Call, Callee, CaseRange, Expr, InstrKind, LabelKind, Name, PlaceId, Skipped, SwitchArm,
    Terminator,
};

impl Body<'_, '_> {
    /// An `ERROR` node: opaque itself, but the statements that were recognised in it are read.
    pub(super) fn broken(&mut self, node: Node) {
        let text = self.text;
        let tree = &text.tree;
        let span = text.span(node);
        self.cx.skip(Skipped::Syntax, span);
        self.opaque(node);
        self.loose_jumps(node);
        for child in tree.children(node) {
            if is_statement(tree.kind(child)) {
                self.statement(child);
            } else {
                self.flat(child);
            }
        }
    }

    /// A part that is nested too deep.
    pub(super) fn too_deep(&mut self, node: Node) {
        self.cx.skip(Skipped::Depth, self.text.span(node));
        self.opaque(node);
        self.flat(node);
    }

    /// A statement with something unreadable inside: it is read as far as the grammar got, and
    /// afterwards nothing is known about what it names.
    pub(super) fn doubtful(&mut self, node: Node, read: impl FnOnce(&mut Self, Node)) {
        let before = self.opaque;
        read(self, node);
        if self.opaque == before {
            self.cx.skip(Skipped::Syntax, self.text.span(node));
        }
        self.opaque(node);
    }

    fn opaque(&mut self, node: Node) {
        self.opaque += 1;
        let havoc = self.mentioned(node);
        if self.is_open() {
            self.push(InstrKind::Opaque { havoc }, self.text.span(node));
        }
    }

    /// The places that a part names.
    fn mentioned(&mut self, node: Node) -> Vec<PlaceId> {
        let text = self.text;
        let mut places = Vec::new();
        for inner in text.tree.subtree(node) {
            if text.tree.kind(inner) != Kind::Identifier {
                continue;
            }
            let name = self.cx.name(text.bytes(inner));
            if self.local_named(name).is_some() || self.cx.globals.contains_key(&name) {
                places.push(self.named_place(name).place);
            }
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Reads a part without following its structure: its calls, jumps and labels in text order,
    /// each of which may happen or not.
    fn flat(&mut self, node: Node) {
        let text = self.text;
        let tree = &text.tree;
        for inner in tree.subtree(node) {
            let span = text.span(inner);
            match tree.kind(inner) {
                Kind::Call => self.flat_call(inner),
                Kind::Return => self.maybe(|body| {
                    let written = Some(text.keyword(inner, 6));
                    body.leave(Some(Expr::Unknown), span, written);
                }),
                Kind::Goto => {
                    if let Some(label) = tree.child(inner, Part::Label) {
                        let label = self.cx.name(text.bytes(label));
                        let written = Some(text.keyword(inner, 4));
                        self.maybe(|body| body.goto(label, written));
                    }
                }
                Kind::Labeled => {
                    if let Some(label) = tree.child(inner, Part::Label) {
                        let word = text.word(label);
                        let name = self.cx.name(text.original(word));
                        self.place_label(name, word);
                    }
                }
                Kind::Case => {
                    let (kind, len) = match tree.child(inner, Part::Value) {
                        Some(_) => (LabelKind::Case, 4),
                        None => (LabelKind::Default, 7),
                    };
                    let to = self.place_case(kind, text.keyword(inner, len));
                    let values = CaseRange(None);
                    self.add_arm(SwitchArm { values, to });
                }
                _ => {}
            }
        }
    }

    fn flat_call(&mut self, node: Node) {
        let text = self.text;
        let Some(function) = text.tree.child(node, Part::Function) else {
            return;
        };
        let callee_span = text.span(function);
        let callee = if text.tree.kind(function) == Kind::Identifier {
            Callee::Named(self.cx.name(text.bytes(function)))
        } else {
            Callee::Indirect(Expr::Unknown)
        };
        let call = Call {
            dst: None,
            callee,
            callee_span: match text.tree.child(function, Part::Accessed) {
                Some(member) => text.span(member),
                None => callee_span,
            },
            args: Vec::new(),
            synthetic: false,
        };
        self.push(InstrKind::Call(Box::new(call)), text.span(node));
    }

    /// A jump that may be taken here.
    pub(super) fn maybe(&mut self, jump: impl FnOnce(&mut Self)) {
        let (taken, next) = (self.new_block(), self.new_block());
        self.end(Terminator::Either(vec![taken, next]));
        self.start(taken);
        jump(self);
        self.start(next);
    }

    /// The jumps in an `ERROR` node that were not recognised as statements.
    fn loose_jumps(&mut self, node: Node) {
        let (labels, returns) = self.jump_words(node);
        if returns {
            let span = self.text.span(node);
            self.maybe(|body| body.leave(Some(Expr::Unknown), span, None));
        }
        for label in labels {
            self.maybe(|body| body.goto(label, None));
        }
    }

    fn jump_words(&mut self, node: Node) -> (Vec<Name>, bool) {
        let text = self.text;
        let tree = &text.tree;
        let mut labels = Vec::new();
        let mut returns = false;
        let mut from = tree.start(node);
        let statements = tree.children(node).filter(|c| is_statement(tree.kind(*c)));
        let ends = statements.map(|c| (tree.start(c), tree.end(c)));
        let last = (tree.end(node), tree.end(node));
        for (start, end) in ends.chain([last]).collect::<Vec<_>>() {
            let gap = text.parsed.get(from as usize..start as usize);
            from = end;
            let mut after_goto = false;
            for word in words(gap.unwrap_or(&[])) {
                if after_goto {
                    let label = self.cx.name(word);
                    if !labels.contains(&label) {
                        labels.push(label);
                    }
                }
                after_goto = word == b"goto";
                returns |= word == b"return";
            }
        }
        (labels, returns)
    }
}

fn is_statement(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::AttributedStatement
            | Kind::Break
            | Kind::Case
            | Kind::Compound
            | Kind::Continue
            | Kind::Declaration
            | Kind::Do
            | Kind::ExpressionStatement
            | Kind::For
            | Kind::FunctionDefinition
            | Kind::Goto
            | Kind::If
            | Kind::Labeled
            | Kind::PreprocIf
            | Kind::PreprocIfdef
            | Kind::Return
            | Kind::Switch
            | Kind::TypeDefinition
            | Kind::While
    )
}

/// The words of a text.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| !(b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80))
        .filter(|word| !word.is_empty())
}
