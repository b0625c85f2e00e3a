//! What a wait waits for, and which functions touch what.

use super::flow::{Spot, WaitLoop};
use super::object::Object;
use kloom_ir::{
    Base, Call, Callee, Elem, Expr, Function, FunctionId, Instr, InstrKind, Name, PlaceId,
    Terminator, Type, TypeId, Unit,
};

/// The objects that an expression reads or takes the address of; `None` in place of one that has
/// no name.
pub fn mentioned(id: FunctionId, f: &Function, expr: &Expr, out: &mut Vec<Option<Object>>) {
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Read(place) | Expr::AddrOf(place) => out.push(object_of(id, f, *place)),
            Expr::Unary(_, inner) | Expr::Cast(_, inner) => open.push(inner),
            Expr::Binary(_, left, right) => open.extend([&**left, &**right]),
            Expr::Unknown => out.push(None),
            _ => {}
        }
    }
}

/// The name of what is at a place; `None` for what an unnamed pointer leads to.
pub fn object_of(id: FunctionId, f: &Function, place: PlaceId) -> Option<Object> {
    let mut at = place;
    loop {
        match f.places.get(at).base {
            Base::Step(
                _,
                Elem::Field {
                    owner: Some(owner),
                    name,
                },
            ) => {
                return Some(Object::Member(owner, name));
            }
            Base::Step(outer, Elem::Index(_)) => at = outer,
            Base::Step(_, Elem::Field { owner: None, .. }) => return None,
            Base::Step(outer, Elem::Deref) => {
                // What a named pointer leads to goes by the pointer's name.
                at = outer;
                if matches!(f.places.get(at).base, Base::Local(_)) {
                    return None;
                }
            }
            Base::Global(name) => return Some(Object::Global(name)),
            Base::Local(local) => return Some(Object::Local(id, local)),
        }
    }
}

/// What the condition of a wait evaluates.
#[derive(Clone, Debug, Default)]
pub struct Condition<'a> {
    /// What it reads, sorted, without the variables of its function.
    pub reads: Vec<Object>,
    /// Whether it may read something else, too.
    pub open: bool,
    /// Its calls, in block order.
    pub calls: Vec<(Spot, &'a Instr, &'a Call)>,
    /// What it assigns, in block order; the lowering's own temporaries are not among it.
    pub assigns: Vec<(Spot, &'a Instr, PlaceId)>,
}

/// Reads the condition of a wait.
pub fn condition<'a>(id: FunctionId, f: &'a Function, wait: &WaitLoop) -> Condition<'a> {
    let mut found = Condition::default();
    let mut reads = Vec::new();
    for block in &wait.condition {
        let from = if *block == wait.test.block {
            wait.test.at + 1
        } else {
            0
        };
        let body = f.block(*block);
        for (at, instr) in body.instrs.iter().enumerate().skip(from) {
            let spot = Spot { block: *block, at };
            if spot == wait.sleep {
                break;
            }
            match &instr.kind {
                InstrKind::Call(call) => {
                    found.calls.push((spot, instr, call));
                    found.open |= matches!(call.callee, Callee::Indirect(_));
                    for arg in &call.args {
                        mentioned(id, f, &arg.expr, &mut reads);
                    }
                }
                InstrKind::Assign { dst, src } => {
                    mentioned(id, f, src, &mut reads);
                    if !is_temporary(f, *dst) {
                        found.assigns.push((spot, instr, *dst));
                    }
                }
                InstrKind::Eval(expr) => mentioned(id, f, expr, &mut reads),
                InstrKind::Opaque { .. } => found.open = true,
                InstrKind::Wait { .. } | InstrKind::ScopeEnd(_) => {}
            }
        }
        if *block != wait.sleep.block
            && let Some(on) = tested(&body.term)
        {
            mentioned(id, f, on, &mut reads);
        }
    }
    found.open |= reads.contains(&None);
    found.reads = reads
        .into_iter()
        .flatten()
        .filter(|object| !matches!(object, Object::Local(_, local) if !f.local(*local).is_static))
        .collect();
    found.reads.sort_unstable();
    found.reads.dedup();
    found
}

/// The value that a terminator decides by.
pub fn tested(term: &Terminator) -> Option<&Expr> {
    match term {
        Terminator::Branch { cond, .. } => Some(cond),
        Terminator::Switch { on, .. } => Some(on),
        _ => None,
    }
}

/// Whether a place is one of the lowering's temporaries.
fn is_temporary(f: &Function, place: PlaceId) -> bool {
    match f.places.get(place).base {
        Base::Local(local) => f.local(local).name.is_none(),
        _ => false,
    }
}

/// What each function names, and what it may change: its assignments, and what it hands over by
/// address.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    /// Sorted, by function.
    pub changes: Vec<Vec<Object>>,
    /// Sorted, by function.
    pub names: Vec<Vec<Object>>,
}

impl Touched {
    pub(super) fn of(unit: &Unit) -> Touched {
        let mut all = Touched::default();
        for (at, f) in unit.functions.iter().enumerate() {
            let id = FunctionId(at as u32);
            let (mut changes, mut names) = (Vec::new(), Vec::new());
            for block in &f.blocks {
                for instr in &block.instrs {
                    touches(unit, id, &instr.kind, &mut changes, &mut names);
                }
                if let Some(on) = tested(&block.term) {
                    mentioned(id, f, on, &mut names);
                }
            }
            names.extend(&changes);
            all.changes.push(sorted(changes));
            all.names.push(sorted(names));
        }
        all
    }
}

fn touches(
    unit: &Unit,
    id: FunctionId,
    kind: &InstrKind,
    changes: &mut Vec<Option<Object>>,
    names: &mut Vec<Option<Object>>,
) {
    let f = unit.function(id);
    match kind {
        InstrKind::Assign { dst, src } => {
            changes.push(object_of(id, f, *dst));
            mentioned(id, f, src, names);
            by_address(unit, id, src, changes);
        }
        InstrKind::Call(call) => {
            changes.extend(call.dst.map(|dst| object_of(id, f, dst)));
            for arg in &call.args {
                mentioned(id, f, &arg.expr, names);
                by_address(unit, id, &arg.expr, changes);
            }
        }
        InstrKind::Opaque { havoc } => {
            changes.extend(havoc.iter().map(|place| object_of(id, f, *place)));
        }
        InstrKind::Eval(expr) => mentioned(id, f, expr, names),
        InstrKind::Wait { .. } | InstrKind::ScopeEnd(_) => {}
    }
}

fn by_address(unit: &Unit, id: FunctionId, expr: &Expr, out: &mut Vec<Option<Object>>) {
    let f = unit.function(id);
    let mut expr = expr;
    while let Expr::Cast(_, inner) = expr {
        expr = inner;
    }
    match expr {
        Expr::AddrOf(place) => out.push(object_of(id, f, *place)),
        // An array stands for its address.
        Expr::Read(place) if is_array(unit, f.places.get(*place).ty) => {
            out.push(object_of(id, f, *place));
        }
        _ => {}
    }
}

fn is_array(unit: &Unit, ty: TypeId) -> bool {
    matches!(unit.types.get(ty), Type::Array(..))
}

fn sorted(list: Vec<Option<Object>>) -> Vec<Object> {
    let mut list: Vec<Object> = list.into_iter().flatten().collect();
    list.sort_unstable();
    list.dedup();
    list
}

/// The name of a call's target, if it has one.
pub fn callee(call: &Call) -> Option<Name> {
    match call.callee {
        Callee::Named(name) => Some(name),
        Callee::Indirect(_) => None,
    }
}
