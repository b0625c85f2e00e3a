//! The command as its users see it.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const FINDING: &str = "\
#include <linux/module.h>

static struct task_struct *task;

static int __init probe_init(void)
{
	task = kthread_run(probe_thread, NULL, \"probe-thread-with-a-long-name\");
	wake_up_process(task);
	return 0;
}
module_init(probe_init);
MODULE_LICENSE(\"GPL\");
";

const CLEAN: &str = "int add(int a, int b)\n{\n\treturn a + b;\n}\n";

/// A folder of its own for one test, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn command<S: AsRef<OsStr>>(folder: &Folder, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kloom"));
    command
        .args(args)
        .current_dir(&folder.0)
        .stdin(Stdio::null());
    command
}

fn kloom(folder: &Folder, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_exit_status_says_what_happened() {
    let folder = Folder::new("status");
    folder.write("bad.c", FINDING);
    folder.write("good.c", CLEAN);
    let status = |args: &[&str]| kloom(&folder, args).status.code();
    assert_eq!(status(&["lint", "good.c"]), Some(0));
    assert_eq!(status(&["lint", "bad.c"]), Some(1));
    assert_eq!(status(&["lint", "."]), Some(1));
    assert_eq!(status(&["lint", "--exit-zero", "bad.c"]), Some(0));
    assert_eq!(
        status(&["lint", "bad.c", "--ignore", "unchecked-err-ptr"]),
        Some(0)
    );
    assert_eq!(status(&["lint"]), Some(2));
    assert_eq!(status(&["lint", "--kernel", "next", "bad.c"]), Some(2));
}

#[test]
fn a_path_that_does_not_exist_is_named() {
    let folder = Folder::new("missing");
    folder.write("good.c", CLEAN);
    let output = kloom(&folder, &["lint", "good.c", "no/such.c"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no/such.c"));
}

#[test]
fn an_unknown_rule_is_refused_with_a_suggestion() {
    let folder = Folder::new("unknown");
    for args in [
        ["lint", "--select=uncheked-err-ptr", "."],
        ["explain", "uncheked-err-ptr", ""],
    ] {
        let args: Vec<&str> = args.into_iter().filter(|arg| !arg.is_empty()).collect();
        let output = kloom(&folder, &args);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("did you mean `unchecked-err-ptr`"));
    }
}

#[test]
fn a_folder_with_nothing_to_read_says_so() {
    let folder = Folder::new("nothing");
    folder.write("notes.txt", "no C");
    folder.write("module.mod.c", FINDING);
    let output = kloom(&folder, &["lint", "."]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("nothing to read"));
}

#[test]
fn what_git_ignores_is_not_read() {
    let folder = Folder::new("ignored");
    folder.write(".git/HEAD", "ref: refs/heads/main\n");
    folder.write(".gitignore", "build/\n");
    folder.write("build/bad.c", FINDING);
    folder.write("good.c", CLEAN);
    assert_eq!(kloom(&folder, &["lint", "."]).status.code(), Some(0));
    assert_eq!(
        kloom(&folder, &["lint", "build/bad.c"]).status.code(),
        Some(1)
    );
}

#[test]
fn every_format_has_the_same_findings() {
    let folder = Folder::new("formats");
    folder.write("a.c", FINDING);
    folder.write("sub/b.c", FINDING);
    let run = |format: &str| {
        let args = ["lint", "--profile", "course", "--format", format, "."];
        text(&kloom(&folder, &args).stdout)
    };
    let count = |text: &str, part: &str| text.matches(part).count();
    assert_eq!(count(&run("concise"), "[unchecked-err-ptr]"), 2);
    assert_eq!(count(&run("concise"), "[thread-name-truncated]"), 2);
    assert_eq!(count(&run("text"), "error[unchecked-err-ptr]"), 2);
    assert_eq!(count(&run("text"), "note[thread-name-truncated]"), 2);
    assert_eq!(count(&run("json"), "\"rule\": "), 4);
    assert_eq!(count(&run("sarif"), "\"ruleId\": "), 4);
}

#[test]
fn standard_input_is_a_file_with_a_name() {
    let folder = Folder::new("stdin");
    let args = [
        "lint",
        "-",
        "--stdin-filename",
        "drv/x.c",
        "--format",
        "concise",
    ];
    let select = ["--select", "thread-name-truncated"];
    let mut command = command(&folder, args.iter().chain(&select));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(FINDING.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        text(&output.stdout).starts_with("drv/x.c:7:"),
        "{}",
        text(&output.stdout)
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn headers_of_standard_input_are_found_beside_its_name() {
    let folder = Folder::new("stdin-headers");
    folder.write(
        "drv/own.h",
        "#define NAME \"a-name-that-is-much-too-long\"\n",
    );
    let source =
        "#include \"own.h\"\nvoid f(struct d *d)\n{\n\td->t = kthread_run(g, d, NAME);\n}\n";
    let args = [
        "lint",
        "-",
        "--stdin-filename",
        "drv/x.c",
        "--select",
        "thread-name-truncated",
    ];
    let mut command = command(&folder, args);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(source.as_bytes())
        .unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(1));
}

#[test]
fn the_same_bytes_come_out_for_any_threads_and_order() {
    let folder = Folder::new("order");
    for n in 0..40 {
        folder.write(format!("d{}/f{n}.c", n % 7), FINDING);
    }
    for format in ["text", "concise", "json", "sarif"] {
        let run = |args: &[&str]| {
            let args = [&["lint", "--profile", "strict", "--format", format], args].concat();
            kloom(&folder, &args).stdout
        };
        let one = run(&["-j1", "d0", "d1", "d2/f2.c", "d2"]);
        assert_eq!(
            one,
            run(&["-j8", "./d2", "d1/../d1", "d1", "d2/f2.c", "d0"]),
            "{format}"
        );
        assert!(!one.is_empty());
    }
}

#[test]
fn a_file_named_twice_is_read_once() {
    let folder = Folder::new("twice");
    folder.write("bad.c", FINDING);
    let output = kloom(
        &folder,
        &["lint", "--format", "concise", "bad.c", "./bad.c", "."],
    );
    assert_eq!(
        text(&output.stdout).matches("[unchecked-err-ptr]").count(),
        1
    );
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = Folder::new("pipe");
    for n in 0..200 {
        folder.write(format!("f{n}.c"), FINDING.repeat(20));
    }
    let mut command = command(&folder, ["lint", "--format", "text", "."]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    let folder = Folder::new("hostile");
    let evil = FINDING
        .replace("task", "task /*\u{1b}]0;x\u{7}\u{202e}*/ ")
        .replace('\t', "\u{9b}\t");
    folder.write("e\u{1b}[31m\u{202e}.c", evil);
    folder.write(
        "bytes.c",
        [b"\0\xff\x1b\n".as_slice(), FINDING.as_bytes()].concat(),
    );
    for format in ["text", "concise", "json", "sarif"] {
        let args = [
            "lint",
            "--profile",
            "strict",
            "--color",
            "never",
            "--format",
            format,
            ".",
        ];
        let output = kloom(&folder, &args);
        let shown = text(&output.stdout) + &text(&output.stderr);
        let raw = shown.chars().find(|c| {
            (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202a}'..='\u{202e}')
        });
        assert_eq!(raw, None, "{format}");
    }
    let missing = kloom(&folder, &["lint", "\u{1b}[31mno\n.c"]);
    assert!(!missing.stderr.contains(&0x1b));
}

#[test]
fn what_was_not_analysed_is_said() {
    let folder = Folder::new("skipped");
    folder.write("huge.c", vec![b' '; 4 << 20]);
    folder.write("lib.rs", "fn main() {}");
    let output = kloom(&folder, &["lint", "--format", "concise", "."]);
    let shown = text(&output.stdout);
    assert!(
        shown.contains("huge.c: not analysed: file too large"),
        "{shown}"
    );
    assert!(
        shown.contains("lib.rs: not analysed: language not read yet"),
        "{shown}"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn rules_can_be_listed_and_explained() {
    let folder = Folder::new("rules");
    let list = text(&kloom(&folder, &["rules"]).stdout);
    for line in list.lines() {
        let rule = line.split_whitespace().next().unwrap();
        let preview = line.split_whitespace().nth(2) == Some("preview");
        let page = text(&kloom(&folder, &["explain", rule]).stdout);
        assert!(
            page.starts_with(&format!("# {rule} (")) && page.contains("## Examples"),
            "{rule}"
        );
        assert_eq!(page.contains("`--select preview`"), preview, "{rule}");
    }
    assert!(list.lines().count() >= 10);
}

#[test]
fn inside_a_kernel_tree_its_release_and_a_scan_decide() {
    let folder = Folder::new("tree");
    folder.write("Makefile", "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\n");
    folder.write("Kconfig", "");
    folder.write("MAINTAINERS", "");
    folder.write("drivers/a.c", FINDING);
    folder.write("lib/b.c", CLEAN);
    folder.write(
        "lib/c.c",
        "void *f(void)\n{\n\treturn filp_open(0, 0, 0);\n}\n",
    );
    let run = |args: &[&str]| {
        let args = [&["lint", "--format", "json"], args].concat();
        text(&kloom(&folder, &args).stdout)
    };
    let scanned = run(&["."]);
    assert!(scanned.contains("\"target\": \"6.12\""), "{scanned}");
    assert!(scanned.contains("\"out_of_scope\": 2"), "{scanned}");
    // Nothing in `b.c` is of interest to any rule that is on.
    assert!(run(&["--scope", "all", "."]).contains("\"out_of_scope\": 1"));
    assert!(run(&["lib/b.c"]).contains("\"out_of_scope\": 0"));
    assert!(run(&["--kernel", "6.1..7.3", "."]).contains("\"target\": \"6.1..7.3\""));
}

#[test]
fn what_kloom_makes_of_a_file_can_be_looked_at() {
    let folder = Folder::new("debug");
    folder.write("bad.c", FINDING);
    let run = |args: &[&str]| text(&kloom(&folder, &[&["debug"], args].concat()).stdout);
    let chart = run(&["cfg", "bad.c", "probe_init"]);
    assert!(
        chart.starts_with("flowchart TD\n") && chart.contains("kthread_run("),
        "{chart}"
    );
    assert!(run(&["ir", "bad.c"]).contains("probe_init"));
    assert!(run(&["summary", "bad.c", "probe_init"]).starts_with("probe_init:"));
    assert!(run(&["facts", "kthread_run"]).starts_with("kthread_run ("));
    assert_eq!(
        kloom(&folder, &["debug", "cfg", "bad.c", "nobody"])
            .status
            .code(),
        Some(2)
    );
}

const MODULE: &str = "\
static DECLARE_WAIT_QUEUE_HEAD(meals);
static struct task_struct *cook;
static int orders;

static int cooking(void *unused)
{
	while (!kthread_should_stop())
		wait_event_interruptible(meals, orders || kthread_should_stop());
	return 0;
}

static int __init kitchen_init(void)
{
	cook = kthread_run(cooking, NULL, \"cook\");
	return PTR_ERR_OR_ZERO(cook);
}
module_init(kitchen_init);

static void __exit kitchen_exit(void)
{
	kthread_stop(cook);
}
module_exit(kitchen_exit);
MODULE_LICENSE(\"GPL\");
";

#[test]
fn a_map_says_what_starts_and_stops_a_thread() {
    let folder = Folder::new("map");
    folder.write("kitchen.c", MODULE);
    let map =
        |format: &str| text(&kloom(&folder, &["map", "--format", format, "kitchen.c"]).stdout);
    let plain = map("text");
    for line in [
        "cooking() kept in cook",
        "made (woken) by kthread_run() in kitchen_init() [init], line 14",
        "stopped by kthread_stop() in kitchen_exit() [exit], line 21",
        "waited for (interruptible) by wait_event_interruptible() in cooking() [thread], line 8",
    ] {
        assert!(plain.contains(line), "{line} is not in:\n{plain}");
    }
    assert!(map("json").contains("\"function\": \"kitchen_exit\""));
    let chart = map("mermaid");
    assert!(chart.starts_with("flowchart LR\n") && chart.contains("stopped"));
    assert_eq!(plain, map("text"));
}
