//! Work items and timers on the stack of a function.

use crate::context::{Context, Findings};
use kloom_diag::{Diagnostic, Root, Severity, Span, Step};
use kloom_facts::{Effect, Facts, Kind, Verb};
use kloom_flow::model::condition::{callee, tested};
use kloom_flow::model::flow::{self, Assumed, Code, Walk};
use kloom_flow::model::{Model, Site, Spot, call};
use kloom_ir::{Base, Elem, Expr, Function, FunctionId, Instr, InstrKind, LocalId, Terminator};

/// What somebody else uses while it is queued.
const QUEUED: &[&str] = &[
    "work",
    "delayed-work",
    "rcu-work",
    "kthread-work",
    "kthread-delayed-work",
    "timer",
    "hrtimer",
];

/// stack-work-escapes, stack-work-init.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let model = context.model();
    for (id, f) in context.own() {
        for site in model.inside(id, Verb::Queue) {
            if let Some(local) = on_stack(context, f, site) {
                let frame = Frame {
                    context,
                    model,
                    id,
                    f,
                    site,
                    local,
                };
                findings.extend(frame.escapes());
            }
        }
        for site in model.inside(id, Verb::Init) {
            if on_stack(context, f, site).is_some() {
                findings.extend(plain_init(context, id, site));
            }
        }
    }
}

/// Something is initialised or queued.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts
        .get(name)
        .is_some_and(|fact| fact.does(Verb::Queue) || fact.does(Verb::Init))
}

/// The local variable that the effect's argument is, or is a part of.
fn on_stack(context: &Context<'_>, f: &Function, site: &Site) -> Option<LocalId> {
    if !QUEUED.iter().any(|word| site.effect.says(word)) {
        return None;
    }
    let arg = call(context.unit, site)?
        .args
        .get(usize::from(site.effect.arg?))?;
    let (Expr::AddrOf(place) | Expr::Read(place)) = &arg.expr else {
        return None;
    };
    // A macro that declares its argument names it as it is; everything else takes its address.
    if is_declarer(context, site) == matches!(arg.expr, Expr::AddrOf(_)) {
        return None;
    }
    let mut at = *place;
    loop {
        match f.places.get(at).base {
            Base::Local(local) if f.local(local).is_static || local.0 < f.params => return None,
            Base::Local(local) => return Some(local),
            Base::Global(_) | Base::Step(_, Elem::Deref) => return None,
            Base::Step(outer, _) => at = outer,
        }
    }
}

fn is_declarer(context: &Context<'_>, site: &Site) -> bool {
    let fact = context.fact(context.unit.names.text(site.callee));
    fact.is_some_and(|fact| fact.kind == Kind::Declarer)
}

/// A frame with something queued that lies on it.
struct Frame<'a> {
    context: &'a Context<'a>,
    model: &'a Model,
    id: FunctionId,
    f: &'a Function,
    site: &'a Site,
    local: LocalId,
}

/// What code does about what is queued.
enum Care {
    /// Nothing.
    None,
    /// It waits for it, takes it back, or may do so.
    Ends,
}

impl Frame<'_> {
    fn escapes(&self) -> Option<Diagnostic> {
        let assumed = Assumed::at(self.f, self.site.spot);
        let end = self.reaches_end(&assumed, |_| false)?;
        // On every other way a loop takes care of it, unless that loop does not run at all.
        let certain = self
            .reaches_end(&assumed, |spot| self.may_run(spot))
            .is_some();
        let local = self.f.local(self.local);
        let name = local
            .name
            .map_or("it", |name| self.context.unit.names.text(name));
        let function = self.context.function_name(self.id);
        let callee = self.context.unit.names.text(self.site.callee);
        let mut why =
            "the frame is gone then, and whoever runs it next writes to the stack of somebody else"
                .to_owned();
        if !certain {
            why.push_str("; only a loop takes care of it, which may not run at all");
        }
        Some(Diagnostic {
            rule: "stack-work-escapes",
            severity: if certain {
                Severity::Error
            } else {
                Severity::Warning
            },
            what: format!(
                "`{name}` is on the stack and may still be queued when {function}() returns"
            ),
            why,
            help: "cancel it or wait for it on every way out, or give it memory that lives longer"
                .to_owned(),
            primary: local.span,
            label: String::new(),
            root: Root(local.span),
            function: Some(function.clone()),
            trace: vec![
                step(self.site.span, format!("queued by {callee}()")),
                step(end, format!("{function}() returns")),
            ],
        })
    }

    /// Where the function returns on a way without care for the item; `skips` ends a way early.
    fn reaches_end(&self, assumed: &Assumed<'_>, skips: impl Fn(Spot) -> bool) -> Option<Span> {
        let mut end = None;
        flow::walk_assuming(
            self.f,
            assumed,
            self.site.spot.next(),
            |spot, code| match code {
                _ if skips(spot) => Walk::Stop,
                Code::Instr(instr) => match self.care(instr) {
                    Care::None => Walk::On,
                    Care::Ends => Walk::Stop,
                },
                Code::End(Terminator::Return { span, .. }) => {
                    end = Some(*span);
                    Walk::Done
                }
                Code::End(_) => Walk::On,
            },
        );
        end
    }

    /// Whether the terminator at a spot decides about a loop that takes care of the item.
    fn may_run(&self, spot: Spot) -> bool {
        let Code::End(term) = flow::code(self.f, spot) else {
            return false;
        };
        tested(term).is_some() && {
            let circle = flow::circle(self.f, spot.block);
            let blocks = self.f.blocks.iter().zip(circle).filter(|(_, on)| *on);
            let mut instrs = blocks.flat_map(|(block, _)| &block.instrs);
            instrs.any(|instr| matches!(self.care(instr), Care::Ends))
        }
    }

    fn care(&self, instr: &Instr) -> Care {
        let call = match &instr.kind {
            InstrKind::Call(call) => call,
            InstrKind::Opaque { .. } => return Care::Ends,
            _ => return Care::None,
        };
        let unit = self.context.unit;
        let Some(name) = callee(call) else {
            return Care::Ends;
        };
        let own = unit.named(name);
        if !own.is_empty() {
            let ends = |f: FunctionId| {
                ENDS.iter()
                    .any(|verb| self.model.inside(f, *verb).next().is_some())
            };
            let below = own.iter().flat_map(|f| self.model.below(*f));
            let handed = call.args.iter().any(|arg| self.is_about(&arg.expr));
            return if handed || below.into_iter().any(ends) {
                Care::Ends
            } else {
                Care::None
            };
        }
        match self.context.fact(unit.names.text(name)) {
            Some(fact) if !fact.effects.iter().any(ends_queueing) => Care::None,
            _ => Care::Ends,
        }
    }

    fn is_about(&self, expr: &Expr) -> bool {
        match expr {
            Expr::AddrOf(place) | Expr::Read(place) => {
                self.f.places.root(*place) == Base::Local(self.local)
            }
            Expr::Cast(_, inner) => self.is_about(inner),
            _ => false,
        }
    }
}

/// What can end the time in which something is queued; a wait may be for its end.
const ENDS: &[Verb] = &[
    Verb::Cancel,
    Verb::Flush,
    Verb::DestroyWorker,
    Verb::Wait,
    Verb::StopThread,
];

fn ends_queueing(effect: &Effect) -> bool {
    ENDS.contains(&effect.verb)
}

fn plain_init(context: &Context<'_>, id: FunctionId, site: &Site) -> Option<Diagnostic> {
    let unit = context.unit;
    let kind = context.fact(unit.names.text(site.callee))?.kind;
    if site.effect.says("onstack") || site.effect.says("again") {
        return None;
    }
    let word = QUEUED.iter().find(|word| site.effect.says(word))?;
    let twin = context.facts.iter().find(|fact| {
        fact.kind == kind
            && context.target.hits(fact.versions)
            && fact
                .effects(Verb::Init)
                .any(|effect| effect.says("onstack") && effect.says(word))
    })?;
    let callee = unit.names.text(site.callee);
    Some(Diagnostic {
        rule: "stack-work-init",
        severity: Severity::Warning,
        what: format!("{callee}() initialises something on the stack as if it were not"),
        why: "the debugging of objects reports it, and cannot see when the frame goes".to_owned(),
        help: format!("initialise it with {}()", twin.name),
        primary: site.span,
        label: String::new(),
        root: Root(site.span),
        function: Some(context.function_name(id)),
        trace: Vec::new(),
    })
}

fn step(span: Span, message: String) -> Step {
    Step { span, message }
}
