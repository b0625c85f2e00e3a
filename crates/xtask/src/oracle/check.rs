//! Compares what the text holds with what the IR holds.

use crate::reader::scan::{Function, Kind, Wanted};
use kloom_diag::{FileId, Span};
use kloom_ir::{InstrKind, LabelKind, Terminator, Unit};
use rustc_hash::FxHashMap;

/// What went wrong with one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is nowhere in the IR.
    Missing,
    /// It is in the IR more than once.
    Doubled,
}

/// How often each token stands in the IR, by kind and the offset that identifies it.
#[derive(Debug, Default)]
pub struct Census(FxHashMap<(Kind, u32), u32>);

impl Census {
    /// Counts the tokens of the file that was asked for. What stands in a part that the front end
    /// gave up on does not count, even where it was able to guess.
    pub fn of(unit: &Unit) -> Census {
        let mut census = Census::default();
        for block in unit.functions.iter().flat_map(|function| &function.blocks) {
            for label in &block.labels {
                let kind = match label.kind {
                    LabelKind::Named(_) => Kind::Label,
                    LabelKind::Case => Kind::Case,
                    LabelKind::Default => Kind::Default,
                };
                census.add(kind, label.span);
            }
            for instr in &block.instrs {
                if let InstrKind::Call(call) = &instr.kind
                    && !call.synthetic
                {
                    census.add(Kind::Call, call.callee_span);
                }
            }
            match block.term {
                Terminator::Goto {
                    written: Some(span),
                    ..
                } => census.add(Kind::Goto, span),
                Terminator::Return {
                    written: Some(span),
                    ..
                } => census.add(Kind::Return, span),
                _ => {}
            }
        }
        let skipped = || unit.coverage.skipped.iter().map(|(_, span)| *span);
        let given_up = |place: u32| {
            skipped().any(|s| s.file == FileId(0) && s.start < place && place <= s.end)
        };
        census.0.retain(|(_, place), _| !given_up(*place));
        census
    }

    fn add(&mut self, kind: Kind, span: Span) {
        if span.file == FileId(0) {
            let place = identity(kind, span.start, span.end);
            *self.0.entry((kind, place)).or_default() += 1;
        }
    }

    /// The tokens of a function that are not in the IR exactly once.
    pub fn faults(&self, function: &Function) -> Vec<(Fault, Wanted)> {
        let fault = |wanted: &Wanted| {
            let place = identity(wanted.kind, wanted.start, wanted.end);
            let fault = match self.0.get(&(wanted.kind, place)) {
                None => Fault::Missing,
                Some(1) => return None,
                Some(_) => Fault::Doubled,
            };
            Some((fault, *wanted))
        };
        function.wanted.iter().filter_map(fault).collect()
    }

    /// Tokens inside some function's body that the text was not seen to hold there.
    pub fn surplus(&self, functions: &[Function]) -> Vec<(Kind, u32)> {
        let wanted = functions.iter().flat_map(|function| &function.wanted);
        let wanted: rustc_hash::FxHashSet<(Kind, u32)> = wanted
            .map(|w| (w.kind, identity(w.kind, w.start, w.end)))
            .collect();
        let inside = |place: u32| {
            let next = functions.partition_point(|f| f.body.start <= place);
            next > 0 && functions[next - 1].body.contains(&place)
        };
        let mut surplus: Vec<_> = self.0.keys().copied().collect();
        surplus.retain(|key| !wanted.contains(key) && inside(key.1));
        surplus.sort_unstable();
        surplus
    }
}

/// The offset by which both sides know a token: a callee may be written `ops->name`, so a call
/// goes by where its callee ends, everything else by the end of its first byte.
fn identity(kind: Kind, start: u32, end: u32) -> u32 {
    match kind {
        Kind::Call => end,
        _ => start + 1,
    }
}
