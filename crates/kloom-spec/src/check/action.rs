//! What threads, works and handlers do.

use super::Checker;
use super::name::Given;
use crate::problem::Kind;
use crate::{Action, At, Call, Context, FieldRef, Piece, Sharing, Type, Value, raw};

/// Who does something, and where it runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub context: Context,
    pub name: &'a str,
}

impl Checker<'_> {
    /// The actions that make sense there.
    pub(super) fn actions(&mut self, raw: &[At<raw::Action>], place: Place<'_>) -> Vec<Action> {
        raw.iter()
            .filter_map(|action| self.action(action, place))
            .collect()
    }

    fn action(&mut self, at: &At<raw::Action>, place: Place<'_>) -> Option<Action> {
        let raw = &at.value;
        let verbs = [
            &raw.hook,
            &raw.log,
            &raw.add,
            &raw.set,
            &raw.wake,
            &raw.complete,
            &raw.queue,
            &raw.arm,
            &raw.push,
            &raw.park,
            &raw.unpark,
        ];
        if verbs.into_iter().flatten().count() != 1 {
            self.problems
                .say(Kind::Value, at, "this says nothing to do, or several things")
                .help("each entry has one verb: hook, log, add, set, wake, complete, queue, arm, push, park or unpark");
            return None;
        }
        self.only_with(&raw.holding, &raw.hook, "hook");
        self.only_with(&raw.by, &raw.add, "add");
        self.only_with(&raw.to, &raw.set, "set");
        self.only_with(&raw.value, &raw.push, "push");
        let woken = raw.wake.as_ref().or(raw.complete.as_ref()).cloned();
        self.only_with(&raw.all, &woken, "wake or complete");
        let all = raw.all.as_ref().is_some_and(|all| **all);
        if let Some(hook) = &raw.hook {
            return self.hook(hook, raw.holding.as_ref(), place);
        }
        if let Some(log) = &raw.log {
            return Some(Action::Log(self.pieces(log)));
        }
        if let Some(path) = &raw.add {
            let field = self.number(path)?;
            let by = raw.by.as_ref().map_or(1, |by| **by);
            return self
                .used(field, path, place)
                .map(|()| Action::Add(field, by));
        }
        if let Some(path) = &raw.set {
            let field = self.field(path)?;
            let Some(to) = &raw.to else {
                self.problems
                    .say(Kind::Value, path, "nothing says what it is set to")
                    .help("add to = 0");
                return None;
            };
            return self
                .used(field, path, place)
                .map(|()| Action::Set(field, **to));
        }
        if let Some(name) = &raw.wake {
            return self
                .refer(name, "a wait queue", Given::queue)
                .map(|queue| Action::Wake(queue, all));
        }
        if let Some(name) = &raw.complete {
            let found = self.refer(name, "a completion", Given::completion);
            return found.map(|completion| Action::Complete(completion, all));
        }
        if let Some(name) = &raw.queue {
            return self.refer(name, "a work", Given::work).map(Action::Queue);
        }
        if let Some(name) = &raw.arm {
            return self.refer(name, "a timer", Given::timer).map(Action::Arm);
        }
        if let Some(name) = &raw.push {
            return self.push(name, raw.value.as_ref(), place);
        }
        let (name, parks) = match (&raw.park, &raw.unpark) {
            (Some(name), _) => (name, true),
            (_, name) => (name.as_ref()?, false),
        };
        self.park(name, parks, place)
    }

    fn only_with<T>(&mut self, modifier: &Option<At<T>>, verb: &Option<At<String>>, name: &str) {
        if let (Some(modifier), None) = (modifier, verb) {
            let text = format!("this belongs to {name}, which is not here");
            self.problems.say(Kind::Value, modifier, text);
        }
    }

    fn hook(
        &mut self,
        name: &At<String>,
        holding: Option<&At<String>>,
        place: Place<'_>,
    ) -> Option<Action> {
        let Some(holding) = holding else {
            return self
                .call(name, Call::Plain, place.context, None, place.name)
                .map(|hook| Action::Hook(hook, None));
        };
        let state = self.refer(holding, "a state", Given::state)?;
        if !self.module.states[state].has_lock() {
            self.problems
                .say(
                    Kind::Lock,
                    holding,
                    format!("`{}` has no lock that could be held", **holding),
                )
                .help("leave out holding, or give the state a spinlock or a mutex");
            return None;
        }
        self.lock_fits(state, holding, place)?;
        let context = match self.module.states[state].sharing {
            Sharing::Mutex => place.context,
            _ => place.context.max(Context::Locked),
        };
        self.call(name, Call::Plain, context, Some(state), place.name)
            .map(|hook| Action::Hook(hook, Some(state)))
    }

    /// A field that can be added to.
    fn number(&mut self, path: &At<String>) -> Option<FieldRef> {
        let field = self.field(path)?;
        if self.module.states[field.state].fields[field.field].kind == Type::Bool {
            self.problems
                .say(Kind::Value, path, "nothing can be added to true or false")
                .help("use set");
            return None;
        }
        Some(field)
    }

    /// Whether a field can be used there.
    fn used(&mut self, field: FieldRef, at: &At<String>, place: Place<'_>) -> Option<()> {
        self.lock_fits(field.state, at, place)
    }

    /// Whether the lock of a state can be taken there.
    pub(super) fn lock_fits(
        &mut self,
        state: usize,
        at: &At<String>,
        place: Place<'_>,
    ) -> Option<()> {
        let state = &self.module.states[state];
        if state.sharing == Sharing::Mutex && !place.context.may_sleep() {
            let text = format!("{} cannot take the mutex of `{}`", place.name, state.name);
            self.problems
                .say(Kind::Context, at, text)
                .why("taking a mutex may sleep, and nothing may sleep in an interrupt")
                .help("use shared = \"spinlock\" or \"atomic\", or do this in a work");
            return None;
        }
        Some(())
    }

    fn push(
        &mut self,
        name: &At<String>,
        value: Option<&At<String>>,
        place: Place<'_>,
    ) -> Option<Action> {
        let fifo = self.refer(name, "a fifo", Given::fifo)?;
        let value = match value {
            Some(value) if value.as_str() == "time" => {
                if !matches!(self.module.fifos[fifo].item, Type::U64 | Type::S64) {
                    self.problems
                        .say(Kind::Value, value, "nanoseconds do not fit into an item")
                        .help("use item = \"u64\"");
                }
                Value::Time
            }
            Some(value) => {
                let field = self.field(value)?;
                self.lock_fits(field.state, value, place)?;
                Value::Field(field)
            }
            None => {
                self.problems
                    .say(Kind::Value, name, "nothing says what is put in")
                    .help("add value = \"state.field\", or value = \"time\"");
                return None;
            }
        };
        let known = &mut self.module.fifos[fifo];
        known.strictest = known.strictest.max(Some(place.context));
        Some(Action::Push(fifo, value))
    }

    fn park(&mut self, name: &At<String>, parks: bool, place: Place<'_>) -> Option<Action> {
        let thread = self.refer(name, "a thread", Given::thread)?;
        let parkable = &self.raw.thread[thread].parkable;
        if !parkable.as_ref().is_some_and(|parkable| **parkable) {
            self.problems
                .say(Kind::Wait, name, format!("thread `{}` cannot be parked", **name))
                .why("who parks a thread waits until it says that it is parked; this one never looks")
                .help("give it parkable = true");
        }
        let known = &self.raw.thread[thread];
        if known.count.is_some() || known.per_cpu.is_some() {
            self.problems
                .say(
                    Kind::Wait,
                    name,
                    format!("there are several threads `{}`", **name),
                )
                .help("park one that there is one of");
        }
        if !place.context.may_sleep() {
            self.problems
                .say(Kind::Context, name, format!("{} cannot park a thread", place.name))
                .why("who parks a thread sleeps until it is parked, and nothing may sleep in an interrupt");
        }
        Some(match parks {
            true => Action::Park(thread),
            false => Action::Unpark(thread),
        })
    }

    /// A line for the log, with the fields that it shows.
    fn pieces(&mut self, text: &At<String>) -> Vec<Piece> {
        let line = self.line(text);
        let mut pieces = Vec::new();
        let mut rest = line.as_str();
        while let Some((before, behind)) = rest.split_once('{') {
            let Some((path, behind)) = behind.split_once('}') else {
                self.problems.say(Kind::Value, text, "a `{` has no `}`");
                break;
            };
            let path = At {
                value: path.to_owned(),
                range: text.range.clone(),
            };
            pieces.push(Piece::Text(before.to_owned()));
            pieces.extend(self.field(&path).map(Piece::Field));
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces
    }
}
