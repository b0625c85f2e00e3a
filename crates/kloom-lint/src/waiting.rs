//! One wait as the rules about waits see it.

use crate::context::Context as Lint;
use kloom_diag::Step;
use kloom_facts::{Kind, Verb};
use kloom_flow::model::condition::{Condition, callee, condition, mentioned, object_of, tested};
use kloom_flow::model::flow::{self, Code, WaitLoop, Walk};
use kloom_flow::model::{Context, Object, Site, Spot};
use kloom_ir::{Base, Call, Elem, Expr, Function, FunctionId, Instr, InstrKind, PlaceId};

/// How a thread sleeps in a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sleep {
    /// Neither a signal nor a stop ends it.
    Deaf,
    /// Signals and, since some release, stops end it.
    Interruptible,
    /// An argument says it.
    Unknown,
}

/// A call that waits.
pub struct Waiting<'a> {
    context: &'a Lint<'a>,
    id: FunctionId,
    f: &'a Function,
    call: &'a Call,
    /// The call with its effect.
    pub site: &'a Site,
    /// The loop that evaluates the condition, of waits that have one.
    pub around: Option<WaitLoop>,
    /// What the condition evaluates.
    pub condition: Option<Condition<'a>>,
}

impl<'a> Waiting<'a> {
    /// The waits of a function.
    pub fn of(context: &'a Lint<'a>, id: FunctionId, f: &'a Function) -> Vec<Waiting<'a>> {
        let model = context.model();
        let mut sites = model.inside(id, Verb::Wait).peekable();
        if sites.peek().is_none() {
            return Vec::new();
        }
        let before = flow::predecessors(f);
        sites
            .filter_map(|site| {
                let around = flow::wait_loop(f, &before, site.spot);
                let condition = around.as_ref().map(|wait| condition(id, f, wait));
                Some(Waiting {
                    context,
                    id,
                    f,
                    call: kloom_flow::model::call(context.unit, site)?,
                    site,
                    around,
                    condition,
                })
            })
            .collect()
    }

    /// Who is called.
    pub fn name(&self) -> &'a str {
        self.context.unit.names.text(self.site.callee)
    }

    /// Whether it ends after some time.
    pub fn is_timed(&self) -> bool {
        self.site.effect.says("timeout")
    }

    /// Whether a deadly signal ends it.
    pub fn is_killable(&self) -> bool {
        self.site.effect.says("killable")
    }

    /// How the thread sleeps.
    pub fn sleep(&self) -> Sleep {
        let effect = self.site.effect;
        if effect.says("interruptible") {
            Sleep::Interruptible
        } else if ["uninterruptible", "killable", "idle"]
            .iter()
            .any(|w| effect.says(w))
        {
            Sleep::Deaf
        } else {
            Sleep::Unknown
        }
    }

    /// Whether the condition asks if the thread is to stop, itself or in a function it calls.
    pub fn tests_stop(&self) -> bool {
        let model = self.context.model();
        let tests = |f: FunctionId| model.tests_stop(f).next().is_some();
        let Some(condition) = &self.condition else {
            return false;
        };
        condition.calls.iter().any(|(spot, _, call)| {
            let own = model
                .inside(self.id, Verb::StopTest)
                .any(|site| site.spot == *spot);
            own || self
                .callees(call)
                .any(|f| model.below(f).into_iter().any(tests))
        })
    }

    fn callees(&self, call: &Call) -> impl Iterator<Item = FunctionId> + use<'a> {
        let unit = self.context.unit;
        let name = callee(call);
        name.into_iter()
            .flat_map(|name| unit.named(name).iter().copied())
    }

    /// Whether the result is dropped, and no cast to `void` says so.
    pub fn drops_result(&self) -> bool {
        let text = self.context.unit.files.get(self.site.span.file).text();
        let before = text
            .get(..self.site.span.start as usize)
            .unwrap_or_default();
        if before.trim_ascii_end().ends_with(b"(void)") {
            return false;
        }
        !self.keeps_result()
    }

    /// Whether the result goes anywhere: of a wait macro, its ends assign it.
    fn keeps_result(&self) -> bool {
        let assigns = |code: Code<'_>| match code {
            Code::Instr(instr) => {
                instr.span == self.site.span && matches!(instr.kind, InstrKind::Assign { .. })
            }
            Code::End(_) => false,
        };
        let kept = |from| {
            flow::walk(self.f, from, |_, code| match code {
                _ if assigns(code) => Walk::Done,
                _ => Walk::Stop,
            })
        };
        self.call.dst.is_some() || self.ends().into_iter().any(kept)
    }

    /// Where the code goes on when the wait ended with its condition false.
    fn ends(&self) -> Vec<Spot> {
        let Some(wait) = &self.around else {
            return vec![self.site.spot.next()];
        };
        let ways = self.f.block(wait.sleep.block).term.successors();
        ways.into_iter()
            .filter(|to| *to != wait.test.block)
            .map(|block| Spot { block, at: 0 })
            .collect()
    }

    /// The first place behind the wait that relies on the condition without a test of it, on a
    /// way on which the condition was false.
    pub fn runs_on(&self) -> Option<Step> {
        let Some(condition) = &self.condition else {
            return self.reads_answer();
        };
        if condition.reads.is_empty() {
            return None;
        }
        let own = self.around.as_ref()?.test;
        let mut used = None;
        for from in self.ends() {
            flow::walk(self.f, from, |spot, code| {
                if spot == own {
                    return Walk::Stop;
                }
                match self.reliance(code, &condition.reads) {
                    Reliance::None => Walk::On,
                    Reliance::Tests => Walk::Stop,
                    Reliance::Relies(instr) => {
                        used = Some(Step {
                            span: instr.span,
                            message: "this runs as if the condition held".to_owned(),
                        });
                        Walk::Done
                    }
                }
            });
        }
        used
    }

    /// Where the code reads what came with a completion that is part of a local variable.
    fn reads_answer(&self) -> Option<Step> {
        let Expr::AddrOf(done) = &self.call.args.get(usize::from(self.site.effect.arg?))?.expr
        else {
            return None;
        };
        let places = &self.f.places;
        let whole = places.find(places.root(*done))?;
        let parent = places.parent(*done)?;
        let local =
            matches!(places.root(*done), Base::Local(local) if !self.f.local(local).is_static);
        if !local || parent != whole {
            return None;
        }
        let mut used = None;
        flow::walk(self.f, self.site.spot.next(), |_, code| {
            let (expr, span) = match code {
                Code::Instr(instr) => match &instr.kind {
                    InstrKind::Assign { src, .. } => (src, instr.span),
                    InstrKind::ScopeEnd(_) => return Walk::On,
                    _ => return Walk::Stop,
                },
                Code::End(kloom_ir::Terminator::Branch { cond, span, .. }) => (cond, *span),
                Code::End(_) => return Walk::On,
            };
            if reads_place(self.f, expr, whole) {
                used = Some(Step {
                    span,
                    message: "this is read as if it had been answered".to_owned(),
                });
                return Walk::Done;
            }
            Walk::On
        });
        used
    }

    fn reliance<'c>(&self, code: Code<'c>, reads: &[Object]) -> Reliance<'c> {
        let mentions = |expr: &Expr| {
            let mut found = Vec::new();
            mentioned(self.id, self.f, expr, &mut found);
            found.into_iter().flatten().any(|o| reads.contains(&o))
        };
        let instr = match code {
            Code::Instr(instr) => instr,
            Code::End(term) => {
                return if tested(term).is_some_and(mentions) {
                    Reliance::Tests
                } else {
                    Reliance::None
                };
            }
        };
        match &instr.kind {
            InstrKind::Assign { dst, src } => {
                let into = object_of(self.id, self.f, *dst);
                let changes = into.is_some_and(|o| reads.contains(&o));
                match (mentions(src), changes) {
                    (false, false) => Reliance::None,
                    // Given to the caller as it is; elsewhere it may be tested later.
                    (true, false) if self.is_given_back(*dst) => Reliance::Relies(instr),
                    (true, _) => Reliance::Tests,
                    // When the time is over, this is how one gives up.
                    (false, true) if self.is_timed() => Reliance::None,
                    (false, true) => Reliance::Relies(instr),
                }
            }
            InstrKind::Call(call) => self.call_reliance(instr, call, reads, mentions),
            InstrKind::Eval(_) | InstrKind::ScopeEnd(_) => Reliance::None,
            InstrKind::Opaque { .. } | InstrKind::Wait { .. } => Reliance::Tests,
        }
    }

    /// Whether a place is what a pointer parameter leads to.
    fn is_given_back(&self, place: PlaceId) -> bool {
        let Base::Step(pointer, Elem::Deref) = self.f.places.get(place).base else {
            return false;
        };
        matches!(self.f.places.get(pointer).base, Base::Local(local) if local.0 < self.f.params)
    }

    fn call_reliance<'c>(
        &self,
        instr: &'c Instr,
        call: &Call,
        reads: &[Object],
        mentions: impl Fn(&Expr) -> bool,
    ) -> Reliance<'c> {
        let model = self.context.model();
        let Some(name) = callee(call) else {
            return Reliance::Tests;
        };
        let says = call.args.iter().any(|arg| mentions(&arg.expr));
        let mut own = self.callees(call).peekable();
        if own.peek().is_some() {
            let inside = own.any(|f| model.below(f).iter().any(|g| model.names(*g, reads)));
            return if inside || says {
                Reliance::Tests
            } else {
                Reliance::None
            };
        }
        let Some(fact) = self.context.fact(self.context.unit.names.text(name)) else {
            return Reliance::Tests;
        };
        match says {
            _ if fact.kind != Kind::Function => Reliance::Tests,
            // Whether a signal has ended the wait; a timed one also ends without.
            _ if fact.does(Verb::StopTest) && !self.is_timed() => Reliance::Tests,
            false => Reliance::None,
            // Shown as it is; anything else may look for itself, or be about another bit of it.
            true if fact.does(Verb::Print) => Reliance::Relies(instr),
            true => Reliance::Tests,
        }
    }

    /// Whether something sends signals, or a stop, to what runs this. Threads and workers of the
    /// kernel ignore signals.
    pub fn can_be_interrupted(&self) -> bool {
        let model = self.context.model();
        let contexts = model.contexts(self.id);
        let deaf = [Context::Thread, Context::Work, Context::WorkerItem];
        if !contexts.only(&deaf) {
            return contexts.iter().next().is_some();
        }
        let allows = |f: &FunctionId| {
            let mut controls = model.inside(*f, Verb::ControlThread);
            controls.any(|site| site.effect.says("signal"))
        };
        model.run_by(self.id).any(|thread| {
            !thread.stops.is_empty()
                || thread
                    .functions
                    .iter()
                    .any(|f| model.below(*f).iter().any(allows))
        })
    }

    /// Whether the thread can come here right from a test for the stop, without having started
    /// anything that will make the condition true.
    pub fn is_idle(&self) -> bool {
        let model = self.context.model();
        let here = self.site.spot;
        model.tests_stop(self.id).any(|test| {
            flow::walk(self.f, test.spot.next(), |spot, code| {
                if spot == here {
                    return Walk::Done;
                }
                match code {
                    Code::Instr(instr) if self.starts_something(instr) => Walk::Stop,
                    _ => Walk::On,
                }
            })
        })
    }

    fn starts_something(&self, instr: &Instr) -> bool {
        match &instr.kind {
            InstrKind::Call(call) => {
                let known = callee(call)
                    .filter(|name| self.context.unit.named(*name).is_empty())
                    .and_then(|name| self.context.fact(self.context.unit.names.text(name)));
                known.is_none_or(|fact| {
                    [
                        Verb::Queue,
                        Verb::Wake,
                        Verb::WakeThread,
                        Verb::Init,
                        Verb::Handler,
                        Verb::StartThread,
                        Verb::Wait,
                    ]
                    .iter()
                    .any(|verb| fact.does(*verb))
                })
            }
            InstrKind::Opaque { .. } => true,
            InstrKind::Assign { dst, .. } => {
                let into = object_of(self.id, self.f, *dst);
                let condition = self.condition.as_ref();
                into.is_some_and(|o| condition.is_some_and(|c| c.reads.contains(&o)))
            }
            _ => false,
        }
    }
}

/// What code behind a wait does about its condition.
enum Reliance<'a> {
    /// Nothing.
    None,
    /// It tests it again, or may do so.
    Tests,
    /// It takes it for true.
    Relies(&'a Instr),
}

fn reads_place(f: &Function, expr: &Expr, place: PlaceId) -> bool {
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Read(at) | Expr::AddrOf(at) if f.places.extends(*at, place) => return true,
            Expr::Unary(_, inner) | Expr::Cast(_, inner) => open.push(inner),
            Expr::Binary(_, left, right) => open.extend([&**left, &**right]),
            Expr::Unknown => return true,
            _ => {}
        }
    }
    false
}
