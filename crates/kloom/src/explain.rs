//! `kloom explain` and `kloom rules`.

use crate::CLEAN;
use crate::args::ExplainArgs;
use kloom_lint::{UnknownRule, rule, rules};
use std::io::{self, Write};

/// Prints the page of a rule.
pub fn explain(args: &ExplainArgs) -> anyhow::Result<u8> {
    let rule = rule(&args.rule).ok_or_else(|| UnknownRule::new(&args.rule))?;
    let mut out = io::stdout().lock();
    let level = rule.severity.as_str();
    writeln!(
        out,
        "# {} ({level}, since {})\n\n{}",
        rule.name, rule.since, rule.page
    )?;
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
        writeln!(out, "{:width$}  {level:7}  {}", rule.name, rule.summary)?;
    }
    Ok(CLEAN)
}
