//! The table of kernel reports, `rules/console.toml`.

use super::pattern::{Pattern, any};
use kloom_diag::Severity;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static BUILTIN: LazyLock<Kinds> = LazyLock::new(|| {
    // That it can be read is tested; there is no other text that could come here.
    Kinds::parse(include_str!("../../../../rules/console.toml")).unwrap_or_default()
});

/// Every kind of report, telling ones first.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    all: Vec<Kind>,
    /// The bytes that headlines start with.
    starts: Vec<u8>,
}

/// One kind of report.
#[derive(Debug)]
pub struct Kind {
    /// Kebab-case; diagnostics have it as their rule.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in words.
    pub says: String,
    /// What the module does at the guilty line.
    pub label: String,
    /// What to do about it; may be empty.
    pub help: String,
    /// The rules whose defect it confirms.
    pub rules: Vec<String>,
    pub(super) headlines: Vec<Pattern>,
    /// Lines within a report of a kind that it refines; what such a report needs is the same.
    pub(super) marks: Vec<Pattern>,
    /// Numbers of the kinds that it can turn out to be.
    pub(super) refines: Vec<usize>,
    pub(super) shape: Shape,
    pub(super) guilty: Vec<Pattern>,
    pub(super) steps: Vec<(Pattern, String)>,
    /// Headlines of reports that only follow from another.
    pub(super) follows: Vec<Pattern>,
}

/// What a real report of a kind is like.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shape {
    /// Lines that it has.
    pub needs: Option<Vec<Pattern>>,
    /// Its last line.
    pub ends: Option<Vec<Pattern>>,
    /// Its lines; the first other one is no longer part of it.
    #[serde(rename = "while")]
    pub lasts: Option<Vec<Pattern>>,
    /// What it leaves behind in the kernel.
    pub leaves: Option<Leaves>,
    /// Whether printk writes it.
    pub printed: Option<bool>,
    /// Seconds of silence that end it.
    pub pause: Option<u64>,
    /// Whether stacks of other CPUs belong to it.
    pub adopts: Option<bool>,
    /// Whether its place is where a loop happened to be.
    pub sampled: Option<bool>,
    /// Whether the kernel may say nothing more after it.
    pub last: Option<bool>,
}

impl Shape {
    /// This shape with what `own` replaces.
    fn with(&self, own: Shape) -> Shape {
        let base = self.clone();
        Shape {
            needs: own.needs.or(base.needs),
            ends: own.ends.or(base.ends),
            lasts: own.lasts.or(base.lasts),
            leaves: own.leaves.or(base.leaves),
            printed: own.printed.or(base.printed),
            pause: own.pause.or(base.pause),
            adopts: own.adopts.or(base.adopts),
            sampled: own.sampled.or(base.sampled),
            last: own.last.or(base.last),
        }
    }

    pub fn needs(&self) -> &[Pattern] {
        self.needs.as_deref().unwrap_or_default()
    }

    pub fn ends(&self) -> &[Pattern] {
        self.ends.as_deref().unwrap_or_default()
    }

    pub fn printed(&self) -> bool {
        self.printed != Some(false)
    }
}

/// What a report leaves behind in the kernel, where a module's printk cannot put it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Leaves {
    Nothing,
    Warned,
    Died,
    WarnedOrDied,
    BadPage,
    SoftLockup,
    LockdepOff,
    /// Nobody who could give account of it.
    Nobody,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    shapes: BTreeMap<String, Shape>,
    kinds: Vec<WrittenKind>,
}

/// A pattern and the places that print such a line.
type Headline = (Pattern, String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKind {
    id: String,
    shape: String,
    #[serde(default)]
    severity: Option<String>,
    says: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    help: String,
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    headlines: Vec<Headline>,
    #[serde(default)]
    marks: Vec<Headline>,
    #[serde(default)]
    refines: Vec<String>,
    #[serde(default)]
    guilty: Vec<Pattern>,
    #[serde(default)]
    steps: Vec<(Pattern, String)>,
    #[serde(default)]
    follows: Vec<Pattern>,
    #[serde(default)]
    but: Shape,
}

impl Kinds {
    /// The table that comes with kloom.
    pub fn builtin() -> &'static Kinds {
        &BUILTIN
    }

    fn parse(text: &str) -> Result<Kinds, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
        let ids: Vec<String> = written.kinds.iter().map(|kind| kind.id.clone()).collect();
        let all: Vec<Kind> = written
            .kinds
            .into_iter()
            .map(|kind| kind.resolve(&ids, &written.shapes))
            .collect::<Result<_, _>>()?;
        let headlines = all.iter().flat_map(|kind| &kind.headlines);
        let mut starts: Vec<u8> = headlines
            .filter_map(|h| h.start().first().copied())
            .collect();
        starts.sort_unstable();
        starts.dedup();
        Ok(Kinds { all, starts })
    }

    pub fn get(&self, number: usize) -> &Kind {
        &self.all[number]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.all.iter()
    }

    /// The kind that a line is the headline of, and which of its headlines.
    pub fn of_headline(&self, text: &[u8]) -> Option<(usize, usize)> {
        self.starts.binary_search(text.first()?).ok()?;
        self.all.iter().enumerate().find_map(|(number, kind)| {
            let which = kind.headlines.iter().position(|h| h.matches(text))?;
            Some((number, which))
        })
    }

    /// The kind that a line of a report shows it to be.
    pub fn of_mark(&self, of: usize, text: &[u8]) -> Option<usize> {
        self.all
            .iter()
            .position(|kind| kind.refines.contains(&of) && any(&kind.marks, text))
    }
}

impl WrittenKind {
    fn resolve(self, ids: &[String], shapes: &BTreeMap<String, Shape>) -> Result<Kind, String> {
        let id = self.id;
        let severity = match self.severity.as_deref() {
            None | Some("error") => Severity::Error,
            Some("warning") => Severity::Warning,
            Some(other) => return Err(format!("{id}: unknown severity `{other}`")),
        };
        let shape = shapes
            .get(&self.shape)
            .ok_or_else(|| format!("{id}: unknown shape `{}`", self.shape))?;
        let number = |name: &String| {
            ids.iter()
                .position(|id| id == name)
                .ok_or_else(|| format!("{id}: unknown kind `{name}`"))
        };
        let refines = self.refines.iter().map(number).collect::<Result<_, _>>()?;
        let patterns = |list: Vec<Headline>| list.into_iter().map(|(pattern, _)| pattern).collect();
        let headlines: Vec<Pattern> = patterns(self.headlines);
        if headlines.iter().any(|headline| headline.start().is_empty()) {
            return Err(format!("{id}: a headline starts with its own text"));
        }
        Ok(Kind {
            severity,
            says: self.says,
            label: self.label,
            help: self.help,
            rules: self.rules,
            headlines,
            marks: patterns(self.marks),
            refines,
            shape: shape.with(self.but),
            guilty: self.guilty,
            steps: self.steps,
            follows: self.follows,
            id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> &'static str {
        include_str!("../../../../rules/console.toml")
    }

    #[test]
    fn the_table_can_be_read() {
        let kinds = Kinds::parse(table()).unwrap();
        assert!(kinds.all.len() > 40);
        let mut ids: Vec<_> = kinds.iter().map(|kind| &kind.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), kinds.all.len());
    }

    #[test]
    fn every_pattern_of_the_table_says_where_it_is_printed() {
        let written: Written = toml::from_str(table()).unwrap();
        for kind in written.kinds {
            for (_, source) in kind.headlines.iter().chain(&kind.marks) {
                for place in source.split("; ") {
                    let (release, line) = place.split_once(' ').unwrap();
                    assert!(
                        ["6.1", "6.12", "7.3"].contains(&release),
                        "{}: {place}",
                        kind.id
                    );
                    let (path, line) = line.rsplit_once(':').unwrap();
                    assert!(
                        path.ends_with(['c', 'h']) && line.parse::<u32>().is_ok(),
                        "{place}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_mark_does_not_change_what_a_report_needs() {
        let kinds = Kinds::builtin();
        for kind in kinds.iter().filter(|kind| !kind.marks.is_empty()) {
            for refined in &kind.refines {
                assert_eq!(
                    kind.shape.needs(),
                    kinds.get(*refined).shape.needs(),
                    "{}",
                    kind.id
                );
            }
        }
    }

    #[test]
    fn mistakes_in_a_table_are_refused() {
        let refused = |text: &str| Kinds::parse(text).is_err();
        assert!(!refused(
            "shapes.s = {}\n[[kinds]]\nid = \"a\"\nshape = \"s\"\nsays = \"\""
        ));
        assert!(refused(
            "shapes.s = {}\n[[kinds]]\nid = \"a\"\nshape = \"t\"\nsays = \"\""
        ));
        assert!(refused("shapes.s = { need = [] }\nkinds = []"));
        assert!(refused(
            "shapes.s = {}\n[[kinds]]\nid = \"a\"\nshape = \"s\"\nsays = \"\"\nheadlines = [[\"*x\", \"\"]]"
        ));
    }

    #[test]
    fn the_telling_kind_comes_first() {
        let kinds = Kinds::builtin();
        let kind = |text: &str| {
            let (number, _) = kinds.of_headline(text.as_bytes())?;
            Some(kinds.get(number).id.as_str())
        };
        assert_eq!(
            kind("BUG: KASAN: slab-use-after-free in f+0x1/0x2 [m]"),
            Some("kasan-use-after-free")
        );
        assert_eq!(kind("BUG: KASAN: something-new in f"), Some("kasan"));
        assert_eq!(
            kind("WARNING: CPU: 1 PID: 46 at kernel/kthread.c:76 f+0x1/0x2"),
            Some("warning")
        );
        assert_eq!(
            kind("WARNING: kernel/kthread.c:84 at f+0x1/0x2, CPU#1: rmmod/46"),
            Some("warning")
        );
        assert_eq!(
            kind("Oops: Oops: 0000 [#1] PREEMPT SMP KASAN"),
            Some("oops")
        );
        assert_eq!(kind("my module: BUG: KASAN: x"), None);
    }
}
