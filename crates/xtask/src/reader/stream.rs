//! Looking around in a token stream.

use super::lexer::{Kind, Token};
use std::ops::Range;

/// Keywords whose parenthesis is not evaluated, and attributes.
pub const UNEVALUATED: &[&[u8]] = &[
    b"sizeof",
    b"typeof",
    b"__typeof__",
    b"__typeof",
    b"typeof_unqual",
    b"typeof_member",
    b"alignof",
    b"_Alignof",
    b"_Alignas",
    b"__alignof__",
    b"__alignof",
    b"offsetof",
    b"__builtin_offsetof",
    b"__builtin_types_compatible_p",
    b"__attribute__",
    b"__attribute",
    b"_Static_assert",
    b"static_assert",
    b"_Pragma",
];

/// Attributes with arguments that may stand in the head of a type.
pub const TYPE_ATTRIBUTES: &[&[u8]] = &[b"__attribute__", b"__attribute", b"__aligned"];

/// What has members.
const AGGREGATE: &[&[u8]] = &[b"struct", b"union", b"enum"];

/// A file's tokens with their text.
#[derive(Clone, Copy)]
pub struct Stream<'a> {
    pub source: &'a [u8],
    pub tokens: &'a [Token],
}

impl<'a> Stream<'a> {
    pub fn text(&self, at: usize) -> &'a [u8] {
        self.tokens.get(at).map_or(b"", |t| t.text(self.source))
    }

    pub fn is(&self, at: usize, byte: u8) -> bool {
        self.tokens.get(at).is_some_and(|t| t.is(byte))
    }

    pub fn is_word(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|t| t.kind == Kind::Word)
    }

    /// The token before, directives left out.
    pub fn before(&self, at: usize) -> Option<usize> {
        (0..at).rev().find(|i| !self.is_directive(*i))
    }

    pub fn is_directive(&self, at: usize) -> bool {
        matches!(
            self.tokens.get(at).map(|t| t.kind),
            Some(Kind::If | Kind::Else | Kind::Endif)
        )
    }

    /// The parenthesis that closes the one at `open`, or the last token. Where `#if` arms hold
    /// parentheses, those of the first arm count.
    pub fn closing(&self, open: usize) -> usize {
        let mut depth = 0usize;
        let mut arms: Vec<(usize, Option<usize>)> = Vec::new();
        let mut at = open;
        while let Some(token) = self.tokens.get(at) {
            match token.kind {
                Kind::Punct(b'(') => depth += 1,
                Kind::Punct(b')') => depth = depth.saturating_sub(1),
                Kind::If => arms.push((depth, None)),
                Kind::Else => match arms.last_mut() {
                    Some((start, first)) => {
                        first.get_or_insert(depth);
                        depth = *start;
                    }
                    None => at = self.end_of_other_arms(at),
                },
                Kind::Endif => {
                    if let Some((_, Some(first))) = arms.pop() {
                        depth = first;
                    }
                }
                _ => {}
            }
            if depth == 0 && arms.is_empty() {
                return at;
            }
            at += 1;
        }
        self.tokens.len().saturating_sub(1)
    }

    /// The `#endif` that belongs to an `#else` whose `#if` was passed before reading began.
    pub fn end_of_other_arms(&self, start: usize) -> usize {
        let mut depth = 1usize;
        for at in start + 1..self.tokens.len() {
            match self.tokens[at].kind {
                Kind::If => depth += 1,
                Kind::Endif => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at;
            }
        }
        self.tokens.len().saturating_sub(1)
    }

    /// The parenthesis that opens the one closed here.
    pub fn opening(&self, close: usize) -> Option<usize> {
        let mut depth = 0usize;
        (0..=close).rev().find(|at| {
            if self.is(*at, b')') {
                depth += 1;
            } else if self.is(*at, b'(') {
                depth -= 1;
            }
            depth == 0
        })
    }

    /// Whether the tokens that end here are `struct name`, attributes included.
    pub fn names_aggregate(&self, last: usize) -> bool {
        let mut at = last;
        loop {
            if AGGREGATE.contains(&self.text(at)) {
                return true;
            }
            let step = match self.is(at, b')') {
                true => self
                    .opening(at)
                    .filter(|open| *open > 0 && TYPE_ATTRIBUTES.contains(&self.text(*open - 1))),
                false => Some(at).filter(|at| self.is_word(*at)),
            };
            match step {
                Some(next) if next > 0 => at = next - 1,
                _ => return false,
            }
        }
    }

    /// The name of the function whose head these tokens are; `None` if they head a type or a
    /// table.
    pub fn function_name(&self, head: Range<usize>) -> Option<Range<u32>> {
        let last = self.before(head.end).filter(|at| head.contains(at))?;
        let literal = self.is(last, b')') && {
            let before = self.opening(last)?.checked_sub(1)?;
            !self.is_word(before) && !self.is(before, b')')
        };
        if literal || self.is(last, b'=') || self.names_aggregate(last) {
            return None;
        }
        let mut names = Vec::new();
        let mut at = head.start;
        while at < head.end {
            if self.is(at, b'(') {
                if at > head.start && self.is_word(at - 1) {
                    names.push(at - 1);
                }
                at = self.closing(at);
            }
            at += 1;
        }
        // Attributes with arguments mostly start with two underscores; so do some functions.
        names.retain(|name| !UNEVALUATED.contains(&self.text(*name)));
        let plain = names
            .iter()
            .find(|name| !self.text(**name).starts_with(b"__"));
        let name = self.tokens[*plain.or(names.first())?];
        Some(name.start..name.end)
    }
}
