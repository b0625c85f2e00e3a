//! The small intermediate representation that both languages are lowered to.
//!
//! It knows neither C nor Rust nor TOML: places, expressions without side effects, instructions,
//! blocks. Every span points at the user's bytes.

mod body;
mod mermaid;
mod name;
mod place;
mod print;
mod types;
mod unit;

pub use body::{
    Arg, BinOp, Block, BlockId, Call, Callee, CaseRange, Expr, Instr, InstrKind, Label, LabelKind,
    SwitchArm, Terminator, UnOp, WaitMark,
};
pub use mermaid::mermaid;
pub use name::{Name, Names};
pub use place::{Base, Elem, LocalId, PlaceData, PlaceId, Places};
pub use print::{print_function, print_unit};
pub use types::{Field, StructDef, Type, TypeId, Types};
pub use unit::{
    Attribute, Coverage, Entry, Function, FunctionId, Global, Linkage, Local, Origin, Skipped,
    TopMacro, Unit,
};
