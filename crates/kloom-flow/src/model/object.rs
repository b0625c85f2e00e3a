//! Which object an expression is about, without following values.
//!
//! An object has the name that all functions share: a variable at file scope, or the member of
//! some struct ("one of these"). A local pointer is followed to what it was copied from, a
//! parameter to what the unit's own callers hand over.

use kloom_ir::{
    Base, Callee, Elem, Expr, Function, FunctionId, InstrKind, Linkage, LocalId, Name, PlaceId,
    Unit,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// How far copies and callers are followed.
const MAX_DEPTH: u32 = 4;
/// Most names kept for one expression.
const MAX_OBJECTS: usize = 8;
/// Most copies and callers followed from one variable; with more, it can be anything.
const MAX_WAYS: usize = 6;

/// A name for a wait queue, work item, handle, lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// A variable at file scope, or a part of one whose type is not known.
    Global(Name),
    /// The member of some struct: one of these.
    Member(Name, Name),
    /// A variable of a function.
    Local(FunctionId, LocalId),
}

/// The objects an expression can be about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// Sorted.
    pub list: Vec<Object>,
    /// Whether it can be another one, too.
    pub open: bool,
}

impl Objects {
    /// Whether both can be the same object by name; what is not known matches nothing.
    pub fn meet(&self, other: &Objects) -> bool {
        self.list.iter().any(|object| other.list.contains(object))
    }

    /// Whether it is certainly one of the named ones, and there is one.
    pub fn is_known(&self) -> bool {
        !self.open && !self.list.is_empty()
    }

    fn unknown() -> Objects {
        Objects {
            list: Vec::new(),
            open: true,
        }
    }

    fn add(&mut self, other: Objects) {
        self.open |= other.open;
        self.list.extend(other.list);
        self.list.sort_unstable();
        self.list.dedup();
        if self.list.len() > MAX_OBJECTS {
            self.list.truncate(MAX_OBJECTS);
            self.open = true;
        }
    }
}

impl From<Object> for Objects {
    fn from(object: Object) -> Objects {
        Objects {
            list: vec![object],
            open: false,
        }
    }
}

/// Copies between places, and what is handed to parameters, over a unit.
pub(super) struct Copies<'a> {
    unit: &'a Unit,
    /// What a local is set to; `None` is something that is no plain copy.
    into: FxHashMap<(FunctionId, LocalId), Vec<Option<&'a Expr>>>,
    /// Where the value of a local is copied to.
    from: FxHashMap<(FunctionId, LocalId), Vec<PlaceId>>,
    /// Where a function's result goes: the calls of it.
    results: FxHashMap<FunctionId, Vec<(FunctionId, Option<PlaceId>)>>,
    /// Locals that a function returns.
    returned: FxHashSet<(FunctionId, LocalId)>,
    /// Locals that are handed to a call, and may be kept there.
    handed: FxHashMap<(FunctionId, LocalId), Vec<Name>>,
    /// The arguments of the unit's own calls, by callee.
    args: FxHashMap<FunctionId, Vec<(FunctionId, &'a [kloom_ir::Arg])>>,
}

impl<'a> Copies<'a> {
    pub(super) fn of(unit: &'a Unit) -> Copies<'a> {
        let mut copies = Copies {
            unit,
            into: FxHashMap::default(),
            from: FxHashMap::default(),
            results: FxHashMap::default(),
            returned: FxHashSet::default(),
            handed: FxHashMap::default(),
            args: FxHashMap::default(),
        };
        for (at, f) in unit.functions.iter().enumerate() {
            let id = FunctionId(at as u32);
            for block in &f.blocks {
                for instr in &block.instrs {
                    copies.note(id, f, &instr.kind);
                }
                if let kloom_ir::Terminator::Return {
                    value: Some(value), ..
                } = &block.term
                    && let Some(local) = local_read(f, value)
                {
                    copies.returned.insert((id, local));
                }
            }
        }
        copies
    }

    fn note(&mut self, id: FunctionId, f: &'a Function, kind: &'a InstrKind) {
        match kind {
            InstrKind::Assign { dst, src } => {
                if let Some(local) = local_of(f, *dst) {
                    self.into.entry((id, local)).or_default().push(Some(src));
                }
                if let Some(local) = local_read(f, src) {
                    self.from.entry((id, local)).or_default().push(*dst);
                }
            }
            InstrKind::Call(call) => {
                if let Some(local) = call.dst.and_then(|dst| local_of(f, dst)) {
                    self.into.entry((id, local)).or_default().push(None);
                }
                let Callee::Named(name) = call.callee else {
                    return;
                };
                for arg in &call.args {
                    if let Some(local) = local_read(f, &arg.expr) {
                        self.handed.entry((id, local)).or_default().push(name);
                    }
                }
                for callee in self.unit.named(name) {
                    self.results
                        .entry(*callee)
                        .or_default()
                        .push((id, call.dst));
                    self.args.entry(*callee).or_default().push((id, &call.args));
                }
            }
            _ => {}
        }
    }

    /// The object behind an argument: `&x` and `x` are about the same one.
    pub(super) fn objects(&self, id: FunctionId, expr: &Expr) -> Objects {
        self.objects_at(id, expr, MAX_DEPTH)
    }

    fn objects_at(&self, id: FunctionId, expr: &Expr, depth: u32) -> Objects {
        match expr {
            Expr::Cast(_, inner) => self.objects_at(id, inner, depth),
            Expr::AddrOf(place) => self.place_at(id, *place, depth, false),
            Expr::Read(place) => self.place_at(id, *place, depth, true),
            Expr::Name(name) => Object::Global(*name).into(),
            Expr::Int(0) => Objects::default(),
            _ => Objects::unknown(),
        }
    }

    /// The object that a place is or points to.
    fn place_at(&self, id: FunctionId, place: PlaceId, depth: u32, read: bool) -> Objects {
        let f = self.unit.function(id);
        let mut at = place;
        let mut through = read;
        loop {
            match f.places.get(at).base {
                Base::Step(
                    _,
                    Elem::Field {
                        owner: Some(owner),
                        name,
                    },
                ) => {
                    return Object::Member(owner, name).into();
                }
                Base::Step(outer, Elem::Field { owner: None, .. }) => {
                    if through_pointer(f, outer) {
                        return Objects::unknown();
                    }
                    at = outer;
                }
                Base::Step(outer, Elem::Deref) => {
                    through = true;
                    at = outer;
                }
                Base::Step(outer, Elem::Index(_)) => at = outer,
                Base::Global(name) => return Object::Global(name).into(),
                Base::Local(local) if f.local(local).is_static || !through => {
                    return Object::Local(id, local).into();
                }
                Base::Local(local) => return self.local_at(id, local, depth),
            }
        }
    }

    /// What a local pointer can lead to; a local that is no pointer is itself.
    fn local_at(&self, id: FunctionId, local: LocalId, depth: u32) -> Objects {
        let f = self.unit.function(id);
        let Some(depth) = depth.checked_sub(1) else {
            return Objects::unknown();
        };
        let mut all = Objects::default();
        if local.0 < f.params {
            let callers = self.args.get(&id).map_or(&[][..], Vec::as_slice);
            // Somebody else may call it, too.
            let known = 1..=MAX_WAYS;
            all.open = !known.contains(&callers.len()) || f.linkage == Linkage::External;
            for (caller, args) in callers.iter().take(MAX_WAYS) {
                all.add(match args.get(local.0 as usize) {
                    Some(arg) => self.objects_at(*caller, &arg.expr, depth),
                    None => Objects::unknown(),
                });
            }
        }
        let sources = self.into.get(&(id, local)).map_or(&[][..], Vec::as_slice);
        all.open |= sources.len() > MAX_WAYS;
        for source in sources.iter().take(MAX_WAYS) {
            all.add(match source {
                Some(expr) => self.objects_at(id, expr, depth),
                None => Objects::unknown(),
            });
        }
        // The handle itself has this name, too: `t = make(); use(t);`.
        all.add(Object::Local(id, local).into());
        all
    }

    /// The places that keep what a call gave: its target and where that is copied to.
    pub(super) fn keepers(&self, id: FunctionId, dst: PlaceId) -> Objects {
        self.keepers_at(id, dst, MAX_DEPTH)
    }

    fn keepers_at(&self, id: FunctionId, dst: PlaceId, depth: u32) -> Objects {
        let f = self.unit.function(id);
        let Some(local) = local_of(f, dst) else {
            return self.place_at(id, dst, depth, false);
        };
        let mut all = Objects::from(Object::Local(id, local));
        let Some(depth) = depth.checked_sub(1) else {
            all.open = true;
            return all;
        };
        let copies = self.from.get(&(id, local)).map_or(&[][..], Vec::as_slice);
        all.open |= copies.len() > MAX_WAYS;
        for to in copies.iter().take(MAX_WAYS) {
            if *to != dst {
                all.add(self.keepers_at(id, *to, depth));
            }
        }
        if self.returned.contains(&(id, local)) {
            let calls = self.results.get(&id).map_or(&[][..], Vec::as_slice);
            let known = 1..=MAX_WAYS;
            all.open |= !known.contains(&calls.len()) || f.linkage == Linkage::External;
            for (caller, dst) in calls.iter().take(MAX_WAYS) {
                if let Some(dst) = dst {
                    all.add(self.keepers_at(*caller, *dst, depth));
                }
            }
        }
        all
    }

    /// Whether a local is handed to a function that satisfies `keeps`.
    pub(super) fn is_handed(&self, objects: &Objects, keeps: impl Fn(Name) -> bool) -> bool {
        objects.list.iter().any(|object| {
            let Object::Local(id, local) = object else {
                return false;
            };
            let names = self.handed.get(&(*id, *local));
            names.into_iter().flatten().any(|name| keeps(*name))
        })
    }
}

/// The local that a place is, as a whole.
pub(super) fn local_of(f: &Function, place: PlaceId) -> Option<LocalId> {
    match f.places.get(place).base {
        Base::Local(local) if !f.local(local).is_static => Some(local),
        _ => None,
    }
}

fn local_read(f: &Function, expr: &Expr) -> Option<LocalId> {
    match expr {
        Expr::Read(place) => local_of(f, *place),
        Expr::Cast(_, inner) => local_read(f, inner),
        _ => None,
    }
}

fn through_pointer(f: &Function, place: PlaceId) -> bool {
    let mut at = Some(place);
    while let Some(id) = at {
        if matches!(f.places.get(id).base, Base::Step(_, Elem::Deref)) {
            return true;
        }
        at = f.places.parent(id);
    }
    false
}
