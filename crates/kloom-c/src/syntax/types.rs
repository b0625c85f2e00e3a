//! Types, where they can be told from expressions.

use super::plain::Reader;
use super::token::{is_word, name_end, skip_blanks, word_end};
use super::{Field, Kind};

/// What a word of the grammar is in a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Storage,
    Qualifier,
    /// `struct`, with its kind.
    Tag(Kind),
    /// `unsigned`, `long`: may be followed by more.
    Size,
    Primitive,
    /// A name, which may be a type.
    Name,
}

fn word(text: &[u8]) -> Option<Word> {
    Some(match text {
        b"static" | b"extern" | b"register" | b"auto" | b"inline" => Word::Storage,
        b"const" | b"volatile" => Word::Qualifier,
        b"struct" => Word::Tag(Kind::Struct),
        b"union" => Word::Tag(Kind::Union),
        b"enum" => Word::Tag(Kind::Enum),
        b"unsigned" | b"signed" | b"long" | b"short" => Word::Size,
        b"int" | b"char" | b"void" | b"bool" | b"size_t" | b"ssize_t" | b"uint8_t"
        | b"uint16_t" | b"uint32_t" | b"uint64_t" | b"int8_t" | b"int16_t" | b"int32_t"
        | b"int64_t" | b"uintptr_t" | b"intptr_t" | b"ptrdiff_t" => Word::Primitive,
        _ if name_end(text, 0).is_some() => Word::Name,
        _ => return None,
    })
}

impl Reader<'_, '_> {
    pub(super) fn next_word(&mut self) -> Option<(Word, usize)> {
        self.at = skip_blanks(self.text, self.at);
        let text = &self.text[self.at..word_end(self.text, self.at)];
        Some((word(text)?, text.len()))
    }

    /// Whether the word that comes next can only start a type.
    fn at_type_word(&mut self) -> bool {
        matches!(self.next_word(), Some((found, _)) if found != Word::Name)
    }

    /// Whether a declaration comes next: a type, and a name that is declared.
    pub(super) fn at_declaration(&mut self) -> bool {
        match self.next_word() {
            Some((Word::Name, length)) => {
                let mut at = skip_blanks(self.text, self.at + length);
                while self.text.get(at) == Some(&b'*') {
                    at = skip_blanks(self.text, at + 1);
                }
                self.text.get(at).copied().is_some_and(is_word)
            }
            found => found.is_some(),
        }
    }

    /// A type with the words around it.
    pub(super) fn specifiers(&mut self) -> Option<()> {
        let mut typed = false;
        loop {
            let (found, length) = match self.next_word() {
                Some((Word::Name, _)) | None if typed => return Some(()),
                found => found?,
            };
            match found {
                Word::Storage => self.leaf(Kind::StorageClass, Field::None, length)?,
                Word::Qualifier => self.leaf(Kind::TypeQualifier, Field::None, length)?,
                _ if typed => return None,
                Word::Primitive => self.leaf(Kind::PrimitiveType, Field::Type, length)?,
                Word::Name => self.leaf(Kind::TypeIdentifier, Field::Type, length)?,
                Word::Size => self.sized(length)?,
                Word::Tag(kind) => self.tagged(kind, length)?,
            }
            typed |= !matches!(found, Word::Storage | Word::Qualifier);
        }
    }

    /// `unsigned long int`.
    fn sized(&mut self, first: usize) -> Option<()> {
        let node = self.open(Kind::SizedType, Field::Type)?;
        self.skip(first);
        loop {
            match self.next_word() {
                Some((Word::Size, length)) => self.skip(length),
                Some((Word::Primitive, length)) => {
                    self.leaf(Kind::PrimitiveType, Field::Type, length)?;
                    break;
                }
                _ => break,
            }
        }
        self.close(node);
        // `long int unsigned`, and `long volatile`, which is one type to the grammar.
        let more = matches!(self.next_word(), Some((Word::Size | Word::Qualifier, _)));
        (!more).then_some(())
    }

    /// `struct tag`, or its definition.
    fn tagged(&mut self, kind: Kind, word: usize) -> Option<()> {
        let node = self.open(kind, Field::Type)?;
        self.skip(word);
        let named = self.next()? != b'{';
        if named {
            let length = name_end(self.text, self.at)? - self.at;
            self.leaf(Kind::TypeIdentifier, Field::Name, length)?;
        }
        match self.next() {
            Some(b'{') if kind == Kind::Enum => self.enumerators()?,
            Some(b'{') => self.deeper(Self::fields)?,
            Some(b':') if kind == Kind::Enum => return None,
            _ => {}
        }
        self.close(node);
        Some(())
    }

    pub(super) fn qualifiers(&mut self) -> Option<()> {
        while let Some((Word::Qualifier, length)) = self.next_word() {
            self.leaf(Kind::TypeQualifier, Field::None, length)?;
        }
        Some(())
    }

    /// Whether what stands in the parentheses that start here is a type: there is a word that says
    /// so, a `*` with nothing behind it, or an operand behind them that takes no sign.
    pub(super) fn at_type_in_paren(&mut self) -> bool {
        let start = self.at;
        self.at += 1;
        let found = self.at_type_word() || self.at_type_name();
        self.at = start;
        found
    }

    fn at_type_name(&mut self) -> bool {
        let Some(end) = name_end(self.text, self.at) else {
            return false;
        };
        let mut at = skip_blanks(self.text, end);
        let stars = at;
        while self.text.get(at) == Some(&b'*') {
            at = skip_blanks(self.text, at + 1);
        }
        if self.text.get(at) != Some(&b')') {
            return false;
        }
        let behind = self.text.get(skip_blanks(self.text, at + 1)).copied();
        at > stars || behind.is_some_and(is_word)
    }

    /// `(const struct tag *)`, of which the parentheses are no node.
    pub(super) fn type_in_paren(&mut self) -> Option<()> {
        self.expect(b'(')?;
        self.next()?;
        let node = self.open(Kind::TypeDescriptor, Field::Type)?;
        self.specifiers()?;
        if self.next()? == b'*' {
            self.abstract_pointer()?;
        }
        self.close(node);
        self.expect(b')')
    }

    /// Whether the stars that come next have no name behind them.
    pub(super) fn is_abstract(&mut self) -> bool {
        let mut at = self.at;
        loop {
            at = skip_blanks(self.text, at);
            match self.text.get(at) {
                Some(b'*') => at += 1,
                Some(byte) if is_word(*byte) => {
                    let end = word_end(self.text, at);
                    if word(&self.text[at..end]) != Some(Word::Qualifier) {
                        return false;
                    }
                    at = end;
                }
                Some(b',' | b')') => return true,
                _ => return false,
            }
        }
    }

    pub(super) fn abstract_pointer(&mut self) -> Option<()> {
        let node = self.open(Kind::AbstractPointer, Field::Declarator)?;
        self.skip(1);
        self.qualifiers()?;
        if self.next()? == b'*' {
            self.deeper(Self::abstract_pointer)?;
        }
        self.close(node);
        Some(())
    }
}
