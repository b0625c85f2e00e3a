//! How well the grammar reads files with and without the prepass: counts, speed, samples of what
//! is still broken.
//!
//! `parse_health [--raw] [--prepass] [--show N] [--dump] FILE…`; `-` reads the list of files from
//! standard input, `--prepass` leaves the grammar out, `--dump` prints the text that it gets.

use kloom_c::pre::{Words, prepare};
use kloom_facts::{Facts, Version};
use std::io::BufRead;
use std::time::{Duration, Instant};
use tree_sitter::{Node, Parser, TreeCursor};

#[derive(Default)]
struct Health {
    files: usize,
    broken_files: usize,
    functions: usize,
    broken_functions: usize,
    errors: usize,
    outside: usize,
    bytes: usize,
    prepass: Duration,
    parse: Duration,
    samples: Vec<String>,
}

fn main() {
    let mut raw = false;
    let mut show = 0usize;
    let mut dump = false;
    let mut parses = true;
    let mut paths = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--raw" => raw = true,
            "--show" => show = args.next().and_then(|n| n.parse().ok()).unwrap_or(20),
            "--dump" => dump = true,
            "--prepass" => parses = false,
            "-" => paths.extend(std::io::stdin().lock().lines().map_while(Result::ok)),
            _ => paths.push(arg),
        }
    }
    let target = Version {
        major: 6,
        minor: 12,
    };
    let words = Words::new(Facts::builtin(), Some(target));
    let mut parser = Parser::new();
    if parser
        .set_language(&tree_sitter_c::LANGUAGE.into())
        .is_err()
    {
        return;
    }
    let mut health = Health::default();
    for path in &paths {
        let Ok(text) = std::fs::read(path) else {
            continue;
        };
        let begin = Instant::now();
        let prepared = if raw {
            text.clone()
        } else {
            prepare(&text, &words).text
        };
        health.prepass += begin.elapsed();
        assert_eq!(prepared.len(), text.len());
        if dump {
            print!("{}", String::from_utf8_lossy(&prepared));
        }
        if !parses {
            health.bytes += text.len();
            continue;
        }
        let begin = Instant::now();
        let Some(tree) = parser.parse(&prepared, None) else {
            continue;
        };
        health.parse += begin.elapsed();
        health.files += 1;
        health.bytes += text.len();
        let before = health.errors;
        visit(&tree.root_node(), &text, path, &mut health);
        health.broken_files += usize::from(health.errors > before);
    }
    let mib = health.bytes as f64 / 1e6;
    let speed = |time: Duration| mib / time.as_secs_f64();
    println!(
        "files {} broken {}; functions {} broken {} ({:.2} %); error nodes {} ({} outside functions)",
        health.files,
        health.broken_files,
        health.functions,
        health.broken_functions,
        100.0 * health.broken_functions as f64 / health.functions.max(1) as f64,
        health.errors,
        health.outside,
    );
    println!(
        "{mib:.1} MB; prepass {:.3} s ({:.0} MB/s); parse {:.3} s ({:.1} MB/s)",
        health.prepass.as_secs_f64(),
        speed(health.prepass),
        health.parse.as_secs_f64(),
        speed(health.parse),
    );
    let step = (health.samples.len() / show.max(1)).max(1);
    for sample in health.samples.iter().step_by(step).take(show) {
        println!("{sample}");
    }
}

/// Counts the error nodes below `root`, by function.
fn visit(root: &Node<'_>, text: &[u8], path: &str, health: &mut Health) {
    let mut cursor: TreeCursor<'_> = root.walk();
    let mut inside: Vec<usize> = Vec::new();
    let mut depth = 0;
    loop {
        let node = cursor.node();
        while inside.last().is_some_and(|at| *at >= depth) {
            inside.pop();
        }
        let function = node.kind() == "function_definition";
        if function {
            health.functions += 1;
            health.broken_functions += usize::from(node.has_error());
            inside.push(depth);
        }
        if node.is_error() || node.is_missing() {
            health.errors += 1;
            health.outside += usize::from(inside.is_empty());
            let line = node.start_position().row;
            let shown = text.split(|b| *b == b'\n').nth(line).unwrap_or(&[]);
            health.samples.push(format!(
                "{path}:{} {}{}: {}",
                line + 1,
                if inside.is_empty() { "top " } else { "" },
                if node.is_missing() {
                    "missing"
                } else {
                    "error"
                },
                String::from_utf8_lossy(shown).trim(),
            ));
        }
        let descend = !node.is_error() && (node.has_error() || depth < 1 || is_container(&node));
        if descend && cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
            depth -= 1;
        }
    }
}

fn is_container(node: &Node<'_>) -> bool {
    node.kind().starts_with("preproc") || node.kind() == "linkage_specification"
}
