//! Which functions the kernel calls, and when.

use kloom_diag::Span;
use kloom_facts::{Fact, Verb};
use kloom_ir::{
    Callee, Expr, Function, FunctionId, InstrKind, Linkage, Name, Origin, TopMacro, Unit,
};
use rustc_hash::FxHashMap;

/// When a function that the kernel calls can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Once, at load; nothing else runs if it fails.
    Init,
    /// Once, at unload, only after init succeeded.
    Exit,
    /// For each device; its failure means nothing else runs for that device.
    Probe,
    /// In a thread of its own, started by the call at this place; perhaps never.
    Thread(Span),
    /// Later, as a member of a table: file operations, `remove`, `suspend`.
    Member,
    /// Later, if what its address was handed to ever calls it: work items, timers, states.
    Callback,
    /// From other files of the kernel.
    External,
}

/// The functions that something outside the unit can call, with their roles.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    list: FxHashMap<FunctionId, Vec<Role>>,
}

impl Roles {
    /// Reads the roles off module entry macros, tables and the calls that take functions.
    pub fn of(unit: &Unit, fact: impl Fn(Name) -> Option<&'static Fact>) -> Roles {
        let mut roles = Roles::default();
        for used in &unit.top_macros {
            roles.named_in(unit, used, fact(used.name));
        }
        for entry in &unit.entries {
            let role = match unit.names.text(entry.member) {
                "probe" | "probe_new" => Role::Probe,
                _ => Role::Member,
            };
            roles.add(unit, entry.function, role);
        }
        for f in &unit.functions {
            roles.taken_in(unit, f, &fact);
        }
        for (at, f) in unit.functions.iter().enumerate() {
            let id = FunctionId(at as u32);
            if f.linkage == Linkage::External
                && f.origin == Origin::File
                && !roles.list.contains_key(&id)
            {
                roles.push(id, Role::External);
            }
        }
        roles
    }

    /// Functions that are arguments of a macro at file scope.
    fn named_in(&mut self, unit: &Unit, used: &TopMacro, known: Option<&'static Fact>) {
        let named = |arg: &Span| {
            let text = std::str::from_utf8(unit.files.slice(*arg)).ok()?;
            unit.names.find(text.trim())
        };
        let mut entries = known.into_iter().flat_map(|k| k.effects(Verb::Entry));
        if let Some(known) = known.filter(|_| entries.next().is_some()) {
            for effect in known.effects(Verb::Entry) {
                let role = match effect.note {
                    "init" => Role::Init,
                    "exit" => Role::Exit,
                    _ => continue,
                };
                let arg = effect.arg.and_then(|n| used.args.get(usize::from(n)));
                if let Some(name) = arg.and_then(named) {
                    self.add(unit, name, role);
                }
            }
            return;
        }
        // A parameter's or an attribute's function; a work item's runs only if it is queued.
        let role = match known {
            Some(known) if known.does(Verb::Init) => Role::Callback,
            _ => Role::Member,
        };
        for name in used.args.iter().filter_map(named) {
            let of_the_file = |id: &FunctionId| unit.function(*id).linkage == Linkage::Static;
            if unit.named(name).iter().any(of_the_file) {
                self.add(unit, name, role);
            }
        }
    }

    /// Functions whose name stands where a value is expected.
    fn taken_in(
        &mut self,
        unit: &Unit,
        f: &Function,
        fact: &impl Fn(Name) -> Option<&'static Fact>,
    ) {
        for instr in f.blocks.iter().flat_map(|b| &b.instrs) {
            match &instr.kind {
                InstrKind::Call(call) => {
                    let known = match call.callee {
                        Callee::Named(name) => fact(name),
                        Callee::Indirect(_) => None,
                    };
                    let starts = |n: usize| {
                        known.is_some_and(|k| {
                            k.effects(Verb::StartThread).any(|e| e.arg == Some(n as u8))
                        })
                    };
                    for (n, arg) in call.args.iter().enumerate() {
                        if let Some(name) = function_in(&arg.expr) {
                            let role = if starts(n) {
                                Role::Thread(instr.span)
                            } else {
                                Role::Callback
                            };
                            self.add(unit, name, role);
                        }
                    }
                }
                InstrKind::Assign { src, .. } => {
                    if let Some(name) = function_in(src) {
                        self.add(unit, name, Role::Callback);
                    }
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, unit: &Unit, name: Name, role: Role) {
        for id in unit.named(name) {
            self.push(*id, role);
        }
    }

    fn push(&mut self, id: FunctionId, role: Role) {
        let list = self.list.entry(id).or_default();
        if !list.contains(&role) {
            list.push(role);
        }
    }

    /// Every function with a role, by id.
    pub fn iter(&self) -> impl Iterator<Item = (FunctionId, &[Role])> {
        let mut all: Vec<_> = self
            .list
            .iter()
            .map(|(id, r)| (*id, r.as_slice()))
            .collect();
        all.sort_unstable_by_key(|e| e.0);
        all.into_iter()
    }

    /// The roles of one function, none if only the unit itself calls it.
    pub fn get(&self, id: FunctionId) -> &[Role] {
        self.list.get(&id).map_or(&[], Vec::as_slice)
    }
}

pub(crate) fn function_in(expr: &Expr) -> Option<Name> {
    match expr {
        Expr::Function(name) => Some(*name),
        Expr::Cast(_, inner) => function_in(inner),
        _ => None,
    }
}
