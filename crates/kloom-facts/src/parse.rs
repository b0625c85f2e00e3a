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
//! if arg N has WORD | if arg N lacks WORD] [since V] [until V]`; arguments count from 0.
//!
//! Facts live as long as the program, so that built-in and users' facts are the same type: what
//! this module makes is leaked, once per file read.

use crate::model::{Classes, Effect, Fact, Kind, Returns, Scope, Verb, Version, Versions, When};
use crate::suggest::nearest;
use crate::words::{CLASSES, KINDS, VERBS, lookup};
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Why a file is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, one line, no full stop.
    pub message: String,
    /// The word that was probably meant.
    pub suggestion: Option<&'static str>,
    /// The bytes of the file that say it.
    pub span: Range<usize>,
}

/// A word of an effect with its offset in the file.
type Word<'a> = (usize, &'a str);
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
        problems: Vec::new(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        reader.refuse(span, error.message().to_string(), None);
    }
    if reader.problems.is_empty() {
        reader.file(table.get_ref());
    }
    (reader.facts, reader.problems)
}

fn leak(text: &str) -> &'static str {
    if text.is_empty() {
        ""
    } else {
        Box::leak(text.into())
    }
}

struct Reader<'a> {
    text: &'a str,
    topic: &'static str,
    facts: Vec<Fact>,
    seen: HashSet<&'static str>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    fn refuse(&mut self, span: Range<usize>, message: String, suggestion: Option<&'static str>) {
        self.problems.push(Problem {
            message,
            suggestion,
            span,
        });
    }

    /// Refuses a word that is not in a closed list.
    fn unknown(&mut self, what: &str, word: Word, known: impl Iterator<Item = &'static str>) {
        let (at, word) = word;
        let suggestion = nearest(word, known);
        self.refuse(
            at..at + word.len(),
            format!("unknown {what} `{word}`"),
            suggestion,
        );
    }

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
                None => self.refuse(name.span(), "group without `names`".into(), None),
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
                    self.refuse(value.span(), message, None);
                }
            }
            if (fields.kind == Kind::ScopeClass) != fields.scope.is_some() {
                let message = "`exit` belongs to the kind scope-class and to no other".to_string();
                self.refuse(name.span(), message, None);
            }
            if !self.seen.insert(leak(name.get_ref())) {
                let message = format!("`{}` is described twice", name.get_ref());
                self.refuse(name.span(), message, None);
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
                if let Some(word) = self.word(value) {
                    match lookup(KINDS, word.1) {
                        Some(kind) => fields.kind = kind,
                        None => self.unknown("kind", word, KINDS.iter().map(|k| k.0)),
                    }
                }
            }
            "returns" => {
                if let Some(returns) = self.returns(value) {
                    fields.returns = returns;
                }
            }
            "does" => {
                for item in self.list(value) {
                    let effect = self.effect(item);
                    fields.effects.extend(effect);
                }
            }
            "types" => fields.type_args = self.numbers(value),
            "condition" => fields.condition = self.number(value),
            "enter" => {
                let enter = self.word(value).map(|w| leak(w.1));
                scope(fields).enter = enter;
            }
            "exit" => {
                if let Some((_, exit)) = self.word(value) {
                    scope(fields).exit = leak(exit);
                }
            }
            "skips" => {
                let skips = self.word(value).and_then(|w| self.classes(w));
                scope(fields).skips = skips.unwrap_or(Classes::NONE);
            }
            "since" => fields.versions.since = self.version_value(value),
            "until" => fields.versions.until = self.version_value(value),
            other => {
                let known = FIELDS.into_iter().chain([also]);
                let suggestion = nearest(other, known);
                self.refuse(key.span(), format!("unknown key `{other}`"), suggestion);
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
            self.refuse(at..at + text.len(), message.into(), None);
        }
    }

    fn returns(&mut self, value: &Value<'a>) -> Option<Returns> {
        const SIMPLE: &[(&str, Returns)] = &[
            ("unknown", Returns::Unknown),
            ("void", Returns::Void),
            ("bool", Returns::Class(Classes::ZERO.or(Classes::POS))),
            ("err-ptr", Returns::ErrPtr { null: false }),
            ("err-ptr-or-null", Returns::ErrPtr { null: true }),
            ("tolerant-err-ptr", Returns::TolerantErrPtr),
            ("ptr-or-null", Returns::PtrOrNull),
            ("errno", Returns::Errno),
        ];
        const OF_ARG: [&str; 5] = ["class", "arg", "test", "error-or-zero", "within"];
        let mut words = self.words(value)?;
        let first = words.next(self, "what is returned")?;
        let returns = match first.1 {
            "class" => Returns::Class(words.classes(self)?),
            "arg" => Returns::Arg(words.arg(self)?),
            "test" => Returns::Test(words.arg(self)?, words.classes(self)?),
            "error-or-zero" => Returns::ErrorOrZero(words.arg(self)?),
            "within" => Returns::Within(words.arg(self)?),
            word => match lookup(SIMPLE, word) {
                Some(returns) => returns,
                None => {
                    let known = SIMPLE.iter().map(|r| r.0).chain(OF_ARG);
                    self.unknown("return", first, known);
                    return None;
                }
            },
        };
        words.end(self)?;
        Some(returns)
    }

    fn effect(&mut self, value: &Value<'a>) -> Option<Effect> {
        let mut words = self.words(value)?;
        let first = words.next(self, "a verb")?;
        let Some(verb) = VERBS.iter().find(|v| v.word == first.1) else {
            self.unknown("verb", first, VERBS.iter().map(|v| v.word));
            return None;
        };
        let mut effect = Effect {
            verb: verb.verb,
            arg: words.optional_arg(),
            with: None,
            accepts: Classes::NONE,
            note: "",
            when: When::Always,
            versions: Versions::ALL,
        };
        if verb.needs_arg && effect.arg.is_none() {
            let span = first.0..first.0 + first.1.len();
            self.refuse(
                span,
                format!("`{}` needs an argument number", first.1),
                None,
            );
            return None;
        }
        while let Some(word) = words.peek() {
            words.skip();
            match word.1 {
                "with" => effect.with = Some(words.arg(self)?),
                "accepts" => effect.accepts = words.classes(self)?,
                "as" => effect.note = words.note(self, verb.notes)?,
                "if" => effect.when = words.when(self)?,
                "since" => effect.versions.since = Some(words.version(self)?),
                "until" => effect.versions.until = Some(words.version(self)?),
                _ => {
                    let known = ["with", "accepts", "as", "if", "since", "until"];
                    self.unknown("word", word, known.into_iter());
                    return None;
                }
            }
        }
        if effect.verb == Verb::Assigns && effect.accepts.is_empty() {
            effect.accepts = Classes::ANY;
        }
        Some(effect)
    }

    fn classes(&mut self, word: Word) -> Option<Classes> {
        let mut classes = Classes::NONE;
        let mut at = word.0;
        for part in word.1.split('|') {
            match lookup(CLASSES, part) {
                Some(class) => classes = classes.or(class),
                None => {
                    self.unknown("class", (at, part), CLASSES.iter().map(|c| c.0));
                    return None;
                }
            }
            at += part.len() + 1;
        }
        Some(classes)
    }

    fn version(&mut self, word: Word) -> Option<Version> {
        let version = word.1.split_once('.').and_then(|(major, minor)| {
            Some(Version {
                major: major.parse().ok()?,
                minor: minor.parse().ok()?,
            })
        });
        if version.is_none() {
            let message = format!("`{}` is no release; they read `6.12`", word.1);
            self.refuse(word.0..word.0 + word.1.len(), message, None);
        }
        version
    }

    fn version_value(&mut self, value: &Value<'a>) -> Option<Version> {
        let word = self.word(value)?;
        self.version(word)
    }

    fn table<'t>(&mut self, value: &'t Value<'a>, what: &str) -> Option<&'t DeTable<'a>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.refuse(value.span(), format!("{what} is a table"), None);
        }
        table
    }

    fn list<'t>(
        &mut self,
        value: &'t Value<'a>,
    ) -> impl Iterator<Item = &'t Value<'a>> + use<'t, 'a> {
        let list = value.get_ref().as_array();
        if list.is_none() {
            self.refuse(value.span(), "a list is expected".into(), None);
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
                self.refuse(span, message.into(), None);
                None
            }
        }
    }

    fn word(&mut self, value: &Value<'a>) -> Option<Word<'a>> {
        let mut words = self.words(value)?;
        let word = words.next(self, "a word")?;
        words.end(self)?;
        Some(word)
    }

    fn words(&mut self, value: &Value<'a>) -> Option<Words<'a>> {
        let (at, text) = self.string(value)?;
        Some(Words {
            text,
            base: at,
            at: 0,
        })
    }

    fn number(&mut self, value: &Value<'a>) -> Option<u8> {
        let number = value.get_ref().as_integer();
        let number = number.and_then(|n| n.as_str().parse().ok());
        if number.is_none() {
            self.refuse(value.span(), "an argument number is expected".into(), None);
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

/// The words of one string, read one after the other.
struct Words<'a> {
    text: &'a str,
    base: usize,
    at: usize,
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<Word<'a>> {
        let rest = self.text.get(self.at..)?;
        let start = self.at + (rest.len() - rest.trim_start().len());
        let word = rest.split_whitespace().next()?;
        Some((self.base + start, word))
    }

    fn skip(&mut self) {
        if let Some((at, word)) = self.peek() {
            self.at = at - self.base + word.len();
        }
    }

    fn next(&mut self, reader: &mut Reader<'a>, what: &str) -> Option<Word<'a>> {
        let word = self.peek();
        if word.is_none() {
            let at = self.base + self.text.len();
            reader.refuse(at..at, format!("{what} is missing here"), None);
        }
        self.skip();
        word
    }

    fn end(&self, reader: &mut Reader<'a>) -> Option<()> {
        let Some((at, word)) = self.peek() else {
            return Some(());
        };
        reader.refuse(
            at..at + word.len(),
            format!("`{word}` is one word too many"),
            None,
        );
        None
    }

    fn optional_arg(&mut self) -> Option<u8> {
        let arg = self.peek()?.1.parse().ok()?;
        self.skip();
        Some(arg)
    }

    fn arg(&mut self, reader: &mut Reader<'a>) -> Option<u8> {
        let (at, word) = self.next(reader, "an argument number")?;
        let arg = word.parse().ok();
        if arg.is_none() {
            let message = format!("`{word}` is no argument number");
            reader.refuse(at..at + word.len(), message, None);
        }
        arg
    }

    fn classes(&mut self, reader: &mut Reader<'a>) -> Option<Classes> {
        let word = self.next(reader, "a class")?;
        reader.classes(word)
    }

    fn version(&mut self, reader: &mut Reader<'a>) -> Option<Version> {
        let word = self.next(reader, "a release")?;
        reader.version(word)
    }

    fn note(
        &mut self,
        reader: &mut Reader<'a>,
        known: &'static [&'static str],
    ) -> Option<&'static str> {
        let (mut at, note) = self.next(reader, "a note")?;
        for part in note.split(',') {
            if !known.contains(&part) {
                reader.unknown("note", (at, part), known.iter().copied());
                return None;
            }
            at += part.len() + 1;
        }
        Some(leak(note))
    }

    fn word(&mut self, reader: &mut Reader<'a>) -> Option<&'static str> {
        let word = self.next(reader, "a word of the argument")?;
        Some(leak(word.1))
    }

    fn when(&mut self, reader: &mut Reader<'a>) -> Option<When> {
        let first = self.next(reader, "a condition")?;
        match first.1 {
            "returns" => Some(When::Returns(self.classes(reader)?)),
            "arg" => {
                let arg = self.arg(reader)?;
                let test = self.next(reader, "`has`, `lacks` or `is`")?;
                match test.1 {
                    "is" => Some(When::ArgIs(arg, self.classes(reader)?)),
                    "has" => Some(When::ArgHas(arg, self.word(reader)?)),
                    "lacks" => Some(When::ArgLacks(arg, self.word(reader)?)),
                    _ => {
                        reader.unknown("test", test, ["has", "lacks", "is"].into_iter());
                        None
                    }
                }
            }
            _ => {
                reader.unknown("condition", first, ["returns", "arg"].into_iter());
                None
            }
        }
    }
}

impl Problem {
    /// One line, `path:line:column: message`, columns in bytes from 1.
    pub fn render(&self, path: &str, text: &str) -> String {
        let before = text.get(..self.span.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
        let hint = match self.suggestion {
            Some(word) => format!("; did you mean `{word}`?"),
            None => String::new(),
        };
        format!("{path}:{line}:{column}: {}{hint}", self.message)
    }
}
