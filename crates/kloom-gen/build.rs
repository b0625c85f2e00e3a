//! Compiles `templates/examples/*.toml` into a table.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let folder = root.join("../../templates/examples");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    let entries = fs::read_dir(&folder).expect("there are examples");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    let mut out = String::from("pub(crate) static EXAMPLES: &[Example] = &[\n");
    for path in paths {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let text = fs::read_to_string(&path).expect("examples are readable");
        let about = text.lines().next().and_then(|line| line.strip_prefix("# "));
        let about = about.unwrap_or_else(|| panic!("{name}: the first line says what it shows"));
        let _ = writeln!(
            out,
            "Example {{ name: {name:?}, about: {about:?}, text: {text:?} }},"
        );
    }
    out.push_str("];\n");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(folder.join("examples.rs"), out).expect("OUT_DIR can be written");
}
