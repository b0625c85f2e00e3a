//! Times parse and lowering.
use kloom_c::{Context, lower};
use std::time::Instant;
struct None_;
impl kloom_diag::Provider for None_ {
    fn read(&self, path: &str) -> Option<std::sync::Arc<[u8]>> {
        std::fs::read(path).ok().map(|t| t.into())
    }
    fn list(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}
fn main() {
    let context = Context::new(kloom_facts::Facts::builtin(), &None_, None);
    let files: Vec<(String, std::sync::Arc<[u8]>)> = std::env::args()
        .skip(1)
        .filter_map(|p| Some((p.clone(), std::fs::read(&p).ok()?.into())))
        .collect();
    let bytes: usize = files.iter().map(|f| f.1.len()).sum();
    let t = Instant::now();
    let mut parser = tree_sitter::Parser::new();
    parser
        .set_language(&tree_sitter_c::LANGUAGE.into())
        .unwrap();
    for (_, text) in &files {
        std::hint::black_box(parser.parse(&text[..], None));
    }
    let bare = t.elapsed();
    let t = Instant::now();
    let mut prepared = Vec::new();
    for (_, text) in &files {
        prepared.push(kloom_c::pre::prepare(text, &context.words));
    }
    let pre = t.elapsed();
    let t = Instant::now();
    for p in &prepared {
        std::hint::black_box(parser.parse(&p.text[..], None));
    }
    let reparse = t.elapsed();
    let t = Instant::now();
    let mut n = 0;
    for (path, text) in &files {
        let u = lower(&context, path, text.clone());
        n += u.functions.len();
    }
    let all = t.elapsed();
    println!(
        "{} files {bytes} bytes {n} functions: bare {bare:?} pre {pre:?} prepared parse {reparse:?} whole lower {all:?} ratio {:.2}; lowering alone {:?}",
        files.len(),
        all.as_secs_f64() / bare.as_secs_f64(),
        all.saturating_sub(pre + reparse)
    );
}
