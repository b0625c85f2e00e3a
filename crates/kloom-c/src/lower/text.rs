//! One parsed piece of a file: the file itself, a definition of a header, a macro's body.

use crate::headers::Source;
use crate::pre::{BlockMacro, Chain, Extent, MacroHead, Prepared};
use crate::syntax::{Node, Tree};
use kloom_diag::{FileId, Span};
use std::sync::Arc;

/// A parsed piece with the way back to the user's bytes.
pub(super) struct Text<'t> {
    /// The file it is a piece of.
    pub file: FileId,
    /// The file's original bytes.
    pub original: &'t [u8],
    /// What the prepass changed.
    pub prepared: &'t Prepared,
    /// What was parsed.
    pub parsed: &'t [u8],
    /// The parse.
    pub tree: Arc<Tree>,
    /// From an offset in `parsed` to one in `prepared`, modulo 2^32.
    pub to_prepared: u32,
    /// From an offset in `prepared` to one in `original`.
    pub to_file: u32,
}

impl<'t> Text<'t> {
    /// A whole file.
    pub(super) fn whole(file: FileId, source: &'t Source) -> Self {
        let parsed = source.prepared.text.as_slice();
        Text {
            file,
            original: &source.text,
            prepared: &source.prepared,
            parsed,
            tree: Arc::new(Tree::parse(parsed)),
            to_prepared: 0,
            to_file: 0,
        }
    }

    /// A definition in a file.
    pub(super) fn part(file: FileId, source: &'t Source, part: Extent) -> Self {
        Text {
            file,
            original: &source.text,
            prepared: &source.prepared,
            parsed: part.of(&source.prepared.text),
            tree: source.tree(part),
            to_prepared: part.start,
            to_file: 0,
        }
    }

    /// Where a node stands in the file.
    pub(super) fn span(&self, node: Node) -> Span {
        self.span_of(self.tree.start(node), self.tree.end(node))
    }

    /// Where parsed bytes stand in the file.
    pub(super) fn span_of(&self, start: u32, end: u32) -> Span {
        let shift = self.to_prepared.wrapping_add(self.to_file);
        Span::new(
            self.file,
            start.wrapping_add(shift),
            end.wrapping_add(shift),
        )
    }

    /// The first `len` bytes of a node: its keyword.
    pub(super) fn keyword(&self, node: Node, len: u32) -> Span {
        let start = self.tree.start(node);
        self.span_of(start, start + len)
    }

    /// A node's text as parsed.
    pub(super) fn bytes(&self, node: Node) -> &'t [u8] {
        let range = self.tree.start(node) as usize..self.tree.end(node) as usize;
        self.parsed.get(range).unwrap_or(&[])
    }

    /// The bytes of the user's file behind a span of this piece.
    pub(super) fn original(&self, span: Span) -> &'t [u8] {
        Extent::new(span.start, span.end).of(self.original)
    }

    /// Where the prepass saw the start of a node.
    pub(super) fn prepared_start(&self, node: Node) -> u32 {
        self.tree.start(node).wrapping_add(self.to_prepared)
    }

    /// Where the prepass saw the end of a node.
    pub(super) fn prepared_end(&self, node: Node) -> u32 {
        self.tree.end(node).wrapping_add(self.to_prepared)
    }

    /// The macro that this loop keyword stands for.
    pub(super) fn block_macro(&self, node: Node) -> Option<BlockMacro> {
        let blocks = &self.prepared.blocks;
        let start = self.prepared_start(node);
        let at = blocks.binary_search_by_key(&start, |b| b.name.start).ok()?;
        blocks.get(at).copied()
    }

    /// The user's text of an argument that was replaced because it is a type.
    pub(super) fn type_argument(&self, node: Node) -> Option<&'t [u8]> {
        let list = &self.prepared.type_args;
        let start = self.prepared_start(node);
        let at = list.binary_search_by_key(&start, |e| e.start).ok()?;
        let span = self.span_in_file(*list.get(at)?);
        Some(self.original(span))
    }

    /// The jump word that was blanked just in front of a node, or that it stands for.
    pub(super) fn jump_before(&self, node: Node) -> Option<Span> {
        let list = &self.prepared.jumps;
        let start = self.prepared_start(node);
        let at = list.partition_point(|jump| jump.start <= start);
        let jump = at.checked_sub(1).and_then(|at| list.get(at))?;
        let gap = Extent::new(jump.start, start).of(&self.prepared.text);
        gap.iter()
            .all(u8::is_ascii_whitespace)
            .then(|| self.span_in_file(*jump))
    }

    /// The word of the user's text that starts where a node does.
    pub(super) fn word(&self, node: Node) -> Span {
        let span = self.span(node);
        let rest = self.original.get(span.start as usize..).unwrap_or(&[]);
        let word = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_' || **b == b'$' || **b >= 0x80;
        let len = rest.iter().take_while(word).count() as u32;
        Span::new(span.file, span.start, span.start + len)
    }

    /// The `#if` chain that a node of the grammar stands for.
    pub(super) fn chain(&self, node: Node) -> Option<&'t Chain> {
        let chains = &self.prepared.chains;
        let start = self.prepared_start(node);
        let at = chains
            .binary_search_by_key(&start, |c| c.whole.start)
            .ok()?;
        chains.get(at)
    }

    /// The operands of inline assembly in a node.
    pub(super) fn assembly(&self, node: Node) -> Option<Span> {
        let list = &self.prepared.asm;
        let at = list.partition_point(|e| e.start < self.prepared_start(node));
        let found = list.get(at)?;
        (found.start < self.prepared_end(node)).then(|| self.span_in_file(*found))
    }

    /// The macro that made a function's head.
    pub(super) fn head(&self, name: Node) -> Option<&'t MacroHead> {
        let start = self.prepared_start(name);
        let near = |head: &&MacroHead| head.function.start == start || head.whole.contains(start);
        self.prepared.heads.iter().find(near)
    }

    /// Whether a comma just before this argument was put there to join two pieces of a string.
    pub(super) fn glued(&self, before: Node, argument: Node) -> bool {
        let from = self.prepared_end(before);
        let to = self.prepared_start(argument);
        let glue = &self.prepared.glue;
        let at = glue.partition_point(|offset| *offset < from);
        glue.get(at).is_some_and(|offset| *offset < to)
    }

    /// A range of the prepass as a span.
    pub(super) fn span_in_file(&self, extent: Extent) -> Span {
        Span::new(
            self.file,
            extent.start.wrapping_add(self.to_file),
            extent.end.wrapping_add(self.to_file),
        )
    }
}
