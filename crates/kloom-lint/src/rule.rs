//! The rules as their pages declare them.

use crate::checks::Check;
use kloom_diag::Severity;
use kloom_facts::Verb;

/// A rule, compiled in from its page.
#[derive(Debug)]
pub struct Rule {
    /// Kebab-case; reads as "allow `lock-api-typo`".
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The level of its findings, unless a finding says otherwise.
    pub severity: Severity,
    /// The release of kloom that brought it.
    pub since: &'static str,
    /// No profile has it: it is on only when it is asked for, until its findings have been triaged.
    pub preview: bool,
    /// Words that its check compares with.
    pub words: &'static [&'static str],
    /// Rules whose findings with the same root become steps of this one's.
    pub subsumes: &'static [&'static str],
    /// The page's text as markdown, without the name and the TOML block.
    pub page: &'static str,
    /// The code in it.
    pub examples: &'static [Example],
    pub(crate) logic: Logic,
}

/// A piece of code in a page.
#[derive(Debug)]
pub struct Example {
    /// It gives exactly one finding of the rule; else none at all.
    pub wrong: bool,
    /// The file.
    pub code: &'static str,
}

/// How a rule is decided.
#[derive(Debug)]
pub(crate) enum Logic {
    /// By the module of [`crate::checks`] with this name; several rules may share one.
    Check(&'static str),
    /// By data.
    Pattern(Pattern),
}

/// A declarative rule about the text handed to calls with one effect.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub verb: Verb,
    /// Only calls that take the text as this argument.
    pub argument: Option<u8>,
    pub test: TextTest,
    /// Notes of the effect for which the rule is silent.
    pub except: &'static [&'static str],
    /// Silent too if the next call with the effect has one of these notes.
    pub except_before: &'static [&'static str],
    pub message: Message,
}

/// What is wrong with the text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TextTest {
    /// It expands to more characters than this, whatever its conversions give.
    LongerThan(u32),
    /// It is not known where it is written.
    NotLiteral,
    /// It ends with something else, whatever its conversions give.
    LacksEnd(&'static str),
}

/// Templates: `{callee}`, `{text}` and `{length}` stand for the call at hand.
#[derive(Debug)]
pub(crate) struct Message {
    pub what: &'static str,
    pub why: &'static str,
    pub help: &'static str,
    pub label: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// Every rule, sorted by name.
pub fn rules() -> &'static [Rule] {
    RULES
}

/// The modules of checks that pages name, each once.
pub fn checks() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|check| check.module)
}

/// The rule with this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    let at = RULES.binary_search_by(|rule| rule.name.cmp(name)).ok()?;
    RULES.get(at)
}
