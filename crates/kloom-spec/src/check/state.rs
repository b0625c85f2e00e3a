//! `[[state]]` and `[[fifo]]`.

use super::Checker;
use super::name::Given;
use crate::problem::Kind;
use crate::{At, Field, FieldRef, Fifo, Sharing, State, Type, raw};
use std::collections::BTreeSet;

/// More items are kept elsewhere.
const MOST_ITEMS: u32 = 1 << 16;

impl Checker<'_> {
    /// The states and fifos.
    pub(super) fn states(&mut self) {
        for raw in &self.raw.state {
            let state = self.state(raw);
            self.module.states.push(state);
        }
        for raw in &self.raw.fifo {
            let fifo = self.fifo(raw);
            self.module.fifos.push(fifo);
        }
    }

    fn state(&mut self, raw: &raw::State) -> State {
        let sharing = *raw.shared;
        let mut seen = BTreeSet::new();
        for field in &raw.fields {
            self.field_name(&field.name);
            if !seen.insert(field.name.as_str()) {
                let text = format!("there is a field `{}` already", *field.name);
                self.problems.say(Kind::Name, &field.name, text);
            }
            self.fits(sharing, field);
        }
        if raw.fields.is_empty() {
            self.problems
                .say(Kind::Value, &raw.name, "this state has no fields")
                .help("give it some, such as fields = [{ name = \"count\", type = \"u64\" }]");
        }
        let queue = match (&raw.queue, sharing) {
            (Some(queue), Sharing::Queue) => self.refer(queue, "a wait queue", Given::queue),
            (None, Sharing::Queue) => {
                self.problems
                    .say(
                        Kind::Lock,
                        &raw.shared,
                        "nothing says which queue's lock this state is under",
                    )
                    .help("add queue = \"NAME\"");
                None
            }
            (Some(queue), _) => {
                self.problems
                    .say(
                        Kind::Lock,
                        queue,
                        "this state is not under the lock of a queue",
                    )
                    .help("say shared = \"queue\", or leave the queue out");
                None
            }
            (None, _) => None,
        };
        State {
            name: raw.name.value.clone(),
            about: self.line_if_any(raw.about.as_ref()),
            sharing,
            queue,
            fields: raw.fields.iter().map(field).collect(),
            strictest: None,
        }
    }

    /// Whether a field can be shared like this.
    fn fits(&mut self, sharing: Sharing, field: &raw::Field) {
        let kind = *field.kind;
        let (what, why, help) = match (sharing, kind) {
            (Sharing::Atomic, Type::Bool | Type::U32) => (
                "an atomic field is an int or an s64",
                "atomic_t and atomic64_t are signed numbers",
                "use int or s64, or shared = \"once\" for a flag",
            ),
            (Sharing::Atomic, Type::U64) => (
                "an atomic field is an int or an s64",
                "atomic64_t is a signed number",
                "use s64",
            ),
            (Sharing::Once, Type::U64 | Type::S64) => (
                "a field under READ_ONCE and WRITE_ONCE has at most one word",
                "on 32-bit machines 64 bits are written in two halves, and a reader can see one of them",
                "use shared = \"atomic\", a spinlock or a seqlock",
            ),
            _ => return,
        };
        self.problems
            .say(Kind::Lock, &field.kind, what)
            .why(why)
            .help(help);
    }

    fn fifo(&mut self, raw: &raw::Fifo) -> Fifo {
        let size = *raw.size;
        if !size.is_power_of_two() || !(2..=MOST_ITEMS).contains(&size) {
            let text = format!("a fifo of {size} items cannot be made");
            self.problems
                .say(Kind::Value, &raw.size, text)
                .why("kfifo finds a place by the low bits of a counter")
                .help(format!("use a power of two from 2 to {MOST_ITEMS}"));
        }
        if *raw.item == Type::Bool {
            self.problems
                .say(Kind::Value, &raw.item, "items are numbers")
                .help("use u32 or u64");
        }
        Fifo {
            name: raw.name.value.clone(),
            about: self.line_if_any(raw.about.as_ref()),
            item: *raw.item,
            size,
            strictest: None,
            is_read: false,
            is_written: false,
            is_taken: false,
        }
    }

    /// The field that `state.field` names.
    pub(super) fn field(&mut self, path: &At<String>) -> Option<FieldRef> {
        let found = self.find_field(path);
        if found.is_none() {
            let known: Vec<String> = self.module.states.iter().flat_map(paths).collect();
            let near = known
                .iter()
                .max_by_key(|known| (strsim::jaro(known, path) * 1000.0) as u32);
            let help = near.map_or("declare it with [[state]]".to_owned(), |near| {
                format!("is it `{near}`?")
            });
            let shown: String = path.chars().take(60).collect();
            let text = format!("there is no field `{}`", shown.escape_default());
            self.problems.say(Kind::Reference, path, text).help(help);
        }
        found
    }

    /// The same, without a word if there is none.
    pub(super) fn find_field(&self, path: &str) -> Option<FieldRef> {
        let (state, field) = path.split_once('.')?;
        let state = self.module.states.iter().position(|s| s.name == state)?;
        let fields = &self.module.states[state].fields;
        let field = fields.iter().position(|f| f.name == field)?;
        Some(FieldRef { state, field })
    }
}

fn field(raw: &raw::Field) -> Field {
    Field {
        name: raw.name.value.clone(),
        kind: *raw.kind,
        initial: raw.initial.as_ref().map_or(0, |initial| **initial),
    }
}

fn paths(state: &State) -> Vec<String> {
    let fields = state.fields.iter();
    fields
        .map(|field| format!("{}.{}", state.name, field.name))
        .collect()
}
