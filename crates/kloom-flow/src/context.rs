//! What holds for the whole unit while its functions are followed.

use crate::body::named_constant;
use crate::summary::Writes;
use crate::value::Sym;
use kloom_facts::{Effect, Fact, Facts, Target};
use kloom_ir::{Linkage, Name, Unit};
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
}

impl<'a> Context<'a> {
    pub fn new(unit: &'a Unit, facts: Facts, target: Target) -> Self {
        let names = || (0..unit.names.len() as u32).map(|n| unit.names.text(Name(n)));
        Context {
            unit,
            target,
            facts: names().map(|text| facts.get(text)).collect(),
            constants: names().map(named_constant).collect(),
            writes: Vec::new(),
            shared: unit
                .globals
                .iter()
                .filter(|g| g.linkage == Linkage::External)
                .map(|g| g.name)
                .collect(),
        }
    }

    /// The fact for a name that the unit does not define itself.
    pub fn fact(&self, name: Name) -> Option<&'static Fact> {
        self.facts.get(name.0 as usize).copied().flatten()
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

    /// Whether another file can write the variable.
    pub fn is_shared(&self, name: Name) -> bool {
        self.shared.contains(&name) || !self.unit.globals.iter().any(|g| g.name == name)
    }
}
