//! What happens at the end of a guarded scope.

use crate::model::{Effect, Fact, Kind, Verb};

/// Gives every scope class the effects of what it calls at the end, except that the classes it
/// skips are fine: `__free(kfree)` takes an error pointer, `kfree` does not.
pub fn close(facts: &mut [Fact]) {
    for at in 0..facts.len() {
        let fact = facts[at];
        let Some(scope) = fact.scope.filter(|_| fact.kind == Kind::ScopeClass) else {
            continue;
        };
        let Some(exit) = facts.iter().find(|f| f.name == scope.exit).copied() else {
            continue;
        };
        let widened = exit.effects.iter().map(|effect| match effect.verb {
            Verb::Requires => Effect {
                accepts: effect.accepts.or(scope.skips),
                ..*effect
            },
            _ => *effect,
        });
        facts[at].effects = widened.collect::<Vec<_>>().leak();
        facts[at].returns = exit.returns;
    }
}
