//! `kloom verify` and `kloom lab` as far as they go without a virtual machine.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn kloom(path: Option<&Path>, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kloom"));
    if let Some(path) = path {
        command.env("PATH", path).env_remove("HOME");
    }
    command.args(args).output().unwrap()
}

fn says(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8(text).unwrap()
}

fn folder(name: &str) -> std::path::PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn a_folder_that_is_not_there_is_a_failure() {
    let output = kloom(None, &["verify", "no/such/folder"]);
    assert_eq!(output.status.code(), Some(2), "{}", says(&output));
}

#[test]
fn what_is_missing_is_named_with_the_command_that_installs_it() {
    let empty = folder("no-tools");
    let lab = folder("no-tools-lab");
    let lab = lab.to_str().unwrap();
    let output = kloom(Some(&empty), &["lab", "--lab", lab, "build"]);
    assert_eq!(output.status.code(), Some(2));
    let text = says(&output);
    assert!(
        text.contains("apt-get install") && text.contains("clang-19"),
        "{text}"
    );
    let output = kloom(Some(&empty), &["verify", "--lab", lab, lab]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        says(&output).contains("qemu-system-x86"),
        "{}",
        says(&output)
    );
}

#[test]
fn an_empty_laboratory_has_a_status() {
    let lab = folder("empty-lab");
    let output = kloom(None, &["lab", "status", "--lab", lab.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(says(&output).contains("empty-lab"));
}

#[test]
fn nobody_has_to_read_the_status() {
    let lab = folder("unread-lab");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_kloom"));
    command.args(["lab", "status", "--lab", lab.to_str().unwrap()]);
    assert_eq!(command.stdout(writer).status().unwrap().code(), Some(0));
}

#[test]
fn only_what_can_fail_can_be_made_to() {
    let output = kloom(None, &["verify", "--inject", "luck", "."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(says(&output).contains("thread-creation, allocation"));
}
