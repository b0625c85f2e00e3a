//! Types as written: specifiers, declarators, struct definitions, type names.

use super::text::Text;
use super::unit::Lowering;
use crate::syntax::{Field as Part, Kind, Node};
use kloom_ir::{Field, StructDef, Type, TypeId};

/// What a declarator declares.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declared {
    /// The identifier, if there is one.
    pub name: Option<Node>,
    /// Its type.
    pub ty: TypeId,
    /// The parameter list if a function is declared (not a pointer to one).
    pub params: Option<Node>,
}

/// Whether declarations of `node` carry this storage class.
pub(super) fn has_storage(text: &Text<'_>, node: Node, word: &[u8]) -> bool {
    let mut children = text.tree.children(node);
    children.any(|c| text.tree.kind(c) == Kind::StorageClass && text.bytes(c) == word)
}

impl Lowering<'_> {
    /// The type that a declaration's specifiers name; structs and enums in it become known.
    pub(super) fn specified(&mut self, text: &Text<'_>, declaration: Node) -> TypeId {
        match text.tree.child(declaration, Part::Type) {
            Some(ty) => self.type_specifier(text, ty, 0),
            None => TypeId::UNKNOWN,
        }
    }

    /// A struct, union or enum that declares nothing beside itself.
    pub(super) fn bare_type(&mut self, text: &Text<'_>, node: Node) {
        self.type_specifier(text, node, 0);
    }

    fn type_specifier(&mut self, text: &Text<'_>, node: Node, depth: u32) -> TypeId {
        let bytes = text.bytes(node);
        match text.tree.kind(node) {
            Kind::PrimitiveType if bytes == b"void" => self.unit.types.intern(Type::Void),
            Kind::PrimitiveType | Kind::SizedType => self.int_type(bytes),
            Kind::TypeIdentifier => match text.type_argument(node) {
                Some(words) => self.type_words(words),
                None => self.named_type(bytes),
            },
            Kind::Struct | Kind::Union => self.struct_type(text, node, depth),
            Kind::Enum => {
                if let Some(body) = text.tree.child(node, Part::Body) {
                    self.enumerators(text, body);
                }
                let tag = text.tree.child(node, Part::Name);
                let mut words = b"enum".to_vec();
                if let Some(tag) = tag {
                    words.push(b' ');
                    words.extend_from_slice(text.bytes(tag));
                }
                self.int_type(&words)
            }
            _ => TypeId::UNKNOWN,
        }
    }

    /// An integer type by its words.
    pub(super) fn int_type(&mut self, words: &[u8]) -> TypeId {
        let spaced = words.iter().any(|b| b.is_ascii_whitespace());
        let name = if spaced {
            let words: Vec<&[u8]> = words.split(u8::is_ascii_whitespace).collect();
            let words: Vec<&[u8]> = words.into_iter().filter(|w| !w.is_empty()).collect();
            self.name(&words.join(&b' '))
        } else {
            self.name(words)
        };
        self.unit.types.intern(Type::Int(name))
    }

    /// The type behind a single word.
    pub(super) fn named_type(&mut self, word: &[u8]) -> TypeId {
        let name = self.name(word);
        match self.typedef(name) {
            Some(ty) => ty,
            None => self.unit.types.intern(Type::Named(name)),
        }
    }

    fn struct_type(&mut self, text: &Text<'_>, node: Node, depth: u32) -> TypeId {
        let tag = match text.tree.child(node, Part::Name) {
            Some(tag) => self.name(text.bytes(tag)),
            None => {
                let span = text.span(node);
                self.name(format!("<anonymous {}:{}>", span.file.0, span.start).as_bytes())
            }
        };
        if let Some(body) = text.tree.child(node, Part::Body)
            && depth < super::MAX_DEPTH
        {
            let mut fields = Vec::new();
            self.fields(text, body, &mut fields, depth + 1);
            if text.tree.kind(node) == Kind::Union {
                fields.iter_mut().for_each(|field| field.is_shared = true);
            }
            let span = text.span(node);
            let def = StructDef { span, fields };
            self.unit.types.structs.entry(tag).or_insert(def);
        }
        self.unit.types.intern(Type::Struct(tag))
    }

    fn fields(&mut self, text: &Text<'_>, body: Node, fields: &mut Vec<Field>, depth: u32) {
        for item in text.tree.children(body) {
            match text.tree.kind(item) {
                Kind::FieldDeclaration => self.field(text, item, fields, depth),
                Kind::PreprocIf
                | Kind::PreprocIfdef
                | Kind::PreprocElse
                | Kind::PreprocElif
                | Kind::PreprocElifdef
                | Kind::Error
                    if depth < super::MAX_DEPTH =>
                {
                    self.fields(text, item, fields, depth + 1);
                }
                _ => {}
            }
        }
    }

    fn field(&mut self, text: &Text<'_>, item: Node, fields: &mut Vec<Field>, depth: u32) {
        let Some(specifier) = text.tree.child(item, Part::Type) else {
            return;
        };
        let base = self.type_specifier(text, specifier, depth);
        let mut named = false;
        for child in text.tree.children(item) {
            if text.tree.field(child) != Part::Declarator {
                continue;
            }
            let declared = self.declarator(text, child, base);
            if let Some(at) = declared.name {
                named = true;
                let name = self.name(text.bytes(at));
                let span = text.span(at);
                let ty = declared.ty;
                fields.push(Field {
                    name,
                    ty,
                    span,
                    is_shared: false,
                });
            }
        }
        if !named
            && let Some(tag) = self.unit.types.struct_tag(base)
            && let Some(inner) = self.unit.types.structs.get(&tag)
        {
            fields.extend(inner.fields.iter().cloned());
        }
    }

    /// What a declarator declares, given the type its specifiers name.
    pub(super) fn declarator(&mut self, text: &Text<'_>, node: Node, base: TypeId) -> Declared {
        let mut at = node;
        let mut ty = base;
        let mut params = None;
        for _ in 0..super::MAX_DEPTH {
            let types = &mut self.unit.types;
            match text.tree.kind(at) {
                Kind::PointerDeclarator | Kind::AbstractPointer => {
                    ty = types.intern(Type::Pointer(ty));
                    params = None;
                }
                Kind::Array | Kind::AbstractArray => {
                    let size = text.tree.child(at, Part::Size);
                    let size = size.and_then(|s| self.constant(text, s));
                    let size = size.and_then(|s| u64::try_from(s).ok());
                    ty = self.unit.types.intern(Type::Array(ty, size));
                    params = None;
                }
                Kind::FunctionDeclarator | Kind::AbstractFunction => {
                    ty = types.intern(Type::Function(ty));
                    params = text.tree.child(at, Part::Parameters);
                }
                Kind::InitDeclarator
                | Kind::ParenDeclarator
                | Kind::AbstractParen
                | Kind::AttributedDeclarator => {}
                Kind::Identifier | Kind::TypeIdentifier | Kind::FieldIdentifier => {
                    let name = Some(at);
                    return Declared { name, ty, params };
                }
                _ => break,
            }
            match inner_declarator(text, at) {
                Some(inner) => at = inner,
                None => break,
            }
        }
        Declared {
            name: None,
            ty,
            params,
        }
    }

    /// The type that `(struct foo *)` and the like name.
    pub(super) fn type_descriptor(&mut self, text: &Text<'_>, node: Node) -> TypeId {
        let base = self.specified(text, node);
        match text.tree.child(node, Part::Declarator) {
            Some(declarator) => self.declarator(text, declarator, base).ty,
            None => base,
        }
    }

    /// The type that the text of a macro argument names: words, a tag, stars.
    pub(super) fn type_words(&mut self, words: &[u8]) -> TypeId {
        let stars = words.iter().filter(|b| **b == b'*').count();
        let plain: Vec<u8> = words.iter().copied().filter(|b| *b != b'*').collect();
        let word = |b: &u8| !(b.is_ascii_alphanumeric() || *b == b'_');
        let mut parts: Vec<&[u8]> = plain.split(word).filter(|w| !w.is_empty()).collect();
        parts.retain(|w| !matches!(*w, b"const" | b"volatile"));
        let mut ty = match parts.as_slice() {
            [b"struct" | b"union", tag] => {
                let tag = self.name(tag);
                self.unit.types.intern(Type::Struct(tag))
            }
            [b"void"] => self.unit.types.intern(Type::Void),
            [
                one @ (b"int" | b"char" | b"long" | b"short" | b"unsigned" | b"signed" | b"bool"
                | b"size_t" | b"ssize_t"),
            ] => self.int_type(one),
            [one] => self.named_type(one),
            [b"enum" | b"unsigned" | b"signed" | b"long" | b"short", ..] => {
                self.int_type(&parts.join(&b' '))
            }
            _ => TypeId::UNKNOWN,
        };
        for _ in 0..stars.min(4) {
            ty = self.unit.types.intern(Type::Pointer(ty));
        }
        ty
    }

    fn enumerators(&mut self, text: &Text<'_>, list: Node) {
        let mut next = Some(0);
        for node in text.tree.subtree(list) {
            if text.tree.kind(node) != Kind::Enumerator {
                continue;
            }
            let Some(name) = text.tree.child(node, Part::Name) else {
                continue;
            };
            let value = match text.tree.child(node, Part::Value) {
                Some(value) => self.constant(text, value),
                None => next,
            };
            let name = self.name(text.bytes(name));
            self.constants.insert(name, value);
            next = value.and_then(|v: i64| v.checked_add(1));
        }
    }

    /// The value of a constant expression, as far as it can be read.
    pub(super) fn constant(&mut self, text: &Text<'_>, node: Node) -> Option<i64> {
        self.constant_within(text, node, 0)
    }

    fn constant_within(&mut self, text: &Text<'_>, node: Node, depth: u32) -> Option<i64> {
        if depth > 32 {
            return None;
        }
        let tree = &text.tree;
        match tree.kind(node) {
            Kind::Number => super::literal::number(text.bytes(node)),
            Kind::Char => super::literal::character(text.bytes(node)),
            Kind::True => Some(1),
            Kind::False | Kind::Null => Some(0),
            Kind::Identifier => {
                let name = self.name(text.bytes(node));
                self.named_constant(name)
            }
            Kind::Paren => {
                let inner = tree.children(node).next()?;
                self.constant_within(text, inner, depth + 1)
            }
            Kind::Cast => {
                let value = tree.child(node, Part::Value)?;
                self.constant_within(text, value, depth + 1)
            }
            Kind::Unary => {
                let operator = text.bytes(tree.child(node, Part::Operator)?);
                let argument = tree.child(node, Part::Argument)?;
                let value = self.constant_within(text, argument, depth + 1)?;
                Some(match operator {
                    b"-" => value.wrapping_neg(),
                    b"~" => !value,
                    b"!" => i64::from(value == 0),
                    _ => value,
                })
            }
            Kind::Binary => {
                let operator = text.bytes(tree.child(node, Part::Operator)?);
                let left = tree.child(node, Part::Left)?;
                let right = tree.child(node, Part::Right)?;
                let left = self.constant_within(text, left, depth + 1)?;
                let right = self.constant_within(text, right, depth + 1)?;
                fold(operator, left, right)
            }
            _ => None,
        }
    }
}

fn fold(operator: &[u8], left: i64, right: i64) -> Option<i64> {
    let shift = u32::try_from(right).ok().filter(|s| *s < 64);
    Some(match operator {
        b"+" => left.wrapping_add(right),
        b"-" => left.wrapping_sub(right),
        b"*" => left.wrapping_mul(right),
        b"/" => left.checked_div(right)?,
        b"%" => left.checked_rem(right)?,
        b"|" => left | right,
        b"&" => left & right,
        b"^" => left ^ right,
        b"<<" => left.wrapping_shl(shift?),
        b">>" => left.wrapping_shr(shift?),
        _ => return None,
    })
}

fn inner_declarator(text: &Text<'_>, node: Node) -> Option<Node> {
    let tree = &text.tree;
    match tree.kind(node) {
        Kind::ParenDeclarator | Kind::AbstractParen | Kind::AttributedDeclarator => {
            tree.children(node).find(|c| tree.kind(*c) != Kind::Other)
        }
        _ => tree.child(node, Part::Declarator),
    }
}
