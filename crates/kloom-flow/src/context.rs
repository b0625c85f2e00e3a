//! What holds for the whole unit while its functions are followed.

use crate::body::named_constant;
use crate::callgraph::calls;
use crate::memory::{Cell, Cells};
use crate::summary::Writes;
use crate::value::{CellId, Sym};
use kloom_facts::{Effect, Fact, Facts, Returns, Target, says_end};
use kloom_ir::{Callee, Expr, FunctionId, InstrKind, Linkage, Name, PlaceId, Unit};
use rustc_hash::FxHashSet;

/// The unit and what its names mean.
pub(crate) struct Context<'a> {
    pub unit: &'a Unit,
    target: Target,
    facts: Vec<Option<&'static Fact>>,
    constants: Vec<Option<Sym>>,
    /// What each function may write, callees included.
    pub writes: Vec<Writes>,
    /// Variables that other files can change.
    shared: FxHashSet<Name>,
    /// Where the unit keeps what can be an error pointer.
    error_keepers: Writes,
    /// The functions that have to do with locks, if those are followed.
    pub lock_users: Option<Vec<bool>>,
    /// The functions in which it is followed who owns memory and what was started.
    pub owners: Vec<bool>,
    /// The functions that may stop or unregister something, if memory is followed.
    pub undoes: Vec<bool>,
}

impl<'a> Context<'a> {
    pub fn new(unit: &'a Unit, facts: Facts, target: Target) -> Self {
        let names = || {
            (0..unit.names.len() as u32)
                .map(Name)
                .map(|n| (n, unit.names.text(n)))
        };
        let mut cx = Context {
            unit,
            target,
            facts: names().map(|(_, text)| facts.get(text)).collect(),
            constants: names()
                .map(|(name, text)| named_constant(name, text))
                .collect(),
            writes: Vec::new(),
            shared: unit
                .globals
                .iter()
                .filter(|g| g.linkage == Linkage::External)
                .map(|g| g.name)
                .collect(),
            error_keepers: Writes::default(),
            lock_users: None,
            owners: Vec::new(),
            undoes: Vec::new(),
        };
        for name in unit.functions.iter().flat_map(calls) {
            let known = &mut cx.facts[name.0 as usize];
            *known = known.or_else(|| meant(unit, facts, name));
        }
        cx.error_keepers = error_keepers(&cx);
        cx
    }

    /// The fact for a name that the unit does not define itself.
    pub fn fact(&self, name: Name) -> Option<&'static Fact> {
        self.facts.get(name.0 as usize).copied().flatten()
    }

    /// The argument that a function which the unit does not define gives back as it is.
    pub fn passes_on(&self, name: Name) -> Option<u8> {
        if !self.unit.named(name).is_empty() {
            return None;
        }
        match self.fact(name)?.returns {
            Returns::Arg(n) => Some(n),
            _ => None,
        }
    }

    /// Whether a function that nothing is known about may stop or unregister what it is not handed:
    /// one of the module's own, or one that says so.
    pub fn may_undo(&self, name: Name) -> bool {
        self.unit.declared.contains_key(&name) || says_end(self.unit.names.text(name))
    }

    /// Whether the target has this effect.
    pub fn applies(&self, effect: &Effect) -> bool {
        self.target.hits(effect.versions)
    }

    /// The value of a name that nothing in sight declares.
    pub fn constant(&self, name: Name) -> Sym {
        self.constants
            .get(name.0 as usize)
            .copied()
            .flatten()
            .unwrap_or(Sym::Unknown)
    }

    /// Whether the unit stores possible error pointers there.
    pub fn keeps_errors(&self, cells: &Cells, cell: CellId) -> bool {
        let keepers = &self.error_keepers;
        let member = cells.class(cell);
        member.is_some_and(|m| keepers.members.contains(&m))
            || matches!(cells.outermost(cell), Cell::Global(name) if keepers.globals.contains(&name))
    }

    /// Whether a function has to do with locks, and those are followed.
    pub fn touches_locks(&self, id: FunctionId) -> bool {
        let users = self.lock_users.as_ref();
        users.is_some_and(|users| users.get(id.0 as usize) == Some(&true))
    }

    /// Whether another file can write the variable.
    pub fn is_shared(&self, name: Name) -> bool {
        self.shared.contains(&name) || !self.unit.globals.iter().any(|g| g.name == name)
    }
}

/// The lock function that a misspelt name was meant to be, if nothing declares the name. From here
/// on it counts as that function: one slip is one finding.
pub fn meant(unit: &Unit, facts: Facts, name: Name) -> Option<&'static Fact> {
    let text = unit.names.text(name);
    if facts.get(text).is_some() {
        return None;
    }
    facts.nearest_lock(text).filter(|_| !unit.may_declare(name))
}

/// Members and variables that get the result of a call that can give an error pointer, or of
/// one of the unit's own functions, directly or by way of a local.
fn error_keepers(cx: &Context<'_>) -> Writes {
    let mut out = Writes::default();
    for f in &cx.unit.functions {
        let mut carriers: FxHashSet<PlaceId> = FxHashSet::default();
        let instrs = || f.blocks.iter().flat_map(|b| &b.instrs);
        for instr in instrs() {
            if let InstrKind::Call(call) = &instr.kind
                && let (Some(dst), Callee::Named(name)) = (call.dst, &call.callee)
                && (!cx.unit.named(*name).is_empty()
                    || matches!(
                        cx.fact(*name).map(|f| f.returns),
                        Some(Returns::ErrPtr { .. })
                    ))
            {
                carriers.insert(dst);
            }
        }
        // Temporaries and locals pass it on; a few rounds reach any chain people write.
        for _ in 0..3 {
            for instr in instrs() {
                if let InstrKind::Assign { dst, src } = &instr.kind
                    && let Expr::Read(from) = src
                    && carriers.contains(from)
                {
                    carriers.insert(*dst);
                }
            }
        }
        for place in carriers {
            out.note(f, place);
        }
    }
    out
}
