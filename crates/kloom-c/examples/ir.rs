//! Prints the IR of the files named.
use kloom_c::{Context, lower};
use kloom_diag::Provider;
use kloom_facts::Facts;
use std::sync::Arc;

struct Disk;
impl Provider for Disk {
    fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        std::fs::read(path).ok().map(Arc::from)
    }
    fn list(&self, dir: &str) -> Vec<String> {
        let _ = dir;
        Vec::new()
    }
}

fn main() {
    let context = Context::new(Facts::builtin(), &Disk, None);
    let only: Option<String> = std::env::var("ONLY").ok();
    let quiet = std::env::var("QUIET").is_ok();
    for path in std::env::args().skip(1) {
        let Ok(text) = std::fs::read(&path) else {
            continue;
        };
        let unit = lower(&context, &path, text.into());
        if quiet {
            println!(
                "{path}: {} functions, {} skipped",
                unit.functions.len(),
                unit.coverage.skipped.len()
            );
            continue;
        }
        for f in &unit.functions {
            if only.as_deref().is_none_or(|o| unit.names.text(f.name) == o) {
                print!("{}", kloom_ir::print_function(&unit, f));
            }
        }
        for e in &unit.entries {
            println!(
                "entry {:?} {:?} {} = {}",
                e.table.map(|n| unit.names.text(n)),
                e.owner.map(|n| unit.names.text(n)),
                unit.names.text(e.member),
                unit.names.text(e.function)
            );
        }
        for (why, span) in &unit.coverage.skipped {
            let at = unit.files.get(span.file).line_col(span.start);
            println!(
                "skipped {why:?} {}:{} {:?}",
                at.line,
                at.column,
                String::from_utf8_lossy(
                    &unit.files.slice(*span)[..(span.end - span.start).min(80) as usize]
                )
            );
        }
    }
}
