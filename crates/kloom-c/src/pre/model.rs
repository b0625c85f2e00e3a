//! What the prepass hands on beside the text.

/// A half-open byte range of the original text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Extent {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset one past the last byte.
    pub end: u32,
}

impl Extent {
    /// The range `start..end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Extent { start, end }
    }

    /// The bytes of this range, empty if it does not fit `text`.
    pub fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or(&[])
    }

    /// Whether `offset` lies inside.
    pub const fn contains(self, offset: u32) -> bool {
        self.start <= offset && offset < self.end
    }
}

/// An attribute that was blanked: `__init`, `__must_hold(&l)`, one of `__attribute__((a, b(1)))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeUse {
    /// Its name.
    pub name: Extent,
    /// With its arguments.
    pub whole: Extent,
}

/// What a macro in front of a block does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// Runs it any number of times.
    Iterator,
    /// Runs it once (or not at all), with something held: `scoped_guard`.
    Scoped,
}

/// A macro in front of a block or statement whose name became `while`, or `if` when it is shorter
/// than that. Where the parentheses are empty, `while(0)` stands over name and parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockMacro {
    /// The macro's name.
    pub name: Extent,
    /// What it does with the block.
    pub kind: BlockKind,
}

/// A macro invoked at file scope and blanked: `MODULE_LICENSE("GPL")`, `static DEFINE_MUTEX(m);`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacroUse {
    /// Its name.
    pub name: Extent,
    /// Everything blanked with it, storage class and `;` included.
    pub whole: Extent,
    /// Its arguments, trimmed.
    pub args: Vec<Extent>,
}

/// A function definition whose head is a macro: `SYSCALL_DEFINE1(close, int, fd) {`. It became
/// `int close() {`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacroHead {
    /// The macro's name.
    pub name: Extent,
    /// The word that stands for the function's name: an argument, or the macro itself.
    pub function: Extent,
    /// The macro with its arguments.
    pub whole: Extent,
    /// Its arguments, trimmed.
    pub args: Vec<Extent>,
}

/// A `#define`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Define {
    /// The macro's name.
    pub name: Extent,
    /// Its parameters if it is function-like; `__VA_ARGS__` or the named rest (`args...`) is last
    /// when `variadic`.
    pub params: Option<Vec<Extent>>,
    /// Whether the last parameter takes all that is left.
    pub variadic: bool,
    /// The replacement, trimmed; continuations included.
    pub body: Extent,
}

/// An `#include`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Include {
    /// The path between the delimiters.
    pub path: Extent,
    /// `"…"` rather than `<…>`.
    pub quoted: bool,
}

/// What became of the text of one `#if` arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArmFate {
    /// It stands in the parse text.
    Kept,
    /// Blanked because no configuration of the target has it: `#if 0`, a version test.
    Dead,
    /// Blanked because it does not fit beside the arm that was kept.
    Skipped,
}

/// One arm: `#if`, `#ifdef`, `#elif`, `#else`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arm {
    /// The directive's whole line(s), without the last newline.
    pub directive: Extent,
    /// The condition's text: after `#if`/`#elif`, or the name after `#ifdef`; empty for `#else`.
    pub condition: Extent,
    /// What lies between this directive and the next of the chain.
    pub body: Extent,
    /// What became of the body.
    pub fate: ArmFate,
}

/// How a chain was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainForm {
    /// Its directives stand in the parse text; the grammar makes a `preproc_if` of it.
    Tree,
    /// Its directives were blanked; the kept arms' text follows one another. So it is where a
    /// `preproc_if` would not parse, and where there is nothing to decide.
    Joined,
}

/// One `#if … #endif`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// From `#if` to the end of `#endif`.
    pub whole: Extent,
    /// How it was handled.
    pub form: ChainForm,
    /// Its arms in order.
    pub arms: Vec<Arm>,
}

/// What a name at file scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// `struct tag { … }` or `union tag { … }`.
    Struct,
    /// `typedef … name;`
    Typedef,
    /// A function declared but not defined.
    Prototype,
    /// A function with its body.
    Function,
    /// A name in an `enum { … }`.
    Enumerator,
}

/// A definition of a name that other files can look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// What it defines.
    pub symbol: Symbol,
    /// The name.
    pub name: Extent,
    /// The whole definition. For an enumerator: its value, empty if it has none.
    pub whole: Extent,
}

/// The text to parse and what was changed in it, each list in text order.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// Same length and newlines as the original; this is what tree-sitter parses. A call that is a
    /// statement has a `+` in front where there was a blank.
    pub text: Vec<u8>,
    /// Attributes that were blanked.
    pub attributes: Vec<AttributeUse>,
    /// Iterators and scoped blocks whose name became `while`.
    pub blocks: Vec<BlockMacro>,
    /// Arguments that are types and became an identifier.
    pub type_args: Vec<Extent>,
    /// Arguments that are neither expression nor type and became `0`.
    pub zeroed: Vec<Extent>,
    /// Offsets of blanks that became `,` between two pieces of one string.
    pub glue: Vec<u32>,
    /// Macros between the pieces of one string, `"a" __stringify(X) "b"`: a call became an
    /// identifier of the same width, a second word in front of the first piece was blanked.
    pub string_macros: Vec<MacroUse>,
    /// Macros at file scope that were blanked.
    pub top_macros: Vec<MacroUse>,
    /// Function heads made by a macro.
    pub heads: Vec<MacroHead>,
    /// Words that jump and were blanked: `return` in front of a macro argument, `goto` of a
    /// computed jump (the star stays).
    pub jumps: Vec<Extent>,
    /// The operands of inline assembly that were blanked.
    pub asm: Vec<Extent>,
    /// Every `#define`.
    pub defines: Vec<Define>,
    /// Every `#include`.
    pub includes: Vec<Include>,
    /// Names that are defined at file scope.
    pub definitions: Vec<Definition>,
    /// Every `#if` chain, by the offset of its `#if`.
    pub chains: Vec<Chain>,
}

impl Prepared {
    /// Puts every list in text order.
    pub(super) fn sort(&mut self) {
        self.attributes.sort_unstable_by_key(|a| a.whole.start);
        self.blocks.sort_unstable_by_key(|b| b.name.start);
        self.type_args.sort_unstable();
        self.zeroed.sort_unstable();
        self.string_macros.sort_unstable_by_key(|m| m.whole.start);
        self.top_macros.sort_unstable_by_key(|m| m.whole.start);
        self.heads.sort_unstable_by_key(|h| h.whole.start);
        self.asm.sort_unstable();
        self.jumps.sort_unstable();
    }
}
