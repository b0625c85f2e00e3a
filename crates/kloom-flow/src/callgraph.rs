//! Who calls whom within the unit, and in which order to follow functions.

use crate::loops::lent;
use crate::summary::Writes;
use kloom_ir::{Base, Callee, Function, FunctionId, InstrKind, Unit};

/// Direct calls between the functions of one unit.
pub(crate) struct CallGraph {
    /// Callees by caller, without repeats.
    pub callees: Vec<Vec<FunctionId>>,
    /// Strongly connected components, callees before callers.
    pub components: Vec<Vec<FunctionId>>,
}

impl CallGraph {
    /// The graph of a unit.
    pub fn of(unit: &Unit) -> CallGraph {
        let callees: Vec<Vec<FunctionId>> = unit
            .functions
            .iter()
            .map(|f| {
                let mut out: Vec<FunctionId> = calls(f)
                    .flat_map(|name| unit.named(name).iter().copied())
                    .collect();
                out.sort_unstable();
                out.dedup();
                out
            })
            .collect();
        let components = components(&callees);
        CallGraph {
            callees,
            components,
        }
    }

    /// Whether a function can call itself, possibly through others of its component.
    pub fn is_cycle(&self, component: &[FunctionId]) -> bool {
        component.len() > 1
            || component
                .iter()
                .any(|f| self.callees[f.0 as usize].contains(f))
    }

    /// Every function that can be reached from one of these, these included.
    pub fn reachable(&self, from: impl IntoIterator<Item = FunctionId>) -> Vec<bool> {
        let mut seen = vec![false; self.callees.len()];
        let mut todo: Vec<FunctionId> = from.into_iter().collect();
        while let Some(f) = todo.pop() {
            if !std::mem::replace(&mut seen[f.0 as usize], true) {
                todo.extend(&self.callees[f.0 as usize]);
            }
        }
        seen
    }
}

/// Names called in a function.
pub(crate) fn calls(f: &Function) -> impl Iterator<Item = kloom_ir::Name> + '_ {
    f.blocks
        .iter()
        .flat_map(|b| &b.instrs)
        .filter_map(|i| match &i.kind {
            InstrKind::Call(call) => match call.callee {
                Callee::Named(name) => Some(name),
                Callee::Indirect(_) => None,
            },
            _ => None,
        })
}

/// Tarjan's algorithm with its own stack, so that no input can exhaust ours.
fn components(next: &[Vec<FunctionId>]) -> Vec<Vec<FunctionId>> {
    let count = next.len();
    let mut index = vec![u32::MAX; count];
    let mut low = vec![0; count];
    let mut on_stack = vec![false; count];
    let mut stack = Vec::new();
    let mut out = Vec::new();
    let mut time = 0;
    for start in 0..count {
        if index[start] != u32::MAX {
            continue;
        }
        let mut walk = vec![(start, 0)];
        while let Some(&mut (at, ref mut child)) = walk.last_mut() {
            if *child == 0 {
                index[at] = time;
                low[at] = time;
                time += 1;
                stack.push(at);
                on_stack[at] = true;
            }
            if let Some(to) = next[at].get(*child) {
                *child += 1;
                let to = to.0 as usize;
                if index[to] == u32::MAX {
                    walk.push((to, 0));
                } else if on_stack[to] {
                    low[at] = low[at].min(index[to]);
                }
                continue;
            }
            if low[at] == index[at] {
                let from = stack.iter().rposition(|n| *n == at).unwrap_or(0);
                let mut group: Vec<FunctionId> = stack
                    .split_off(from)
                    .into_iter()
                    .map(|n| FunctionId(n as u32))
                    .collect();
                for f in &group {
                    on_stack[f.0 as usize] = false;
                }
                group.sort_unstable();
                out.push(group);
            }
            walk.pop();
            if let Some((parent, _)) = walk.last() {
                low[*parent] = low[*parent].min(low[at]);
            }
        }
    }
    out
}

/// What each function may write, its callees included.
pub(crate) fn writes(unit: &Unit, graph: &CallGraph) -> Vec<Writes> {
    let mut out: Vec<Writes> = unit.functions.iter().map(own_writes).collect();
    for component in &graph.components {
        let mut all = Writes::default();
        for f in component {
            let callees = graph.callees[f.0 as usize].iter();
            for part in callees.chain([f]).map(|g| &out[g.0 as usize]) {
                all.globals.extend(&part.globals);
                all.members.extend(&part.members);
                all.named_by_macro |= part.named_by_macro;
            }
        }
        for f in component {
            out[f.0 as usize] = all.clone();
        }
    }
    out
}

fn own_writes(f: &Function) -> Writes {
    let mut out = Writes::default();
    for instr in f.blocks.iter().flat_map(|b| &b.instrs) {
        match &instr.kind {
            InstrKind::Assign { dst, .. } => out.note(f, *dst),
            InstrKind::Call(call) => call.dst.into_iter().for_each(|dst| out.note(f, dst)),
            InstrKind::Opaque { havoc } => havoc.iter().for_each(|place| out.note(f, *place)),
            _ => {}
        }
    }
    let lent = lent(f);
    out.named_by_macro = f.blocks.iter().flat_map(|b| &b.instrs).any(|instr| {
        matches!(&instr.kind, InstrKind::Assign { dst, .. }
            if matches!(f.places.get(*dst).base, Base::Local(local) if lent.contains(&local)))
    });
    out
}
