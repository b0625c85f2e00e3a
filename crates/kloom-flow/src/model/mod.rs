//! The module model: what runs where, and what starts, stops, waits for and wakes what.
//!
//! Built on demand, by rules that need it, from the IR, the facts and the call graph. It names
//! objects without following values ([`Objects`]): it knows where things can happen, not in
//! which state. What it does not know, it says: an entry is a [`Context::Callback`], objects are
//! open.

pub mod condition;
mod contexts;
pub mod flow;
mod object;
pub mod view;

pub use contexts::{Context, Contexts, Entry};
pub use flow::Spot;
pub use object::{Object, Objects};

use crate::callgraph::CallGraph;
use kloom_diag::Span;
use kloom_facts::{Effect, Fact, Facts, Target, Verb};
use kloom_ir::{BlockId, Call, Callee, FunctionId, InstrKind, Name, Unit};
use object::Copies;
use rustc_hash::{FxHashMap, FxHashSet};

/// One call with one of its effects.
#[derive(Clone, Debug)]
pub struct Site {
    /// The function around it.
    pub function: FunctionId,
    /// The call's instruction.
    pub spot: Spot,
    /// The whole call.
    pub span: Span,
    /// Who is called.
    pub callee: Name,
    /// What it does.
    pub effect: &'static Effect,
    /// What it does it to: the effect's argument, or what a creation's result is kept in.
    pub on: Objects,
    /// The second object involved.
    pub with: Objects,
}

/// A thread that the unit starts.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its creation, in [`Model::sites`].
    pub creation: usize,
    /// The functions it can run.
    pub functions: Vec<FunctionId>,
    /// What keeps its handle.
    pub handle: Objects,
    /// The calls that stop it, in [`Model::sites`].
    pub stops: Vec<usize>,
}

/// What one unit does with threads, works, queues and locks.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The functions that something outside calls.
    pub entries: Vec<Entry>,
    /// Calls with an effect that matters here, in text order of their functions.
    pub sites: Vec<Site>,
    /// The threads that the unit starts.
    pub threads: Vec<Thread>,
    contexts: Vec<Contexts>,
    callees: Vec<Vec<FunctionId>>,
    callers: Vec<Vec<FunctionId>>,
    /// The threads that can run each function.
    run_by: Vec<Vec<usize>>,
    touched: condition::Touched,
    by_verb: FxHashMap<Verb, Vec<usize>>,
    by_object: FxHashMap<(Verb, Object), Vec<usize>>,
    by_function: FxHashMap<FunctionId, Vec<usize>>,
}

/// The effects that the model keeps.
const KEPT: &[Verb] = &[
    Verb::StartThread,
    Verb::WakeThread,
    Verb::StopThread,
    Verb::StopTest,
    Verb::AsksContext,
    Verb::ControlThread,
    Verb::CreateWorker,
    Verb::DestroyWorker,
    Verb::Init,
    Verb::Queue,
    Verb::Cancel,
    Verb::Flush,
    Verb::Wait,
    Verb::Wake,
    Verb::Acquire,
    Verb::Get,
    Verb::Put,
    Verb::Allocate,
    Verb::Free,
    Verb::Handler,
    Verb::RemoveHandler,
    Verb::Register,
    Verb::Unregister,
    Verb::Release,
];

/// Of what may sleep, only what sleeps in the state that the task has set.
fn is_kept(effect: &Effect) -> bool {
    KEPT.contains(&effect.verb) || effect.verb == Verb::MaySleep && effect.says("given")
}

impl Model {
    /// Reads the model off a unit.
    pub fn of(unit: &Unit, facts: Facts, target: Target) -> Model {
        let known: Vec<Option<&'static Fact>> = (0..unit.names.len() as u32)
            .map(|n| facts.get(unit.names.text(Name(n))))
            .collect();
        let fact = |name: Name| known.get(name.0 as usize).copied().flatten();
        let graph = CallGraph::of(unit);
        let entries = contexts::entries(unit, facts, fact);
        let mut model = Model {
            contexts: contexts::spread(unit, &graph, &entries),
            entries,
            touched: condition::Touched::of(unit),
            ..Model::default()
        };
        let copies = Copies::of(unit);
        for at in 0..unit.functions.len() as u32 {
            model.read(unit, &copies, FunctionId(at), |name| {
                let of_unit = !unit.named(name).is_empty();
                let effects = fact(name)
                    .filter(|_| !of_unit)
                    .map_or(&[][..], |f| f.effects);
                effects
                    .iter()
                    .filter(|e| is_kept(e) && target.hits(e.versions))
            });
        }
        model.index();
        model.threads(unit, &copies, &graph);
        model.callers = vec![Vec::new(); unit.functions.len()];
        for (caller, callees) in graph.callees.iter().enumerate() {
            for callee in callees {
                model.callers[callee.0 as usize].push(FunctionId(caller as u32));
            }
        }
        model.callees = graph.callees;
        model
    }

    fn read<E: Iterator<Item = &'static Effect>>(
        &mut self,
        unit: &Unit,
        copies: &Copies<'_>,
        id: FunctionId,
        effects: impl Fn(Name) -> E,
    ) {
        let f = unit.function(id);
        for (number, block) in f.blocks.iter().enumerate() {
            for (at, instr) in block.instrs.iter().enumerate() {
                let InstrKind::Call(call) = &instr.kind else {
                    continue;
                };
                let Callee::Named(name) = call.callee else {
                    continue;
                };
                let block = BlockId(number as u32);
                for effect in effects(name) {
                    let on = match effect.verb {
                        Verb::StartThread | Verb::CreateWorker | Verb::Allocate => call
                            .dst
                            .map(|dst| copies.keepers(id, dst))
                            .unwrap_or_default(),
                        _ => objects(copies, id, call, effect.arg),
                    };
                    self.sites.push(Site {
                        function: id,
                        spot: Spot { block, at },
                        span: instr.span,
                        callee: name,
                        effect,
                        on,
                        with: objects(copies, id, call, effect.with),
                    });
                }
            }
        }
    }

    fn index(&mut self) {
        for (at, site) in self.sites.iter().enumerate() {
            let verb = site.effect.verb;
            self.by_verb.entry(verb).or_default().push(at);
            self.by_function.entry(site.function).or_default().push(at);
            for object in &site.on.list {
                self.by_object.entry((verb, *object)).or_default().push(at);
            }
        }
    }

    fn threads(&mut self, unit: &Unit, copies: &Copies<'_>, graph: &CallGraph) {
        let mut threads = Vec::new();
        for at in self
            .by_verb
            .get(&Verb::StartThread)
            .cloned()
            .unwrap_or_default()
        {
            let site = &self.sites[at];
            let function = call(unit, site)
                .zip(site.effect.arg)
                .and_then(|(call, n)| call.args.get(usize::from(n)));
            let functions = function
                .map(|arg| contexts::named_function(unit, &arg.expr))
                .unwrap_or_default();
            let mut handle = site.on.clone();
            handle.open |= copies.is_handed(&handle, |name| unit.named(name).is_empty());
            threads.push(Thread {
                creation: at,
                functions,
                stops: self.related(Verb::StopThread, &handle),
                handle,
            });
        }
        self.run_by = vec![Vec::new(); unit.functions.len()];
        for (number, thread) in threads.iter().enumerate() {
            let reached = graph.reachable(thread.functions.iter().copied());
            for (list, _) in self.run_by.iter_mut().zip(reached).filter(|(_, r)| *r) {
                list.push(number);
            }
        }
        self.threads = threads;
    }

    /// The calls with an effect.
    pub fn with(&self, verb: Verb) -> impl Iterator<Item = &Site> {
        let all = self.by_verb.get(&verb).map_or(&[][..], Vec::as_slice);
        all.iter().map(|at| &self.sites[*at])
    }

    /// The calls of a function that have an effect.
    pub fn inside(&self, id: FunctionId, verb: Verb) -> impl Iterator<Item = &Site> {
        let all = self.by_function.get(&id).map_or(&[][..], Vec::as_slice);
        let sites = all.iter().map(|at| &self.sites[*at]);
        sites.filter(move |site| site.effect.verb == verb)
    }

    /// The calls of a function that ask whether its thread is to stop.
    pub fn tests_stop(&self, id: FunctionId) -> impl Iterator<Item = &Site> {
        let tests = self.inside(id, Verb::StopTest);
        tests.filter(|site| site.effect.says("stop"))
    }

    /// The calls with an effect on one of these objects.
    pub fn on<'a>(
        &'a self,
        verb: Verb,
        objects: &Objects,
    ) -> impl Iterator<Item = &'a Site> + use<'a> {
        self.related(verb, objects)
            .into_iter()
            .map(|at| &self.sites[at])
    }

    fn related(&self, verb: Verb, objects: &Objects) -> Vec<usize> {
        let lists = objects
            .list
            .iter()
            .filter_map(|object| self.by_object.get(&(verb, *object)));
        let mut all: Vec<usize> = lists.flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Where a function can run.
    pub fn contexts(&self, id: FunctionId) -> Contexts {
        self.contexts
            .get(id.0 as usize)
            .copied()
            .unwrap_or_default()
    }

    /// The threads that can run a function.
    pub fn run_by(&self, id: FunctionId) -> impl Iterator<Item = &Thread> {
        let all = self
            .run_by
            .get(id.0 as usize)
            .map_or(&[][..], Vec::as_slice);
        all.iter().map(|at| &self.threads[*at])
    }

    /// The functions that can run in one piece with a function: those that lead to it, and all
    /// that these lead to.
    pub fn around(&self, id: FunctionId) -> Vec<FunctionId> {
        reach(self.above(id), |f| self.callees(f))
    }

    /// A function with all of the unit that lead to it.
    pub fn above(&self, id: FunctionId) -> Vec<FunctionId> {
        reach(vec![id], |f| self.callers(f))
    }

    /// A function with all of the unit that it calls, directly or not.
    pub fn below(&self, id: FunctionId) -> Vec<FunctionId> {
        reach(vec![id], |f| self.callees(f))
    }

    /// Whether a function itself may change one of these: it assigns it or hands over its address.
    pub fn changes(&self, id: FunctionId, objects: &[Object]) -> bool {
        let all = self.touched.changes.get(id.0 as usize);
        all.is_some_and(|all| objects.iter().any(|o| all.binary_search(o).is_ok()))
    }

    /// Whether a function itself names one of these at all.
    pub fn names(&self, id: FunctionId, objects: &[Object]) -> bool {
        let all = self.touched.names.get(id.0 as usize);
        all.is_some_and(|all| objects.iter().any(|o| all.binary_search(o).is_ok()))
    }

    /// What a function names.
    pub fn named(&self, id: FunctionId) -> &[Object] {
        self.touched
            .names
            .get(id.0 as usize)
            .map_or(&[], Vec::as_slice)
    }

    /// The functions of the unit that a function calls.
    pub fn callees(&self, id: FunctionId) -> &[FunctionId] {
        self.callees.get(id.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// The functions of the unit that call a function.
    pub fn callers(&self, id: FunctionId) -> &[FunctionId] {
        self.callers.get(id.0 as usize).map_or(&[], Vec::as_slice)
    }
}

fn reach<'a>(
    from: Vec<FunctionId>,
    next: impl Fn(FunctionId) -> &'a [FunctionId],
) -> Vec<FunctionId> {
    let mut seen = FxHashSet::default();
    let mut open = from;
    while let Some(f) = open.pop() {
        if seen.insert(f) {
            open.extend(next(f));
        }
    }
    let mut all: Vec<FunctionId> = seen.into_iter().collect();
    all.sort_unstable();
    all
}

/// The call of a site.
pub fn call<'a>(unit: &'a Unit, site: &Site) -> Option<&'a Call> {
    match flow::code(unit.function(site.function), site.spot) {
        flow::Code::Instr(instr) => match &instr.kind {
            InstrKind::Call(call) => Some(call),
            _ => None,
        },
        flow::Code::End(_) => None,
    }
}

fn objects(copies: &Copies<'_>, id: FunctionId, call: &Call, arg: Option<u8>) -> Objects {
    let arg = arg.and_then(|n| call.args.get(usize::from(n)));
    arg.map_or_else(Objects::default, |arg| copies.objects(id, &arg.expr))
}
