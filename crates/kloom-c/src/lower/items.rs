//! What stands at file scope: declarations first, so that bodies know every name of the file.

use super::body::Body;
use super::text::Text;
use super::types::has_storage;
use super::unit::{Lowering, Signature};
use crate::syntax::{Field as Part, Kind, Node};
use kloom_ir::{Attribute, Global, Linkage, Name, Skipped, Type, TypeId};

/// What has to be read once every name of a piece is known.
#[derive(Default)]
pub(super) struct Later {
    /// Function definitions.
    functions: Vec<Node>,
    /// Variables with their initialisers, which name functions that may be declared after them.
    tables: Vec<(Name, TypeId, Node)>,
}

impl Lowering<'_> {
    /// Lowers everything of a parsed piece: declarations, then function bodies.
    pub(super) fn file_scope(&mut self, text: &Text<'_>) {
        let later = self.declarations(text);
        for (name, ty, value) in later.tables {
            let init = self.initialiser(text, name, ty, value);
            let at = self.globals.get(&name);
            if let Some(global) = at.and_then(|at| self.unit.globals.get_mut(*at)) {
                global.init = Some(init);
            }
        }
        let mut open = later.functions;
        open.reverse();
        while let Some(node) = open.pop() {
            // A missing brace makes the grammar see the functions that follow as nested ones.
            let nested = self.function(text, node);
            for inner in &nested {
                self.function_head(text, *inner);
            }
            open.extend(nested.into_iter().rev());
        }
    }

    /// Makes the names that a piece declares at file scope known.
    pub(super) fn declarations(&mut self, text: &Text<'_>) -> Later {
        let tree = &text.tree;
        let mut later = Later::default();
        let mut open: Vec<_> = tree.root().map(|r| tree.children(r)).into_iter().collect();
        while let Some(items) = open.last_mut() {
            let Some(item) = items.next() else {
                open.pop();
                continue;
            };
            match tree.kind(item) {
                Kind::FunctionDefinition => {
                    self.function_head(text, item);
                    later.functions.push(item);
                }
                Kind::Declaration => self.file_declaration(text, item, &mut later),
                Kind::TypeDefinition => self.type_definition(text, item),
                Kind::Struct | Kind::Union | Kind::Enum => {
                    self.bare_type(text, item);
                }
                Kind::PreprocIf
                | Kind::PreprocIfdef
                | Kind::PreprocElif
                | Kind::PreprocElifdef
                | Kind::PreprocElse
                | Kind::Linkage
                | Kind::DeclarationList => open.push(tree.children(item)),
                Kind::Error => {
                    self.skip(Skipped::Syntax, text.span(item));
                    open.push(tree.children(item));
                }
                _ => {}
            }
        }
        later
    }

    /// `typedef …;`
    pub(super) fn type_definition(&mut self, text: &Text<'_>, item: Node) {
        let base = self.specified(text, item);
        for child in text.tree.children(item) {
            if text.tree.field(child) != Part::Declarator {
                continue;
            }
            let declared = self.declarator(text, child, base);
            if let Some(at) = declared.name {
                let name = self.name(text.bytes(at));
                self.unit.types.typedefs.entry(name).or_insert(declared.ty);
            }
        }
    }

    fn file_declaration(&mut self, text: &Text<'_>, item: Node, later: &mut Later) {
        let base = self.specified(text, item);
        let is_extern = has_storage(text, item, b"extern");
        let linkage = linkage(text, item);
        for child in text.tree.children(item) {
            if text.tree.field(child) != Part::Declarator {
                continue;
            }
            let declared = self.declarator(text, child, base);
            let Some(at) = declared.name else { continue };
            let name = self.name(text.bytes(at));
            let span = text.span(at);
            if let Type::Function(returns) = *self.unit.types.get(declared.ty) {
                let signature = Signature { returns };
                self.signatures.entry(name).or_insert(signature);
                self.unit.declared.entry(name).or_insert(span);
                continue;
            }
            let value = text.tree.child(child, Part::Value);
            self.global(Global {
                name,
                ty: declared.ty,
                span,
                linkage,
                is_extern: is_extern && value.is_none(),
                init: None,
            });
            if let Some(value) = value {
                later.tables.push((name, declared.ty, value));
            }
        }
    }

    /// Adds a variable, or completes one that was declared before.
    pub(super) fn global(&mut self, global: Global) {
        let Some(at) = self.globals.get(&global.name).copied() else {
            self.globals.insert(global.name, self.unit.globals.len());
            self.unit.globals.push(global);
            return;
        };
        if let Some(known) = self.unit.globals.get_mut(at) {
            known.is_extern &= global.is_extern;
            if known.ty == TypeId::UNKNOWN {
                known.ty = global.ty;
            }
        }
    }

    fn function_head(&mut self, text: &Text<'_>, item: Node) {
        let base = self.specified(text, item);
        let Some(declarator) = text.tree.child(item, Part::Declarator) else {
            return;
        };
        let declared = self.declarator(text, declarator, base);
        let Some(at) = declared.name else { return };
        let name = self.name(text.bytes(at));
        let returns = self.returned(declared.ty);
        self.signatures.insert(name, Signature { returns });
        self.unit.declared.remove(&name);
    }

    /// What a function type returns.
    pub(super) fn returned(&self, ty: TypeId) -> TypeId {
        match self.unit.types.get(ty) {
            Type::Function(returns) => *returns,
            _ => TypeId::UNKNOWN,
        }
    }

    /// Lowers one function definition; gives those that stand inside it.
    fn function(&mut self, text: &Text<'_>, item: Node) -> Vec<Node> {
        let tree = &text.tree;
        let base = self.specified(text, item);
        let (Some(declarator), Some(block)) = (
            tree.child(item, Part::Declarator),
            tree.child(item, Part::Body),
        ) else {
            self.skip(Skipped::Syntax, text.span(item));
            return Vec::new();
        };
        let declared = self.declarator(text, declarator, base);
        let Some(at) = declared.name else {
            self.skip(Skipped::Syntax, text.span(item));
            return Vec::new();
        };
        let name = self.name(text.bytes(at));
        let attributes = self.attributes(text, item, block);
        let returns = self.returned(declared.ty);
        let linkage = linkage(text, item);
        let mut body = Body::new(self, text);
        match text.head(at) {
            Some(head) => body.head_parameters(head),
            None => body.parameters(item, declared.params),
        }
        body.block(block);
        let nested = std::mem::take(&mut body.nested);
        let mut function = body.finish(name, text.span(block));
        function.span = text.span(item);
        function.name_span = text.span(at);
        function.linkage = linkage;
        function.returns = returns;
        function.attributes = attributes;
        self.add(function);
        nested
    }

    /// The attributes blanked in front of or inside a function's head.
    fn attributes(&mut self, text: &Text<'_>, item: Node, block: Node) -> Vec<Attribute> {
        let list = &text.prepared.attributes;
        let head = text.prepared_start(item);
        let body = text.prepared_start(block);
        let end = list.partition_point(|a| a.whole.start < body);
        let mut start = end;
        let mut from = head;
        while let Some(before) = start.checked_sub(1).and_then(|at| list.get(at)) {
            let gap = text
                .prepared
                .text
                .get(before.whole.end as usize..from as usize);
            let leads = gap.is_some_and(|g| g.iter().all(u8::is_ascii_whitespace));
            if before.whole.start < head && !leads {
                break;
            }
            from = from.min(before.whole.start);
            start -= 1;
        }
        let found = list.get(start..end).unwrap_or(&[]);
        let attribute = |a: &crate::pre::AttributeUse| Attribute {
            name: self.name(a.name.of(text.original)),
            span: text.span_in_file(a.whole),
        };
        found.iter().map(attribute).collect()
    }
}

/// Who can call or see what a declaration declares.
fn linkage(text: &Text<'_>, item: Node) -> Linkage {
    if has_storage(text, item, b"static") {
        Linkage::Static
    } else {
        Linkage::External
    }
}
