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
