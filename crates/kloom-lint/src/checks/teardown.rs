//! What is torn down before that which still uses it, or sets it going again, has ended.

use crate::context::{Context, Findings};
use crate::objects::{named, tag_of};
use kloom_diag::{Diagnostic, Root, Severity, Span, Step};
use kloom_facts::{Facts, Verb};
use kloom_flow::model::condition::{callee, mentioned, object_of, tested};
use kloom_flow::model::flow::{self, Code, Walk};
use kloom_flow::model::{Context as Runs, Model, Object, Site, Spot, call};
use kloom_ir::{Call, Expr, FunctionId, InstrKind, PlaceId};

/// teardown-order.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let model = context.model();
    for (id, _) in context.own() {
        let ends = ends_in(context, model, id);
        let order = Order {
            context,
            model,
            id,
            ends,
        };
        findings.extend(order.queued_again());
        findings.extend(order.queued_by_interrupt());
        findings.extend(order.freed_before());
        findings.extend(order.waits_for_disabled());
    }
}

/// Something that runs by itself is ended.
pub fn wants(facts: Facts, name: &str) -> bool {
    let verbs = [
        Verb::Cancel,
        Verb::Flush,
        Verb::StopThread,
        Verb::RemoveHandler,
    ];
    facts
        .get(name)
        .is_some_and(|fact| verbs.iter().any(|verb| fact.does(*verb)))
}

/// A call after which something no longer runs.
pub struct End<'a> {
    /// The call.
    pub site: &'a Site,
    /// The work or timer; none for interrupts and threads.
    pub object: Option<Object>,
    /// What no longer runs, with all it calls.
    pub runs: Vec<FunctionId>,
}

/// The calls of a function that end something whose code is in sight.
pub fn ends_in<'a>(context: &Context<'a>, model: &'a Model, id: FunctionId) -> Vec<End<'a>> {
    let below = |runs: &[FunctionId]| runs.iter().flat_map(|f| model.below(*f)).collect();
    let mut all = Vec::new();
    let cancels = model
        .inside(id, Verb::Cancel)
        .filter(|site| site.effect.says("sync"));
    for site in cancels.chain(model.inside(id, Verb::Flush)) {
        if let ([object], false) = (&site.on.list[..], site.on.open) {
            let runs = context.handlers(*object);
            if !runs.is_empty() {
                all.push(End {
                    site,
                    object: Some(*object),
                    runs: below(runs),
                });
            }
        }
    }
    for site in model.inside(id, Verb::StopThread) {
        let mut threads = model
            .threads
            .iter()
            .filter(|thread| thread.handle.meet(&site.on));
        if let (Some(thread), None) = (threads.next(), threads.next()) {
            all.push(End {
                site,
                object: None,
                runs: below(&thread.functions),
            });
        }
    }
    for site in model.inside(id, Verb::RemoveHandler) {
        if site.effect.says("hardirq") {
            let runs = interrupt_handlers(context, model, site);
            all.push(End {
                site,
                object: None,
                runs: below(&runs),
            });
        }
    }
    all.retain(|end| !end.runs.is_empty());
    all.sort_by_key(|end| end.site.span);
    all
}

/// The handlers that a removal is about: those with data of the same type.
fn interrupt_handlers(context: &Context<'_>, model: &Model, removal: &Site) -> Vec<FunctionId> {
    let unit = context.unit;
    let data = |site: &Site, n: Option<u8>| {
        let arg = call(unit, site)?.args.get(usize::from(n?))?;
        tag_of(unit, site.function, &arg.expr)
    };
    let Some(tag) = data(removal, removal.effect.arg) else {
        return Vec::new();
    };
    let all = model.with(Verb::Handler).filter(|site| {
        let irq = site.effect.says("hardirq") || site.effect.says("threaded");
        irq && data(site, site.effect.with) == Some(tag)
    });
    all.flat_map(|site| functions_of(context, site)).collect()
}

/// The functions that a call sets up as handlers.
fn functions_of(context: &Context<'_>, site: &Site) -> Vec<FunctionId> {
    let arg = call(context.unit, site).zip(site.effect.arg);
    let arg = arg.and_then(|(call, n)| call.args.get(usize::from(n)));
    arg.map_or_else(Vec::new, |arg| named(context.unit, &arg.expr).to_vec())
}

/// One function that ends things.
struct Order<'a> {
    context: &'a Context<'a>,
    model: &'a Model,
    id: FunctionId,
    ends: Vec<End<'a>>,
}

impl Order<'_> {
    /// Something is cancelled, and then what queues it is ended: in between it is queued again.
    fn queued_again(&self) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        let mut seen = Vec::new();
        for end in &self.ends {
            let Some(object) = end.object.filter(|_| !is_final(end.site)) else {
                continue;
            };
            if seen.contains(&object) {
                continue;
            }
            let source = self.ends.iter().find_map(|source| {
                let queue = self.queues(source, object)?;
                let late = source.object != Some(object)
                    && self.leads(end.site.spot, source.site.spot)
                    && !self.leads(source.site.spot, end.site.spot)
                    && !self.ended_again(source.site.spot, object, queue)
                    && !self.ended_before(source, end.site.spot)
                    && self.ends_for_good(end.site)
                    && !(is_irq(source) && self.may_be_quiet(end.site.spot))
                    && !self.is_told(&source.runs);
                late.then_some((source, queue))
            });
            let Some((source, queue)) = source else {
                continue;
            };
            seen.push(object);
            let irq = is_irq(source);
            all.push(self.finding(
                if irq {
                    Severity::Warning
                } else {
                    Severity::Error
                },
                end.site,
                "this is ended before what queues it again".to_owned(),
                "it may be pending or running when what follows takes its memory away",
                "end what queues it first",
                vec![
                    step(queue.span, "queued here"),
                    step(source.site.span, "by what ends only here"),
                ],
            ));
        }
        all
    }

    /// Something is cancelled by the removal of a device, whose interrupt goes only afterwards.
    fn queued_by_interrupt(&self) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        if !self.model.contexts(self.id).only(&[Runs::Remove]) {
            return all;
        }
        let around = self.model.around(self.id);
        let quiet = around.iter().any(|f| {
            self.model.inside(*f, Verb::RemoveHandler).next().is_some()
                || self
                    .model
                    .inside(*f, Verb::Cancel)
                    .any(|site| site.effect.says("irq"))
        });
        if quiet {
            return all;
        }
        for end in &self.ends {
            let Some(object) = end.object.filter(|_| !is_final(end.site)) else {
                continue;
            };
            let late = self.model.with(Verb::Handler).find_map(|site| {
                let irq = site.effect.says("hardirq") || site.effect.says("threaded");
                let runs = functions_of(self.context, site);
                let runs: Vec<FunctionId> =
                    runs.iter().flat_map(|f| self.model.below(*f)).collect();
                let queue = queue_in(self.model, &runs, object)?;
                let late = irq
                    && site.effect.says("managed")
                    && !self.may_be_quiet(end.site.spot)
                    && !self.is_told(&runs);
                late.then_some((site, queue))
            });
            let Some((handler, queue)) = late else {
                continue;
            };
            all.push(self.finding(
                Severity::Warning,
                end.site,
                "the interrupt that queues this again is still live".to_owned(),
                "the interrupt goes with the device, after this function: what it queues runs in memory that is gone",
                "disable the interrupt first, or let the device end this, too, in the right order",
                vec![
                    step(handler.span, "the interrupt is set up here, until the device goes"),
                    step(queue.span, "and queues it here"),
                ],
            ));
        }
        all
    }

    /// A tasklet that is disabled is waited for: if it is scheduled, it never runs.
    fn waits_for_disabled(&self) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        let tasklets = || {
            let cancels = self.model.inside(self.id, Verb::Cancel);
            let made = |site: &Site| {
                let mut inits = self.model.inside(self.id, Verb::Init);
                inits.any(|init| init.on.meet(&site.on))
            };
            // Where it is made, nothing has scheduled it yet.
            cancels.filter(move |site| {
                site.effect.says("tasklet") && site.on.is_known() && !made(site)
            })
        };
        for off in tasklets().filter(|site| is_final(site)) {
            let kill = tasklets().find(|kill| {
                !is_final(kill) && kill.on == off.on && self.leads_untouched(off, kill)
            });
            all.extend(kill.map(|kill| {
                self.finding(
                    Severity::Error,
                    kill,
                    "this waits for a tasklet that is disabled".to_owned(),
                    "if it is scheduled, it never runs, and this spins for ever",
                    "leave the disabling out, and end what schedules it before",
                    vec![step(off.span, "disabled here")],
                )
            }));
        }
        all
    }

    /// Whether a way leads from one call to another with nothing else done to its object.
    fn leads_untouched(&self, from: &Site, to: &Site) -> bool {
        let f = self.context.unit.function(self.id);
        flow::walk(f, from.spot.next(), |spot, code| match code {
            _ if spot == to.spot => Walk::Done,
            Code::Instr(instr) => match &instr.kind {
                InstrKind::Call(call) => {
                    let mut named = Vec::new();
                    for arg in &call.args {
                        mentioned(self.id, f, &arg.expr, &mut named);
                    }
                    let touched = named.iter().flatten().any(|o| from.on.list.contains(o));
                    if touched { Walk::Stop } else { Walk::On }
                }
                InstrKind::Opaque { .. } => Walk::Stop,
                _ => Walk::On,
            },
            Code::End(_) => Walk::On,
        })
    }

    /// Whether a call is the last that happens to its object: a flush is not, unless the memory goes.
    fn ends_for_good(&self, site: &Site) -> bool {
        let runs = self.model.contexts(self.id);
        site.effect.verb != Verb::Flush
            || runs.has(Runs::Remove)
            || runs.has(Runs::Exit)
            || self
                .model
                .inside(self.id, Verb::Free)
                .any(|free| self.leads(site.spot, free.spot))
    }

    /// Whether a device may have been told before a spot to raise no interrupts: by anything that
    /// neither gives a value nor is known to do something else.
    fn may_be_quiet(&self, to: Spot) -> bool {
        let unit = self.context.unit;
        let f = unit.function(self.id);
        let tells = |call: &Call| {
            let Some(name) = callee(call) else {
                return true;
            };
            let fact = self.context.fact(unit.names.text(name));
            let known = fact.filter(|_| unit.named(name).is_empty());
            known.is_none_or(|fact| {
                let mut effects = fact.effects.iter();
                call.dst.is_none() && !effects.any(|effect| HARMLESS.contains(&effect.verb))
            })
        };
        let mut instrs = (0..).zip(&f.blocks).flat_map(|(number, block)| {
            let spot = move |at| Spot {
                block: kloom_ir::BlockId(number),
                at,
            };
            block
                .instrs
                .iter()
                .enumerate()
                .map(move |(at, instr)| (spot(at), instr))
        });
        instrs.any(|(spot, instr)| match &instr.kind {
            InstrKind::Call(call) => spot != to && tells(call) && self.leads(spot, to),
            _ => false,
        })
    }

    /// Memory or a queue goes, and then what uses it is ended.
    fn freed_before(&self) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        let frees = self.model.inside(self.id, Verb::Free);
        for free in frees.chain(self.model.inside(self.id, Verb::DestroyWorker)) {
            let Some((place, object)) = self.kept(free) else {
                continue;
            };
            let user = self.ends.iter().find(|end| {
                let uses = |f: &FunctionId| self.model.names(*f, &[object]);
                end.runs.iter().any(uses)
                    && end.site.spot != free.spot
                    && self.leads_unchanged(free.spot, end.site.spot, place)
                    && !self.leads(end.site.spot, free.spot)
                    && !self.ended_before(end, free.spot)
                    && !self.is_told(&end.runs)
            });
            let Some(user) = user else { continue };
            all.push(self.finding(
                Severity::Error,
                free,
                "this goes before what uses it has ended".to_owned(),
                "what still runs uses freed memory",
                "end what uses it first",
                vec![step(user.site.span, "what uses it ends only here")],
            ));
        }
        all
    }

    /// The variable or member that keeps what a call frees.
    fn kept(&self, free: &Site) -> Option<(PlaceId, Object)> {
        let arg = call(self.context.unit, free)?
            .args
            .get(usize::from(free.effect.arg?))?;
        let Expr::Read(place) = arg.expr else {
            return None;
        };
        let f = self.context.unit.function(self.id);
        match object_of(self.id, f, place)? {
            Object::Local(..) => None,
            object => Some((place, object)),
        }
    }

    fn queues(&self, source: &End<'_>, object: Object) -> Option<&Site> {
        queue_in(self.model, &source.runs, object)
    }

    fn leads(&self, from: Spot, to: Spot) -> bool {
        let f = self.context.unit.function(self.id);
        flow::walk(f, from.next(), |spot, _| {
            if spot == to { Walk::Done } else { Walk::On }
        })
    }

    /// Whether a way leads from one spot to another on which a place keeps its value.
    fn leads_unchanged(&self, from: Spot, to: Spot, place: PlaceId) -> bool {
        let f = self.context.unit.function(self.id);
        flow::walk(f, from.next(), |spot, code| match code {
            _ if spot == to => Walk::Done,
            Code::Instr(instr) => match &instr.kind {
                InstrKind::Assign { dst, .. } if f.places.extends(place, *dst) => Walk::Stop,
                InstrKind::Opaque { .. } => Walk::Stop,
                _ => Walk::On,
            },
            Code::End(_) => Walk::On,
        })
    }

    /// Whether a source was already ended on the way to a spot.
    fn ended_before(&self, source: &End<'_>, to: Spot) -> bool {
        let same = |other: &&End<'_>| other.runs == source.runs;
        let own = self
            .ends
            .iter()
            .filter(same)
            .any(|other| self.leads(other.site.spot, to));
        // Or in a function that was called before.
        own || self.calls_before(to).into_iter().any(|f| {
            ends_in(self.context, self.model, f)
                .iter()
                .any(|end| same(&end))
                || self.model.inside(f, Verb::Unregister).next().is_some()
                || self
                    .model
                    .inside(f, Verb::Cancel)
                    .any(|site| site.effect.says("irq"))
        }) || self
            .model
            .inside(self.id, Verb::Cancel)
            .any(|site| site.effect.says("irq") && self.leads(site.spot, to))
    }

    /// The functions of the unit that are called on a way to a spot, with all they call.
    fn calls_before(&self, to: Spot) -> Vec<FunctionId> {
        let unit = self.context.unit;
        let f = unit.function(self.id);
        let mut all = Vec::new();
        for (number, block) in f.blocks.iter().enumerate() {
            for (at, instr) in block.instrs.iter().enumerate() {
                let spot = Spot {
                    block: kloom_ir::BlockId(number as u32),
                    at,
                };
                if let InstrKind::Call(call) = &instr.kind
                    && let Some(name) = callee(call)
                    && !unit.named(name).is_empty()
                    && self.leads(spot, to)
                {
                    all.extend(unit.named(name).iter().flat_map(|f| self.model.below(*f)));
                }
            }
        }
        all
    }

    /// Whether an object is ended once more from a spot on, or what it is queued to is emptied.
    fn ended_again(&self, from: Spot, object: Object, queue: &Site) -> bool {
        let unit = self.context.unit;
        let f = unit.function(self.id);
        let ends = |id: FunctionId, spot: Option<Spot>| {
            let verbs = [Verb::Cancel, Verb::Flush, Verb::DestroyWorker];
            verbs.iter().any(|verb| {
                self.model.inside(id, *verb).any(|site| {
                    spot.is_none_or(|spot| site.spot == spot)
                        && (site.on.list.contains(&object)
                            || site.on.meet(&queue.with)
                            || site.on.open)
                })
            })
        };
        flow::walk(f, from.next(), |spot, code| {
            let Code::Instr(instr) = code else {
                return Walk::On;
            };
            let mut below = Vec::new();
            if let InstrKind::Call(call) = &instr.kind
                && let Some(name) = callee(call)
            {
                below = unit
                    .named(name)
                    .iter()
                    .flat_map(|f| self.model.below(*f))
                    .collect();
            }
            if ends(self.id, Some(spot)) || below.into_iter().any(|f| ends(f, None)) {
                Walk::Done
            } else {
                Walk::On
            }
        })
    }

    /// Whether what runs asks for something that is changed around this function: it may be told
    /// to leave the object alone.
    fn is_told(&self, runs: &[FunctionId]) -> bool {
        let around = self.model.around(self.id);
        let mut asked = Vec::new();
        for id in runs {
            asks(self.context, *id, &mut asked);
        }
        let mut around = around.iter().filter(|f| !runs.contains(f));
        around.any(|f| self.model.changes(*f, &asked))
    }

    fn finding(
        &self,
        severity: Severity,
        at: &Site,
        what: String,
        why: &str,
        help: &str,
        trace: Vec<Step>,
    ) -> Diagnostic {
        Diagnostic {
            rule: "teardown-order",
            severity,
            what,
            why: why.to_owned(),
            help: help.to_owned(),
            primary: at.span,
            label: String::new(),
            root: Root(at.span),
            function: Some(self.context.function_name(self.id)),
            trace,
        }
    }
}

/// What a call may do that says nothing to a device.
const HARMLESS: &[Verb] = &[
    Verb::Print,
    Verb::Cancel,
    Verb::Flush,
    Verb::Free,
    Verb::Acquire,
    Verb::Release,
    Verb::StopThread,
    Verb::Wake,
    Verb::SetData,
];

fn is_irq(end: &End<'_>) -> bool {
    end.site.effect.verb == Verb::RemoveHandler
}

/// Whether nothing can be queued once a call has ended it.
fn is_final(site: &Site) -> bool {
    site.effect.says("shutdown") || site.effect.says("disable")
}

fn queue_in<'a>(model: &'a Model, runs: &[FunctionId], object: Object) -> Option<&'a Site> {
    let mut sites = runs.iter().flat_map(|f| model.inside(*f, Verb::Queue));
    sites.find(|site| site.on.list == [object])
}

/// What the ways through a function hang on.
fn asks(context: &Context<'_>, id: FunctionId, out: &mut Vec<Object>) {
    let f = context.unit.function(id);
    let mut found = Vec::new();
    for block in &f.blocks {
        if let Some(on) = tested(&block.term) {
            mentioned(id, f, on, &mut found);
        }
    }
    for instr in f.blocks.iter().flat_map(|block| &block.instrs) {
        let (dst, exprs): (Option<PlaceId>, Vec<&Expr>) = match &instr.kind {
            InstrKind::Assign { dst, src } => (Some(*dst), vec![src]),
            InstrKind::Call(call) => (call.dst, call.args.iter().map(|arg| &arg.expr).collect()),
            _ => continue,
        };
        let asked = dst.and_then(|dst| object_of(id, f, dst));
        if asked.is_some() && found.contains(&asked) {
            exprs
                .into_iter()
                .for_each(|expr| mentioned(id, f, expr, &mut found));
        }
    }
    let shared = |object: &Object| !matches!(object, Object::Local(..));
    out.extend(found.into_iter().flatten().filter(shared));
}

fn step(span: Span, message: &str) -> Step {
    Step {
        span,
        message: message.to_owned(),
    }
}
