//! Nothing is lost, and nothing breaks it.

use super::*;

#[test]
fn broken_text_harms_only_itself() {
    let text = "void f(int a) { int b = 1; g(a); b = a @@ ] 3; if (a) goto out; h(b); out: k(); }\n\
                void n(void) { g(1); }";
    let unit = unit(text);
    assert_eq!(unit.functions.len(), 2);
    assert!(unit.functions[0].opaque > 0);
    assert_eq!(unit.functions[1].opaque, 0);
    let skipped = unit.coverage.skipped.iter().map(|(why, _)| *why);
    assert!(skipped.clone().all(|why| why == Skipped::Syntax) && skipped.count() > 0);
    let printed = print_unit(&unit);
    for call in ["call g(a%0)", "call h(b%1)", "call k()"] {
        assert!(printed.contains(call), "{call}\n{printed}");
    }
}

#[test]
fn nesting_has_a_bound_and_loses_no_call() {
    let deep = format!(
        "void f(int a) {{ {} g(1); {} h(2); }}",
        "if (a) {".repeat(5_000),
        "}".repeat(5_000)
    );
    let unit = unit(&deep);
    assert!(
        unit.coverage
            .skipped
            .iter()
            .any(|(why, _)| *why == Skipped::Depth)
    );
    let printed = print_unit(&unit);
    assert!(printed.contains("call g()") && printed.contains("call h(2)"));
}

#[test]
fn hostile_text_is_only_text() {
    for text in [
        &b"int f(void) { return g(\0); }\xff\xfe \x1b[31m \"\xff\""[..],
        b"#define A(x) B(x)\n#define B(x) A(x)\n#define C D\n#define D C\nint f(void) { A(1); return C; }",
        b"int f(void) { return ((((((((((((((",
        b"}}}}} case 1: default: goto x; return 3; else",
        b"",
    ] {
        let unit = bytes(text);
        let printed = print_unit(&unit);
        assert!(!printed.contains('\x1b'));
    }
    let long = format!(
        "int f(int a) {{ {} g(); return 0; }}",
        "if (a) h(); else ".repeat(20_000)
    );
    let unit = unit(&long);
    assert!(unit.coverage.skipped.is_empty());
}

#[test]
fn chains_of_conditionals_have_a_bound() {
    let text = format!("int f(int x) {{ return {} x; }}", "x ? 1 : ".repeat(50_000));
    let unit = unit(&text);
    assert!(
        unit.coverage
            .skipped
            .iter()
            .any(|(why, _)| *why == Skipped::Depth)
    );
}

#[test]
fn charts_hold_no_markup_of_the_source() {
    let unit = unit("void f(void) { printk(\"<b>\\\"`|%%{x}\"); }");
    let chart = mermaid(&unit, &unit.functions[0]);
    assert!(chart.starts_with("flowchart TD\n"));
    assert!(!chart.contains("<b>") && !chart.contains('`') && !chart.contains('{'));
}

/// Every word in front of a parenthesis and every jump and label word of this program, once.
#[test]
fn every_token_stands_in_the_ir_once() {
    let text = include_str!("everything.c");
    let unit = unit(text);
    let mut found: Vec<(u32, &str)> = Vec::new();
    let mut add = |span: Span, kind| {
        if span.file.0 == 0 {
            found.push((span.start, kind));
        }
    };
    for block in unit.functions.iter().flat_map(|f| &f.blocks) {
        for label in &block.labels {
            match label.kind {
                LabelKind::Named(_) => add(label.span, "label"),
                LabelKind::Case | LabelKind::Default => add(label.span, "case"),
            }
        }
        for instr in &block.instrs {
            if let InstrKind::Call(call) = &instr.kind
                && !call.synthetic
            {
                // `(*p)(…)` has no word in front of its parenthesis.
                let word = unit.files.slice(call.callee_span);
                if word.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_') {
                    add(call.callee_span, "call");
                }
            }
        }
        match block.term {
            Terminator::Goto {
                written: Some(w), ..
            } => add(w, "goto"),
            Terminator::Return {
                written: Some(w), ..
            } => add(w, "return"),
            _ => {}
        }
    }
    found.sort_unstable();
    let expected = tokens(text);
    let show = |list: &[(u32, &str)]| -> Vec<String> {
        let line = |at: u32| 1 + text[..at as usize].matches('\n').count();
        list.iter()
            .map(|(at, kind)| format!("{kind} at {}:{at}", line(*at)))
            .collect()
    };
    assert_eq!(show(&found), show(&expected));
}

/// A reader of words that knows just enough for the program above.
fn tokens(text: &str) -> Vec<(u32, &'static str)> {
    let mut tokens = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    // Bodies start with a brace in the first column and end with one.
    let mut inside = false;
    while at < bytes.len() {
        let first = at == 0 || bytes[at - 1] == b'\n';
        match bytes[at] {
            b'{' if first => inside = true,
            b'}' if first => inside = false,
            b'#' if first => {
                at += text[at..].find('\n').unwrap_or(0);
                continue;
            }
            b'"' => at += 1 + text[at + 1..].find('"').unwrap_or(0),
            b if b.is_ascii_alphabetic() || b == b'_' => {
                let rest = &text[at..];
                let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
                let len = rest.find(word).unwrap_or(rest.len());
                let next = rest[len..].trim_start().chars().next().unwrap_or(' ');
                let kind = match (&rest[..len], next) {
                    ("return", _) => Some("return"),
                    ("goto", _) => Some("goto"),
                    ("case" | "default", _) => Some("case"),
                    ("if" | "while" | "for" | "switch" | "sizeof" | "typeof" | "volatile", _) => {
                        None
                    }
                    (_, '(') => Some("call"),
                    (word, ':') if word.starts_with("l_") => Some("label"),
                    _ => None,
                };
                if let Some(kind) = kind.filter(|_| inside) {
                    tokens.push((at as u32, kind));
                }
                at += len;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    tokens
}
