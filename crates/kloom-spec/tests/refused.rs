//! Specs that make no sense, and what is said about them.

use kloom_spec::{Spec, read};

const HEAD: &str = r#"kloom = 1
[module]
name = "thing"
license = "GPL-2.0-only"
description = "Does things"
"#;

/// The rules and texts of what is wrong with a spec.
fn problems(spec: &str) -> Vec<(&'static str, String, String)> {
    let text = format!("{HEAD}{spec}");
    let (files, module) = read("thing.toml", text.as_bytes().into(), Spec::default());
    let problems = module.err().unwrap_or_default();
    let shown = problems.iter().map(|problem| {
        assert!(
            problem.primary.end as usize <= text.len(),
            "{problem:?} is out of the text"
        );
        let place = String::from_utf8_lossy(files.slice(problem.primary)).into_owned();
        (problem.rule, place, problem.what.clone())
    });
    shown.collect()
}

/// Whether exactly this is wrong, there.
#[track_caller]
fn refused(spec: &str, rule: &str, place: &str) {
    let found = problems(spec);
    assert!(
        found
            .iter()
            .any(|(r, p, _)| *r == rule && p.trim_matches('"') == place),
        "no {rule} at `{place}` in {found:#?}"
    );
}

const TICK: &str = "[[thread]]\nname = \"tick\"\nevery = \"1s\"\ndo = [{ hook = \"second\" }]\n";

#[test]
fn a_small_spec_is_fine() {
    assert_eq!(problems(TICK), []);
}

#[test]
fn names_are_fit_for_c_and_for_the_kernel() {
    for (name, rule) in [
        ("../tick", "spec-name"),
        ("tick tock", "spec-name"),
        ("Tick", "spec-name"),
        ("while", "spec-name"),
        ("current", "spec-name"),
        ("ctx", "spec-name"),
        ("a_thread_of_16__", "spec-name"),
    ] {
        refused(&TICK.replace("tick", name), rule, name);
    }
    refused(&TICK.replace("second", "tick"), "spec-name", "tick");
}

#[test]
fn a_module_is_not_called_like_a_part_of_the_kernel() {
    let text = format!("{HEAD}{TICK}").replace("\"thing\"", "\"alarm\"");
    let (_, module) = read("thing.toml", text.as_bytes().into(), Spec::default());
    assert_eq!(module.unwrap_err()[0].rule, "spec-name");
}

#[test]
fn periods_end() {
    refused(&TICK.replace("1s", "0ms"), "spec-value", "0ms");
    refused(&TICK.replace("1s", "soon"), "spec-value", "soon");
    refused(&TICK.replace("every = \"1s\"\n", ""), "spec-wait", "tick");
}

#[test]
fn nothing_sleeps_in_an_interrupt() {
    let hook = "[[timer]]\nname = \"beat\"\nevery = \"1s\"\ndo = [{ hook = \"doze\" }]\n[hooks.doze]\nsleeps = true\n";
    refused(hook, "spec-context", "doze");
    let state = "[[state]]\nname = \"log\"\nshared = \"mutex\"\nfields = [{ name = \"lines\", type = \"int\" }]\n";
    let mutex = format!(
        "{state}[[timer]]\nname = \"beat\"\nevery = \"1s\"\ndo = [{{ add = \"log.lines\" }}]\n"
    );
    refused(&mutex, "spec-context", "log.lines");
    let held = format!(
        "{}[[thread]]\nname = \"t\"\nevery = \"1s\"\ndo = [{{ hook = \"doze\", holding = \"log\" }}]\n[hooks.doze]\nsleeps = true\n",
        state.replace("mutex", "spinlock")
    );
    refused(&held, "spec-context", "doze");
}

/// A waiter and a waker over one field.
fn waits(shared: &str, queue: &str, waiter: &str, waker: &str) -> String {
    format!(
        "[[state]]\nname = \"ticks\"\nshared = {shared}\nfields = [{{ name = \"count\", type = \"int\" }}]\n\
         [[wait_queue]]\nname = \"ready\"\nuntil = \"ticks.count > 3\"\n{queue}\
         [[thread]]\nname = \"waiter\"\nwaits_for = \"ready\"\ndo = [{waiter}]\n\
         [[thread]]\nname = \"waker\"\nevery = \"1s\"\ndo = [{waker}]\n"
    )
}

const TAKE: &str = "{ set = \"ticks.count\", to = 0 }";
const MAKE: &str = "{ add = \"ticks.count\" }, { wake = \"ready\" }";

#[test]
fn waits_come_about_and_end() {
    assert_eq!(problems(&waits("\"atomic\"", "", TAKE, MAKE)), []);
    let log = "{ log = \"x\" }";
    refused(&waits("\"atomic\"", "", log, MAKE), "spec-wait", "waiter");
    refused(
        &waits("\"atomic\"", "", TAKE, "{ add = \"ticks.count\" }"),
        "spec-wait",
        "ready",
    );
    refused(
        &waits("\"atomic\"", "", log, "{ wake = \"ready\" }"),
        "spec-wait",
        "ticks.count > 3",
    );
    refused(
        &waits("\"mutex\"", "", TAKE, MAKE),
        "spec-wait",
        "ticks.count > 3",
    );
}

#[test]
fn the_lock_of_a_wait_is_that_of_its_condition() {
    let own = "\"queue\"\nqueue = \"ready\"";
    assert_eq!(
        problems(&waits(own, "lock = \"own-irq\"\n", TAKE, MAKE)),
        []
    );
    refused(
        &waits("\"spinlock\"", "lock = \"own-irq\"\n", TAKE, MAKE),
        "spec-lock",
        "own-irq",
    );
    refused(
        &waits("\"atomic\"", "lock = \"state-irq\"\n", TAKE, MAKE),
        "spec-lock",
        "state-irq",
    );
    refused(&waits(own, "", TAKE, MAKE), "spec-lock", "ticks.count > 3");
    let timer = waits(own, "lock = \"own\"\n", TAKE, MAKE).replace(
        "[[thread]]\nname = \"waker\"",
        "[[timer]]\nname = \"waker\"",
    );
    refused(&timer, "spec-lock", "queue");
}

#[test]
fn the_kernel_has_the_wait() {
    for queue in [
        "wait = \"uninterruptible\"\nexclusive = true\n",
        "exclusive = true\ntimeout = \"1s\"\n",
        "wait = \"idle\"\ntimeout = \"1s\"\nprecise = true\n",
    ] {
        refused(
            &waits("\"atomic\"", queue, TAKE, MAKE),
            "spec-wait",
            "ready",
        );
    }
    let untimed = waits("\"atomic\"", "precise = true\n", TAKE, MAKE);
    refused(&untimed, "spec-wait", "true");
}

#[test]
fn references_lead_somewhere() {
    refused(
        &TICK.replace("hook = \"second\"", "queue = \"tock\""),
        "spec-reference",
        "tock",
    );
    refused(
        &TICK.replace("hook = \"second\"", "wake = \"tick\""),
        "spec-reference",
        "tick",
    );
    refused(
        &format!("{TICK}[hooks.other]\nsleeps = true\n"),
        "spec-reference",
        "other",
    );
}

#[test]
fn what_starts_each_other_cannot_be_ended() {
    let works = "[[work]]\nname = \"ping\"\nat_load = true\ndo = [{ queue = \"pong\" }]\n[[work]]\nname = \"pong\"\ndo = [{ queue = \"ping\" }]\n";
    let found = problems(works);
    assert!(
        found.iter().any(|(rule, _, _)| *rule == "spec-order"),
        "{found:#?}"
    );
}

#[test]
fn only_threads_that_look_are_parked() {
    let park = format!("{TICK}[[sysfs]]\nname = \"pause\"\non_write = [{{ park = \"tick\" }}]\n");
    refused(&park, "spec-wait", "tick");
    assert_eq!(
        problems(&park.replace("every", "parkable = true\nevery")),
        []
    );
}

#[test]
fn unknown_keys_are_refused_with_their_place() {
    refused(&TICK.replace("every", "evry"), "spec-syntax", "evry");
}

#[test]
fn texts_cannot_break_out() {
    for bad in ["a */ b", "a \\\" b", "a\\nb", "a\\u202eb", "a `b`", ""] {
        let found = problems(&TICK.replace("every", &format!("about = \"{bad}\"\nevery")));
        assert!(
            found.iter().any(|(rule, _, _)| *rule == "spec-text"),
            "{bad}: {found:#?}"
        );
    }
}
