//! What belongs to which struct: the functions behind its works and timers, what holds it, and
//! whose memory a call is about.

use kloom_facts::{Verb, When};
use kloom_flow::model::condition::{callee, object_of};
use kloom_flow::model::{Model, Object, Site, call};
use kloom_ir::{Base, Elem, Expr, FunctionId, InstrKind, Name, Type, TypeId, Unit};
use memchr::memmem;
use rustc_hash::{FxHashMap, FxHashSet};

/// How deep structs are looked for in others.
const MAX_DEPTH: usize = 6;

/// The functions that each object runs, as far as they are in sight.
pub fn all_handlers(unit: &Unit, model: &Model) -> FxHashMap<Object, Vec<FunctionId>> {
    let mut all: FxHashMap<Object, Vec<FunctionId>> = FxHashMap::default();
    for site in model.with(Verb::Init) {
        let arg = call(unit, site).zip(site.effect.with);
        let arg = arg.and_then(|(call, n)| call.args.get(usize::from(n)));
        for function in arg.into_iter().flat_map(|arg| named(unit, &arg.expr)) {
            for object in &site.on.list {
                all.entry(*object).or_default().push(*function);
            }
        }
    }
    // Some are set by an assignment: `timer.function = expire`.
    for (at, f) in unit.functions.iter().enumerate() {
        for instr in f.blocks.iter().flat_map(|block| &block.instrs) {
            if let InstrKind::Assign { dst, src } = &instr.kind
                && let functions @ [_, ..] = named(unit, src)
                && let Base::Step(outer, Elem::Field { .. }) = f.places.get(*dst).base
                && let Some(object) = object_of(FunctionId(at as u32), f, outer)
            {
                all.entry(object).or_default().extend(functions);
            }
        }
    }
    for list in all.values_mut() {
        list.sort_unstable();
        list.dedup();
    }
    all
}

/// The functions of the unit that an expression names.
pub fn named<'a>(unit: &'a Unit, expr: &Expr) -> &'a [FunctionId] {
    match expr {
        Expr::Function(name) => unit.named(*name),
        Expr::Cast(_, inner) => named(unit, inner),
        _ => &[],
    }
}

/// A struct and all that have it in them, by value.
pub fn holders(unit: &Unit, tag: Name) -> Vec<Name> {
    let mut all = vec![tag];
    for _ in 0..MAX_DEPTH {
        let before = all.len();
        for (outer, def) in &unit.types.structs {
            let inside = |ty| by_value(unit, ty).is_some_and(|tag| all.contains(&tag));
            if !all.contains(outer) && def.fields.iter().any(|field| inside(field.ty)) {
                all.push(*outer);
            }
        }
        if all.len() == before {
            break;
        }
    }
    all.sort_unstable();
    all
}

fn by_value(unit: &Unit, ty: TypeId) -> Option<Name> {
    match unit.types.get(ty) {
        Type::Struct(tag) => Some(*tag),
        Type::Array(inner, _) => by_value(unit, *inner),
        _ => None,
    }
}

/// The struct that the pointer argument of an effect leads to.
pub fn owner_of(unit: &Unit, site: &Site) -> Option<Name> {
    let arg = call(unit, site)?.args.get(usize::from(site.effect.arg?))?;
    tag_of(unit, site.function, &arg.expr)
}

/// The struct that a pointer leads to.
pub fn tag_of(unit: &Unit, id: FunctionId, expr: &Expr) -> Option<Name> {
    let places = &unit.function(id).places;
    match expr {
        Expr::Cast(_, inner) => tag_of(unit, id, inner),
        Expr::Read(place) => unit
            .types
            .struct_tag(unit.types.pointee(places.get(*place).ty)),
        Expr::AddrOf(place) => unit.types.struct_tag(places.get(*place).ty),
        _ => None,
    }
}

/// The objects whose address gets somewhere that may do anything with them: kept, or handed to
/// a function that is not known. Local pointers are followed by the model.
pub fn handed_on(unit: &Unit, is_known: impl Fn(Name) -> bool) -> FxHashSet<Object> {
    let mut all = FxHashSet::default();
    for (at, f) in unit.functions.iter().enumerate() {
        let id = FunctionId(at as u32);
        let mut note = |expr: &Expr| {
            if let Expr::AddrOf(place) = expr {
                all.extend(object_of(id, f, *place));
            }
        };
        for instr in f.blocks.iter().flat_map(|block| &block.instrs) {
            match &instr.kind {
                InstrKind::Assign { dst, src }
                    if !matches!(f.places.get(*dst).base, Base::Local(_)) =>
                {
                    note(src);
                }
                InstrKind::Call(call) => {
                    let known = callee(call).is_some_and(&is_known);
                    if !known {
                        call.args.iter().for_each(|arg| note(&arg.expr));
                    }
                }
                _ => {}
            }
        }
    }
    all
}

/// Whether an effect that depends on an argument's text happens at a call.
pub fn happens(unit: &Unit, site: &Site) -> bool {
    let has = |n: u8, word: &str| {
        let arg = call(unit, site).and_then(|call| call.args.get(usize::from(n)));
        arg.is_some_and(|arg| memmem::find(unit.files.slice(arg.span), word.as_bytes()).is_some())
    };
    match site.effect.when {
        When::ArgHas(n, word) => has(n, word),
        When::ArgLacks(n, word) => !has(n, word),
        _ => true,
    }
}
