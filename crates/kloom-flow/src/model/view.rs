//! The model in words, for people and for formats: deterministic, in text order.

use super::{Contexts, Model, Object, Objects, Site, call};
use kloom_diag::Span;
use kloom_facts::{Effect, Verb};
use kloom_ir::{FunctionId, Unit};
use std::collections::BTreeMap;

/// One kind of thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What kind: `threads`.
    pub title: &'static str,
    /// Each of them.
    pub items: Vec<Item>,
}

/// One thing and what happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The object or function.
    pub name: String,
    /// In text order.
    pub lines: Vec<Line>,
}

/// Something that happens to a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What: `queued`, `waited for (interruptible)`.
    pub what: String,
    /// By which call; none for entry points.
    pub callee: Option<String>,
    /// In which function.
    pub function: String,
    /// Where that can run.
    pub contexts: Contexts,
    /// The place.
    pub at: Span,
}

/// The sections that an object can belong to, by the words of what is done to it.
const KINDS: &[(&str, &[&str])] = &[
    ("workers", &["kthread-worker"]),
    (
        "works",
        &[
            "work",
            "delayed-work",
            "rcu-work",
            "kthread-work",
            "kthread-delayed-work",
        ],
    ),
    ("timers", &["timer", "hrtimer", "tasklet", "irq-work"]),
    ("completions", &["completion"]),
];

/// The model, section by section; empty sections are left out.
pub fn sections(unit: &Unit, model: &Model) -> Vec<Section> {
    let words = Words { unit, model };
    let mut all = vec![
        Section {
            title: "entry points",
            items: words.entries(),
        },
        Section {
            title: "threads",
            items: words.threads(),
        },
    ];
    for title in [
        "workers",
        "works",
        "timers",
        "wait queues",
        "completions",
        "locks",
    ] {
        all.push(Section {
            title,
            items: words.objects(title),
        });
    }
    all.retain(|section| !section.items.is_empty());
    all
}

struct Words<'a> {
    unit: &'a Unit,
    model: &'a Model,
}

impl Words<'_> {
    fn entries(&self) -> Vec<Item> {
        let mut all: BTreeMap<FunctionId, Vec<Line>> = BTreeMap::new();
        for entry in &self.model.entries {
            all.entry(entry.function).or_default().push(Line {
                what: entry.context.as_str().to_owned(),
                callee: None,
                function: self.function(entry.function),
                contexts: self.model.contexts(entry.function),
                at: entry.at,
            });
        }
        let item = |(id, lines)| Item {
            name: self.function(id),
            lines,
        };
        all.into_iter().map(item).collect()
    }

    fn threads(&self) -> Vec<Item> {
        let mut items = Vec::new();
        for thread in &self.model.threads {
            let made = &self.model.sites[thread.creation];
            let how = noted("made", made.effect);
            let runs: Vec<String> = thread.functions.iter().map(|f| self.function(*f)).collect();
            let runs = if runs.is_empty() {
                "?".to_owned()
            } else {
                runs.join(", ")
            };
            let kept = self.list(&thread.handle);
            let mut lines = vec![self.line(made, &how)];
            for (verb, what) in [
                (Verb::WakeThread, "woken"),
                (Verb::ControlThread, ""),
                (Verb::StopThread, "stopped"),
            ] {
                for site in self.model.on(verb, &thread.handle) {
                    let what = if what.is_empty() {
                        site.effect.note
                    } else {
                        what
                    };
                    lines.push(self.line(site, what));
                }
            }
            items.push(Item {
                name: format!("{runs}() kept in {kept}"),
                lines,
            });
        }
        items
    }

    /// The objects of one section, each with all that is done to it.
    fn objects(&self, title: &str) -> Vec<Item> {
        let mut all: BTreeMap<Object, Vec<Line>> = BTreeMap::new();
        for site in &self.model.sites {
            let (section, what) = words_for(site.effect);
            if section == title {
                for object in &site.on.list {
                    all.entry(*object).or_default().push(self.line(site, &what));
                }
            }
        }
        let mut items: Vec<Item> = all
            .into_iter()
            .map(|(object, mut lines)| {
                lines.sort_by_key(|line| line.at);
                Item {
                    name: self.object(object),
                    lines,
                }
            })
            .collect();
        items.sort_by(|a, b| a.name.cmp(&b.name));
        items
    }

    fn line(&self, site: &Site, what: &str) -> Line {
        let runs = (site.effect.verb == Verb::Init)
            .then(|| self.runs(site))
            .flatten();
        Line {
            what: runs.map_or(what.to_owned(), |f| format!("{what} with {f}()")),
            callee: Some(self.unit.names.text(site.callee).to_owned()),
            function: self.function(site.function),
            contexts: self.model.contexts(site.function),
            at: site.span,
        }
    }

    /// The function that an initialisation names.
    fn runs(&self, site: &Site) -> Option<String> {
        let arg = call(self.unit, site)?
            .args
            .get(usize::from(site.effect.with?))?;
        let name = crate::roles::function_in(&arg.expr)?;
        Some(self.unit.names.text(name).to_owned())
    }

    fn function(&self, id: FunctionId) -> String {
        self.unit.names.text(self.unit.function(id).name).to_owned()
    }

    fn list(&self, objects: &Objects) -> String {
        let mut names: Vec<String> = objects
            .list
            .iter()
            .filter(|object| !matches!(object, Object::Local(..)))
            .map(|object| self.object(*object))
            .collect();
        names.extend((objects.open || names.is_empty()).then(|| "?".to_owned()));
        names.join(", ")
    }

    fn object(&self, object: Object) -> String {
        let text = |name| self.unit.names.text(name);
        match object {
            Object::Global(name) => text(name).to_owned(),
            Object::Member(owner, name) => format!("{}.{}", text(owner), text(name)),
            Object::Local(id, local) => {
                let name = self.unit.function(id).local(local).name;
                let name = name.map_or("?", text);
                format!("{name} of {}()", self.function(id))
            }
        }
    }
}

/// The section of what an effect is done to, and the effect in words.
fn words_for(effect: &Effect) -> (&'static str, String) {
    let known = KINDS
        .iter()
        .find(|(_, words)| words.iter().any(|word| effect.says(word)))
        .map(|(title, _)| *title);
    let (section, verb) = match effect.verb {
        Verb::CreateWorker => (Some("workers"), "made"),
        Verb::DestroyWorker => (Some("workers"), "destroyed"),
        Verb::Init => (known, "initialised"),
        Verb::Queue => (known, "queued"),
        Verb::Cancel => (known, "cancelled"),
        Verb::Flush => (known, "flushed"),
        Verb::Wait => (Some(known.unwrap_or("wait queues")), "waited for"),
        Verb::Wake => (Some(known.unwrap_or("wait queues")), "woken"),
        Verb::Acquire => (Some("locks"), "taken"),
        _ => (None, ""),
    };
    (section.unwrap_or_default(), noted(verb, effect))
}

fn noted(what: &str, effect: &Effect) -> String {
    if effect.note.is_empty() {
        what.to_owned()
    } else {
        format!("{what} ({})", effect.note.replace(',', ", "))
    }
}
