//! The rules' pages: their examples run, their conventions hold.

mod common;

use kloom_lint::rules;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn wrong_examples_give_one_finding_and_right_ones_none() {
    let mut failures = Vec::new();
    for rule in rules() {
        for example in rule.examples {
            let found = common::lint("example.c", example.code, &[rule.name]);
            let expected: &[&str] = if example.wrong { &[rule.name] } else { &[] };
            let got: Vec<&str> = found.iter().map(|(_, rule)| rule.as_str()).collect();
            if got != expected {
                let kind = if example.wrong { "wrong" } else { "right" };
                failures.push(format!("{}, {kind} example: {found:?}", rule.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_check_is_named_by_a_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks");
    let modules: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .filter(|name| name != "mod")
        .collect();
    let named: BTreeSet<String> = kloom_lint::checks().map(str::to_owned).collect();
    assert_eq!(modules, named);
}

#[test]
fn every_rule_has_fixtures() {
    for rule in rules() {
        let folder = common::fixtures().join(rule.name);
        let files = common::sources(&folder);
        let expectations = |text: &str| text.matches("/* expect: ").count();
        let firing: usize = files.iter().map(|(_, text)| expectations(text)).sum();
        assert!(firing >= 3, "{}: {firing} firing cases", rule.name);
        let silent = files.iter().any(|(_, text)| expectations(text) == 0);
        assert!(silent, "{}: no file that must stay silent", rule.name);
    }
}

#[test]
fn fixtures_belong_to_a_rule() {
    for entry in fs::read_dir(common::fixtures()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            kloom_lint::rule(&name).is_some(),
            "fixtures/lint/{name}: there is no such rule"
        );
    }
}

#[test]
fn subsumed_rules_exist_and_do_not_go_in_circles() {
    for rule in rules() {
        for name in rule.subsumes {
            let other = kloom_lint::rule(name);
            let other = other.unwrap_or_else(|| panic!("{} subsumes `{name}`", rule.name));
            assert!(
                !other.subsumes.contains(&rule.name),
                "{} and {name}",
                rule.name
            );
            // What it subsumes is subsumed, so that the order of folding does not matter.
            assert!(
                other.subsumes.iter().all(|n| rule.subsumes.contains(n)),
                "{}",
                rule.name
            );
        }
    }
}

#[test]
fn pages_are_written_alike() {
    for rule in rules() {
        let name = rule.name;
        assert!(
            name.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
            "{name}"
        );
        assert!(
            rule.summary.ends_with('.') && rule.summary.len() < 120,
            "{name}: {}",
            rule.summary
        );
        assert!(
            rule.page.contains("It is silent"),
            "{name} does not say when it is silent"
        );
        let long = rule.page.lines().find(|line| line.chars().count() > 130);
        assert_eq!(long, None, "{name}");
    }
}
