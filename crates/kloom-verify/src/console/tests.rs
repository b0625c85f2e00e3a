//! Small made-up consoles; the real ones are in `fixtures/console`.

use super::*;

fn read_with(subject: &Subject, state: State, text: &str) -> Console {
    let mut reader = Reader::new(subject);
    reader.push(text.as_bytes());
    reader.finish(state)
}

fn read(text: &str) -> Console {
    read_with(&Subject::default(), State::default(), text)
}

/// Lines of printk by one caller, a millisecond apart from `at` on.
fn printk(at: u64, caller: &str, lines: &[&str]) -> Vec<String> {
    let stamp = |n: usize| format!("[{:>5}.{:03}000][{caller:>6}] ", at, n);
    let lines = lines.iter().enumerate();
    lines.map(|(n, line)| stamp(n) + line + "\r\n").collect()
}

const LEAD: &str = "==================================================================";

const KASAN: &[&str] = &[
    LEAD,
    "BUG: KASAN: slab-use-after-free in work_fn+0x10/0x40 [m]",
    "Write of size 4 at addr ffff8880011 by task w/47",
    "",
    "CPU: 1 UID: 0 PID: 47 Comm: w Tainted: G           O       6.12.0 #1",
    "Call Trace:",
    " <TASK>",
    " kasan_report+0xc0/0x100",
    " work_fn+0x10/0x40 [m]",
    " kthread+0x2d2/0x3a0",
    " </TASK>",
    "",
    "Allocated by task 45:",
    " kasan_save_stack+0x30/0x50",
    " start+0x22/0x100 [m]",
    "",
    "Freed by task 45:",
    " kfree+0x13/0x300",
    " stop+0x15/0x30 [m]",
    "",
    LEAD,
];

const HUNG: &[&str] = &[
    "INFO: task rmmod:52 blocked for more than 8 seconds.",
    "task:rmmod           state:D stack:0     pid:52    tgid:52",
    "Call Trace:",
    " <TASK>",
    " kthread_stop+0x10/0x40",
    " stop+0x15/0x30 [m]",
    " </TASK>",
];

const ATOMIC: &[&str] = &[
    "BUG: scheduling while atomic: insmod/45/0x00000002",
    "1 lock held by insmod/45:",
    " #0: ffffffffa0002000 (lock){+.+.}-{3:3}, at: start+0x30/0x100 [m]",
    "CPU: 0 UID: 0 PID: 45 Comm: insmod Tainted: G           O       6.12.0 #1",
    "Call Trace:",
    " <TASK>",
    " dump_stack_lvl+0x5d/0x80",
    " schedule+0x30/0x100",
    " ? guess+0x1/0x100 [m]",
    " start+0x44/0x100 [m]",
    " </TASK>",
];

fn ids(console: &Console) -> Vec<(&str, Origin)> {
    let reports = console.reports.iter();
    reports.map(|r| (r.kind.id.as_str(), r.origin)).collect()
}

fn shown(frame: &Option<Frame>) -> String {
    frame.as_ref().map(Frame::to_string).unwrap_or_default()
}

#[test]
fn a_report_has_its_place_and_its_steps() {
    let console = read(&printk(3, "T47", KASAN).concat());
    assert_eq!(ids(&console), [("kasan-use-after-free", Origin::Kernel)]);
    let report = &console.reports[0];
    assert_eq!(shown(&report.guilty), "work_fn+0x10/0x40 [m]");
    let steps: Vec<_> = report
        .steps
        .iter()
        .map(|s| format!("{}: {}", s.says, s.frame))
        .collect();
    assert_eq!(
        steps,
        [
            "allocated here: start+0x22/0x100 [m]",
            "freed here: stop+0x15/0x30 [m]"
        ]
    );
    assert_eq!(report.lines, 2..=21);
}

#[test]
fn lines_of_two_callers_are_told_apart() {
    let (one, other) = (printk(3, "T47", KASAN), printk(3, "T45", ATOMIC));
    let longest = one.len().max(other.len());
    let pairs = (0..longest).flat_map(|n| [one.get(n), other.get(n)]);
    let mixed: String = pairs.flatten().cloned().collect();
    let console = read(&mixed);
    let expected = [
        ("scheduling-while-atomic", Origin::Kernel),
        ("kasan-use-after-free", Origin::Kernel),
    ];
    assert_eq!(ids(&console), expected);
    assert_eq!(shown(&console.reports[0].guilty), "start+0x44/0x100 [m]");
    assert_eq!(
        console.reports[0].steps[0].frame.to_string(),
        "start+0x30/0x100 [m]"
    );
    assert_eq!(console.reports[1].steps.len(), 2);
}

#[test]
fn without_timestamps_and_callers_reports_are_found_too() {
    let text = format!("{}\n{}\n", KASAN.join("\n"), ATOMIC.join("\n"));
    let expected = [
        ("kasan-use-after-free", Origin::Kernel),
        ("scheduling-while-atomic", Origin::Kernel),
    ];
    assert_eq!(ids(&read(&text)), expected);
}

#[test]
fn repeats_are_counted() {
    let text: String = (0..5)
        .flat_map(|n| printk(3 + 9 * n, "T45", ATOMIC))
        .collect();
    let console = read(&text);
    assert_eq!((console.reports.len(), console.reports[0].count), (1, 5));
}

#[test]
fn a_warning_is_what_its_message_says() {
    let lines = [
        "------------[ cut here ]------------",
        "ODEBUG: free active (active state 0) object: ffff88 object type: timer_list hint: tf+0x0/0x50 [m]",
        "WARNING: CPU: 0 PID: 45 at lib/debugobjects.c:514 debug_print_object+0x1/0x2",
        "Modules linked in: m(O+)",
        "CPU: 0 UID: 0 PID: 45 Comm: insmod Tainted: G           O       6.12.0 #1",
        "RIP: 0010:debug_print_object+0x1/0x2",
        "Call Trace:",
        " kfree+0x1/0x300",
        " start+0x22/0x100 [m]",
        "---[ end trace 0000000000000000 ]---",
    ];
    let console = read(&printk(3, "T45", &lines).concat());
    assert_eq!(ids(&console), [("odebug-free-active", Origin::Kernel)]);
    assert_eq!(shown(&console.reports[0].guilty), "start+0x22/0x100 [m]");
    assert_eq!(
        console.reports[0].steps[0].frame.to_string(),
        "tf+0x0/0x50 [m]"
    );
}

#[test]
fn text_of_a_module_that_is_gone_is_an_address() {
    let lines = [
        "BUG: unable to handle page fault for address: ffffffffa0002045",
        "#PF: supervisor instruction fetch in kernel mode",
        "Oops: Oops: 0010 [#1] PREEMPT SMP KASAN",
        "CPU: 1 UID: 0 PID: 47 Comm: t Tainted: G           O       6.12.0 #1",
        "RIP: 0010:0xffffffffa0002045",
        "Code: Unable to access opcode bytes at 0xffffffffa000201b.",
        "Call Trace:",
        " kthread+0x2d2/0x3a0",
        "---[ end trace 0000000000000000 ]---",
    ];
    let console = read(&printk(3, "T47", &lines).concat());
    assert_eq!(ids(&console), [("unloaded-text", Origin::Kernel)]);
    assert_eq!(shown(&console.reports[0].guilty), "0xffffffffa0002045");
    assert!(
        console.reports[0]
            .headline
            .starts_with("BUG: unable to handle page fault")
    );
}

#[test]
fn the_stack_of_another_cpu_belongs_to_a_lockup() {
    let mut lines = printk(
        9,
        "C0",
        &[
            "watchdog: Watchdog detected hard LOCKUP on cpu 1",
            "Modules linked in: m(O)",
            "Sending NMI from CPU 0 to CPUs 1:",
        ],
    );
    lines.extend(printk(
        9,
        "C1",
        &[
            "NMI backtrace for cpu 1",
            "CPU: 1 UID: 0 PID: 47 Comm: t Tainted: G",
            "RIP: 0010:spin+0x8/0x20 [m]",
            "Call Trace:",
            " kthread+0x2/0x3",
            " </TASK>",
        ],
    ));
    let console = read(&lines.concat());
    assert_eq!(ids(&console), [("hard-lockup", Origin::Kernel)]);
    assert_eq!(shown(&console.reports[0].guilty), "spin+0x8/0x20 [m]");
}

#[test]
fn leaks_come_from_a_file() {
    let leak = "unreferenced object 0xffff888001 (size 8):\n  comm \"insmod\", pid 45, jiffies 42\n  hex dump (first 8 bytes):\n    00 00\n  backtrace (crc 0):\n    kmalloc+0x1/0x2\n    start+0x22/0x100 [m]\n";
    let text = format!("{}{leak}{leak}done\n", printk(1, "T1", &["hello"]).concat());
    let console = read(&text);
    assert_eq!(ids(&console), [("kmemleak", Origin::Kernel)]);
    assert_eq!(console.reports[0].count, 2);
    assert_eq!(shown(&console.reports[0].guilty), "start+0x22/0x100 [m]");
    let printed: Vec<&str> = leak.lines().collect();
    let console = read(&printk(1, "T45", &printed).concat());
    assert_eq!(
        ids(&console),
        [("kmemleak", Origin::Module(Imitation::Way))]
    );
}

#[test]
fn imitations_are_told() {
    let origin = |console: Console| console.reports[0].origin;
    let lone = printk(
        1,
        "T45",
        &[
            "BUG: KASAN: slab-use-after-free in f+0x1/0x2 [m]",
            "all is well",
        ],
    );
    let later = printk(9, "T45", &["and still is"]).concat();
    assert_eq!(
        origin(read(&(lone.concat() + &later))),
        Origin::Module(Imitation::Shape)
    );
    assert_eq!(origin(read(&lone.concat())), Origin::Unclear(Doubt::Cut));

    let whole = printk(3, "T47", KASAN).concat();
    let subject = Subject {
        modules: vec!["m".into()],
        texts: Texts::of(b"\0\x013BUG: KASAN: %s in %pS\n\0"),
    };
    assert_eq!(
        origin(read_with(&subject, State::default(), &lone.concat())),
        Origin::Module(Imitation::Text)
    );
    let clean = State {
        tainted: Some(1 << 12),
        ..State::default()
    };
    assert_eq!(
        origin(read_with(&Subject::default(), clean, &whole)),
        Origin::Module(Imitation::State)
    );
    let bad_page = State {
        tainted: Some(1 << 12 | 1 << 5),
        ..State::default()
    };
    assert_eq!(
        origin(read_with(&Subject::default(), bad_page, &whole)),
        Origin::Kernel
    );
    assert_eq!(
        origin(read(&printk(3, "T46", KASAN).concat())),
        Origin::Module(Imitation::Task)
    );
}

/// A text that is never printed must not make an imitation of what the kernel reports.
#[test]
fn a_decoy_does_not_hide_a_report() {
    let subject = Subject {
        modules: vec!["m".into()],
        texts: Texts::of(
            b"BUG: KASAN: %s in %pS\0INFO: task %s:%d blocked for more than %ld seconds.\0",
        ),
    };
    let whole = printk(3, "T47", KASAN).concat();
    let origin = |tainted: Option<u64>| {
        let state = State {
            tainted,
            ..State::default()
        };
        read_with(&subject, state, &whole).reports[0].origin
    };
    assert_eq!(origin(Some(1 << 12 | 1 << 5)), Origin::Kernel);
    assert_eq!(origin(None), Origin::Unclear(Doubt::Text));
    assert_eq!(origin(Some(1 << 12)), Origin::Module(Imitation::State));
    let hung = printk(20, "T13", HUNG).concat();
    let console = read_with(&subject, State::default(), &hung);
    assert_eq!(ids(&console), [("hung-task", Origin::Unclear(Doubt::Text))]);
}

#[test]
fn a_panic_is_none_if_the_kernel_lived_on() {
    let lines = [
        "Kernel panic - not syncing: no way",
        "CPU: 0 UID: 0 PID: 45 Comm: x",
    ];
    let text = printk(3, "T45", &lines).concat();
    let state = State {
        tainted: Some(1 << 12),
        ..State::default()
    };
    let console = read_with(&Subject::default(), state, &text);
    assert_eq!(ids(&console), [("panic", Origin::Module(Imitation::State))]);
}

#[test]
fn only_what_the_kernel_says_last_is_the_last() {
    let is_last = |subject: &Subject, lines: &[String]| {
        let mut reader = Reader::new(subject);
        reader.push(lines.concat().as_bytes());
        reader.is_last()
    };
    let lockup = |caller, pid: u32| {
        let cpu = format!("CPU: 0 UID: 0 PID: {pid} Comm: t Tainted: G           OL");
        let lines = [
            "watchdog: BUG: soft lockup - CPU#0 stuck for 11s! [t:47]",
            &cpu,
            "RIP: 0010:spin+0x8/0x20 [m]",
            "Call Trace:",
            " kthread+0x2/0x3",
            " </TASK>",
        ];
        printk(9, caller, &lines)
    };
    let plain = Subject::default();
    assert!(is_last(&plain, &lockup("C0", 47)));
    assert!(!is_last(&plain, &lockup("C0", 47)[..2]));
    assert!(!is_last(
        &plain,
        &printk(9, "T47", &["m: soft lockup, *** DEADLOCK ***"])
    ));
    assert!(!is_last(&plain, &lockup("T47", 48)));
    let decoy = Subject {
        modules: vec!["m".into()],
        texts: Texts::of(b"watchdog: BUG: soft lockup - CPU#%d stuck for %us! [%s:%d]\0"),
    };
    assert!(!is_last(&decoy, &lockup("C0", 47)));
    assert!(!is_last(&plain, &printk(3, "T47", KASAN)));
}

#[test]
fn what_a_module_prints_within_its_lines_is_no_report() {
    let lines = [
        "m: BUG: KASAN: x",
        " BUG: KASAN: x",
        "\u{1b}[2KBUG: KASAN: x",
        "[    1.000000][    T1] BUG: KASAN: x",
    ];
    assert_eq!(ids(&read(&printk(1, "T45", &lines).concat())), []);
}

#[test]
fn frames_of_other_modules_do_not_count() {
    let subject = Subject {
        modules: vec!["other".into()],
        texts: Texts::default(),
    };
    let console = read_with(
        &subject,
        State::default(),
        &printk(3, "T47", KASAN).concat(),
    );
    assert_eq!(console.reports[0].guilty, None);
}

#[test]
fn a_panic_that_follows_is_part_of_its_cause() {
    let mut lines = printk(3, "T47", KASAN);
    lines.extend(printk(
        3,
        "T47",
        &["Kernel panic - not syncing: kasan.fault=panic set ..."],
    ));
    let console = read(&lines.concat());
    assert_eq!(console.reports.len(), 1);
    assert!(
        console.reports[0]
            .then
            .as_ref()
            .unwrap()
            .contains("kasan.fault")
    );
}

#[test]
fn nothing_hostile_is_left_in_what_is_shown() {
    let text = "[    1.000000][   T45] BUG: KASAN: \u{1b}[31m\u{202e} in \u{7}\0f\n";
    let console = read(text);
    assert!(console.reports[0].headline.contains("\\u{1b}"));
    assert!(!console.reports[0].headline.chars().any(char::is_control));
    assert!(!console.last.chars().any(char::is_control));
}

struct Table;

impl Symbolizer for Table {
    fn places(&self, frame: &Frame) -> Vec<Place> {
        let Code::Symbol { name, .. } = &frame.code else {
            return Vec::new();
        };
        let line = match name.as_str() {
            "work_fn" => 2,
            "start" => 4,
            "stop" => 99,
            _ => return Vec::new(),
        };
        let place = |path: &str| Place {
            path: path.into(),
            line,
            function: Some(name.clone()),
        };
        vec![place("elsewhere.h"), place("m.c")]
    }
}

struct Nothing;

impl kloom_diag::Provider for Nothing {
    fn read(&self, _: &str) -> Option<std::sync::Arc<[u8]>> {
        None
    }

    fn list(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

fn diagnose(console: &Console) -> (Vec<kloom_diag::Diagnostic>, kloom_diag::SourceMap) {
    let main =
        kloom_diag::SourceFile::new("m.c", &b"one\n\twork->n++;\nthree\n  work = get();\n"[..]);
    let mut sources = crate::sources::Sources::new(&Nothing, main);
    let found = Diagnoser::new(&Table, &mut sources, "m console").console(console);
    (found, sources.into_files())
}

#[test]
fn a_report_becomes_a_diagnostic_at_the_guilty_line() {
    let console = read(&printk(3, "T47", KASAN).concat());
    let (found, files) = diagnose(&console);
    let found = &found[0];
    assert_eq!(found.rule, "kasan-use-after-free");
    assert_eq!(files.slice(found.primary), b"work->n++;");
    assert_eq!(found.function.as_deref(), Some("work_fn"));
    let steps: Vec<_> = found
        .trace
        .iter()
        .map(|s| (files.slice(s.span), &*s.message))
        .collect();
    assert_eq!(steps, [(&b"work = get();"[..], "allocated here")]);
    assert!(
        found
            .why
            .contains("BUG: KASAN: slab-use-after-free in work_fn")
    );
    assert!(found.help.contains("`use-after-free`"));
}

#[test]
fn a_report_without_a_place_is_shown_in_the_console() {
    let lines = [
        "Kernel panic - not syncing: no \u{1b}way",
        "CPU: 0 UID: 0 PID: 45 Comm: x",
    ];
    let (found, files) = diagnose(&read(&printk(3, "T45", &lines).concat()));
    assert_eq!(files.get(found[0].primary.file).path(), "m console:1");
    assert_eq!(
        files.slice(found[0].primary),
        b"Kernel panic - not syncing: no \\u{1b}way"
    );
}

#[test]
fn reports_of_two_modules_do_not_meet() {
    let main = kloom_diag::SourceFile::new("m.c", &b"one\n"[..]);
    let mut sources = crate::sources::Sources::new(&Nothing, main);
    let mut found = Vec::new();
    for (name, why) in [("<console of a>", "one"), ("<console of b>", "two")] {
        let panic = format!("Kernel panic - not syncing: {why}");
        let lines = [panic.as_str(), "CPU: 0 UID: 0 PID: 45 Comm: x"];
        let console = read(&printk(3, "T45", &lines).concat());
        found.extend(Diagnoser::new(&Table, &mut sources, name).console(&console));
    }
    let files = sources.into_files();
    let at = |n: usize| {
        (
            files.get(found[n].primary.file).path(),
            files.slice(found[n].primary),
        )
    };
    assert_eq!(
        at(0),
        ("<console of a>:1", &b"Kernel panic - not syncing: one"[..])
    );
    assert_eq!(
        at(1),
        ("<console of b>:1", &b"Kernel panic - not syncing: two"[..])
    );
}

#[test]
fn reports_past_the_bound_are_counted() {
    let text: String = (0..300)
        .flat_map(|n: u32| {
            let name = format!("BUG: KASAN: slab-use-after-free in f{}+0x1/0x2", letters(n));
            printk(3, "T45", &[&name, "all is well"])
        })
        .collect();
    let console = read(&text);
    assert!(console.more > 200 && console.reports.len() as u64 + console.more == 300);
    let (found, _) = diagnose(&console);
    assert_eq!(found.last().map(|found| found.rule), Some("more-reports"));
}

/// Numbers do not make a headline another one.
fn letters(n: u32) -> String {
    let digits = n.to_string();
    digits
        .bytes()
        .map(|digit| char::from(digit + b'g' - b'0'))
        .collect()
}

#[test]
fn an_imitation_is_a_warning_of_its_own() {
    let (found, _) = diagnose(&read(&printk(3, "T46", KASAN).concat()));
    assert_eq!(found[0].rule, "imitated-report");
    assert_eq!(found[0].severity, kloom_diag::Severity::Warning);
    assert!(found[0].trace.is_empty());
}

#[test]
fn lines_of_a_build_have_kinds() {
    let id = |line: &str| kind_of(line.as_bytes()).map(|kind| kind.id.as_str());
    assert_eq!(
        id("ERROR: modpost: \"f\" [m.ko] undefined!"),
        Some("modpost-undefined")
    );
    assert_eq!(
        id("ERROR: modpost: m.ko: symbol 'f' undefined!"),
        Some("modpost-undefined")
    );
    assert_eq!(
        id("WARNING: modpost: missing MODULE_DESCRIPTION() in m.o"),
        Some("modpost-warning")
    );
    assert_eq!(id("  CC [M]  m.o"), None);
}

#[test]
fn a_race_is_placed_at_the_write() {
    let lines = [
        LEAD,
        "BUG: KCSAN: data-race in reader [m] / writer [m]",
        "",
        "read to 0xffffffffa0002000 of 4 bytes by task 46 on cpu 0:",
        " reader+0x10/0x40 [m]",
        " kthread+0x2d2/0x3a0",
        "",
        "write to 0xffffffffa0002000 of 4 bytes by task 47 on cpu 1:",
        " writer+0x18/0x40 [m]",
        " kthread+0x2d2/0x3a0",
        "",
        "value changed: 0x00000001 -> 0x00000002",
        "",
        "Reported by Kernel Concurrency Sanitizer on:",
        "CPU: 1 UID: 0 PID: 47 Comm: w Tainted: G           O       6.12.0 #1",
        LEAD,
    ];
    let console = read(&printk(3, "T47", &lines).concat());
    assert_eq!(ids(&console), [("kcsan", Origin::Kernel)]);
    let report = &console.reports[0];
    assert_eq!(shown(&report.guilty), "writer+0x18/0x40 [m]");
    assert_eq!(report.steps[0].frame.to_string(), "reader+0x10/0x40 [m]");
}

#[test]
fn a_warning_of_a_newer_kernel_is_read_too() {
    let lines = [
        "------------[ cut here ]------------",
        "WARNING: m.c:19 at start+0x65/0xff0 [m], CPU#1: insmod/45",
        "Modules linked in: m(O+)",
        "CPU: 1 UID: 0 PID: 45 Comm: insmod Tainted: G           O       7.3.4 #1 PREEMPT(full)",
        "RIP: 0010:start+0x65/0xff0 [m]",
        "Call Trace:",
        " do_one_initcall+0x1/0x2",
        "---[ end trace 0000000000000000 ]---",
    ];
    let console = read(&printk(3, "T45", &lines).concat());
    assert_eq!(ids(&console), [("warning", Origin::Kernel)]);
    assert!(console.reports[0].headline.starts_with("WARNING: m.c:19"));
    let lockup = "watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 1";
    assert_eq!(
        kind_of(lockup.as_bytes()).map(|k| k.id.as_str()),
        Some("hard-lockup")
    );
}
