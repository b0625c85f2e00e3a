//! Scopes of names, and what has to be done when they end.

use super::Body;
use kloom_diag::Span;
use kloom_ir::{BlockId, Call, InstrKind, LocalId, Skipped};

/// More cleanups at a time are not followed: each way out of their scope repeats them.
const MAX_CLEANUPS: u32 = 64;

/// What has to be done when a local goes out of scope; a stack whose older states live on, so
/// that a `goto` and its label can be compared when both are known.
pub(super) struct Cleanup {
    below: Option<CleanupId>,
    height: u32,
    local: Option<LocalId>,
    release: Option<Call>,
    span: Span,
}

/// A state of the cleanup stack: its top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct CleanupId(u32);

/// What to go back to at the end of a scope.
pub(in super::super) struct ScopeMark {
    names: usize,
    cleanups: Option<CleanupId>,
}

impl Body<'_, '_> {
    /// Opens a scope for names and cleanups.
    pub(in super::super) fn open_scope(&self) -> ScopeMark {
        ScopeMark {
            names: self.shadowed.len(),
            cleanups: self.top,
        }
    }

    /// Closes it: runs its cleanups where its end can be reached, and forgets its names.
    pub(in super::super) fn close_scope(&mut self, mark: ScopeMark) {
        if self.is_open() {
            self.run_cleanups(mark.cleanups);
        }
        self.top = mark.cleanups;
        while self.shadowed.len() > mark.names {
            let Some((name, outer)) = self.shadowed.pop() else {
                break;
            };
            match outer {
                Some(id) => self.names.insert(name, id),
                None => self.names.remove(&name),
            };
        }
    }

    /// The cleanups that run if the function is left here.
    pub(in super::super) fn cleanups(&self) -> Option<CleanupId> {
        self.top
    }

    /// Adds a cleanup for the innermost scope.
    pub(in super::super) fn add_cleanup(
        &mut self,
        local: Option<LocalId>,
        release: Option<Call>,
        span: Span,
    ) {
        let below = self.top;
        let height = self.height(below) + 1;
        if height > MAX_CLEANUPS {
            self.cx.skip(Skipped::Depth, span);
            return;
        }
        self.top = Some(CleanupId(self.cleanups.len() as u32));
        self.cleanups.push(Cleanup {
            below,
            height,
            local,
            release,
            span,
        });
    }

    /// Runs the cleanups from here down to `outer`.
    pub(in super::super) fn run_cleanups(&mut self, outer: Option<CleanupId>) {
        if self.top != outer {
            let block = self.here();
            self.cleanups_into(block, self.top, outer);
        }
    }

    fn height(&self, id: Option<CleanupId>) -> u32 {
        id.and_then(|id| self.cleanups.get(id.0 as usize))
            .map_or(0, |c| c.height)
    }

    pub(super) fn cleanups_into(
        &mut self,
        block: BlockId,
        from: Option<CleanupId>,
        outer: Option<CleanupId>,
    ) {
        let mut at = from;
        while let Some(id) = at
            && at != outer
        {
            let Some(cleanup) = self.cleanups.get(id.0 as usize) else {
                return;
            };
            let (release, local, span) = (cleanup.release.clone(), cleanup.local, cleanup.span);
            at = cleanup.below;
            if let Some(call) = release {
                self.push_to(block, InstrKind::Call(Box::new(call)), span);
            }
            if let Some(local) = local {
                self.push_to(block, InstrKind::ScopeEnd(vec![local]), span);
            }
        }
    }

    /// The innermost cleanup that both states have.
    pub(super) fn shared(&self, a: Option<CleanupId>, b: Option<CleanupId>) -> Option<CleanupId> {
        let below = |id: Option<CleanupId>| {
            id.and_then(|id| self.cleanups.get(id.0 as usize))
                .and_then(|c| c.below)
        };
        let (mut a, mut b) = (a, b);
        while a != b {
            if self.height(a) >= self.height(b) {
                a = below(a);
            } else {
                b = below(b);
            }
        }
        a
    }
}
