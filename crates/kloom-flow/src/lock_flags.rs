//! Variables that keep an interrupt state.

use crate::body::Body;
use crate::call::Site;
use crate::lock_issue::{LockIssue, LockIssueKind};
use crate::locks::{How, Irq, LockKind};
use crate::state::State;
use crate::value::CellId;
use kloom_facts::{Effect, Verb};
use kloom_ir::{Base, Expr};

impl Body<'_> {
    /// The variable that the flags argument is.
    pub fn flags_cell(
        &mut self,
        state: &State,
        site: &Site<'_>,
        arg: Option<u8>,
    ) -> Option<CellId> {
        match &site.call.args.get(usize::from(arg?))?.expr {
            Expr::Read(place) => match self.f.places.get(*place).base {
                Base::Local(local) if !self.counters.contains(&local) => {
                    Some(self.cell(state, *place, site.span))
                }
                _ => None,
            },
            _ => None,
        }
    }

    pub fn save_flags(&mut self, state: &mut State, site: &Site<'_>, cell: CellId) {
        let locks = &mut state.locks;
        if let Some(first) = locks.saved.iter().find(|s| s.0 == cell).copied()
            && locks.held.iter().any(|h| h.at == first.1 && h.sure)
        {
            let how = How {
                kind: LockKind::Irq,
                read: false,
                irq: Irq::Saved,
                nested: false,
            };
            let issue = LockIssue {
                kind: LockIssueKind::FlagsOverwritten,
                function: self.id,
                at: site.span,
                taken: Some(first.1),
                named: None,
                how,
                chain: vec![site.span],
                trail: locks.trail.clone(),
                others: Vec::new(),
                unless_dropped: None,
            };
            self.lock_issue(issue);
        }
        let locks = &mut state.locks;
        locks.saved.retain(|s| s.0 != cell);
        locks.restored.retain(|s| s.0 != cell);
        locks.saved.push((cell, site.span));
    }

    pub fn restore(&mut self, state: &mut State, site: &Site<'_>, effect: &Effect) {
        let arg = if effect.verb == Verb::Context {
            effect.arg
        } else {
            effect.with
        };
        if How::of(effect).irq != Irq::Saved {
            return;
        }
        let Some(cell) = self.flags_cell(state, site, arg) else {
            return;
        };
        let locks = &mut state.locks;
        locks.saved.retain(|s| s.0 != cell);
        locks.restored.retain(|s| s.0 != cell);
        locks.restored.push((cell, site.span));
    }
}
