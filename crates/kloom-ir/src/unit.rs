//! One source file with what its local headers add.

use crate::{Block, BlockId, Expr, LocalId, Name, Names, PlaceId, Places, TypeId, Types};
use kloom_diag::{SourceMap, Span};
use rustc_hash::FxHashMap;

/// A function of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionId(pub u32);

/// A parameter, a declared local or a temporary.
#[derive(Clone, Debug, PartialEq)]
pub struct Local {
    /// Its name; temporaries have none.
    pub name: Option<Name>,
    /// Its type.
    pub ty: TypeId,
    /// Where it is declared, or the expression a temporary holds.
    pub span: Span,
    /// `static` inside the function: it lives on between calls.
    pub is_static: bool,
}

/// An attribute macro or `__attribute__` as written: `__init`, `__must_hold(l)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: Name,
    /// The whole text, arguments included.
    pub span: Span,
}

/// Who can call a function or see a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linkage {
    /// This file only.
    Static,
    /// Any file of the kernel.
    External,
}

/// Where a function's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the file that was asked for.
    File,
    /// A static inline of a header.
    Header,
    /// A function-like macro: its parameters stand for the argument *places*, not for copies.
    Macro,
}

/// A function body as blocks.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// The whole definition.
    pub span: Span,
    /// The name in it.
    pub name_span: Span,
    /// Where it stands.
    pub origin: Origin,
    /// Who can call it.
    pub linkage: Linkage,
    /// Annotations.
    pub attributes: Vec<Attribute>,
    /// What it returns.
    pub returns: TypeId,
    /// The first `params` locals are the parameters.
    pub params: u32,
    /// Parameters, locals, temporaries.
    pub locals: Vec<Local>,
    /// Access paths.
    pub places: Places,
    /// The body; block 0 is the entry.
    pub blocks: Vec<Block>,
    /// How many parts of it are opaque.
    pub opaque: u32,
}

impl Function {
    /// A block.
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.0 as usize]
    }

    /// A local.
    pub fn local(&self, id: LocalId) -> &Local {
        &self.locals[id.0 as usize]
    }

    /// The place of a local, if the body mentions it.
    pub fn local_place(&self, id: LocalId) -> Option<PlaceId> {
        self.places.find(crate::Base::Local(id))
    }
}

/// A variable at file scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Global {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeId,
    /// Its declarator.
    pub span: Span,
    /// Who can see it.
    pub linkage: Linkage,
    /// `extern` without a definition in sight.
    pub is_extern: bool,
    /// The initialiser when it is one plain expression.
    pub init: Option<Expr>,
}

/// A function kept in a table or member: `.read = my_read`, `fops.open = my_open`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The variable that holds the table, if it has a name.
    pub table: Option<Name>,
    /// The struct's tag, `file_operations`.
    pub owner: Option<Name>,
    /// The member.
    pub member: Name,
    /// The function.
    pub function: Name,
    /// Where the function's name is written.
    pub span: Span,
}

/// A macro invoked at file scope: `module_init(f)`, `MODULE_LICENSE("GPL")`, `DEFINE_MUTEX(m)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopMacro {
    /// Its name.
    pub name: Name,
    /// The whole invocation.
    pub span: Span,
    /// The arguments' text, trimmed.
    pub args: Vec<Span>,
}

/// Why some text was not analysed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skipped {
    /// The grammar could not read it.
    Syntax,
    /// An `#if` arm that does not fit beside the one that was kept.
    Arm,
    /// Nested deeper than the bound.
    Depth,
    /// A macro argument that is no expression.
    Argument,
}

/// What of the file was not analysed.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Each part with its reason, in text order.
    pub skipped: Vec<(Skipped, Span)>,
}

/// One source file, lowered.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// The files read; id 0 is the one that was asked for.
    pub files: SourceMap,
    /// Identifiers.
    pub names: Names,
    /// Types.
    pub types: Types,
    /// Functions with a body: of the file, and those of headers and macros that it calls.
    pub functions: Vec<Function>,
    /// The functions by name; where a name is defined twice (in two `#if` arms), all of them.
    pub by_name: FxHashMap<Name, Vec<FunctionId>>,
    /// A header of the module was not read: more names may be declared than are in sight.
    pub incomplete: bool,
    /// Functions declared by the file or a local header but not defined in sight.
    pub declared: FxHashMap<Name, Span>,
    /// Variables at file scope.
    pub globals: Vec<Global>,
    /// Functions kept in tables.
    pub entries: Vec<Entry>,
    /// Macros invoked at file scope.
    pub top_macros: Vec<TopMacro>,
    /// Names of function-like macros defined by the file or a local header.
    pub macros: FxHashMap<Name, Span>,
    /// The text of each `#if` condition, by the number in [`Expr::Config`].
    pub configs: Vec<String>,
    /// What was not analysed.
    pub coverage: Coverage,
}

impl Unit {
    /// The function behind an id.
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.0 as usize]
    }

    /// Whether the file or a header of its module says what a called name is, or may do so.
    pub fn may_declare(&self, name: Name) -> bool {
        self.incomplete
            || self.declared.contains_key(&name)
            || self.macros.contains_key(&name)
            || self.by_name.contains_key(&name)
            || self.globals.iter().any(|global| global.name == name)
    }

    /// The functions with this name.
    pub fn named(&self, name: Name) -> &[FunctionId] {
        self.by_name.get(&name).map_or(&[], Vec::as_slice)
    }
}
