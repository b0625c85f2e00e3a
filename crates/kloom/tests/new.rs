//! `kloom new` as its users see it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder that is gone at the end of a test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("kloom-new-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap().flatten();
        let mut names: Vec<String> = entries
            .map(|e| e.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn kloom(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kloom"))
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const SPEC: &str = r#"
kloom = 1
[module]
name = "ticker"
license = "GPL-2.0-only"
description = "Ticks"
[[thread]]
name = "tick"
every = "1s"
do = [{ hook = "second" }]
"#;

fn write_spec(folder: &Folder, spec: &str) {
    fs::write(folder.0.join("ticker.toml"), spec).unwrap();
}

#[test]
fn a_module_is_written_once_and_then_checked() {
    let folder = Folder::new("check");
    write_spec(&folder, SPEC);
    let first = kloom(&folder.0, &["new", "ticker.toml", "-o", "."]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    assert!(folder.names().contains(&"ticker_main.c".to_owned()));
    assert_eq!(
        kloom(&folder.0, &["new", "ticker.toml", "-o", ".", "--check"])
            .status
            .code(),
        Some(0)
    );
    write_spec(&folder, &SPEC.replace("1s", "2s"));
    let drift = kloom(&folder.0, &["new", "ticker.toml", "-o", ".", "--check"]);
    assert_eq!(drift.status.code(), Some(1));
    assert!(
        text(&drift.stderr).contains("the spec changed"),
        "{}",
        text(&drift.stderr)
    );
    assert!(
        text(&drift.stdout).contains("+#define TICKER_TICK_MS 2000"),
        "{}",
        text(&drift.stdout)
    );
}

#[test]
fn hooks_are_kept_byte_for_byte() {
    let folder = Folder::new("hooks");
    write_spec(&folder, SPEC);
    kloom(&folder.0, &["new", "ticker.toml", "-o", "."]);
    let mine = folder
        .read("ticker_hooks.c")
        .replace("{\n}", "{\n\tpr_info(\"mine\\n\");\n}");
    fs::write(folder.0.join("ticker_hooks.c"), &mine).unwrap();
    write_spec(
        &folder,
        &SPEC.replace("{ hook = \"second\" }", "{ hook = \"other\" }"),
    );
    let again = kloom(&folder.0, &["new", "ticker.toml", "-o", "."]);
    let said = text(&again.stdout);
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(folder.read("ticker_hooks.c"), mine);
    assert!(
        said.contains("void ticker_other(struct ticker_ctx *ctx)"),
        "{said}"
    );
    assert!(
        said.contains("nothing calls the hook ticker_second any more"),
        "{said}"
    );
    kloom(
        &folder.0,
        &["new", "ticker.toml", "-o", ".", "--append-hooks"],
    );
    let appended = folder.read("ticker_hooks.c");
    assert!(
        appended.starts_with(&mine) && appended.contains("ticker_other"),
        "{appended}"
    );
}

#[test]
fn what_kloom_did_not_write_stays() {
    let folder = Folder::new("foreign");
    write_spec(&folder, SPEC);
    fs::write(folder.0.join("Makefile"), "all:\n").unwrap();
    let done = kloom(&folder.0, &["new", "ticker.toml", "-o", ".", "--force"]);
    assert_eq!(done.status.code(), Some(2));
    assert_eq!(folder.read("Makefile"), "all:\n");
    assert_eq!(folder.names(), ["Makefile", "ticker.toml"]);
}

#[test]
fn edited_files_are_rewritten_only_by_force() {
    let folder = Folder::new("edited");
    write_spec(&folder, SPEC);
    kloom(&folder.0, &["new", "ticker.toml", "-o", "."]);
    let edited = folder
        .read("ticker_main.c")
        .replace("return 0;", "return 1;");
    fs::write(folder.0.join("ticker_main.c"), &edited).unwrap();
    let refused = kloom(&folder.0, &["new", "ticker.toml", "-o", "."]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(folder.read("ticker_main.c"), edited);
    let forced = kloom(&folder.0, &["new", "ticker.toml", "-o", ".", "--force"]);
    assert_eq!(forced.status.code(), Some(0));
    assert!(folder.read("ticker_main.c").contains("return 0;"));
}

#[test]
fn nothing_is_written_when_the_spec_is_wrong() {
    let hostile = [
        SPEC.replace("\"ticker\"", "\"../ticker\""),
        SPEC.replace("\"ticker\"", "\"\\\"ticker\""),
        SPEC.replace("\"Ticks\"", "\"Ticks */ int x;\""),
        SPEC.replace("\"Ticks\"", "\"Ticks\\nmore\""),
        SPEC.replace("\"Ticks\"", "\"Ticks\\u202e\""),
        SPEC.replace("\"Ticks\"", "\"Ticks \\\" quoted\""),
        SPEC.replace("\"tick\"", "\"a_thread_of_16__\""),
        SPEC.replace("\"tick\"", "\"while\""),
        SPEC.replace("1s", "0s"),
        SPEC.replace("kloom = 1", "kloom = 99"),
        format!("{SPEC}\nx = {}{}", "[".repeat(5000), "]".repeat(5000)),
        format!("{SPEC}# {}", "x".repeat(3 << 20)),
    ];
    for (n, spec) in hostile.iter().enumerate() {
        let folder = Folder::new(&format!("hostile-{n}"));
        write_spec(&folder, spec);
        let done = kloom(&folder.0, &["new", "ticker.toml", "-o", "."]);
        let said = text(&done.stdout);
        assert_eq!(done.status.code(), Some(2), "{n}: {said}");
        assert!(said.contains("ticker.toml:"), "{n}: no place in {said}");
        assert!(said.len() < 4000, "{n}: {said}");
        assert_eq!(folder.names(), ["ticker.toml"], "{n}");
    }
}

#[test]
fn examples_are_listed_with_their_names_first() {
    let folder = Folder::new("list");
    let list = kloom(&folder.0, &["new", "--list"]);
    assert!(
        text(&list.stdout)
            .lines()
            .any(|line| line.starts_with("periodic-thread "))
    );
}
