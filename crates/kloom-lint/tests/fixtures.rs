//! `fixtures/lint`: a finding is expected exactly where a line says so. Functions named `fp_…` and
//! `fn_…` hold known wrong answers, so that a change of them is seen.

mod common;

#[test]
fn findings_are_where_the_fixtures_say() {
    let root = common::fixtures();
    let mut failures = Vec::new();
    for (path, text) in common::sources(&root) {
        let path = path.strip_prefix(&root).unwrap().to_str().unwrap();
        let expected = expectations(&text);
        let own = path.split('/').next();
        let asked: Vec<&str> = own
            .into_iter()
            .chain(expected.iter().map(|(_, r)| &**r))
            .collect();
        let found = common::lint(path, &text, &asked);
        let missing = expected
            .iter()
            .filter(|e| !found.contains(e))
            .map(|e| ("missing", e));
        let extra = found
            .iter()
            .filter(|f| !expected.contains(f))
            .map(|f| ("extra", f));
        for (what, (line, rule)) in missing.chain(extra) {
            failures.push(format!("fixtures/lint/{path}:{line}: {what} {rule}"));
        }
        if found.len() > expected.len() && failures.is_empty() {
            failures.push(format!(
                "fixtures/lint/{path}: something is found twice: {found:?}"
            ));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn files_of_a_tree_that_are_not_parsed_have_no_findings() {
    let root = common::fixtures();
    for (path, text) in common::sources(&root) {
        let path = path.strip_prefix(&root).unwrap().to_str().unwrap();
        for (line, rule) in expectations(&text) {
            let on = [rule.clone()];
            let whole = common::report(path, &text, &on);
            let found = common::report_of_tree(path, &text, &on);
            let found = found.map(|report| report.diagnostics).unwrap_or_default();
            assert!(!found.is_empty(), "{path}:{line}: {rule}");
            assert_eq!(found, whole.diagnostics, "{path}:{line}: {rule}");
        }
    }
    let idle = "int twice(int n)\n{\n\treturn 2 * n ? \"unread : 0;\n}\n";
    let all: Vec<String> = kloom_lint::rules()
        .iter()
        .filter(|rule| !rule.preview)
        .map(|rule| rule.name.to_owned())
        .collect();
    assert!(common::report_of_tree("idle.c", idle, &all).is_none());
    assert!(!common::report("idle.c", idle, &all).not_analysed.is_empty());
}

/// Line and rule of each `/* expect: rule */`.
fn expectations(text: &str) -> Vec<(u32, String)> {
    let mut all = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        for part in text.split("/* expect: ").skip(1) {
            let (rule, _) = part.split_once(" */").expect("`/* expect: rule */`");
            assert!(
                kloom_lint::rule(rule).is_some(),
                "line {line}: no rule `{rule}`"
            );
            all.push((line, rule.to_owned()));
        }
    }
    all
}
