//! What the walk sees of the tokens around a place; nothing here changes anything.

use super::frame::NONE;
use super::lex::{Kind, Token};
use super::model::Extent;
use super::walk::Walker;
use super::words::{Word, looks_like_attribute};

/// How far back the start of a token's line is looked for.
const INDENT: usize = 128;

impl Walker<'_> {
    pub(super) fn kind(&self, at: usize) -> Kind {
        // Past the end everything looks like the end of an item.
        self.tokens.get(at).map_or(Kind::Semi, |token| token.kind)
    }

    pub(super) fn word(&self, at: usize) -> Option<Word> {
        match self.kind(at) {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(super) fn name(&self, at: usize) -> &[u8] {
        self.tokens
            .get(at)
            .map_or(&[], |token| token.extent().of(self.source))
    }

    pub(super) fn extent(&self, at: usize) -> Extent {
        self.tokens
            .get(at)
            .map_or(Extent::default(), |t| t.extent())
    }

    /// From the start of one token to the end of another; empty if that comes before.
    pub(super) fn span(&self, first: usize, last: usize) -> Extent {
        let start = self.extent(first).start;
        Extent::new(start, self.extent(last).end.max(start))
    }

    /// The token that closes the bracket at `at`.
    pub(super) fn closer(&self, at: usize) -> Option<usize> {
        let close = *self.closes.get(at)?;
        (close != NONE).then_some(close as usize)
    }

    /// If a parenthesis opens at `at`: the token that closes it.
    pub(super) fn parens(&self, at: usize) -> Option<usize> {
        if self.kind(at) != Kind::Open(b'(') {
            return None;
        }
        self.closer(at)
    }

    pub(super) fn operand_before(&self, at: usize) -> bool {
        at > 0 && self.kind(at - 1).ends_operand()
    }

    /// Whether a declaration starts here, as opposed to an expression.
    pub(super) fn starts_declaration(&self, at: usize) -> bool {
        match self.word(at) {
            Some(word) if word.is_type() => true,
            Some(Word::Storage | Word::Typeof | Word::GnuAttribute | Word::Attribute) => true,
            Some(Word::Ident) => self.word(at + 1).is_some_and(Word::is_specifier),
            _ => false,
        }
    }

    /// The arguments between two parentheses, trimmed; the text of each is one extent.
    pub(super) fn arguments(&self, open: usize, close: usize) -> Vec<Extent> {
        let mut list = Vec::new();
        let mut first = open + 1;
        while first < close {
            let end = self.argument_end(first, close);
            list.push(if end > first {
                self.span(first, end - 1)
            } else {
                Extent::new(self.extent(end).start, self.extent(end).start)
            });
            first = end + 1;
        }
        list
    }

    /// The comma or parenthesis that ends the argument starting at `first`.
    pub(super) fn argument_end(&self, first: usize, close: usize) -> usize {
        let mut at = first;
        while at < close && self.kind(at) != Kind::Comma {
            at = self.closer(at).unwrap_or(at) + 1;
        }
        at.min(close)
    }

    pub(super) fn is_attribute_like(&self, at: usize) -> bool {
        match self.word(at) {
            Some(Word::Attribute | Word::GnuAttribute) => true,
            Some(Word::Ident) => looks_like_attribute(self.name(at)),
            _ => false,
        }
    }

    /// The last token of an attribute word with its arguments. `__init (*f)(void)` has none.
    pub(super) fn attribute_end(&self, at: usize) -> usize {
        match self.parens(at + 1) {
            Some(close) if self.kind(at + 2) != Kind::Star => close,
            _ => at,
        }
    }

    /// Whether the tokens `first..end` can only be a type.
    pub(super) fn is_type_like(&self, first: usize, end: usize) -> bool {
        let starts = self
            .word(first)
            .is_some_and(|w| w.is_type() || w == Word::Typeof);
        let stars = end > first + 1
            && self.kind(end - 1) == Kind::Star
            && self.word(first).is_some_and(Word::is_specifier);
        let name = self.name(first);
        let spelled = end == first + 1
            && (name.ends_with(b"_t")
                || name.len() < 8 && name.ends_with(b"8")
                || [b"16".as_slice(), b"32", b"64"]
                    .iter()
                    .any(|width| name.len() < 8 && name.ends_with(width)));
        starts || stars || spelled
    }

    /// Whether a newline follows the token.
    pub(super) fn ends_line(&self, at: usize) -> bool {
        let between = Extent::new(self.extent(at).end, self.extent(at + 1).start);
        between.of(self.source).contains(&b'\n')
    }

    /// The column a token stands in if it is the first of its line, tabs counted as eight.
    pub(super) fn indent(&self, at: usize) -> Option<usize> {
        let start = self.extent(at).start as usize;
        let line = self.source.get(start.saturating_sub(INDENT)..start)?;
        let newline = line.iter().rposition(|b| *b == b'\n')?;
        let mut column = 0;
        for byte in &line[newline + 1..] {
            match byte {
                b'\t' => column += 8 - column % 8,
                b' ' => column += 1,
                _ => return None,
            }
        }
        Some(column)
    }

    /// Whether what follows the macro at `name` is indented below it, as a loop's body is.
    pub(super) fn leads_by_layout(&self, name: usize, next: usize) -> bool {
        match (self.indent(name), self.indent(next)) {
            (Some(outer), Some(inner)) => outer < inner,
            _ => false,
        }
    }
}

/// Finds each bracket's partner; brackets without one have [`NONE`].
pub(super) fn match_brackets(tokens: &[Token]) -> Vec<u32> {
    let mut closes = vec![NONE; tokens.len()];
    let mut open: Vec<(u32, u8)> = Vec::new();
    // How many of each bracket are open, so that a stray closer drops nothing.
    let mut counts = [0u32; 3];
    let slot = |bracket: u8| match bracket {
        b'(' | b')' => 0,
        b'[' | b']' => 1,
        _ => 2,
    };
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Open(bracket) => {
                open.push((at as u32, bracket));
                counts[slot(bracket)] += 1;
            }
            Kind::Close(bracket) if counts[slot(bracket)] > 0 => {
                while let Some((start, opened)) = open.pop() {
                    counts[slot(opened)] -= 1;
                    if slot(opened) == slot(bracket) {
                        closes[start as usize] = at as u32;
                        break;
                    }
                    // A parenthesis never closed ends with its block; a brace never closed stays
                    // open when only a parenthesis closes.
                    if opened == b'{' {
                        open.push((start, opened));
                        counts[slot(opened)] += 1;
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    closes
}
