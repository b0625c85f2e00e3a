//! What a facts file may say, and how a mistake in one is shown.

use kloom_facts::{
    Classes, Effect, Fact, Facts, Kind, Returns, Verb, Version, Versions, When, parse,
};

fn read(text: &str) -> Vec<Fact> {
    let (facts, problems) = parse("own", text);
    assert_eq!(problems, [], "{text}");
    facts
}

/// The messages for a file, as a build would print them.
fn refused(text: &str) -> Vec<String> {
    let (_, problems) = parse("own", text);
    problems
        .iter()
        .map(|p| p.render("own.toml", text))
        .collect()
}

#[test]
fn a_name_takes_what_its_group_shares() {
    let facts = read(
        r#"
[stop]
returns = "class any"
does = ["may-sleep"]
since = "6.1"

[stop.names]
my_stop = { source = "6.12 drivers/my.c:7", does = ["stop-thread 0"] }
my_other = { returns = "void", until = "7.0" }
"#,
    );
    let verbs = |fact: &Fact| fact.effects.iter().map(|e| e.verb).collect::<Vec<_>>();
    assert_eq!(facts[0].name, "my_stop");
    assert_eq!(facts[0].topic, "own");
    assert_eq!(facts[0].source, "6.12 drivers/my.c:7");
    assert_eq!(facts[0].returns, Returns::Class(Classes::ANY));
    assert_eq!(verbs(&facts[0]), [Verb::MaySleep, Verb::StopThread]);
    assert_eq!(facts[1].returns, Returns::Void);
    assert_eq!(verbs(&facts[1]), [Verb::MaySleep]);
    assert_eq!(
        facts[1].versions.since,
        Some(Version { major: 6, minor: 1 })
    );
    assert_eq!(
        facts[1].versions.until,
        Some(Version { major: 7, minor: 0 })
    );
}

#[test]
fn an_effect_says_all_it_can() {
    let text = r#"[g.names]
f = { does = ["queue 2 with 1 accepts zero|neg as delayed-work,again if returns pos since 6.1 until 6.14"] }
g = { does = ["may-sleep if arg 1 has GFP_KERNEL", "may-sleep if arg 0 lacks GFP_ATOMIC"] }
"#;
    let facts = read(text);
    assert_eq!(
        facts[0].effects,
        [Effect {
            verb: Verb::Queue,
            arg: Some(2),
            with: Some(1),
            accepts: Classes::ZERO.or(Classes::NEG),
            note: "delayed-work,again",
            when: When::Returns(Classes::POS),
            versions: Versions {
                since: Some(Version { major: 6, minor: 1 }),
                until: Some(Version {
                    major: 6,
                    minor: 14
                }),
            },
        }]
    );
    assert!(facts[0].effects[0].says("again"));
    assert!(!facts[0].effects[0].says("work"));
    assert_eq!(facts[1].effects[0].when, When::ArgHas(1, "GFP_KERNEL"));
    assert_eq!(facts[1].effects[1].when, When::ArgLacks(0, "GFP_ATOMIC"));
}

#[test]
fn every_return_can_be_said() {
    for (word, returns) in [
        ("unknown", Returns::Unknown),
        ("void", Returns::Void),
        ("bool", Returns::Class(Classes::ZERO.or(Classes::POS))),
        (
            "class neg|pos",
            Returns::Class(Classes::NEG.or(Classes::POS)),
        ),
        ("err-ptr", Returns::ErrPtr { null: false }),
        ("err-ptr-or-null", Returns::ErrPtr { null: true }),
        ("tolerant-err-ptr", Returns::TolerantErrPtr),
        ("ptr-or-null", Returns::PtrOrNull),
        ("errno", Returns::Errno),
        ("arg 1", Returns::Arg(1)),
        (
            "test 0 zero|neg",
            Returns::Test(0, Classes::ZERO.or(Classes::NEG)),
        ),
        ("error-or-zero 0", Returns::ErrorOrZero(0)),
        ("within 0", Returns::Within(0)),
    ] {
        let facts = read(&format!("[g.names]\nf = {{ returns = \"{word}\" }}\n"));
        assert_eq!(facts[0].returns, returns, "{word}");
    }
}

#[test]
fn kinds_types_conditions_and_scopes() {
    let facts = read(
        r#"
[macros.names]
for_each_mine = { kind = "iterator", types = [2], does = ["assigns 0 accepts pos"] }
wait_mine = { condition = 1 }
"__free(mine)" = { kind = "scope-class", exit = "put_mine", skips = "zero|neg" }
"guard(mine)" = { kind = "scope-class", enter = "lock_mine", exit = "unlock_mine" }
"#,
    );
    assert_eq!(facts[0].kind, Kind::Iterator);
    assert_eq!(facts[0].type_args, [2]);
    assert_eq!(facts[1].condition, Some(1));
    let scope = facts[2].scope.unwrap();
    assert_eq!((scope.enter, scope.exit), (None, "put_mine"));
    assert_eq!(scope.skips, Classes::ZERO.or(Classes::NEG));
    assert_eq!(facts[3].scope.unwrap().enter, Some("lock_mine"));
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (text, message) in [
        (
            "[g]\nreturn = \"void\"\n[g.names]\nf = {}\n",
            "own.toml:2:1: unknown key `return`; did you mean `returns`?",
        ),
        (
            "[g.names]\nf = { sources = \"6.12 a.c:1\" }\n",
            "own.toml:2:7: unknown key `sources`; did you mean `source`?",
        ),
        (
            "[g.names]\nf = { returns = \"errptr\" }\n",
            "own.toml:2:18: unknown return `errptr`; did you mean `err-ptr`?",
        ),
        (
            "[g.names]\nf = { returns = \"class zero|negative\" }\n",
            "own.toml:2:29: unknown class `negative`",
        ),
        (
            "[g.names]\nf = { returns = \"arg\" }\n",
            "own.toml:2:21: an argument number is missing here",
        ),
        (
            "[g.names]\nf = { kind = \"iterater\" }\n",
            "own.toml:2:15: unknown kind `iterater`; did you mean `iterator`?",
        ),
        (
            "[g.names]\nf = { does = [\"may-sleep\", \"aquire 0\"] }\n",
            "own.toml:2:29: unknown verb `aquire`; did you mean `acquire`?",
        ),
        (
            "[g.names]\nf = { does = [\"free\"] }\n",
            "own.toml:2:16: `free` needs an argument number",
        ),
        (
            "[g.names]\nf = { does = [\"acquire 0 as spin,irqsav\"] }\n",
            "own.toml:2:34: unknown note `irqsav`; did you mean `irqsave`?",
        ),
        (
            "[g.names]\nf = { does = [\"free 0 when returns zero\"] }\n",
            "own.toml:2:23: unknown word `when`",
        ),
        (
            "[g.names]\nf = { does = [\"free 0 if arg 1 hass X\"] }\n",
            "own.toml:2:32: unknown test `hass`; did you mean `has`?",
        ),
        (
            "[g.names]\nf = { since = \"6\" }\n",
            "own.toml:2:16: `6` is no release; they read `6.12`",
        ),
        (
            "[g.names]\nf = { until = \"6.1 7.0\" }\n",
            "own.toml:2:20: `7.0` is one word too many",
        ),
        (
            "[g.names]\nf = \"drivers/a.c:1\"\n",
            "own.toml:2:6: a source reads `RELEASE PATH:LINE`, several separated by `; `",
        ),
        (
            "[g.names]\nf = {}\n[h.names]\nf = {}\n",
            "own.toml:4:1: `f` is described twice",
        ),
        (
            "[g]\nreturns = \"void\"\n",
            "own.toml:1:2: group without `names`",
        ),
        (
            "[g.names]\nf = { exit = \"x\" }\n",
            "own.toml:2:1: `exit` belongs to the kind scope-class and to no other",
        ),
        (
            "[g.names]\nf = { types = [1, \"x\"] }\n",
            "own.toml:2:19: an argument number is expected",
        ),
        (
            "[g.names]\nf = 3\n",
            "own.toml:2:5: a name has a source or a table",
        ),
    ] {
        assert_eq!(refused(text), [message], "{text}");
    }
}

#[test]
fn no_input_panics() {
    for text in [
        "",
        "=",
        "[",
        "[g]\n[g]",
        "g = 1",
        "[g.names]\n\"\" = \"\"",
        "f = [[[[[",
    ] {
        parse("own", text);
    }
    let text = "[g.names]\nf = { does = [\"acquire 300 with 1\"], returns = \"\" }\n";
    assert_eq!(refused(text).len(), 2);
    for at in 0..text.len() {
        parse("own", &text[..at]);
    }
}

#[test]
fn own_facts_replace_built_in_ones() {
    let own = read("[g.names]\nkthread_run = { returns = \"void\" }\nmy_new_one = {}\n");
    let facts = Facts::builtin().with(&own);
    assert_eq!(
        facts.get("kthread_run").map(|f| f.returns),
        Some(Returns::Void)
    );
    assert_eq!(facts.get("my_new_one").map(|f| f.topic), Some("own"));
    assert_eq!(
        facts.get("kthread_stop"),
        Facts::builtin().get("kthread_stop")
    );
    assert_eq!(facts.iter().count(), Facts::builtin().iter().count() + 1);
}

#[test]
fn a_fact_is_described_in_the_words_of_the_file() {
    let text = Facts::builtin().get("kthread_stop").map(|f| f.to_string());
    let lines: Vec<&str> = text.as_deref().unwrap_or_default().lines().collect();
    assert_eq!(lines[0], "kthread_stop (function, kthread)");
    assert!(lines.contains(&"  does      stop-thread 0"), "{lines:?}");
    assert!(lines.contains(&"  returns   class any"), "{lines:?}");
    let create = Facts::builtin()
        .get("kthread_create_worker")
        .map(|f| f.to_string());
    let create = create.unwrap_or_default();
    assert!(
        create.contains("create-worker as not-woken if returns pos since 6.14"),
        "{create}"
    );
}
