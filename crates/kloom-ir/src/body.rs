//! Blocks, instructions and expressions.

use crate::{LocalId, Name, PlaceId, TypeId};
use kloom_diag::Span;

/// A block of one function; block 0 is the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub u32);

/// An expression without side effects: calls, assignments and short circuits inside it have
/// become instructions and edges before it.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A number or character, or an enumerator or macro whose value is in sight.
    Int(i64),
    /// A string literal; the span covers all its adjacent pieces.
    Str(Span),
    /// The value at a place.
    Read(PlaceId),
    /// The address of a place.
    AddrOf(PlaceId),
    /// A function by name.
    Function(Name),
    /// An identifier that nothing in sight declares: an enumerator, a constant macro.
    Name(Name),
    /// A type where an expression is expected: macro arguments.
    Type(TypeId),
    /// `sizeof(type)`; `sizeof expr` has the type of the expression, which is not evaluated.
    SizeOf(TypeId),
    /// A unary operation.
    Unary(UnOp, Box<Expr>),
    /// A binary operation.
    Binary(BinOp, Box<Expr>, Box<Expr>),
    /// A conversion.
    Cast(TypeId, Box<Expr>),
    /// Whether an `#if` condition holds: the same number is the same condition text, all over
    /// the file.
    Config(u32),
    /// Anything that could not be read or depends on the unknown.
    Unknown,
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnOp {
    /// `!`
    Not,
    /// `-`
    Neg,
    /// `~`
    BitNot,
}

/// Binary operators. `&&`, `||` and `?:` are edges, not operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Who is called.
#[derive(Clone, Debug, PartialEq)]
pub enum Callee {
    /// By name: a function, a macro, an iterator, a guard.
    Named(Name),
    /// Through a pointer.
    Indirect(Expr),
}

/// One argument.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// Its value.
    pub expr: Expr,
    /// Its text.
    pub span: Span,
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Where the result goes, if it is used.
    pub dst: Option<PlaceId>,
    /// Who is called.
    pub callee: Callee,
    /// Where the callee is written.
    pub callee_span: Span,
    /// The arguments.
    pub args: Vec<Arg>,
    /// Made up by the lowering, so it does not stand in the text: what gives back at the end of
    /// a scope what the scope took. It is skipped for values that its class need not give back.
    pub synthetic: bool,
}

/// The parts of a wait macro. The loop between them re-evaluates the condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitMark {
    /// Just before the condition is evaluated (again).
    Test,
    /// The thread sleeps here; afterwards everything shared may have changed.
    Sleep,
}

/// What one instruction does.
#[derive(Clone, Debug, PartialEq)]
pub enum InstrKind {
    /// `dst = src`; also declarations with an initialiser. `0` assigned to a struct or array is
    /// the zeroing of all of it, before the members that an initialiser names.
    Assign {
        /// What is written.
        dst: PlaceId,
        /// The value.
        src: Expr,
    },
    /// An expression whose value is dropped, kept because it reads places.
    Eval(Expr),
    /// A call.
    Call(Box<Call>),
    /// A part of a wait macro; the macro itself is a call before the first mark.
    Wait {
        /// The macro.
        callee: Name,
        /// Which part.
        mark: WaitMark,
    },
    /// These locals go out of scope.
    ScopeEnd(Vec<LocalId>),
    /// Text that could not be read: anything may have happened to what it names.
    Opaque {
        /// The places it may have changed.
        havoc: Vec<PlaceId>,
    },
}

/// One instruction and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Instr {
    /// What it does.
    pub kind: InstrKind,
    /// The statement or expression it came from.
    pub span: Span,
}

/// Kinds of written labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LabelKind {
    /// `name:`
    Named(Name),
    /// `case …:`
    Case,
    /// `default:`
    Default,
}

/// A label as written; a block carries those that stand at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Which kind.
    pub kind: LabelKind,
    /// Where its word is written (`case`, `default`, the name).
    pub span: Span,
}

/// Values one `case` stands for, both ends included; `None` where they are not literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseRange(pub Option<(i64, i64)>);

/// One way out of a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwitchArm {
    /// The values.
    pub values: CaseRange,
    /// Where they lead.
    pub to: BlockId,
}

/// How a block ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Terminator {
    /// To one block; `written` is the span of a `goto` in the text.
    Goto {
        /// Where to.
        to: BlockId,
        /// The `goto` keyword, if there is one.
        written: Option<Span>,
    },
    /// Two ways.
    Branch {
        /// The condition.
        cond: Expr,
        /// Where the condition is written.
        span: Span,
        /// If it is not zero.
        then: BlockId,
        /// If it is zero.
        otherwise: BlockId,
    },
    /// Many ways.
    Switch {
        /// The value.
        on: Expr,
        /// Where it is written.
        span: Span,
        /// The cases in order.
        arms: Vec<SwitchArm>,
        /// `default`, or what follows the switch.
        otherwise: BlockId,
    },
    /// Any of these, for reasons kloom cannot read: computed goto, opaque text that names labels.
    Either(Vec<BlockId>),
    /// Leaves the function; `written` is the span of the `return` keyword, `None` at the end of
    /// the body.
    Return {
        /// The value.
        value: Option<Expr>,
        /// The whole statement, or the closing brace.
        span: Span,
        /// The keyword.
        written: Option<Span>,
    },
    /// Never passed: the end of a call that does not come back.
    Unreachable,
}

impl Terminator {
    /// The blocks this may lead to, in order, possibly with repeats.
    pub fn successors(&self) -> Vec<BlockId> {
        match self {
            Terminator::Goto { to, .. } => vec![*to],
            Terminator::Branch {
                then, otherwise, ..
            } => vec![*then, *otherwise],
            Terminator::Switch {
                arms, otherwise, ..
            } => arms.iter().map(|arm| arm.to).chain([*otherwise]).collect(),
            Terminator::Either(all) => all.clone(),
            Terminator::Return { .. } | Terminator::Unreachable => Vec::new(),
        }
    }
}

/// Straight-line code.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Labels written at its start.
    pub labels: Vec<Label>,
    /// Its instructions.
    pub instrs: Vec<Instr>,
    /// How it ends.
    pub term: Terminator,
}
