//! Turns `rules/api` into the built-in table, so that facts cost nothing at start.

#[path = "src/index.rs"]
#[allow(dead_code)]
mod index;
#[path = "src/model.rs"]
#[allow(dead_code)]
mod model;
#[path = "src/parse.rs"]
mod parse;
#[path = "src/phrase.rs"]
mod phrase;
#[path = "src/problem.rs"]
mod problem;
#[path = "src/scope.rs"]
mod scope;
#[path = "src/suggest.rs"]
mod suggest;
#[path = "src/words.rs"]
mod words;

use model::Fact;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

const FOLDER: &str = "../../rules/api";

fn main() {
    println!("cargo::rerun-if-changed={FOLDER}");
    let mut files: Vec<PathBuf> = match fs::read_dir(FOLDER) {
        Ok(entries) => entries.flatten().map(|e| e.path()).collect(),
        Err(error) => fail(&format!("{FOLDER}: {error}")),
    };
    files.retain(|f| f.extension().is_some_and(|e| e == "toml"));
    files.sort();
    let mut facts: Vec<Fact> = files.iter().flat_map(|f| read(f)).collect();
    facts.sort_by_key(|f| f.name);
    for pair in facts.windows(2) {
        if pair[0].name == pair[1].name {
            let (name, one, other) = (pair[0].name, pair[0].topic, pair[1].topic);
            fail(&format!(
                "`{name}` is described in {one}.toml and in {other}.toml"
            ));
        }
    }
    scope::close(&mut facts);
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    if let Err(error) = fs::write(Path::new(&out).join("builtin.rs"), render(&facts)) {
        fail(&format!("builtin.rs: {error}"));
    }
}

/// The facts of one file; a bad file ends the build with the place of every mistake.
fn read(path: &Path) -> Vec<Fact> {
    println!("cargo::rerun-if-changed={}", path.display());
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => fail(&format!("{}: {error}", path.display())),
    };
    let topic = path.file_stem().unwrap_or_default().to_string_lossy();
    let (facts, problems) = parse::parse(&topic, &text);
    if !problems.is_empty() {
        let shown = path
            .strip_prefix("../..")
            .unwrap_or(path)
            .display()
            .to_string();
        let lines: Vec<String> = problems.iter().map(|p| p.render(&shown, &text)).collect();
        fail(&lines.join("\n"));
    }
    facts
}

fn fail(message: &str) -> ! {
    eprintln!("{message}");
    process::exit(1);
}

/// The table as Rust text. `Debug` of these types is the expression that makes them.
fn render(facts: &[Fact]) -> String {
    let mut text = String::from("static FACTS: &[Fact] = &[\n");
    for f in facts {
        let _ = writeln!(
            text,
            "Fact {{ name: {:?}, topic: {:?}, kind: {:?}, returns: {:?}, effects: &{:?}, type_args: &{:?}, condition: {:?}, scope: {:?}, versions: {:?}, source: {:?} }},",
            f.name,
            f.topic,
            f.kind,
            f.returns,
            f.effects,
            f.type_args,
            f.condition,
            f.scope,
            f.versions,
            f.source,
        );
    }
    let slots = index::build(facts.iter().map(|f| f.name));
    let _ = writeln!(text, "];\nstatic SLOTS: &[u32] = &{slots:?};");
    text
}
