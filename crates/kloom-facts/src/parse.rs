//! Reads one file of `rules/api`, or a user's file of the same format.
//!
//! A file is a table of groups. A group's fields are shared by its names; a name is either the
//! place it was read at, or a table with that place and fields of its own: `does` adds to the
//! group's, every other field replaces it.
//!
//! ```toml
//! [stop]
//! returns = "class any"
//! does = ["may-sleep", "requires 0"]
//!
//! [stop.names]
//! kthread_stop = { source = "6.12 kernel/kthread.c:693", does = ["stop-thread 0"] }
//! ```
//!
//! An effect is `VERB [ARG] [with ARG] [accepts CLASSES] [as WORDS] [if returns CLASSES |
//! if arg N has WORD | …] [since V] [until V]`; arguments count from 0.
//!
//! Facts live as long as the program, so that built-in and users' facts are the same type: what
//! this module makes is leaked, once per file read.

use crate::model::{Classes, Effect, Fact, Kind, Returns, Scope, Versions};
use crate::phrase::{Phrase, leak};
use crate::problem::{Problem, Problems, Word};
use crate::words::{KINDS, lookup};
use std::borrow::Cow;
use std::collections::HashSet;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and the bytes it stands at.
type Value<'a> = Spanned<DeValue<'a>>;

/// The fields a name gets from its group and itself.
#[derive(Clone)]
struct Fields {
    kind: Kind,
    returns: Returns,
    effects: Vec<Effect>,
    type_args: Vec<u8>,
    condition: Option<u8>,
    scope: Option<Scope>,
    versions: Versions,
    source: &'static str,
}

impl Default for Fields {
    fn default() -> Self {
        Fields {
            kind: Kind::Function,
            returns: Returns::Unknown,
            effects: Vec::new(),
            type_args: Vec::new(),
            condition: None,
            scope: None,
            versions: Versions::ALL,
            source: "",
        }
    }
}

/// The fields of a group; a name has `source` instead of `names`.
const FIELDS: [&str; 10] = [
    "kind",
    "returns",
    "does",
    "types",
    "condition",
    "enter",
    "exit",
    "skips",
    "since",
    "until",
];

/// The facts of a file, in its order, and everything that is wrong with it.
pub fn parse(topic: &str, text: &str) -> (Vec<Fact>, Vec<Problem>) {
    let mut reader = Reader {
        text,
        topic: leak(topic),
        facts: Vec::new(),
        seen: HashSet::new(),
        problems: Problems::default(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        reader.problems.refuse(span, error.message().to_string());
    }
    if reader.problems.0.is_empty() {
        reader.file(table.get_ref());
    }
    (reader.facts, reader.problems.0)
}

struct Reader<'a> {
    text: &'a str,
    topic: &'static str,
    facts: Vec<Fact>,
    seen: HashSet<&'static str>,
    problems: Problems,
}

impl<'a> Reader<'a> {
    fn file(&mut self, file: &DeTable<'a>) {
        for (name, group) in in_text_order(file) {
            let Some(group) = self.table(group, "a group") else {
                continue;
            };
            let mut shared = Fields::default();
            let mut names = None;
            for (key, value) in in_text_order(group) {
                if key.get_ref() == "names" {
                    names = self.table(value, "`names`");
                } else {
                    self.field(&mut shared, key, value, "names");
                }
            }
            match names {
                Some(names) => self.names(&shared, names),
                None => self
                    .problems
                    .refuse(name.span(), "group without `names`".into()),
            }
        }
    }

    fn names(&mut self, shared: &Fields, names: &DeTable<'a>) {
        for (name, value) in in_text_order(names) {
            let mut fields = shared.clone();
            match value.get_ref() {
                DeValue::String(_) => self.source(&mut fields, value),
                DeValue::Table(own) => {
                    for (key, value) in in_text_order(own) {
                        if key.get_ref() == "source" {
                            self.source(&mut fields, value);
                        } else {
                            self.field(&mut fields, key, value, "source");
                        }
                    }
                }
                _ => {
                    let message = "a name has a source or a table".to_string();
                    self.problems.refuse(value.span(), message);
                }
            }
            if (fields.kind == Kind::ScopeClass) != fields.scope.is_some() {
                let message = "`exit` belongs to the kind scope-class and to no other".to_string();
                self.problems.refuse(name.span(), message);
            }
            if !self.seen.insert(leak(name.get_ref())) {
                let message = format!("`{}` is described twice", name.get_ref());
                self.problems.refuse(name.span(), message);
            }
            self.facts.push(Fact {
                name: leak(name.get_ref()),
                topic: self.topic,
                kind: fields.kind,
                returns: fields.returns,
                effects: fields.effects.leak(),
                type_args: fields.type_args.leak(),
                condition: fields.condition,
                scope: fields.scope,
                versions: fields.versions,
                source: fields.source,
            });
        }
    }

    fn field(
        &mut self,
        fields: &mut Fields,
        key: &Spanned<Cow<'a, str>>,
        value: &Value<'a>,
        also: &'static str,
    ) {
        match key.get_ref().as_ref() {
            "kind" => {
                if let Some(word) = self.phrase(value).and_then(|mut p| p.only()) {
                    match lookup(KINDS, word.1) {
                        Some(kind) => fields.kind = kind,
                        None => self
                            .problems
                            .unknown("kind", word, KINDS.iter().map(|k| k.0)),
                    }
                }
            }
            "returns" => {
                if let Some(returns) = self.phrase(value).and_then(|mut p| p.returns()) {
                    fields.returns = returns;
                }
            }
            "does" => {
                for item in self.list(value) {
                    let effect = self.phrase(item).and_then(|mut p| p.effect());
                    fields.effects.extend(effect);
                }
            }
            "types" => fields.type_args = self.numbers(value),
            "condition" => fields.condition = self.number(value),
            "enter" => {
                let enter = self.phrase(value).and_then(|mut p| p.only());
                scope(fields).enter = enter.map(|w| leak(w.1));
            }
            "exit" => {
                if let Some((_, exit)) = self.phrase(value).and_then(|mut p| p.only()) {
                    scope(fields).exit = leak(exit);
                }
            }
            "skips" => {
                let skips = self
                    .phrase(value)
                    .and_then(|mut p| p.whole(Phrase::classes));
                scope(fields).skips = skips.unwrap_or(Classes::NONE);
            }
            "since" => {
                fields.versions.since = self
                    .phrase(value)
                    .and_then(|mut p| p.whole(Phrase::version));
            }
            "until" => {
                fields.versions.until = self
                    .phrase(value)
                    .and_then(|mut p| p.whole(Phrase::version));
            }
            other => {
                let known = FIELDS.into_iter().chain([also]);
                self.problems
                    .unknown("key", (key.span().start, other), known);
            }
        }
    }

    fn source(&mut self, fields: &mut Fields, value: &Value<'a>) {
        let Some((at, text)) = self.string(value) else {
            return;
        };
        if text.split("; ").all(is_place) {
            fields.source = leak(text);
        } else {
            let message = "a source reads `RELEASE PATH:LINE`, several separated by `; `";
            self.problems.refuse(at..at + text.len(), message.into());
        }
    }

    fn table<'t>(&mut self, value: &'t Value<'a>, what: &str) -> Option<&'t DeTable<'a>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.problems
                .refuse(value.span(), format!("{what} is a table"));
        }
        table
    }

    fn list<'t>(
        &mut self,
        value: &'t Value<'a>,
    ) -> impl Iterator<Item = &'t Value<'a>> + use<'t, 'a> {
        let list = value.get_ref().as_array();
        if list.is_none() {
            self.problems
                .refuse(value.span(), "a list is expected".into());
        }
        list.into_iter().flat_map(|l| l.iter())
    }

    /// The text of a string and where it stands in the file.
    fn string(&mut self, value: &Value<'a>) -> Option<Word<'a>> {
        let span = value.span();
        let text = self.text;
        let at = span.start + 1;
        let inner = text.get(at..span.end.saturating_sub(1));
        match (value.get_ref().as_str(), inner) {
            (Some(read), Some(inner)) if read == inner => Some((at, inner)),
            _ => {
                let message = "a one-line string without escapes is expected";
                self.problems.refuse(span, message.into());
                None
            }
        }
    }

    /// The words of a string.
    fn phrase(&mut self, value: &Value<'a>) -> Option<Phrase<'a, '_>> {
        let text = self.string(value)?;
        Some(Phrase::new(text, &mut self.problems))
    }

    fn number(&mut self, value: &Value<'a>) -> Option<u8> {
        let number = value.get_ref().as_integer();
        let number = number.and_then(|n| n.as_str().parse().ok());
        if number.is_none() {
            self.problems
                .refuse(value.span(), "an argument number is expected".into());
        }
        number
    }

    fn numbers(&mut self, value: &Value<'a>) -> Vec<u8> {
        let list: Vec<_> = self.list(value).collect();
        list.into_iter().filter_map(|v| self.number(v)).collect()
    }
}

/// Entries in the order they are written, so that the first mistake is said first.
fn in_text_order<'t, 'a>(
    table: &'t DeTable<'a>,
) -> Vec<(&'t Spanned<Cow<'a, str>>, &'t Value<'a>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn scope(fields: &mut Fields) -> &mut Scope {
    fields.scope.get_or_insert(Scope {
        enter: None,
        exit: "",
        skips: Classes::NONE,
    })
}

/// Whether `text` reads `6.12 kernel/kthread.c:693`; a release that was only looked up may lack
/// the line.
fn is_place(text: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.split_once(' ').is_some_and(|(release, place)| {
        let (path, line) = place.rsplit_once(':').unwrap_or((place, "0"));
        release
            .split_once('.')
            .is_some_and(|(a, b)| number(a) && number(b))
            && number(line)
            && !path.is_empty()
            && !path.contains(' ')
    })
}
