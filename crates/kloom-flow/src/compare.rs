//! Comparisons of values of which the classes are known.

use crate::value::{Sym, class_of};
use kloom_facts::Classes;
use kloom_ir::BinOp;

/// Whether the result is computed from the bits of the operands.
pub(crate) fn is_arithmetic(op: BinOp) -> bool {
    use BinOp::{Add, And, Div, Mul, Or, Rem, Shl, Shr, Sub, Xor};
    matches!(op, Add | And | Div | Mul | Or | Rem | Shl | Shr | Sub | Xor)
}

/// Whether two constants are the same one.
pub(crate) fn same(x: Sym, y: Sym) -> Option<bool> {
    match (x, y) {
        (Sym::Const(a), Sym::Const(b)) => Some(a == b),
        (Sym::Named(a), Sym::Named(b)) => Some(a == b),
        _ => None,
    }
}

/// The number a value is compared with; for one whose class alone is known, a typical one.
pub(crate) fn bound(sym: Sym) -> Option<i64> {
    match sym {
        Sym::Const(n) => Some(n),
        Sym::Class(bits) if Classes(bits) == Classes::NEG => Some(-2),
        Sym::Class(bits) if Classes(bits) == Classes::POS => Some(2),
        Sym::Class(bits) if Classes(bits) == Classes::ZERO => Some(0),
        _ => None,
    }
}

pub(crate) fn mirrored(op: BinOp) -> BinOp {
    match op {
        BinOp::Lt => BinOp::Gt,
        BinOp::Le => BinOp::Ge,
        BinOp::Gt => BinOp::Lt,
        BinOp::Ge => BinOp::Le,
        other => other,
    }
}

/// The classes of a value for which `value OP n` holds, and for which it does not.
pub(crate) fn compared(op: BinOp, n: i64) -> Option<(Classes, Classes)> {
    let sign = class_of(n);
    let (neg, zero, pos, any) = (Classes::NEG, Classes::ZERO, Classes::POS, Classes::ANY);
    let equal = if sign == zero {
        (zero, zero.not())
    } else {
        (sign, any)
    };
    let less = match n {
        0 => (neg, neg.not()),
        1 => (pos.not(), pos),
        _ if n < 0 => (neg, any),
        _ => (any, pos),
    };
    let at_most = match n {
        0 => (pos.not(), pos),
        _ => {
            if n == -1 {
                (neg, neg.not())
            } else if n < 0 {
                (neg, any)
            } else {
                (any, pos)
            }
        }
    };
    let swap = |(a, b)| (b, a);
    Some(match op {
        BinOp::Eq => equal,
        BinOp::Ne => swap(equal),
        BinOp::Lt => less,
        BinOp::Ge => swap(less),
        BinOp::Le => at_most,
        BinOp::Gt => swap(at_most),
        _ => return None,
    })
}
