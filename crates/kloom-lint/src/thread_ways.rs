//! The ways through a thread's function: which of them end it though nobody stopped it.

use crate::context::Context;
use kloom_diag::Span;
use kloom_facts::{Effect, Returns, Verb};
use kloom_flow::model::condition::{callee, object_of};
use kloom_flow::model::flow::{self, Code, Walk};
use kloom_flow::model::{Context as Runs, Model, Object, Spot};
use kloom_ir::{
    BlockId, Call, Expr, Function, FunctionId, Instr, InstrKind, Name, PlaceId, Terminator, UnOp,
    WaitMark,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// Most blocks of loops that are looked at.
const MAX_LOOPS: usize = 64;

/// How a thread's function can end while nobody stops the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Not at all.
    Never,
    /// It returns here.
    Returns(Span),
    /// In a way that cannot be told: a callee ends the thread, or decides about the stop.
    Unknown,
}

/// How a thread's function ends by itself; `stops` are the functions that stop it.
pub fn ends_by_itself(
    context: &Context<'_>,
    model: &Model,
    id: FunctionId,
    stops: &[FunctionId],
) -> End {
    let f = context.unit.function(id);
    let ways = Ways::new(context, model, id, Some(stops));
    let mut end = End::Never;
    let start = Spot {
        block: BlockId(0),
        at: 0,
    };
    let follows = |at: BlockId, to: BlockId| ways.follows(at, to);
    let walked = flow::walk_edges(f, start, follows, |_, code| match code {
        Code::End(Terminator::Return { span, .. }) => {
            end = End::Returns(*span);
            Walk::On
        }
        Code::End(Terminator::Unreachable) => Walk::Done,
        Code::Instr(instr) => match &instr.kind {
            InstrKind::Opaque { .. } => Walk::Done,
            InstrKind::Call(call) if ways.decides(callee(call)) => Walk::Done,
            _ => Walk::On,
        },
        Code::End(_) => Walk::On,
    });
    if walked { End::Unknown } else { end }
}

/// Where a thread's function gets into a loop that only a stop can end.
pub fn runs_for_ever(context: &Context<'_>, model: &Model, id: FunctionId) -> Option<Span> {
    let f = context.unit.function(id);
    let ways = Ways::new(context, model, id, None);
    let follows = |at: BlockId, to: BlockId| ways.follows(at, to);
    let start = |block| Spot { block, at: 0 };
    let unclear = |instr: &Instr| match &instr.kind {
        InstrKind::Opaque { .. } => true,
        InstrKind::Call(call) => ways.decides(callee(call)),
        _ => false,
    };
    let ends = |from| {
        flow::walk_edges(f, start(from), follows, |_, code| match code {
            Code::End(Terminator::Return { .. } | Terminator::Unreachable) => Walk::Done,
            Code::Instr(instr) if unclear(instr) => Walk::Done,
            _ => Walk::On,
        })
    };
    let mut loops = Vec::new();
    flow::walk_edges(f, start(BlockId(0)), follows, |spot, code| {
        if matches!(code, Code::End(_)) && flow::circle(f, spot.block)[spot.block.0 as usize] {
            loops.push(spot.block);
        }
        Walk::On
    });
    let mut loops = loops.into_iter().take(MAX_LOOPS);
    let circle = flow::circle(f, loops.find(|block| !ends(*block))?);
    let blocks = f.blocks.iter().zip(circle).filter(|(_, on)| *on);
    let spans = blocks.flat_map(|(block, _)| block.instrs.iter().map(|instr| instr.span));
    let inside = |span: &Span| {
        span.file == f.span.file && f.span.start <= span.start && span.end <= f.span.end
    };
    Some(spans.filter(inside).min().unwrap_or(f.name_span))
}

/// What runs when a thread is stopped, and when the module or device goes.
fn around(context: &Context<'_>, model: &Model, stops: &[FunctionId]) -> Vec<FunctionId> {
    let all = (0..context.unit.functions.len() as u32).map(FunctionId);
    let last = all.filter(|f| {
        let runs = model.contexts(*f);
        runs.has(Runs::Exit) || runs.has(Runs::Remove)
    });
    stops
        .iter()
        .flat_map(|f| model.around(*f))
        .chain(last)
        .collect()
}

/// What decides about the ways through one thread's function.
struct Ways<'a> {
    context: &'a Context<'a>,
    model: &'a Model,
    id: FunctionId,
    f: &'a Function,
    /// What holds the answer of a test for a stop, and whether it holds it as it is.
    tests: FxHashMap<PlaceId, bool>,
    /// What a stop decides in another way: results of interrupted sleeps, flags.
    decided: FxHashSet<PlaceId>,
    /// What runs around the calls that stop the thread; flags that are set there are part of a
    /// stop. Without it, a flag is another end.
    around: Option<Vec<FunctionId>>,
    own: Vec<FunctionId>,
    signals: bool,
}

impl<'a> Ways<'a> {
    fn new(
        context: &'a Context<'a>,
        model: &'a Model,
        id: FunctionId,
        stops: Option<&[FunctionId]>,
    ) -> Ways<'a> {
        let own = model.below(id);
        let allows = |f: &FunctionId| {
            let mut sites = model.inside(*f, Verb::ControlThread);
            sites.any(|site| site.effect.says("signal"))
        };
        let mut ways = Ways {
            context,
            model,
            id,
            f: context.unit.function(id),
            tests: FxHashMap::default(),
            decided: FxHashSet::default(),
            around: stops.map(|stops| around(context, model, stops)),
            signals: own.iter().any(allows),
            own,
        };
        ways.read();
        ways
    }

    /// What a wait gives when it was interrupted, and where that is kept.
    fn interrupted(&self, instr: &Instr) -> Option<PlaceId> {
        let InstrKind::Assign { dst, .. } = instr.kind else {
            return None;
        };
        let mut all = self.f.blocks.iter().flat_map(|block| &block.instrs);
        let waits = |other: &Instr| {
            other.span == instr.span && matches!(other.kind, InstrKind::Wait { .. })
        };
        (!self.signals && all.any(waits)).then_some(dst)
    }

    /// Follows answers through copies; a few rounds reach any chain people write.
    fn read(&mut self) {
        let f = self.f;
        for site in self.model.tests_stop(self.id) {
            let call = kloom_flow::model::call(self.context.unit, site);
            if let Some(dst) = call.and_then(|call| call.dst) {
                self.tests.insert(dst, true);
            }
        }
        for _ in 0..3 {
            for instr in f.blocks.iter().flat_map(|block| &block.instrs) {
                let interrupted = self.interrupted(instr);
                self.decided.extend(interrupted);
                match &instr.kind {
                    InstrKind::Assign { dst, src } => self.copy(*dst, src),
                    InstrKind::Call(call) => self.result(call),
                    _ => {}
                }
            }
        }
    }

    fn copy(&mut self, dst: PlaceId, src: &Expr) {
        if let Some(holds) = self.stop_in(src) {
            self.tests.insert(dst, holds);
        } else if self.is_decided(src) {
            self.decided.insert(dst);
        }
    }

    fn result(&mut self, call: &Call) {
        let Some((dst, name)) = call.dst.zip(callee(call)) else {
            return;
        };
        let unit = self.context.unit;
        let own = unit.named(name);
        let fact = self
            .context
            .fact(unit.names.text(name))
            .filter(|_| own.is_empty());
        if let Some(Returns::Arg(n)) = fact.map(|fact| fact.returns)
            && let Some(arg) = call.args.get(usize::from(n))
        {
            return self.copy(dst, &arg.expr);
        }
        let interrupted = |effect: &&Effect| {
            matches!(effect.verb, Verb::Wait | Verb::MaySleep) && effect.says("interruptible")
        };
        let waits = |f: FunctionId| {
            let mut sites = self.model.inside(f, Verb::Wait);
            sites.any(|site| site.effect.says("interruptible"))
        };
        let sleeps = fact.is_some_and(|fact| fact.effects.iter().any(|e| interrupted(&e)))
            || own.iter().flat_map(|f| self.model.below(*f)).any(waits);
        if sleeps && !self.signals || call.args.iter().any(|arg| self.is_decided(&arg.expr)) {
            self.decided.insert(dst);
        }
    }

    /// What an expression says about the stop: `true` if it is one, `false` if it is none.
    fn stop_in(&self, expr: &Expr) -> Option<bool> {
        match expr {
            Expr::Read(place) => self.tests.get(place).copied(),
            Expr::Unary(UnOp::Not, inner) => self.stop_in(inner).map(|holds| !holds),
            Expr::Cast(_, inner) => self.stop_in(inner),
            _ => None,
        }
    }

    /// Whether what stops the thread, or somebody out of sight, decides about a value.
    fn is_decided(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Read(place) | Expr::AddrOf(place) => {
                self.decided.contains(place)
                    || object_of(self.id, self.f, *place).is_some_and(|o| self.is_flag(o))
            }
            Expr::Unary(_, inner) | Expr::Cast(_, inner) => self.is_decided(inner),
            Expr::Binary(_, left, right) => self.is_decided(left) || self.is_decided(right),
            _ => false,
        }
    }

    fn is_flag(&self, object: Object) -> bool {
        let Some(around) = self.around.as_ref() else {
            return false;
        };
        if matches!(object, Object::Local(..)) {
            return false;
        }
        let changes = |f: &FunctionId| self.model.changes(*f, &[object]);
        let all = 0..self.context.unit.functions.len() as u32;
        let mut others = all.map(FunctionId).filter(|f| !self.own.contains(f));
        around.iter().any(changes)
            || !self.context.is_private(object) && !others.any(|f| changes(&f))
    }

    fn follows(&self, at: BlockId, to: BlockId) -> bool {
        let block = self.f.block(at);
        let sleeps = block.instrs.last().is_some_and(|instr| {
            let mark = WaitMark::Sleep;
            matches!(&instr.kind, InstrKind::Wait { mark: m, .. } if *m == mark)
        });
        // Only a stop interrupts the wait of a thread that allows no signals.
        if sleeps && !self.signals {
            return block.term.successors().first() == Some(&to);
        }
        let (Terminator::Branch { cond: on, .. } | Terminator::Switch { on, .. }) = &block.term
        else {
            return true;
        };
        if let (Terminator::Branch { then, .. }, Some(holds)) = (&block.term, self.stop_in(on)) {
            return (to == *then) != holds;
        }
        if !self.is_decided(on) {
            return true;
        }
        // What a stop decides is taken to go on with the loop.
        let circle = flow::circle(self.f, at);
        let stays = |to: &BlockId| circle[to.0 as usize];
        let next = block.term.successors();
        if next.iter().any(stays) {
            return stays(&to);
        }
        let loops = |to: BlockId| {
            let from = Spot { block: to, at: 0 };
            flow::walk(self.f, from, |spot, code| match code {
                Code::End(_) if flow::circle(self.f, spot.block)[spot.block.0 as usize] => {
                    Walk::Done
                }
                _ => Walk::On,
            })
        };
        !next.iter().any(|to| loops(*to)) || loops(to)
    }

    /// Whether a callee of the unit asks about the stop itself, or ends the thread.
    fn decides(&self, name: Option<Name>) -> bool {
        let unit = self.context.unit;
        let own = name.map_or(&[][..], |name| unit.named(name));
        own.iter().flat_map(|f| self.model.below(*f)).any(|f| {
            let mut blocks = unit.function(f).blocks.iter();
            self.model.tests_stop(f).next().is_some()
                || blocks.any(|block| matches!(block.term, Terminator::Unreachable))
        })
    }
}
