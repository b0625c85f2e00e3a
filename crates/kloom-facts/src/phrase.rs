//! The little language of `returns` and `does`: words in a string, each with its place.

use crate::model::{Classes, Effect, Returns, Verb, Version, Versions, When};
use crate::problem::{Problems, Word};
use crate::words::{CLASSES, VERBS, lookup};

/// A copy that lives as long as the program.
pub fn leak(text: &str) -> &'static str {
    if text.is_empty() {
        ""
    } else {
        Box::leak(text.into())
    }
}

/// The words of one string, read one after the other.
pub struct Phrase<'a, 'p> {
    text: &'a str,
    base: usize,
    at: usize,
    problems: &'p mut Problems,
}

impl<'a, 'p> Phrase<'a, 'p> {
    /// The words of `text`, which stands at offset `base` of the file.
    pub fn new((base, text): Word<'a>, problems: &'p mut Problems) -> Self {
        Phrase {
            text,
            base,
            at: 0,
            problems,
        }
    }

    /// What `read` takes from the words, if that is all of them.
    pub fn whole<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let value = read(self)?;
        self.end()?;
        Some(value)
    }

    /// The only word there is.
    pub fn only(&mut self) -> Option<Word<'a>> {
        self.whole(|phrase| phrase.next("a word"))
    }

    /// What a call gives back.
    pub fn returns(&mut self) -> Option<Returns> {
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
        let first = self.next("what is returned")?;
        let returns = match first.1 {
            "class" => Returns::Class(self.classes()?),
            "arg" => Returns::Arg(self.arg()?),
            "test" => Returns::Test(self.arg()?, self.classes()?),
            "error-or-zero" => Returns::ErrorOrZero(self.arg()?),
            "within" => Returns::Within(self.arg()?),
            word => match lookup(SIMPLE, word) {
                Some(returns) => returns,
                None => {
                    let known = SIMPLE.iter().map(|r| r.0).chain(OF_ARG);
                    self.problems.unknown("return", first, known);
                    return None;
                }
            },
        };
        self.end()?;
        Some(returns)
    }

    /// What a call does.
    pub fn effect(&mut self) -> Option<Effect> {
        let first = self.next("a verb")?;
        let Some(verb) = VERBS.iter().find(|v| v.word == first.1) else {
            self.problems
                .unknown("verb", first, VERBS.iter().map(|v| v.word));
            return None;
        };
        let mut effect = Effect {
            verb: verb.verb,
            arg: self.optional_arg(),
            with: None,
            accepts: Classes::NONE,
            note: "",
            when: When::Always,
            versions: Versions::ALL,
        };
        if verb.needs_arg && effect.arg.is_none() {
            let span = first.0..first.0 + first.1.len();
            self.problems
                .refuse(span, format!("`{}` needs an argument number", first.1));
            return None;
        }
        while let Some(word) = self.peek() {
            self.skip();
            match word.1 {
                "with" => effect.with = Some(self.arg()?),
                "accepts" => effect.accepts = self.classes()?,
                "as" => effect.note = self.note(verb.notes)?,
                "if" => effect.when = self.when()?,
                "since" => effect.versions.since = Some(self.version()?),
                "until" => effect.versions.until = Some(self.version()?),
                _ => {
                    let known = ["with", "accepts", "as", "if", "since", "until"];
                    self.problems.unknown("word", word, known.into_iter());
                    return None;
                }
            }
        }
        if effect.verb == Verb::Assigns && effect.accepts.is_empty() {
            effect.accepts = Classes::ANY;
        }
        Some(effect)
    }

    /// A set of classes.
    pub fn classes(&mut self) -> Option<Classes> {
        let word = self.next("a class")?;
        let mut classes = Classes::NONE;
        let mut at = word.0;
        for part in word.1.split('|') {
            match lookup(CLASSES, part) {
                Some(class) => classes = classes.or(class),
                None => {
                    self.problems
                        .unknown("class", (at, part), CLASSES.iter().map(|c| c.0));
                    return None;
                }
            }
            at += part.len() + 1;
        }
        Some(classes)
    }

    /// A release.
    pub fn version(&mut self) -> Option<Version> {
        let word = self.next("a release")?;
        let version = word.1.split_once('.').and_then(|(major, minor)| {
            Some(Version {
                major: major.parse().ok()?,
                minor: minor.parse().ok()?,
            })
        });
        if version.is_none() {
            let message = format!("`{}` is no release; they read `6.12`", word.1);
            self.problems.refuse(word.0..word.0 + word.1.len(), message);
        }
        version
    }

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

    fn next(&mut self, what: &str) -> Option<Word<'a>> {
        let word = self.peek();
        if word.is_none() {
            let at = self.base + self.text.len();
            self.problems
                .refuse(at..at, format!("{what} is missing here"));
        }
        self.skip();
        word
    }

    fn end(&mut self) -> Option<()> {
        let Some((at, word)) = self.peek() else {
            return Some(());
        };
        self.problems.refuse(
            at..at + word.len(),
            format!("`{word}` is one word too many"),
        );
        None
    }

    fn optional_arg(&mut self) -> Option<u8> {
        let arg = self.peek()?.1.parse().ok()?;
        self.skip();
        Some(arg)
    }

    fn arg(&mut self) -> Option<u8> {
        let (at, word) = self.next("an argument number")?;
        let arg = word.parse().ok();
        if arg.is_none() {
            let message = format!("`{word}` is no argument number");
            self.problems.refuse(at..at + word.len(), message);
        }
        arg
    }

    fn note(&mut self, known: &'static [&'static str]) -> Option<&'static str> {
        let (mut at, note) = self.next("a note")?;
        for part in note.split(',') {
            if !known.contains(&part) {
                self.problems
                    .unknown("note", (at, part), known.iter().copied());
                return None;
            }
            at += part.len() + 1;
        }
        Some(leak(note))
    }

    fn word(&mut self) -> Option<&'static str> {
        let word = self.next("a word of the argument")?;
        Some(leak(word.1))
    }

    fn when(&mut self) -> Option<When> {
        let first = self.next("a condition")?;
        match first.1 {
            "returns" => Some(When::Returns(self.classes()?)),
            "arg" => {
                let arg = self.arg()?;
                let test = self.next("`has`, `lacks` or `is`")?;
                match test.1 {
                    "is" => Some(When::ArgIs(arg, self.classes()?)),
                    "has" => Some(When::ArgHas(arg, self.word()?)),
                    "lacks" => Some(When::ArgLacks(arg, self.word()?)),
                    _ => {
                        self.problems
                            .unknown("test", test, ["has", "lacks", "is"].into_iter());
                        None
                    }
                }
            }
            _ => {
                self.problems
                    .unknown("condition", first, ["returns", "arg"].into_iter());
                None
            }
        }
    }
}
