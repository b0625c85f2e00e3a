//! Works and timers that live in memory that goes, and that nothing ends before.

use crate::context::{Context, Findings};
use crate::objects::{handed_on, holders, owner_of, tag_of};
use crate::whole::{Part, same_object};
use kloom_diag::{Diagnostic, Root, Severity, Span, Step};
use kloom_facts::{Facts, Verb};
use kloom_flow::model::condition::{callee, condition, object_of};
use kloom_flow::model::flow;
use kloom_flow::model::{Context as Runs, Model, Object, Site, call};
use kloom_ir::{Expr, FunctionId, InstrKind, Name, Origin, Unit};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// What can be pending.
const QUEUED: &[&str] = &[
    "work",
    "delayed-work",
    "rcu-work",
    "kthread-work",
    "kthread-delayed-work",
    "timer",
    "hrtimer",
    "tasklet",
];

/// work-not-cancelled.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let model = context.model();
    let mut seen = FxHashSet::default();
    let loose = Loose::of(context, context.unit, model);
    for (id, _) in context.own() {
        for site in model.inside(id, Verb::Init) {
            let [object] = site.on.list[..] else { continue };
            let queued = QUEUED.iter().any(|word| site.effect.says(word));
            if !queued || site.on.open || site.effect.says("onstack") {
                continue;
            }
            if let Object::Member(owner, _) = object
                && seen.insert(object)
            {
                findings.extend(
                    Pending {
                        context,
                        model,
                        loose: &loose,
                        init: site,
                        object,
                        owner,
                    }
                    .finding(),
                );
            }
        }
    }
}

/// Something that can be pending is initialised.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts.get(name).is_some_and(|fact| {
        fact.effects(Verb::Init)
            .any(|effect| QUEUED.iter().any(|word| effect.says(word)))
    })
}

/// An object of a struct that something else can still run.
struct Pending<'a> {
    context: &'a Context<'a>,
    model: &'a Model,
    loose: &'a Loose<'a>,
    init: &'a Site,
    object: Object,
    owner: Name,
}

/// One file of the module.
#[derive(Clone, Copy)]
struct File<'a> {
    unit: &'a Unit,
    model: &'a Model,
    loose: &'a Loose<'a>,
    /// What it calls the object.
    object: Object,
}

/// What a file does to objects that cannot be told apart.
struct Loose<'a> {
    /// Their addresses get somewhere that may end them.
    handed: FxHashSet<Object>,
    /// Calls that end something unnamed.
    ends: Vec<&'a Site>,
}

impl<'a> Loose<'a> {
    fn of(context: &Context<'_>, unit: &Unit, model: &'a Model) -> Loose<'a> {
        let is_known =
            |name| !unit.named(name).is_empty() || context.fact(unit.names.text(name)).is_some();
        let ends = model.with(Verb::Cancel).chain(model.with(Verb::Flush));
        Loose {
            handed: handed_on(unit, is_known),
            ends: ends.filter(|site| !site.on.is_known()).collect(),
        }
    }
}

impl Pending<'_> {
    fn finding(&self) -> Option<Diagnostic> {
        let own = File {
            unit: self.context.unit,
            model: self.model,
            loose: self.loose,
            object: self.object,
        };
        // Once its thread has been stopped, a worker runs nothing.
        let of_worker = self.init.effect.note.contains("kthread-");
        if own.ends() || of_worker && self.model.with(Verb::StopThread).next().is_some() {
            return None;
        }
        let handlers = self.context.handlers(self.object);
        let above = holders(self.context.unit, self.owner);
        let below: Vec<FunctionId> = handlers.iter().flat_map(|f| self.model.below(*f)).collect();
        if handlers.is_empty() || self.ends_itself(&below, &above) {
            return None;
        }
        let (end, what) = self.goes(&below, &above)?;
        let parts: Vec<Arc<Part>> = self.context.whole.about(self.object)?;
        let loose: Vec<Loose<'_>> = parts
            .iter()
            .map(|part| Loose::of(self.context, &part.unit, &part.model))
            .collect();
        let others = parts.iter().zip(&loose);
        let others: Vec<File<'_>> = others
            .filter_map(|(part, loose)| own.in_part(part, loose))
            .collect();
        let files: Vec<File<'_>> = others.iter().copied().chain([own]).collect();
        if others.iter().any(File::ends) || files.iter().all(|file| file.drained_by(&files)) {
            return None;
        }
        let armed = own.armed();
        if armed.is_none() && others.iter().all(|file| file.armed().is_none()) {
            return None;
        }
        let text = |name| self.context.unit.names.text(name);
        let Object::Member(owner, member) = self.object else {
            return None;
        };
        let mut trace = vec![step(self.init.span, "initialised here")];
        trace.extend(armed.map(|site| step(site.span, "queued here, and ended nowhere")));
        trace.extend(self.ended_beside(&above));
        Some(Diagnostic {
            rule: "work-not-cancelled",
            severity: Severity::Error,
            what: format!(
                "{what} while `{}` of struct {} may be pending",
                text(member),
                text(owner)
            ),
            why: "it runs afterwards, in memory or code that is gone".to_owned(),
            help: "cancel it and wait for it before, when nothing can queue it any more".to_owned(),
            primary: end,
            label: String::new(),
            root: Root(end),
            function: self.context.function_at(end),
            trace,
        })
    }

    /// Where others of the struct are ended for good: this one is missing there.
    fn ended_beside(&self, above: &[Name]) -> Option<Step> {
        let last = self.model.with(Verb::Cancel).filter(|site| {
            let runs = self.model.contexts(site.function);
            let beside =
                |object: &Object| matches!(object, Object::Member(tag, _) if above.contains(tag));
            site.effect.says("sync")
                && site.on.list.iter().all(beside)
                && site.on.is_known()
                && (runs.has(Runs::Remove) || runs.has(Runs::Exit))
        });
        let last = last.max_by_key(|site| site.span)?;
        Some(step(last.span, "others of the struct are ended here"))
    }

    /// Whether the handler itself takes care of the memory, or may do so.
    fn ends_itself(&self, below: &[FunctionId], above: &[Name]) -> bool {
        let unit = self.context.unit;
        below.iter().any(|f| {
            let own = |site: &Site| owner_of(unit, site).is_none_or(|tag| above.contains(&tag));
            self.model.inside(*f, Verb::Free).any(own)
                || self.model.inside(*f, Verb::Put).next().is_some()
                || self
                    .model
                    .inside(*f, Verb::Wake)
                    .any(|wake| wake.effect.says("completion"))
                || self.hands_on(*f, above)
        }) || self.is_awaited(below)
    }

    /// Whether a function hands one of some structs to something unknown, which may give it back.
    fn hands_on(&self, id: FunctionId, above: &[Name]) -> bool {
        let unit = self.context.unit;
        let f = unit.function(id);
        let about = |expr: &Expr| {
            let part = match expr {
                Expr::AddrOf(place) => {
                    matches!(object_of(id, f, *place), Some(Object::Member(tag, _)) if above.contains(&tag))
                }
                _ => false,
            };
            part || tag_of(unit, id, expr).is_some_and(|tag| above.contains(&tag))
        };
        let mut instrs = f.blocks.iter().flat_map(|block| &block.instrs);
        instrs.any(|instr| match &instr.kind {
            InstrKind::Call(call) => {
                let unknown = callee(call).is_some_and(|name| {
                    unit.named(name).is_empty()
                        && self.context.fact(unit.names.text(name)).is_none()
                });
                // What is asked for an answer only looks.
                unknown && call.dst.is_none() && call.args.iter().any(|arg| about(&arg.expr))
            }
            _ => false,
        })
    }

    /// Whether something waits until the handler has changed what it waits for.
    fn is_awaited(&self, below: &[FunctionId]) -> bool {
        let unit = self.context.unit;
        self.model.with(Verb::Wait).any(|wait| {
            let f = unit.function(wait.function);
            let around = flow::wait_loop(f, &flow::predecessors(f), wait.spot);
            around.is_some_and(|around| {
                let reads = condition(wait.function, f, &around).reads;
                below.iter().any(|f| self.model.changes(*f, &reads))
            })
        })
    }

    /// Where the memory goes, or the module.
    fn goes(&self, below: &[FunctionId], above: &[Name]) -> Option<(Span, String)> {
        let unit = self.context.unit;
        let own = |f: FunctionId| unit.function(f).origin == Origin::File;
        let mut started = self.model.below(self.init.function);
        let made = self.model.with(Verb::Allocate).filter(|site| {
            let dst = call(unit, site).and_then(|call| call.dst);
            let place = dst.map(|dst| unit.function(site.function).places.get(dst));
            let tag = place.and_then(|place| unit.types.struct_tag(unit.types.pointee(place.ty)));
            tag.is_some_and(|tag| above.contains(&tag))
        });
        started.extend(made.map(|site| site.function));
        let freed = self.model.with(Verb::Free).find(|site| {
            owner_of(unit, site).is_some_and(|tag| above.contains(&tag))
                && own(site.function)
                && !below.contains(&site.function)
                && !started.contains(&site.function)
        });
        if let Some(site) = freed {
            return Some((site.span, "the memory is freed".to_owned()));
        }
        let last = self.model.entries.iter().find(|entry| {
            matches!(entry.context, Runs::Remove | Runs::Exit)
                && own(entry.function)
                && self
                    .model
                    .below(entry.function)
                    .iter()
                    .any(|f| mentions(unit, *f, above))
        })?;
        let f = unit.function(last.function);
        Some((
            f.name_span,
            format!("{}() returns", unit.names.text(f.name)),
        ))
    }
}

impl<'a> File<'a> {
    fn in_part(&self, part: &'a Part, loose: &'a Loose<'a>) -> Option<File<'a>> {
        Some(File {
            unit: &part.unit,
            model: &part.model,
            loose,
            object: same_object(self.unit, self.object, &part.unit)?,
        })
    }

    /// The calls with an effect on the object.
    fn on(&self, verb: Verb) -> impl Iterator<Item = &'a Site> + use<'a> {
        self.model.on(verb, &self.object.into())
    }

    fn armed(&self) -> Option<&'a Site> {
        self.on(Verb::Queue).next()
    }

    /// Whether something ends it, or may do so.
    fn ends(&self) -> bool {
        self.on(Verb::Cancel).next().is_some()
            || self.on(Verb::Flush).next().is_some()
            || self.loose.handed.contains(&self.object)
            || self.loose.ends.iter().any(|site| self.alike(site))
    }

    /// Whether an effect is one for objects of this kind.
    fn alike(&self, site: &Site) -> bool {
        let mut own = self.on(Verb::Queue).chain(self.on(Verb::Init));
        own.any(|queue| {
            QUEUED
                .iter()
                .any(|word| queue.effect.says(word) && site.effect.says(word))
        }) || site.effect.says("workqueue")
    }

    /// Whether everything it is queued to here is emptied by one of some files.
    fn drained_by(&self, files: &[File<'_>]) -> bool {
        self.on(Verb::Queue)
            .all(|queue| files.iter().any(|file| file.drains(self.unit, queue)))
    }

    /// Whether this file empties what something is queued to in a file.
    fn drains(&self, unit: &Unit, queue: &Site) -> bool {
        let same = |object: &Object| same_object(unit, *object, self.unit);
        let with: Vec<Object> = queue.with.list.iter().filter_map(same).collect();
        let mut ends = self
            .model
            .with(Verb::Flush)
            .chain(self.model.with(Verb::DestroyWorker));
        ends.any(|site| {
            let emptied = site.effect.says("workqueue") || site.effect.verb == Verb::DestroyWorker;
            let any = site.effect.arg.is_none() || site.on.open;
            emptied && (any || site.on.list.iter().any(|object| with.contains(object)))
        })
    }
}

/// Whether a function has to do with one of some structs.
fn mentions(unit: &Unit, id: FunctionId, tags: &[Name]) -> bool {
    let f = unit.function(id);
    f.locals.iter().any(|local| {
        let ty = unit.types.pointee(local.ty);
        unit.types
            .struct_tag(ty)
            .is_some_and(|tag| tags.contains(&tag))
    })
}

fn step(span: Span, message: &str) -> Step {
    Step {
        span,
        message: message.to_owned(),
    }
}
