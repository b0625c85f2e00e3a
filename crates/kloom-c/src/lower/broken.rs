//! Text that cannot be read: what it may do is kept as small as the tree allows.

use super::body::Body;
use crate::syntax::{Kind, Node};
use kloom_ir::{InstrKind, Name, PlaceId, Skipped, Terminator};

impl Body<'_, '_> {
    /// A part that the grammar could not read.
    pub(super) fn broken(&mut self, node: Node) {
        self.opaque_part(node, Skipped::Syntax);
    }

    /// A part that is nested too deep.
    pub(super) fn too_deep(&mut self, node: Node) {
        self.opaque_part(node, Skipped::Depth);
    }

    fn opaque_part(&mut self, node: Node, why: Skipped) {
        let span = self.text.span(node);
        self.cx.skip(why, span);
        self.opaque += 1;
        let havoc = self.mentioned(node);
        self.push(InstrKind::Opaque { havoc }, span);
        let jumps = self.jumps_in(node);
        if jumps.labels.is_empty() && !jumps.returns {
            return;
        }
        let next = self.new_block();
        let mut ways = vec![next];
        for label in jumps.labels {
            let leave = self.new_block();
            ways.push(leave);
            let here = self.here();
            self.start(leave);
            self.goto(label, None);
            self.start(here);
        }
        if jumps.returns {
            let leave = self.new_block();
            ways.push(leave);
            let here = self.here();
            self.start(leave);
            self.run_cleanups(None);
            self.end(Terminator::Return {
                value: Some(kloom_ir::Expr::Unknown),
                span,
                written: None,
            });
            self.start(here);
        }
        self.end(Terminator::Either(ways));
        self.start(next);
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

    fn jumps_in(&mut self, node: Node) -> Jumps {
        let mut jumps = Jumps::default();
        let mut after_goto = false;
        for word in words(self.text.bytes(node)) {
            if after_goto {
                let label = self.cx.name(word);
                if !jumps.labels.contains(&label) {
                    jumps.labels.push(label);
                }
            }
            after_goto = word == b"goto";
            jumps.returns |= word == b"return";
        }
        jumps
    }
}

/// How a part that cannot be read may be left.
#[derive(Default)]
struct Jumps {
    labels: Vec<Name>,
    returns: bool,
}

/// The words of a text.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| !(b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80))
        .filter(|word| !word.is_empty())
}
