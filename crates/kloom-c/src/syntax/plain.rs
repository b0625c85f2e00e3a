//! Expressions whose shape hangs on no type, read here so that the parser sees one token for each.
//!
//! Two things in C's expressions cannot be told without knowing types: `(a) - b` may be a cast,
//! `a * b;` a declaration. There, and wherever something is not written the way expressions
//! usually are, the reader gives up and the grammar decides. What it reads it reads as the grammar
//! does, node for node.

use super::token::{
    self, binary_operator, literal_end, name_end, number_end, skip_blanks, word_end,
};
use super::{Field, Kind};

/// Longer expressions are left to the grammar: a node is put in front of what was read before it.
const MAX_NODES: usize = 200;
/// Deeper ones, too.
const MAX_DEPTH: u32 = 24;

/// A node of an expression.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) field: Field,
    pub(super) start: u32,
    pub(super) end: u32,
    /// How many nodes it is, with all that is in it.
    pub(super) count: u32,
}

/// How much of an expression is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Up to what ends an expression; no comma.
    Expression,
    /// One operand with its members, elements, calls and signs.
    Operand,
    /// A name with its members.
    Members,
}

/// Reads an expression that starts here: adds its nodes, parents first, and gives its end.
pub(super) fn read(text: &[u8], at: usize, reach: Reach, nodes: &mut Vec<Part>) -> Option<usize> {
    let base = nodes.len();
    let mut reader = Reader::new(text, at, nodes);
    let read = match reach {
        Reach::Expression => reader.assignment(),
        Reach::Operand => reader.postfix(),
        Reach::Members => reader.name().and_then(|()| reader.members(base)),
    };
    let end = reader.end;
    if read.is_none() {
        nodes.truncate(base);
    }
    read.map(|()| end)
}

/// Reads tokens and makes nodes of them.
pub(super) struct Reader<'t, 'n> {
    pub(super) text: &'t [u8],
    /// Where the next token is looked for.
    pub(super) at: usize,
    /// The end of the last token.
    pub(super) end: usize,
    depth: u32,
    /// How many nodes there were before the expression.
    base: usize,
    pub(super) nodes: &'n mut Vec<Part>,
}

impl<'t, 'n> Reader<'t, 'n> {
    pub(super) fn new(text: &'t [u8], at: usize, nodes: &'n mut Vec<Part>) -> Reader<'t, 'n> {
        Reader {
            text,
            at,
            end: at,
            depth: 0,
            base: nodes.len(),
            nodes,
        }
    }

    /// From here on nodes are counted anew.
    pub(super) fn start_expression(&mut self) {
        self.base = self.nodes.len();
    }

    /// An expression without commas that starts at the next token.
    pub(super) fn single(&mut self, field: Field) -> Option<()> {
        self.start_expression();
        self.part(field, Self::assignment)
    }

    /// A whole expression that starts at the next token.
    pub(super) fn whole(&mut self, field: Field) -> Option<()> {
        let first = self.nodes.len();
        self.single(field)?;
        if self.next()? == b',' {
            self.wrap(first, Kind::Comma, Field::Left);
            self.skip(1);
            self.next()?;
            self.part(Field::Right, |reader| reader.whole(Field::Right))?;
            self.nodes[first].field = field;
            self.close(first);
        }
        Some(())
    }

    /// What a statement hangs on, in its parentheses.
    pub(super) fn head(&mut self) -> Option<()> {
        if self.next()? != b'(' {
            return None;
        }
        self.start_expression();
        let node = self.open(Kind::Paren, Field::Condition)?;
        self.skip(1);
        self.deeper(Self::assignment)?;
        self.expect(b')')?;
        self.close(node);
        Some(())
    }

    /// What comes next.
    fn rest(&mut self) -> &'t [u8] {
        self.at = skip_blanks(self.text, self.at);
        self.text.get(self.at..).unwrap_or(&[])
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// Goes past a token that becomes no node.
    pub(super) fn skip(&mut self, length: usize) {
        self.at += length;
        self.end = self.at;
    }

    pub(super) fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then(|| self.skip(1))
    }

    /// A node that starts at the next token and is closed later.
    pub(super) fn open(&mut self, kind: Kind, field: Field) -> Option<usize> {
        let at = self.nodes.len();
        let start = self.at as u32;
        self.nodes.push(Part {
            kind,
            field,
            start,
            end: start,
            count: 1,
        });
        (at - self.base < MAX_NODES).then_some(at)
    }

    /// The node ends with what was read last.
    pub(super) fn close(&mut self, node: usize) {
        let count = self.nodes.len() - node;
        let node = &mut self.nodes[node];
        node.count = count as u32;
        node.end = self.end as u32;
    }

    /// A node around what was read from `first` on, which becomes a part of it.
    pub(super) fn wrap(&mut self, first: usize, kind: Kind, part: Field) {
        let inner = &mut self.nodes[first];
        inner.field = part;
        let outer = Part {
            kind,
            field: Field::None,
            ..*inner
        };
        self.nodes.insert(first, outer);
    }

    /// A token of this length.
    pub(super) fn leaf(&mut self, kind: Kind, field: Field, length: usize) -> Option<()> {
        let node = self.open(kind, field)?;
        self.skip(length);
        self.close(node);
        Some(())
    }

    /// One level deeper.
    pub(super) fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.depth += 1;
        let done = (self.depth <= MAX_DEPTH).then(|| read(self)).flatten();
        self.depth -= 1;
        done
    }

    /// Reads a part of the node around it.
    fn part(&mut self, field: Field, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let first = self.nodes.len();
        self.deeper(read)?;
        self.nodes[first].field = field;
        Some(())
    }

    fn assignment(&mut self) -> Option<()> {
        let first = self.nodes.len();
        self.conditional()?;
        let Some(length) = token::assignment_operator(self.rest()) else {
            return Some(());
        };
        if !matches!(
            self.nodes[first].kind,
            Kind::Identifier | Kind::FieldAccess | Kind::Subscript | Kind::Pointer
        ) {
            return None;
        }
        self.wrap(first, Kind::Assignment, Field::Left);
        self.leaf(Kind::Other, Field::Operator, length)?;
        self.part(Field::Right, Self::assignment)?;
        self.close(first);
        Some(())
    }

    fn conditional(&mut self) -> Option<()> {
        let first = self.nodes.len();
        self.binary(1)?;
        if self.next() != Some(b'?') {
            return Some(());
        }
        self.wrap(first, Kind::Conditional, Field::Condition);
        self.skip(1);
        if self.next()? != b':' {
            self.part(Field::Consequence, Self::assignment)?;
        }
        self.expect(b':')?;
        self.part(Field::Alternative, Self::conditional)?;
        self.close(first);
        Some(())
    }

    /// Operators that bind at least this strongly.
    fn binary(&mut self, least: u8) -> Option<()> {
        let first = self.nodes.len();
        self.unary()?;
        while let Some((length, strength)) = binary_operator(self.rest()) {
            if strength < least {
                break;
            }
            self.wrap(first, Kind::Binary, Field::Left);
            self.leaf(Kind::Other, Field::Operator, length)?;
            self.part(Field::Right, |reader| reader.binary(strength + 1))?;
            self.close(first);
        }
        Some(())
    }

    fn unary(&mut self) -> Option<()> {
        let (kind, length) = match self.rest() {
            [b'+', b'+', ..] | [b'-', b'-', ..] => (Kind::Update, 2),
            // The address of a label.
            [b'&', b'&', ..] => return None,
            [b'&' | b'*', ..] => (Kind::Pointer, 1),
            // The sign is part of the number.
            [b'+' | b'-', b'0'..=b'9', ..] | [b'+' | b'-', b'.', b'0'..=b'9', ..] => {
                let length = number_end(self.text, self.at + 1) - self.at;
                return self.leaf(Kind::Number, Field::None, length);
            }
            [b'!' | b'~' | b'+' | b'-', ..] => (Kind::Unary, 1),
            [b'(', ..] if self.at_type_in_paren() => return self.cast(),
            [b's', b'i', b'z', b'e', b'o', b'f', next, ..] if !token::is_word(*next) => {
                return self.size_of();
            }
            _ => return self.postfix(),
        };
        let node = self.open(kind, Field::None)?;
        self.leaf(Kind::Other, Field::Operator, length)?;
        self.part(Field::Argument, Self::unary)?;
        self.close(node);
        Some(())
    }

    fn cast(&mut self) -> Option<()> {
        let node = self.open(Kind::Cast, Field::None)?;
        self.type_in_paren()?;
        // A compound literal.
        if self.next()? == b'{' {
            return None;
        }
        self.part(Field::Value, Self::unary)?;
        self.close(node);
        Some(())
    }

    /// `sizeof(*p)`, `sizeof(int)`.
    fn size_of(&mut self) -> Option<()> {
        let node = self.open(Kind::SizeOf, Field::None)?;
        self.skip(6);
        if self.next()? != b'(' {
            return None;
        }
        if self.at_type_in_paren() {
            self.type_in_paren()?;
        } else {
            self.part(Field::Value, Self::paren)?;
        }
        // What follows may belong to the operand, or make a cast of it.
        if matches!(self.next(), Some(b'.' | b'[' | b'(' | b'{')) || self.rest().starts_with(b"->")
        {
            return None;
        }
        self.close(node);
        Some(())
    }

    /// An operand with what stands behind it.
    fn postfix(&mut self) -> Option<()> {
        let first = self.nodes.len();
        match self.next()? {
            b'(' => self.deeper(Self::paren)?,
            b'"' => self.strings()?,
            b'\'' => {
                let length = literal_end(self.text, self.at)? - self.at;
                self.leaf(Kind::Char, Field::None, length)?;
            }
            b'0'..=b'9' => {
                let length = number_end(self.text, self.at) - self.at;
                self.leaf(Kind::Number, Field::None, length)?;
            }
            b'.' => return None,
            _ => self.name()?,
        }
        loop {
            self.members(first)?;
            match self.rest() {
                [b'(', ..] => {
                    self.wrap(first, Kind::Call, Field::Function);
                    self.part(Field::Arguments, Self::arguments)?;
                }
                [b'[', ..] => {
                    self.wrap(first, Kind::Subscript, Field::Argument);
                    self.skip(1);
                    self.part(Field::Index, Self::assignment)?;
                    self.expect(b']')?;
                }
                [b'+', b'+', ..] | [b'-', b'-', ..] => {
                    self.wrap(first, Kind::Update, Field::Argument);
                    self.leaf(Kind::Other, Field::Operator, 2)?;
                }
                _ => return Some(()),
            }
            self.close(first);
        }
    }

    /// `->member.member` behind what was read from `first` on.
    fn members(&mut self, first: usize) -> Option<()> {
        while let Some(step) = token::member(self.text, self.at) {
            self.wrap(first, Kind::FieldAccess, Field::Argument);
            self.at = step.operator.0;
            self.leaf(
                Kind::Other,
                Field::Operator,
                step.operator.1 - step.operator.0,
            )?;
            self.at = step.name.0;
            self.leaf(
                Kind::FieldIdentifier,
                Field::Accessed,
                step.name.1 - step.name.0,
            )?;
            self.close(first);
        }
        Some(())
    }

    fn name(&mut self) -> Option<()> {
        self.next()?;
        let end = match name_end(self.text, self.at) {
            Some(end) => end,
            None => return self.constant(),
        };
        self.leaf(Kind::Identifier, Field::None, end - self.at)?;
        // The prefix of a literal, or a piece of a string that a macro stands for.
        (!matches!(self.next(), Some(b'"' | b'\''))).then_some(())
    }

    /// A word of the grammar that is a value.
    fn constant(&mut self) -> Option<()> {
        let end = word_end(self.text, self.at);
        let kind = match self.text.get(self.at..end)? {
            b"NULL" => Kind::Null,
            b"true" | b"TRUE" => Kind::True,
            b"false" | b"FALSE" => Kind::False,
            _ => return None,
        };
        self.leaf(kind, Field::None, end - self.at)
    }

    fn strings(&mut self) -> Option<()> {
        let first = self.nodes.len();
        let mut pieces = 0;
        while self.next() == Some(b'"') {
            let length = literal_end(self.text, self.at)? - self.at;
            if pieces == 1 {
                self.wrap(first, Kind::ConcatenatedString, Field::None);
            }
            self.leaf(Kind::String, Field::None, length)?;
            pieces += 1;
        }
        if pieces > 1 {
            self.close(first);
        }
        // A macro that stands for a piece.
        let word = self.next().is_some_and(token::is_word);
        (!word).then_some(())
    }

    fn paren(&mut self) -> Option<()> {
        let node = self.open(Kind::Paren, Field::None)?;
        self.skip(1);
        self.deeper(Self::assignment)?;
        self.expect(b')')?;
        self.close(node);
        let type_like = matches!(
            self.nodes[node + 1].kind,
            Kind::Identifier | Kind::Call | Kind::Subscript
        );
        let operand = |b: u8| token::is_word(b) || b"(+-*&~!\"'{".contains(&b);
        (!type_like || !self.next().is_some_and(operand)).then_some(())
    }

    fn arguments(&mut self) -> Option<()> {
        let node = self.open(Kind::ArgumentList, Field::None)?;
        self.skip(1);
        if self.next()? != b')' {
            loop {
                self.deeper(Self::assignment)?;
                if self.next()? != b',' {
                    break;
                }
                self.skip(1);
            }
        }
        self.expect(b')')?;
        self.close(node);
        Some(())
    }
}
