//! Wait macros: a loop that evaluates its condition again after every sleep.

use super::body::Body;
use super::call::{Want, assigned};
use crate::syntax::Node;
use kloom_diag::Span;
use kloom_facts::{Classes, Fact, Returns};
use kloom_ir::{BlockId, Call, Expr, InstrKind, Name, PlaceId, Terminator, WaitMark};

/// A value of the negative class; which error number it is does not matter.
const INTERRUPTED: i64 = -512;

/// A wait macro with its arguments read.
pub(super) struct WaitMacro {
    /// The macro.
    pub name: Name,
    /// What it does.
    pub fact: &'static Fact,
    /// The call without its result; the condition is an unknown argument of it.
    pub call: Call,
    /// The condition.
    pub condition: Node,
    /// The whole invocation.
    pub span: Span,
}

impl Body<'_, '_> {
    /// Lowers a wait macro; gives its result.
    pub(super) fn wait(&mut self, wait: WaitMacro, want: Want) -> Expr {
        let WaitMacro {
            name, fact, span, ..
        } = wait;
        let moved = assigned(fact, &wait.call.args);
        let dst = match want {
            Want::Nothing => None,
            Want::Into(place) => Some(place),
            Want::Value => {
                let ty = self.cx.int_type(b"long");
                Some(self.temporary(ty, span))
            }
        };
        self.push(InstrKind::Call(Box::new(wait.call)), span);
        let outcome = Outcome::of(fact.returns);
        let (test, sleep) = (self.new_block(), self.new_block());
        let (met, leave) = (self.new_block(), self.new_block());
        self.flow_to(test);
        self.start(test);
        let mark = |mark| InstrKind::Wait { callee: name, mark };
        self.push(mark(WaitMark::Test), span);
        for place in moved {
            self.assign(place, Expr::Unknown, span);
        }
        self.branch(wait.condition, met, sleep);
        self.start(sleep);
        self.push(mark(WaitMark::Sleep), span);
        let mut ways = vec![test];
        for failure in &outcome.failures {
            let way = self.new_block();
            ways.push(way);
            let end = Terminator::Goto {
                to: leave,
                written: None,
            };
            self.end_at(way, dst, failure, span, end);
        }
        match ways.as_slice() {
            [only] => self.flow_to(*only),
            _ => self.end(Terminator::Either(ways)),
        }
        self.start(met);
        if let Some(dst) = dst {
            self.assign(dst, outcome.success, span);
        }
        self.flow_to(leave);
        self.start(leave);
        dst.map_or(Expr::Unknown, Expr::Read)
    }

    /// Fills a block of its own: the result is set and the wait is over.
    fn end_at(
        &mut self,
        block: BlockId,
        dst: Option<PlaceId>,
        value: &Expr,
        span: Span,
        end: Terminator,
    ) {
        let here = self.here();
        self.start(block);
        if let Some(dst) = dst {
            self.assign(dst, value.clone(), span);
        }
        self.end(end);
        self.start(here);
    }
}

/// What a wait gives when its condition holds, and what when it gave up.
struct Outcome {
    success: Expr,
    failures: Vec<Expr>,
}

impl Outcome {
    fn of(returns: Returns) -> Outcome {
        let classes = match returns {
            Returns::Errno => Classes::ZERO.or(Classes::NEG),
            Returns::Class(classes) => classes,
            Returns::Void => Classes::ZERO,
            _ => {
                return Outcome {
                    success: Expr::Unknown,
                    failures: vec![Expr::Unknown],
                };
            }
        };
        let success = if classes.contains(Classes::POS) { 1 } else { 0 };
        let others = [(Classes::ZERO, 0), (Classes::NEG, INTERRUPTED)];
        let failures = others
            .into_iter()
            .filter(|(class, value)| classes.contains(*class) && *value != success)
            .map(|(_, value)| Expr::Int(value));
        Outcome {
            success: Expr::Int(success),
            failures: failures.collect(),
        }
    }
}
