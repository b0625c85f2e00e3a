//! Threads whose loop does not hear a stop, or never sleeps.

use crate::context::{Context, Findings};
use kloom_diag::{Diagnostic, Root, Severity, Span, Step};
use kloom_facts::{Facts, Verb};
use kloom_flow::model::condition::{callee, mentioned, tested};
use kloom_flow::model::flow::{self, Code, Spot};
use kloom_flow::model::{Context as Runs, Model, Object, Thread};
use kloom_ir::{BlockId, Call, Function, FunctionId, Instr, InstrKind, Origin, Terminator};
use rustc_hash::FxHashSet;

/// thread-ignores-stop, busy-loop.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let model = context.model();
    let mut seen = FxHashSet::default();
    for thread in &model.threads {
        for id in &thread.functions {
            let f = context.unit.function(*id);
            if f.origin != Origin::File || !seen.insert(*id) {
                continue;
            }
            for circle in circles(f) {
                let body = Loop {
                    context,
                    model,
                    id: *id,
                    f,
                    circle,
                };
                findings.extend(body.ignores_stop(thread));
                findings.extend(body.is_busy(thread));
            }
        }
    }
}

/// A thread is made.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts
        .get(name)
        .is_some_and(|fact| fact.does(Verb::StartThread))
}

/// The outermost loops of a function.
fn circles(f: &Function) -> Vec<Vec<bool>> {
    let mut covered = vec![false; f.blocks.len()];
    let mut all = Vec::new();
    flow::walk(
        f,
        Spot {
            block: BlockId(0),
            at: 0,
        },
        |spot, code| {
            let at = spot.block.0 as usize;
            if matches!(code, Code::End(_)) && !covered[at] {
                let circle = flow::circle(f, spot.block);
                if circle[at] {
                    for (block, on) in circle.iter().enumerate() {
                        covered[block] |= *on;
                    }
                    all.push(circle);
                }
            }
            flow::Walk::On
        },
    );
    all
}

struct Loop<'a> {
    context: &'a Context<'a>,
    model: &'a Model,
    id: FunctionId,
    f: &'a Function,
    /// The blocks on it.
    circle: Vec<bool>,
}

impl Loop<'_> {
    fn blocks(&self) -> impl Iterator<Item = (usize, &kloom_ir::Block)> {
        let all = self.f.blocks.iter().enumerate();
        all.filter(|(at, _)| self.circle[*at])
    }

    fn instrs(&self) -> impl Iterator<Item = &Instr> {
        self.blocks().flat_map(|(_, block)| &block.instrs)
    }

    fn calls(&self) -> impl Iterator<Item = &Call> {
        self.instrs().filter_map(|instr| match &instr.kind {
            InstrKind::Call(call) => Some(&**call),
            _ => None,
        })
    }

    /// What the loop calls of the unit, directly or not; `None` if something else may be called.
    fn below(&self) -> Option<Vec<FunctionId>> {
        let mut all = Vec::new();
        for call in self.calls() {
            let name = callee(call)?;
            let own = self.context.unit.named(name);
            if own.is_empty() {
                self.context.fact(self.context.unit.names.text(name))?;
            }
            all.extend(own.iter().flat_map(|f| self.model.below(*f)));
        }
        Some(all)
    }

    /// Where the loop starts, for people: its first instruction or test in the text.
    fn span(&self) -> Option<Span> {
        let tests = self.blocks().filter_map(|(_, block)| match &block.term {
            Terminator::Branch { span, .. } | Terminator::Switch { span, .. } => Some(*span),
            _ => None,
        });
        let inside = |span: &Span| {
            span.file == self.f.span.file
                && self.f.span.start <= span.start
                && span.end <= self.f.span.end
        };
        tests
            .chain(self.instrs().map(|instr| instr.span))
            .filter(inside)
            .min()
    }

    fn ignores_stop(&self, thread: &Thread) -> Option<Diagnostic> {
        let stop = &self.model.sites[*thread.stops.first()?];
        if !self.model.contexts(self.id).only(&[Runs::Thread])
            || self.hears()
            || !self.is_endless(thread)
        {
            return None;
        }
        Some(Diagnostic {
            rule: "thread-ignores-stop",
            severity: Severity::Error,
            what: format!(
                "nothing ends this loop of {}() when the thread is stopped",
                self.name()
            ),
            why: "the stop waits until the thread returns: it hangs".to_owned(),
            help: "test kthread_should_stop() in the loop, and return".to_owned(),
            primary: self.span()?,
            label: String::new(),
            root: Root(self.span()?),
            function: Some(self.name()),
            trace: vec![
                step(
                    self.model.sites[thread.creation].span,
                    "the thread is made here",
                ),
                step(stop.span, "and stopped here"),
            ],
        })
    }

    /// Whether the loop asks for a stop, a signal or whether to park, or may do so.
    fn hears(&self) -> bool {
        let here = self.model.inside(self.id, Verb::StopTest);
        let mut here = here.filter(|site| self.circle[site.spot.block.0 as usize]);
        let Some(below) = self.below() else {
            return true;
        };
        let asks = |f: &FunctionId| {
            let ends = self
                .context
                .unit
                .function(*f)
                .blocks
                .iter()
                .any(|block| matches!(block.term, Terminator::Unreachable));
            ends || self.model.inside(*f, Verb::StopTest).next().is_some()
        };
        here.next().is_some()
            || below.iter().any(asks)
            || self
                .instrs()
                .any(|instr| matches!(instr.kind, InstrKind::Opaque { .. }))
    }

    /// Whether every way out hangs on something that nobody changes around a stop.
    fn is_endless(&self, thread: &Thread) -> bool {
        let mut reads: Vec<Object> = Vec::new();
        for (_, block) in self.blocks() {
            let leaves = block
                .term
                .successors()
                .iter()
                .any(|to| !self.circle[to.0 as usize]);
            if !leaves {
                continue;
            }
            let mut found = Vec::new();
            match tested(&block.term) {
                Some(on) => mentioned(self.id, self.f, on, &mut found),
                None => return false,
            }
            if found.is_empty() {
                return false;
            }
            for object in found {
                match object {
                    Some(object @ (Object::Global(_) | Object::Member(..))) => reads.push(object),
                    // Only its value would tell.
                    _ => return false,
                }
            }
        }
        reads.is_empty() || {
            let known = thread.stops.iter().all(|stop| {
                let around = self.model.around(self.model.sites[*stop].function);
                !around.iter().any(|f| self.model.changes(*f, &reads))
            });
            let own = self.model.changes(self.id, &reads);
            known && !own
        }
    }

    fn is_busy(&self, thread: &Thread) -> Option<Diagnostic> {
        // A poll loop has another end than the thread's.
        let asks = self.model.tests_stop(self.id);
        let spots: Vec<Spot> = asks
            .map(|site| site.spot)
            .filter(|spot| self.circle[spot.block.0 as usize])
            .collect();
        let only_stop = self.blocks().all(|(at, block)| {
            let leaves = block
                .term
                .successors()
                .iter()
                .any(|to| !self.circle[to.0 as usize]);
            !leaves || spots.iter().any(|spot| spot.block.0 as usize == at)
        });
        if !only_stop {
            return None;
        }
        let below = self.below()?;
        let sleeps = |call: &Call| {
            callee(call).is_none_or(|name| {
                self.context.unit.named(name).is_empty()
                    && self
                        .context
                        .fact(self.context.unit.names.text(name))
                        .is_none_or(|fact| {
                            fact.does(Verb::MaySleep)
                                || fact.does(Verb::Wait)
                                || fact.does(Verb::NoReturn)
                        })
            })
        };
        let quiet = |f: &FunctionId| {
            let f = self.context.unit.function(*f);
            let mut instrs = f.blocks.iter().flat_map(|block| &block.instrs);
            instrs.all(|instr| match &instr.kind {
                InstrKind::Call(call) => !sleeps(call),
                InstrKind::Opaque { .. } => false,
                _ => true,
            })
        };
        let opaque = self.instrs().any(|instr| {
            matches!(
                instr.kind,
                InstrKind::Opaque { .. } | InstrKind::Wait { .. }
            )
        });
        if opaque || self.calls().any(sleeps) || !below.iter().all(quiet) {
            return None;
        }
        Some(Diagnostic {
            rule: "busy-loop",
            severity: Severity::Error,
            what: format!("this loop of {}() never sleeps", self.name()),
            why: "the thread takes a CPU for itself; without preemption nothing else runs there: a soft lockup".to_owned(),
            help: "wait for what there is to do, or sleep for a time".to_owned(),
            primary: self.span()?,
            label: String::new(),
            root: Root(self.span()?),
            function: Some(self.name()),
            trace: vec![step(self.model.sites[thread.creation].span, "the thread is made here")],
        })
    }

    fn name(&self) -> String {
        self.context.function_name(self.id)
    }
}

fn step(span: Span, message: &str) -> Step {
    Step {
        span,
        message: message.to_owned(),
    }
}
