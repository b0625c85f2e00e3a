//! Declarations: of variables, members, parameters and functions.

use super::plain::Reader;
use super::token::name_end;
use super::types::Word;
use super::{Field, Kind};

impl Reader<'_, '_> {
    /// A declaration of variables or functions with its `;`.
    pub(super) fn declaration(&mut self) -> Option<()> {
        let node = self.open(Kind::Declaration, Field::None)?;
        self.specifiers()?;
        self.declarators()?;
        self.close(node);
        Some(())
    }

    /// What is declared, behind the type and up to the `;`.
    fn declarators(&mut self) -> Option<()> {
        let first = self.nodes.len();
        self.declarator(Kind::Identifier)?;
        self.more_declarators(first)
    }

    /// What may follow the declarator that starts at node `first`, up to the `;`.
    pub(super) fn more_declarators(&mut self, mut first: usize) -> Option<()> {
        loop {
            if self.next()? == b'=' {
                self.wrap(first, Kind::InitDeclarator, Field::Declarator);
                self.nodes[first].field = Field::Declarator;
                self.skip(1);
                self.initializer(Field::Value)?;
                self.close(first);
            }
            match self.next()? {
                b',' => self.skip(1),
                b';' => break,
                _ => return None,
            }
            first = self.nodes.len();
            self.declarator(Kind::Identifier)?;
        }
        self.skip(1);
        Some(())
    }

    /// `*name[3]`, `name(int a)`, `(*name)(int a)`.
    pub(super) fn declarator(&mut self, name: Kind) -> Option<()> {
        let first = self.nodes.len();
        match self.next()? {
            b'*' => {
                self.open(Kind::PointerDeclarator, Field::Declarator)?;
                self.skip(1);
                self.qualifiers()?;
                self.deeper(|reader| reader.declarator(name))?;
                self.close(first);
                return Some(());
            }
            b'(' => {
                self.open(Kind::ParenDeclarator, Field::Declarator)?;
                self.skip(1);
                // Only `(*name)` cannot be anything else.
                if self.next()? != b'*' {
                    return None;
                }
                let inner = self.nodes.len();
                self.deeper(|reader| reader.declarator(name))?;
                self.nodes[inner].field = Field::None;
                self.expect(b')')?;
                self.close(first);
                if self.next()? != b'(' {
                    return None;
                }
            }
            _ => {
                let length = name_end(self.text, self.at)? - self.at;
                self.leaf(name, Field::Declarator, length)?;
            }
        }
        loop {
            match self.next()? {
                b'[' => {
                    self.wrap(first, Kind::Array, Field::Declarator);
                    self.nodes[first].field = Field::Declarator;
                    self.skip(1);
                    if self.next()? != b']' {
                        self.single(Field::Size)?;
                    }
                    self.expect(b']')?;
                }
                b'(' => {
                    self.wrap(first, Kind::FunctionDeclarator, Field::Declarator);
                    self.nodes[first].field = Field::Declarator;
                    self.parameters()?;
                }
                _ => return Some(()),
            }
            self.close(first);
        }
    }

    fn parameters(&mut self) -> Option<()> {
        let list = self.open(Kind::ParameterList, Field::Parameters)?;
        self.skip(1);
        loop {
            if self.next()? == b'.' {
                let dots = self.text.get(self.at..)?.starts_with(b"...");
                dots.then(|| self.leaf(Kind::Variadic, Field::None, 3))??;
            } else {
                self.parameter()?;
            }
            match self.next()? {
                b',' => self.skip(1),
                b')' => break,
                _ => return None,
            }
        }
        self.skip(1);
        self.close(list);
        Some(())
    }

    fn parameter(&mut self) -> Option<()> {
        let node = self.open(Kind::Parameter, Field::None)?;
        self.specifiers()?;
        let is_name =
            self.nodes.last()?.kind == Kind::TypeIdentifier && self.nodes.len() == node + 2;
        match self.next()? {
            // A name alone may be a parameter of old.
            b',' | b')' if is_name => return None,
            b',' | b')' => {}
            b'*' if self.is_abstract() => self.abstract_pointer()?,
            _ => self.declarator(Kind::Identifier)?,
        }
        self.close(node);
        Some(())
    }

    /// The members of a struct or union, in their braces.
    pub(super) fn fields(&mut self) -> Option<()> {
        let list = self.open(Kind::FieldDeclarationList, Field::Body)?;
        self.skip(1);
        while self.next()? != b'}' {
            self.field()?;
        }
        self.skip(1);
        self.close(list);
        Some(())
    }

    /// One declaration of members.
    pub(super) fn field(&mut self) -> Option<()> {
        self.start_expression();
        self.next()?;
        let node = self.open(Kind::FieldDeclaration, Field::None)?;
        self.specifiers()?;
        while self.next()? != b';' {
            self.declarator(Kind::FieldIdentifier)?;
            if self.next()? == b':' {
                let bits = self.open(Kind::Bitfield, Field::None)?;
                self.skip(1);
                self.next()?;
                self.single(Field::None)?;
                self.close(bits);
            }
            match self.next()? {
                b',' => self.skip(1),
                b';' => {}
                _ => return None,
            }
        }
        self.skip(1);
        self.close(node);
        Some(())
    }

    pub(super) fn enumerators(&mut self) -> Option<()> {
        let list = self.open(Kind::EnumeratorList, Field::Body)?;
        self.skip(1);
        while self.next()? != b'}' {
            self.start_expression();
            let node = self.open(Kind::Enumerator, Field::None)?;
            let Some((Word::Name, length)) = self.next_word() else {
                return None;
            };
            self.leaf(Kind::Identifier, Field::Name, length)?;
            if self.next()? == b'=' {
                self.skip(1);
                self.next()?;
                self.single(Field::Value)?;
            }
            self.close(node);
            match self.next()? {
                b',' => self.skip(1),
                b'}' => {}
                _ => return None,
            }
        }
        self.skip(1);
        self.close(list);
        Some(())
    }

    /// What a variable or member starts as.
    fn initializer(&mut self, field: Field) -> Option<()> {
        if self.next()? != b'{' {
            return self.single(field);
        }
        let list = self.open(Kind::InitializerList, field)?;
        self.skip(1);
        while self.next()? != b'}' {
            self.start_expression();
            self.deeper(Self::element)?;
            match self.next()? {
                b',' => self.skip(1),
                b'}' => {}
                _ => return None,
            }
        }
        self.skip(1);
        self.close(list);
        Some(())
    }

    /// `.member = value`, `[3] = value`, `value`.
    fn element(&mut self) -> Option<()> {
        if !matches!(self.next()?, b'.' | b'[') {
            return self.initializer(Field::None);
        }
        let pair = self.open(Kind::InitializerPair, Field::None)?;
        loop {
            match self.next()? {
                b'.' => {
                    let node = self.open(Kind::FieldDesignator, Field::Designator)?;
                    self.skip(1);
                    self.next()?;
                    let length = name_end(self.text, self.at)? - self.at;
                    self.leaf(Kind::FieldIdentifier, Field::None, length)?;
                    self.close(node);
                }
                b'[' => {
                    let node = self.open(Kind::SubscriptDesignator, Field::Designator)?;
                    self.skip(1);
                    self.next()?;
                    self.single(Field::None)?;
                    self.expect(b']')?;
                    self.close(node);
                }
                b'=' => break,
                _ => return None,
            }
        }
        self.skip(1);
        self.initializer(Field::Value)?;
        self.close(pair);
        Some(())
    }
}
