//! A map as a Mermaid flow chart: functions on one side, what they act on on the other.

use super::Map;
use std::collections::BTreeMap;
use std::io::{self, Write};

pub fn write(out: &mut impl Write, maps: &[Map]) -> io::Result<()> {
    writeln!(out, "flowchart LR")?;
    for (number, map) in maps.iter().enumerate() {
        let mut functions: BTreeMap<&str, usize> = BTreeMap::new();
        writeln!(out, "  subgraph u{number}[\"{}\"]", quoted(&map.path))?;
        let things = map.sections.iter().filter(|s| s.title != "entry points");
        for (kind, section) in things.enumerate() {
            for (at, item) in section.items.iter().enumerate() {
                let thing = format!("u{number}s{kind}i{at}");
                writeln!(
                    out,
                    "    {thing}([\"{}: {}\"])",
                    section.title,
                    quoted(&item.name)
                )?;
                let mut seen = Vec::new();
                for line in &item.lines {
                    let next = functions.len();
                    let known = functions.entry(&line.function);
                    let is_new = matches!(known, std::collections::btree_map::Entry::Vacant(_));
                    let function = format!("u{number}f{}", known.or_insert(next));
                    if is_new {
                        let (name, contexts) = (quoted(&line.function), line.contexts.to_string());
                        writeln!(out, "    {function}[\"{name}()<br/>{contexts}\"]")?;
                    }
                    let edge = (function, quoted(&line.what));
                    if !seen.contains(&edge) {
                        writeln!(out, "    {} -->|\"{}\"| {thing}", edge.0, edge.1)?;
                        seen.push(edge);
                    }
                }
            }
        }
        writeln!(out, "  end")?;
    }
    Ok(())
}

/// Text inside a quoted label: everything that Mermaid, Markdown or HTML reads becomes an entity.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => out.push(c),
            ' ' | '_' | '.' | ',' | '(' | ')' | '-' | '/' => out.push(c),
            _ => out.push_str(&format!("#{};", c as u32)),
        }
    }
    out
}
