//! The parsed text as a flat tree that costs nothing to walk.
//!
//! tree-sitter's own nodes are slow to ask for children, parents and fields, and its trees can be
//! deeper than a stack. One cursor pass copies what the lowering needs into one list in text
//! order; a subtree is a contiguous part of it. Comments and tokens that mean nothing are left
//! out.

mod compact;
mod declaration;
mod item;
mod plain;
mod statement;
mod take_apart;
mod token;
mod types;

use compact::Compact;
use std::cell::RefCell;
use std::sync::OnceLock;
use take_apart::{take_apart, take_several};
use tree_sitter::{Language, Parser, TreeCursor};

macro_rules! names {
    ($(#[$doc:meta])* $type:ident, $other:ident { $($variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $type { $other, $($variant,)* }

        impl $type {
            fn named(text: &str) -> $type {
                match text { $($text => $type::$variant,)* _ => $type::$other }
            }
        }
    };
}

names! {
    /// What a node is; the names of the grammar without their common endings.
    Kind, Other {
        AlignOf = "alignof_expression",
        ArgumentList = "argument_list",
        Array = "array_declarator",
        AbstractArray = "abstract_array_declarator",
        AbstractFunction = "abstract_function_declarator",
        AbstractParen = "abstract_parenthesized_declarator",
        AbstractPointer = "abstract_pointer_declarator",
        Asm = "gnu_asm_expression",
        AsmInputs = "gnu_asm_input_operand_list",
        AsmInput = "gnu_asm_input_operand",
        AsmOutputs = "gnu_asm_output_operand_list",
        AsmOutput = "gnu_asm_output_operand",
        AsmLabels = "gnu_asm_goto_list",
        Assignment = "assignment_expression",
        AttributeSpecifier = "attribute_specifier",
        AttributedDeclarator = "attributed_declarator",
        AttributedStatement = "attributed_statement",
        Binary = "binary_expression",
        Bitfield = "bitfield_clause",
        Break = "break_statement",
        Call = "call_expression",
        Case = "case_statement",
        Cast = "cast_expression",
        Char = "char_literal",
        Comma = "comma_expression",
        Comment = "comment",
        CompoundLiteral = "compound_literal_expression",
        Compound = "compound_statement",
        ConcatenatedString = "concatenated_string",
        Conditional = "conditional_expression",
        Continue = "continue_statement",
        Declaration = "declaration",
        DeclarationList = "declaration_list",
        Do = "do_statement",
        Else = "else_clause",
        Enum = "enum_specifier",
        Enumerator = "enumerator",
        EnumeratorList = "enumerator_list",
        Error = "ERROR",
        ExpressionStatement = "expression_statement",
        Extension = "extension_expression",
        False = "false",
        FieldDeclaration = "field_declaration",
        FieldDeclarationList = "field_declaration_list",
        FieldDesignator = "field_designator",
        FieldAccess = "field_expression",
        FieldIdentifier = "field_identifier",
        For = "for_statement",
        FunctionDeclarator = "function_declarator",
        FunctionDefinition = "function_definition",
        Generic = "generic_expression",
        Goto = "goto_statement",
        Identifier = "identifier",
        If = "if_statement",
        InitDeclarator = "init_declarator",
        InitializerList = "initializer_list",
        InitializerPair = "initializer_pair",
        Labeled = "labeled_statement",
        Linkage = "linkage_specification",
        MacroType = "macro_type_specifier",
        Null = "null",
        Number = "number_literal",
        OffsetOf = "offsetof_expression",
        Parameter = "parameter_declaration",
        ParameterList = "parameter_list",
        Paren = "parenthesized_expression",
        ParenDeclarator = "parenthesized_declarator",
        Pointer = "pointer_expression",
        PointerDeclarator = "pointer_declarator",
        PreprocElif = "preproc_elif",
        PreprocElifdef = "preproc_elifdef",
        PreprocElse = "preproc_else",
        PreprocIf = "preproc_if",
        PreprocIfdef = "preproc_ifdef",
        PrimitiveType = "primitive_type",
        Return = "return_statement",
        SizedType = "sized_type_specifier",
        SizeOf = "sizeof_expression",
        StatementIdentifier = "statement_identifier",
        StorageClass = "storage_class_specifier",
        String = "string_literal",
        Struct = "struct_specifier",
        Subscript = "subscript_expression",
        SubscriptDesignator = "subscript_designator",
        SubscriptRange = "subscript_range_designator",
        Switch = "switch_statement",
        TranslationUnit = "translation_unit",
        True = "true",
        TypeDefinition = "type_definition",
        TypeDescriptor = "type_descriptor",
        TypeIdentifier = "type_identifier",
        TypeQualifier = "type_qualifier",
        Unary = "unary_expression",
        Union = "union_specifier",
        Update = "update_expression",
        Variadic = "variadic_parameter",
        While = "while_statement",
    }
}

names! {
    /// The part a node plays in its parent.
    Field, None {
        Alternative = "alternative",
        Argument = "argument",
        Arguments = "arguments",
        AssemblyCode = "assembly_code",
        Body = "body",
        Condition = "condition",
        Consequence = "consequence",
        Declarator = "declarator",
        Designator = "designator",
        End = "end",
        Accessed = "field",
        Function = "function",
        Index = "index",
        Initializer = "initializer",
        Label = "label",
        Left = "left",
        Member = "member",
        Name = "name",
        Operator = "operator",
        Parameters = "parameters",
        Right = "right",
        Size = "size",
        Start = "start",
        Type = "type",
        Update = "update",
        Value = "value",
    }
}

/// What the copy does with a node of the grammar.
#[derive(Clone, Copy)]
enum Use {
    /// It becomes a node.
    Keep(Kind),
    /// A token that becomes a node if it has a part in its parent: operators.
    Token,
    /// It is left out.
    Drop,
}

/// Uses and fields by the grammar's numbers.
struct Tables {
    language: Language,
    uses: Vec<Use>,
    fields: Vec<Field>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let language = Language::new(tree_sitter_c::LANGUAGE);
        let part = |id| match language
            .node_kind_for_id(id)
            .map(|text| (text, Kind::named(text)))
        {
            Some((_, Kind::Comment)) | None => Use::Drop,
            Some((_, kind)) if language.node_kind_is_named(id) => Use::Keep(kind),
            Some((text, _)) if text.bytes().all(is_operator) => Use::Token,
            Some(_) => Use::Drop,
        };
        let uses = (0..language.node_kind_count() as u16).map(part).collect();
        let field = |id| {
            language
                .field_name_for_id(id)
                .map_or(Field::None, Field::named)
        };
        let fields = (0..=language.field_count() as u16).map(field).collect();
        Tables {
            language,
            uses,
            fields,
        }
    })
}

/// Nodes whose text says all there is to know.
fn is_leaf(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Char
            | Kind::FieldIdentifier
            | Kind::Identifier
            | Kind::Number
            | Kind::PrimitiveType
            | Kind::StatementIdentifier
            | Kind::StorageClass
            | Kind::String
            | Kind::TypeIdentifier
    )
}

/// Lists: nothing in them plays a part.
fn has_no_parts(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ArgumentList
            | Kind::Compound
            | Kind::InitializerList
            | Kind::ParameterList
            | Kind::TranslationUnit
    )
}

fn is_operator(byte: u8) -> bool {
    b"=+-*/%&|^!~<>.".contains(&byte)
}

/// The innermost level that has a node.
fn innermost(open: &[Option<u32>]) -> Option<u32> {
    open.iter().rev().find_map(|level| *level)
}

/// A node of one [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Node(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Data {
    kind: Kind,
    field: Field,
    /// Something in it could not be read.
    broken: bool,
    start: u32,
    end: u32,
    /// The first node after its subtree.
    after: u32,
}

/// A text as nodes, in text order.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: Vec<Data>,
}

impl Tree {
    /// Reads a text. Never fails: what the grammar cannot read stands in [`Kind::Error`] nodes.
    pub(crate) fn parse(text: &[u8]) -> Tree {
        Tree::read(&Compact::of(text), text)
    }

    fn read(short: &Compact, text: &[u8]) -> Tree {
        thread_local! {
            static PARSER: RefCell<Parser> = RefCell::new({
                let mut parser = Parser::new();
                // Only fails for a grammar of another ABI, which a test would have seen.
                let _ = parser.set_language(&tables().language);
                parser
            });
        }
        let parsed = PARSER.with_borrow_mut(|parser| parser.parse(&short.text, None));
        parsed.map_or_else(Tree::default, |tree| {
            Tree::copy(&mut tree.walk(), short, text)
        })
    }

    fn copy(cursor: &mut TreeCursor<'_>, short: &Compact, text: &[u8]) -> Tree {
        let tables = tables();
        let mut nodes: Vec<Data> = Vec::new();
        let mut parts = short.parts.as_slice();
        // The levels above the cursor; one that has no node of ours is `None`.
        let mut open: Vec<Option<u32>> = Vec::new();
        loop {
            let node = cursor.node();
            let part = tables.uses.get(node.kind_id() as usize);
            // Errors have a number beyond those of the grammar.
            let part = part.copied().unwrap_or(Use::Keep(Kind::Error));
            // Only a `;` is missing after macros that bring their own.
            let missing = node.is_missing() && node.kind() != ";";
            let broken = missing || matches!(part, Use::Keep(Kind::Error));
            let parent = innermost(&open);
            if broken && let Some(parent) = parent {
                nodes[parent as usize].broken = true;
            }
            let marked = matches!(part, Use::Keep(Kind::Unary))
                && short.text.get(node.start_byte()) == Some(&b'+')
                && parent.is_some_and(|at| nodes[at as usize].kind == Kind::ExpressionStatement);
            if marked && cursor.goto_last_child() {
                // The prepass' mark in front of a call: the call takes its place.
                open.push(None);
                continue;
            }
            let field = match part {
                _ if open.last() == Some(&None) => None,
                Use::Drop => None,
                _ if parent.is_some_and(|at| has_no_parts(nodes[at as usize].kind)) => None,
                Use::Keep(_) | Use::Token => cursor.field_id(),
            };
            let field = field.and_then(|id| tables.fields.get(id.get() as usize).copied());
            let kind = match (part, field) {
                (Use::Keep(kind), _) => Some(kind),
                (Use::Token, Some(_)) => Some(Kind::Other),
                (Use::Token | Use::Drop, _) => None,
            };
            if let Some(kind) = kind {
                let here = nodes.len() as u32;
                let (start, end) = short.origin(node.start_byte(), node.end_byte());
                let data = Data {
                    kind,
                    field: field.unwrap_or(Field::None),
                    broken,
                    start,
                    end,
                    after: here + 1,
                };
                let several = matches!(
                    kind,
                    Kind::ExpressionStatement | Kind::FieldDeclaration | Kind::PrimitiveType
                );
                let whole = if several
                    && short.is_stand_in(node.start_byte(), node.end_byte())
                    && take_several(data, &mut parts, &mut nodes)
                {
                    true
                } else if is_leaf(kind) && !missing {
                    take_apart(data, text, &mut parts, &mut nodes);
                    true
                } else {
                    nodes.push(data);
                    is_leaf(kind)
                };
                if !whole && cursor.goto_first_child() {
                    open.push(Some(here));
                    continue;
                }
            }
            while !cursor.goto_next_sibling() {
                let Some(at) = open.pop() else {
                    return Tree { nodes };
                };
                cursor.goto_parent();
                let Some(at) = at else { continue };
                let after = nodes.len() as u32;
                let broken = nodes[at as usize].broken;
                nodes[at as usize].after = after;
                let parent = innermost(&open);
                if broken && let Some(parent) = parent {
                    nodes[parent as usize].broken = true;
                }
            }
        }
    }

    fn data(&self, node: Node) -> Data {
        self.nodes[node.0 as usize]
    }

    /// The whole text, unless there was none.
    pub(crate) fn root(&self) -> Option<Node> {
        (!self.nodes.is_empty()).then_some(Node(0))
    }

    /// What it is.
    pub(crate) fn kind(&self, node: Node) -> Kind {
        self.data(node).kind
    }

    /// Its part in its parent.
    pub(crate) fn field(&self, node: Node) -> Field {
        self.data(node).field
    }

    /// Whether something in it could not be read.
    pub(crate) fn broken(&self, node: Node) -> bool {
        self.data(node).broken
    }

    /// Its first byte.
    pub(crate) fn start(&self, node: Node) -> u32 {
        self.data(node).start
    }

    /// One past its last byte.
    pub(crate) fn end(&self, node: Node) -> u32 {
        self.data(node).end
    }

    /// Its children in text order.
    pub(crate) fn children(&self, node: Node) -> Children<'_> {
        Children {
            tree: self,
            next: node.0 + 1,
            after: self.data(node).after,
        }
    }

    /// The first child that plays this part.
    pub(crate) fn child(&self, node: Node, field: Field) -> Option<Node> {
        self.children(node).find(|c| self.field(*c) == field)
    }

    /// The first child of this kind.
    pub(crate) fn child_of(&self, node: Node, kind: Kind) -> Option<Node> {
        self.children(node).find(|c| self.kind(*c) == kind)
    }

    /// The node and everything in it, in text order.
    pub(crate) fn subtree(&self, node: Node) -> impl Iterator<Item = Node> + use<> {
        (node.0..self.data(node).after).map(Node)
    }
}

/// Iterator over the children of a node.
#[derive(Clone)]
pub(crate) struct Children<'t> {
    tree: &'t Tree,
    next: u32,
    after: u32,
}

impl Iterator for Children<'_> {
    type Item = Node;

    fn next(&mut self) -> Option<Node> {
        if self.next >= self.after {
            return None;
        }
        let node = Node(self.next);
        self.next = self.tree.data(node).after;
        Some(node)
    }
}

#[cfg(test)]
mod tests;
