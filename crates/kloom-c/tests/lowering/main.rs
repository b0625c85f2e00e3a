//! What each construct of C becomes.

use kloom_c::{Context, lower};
use kloom_diag::{Provider, Span};
use kloom_facts::Facts;
use kloom_ir::{InstrKind, LabelKind, Skipped, Terminator, Unit, mermaid, print_unit};
use std::sync::Arc;

mod control;
mod kernel;
mod robust;
mod values;

struct NoFiles;

impl Provider for NoFiles {
    fn read(&self, _path: &str) -> Option<Arc<[u8]>> {
        None
    }
    fn list(&self, _dir: &str) -> Vec<String> {
        Vec::new()
    }
}

fn unit(text: &str) -> Unit {
    bytes(text.as_bytes())
}

fn bytes(text: &[u8]) -> Unit {
    let context = Context::new(Facts::builtin(), &NoFiles, None);
    lower(&context, "t.c", text.into())
}

/// The IR of a function with this body and parameters `int a, struct s *p`.
fn body(text: &str) -> String {
    let text = format!("void f(int a, struct s *p)\n{{\n{text}\n}}\n");
    let printed = print_unit(&unit(&text));
    let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
    // Without the head, the closing brace and the empty line after it.
    let inner = lines.get(1..lines.len() - 2).unwrap_or(&[]);
    let inner: Vec<&str> = inner.iter().map(|l| l.trim_start()).collect();
    inner.join("\n")
}

#[track_caller]
fn becomes(text: &str, expected: &str) {
    let expected: Vec<&str> = expected.trim().lines().map(str::trim).collect();
    let got = body(text);
    assert_eq!(got, expected.join("\n"), "\n--- got ---\n{got}\n");
}
