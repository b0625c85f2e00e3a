//! Changes that are recorded as they are made.

use super::frame::{After, NONE, Room, Stage};
use super::model::{AttributeUse, BlockKind, BlockMacro, Definition, Extent, MacroUse, Symbol};
use super::walk::Walker;
use super::words::{Word, looks_like_iterator};

impl Walker<'_> {
    /// Records what a declaration at file scope gives.
    pub(super) fn record_declaration(&mut self, last: usize) {
        let top = *self.top();
        let first = top.first as usize;
        let symbol = if self.name(first) == b"typedef" {
            Symbol::Typedef
        } else if top.function && top.stage == Stage::Named {
            Symbol::Prototype
        } else {
            return;
        };
        self.define(symbol, top.name, self.span(first, last));
    }

    pub(super) fn define(&mut self, symbol: Symbol, name: u32, whole: Extent) {
        if name != NONE {
            self.out.definitions.push(Definition {
                symbol,
                name: self.extent(name as usize),
                whole,
            });
        }
    }

    /// Records and blanks an attribute: the word at `at` with its arguments up to `last`.
    pub(super) fn drop_attribute(&mut self, at: usize, last: usize) {
        let whole = self.span(at, last);
        self.text.blank(whole);
        self.out.attributes.push(AttributeUse {
            name: self.extent(at),
            whole,
        });
    }

    /// `__attribute__((a, b(1)))` at `at`: records each, blanks all, gives the next token.
    pub(super) fn gnu_attribute(&mut self, at: usize) -> usize {
        let Some(close) = self.parens(at + 1) else {
            self.text.blank(self.extent(at));
            return at + 1;
        };
        let mut inner = at + 3;
        while inner < close {
            let last = self.parens(inner + 1).unwrap_or(inner).min(close);
            if self.word(inner).is_some() {
                let whole = self.span(inner, last);
                self.out.attributes.push(AttributeUse {
                    name: self.extent(inner),
                    whole,
                });
            }
            inner = last + 1;
        }
        self.text.blank(self.span(at, close));
        close + 1
    }

    /// `asm volatile (…)` at `at`: keeps `asm("")`, gives the next token.
    pub(super) fn assembly(&mut self, at: usize, keep: bool) -> usize {
        let mut open = at + 1;
        while self.word(open).is_some() {
            open += 1;
        }
        let Some(close) = self.parens(open) else {
            return at + 1;
        };
        let whole = self.span(at, close);
        let inner = Extent::new(self.extent(open).end, self.extent(close).start);
        self.out.asm.push(inner);
        if keep {
            self.text
                .blank(Extent::new(self.extent(at).end, self.extent(open).start));
            self.text.blank(inner);
            self.text.place(inner, b"\"\"");
        } else {
            self.text.blank(whole);
        }
        close + 1
    }

    /// Writes `;` after the token at `at`.
    pub(super) fn end_statement(&mut self, at: usize) {
        self.text.insert(self.extent(at).end, b';');
    }

    pub(super) fn record_macro(&mut self, name: usize, whole: Extent, open: usize, close: usize) {
        let args = self.arguments(open, close);
        self.out.top_macros.push(MacroUse {
            name: self.extent(name),
            whole,
            args,
        });
    }

    /// Makes a loop keyword of the macro at `at`; its head opens at `open`.
    pub(super) fn block_macro(&mut self, at: usize, open: usize, kind: BlockKind) -> usize {
        let name = self.extent(at);
        self.out.blocks.push(BlockMacro { name, kind });
        let Some(close) = self.closer(open) else {
            return open;
        };
        let word: &[u8] = if name.end - name.start < 5 {
            b"if"
        } else {
            b"while"
        };
        if open + 1 == close {
            // An empty head is no condition: `while (0)` fits when the name is long enough.
            let head: &[u8] = if word == b"if" { b"if(0)" } else { b"while(0)" };
            self.text.replace(self.span(at, close), head);
        } else {
            self.text.replace(name, word);
        }
        self.push_before(After::Body, Room::Args, open)
    }

    /// Iterator, guarded block or neither, by name.
    pub(super) fn block_kind(&self, at: usize) -> Option<BlockKind> {
        match self.word(at) {
            Some(Word::Iterator) => Some(BlockKind::Iterator),
            Some(Word::Scoped) => Some(BlockKind::Scoped),
            _ if looks_like_iterator(self.name(at)) => Some(BlockKind::Iterator),
            _ => None,
        }
    }

    /// A macro without arguments stands for a statement.
    pub(super) fn end_bare_word(&mut self, at: usize) {
        let word = self.extent(at);
        if !self.text.insert(word.end, b';') {
            // Without room behind the word it gives its last letter.
            self.text.replace(Extent::new(word.end - 1, word.end), b";");
        }
        self.end_item();
    }

    /// Blanks and records a macro; `last` is the last token that goes with it.
    pub(super) fn drop_macro(&mut self, first: usize, name: usize, close: usize, last: usize) {
        let whole = self.span(first, last);
        self.text.blank(whole);
        self.record_macro(name, whole, name + 1, close);
        self.end_item();
    }
}
