//! `kloom explain` and `kloom rules`.

use crate::CLEAN;
use crate::args::ExplainArgs;
use kloom_lint::{PREVIEW, UnknownRule, rule, rules};
use std::io::{self, Write};

/// Prints the page of a rule.
pub fn explain(args: &ExplainArgs) -> anyhow::Result<u8> {
    let rule = rule(&args.rule).ok_or_else(|| UnknownRule::new(&args.rule))?;
    let mut out = io::stdout().lock();
    let level = rule.severity.as_str();
    let preview = if rule.preview { ", in preview" } else { "" };
    writeln!(
        out,
        "# {} ({level}, since {}{preview})\n",
        rule.name, rule.since
    )?;
    if rule.preview {
        let name = rule.name;
        writeln!(
            out,
            "In preview: it runs only with `--select {name}` or `--select {PREVIEW}`.\n"
        )?;
    }
    writeln!(out, "{}", rule.page)?;
    Ok(CLEAN)
}

/// Lists the rules.
pub fn list() -> anyhow::Result<u8> {
    let mut out = io::stdout().lock();
    let width = rules()
        .iter()
        .map(|rule| rule.name.len())
        .max()
        .unwrap_or(0);
    for rule in rules() {
        let level = rule.severity.as_str();
        let preview = if rule.preview { PREVIEW } else { "" };
        writeln!(
            out,
            "{:width$}  {level:7}  {preview:7}  {}",
            rule.name, rule.summary
        )?;
    }
    Ok(CLEAN)
}
