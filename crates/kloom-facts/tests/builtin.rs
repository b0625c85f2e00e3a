//! What holds for every built-in fact.

use kloom_facts::{Classes, Facts, Kind, Returns, Verb, Version, When};

fn all() -> Vec<&'static kloom_facts::Fact> {
    Facts::builtin().iter().collect()
}

#[test]
fn names_are_sorted_and_unique() {
    for pair in all().windows(2) {
        assert!(
            pair[0].name < pair[1].name,
            "{} {}",
            pair[0].name,
            pair[1].name
        );
    }
}

#[test]
fn every_name_is_found_and_no_other() {
    let facts = Facts::builtin();
    for fact in all() {
        assert_eq!(facts.get(fact.name), Some(fact));
        let other = format!("{}_unheard_of", fact.name);
        assert_eq!(facts.get(&other), None);
    }
    assert_eq!(facts.get(""), None);
    assert_eq!(facts.get("kthread_stopp"), None);
}

#[test]
fn every_fact_says_where_it_was_read() {
    for fact in all() {
        assert!(
            !fact.source.is_empty() || fact.versions.until.is_some(),
            "{}",
            fact.name
        );
    }
}

#[test]
fn releases_are_in_order() {
    let sane =
        |v: Version| v >= Version { major: 2, minor: 6 } && v < Version { major: 8, minor: 0 };
    for fact in all() {
        let effects = fact.effects.iter().map(|e| e.versions);
        for versions in effects.chain([fact.versions]) {
            assert!(versions.since.is_none_or(sane), "{}", fact.name);
            assert!(versions.until.is_none_or(sane), "{}", fact.name);
            if let (Some(since), Some(until)) = (versions.since, versions.until) {
                assert!(since < until, "{}", fact.name);
            }
        }
    }
}

#[test]
fn arguments_are_few() {
    for fact in all() {
        for effect in fact.effects {
            let when = match effect.when {
                When::ArgHas(arg, _) | When::ArgLacks(arg, _) | When::ArgIs(arg, _) => Some(arg),
                _ => None,
            };
            for arg in [effect.arg, effect.with, when].into_iter().flatten() {
                assert!(arg < 12, "{}", fact.name);
            }
        }
    }
}

#[test]
fn creation_can_fail_with_an_error_pointer() {
    for fact in all() {
        if fact.does(Verb::StartThread) || fact.does(Verb::CreateWorker) {
            assert_eq!(
                fact.returns,
                Returns::ErrPtr { null: false },
                "{}",
                fact.name
            );
        }
    }
}

#[test]
fn error_pointers_are_told_apart_by_their_class() {
    let returns = |name: &str| Facts::builtin().get(name).map(|f| f.returns);
    let null_or_error = Classes::ZERO.or(Classes::NEG);
    assert_eq!(returns("IS_ERR"), Some(Returns::Test(0, Classes::NEG)));
    assert_eq!(
        returns("IS_ERR_OR_NULL"),
        Some(Returns::Test(0, null_or_error))
    );
    assert_eq!(returns("PTR_ERR_OR_ZERO"), Some(Returns::ErrorOrZero(0)));
    assert_eq!(returns("ERR_CAST"), Some(Returns::Arg(0)));
}

#[test]
fn kinds_are_what_the_front_end_expects() {
    let kind = |name: &str| Facts::builtin().get(name).map(|f| f.kind);
    assert_eq!(kind("list_for_each_entry"), Some(Kind::Iterator));
    assert_eq!(kind("scoped_guard"), Some(Kind::ScopedBlock));
    assert_eq!(kind("guard"), Some(Kind::ScopeGuard));
    assert_eq!(kind("__init"), Some(Kind::Attribute));
    assert_eq!(kind("module_init"), Some(Kind::TopLevel));
    assert_eq!(kind("DECLARE_BITMAP"), Some(Kind::Declarer));
    assert_eq!(kind("kthread_run"), Some(Kind::Function));
}
