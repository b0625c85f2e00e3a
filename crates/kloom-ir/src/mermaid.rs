//! The control flow of a function as a Mermaid flowchart.

use crate::print::Printer;
use crate::{Function, Terminator, Unit};
use std::collections::VecDeque;

/// The flowchart of one function. Blocks that nothing leads to are dashed.
pub fn mermaid(unit: &Unit, function: &Function) -> String {
    let printer = Printer { unit, function };
    let reached = reached(function);
    let mut out = String::from("flowchart TD\n");
    for (at, block) in function.blocks.iter().enumerate() {
        let labels = block.labels.iter().map(|l| printer.label(l) + ":");
        let lines: Vec<String> = labels.chain(printer.lines(block)).collect();
        let text: Vec<String> = lines.iter().map(|line| quoted(line)).collect();
        out.push_str(&format!("  b{at}[\"b{at}<br/>{}\"]\n", text.join("<br/>")));
        if !reached.get(at).copied().unwrap_or(false) {
            out.push_str(&format!("  style b{at} stroke-dasharray: 5 5\n"));
        }
    }
    for (at, block) in function.blocks.iter().enumerate() {
        match &block.term {
            Terminator::Branch {
                then, otherwise, ..
            } => {
                out.push_str(&format!("  b{at} -->|yes| b{}\n", then.0));
                out.push_str(&format!("  b{at} -->|no| b{}\n", otherwise.0));
            }
            term => {
                let mut targets = term.successors();
                targets.dedup();
                for to in targets {
                    out.push_str(&format!("  b{at} --> b{}\n", to.0));
                }
            }
        }
    }
    out
}

fn reached(function: &Function) -> Vec<bool> {
    let mut seen = vec![false; function.blocks.len()];
    let mut open = VecDeque::from([0usize]);
    while let Some(at) = open.pop_front() {
        match seen.get_mut(at) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        if let Some(block) = function.blocks.get(at) {
            open.extend(block.term.successors().iter().map(|b| b.0 as usize));
        }
    }
    seen
}

/// Text inside a quoted label: everything that Mermaid, Markdown or HTML reads becomes an entity.
fn quoted(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => out.push(c),
            ' ' | '_' | '.' | ',' | '(' | ')' | '=' | '+' | '-' | '@' | '%' | ':' => out.push(c),
            _ => out.push_str(&format!("#{};", c as u32)),
        }
    }
    out
}
