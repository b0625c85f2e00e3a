//! Which rules are on.

use crate::checks::Check;
use crate::rule::{CHECKS, Logic, Pattern, Rule, rule, rules};
use kloom_diag::{Diagnostic, Severity};
use std::fmt;

/// A named choice of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Errors and warnings.
    #[default]
    Default,
    /// Notes too, for teaching.
    Course,
    /// Everything that is not in preview.
    Strict,
}

/// Stands for every rule in preview where rules are named.
pub const PREVIEW: &str = "preview";

impl Profile {
    fn has(self, rule: &Rule) -> bool {
        rule.severity >= self.level() && !rule.preview
    }

    fn level(self) -> Severity {
        match self {
            Profile::Default => Severity::Warning,
            Profile::Course | Profile::Strict => Severity::Note,
        }
    }
}

/// A name that is no rule's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRule {
    /// What was asked for.
    pub name: String,
    /// The rule that was probably meant.
    pub nearest: Option<&'static str>,
}

impl fmt::Display for UnknownRule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "there is no rule `{}`", self.name)?;
        match self.nearest {
            Some(name) => write!(out, "; did you mean `{name}`?"),
            None => write!(out, "; `kloom rules` lists them"),
        }
    }
}

impl std::error::Error for UnknownRule {}

/// The rules whose findings are kept.
#[derive(Clone, Debug)]
pub struct Selection {
    on: Vec<&'static Rule>,
    /// The least that is told.
    level: Severity,
}

impl Selection {
    /// The rules of `profile`, or those of `select` if it names any, without those of `ignore`.
    /// [`PREVIEW`] names those in preview.
    pub fn new(
        profile: Profile,
        select: &[String],
        ignore: &[String],
    ) -> Result<Selection, UnknownRule> {
        let named = resolve(select)?;
        let ignore = resolve(ignore)?;
        let wanted = |rule: &&Rule| {
            if select.is_empty() {
                profile.has(rule)
            } else {
                named.contains(&rule.name)
            }
        };
        let on = rules()
            .iter()
            .filter(wanted)
            .filter(|r| !ignore.contains(&r.name));
        let level = if select.is_empty() {
            profile.level()
        } else {
            Severity::Note
        };
        Ok(Selection {
            on: on.collect(),
            level,
        })
    }

    /// Every rule, those in preview too: what has to bear any input runs all.
    pub fn all() -> Selection {
        let on = rules().iter().collect();
        Selection {
            on,
            level: Severity::Note,
        }
    }

    /// The modules of checks that serve a rule that is on.
    pub(crate) fn checks(&self) -> impl Iterator<Item = &'static Check> {
        CHECKS.iter().filter(|check| {
            let serves =
                |rule: &&Rule| matches!(rule.logic, Logic::Check(name) if name == check.module);
            self.on.iter().any(serves)
        })
    }

    /// The declarative rules that are on.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = (&'static Rule, &'static Pattern)> {
        self.on.iter().filter_map(|rule| match &rule.logic {
            Logic::Pattern(logic) => Some((*rule, logic)),
            Logic::Check(_) => None,
        })
    }

    /// The rules that are on, by name.
    pub fn rules(&self) -> &[&'static Rule] {
        &self.on
    }

    /// Whether a finding is told: its rule is on, and it is grave enough.
    pub fn tells(&self, found: &Diagnostic) -> bool {
        self.has(found.rule) && found.severity >= self.level
    }

    /// Whether a rule is on.
    pub fn has(&self, name: &str) -> bool {
        self.on.binary_search_by(|rule| rule.name.cmp(name)).is_ok()
    }
}

impl UnknownRule {
    /// What to say about a name that is no rule's.
    pub fn new(name: &str) -> UnknownRule {
        let near = |rule: &&Rule| strsim::jaro_winkler(rule.name, name);
        let nearest = rules().iter().max_by(|a, b| near(a).total_cmp(&near(b)));
        UnknownRule {
            name: name.to_owned(),
            nearest: nearest
                .filter(|rule| near(rule) > 0.8)
                .map(|rule| rule.name),
        }
    }
}

/// The rules that are named, one by one or as those in preview.
fn resolve(names: &[String]) -> Result<Vec<&'static str>, UnknownRule> {
    let mut all = Vec::new();
    for name in names {
        if name == PREVIEW {
            all.extend(
                rules()
                    .iter()
                    .filter(|rule| rule.preview)
                    .map(|rule| rule.name),
            );
        } else {
            all.push(rule(name).ok_or_else(|| UnknownRule::new(name))?.name);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn notes_need_a_profile_or_their_name() {
        let default = Selection::new(Profile::Default, &[], &[]).unwrap();
        assert!(default.has("lock-api-typo") && !default.has("log-newline"));
        assert!(
            Selection::new(Profile::Course, &[], &[])
                .unwrap()
                .has("log-newline")
        );
        let one = Selection::new(Profile::Default, &named(&["log-newline"]), &[]).unwrap();
        assert_eq!(one.rules().len(), 1);
        assert!(one.has("log-newline"));
    }

    #[test]
    fn rules_in_preview_have_to_be_asked_for() {
        let tried = Rule {
            preview: true,
            name: rules()[0].name,
            summary: "",
            severity: Severity::Error,
            since: "",
            words: &[],
            subsumes: &[],
            page: "",
            examples: &[],
            logic: crate::rule::Logic::Check(""),
        };
        for profile in [Profile::Default, Profile::Course, Profile::Strict] {
            assert!(!profile.has(&tried));
            let selection = Selection::new(profile, &[], &[]).unwrap();
            assert!(selection.rules().iter().all(|rule| !rule.preview));
        }
        let all = Selection::new(Profile::Default, &named(&[PREVIEW]), &[]).unwrap();
        assert!(
            rules()
                .iter()
                .all(|rule| all.has(rule.name) == rule.preview)
        );
        let both = named(&[PREVIEW, "log-newline"]);
        let none = Selection::new(Profile::Strict, &both, &both).unwrap();
        assert!(none.rules().is_empty());
    }

    #[test]
    fn ignore_wins() {
        let names = named(&["log-newline"]);
        let none = Selection::new(Profile::Strict, &names, &names).unwrap();
        assert!(none.rules().is_empty());
    }

    #[test]
    fn a_misspelt_rule_is_refused_with_the_one_meant() {
        let error = Selection::new(Profile::Default, &named(&["lock-api-tipo"]), &[]).unwrap_err();
        assert_eq!(error.nearest, Some("lock-api-typo"));
        let error = Selection::new(Profile::Default, &[], &named(&["zzz"])).unwrap_err();
        assert_eq!(error.nearest, None);
    }
}
