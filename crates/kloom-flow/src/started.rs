//! Follows what a function starts or registers: is it taken back where the function fails?

use crate::analysis::{LossKind, Resource};
use crate::body::Body;
use crate::call::Site;
use crate::state::State;
use crate::value::{Info, Sym};
use kloom_diag::Span;
use kloom_facts::{Classes, Fact, Returns, Verb};
use kloom_ir::{Expr, Name};

impl Body<'_> {
    /// The states after a call that may start or register something.
    pub fn starts(
        &mut self,
        states: Vec<State>,
        site: &Site<'_>,
        name: Name,
        fact: &Fact,
    ) -> Vec<State> {
        if !self.memory || site.call.dst.is_none() {
            return states;
        }
        let made = Sym::Made(site.point);
        let resource = if self.starts_lasting_thread(site, fact) {
            Resource::Thread
        } else if fact.does(Verb::CreateWorker) {
            Resource::Worker
        } else {
            return self.registers(states, site, name, fact);
        };
        let id = self.allocation(site, name, resource, true);
        let start = |mut state: State| {
            state.owned.start(made, id);
            state
        };
        states.into_iter().map(start).collect()
    }

    /// Whether a thread is started that does not end by itself, as far as its code is in sight.
    fn starts_lasting_thread(&self, site: &Site<'_>, fact: &Fact) -> bool {
        let mut starts = fact.effects(Verb::StartThread);
        let function = starts.find_map(|e| site.call.args.get(usize::from(e.arg?)));
        let Some(Expr::Function(name)) = function.map(|arg| &arg.expr) else {
            return false;
        };
        let bodies = self.cx.unit.named(*name).iter();
        let mut blocks = bodies.flat_map(|id| self.cx.unit.function(*id).blocks.iter().enumerate());
        blocks.any(|(at, block)| block.term.successors().iter().any(|to| to.0 as usize <= at))
    }

    fn registers(
        &mut self,
        states: Vec<State>,
        site: &Site<'_>,
        name: Name,
        fact: &Fact,
    ) -> Vec<State> {
        let failure = Classes::ZERO.or(Classes::NEG);
        let tells = match fact.returns {
            Returns::Errno => true,
            Returns::Class(classes) => classes == failure,
            _ => false,
        };
        let mut effects = fact.effects(Verb::Register).filter(|e| !e.says("devm"));
        let object = effects.find_map(|e| site.args.get(usize::from(e.arg?)).copied());
        let (true, Some(object @ (Sym::Addr(_) | Sym::Init(_)))) = (tells, object) else {
            return states;
        };
        let id = self.allocation(site, name, Resource::Registration, true);
        let mut out = Vec::new();
        for mut failed in states {
            let mut done = failed.clone();
            done.set_info(Sym::Made(site.point), Info::of(Classes::ZERO));
            failed.set_info(Sym::Made(site.point), Info::of(Classes::NEG));
            done.owned.start(object, id);
            out.extend([done, failed]);
        }
        out
    }

    /// What a call with a fact stops or unregisters.
    pub fn takes_back(&self, state: &mut State, site: &Site<'_>, fact: &Fact) {
        for effect in fact.effects {
            let ends = matches!(
                effect.verb,
                Verb::StopThread | Verb::DestroyWorker | Verb::Unregister | Verb::RemoveHandler
            );
            // An action of the device undoes what it names, at once if it cannot be added.
            if effect.verb == Verb::Handler && effect.says("devm") {
                state.owned.take_all_back();
            }
            let object = effect
                .arg
                .and_then(|n| site.args.get(usize::from(n)).copied());
            match object {
                Some(object @ (Sym::Addr(_) | Sym::Init(_) | Sym::Made(_))) if ends => {
                    state.owned.take_back(object);
                }
                _ if ends => state.owned.take_all_back(),
                _ => {}
            }
        }
    }

    /// The path ends: if it fails, what it started stays. An answer that is not zero is a failure,
    /// whichever sign a callee of which nothing is known gave it.
    pub fn left_behind(&mut self, state: &State, result: Option<Sym>, at: Span) {
        let fails =
            |classes: Classes| classes == Classes::NEG || classes == Classes::NEG.or(Classes::POS);
        if !result.is_some_and(|sym| fails(state.info(sym).classes)) {
            return;
        }
        for started in state.owned.started().to_vec() {
            let sure = match started.object {
                Sym::Made(_) => state.info(started.object).classes == Classes::POS,
                _ => true,
            };
            if sure {
                let kind = LossKind::LeftBehind;
                self.note_loss(started.allocation, kind, at, started.turn);
            }
        }
    }
}
