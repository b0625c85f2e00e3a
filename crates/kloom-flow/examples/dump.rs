//! dump
use kloom_diag::Provider;
use kloom_facts::{Facts, Target};
use std::sync::Arc;
struct D;
impl Provider for D {
    fn read(&self, p: &str) -> Option<Arc<[u8]>> {
        std::fs::read(p).ok().map(|v| v.into())
    }
    fn list(&self, d: &str) -> Vec<String> {
        let mut v: Vec<String> = std::fs::read_dir(d)
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.file_name().to_string_lossy().into())
            .collect();
        v.sort();
        v
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let d = D;
    let c = kloom_c::Context::new(Facts::builtin(), &d, None);
    let t = std::fs::read(&a[1]).unwrap();
    let u = kloom_c::lower(&c, &a[1], t.into());
    eprintln!(
        "top: {:?}",
        u.top_macros
            .iter()
            .map(|m| u.names.text(m.name))
            .collect::<Vec<_>>()
    );
    eprintln!("skipped {:?}", u.coverage.skipped);
    eprintln!(
        "entries {:?}",
        u.entries
            .iter()
            .map(|e| (u.names.text(e.member), u.names.text(e.function)))
            .collect::<Vec<_>>()
    );
    let an = kloom_flow::analyze(&u, Facts::builtin(), Target::NEWEST);
    for (i, s) in an.summaries.iter().enumerate() {
        if a.len() > 2 && u.names.text(u.functions[i].name) != a[2] {
            continue;
        }
        print!("{}", kloom_flow::print_summary(&u, &u.functions[i], s));
        if a.len() > 3 {
            println!("{}", String::new());
        }
    }
    for c in &an.creations {
        println!("{:#?}", c);
    }
    println!(
        "{:?} {:?} cut {:?} steps {}",
        an.misuses, an.null_uses, an.cut, an.steps
    );
}
