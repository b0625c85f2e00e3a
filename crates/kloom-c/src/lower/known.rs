//! What is known about names: by the file, by its headers (read when they are asked for), by the
//! facts.

use super::text::Text;
use super::unit::{Lowering, Signature};
use crate::headers::Symbol;
use kloom_diag::Span;
use kloom_facts::{Fact, Kind};
use kloom_ir::{Name, TypeId};

/// A definition read for another one, and so on, this far.
const MAX_READING: u32 = 32;
/// Aliases are followed this far.
const MAX_ALIASES: u32 = 8;

impl Lowering<'_> {
    /// What the facts say about a name.
    pub(super) fn fact(&self, name: Name) -> Option<&'static Fact> {
        self.context.facts.get(self.unit.names.text(name))
    }

    /// The words that the facts know classes of cleanup by.
    pub(super) fn scope_words(&mut self) -> &[&'static str] {
        let facts = self.context.facts;
        self.scope_words.get_or_insert_with(|| {
            let guards = facts.iter().filter(|f| f.kind == Kind::ScopeGuard);
            guards.map(|f| f.name).collect()
        })
    }

    /// Whether this is the first time that `name` is looked for in headers as a `symbol`.
    fn first_look(&mut self, symbol: Symbol, name: Name) -> bool {
        self.looked_up.insert((symbol, name))
    }

    /// Reads the definition of a name in a header, if there is one.
    pub(super) fn read_header(&mut self, symbol: Symbol, name: Name) {
        if self.reading >= MAX_READING || !self.first_look(symbol, name) {
            return;
        }
        let symbols = self.symbols;
        let Some(found) = symbols.find(symbol, self.unit.names.text(name).as_bytes()) else {
            return;
        };
        if found.source == 0 {
            // The file's own names are known before any is looked up.
            return;
        }
        let file = self.file(found.source);
        let text = Text::part(file, found.file, found.whole);
        self.reading += 1;
        self.declarations(&text);
        self.reading -= 1;
    }

    /// The type of a variable at file scope.
    pub(super) fn global_type(&self, name: Name) -> TypeId {
        let at = self.globals.get(&name);
        at.and_then(|at| self.unit.globals.get(*at))
            .map_or(TypeId::UNKNOWN, |g| g.ty)
    }

    /// A function that the file or a header declares.
    fn signature(&mut self, name: Name) -> Option<Signature> {
        if !self.signatures.contains_key(&name) {
            self.read_header(Symbol::Function, name);
            self.read_header(Symbol::Prototype, name);
        }
        self.signatures.get(&name).copied()
    }

    /// What a function returns.
    pub(super) fn return_type(&mut self, name: Name) -> TypeId {
        self.signature(name).map_or(TypeId::UNKNOWN, |s| s.returns)
    }

    /// Whether a name is a function.
    pub(super) fn is_function(&mut self, name: Name) -> bool {
        self.signature(name).is_some()
            || self
                .fact(name)
                .is_some_and(|fact| fact.kind == Kind::Function)
    }

    /// What a typedef stands for.
    pub(super) fn typedef(&mut self, name: Name) -> Option<TypeId> {
        if !self.unit.types.typedefs.contains_key(&name) {
            self.read_header(Symbol::Typedef, name);
        }
        self.unit.types.typedefs.get(&name).copied()
    }

    /// The tag of a struct type whose definition has been looked for.
    fn known_struct(&mut self, ty: TypeId) -> Option<Name> {
        let tag = self.unit.types.struct_tag(ty)?;
        if !self.unit.types.structs.contains_key(&tag) {
            self.read_header(Symbol::Struct, tag);
        }
        Some(tag)
    }

    /// The tag of a struct type and the type of one of its members.
    pub(super) fn member_type(&mut self, owner: TypeId, member: Name) -> (Option<Name>, TypeId) {
        let tag = self.known_struct(owner);
        (tag, self.unit.types.field(owner, member))
    }

    /// The name of the member at a position of a struct type.
    pub(super) fn member_at(&mut self, owner: TypeId, position: usize) -> Option<Name> {
        let tag = self.known_struct(owner)?;
        let def = self.unit.types.structs.get(&tag)?;
        def.fields.get(position).map(|f| f.name)
    }

    /// The position of a member.
    pub(super) fn member_position(&mut self, owner: TypeId, member: Name) -> Option<usize> {
        let tag = self.known_struct(owner)?;
        let def = self.unit.types.structs.get(&tag)?;
        def.fields.iter().position(|f| f.name == member)
    }

    /// The value behind a name that stands for a number: an enumerator, or a macro that is a
    /// literal or another such name.
    pub(super) fn named_constant(&mut self, name: Name) -> Option<i64> {
        let mut at = name;
        let mut value = None;
        for _ in 0..MAX_ALIASES {
            if let Some(known) = self.constants.get(&at) {
                value = *known;
                break;
            }
            let text = self.unit.names.text(at).as_bytes();
            let symbols = self.symbols;
            if let Some(found) = symbols.find_macro(text) {
                let body = found.define.body.of(&found.file.text);
                value = super::literal::replacement(body);
                if value.is_none()
                    && found.define.params.is_none()
                    && let Some(alias) = single_word(body)
                {
                    at = self.name(alias);
                    continue;
                }
                break;
            }
            if let Some(found) = symbols.find(Symbol::Enumerator, text) {
                value = super::literal::replacement(found.whole.of(&found.file.text));
            }
            break;
        }
        self.constants.insert(name, value);
        value
    }

    /// The text behind a name that stands for a string: a macro that starts with a literal.
    pub(super) fn named_string(&mut self, name: Name) -> Option<Span> {
        let name = self.unaliased(name);
        let symbols = self.symbols;
        let found = symbols.find_macro(self.unit.names.text(name).as_bytes())?;
        let body = found.define.body;
        let is_string = body
            .of(&found.file.text)
            .trim_ascii_start()
            .starts_with(b"\"");
        (is_string && found.define.params.is_none())
            .then(|| Span::new(self.file(found.source), body.start, body.end))
    }

    /// The name that a name stands for, through object-like macros that are just another name.
    pub(super) fn unaliased(&mut self, name: Name) -> Name {
        let mut at = name;
        for _ in 0..MAX_ALIASES {
            let symbols = self.symbols;
            let found = symbols.find_macro(self.unit.names.text(at).as_bytes());
            let Some(found) = found.filter(|f| f.define.params.is_none()) else {
                break;
            };
            match single_word(found.define.body.of(&found.file.text)) {
                Some(word) => at = self.name(word),
                None => break,
            }
        }
        at
    }
}

fn single_word(text: &[u8]) -> Option<&[u8]> {
    let mut text = text.trim_ascii();
    while let [b'(', inner @ .., b')'] = text {
        text = inner.trim_ascii();
    }
    let starts = text
        .first()
        .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    let word = text.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    (starts && word).then_some(text)
}
