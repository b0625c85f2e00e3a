//! What a check sees, and where it puts what it found.

use crate::objects::all_handlers;
use crate::whole::Whole;
use kloom_diag::{Diagnostic, FileId, Provider, Span};
use kloom_facts::{Effect, Fact, Facts, Target, Verb};
use kloom_flow::Analysis;
use kloom_flow::model::{Model, Object};
use kloom_ir::{
    Base, Call, Callee, Function, FunctionId, Global, Instr, InstrKind, Linkage, Origin, PlaceId,
    TopMacro, Unit,
};
use rustc_hash::FxHashMap;
use std::cell::OnceCell;

/// One unit with all that is known about it.
pub struct Context<'a> {
    /// The lowered file.
    pub unit: &'a Unit,
    /// What following its values has shown.
    pub analysis: &'a Analysis,
    /// What is known about names.
    pub facts: Facts,
    /// The releases the code is meant for.
    pub target: Target,
    /// The path of the file that was asked for.
    pub path: &'a str,
    /// Build files and siblings.
    pub provider: &'a dyn Provider,
    /// The other files of the module.
    pub whole: Whole<'a>,
    /// What runs where; made when the first check asks for it.
    pub model: OnceCell<Model>,
    /// What works and timers run; made when the first check asks for it.
    pub handlers: OnceCell<FxHashMap<Object, Vec<FunctionId>>>,
}

/// A call with where it stands.
#[derive(Clone, Copy)]
pub struct CallSite<'a> {
    /// The function around it.
    pub function: &'a Function,
    /// The instruction.
    pub instr: &'a Instr,
    /// The call.
    pub call: &'a Call,
    /// Who is called, if by name.
    pub name: Option<&'a str>,
}

impl<'a> Context<'a> {
    /// What runs where, and what starts, stops, waits for and wakes what.
    pub fn model(&self) -> &Model {
        self.model
            .get_or_init(|| Model::of(self.unit, self.facts, self.target))
    }

    /// The functions that a work item or timer runs, as far as they are in sight.
    pub fn handlers(&self, object: Object) -> &[FunctionId] {
        let all = self
            .handlers
            .get_or_init(|| all_handlers(self.unit, self.model()));
        all.get(&object).map_or(&[], Vec::as_slice)
    }

    /// The name of the function of the file that a place lies in.
    pub fn function_at(&self, at: Span) -> Option<String> {
        let around = |f: &FunctionId| {
            let span = self.unit.function(*f).span;
            span.file == at.file && span.start <= at.start && at.end <= span.end
        };
        let id = self.own().map(|(id, _)| id).find(around)?;
        Some(self.function_name(id))
    }

    /// The functions of the file that was asked for, with their ids.
    pub fn own(&self) -> impl Iterator<Item = (FunctionId, &'a Function)> + use<'a> {
        let all = (0..).map(FunctionId).zip(&self.unit.functions);
        all.filter(|(_, f)| f.origin == Origin::File)
    }

    /// Whether no other file can name an object: a static variable, a local one, a member of a
    /// struct of the file.
    pub fn is_private(&self, object: Object) -> bool {
        let unit = self.unit;
        match object {
            Object::Global(name) => {
                let text = unit.names.text(name).as_bytes();
                let declares = |used: &TopMacro| {
                    let first = used.args.first().map(|span| unit.files.slice(*span));
                    first == Some(text) && self.is_static(used)
                };
                let own =
                    |g: &Global| g.name == name && g.linkage == Linkage::Static && !g.is_extern;
                unit.globals.iter().any(own) || unit.top_macros.iter().any(declares)
            }
            Object::Member(owner, _) => {
                let def = unit.types.structs.get(&owner);
                def.is_some_and(|def| def.span.file == FileId(0))
            }
            Object::Local(..) => true,
        }
    }

    /// Whether `static` stands at or before a macro at file scope.
    fn is_static(&self, used: &TopMacro) -> bool {
        let text = self.unit.files.get(used.span.file).text();
        let before = text.get(..used.span.start as usize).unwrap_or_default();
        let within = self.unit.files.slice(used.span);
        before.trim_ascii_end().ends_with(b"static") || within.starts_with(b"static")
    }

    /// The name of a function.
    pub fn function_name(&self, id: FunctionId) -> String {
        let name = self.unit.function(id).name;
        self.unit.names.text(name).to_owned()
    }

    /// The functions of the file that was asked for; those of headers are context.
    pub fn functions(&self) -> impl Iterator<Item = &'a Function> + use<'a> {
        self.unit
            .functions
            .iter()
            .filter(|f| f.origin == Origin::File)
    }

    /// The written calls of a function, in block order.
    pub fn calls(&self, function: &'a Function) -> impl Iterator<Item = CallSite<'a>> + use<'a> {
        let unit = self.unit;
        let instrs = function.blocks.iter().flat_map(|block| &block.instrs);
        instrs.filter_map(move |instr| call_site(unit, function, instr))
    }

    /// Whether a place is one that the lowering made up for a value in the middle of an expression.
    pub fn is_unnamed(&self, function: &Function, place: PlaceId) -> bool {
        match function.places.get(place).base {
            Base::Local(local) => function.local(local).name.is_none(),
            _ => false,
        }
    }

    /// What is known about a name.
    pub fn fact(&self, name: &str) -> Option<&'static Fact> {
        self.facts.get(name)
    }

    /// The effects of a call that hold in the target.
    pub fn effects(
        &self,
        site: &CallSite<'_>,
        verb: Verb,
    ) -> impl Iterator<Item = &'static Effect> + use<> {
        let target = self.target;
        let fact = site.name.and_then(|name| self.fact(name));
        fact.into_iter()
            .flat_map(move |fact| fact.effects(verb))
            .filter(move |effect| target.hits(effect.versions))
    }
}

/// The call an instruction makes, unless the lowering made it up.
pub fn call_site<'a>(
    unit: &'a Unit,
    function: &'a Function,
    instr: &'a Instr,
) -> Option<CallSite<'a>> {
    let InstrKind::Call(call) = &instr.kind else {
        return None;
    };
    if call.synthetic {
        return None;
    }
    let name = match &call.callee {
        Callee::Named(name) => Some(unit.names.text(*name)),
        Callee::Indirect(_) => None,
    };
    Some(CallSite {
        function,
        instr,
        call,
        name,
    })
}

/// What the checks found in one unit.
#[derive(Default)]
pub struct Findings(Vec<Diagnostic>);

impl Findings {
    /// Adds one; its rule has a page.
    pub fn push(&mut self, found: Diagnostic) {
        debug_assert!(
            crate::rule(found.rule).is_some(),
            "no page for {}",
            found.rule
        );
        self.0.push(found);
    }

    /// Adds some.
    pub fn extend(&mut self, found: impl IntoIterator<Item = Diagnostic>) {
        found.into_iter().for_each(|one| self.push(one));
    }

    /// All of them.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.0
    }
}
