//! The format of a rule page: a name, a TOML block, a summary, four sections.

use serde::Deserialize;

/// A page, read.
#[derive(Debug)]
pub struct Page {
    pub name: String,
    pub meta: Meta,
    /// One sentence.
    pub summary: String,
    /// The markdown after the TOML block.
    pub body: String,
    pub examples: Vec<Example>,
}

/// A block of code in `## Examples`.
#[derive(Debug)]
pub struct Example {
    /// Gives exactly one finding; else none.
    pub wrong: bool,
    pub code: String,
}

/// The TOML block.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Meta {
    pub severity: Severity,
    /// The release of kloom that brought the rule.
    pub since: String,
    /// On only when it is asked for, until it has been triaged.
    #[serde(default)]
    pub preview: bool,
    pub kind: Kind,
    /// `src/checks/<module>.rs`, of a check.
    pub module: Option<String>,
    /// The logic of a pattern.
    pub pattern: Option<Pattern>,
    /// Words that a check compares with.
    #[serde(default)]
    pub words: Vec<String>,
    /// Rules whose findings with the same root become steps of this one's.
    #[serde(default)]
    pub subsumes: Vec<String>,
}

#[derive(Debug, Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Note,
    Warning,
    Error,
}

/// How a rule is decided.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// By a module of Rust.
    Check,
    /// By the rest of the block.
    Pattern,
}

/// A declarative rule about a text that is handed to calls with one effect.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pattern {
    /// The effect; its `arg` is the text.
    pub effect: String,
    /// The rule is about calls that take the text as this argument; about all if it says nothing.
    pub argument: Option<u8>,
    pub text: TextTest,
    /// Notes of the effect for which the rule is silent.
    #[serde(default)]
    pub except: Vec<String>,
    /// The rule is also silent if the next call with the effect on some path has one of these notes.
    #[serde(default)]
    pub except_before: Vec<String>,
    pub message: Message,
}

/// What is wrong with the text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextTest {
    /// It expands to more characters than this, whatever its conversions give.
    LongerThan(u32),
    /// It is not known where it is written.
    NotLiteral,
    /// It ends with something else, whatever its conversions give.
    LacksEnd(String),
}

/// Templates: `{callee}`, `{text}`, `{length}` stand for the call at hand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    pub what: String,
    pub why: String,
    pub help: String,
    pub label: String,
}

/// The sections every page has, in this order.
pub const SECTIONS: [&str; 4] = ["What it says", "Why it matters", "What to do", "Examples"];

/// Reads a page; the error says what is missing.
pub fn parse(text: &str) -> Result<Page, String> {
    let rest = text
        .strip_prefix("# ")
        .ok_or("no `# name` on the first line")?;
    let (name, rest) = rest.split_once('\n').ok_or("nothing but a name")?;
    let rest = rest
        .trim_start()
        .strip_prefix("```toml\n")
        .ok_or("no TOML block after the name")?;
    let (block, body) = rest
        .split_once("\n```\n")
        .ok_or("the TOML block does not end")?;
    let meta: Meta = toml::from_str(block).map_err(|e| e.to_string())?;
    match (meta.kind, &meta.module, &meta.pattern) {
        (Kind::Check, Some(_), None) | (Kind::Pattern, None, Some(_)) => {}
        _ => return Err("a check has a `module`, a pattern a `[pattern]`".to_owned()),
    }
    let body = body.trim();
    let (summary, sections) = body.split_once("\n\n").ok_or("no summary")?;
    let heads: Vec<&str> = sections
        .lines()
        .filter_map(|l| l.strip_prefix("## "))
        .collect();
    if heads != SECTIONS {
        return Err(format!("sections are {heads:?}, not {SECTIONS:?}"));
    }
    let examples = examples(sections)?;
    for wrong in [true, false] {
        if !examples.iter().any(|e| e.wrong == wrong) {
            return Err(format!(
                "no {} example",
                if wrong { "wrong" } else { "right" }
            ));
        }
    }
    Ok(Page {
        name: name.trim().to_owned(),
        meta,
        summary: summary.replace('\n', " "),
        body: body.to_owned(),
        examples,
    })
}

/// The fenced blocks under `### Wrong` and `### Right`.
fn examples(sections: &str) -> Result<Vec<Example>, String> {
    let mut wrong = None;
    let mut open: Option<Example> = None;
    let mut all = Vec::new();
    for line in sections.lines() {
        match (&mut open, line) {
            (Some(_), "```") => all.extend(open.take()),
            (Some(example), _) => {
                example.code.push_str(line);
                example.code.push('\n');
            }
            (None, "### Wrong") => wrong = Some(true),
            (None, "### Right") => wrong = Some(false),
            (None, "```c") => {
                let wrong = wrong.ok_or("an example stands before `### Wrong` and `### Right`")?;
                open = Some(Example {
                    wrong,
                    code: String::new(),
                });
            }
            _ => {}
        }
    }
    if open.is_some() {
        return Err("an example does not end".to_owned());
    }
    Ok(all)
}
