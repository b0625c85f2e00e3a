//! What each construct of C becomes.

use kloom_c::{Context, lower};
use kloom_diag::{Provider, Span};
use kloom_facts::Facts;
use kloom_ir::{InstrKind, LabelKind, Skipped, Terminator, Unit, mermaid, print_unit};
use std::sync::Arc;

struct NoFiles;

impl Provider for NoFiles {
    fn read(&self, _path: &str) -> Option<Arc<[u8]>> {
        None
    }
    fn list(&self, _dir: &str) -> Vec<String> {
        Vec::new()
    }
}

fn unit(text: &str) -> Unit {
    bytes(text.as_bytes())
}

fn bytes(text: &[u8]) -> Unit {
    let context = Context::new(Facts::builtin(), &NoFiles, None);
    lower(&context, "t.c", text.into())
}

/// The IR of a function with this body and parameters `int a, struct s *p`.
fn body(text: &str) -> String {
    let text = format!("void f(int a, struct s *p)\n{{\n{text}\n}}\n");
    let printed = print_unit(&unit(&text));
    let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
    // Without the head, the closing brace and the empty line after it.
    let inner = lines.get(1..lines.len() - 2).unwrap_or(&[]);
    let inner: Vec<&str> = inner.iter().map(|l| l.trim_start()).collect();
    inner.join("\n")
}

#[track_caller]
fn becomes(text: &str, expected: &str) {
    let expected: Vec<&str> = expected.trim().lines().map(str::trim).collect();
    let got = body(text);
    assert_eq!(got, expected.join("\n"), "\n--- got ---\n{got}\n");
}

#[test]
fn straight_line() {
    becomes(
        "int x = 3, y; y = x * a; p->n += y; g(x, &p->m, \"t\" \"u\");",
        "x%2: int
         y%3: int
         b0:
         x%2 = 3
         y%3 = (x%2 * a%0)
         p%1->n = (p%1->n + y%3)
         call g(x%2, &p%1->m, \"t\" \"u\")
         end",
    );
}

#[test]
fn conditions_are_edges() {
    becomes(
        "if (!a || (p && p->n > 2)) g();",
        "b0:
         if a%0 -> b1 else b3
         b1:
         if p%1 -> b2 else b4
         b2:
         if (p%1->n > 2) -> b3 else b4
         b3:
         call g()
         -> b4
         b4:
         end",
    );
}

#[test]
fn short_circuits_as_values() {
    becomes(
        "a = p && g();",
        "%2: int
         %3: ?
         b0:
         if p%1 -> b1 else b3
         b1:
         %3 = call g()
         if %3 -> b2 else b3
         b2:
         %2 = 1
         -> b4
         b3:
         %2 = 0
         -> b4
         b4:
         a%0 = %2
         end",
    );
}

#[test]
fn conditional_with_omitted_middle() {
    becomes(
        "a = g() ?: 4;",
        "%2: ?
         %3: ?
         b0:
         %2 = call g()
         %3 = %2
         if %3 -> b1 else b2
         b1:
         a%0 = %3
         -> b3
         b2:
         a%0 = 4
         -> b3
         b3:
         end",
    );
}

#[test]
fn assignments_in_conditions_and_chains() {
    becomes(
        "int b; if ((a = b = g()) < 0) h(a++);",
        "b%2: int
         %3: int
         b0:
         b%2 = call g()
         a%0 = b%2
         if (a%0 < 0) -> b1 else b2
         b1:
         %3 = a%0
         a%0 = (a%0 + 1)
         call h(%3)
         -> b2
         b2:
         end",
    );
}

#[test]
fn loops() {
    becomes(
        "for (a = 0; a < 3; a++) { if (g()) continue; break; } do h(); while (a);",
        "%2: ?
         b0:
         a%0 = 0
         -> b1
         b1:
         if (a%0 < 3) -> b2 else b4
         b2:
         %2 = call g()
         if %2 -> b3 else b4
         b3:
         a%0 = (a%0 + 1)
         -> b1
         b4:
         call h()
         if a%0 -> b4 else b5
         b5:
         end",
    );
}

#[test]
fn switches() {
    becomes(
        "switch (a) { case 1: case 'a' ... 'c': g(); case FOO: h(); break; default: return; } g();",
        "b0:
         switch a%0 1 -> b1, 97..99 -> b2, ? -> b3, else b4
         b1: [case]
         -> b2
         b2: [case]
         call g()
         -> b3
         b3: [case]
         call h()
         call g()
         end
         b4: [default]
         return",
    );
}

#[test]
fn gotos_and_labels_at_block_ends() {
    becomes(
        "if (a) { again: g(); goto out; } if (p) goto again; out: ;",
        "b0:
         if a%0 -> b3 else b1
         b1:
         if p%1 -> b2 else b4
         b2:
         goto b3
         b3: [again]
         call g()
         goto b4
         b4: [out]
         end",
    );
}

#[test]
fn computed_goto_leads_to_taken_labels() {
    becomes(
        "void *t[] = { &&one, &&two }; goto *t[a]; one: g(); two: h();",
        "t%2: void*[]
         b0:
         t%2 = 0
         t%2[0] = ?
         t%2[1] = ?
         eval t%2[_]
         goto b1
         b1:
         either b2, b3
         b2: [one]
         call g()
         -> b3
         b3: [two]
         call h()
         end",
    );
}

#[test]
fn statement_expression_and_comma() {
    becomes(
        "a = ({ int t = g(); h(), t + 1; });",
        "t%2: int
         b0:
         t%2 = call g()
         call h()
         a%0 = (t%2 + 1)
         end",
    );
}

#[test]
fn unevaluated_operands_keep_their_calls_out_of_the_way() {
    becomes(
        "a = sizeof(g(a)) + 1;",
        "%2: ?
         b0:
         a%0 = (sizeof ? + 1)
         end
         b1:
         %2 = call g(a%0)
         unreachable",
    );
}

#[test]
fn initialisers_are_member_by_member() {
    let text = "struct in { int u, v; };\n\
                struct out { struct in i; int k[3]; };\n\
                void f(void) { struct out o = { .i.v = 1, .k = { [2] = 7 } }, q = { { 3, 4 } }; }";
    let printed = print_unit(&unit(text));
    for line in [
        "o%0 = 0",
        "o%0.i.v = 1",
        "o%0.k[2] = 7",
        "q%1 = 0",
        "q%1.i.u = 3",
        "q%1.i.v = 4",
    ] {
        assert!(
            printed.contains(&format!("  {line}\n")),
            "{line}\n{printed}"
        );
    }
}

#[test]
fn calls_through_pointers() {
    becomes(
        "p->open(a); (*p->close)(a); ((struct s *)p->q)->open(1);",
        "b0:
         call *p%1->open(a%0)
         call *p%1->close(a%0)
         call *p%1->q->open(1)
         end",
    );
}

#[test]
fn names_keep_their_values() {
    let text = "enum e { ONE = 1, TWO, NINE = 9, TEN };\n#define K (-3)\n#define L K\n\
                int f(void) { return TWO + TEN + L + UNKNOWN; }\nint g(void) { return -ENOMEM; }";
    let printed = print_unit(&unit(text));
    assert!(
        printed.contains("return (((2 + 10) + -3) + 'UNKNOWN)"),
        "{printed}"
    );
    assert!(printed.contains("return -'ENOMEM"), "{printed}");
}

#[test]
fn types_reach_places() {
    let text = "struct in { int n; };\ntypedef struct in in_t;\n\
                struct out { in_t *i; struct device dev; };\n\
                void f(struct device *d) { container_of(d, struct out, dev)->i->n = 1; }";
    let unit = unit(text);
    let function = &unit.functions[0];
    let owners: Vec<String> = function
        .places
        .iter()
        .filter_map(|(_, place)| match place.base {
            kloom_ir::Base::Step(_, kloom_ir::Elem::Field { owner, name }) => Some(format!(
                "{}.{}",
                unit.names.text(owner.expect("known owner")),
                unit.names.text(name)
            )),
            _ => None,
        })
        .collect();
    assert_eq!(owners, ["out.i", "in.n"]);
}

#[test]
fn iterators_move_their_variable() {
    becomes(
        "struct s *q; list_for_each_entry(q, &p->list, node) { if (q->n) continue; g(q); }",
        "q%2: struct s*
         b0:
         -> b1
         b1:
         call list_for_each_entry(q%2, &p%1->list, @node)
         q%2 = ?
         if ? -> b2 else b4
         b2:
         if q%2->n -> b1 else b3
         b3:
         call g(q%2)
         -> b1
         b4:
         end",
    );
}

#[test]
fn iterators_of_the_file() {
    let text = "#define each_part(x, w) for (x = (w)->first; x; x = x->next)\n\
                void f(struct whole *w) { struct part *x; each_part(x, w) g(x); }";
    let printed = print_unit(&unit(text));
    assert!(printed.contains("call each_part(x%1, w%0)\n"), "{printed}");
    assert!(printed.contains("x%1 = ?\n"), "{printed}");
}

#[test]
fn waits_test_and_sleep() {
    becomes(
        "if (wait_event_interruptible(p->q, a && p->done)) return;",
        "%2: long
         b0:
         call wait_event_interruptible(p%1->q, ?)
         -> b1
         b1:
         wait test wait_event_interruptible
         if a%0 -> b2 else b4
         b2:
         if p%1->done -> b3 else b4
         b3:
         %2 = 0
         -> b6
         b4:
         wait sleep wait_event_interruptible
         either b1, b5
         b5:
         %2 = -512
         -> b6
         b6:
         if %2 -> b7 else b8
         b7:
         return
         b8:
         end",
    );
}

#[test]
fn waits_without_a_result_end_only_when_the_condition_holds() {
    becomes(
        "wait_event(p->q, a);",
        "b0:
         call wait_event(p%1->q, ?)
         -> b1
         b1:
         wait test wait_event
         if a%0 -> b2 else b3
         b2:
         end
         b3:
         wait sleep wait_event
         -> b1",
    );
}

/// The calls that the lowering made up, in block order.
fn releases(unit: &Unit) -> usize {
    let blocks = unit.functions.iter().flat_map(|f| &f.blocks);
    let instrs = blocks.flat_map(|b| &b.instrs);
    instrs
        .filter(|i| matches!(&i.kind, InstrKind::Call(call) if call.synthetic))
        .count()
}

#[test]
fn guards_are_released_at_every_way_out() {
    let text = "int f(struct s *p) {\n\
                guard(mutex)(&p->m);\n\
                if (p->a) return 1;\n\
                if (p->b) goto out;\n\
                p->n++;\n\
                out: return 0; }";
    // Both returns release; the goto stays inside the scope.
    assert_eq!(releases(&unit(text)), 2);
}

#[test]
fn scoped_guards_end_with_their_block() {
    let text = "void f(struct s *p) {\n\
                for (;;) { scoped_guard(mutex, &p->m) { if (p->a) break; if (p->b) return; } g(); }\n\
                }";
    // `break` leaves the guarded block only.
    let unit = unit(text);
    assert_eq!(releases(&unit), 3);
    let printed = print_unit(&unit);
    assert!(printed.contains("call g()"), "{printed}");
}

#[test]
fn freed_variables_are_freed_when_their_scope_ends() {
    let text = "int f(void) {\n\
                char *b __free(kfree) = kmalloc(8, GFP_KERNEL);\n\
                if (!b) return -ENOMEM;\n\
                return fill(b); }";
    let unit = unit(text);
    assert_eq!(releases(&unit), 2);
    let printed = print_unit(&unit);
    assert!(printed.contains("end of b%0"), "{printed}");
}

#[test]
fn config_arms_are_branches_on_one_number() {
    let text = "int f(int a) {\n#ifdef CONFIG_X\n a = 1;\n#else\n a = 2;\n#endif\n\
                #if !IS_ENABLED(CONFIG_X)\n g();\n#endif\n return a; }";
    let unit = unit(text);
    assert_eq!(unit.configs, ["CONFIG_X"]);
    let printed = print_unit(&unit);
    assert!(printed.contains("if #CONFIG_X -> b1 else b2"), "{printed}");
    assert!(printed.contains("if #CONFIG_X -> b5 else b4"), "{printed}");
}

#[test]
fn both_definitions_of_a_function_are_kept() {
    let text =
        "#ifdef CONFIG_X\nint f(void) { return 1; }\n#else\nint f(void) { return 2; }\n#endif\n";
    let unit = unit(text);
    let name = unit.names.find("f").expect("the name");
    assert_eq!(unit.named(name).len(), 2);
}

#[test]
fn macros_of_the_file_are_functions_of_their_own() {
    let text = "#define busy(p) ((p)->n > limit(p))\n\
                #define bail(x) do { if (x) return -1; } while (0)\n\
                int f(struct s *p) { bail(p); return busy(p); }";
    let printed = print_unit(&unit(text));
    assert!(printed.contains("macro fn busy(p%0: ?)"), "{printed}");
    // The caller may be left inside the macro.
    assert!(printed.contains("call bail(p%0)\n  either"), "{printed}");
}

#[test]
fn macros_change_only_the_locals_they_name() {
    let text = "#define note(x) log(\"ret %d\\n\", (x)->ret, level)\n\
                void f(struct s *p) { int ret = 1, level = 2; note(p); }";
    let printed = print_unit(&unit(text));
    assert!(printed.contains("opaque [level%2]\n"), "{printed}");
}

#[test]
fn jumps_in_macro_arguments_may_be_taken() {
    becomes(
        "check(a, return); check(a, goto out); g(); out: ;",
        "b0:
         either b1, b2
         b1:
         return
         b2:
         call check(a%0, ?)
         either b3, b4
         b3:
         goto b5
         b4:
         call check(a%0, ?)
         call g()
         -> b5
         b5: [out]
         end",
    );
}

#[test]
fn tables_say_which_function_is_which_entry() {
    let text = "static int my_open(void) { return 0; }\n\
                static int my_probe(void) { return 0; }\n\
                static const struct ops o = { .open = my_open, .read = other };\n\
                static struct driver d[] = { { .probe = &my_probe, .pm = { .suspend = my_open } } };\n\
                void f(struct thing *t) { t->ops.open = my_open; }";
    let unit = unit(text);
    let text = |name| unit.names.text(name);
    let entries: Vec<String> = unit
        .entries
        .iter()
        .map(|e| {
            let owner = e.owner.map_or("?", text);
            let table = e.table.map_or("?", text);
            format!("{table} {owner}.{} {}", text(e.member), text(e.function))
        })
        .collect();
    assert_eq!(
        entries,
        [
            "o ops.open my_open",
            "d driver.probe my_probe",
            "d ?.suspend my_open",
            "t ?.open my_open",
        ]
    );
}

#[test]
fn globals_know_linkage_and_value() {
    let unit =
        unit("static int n = 4;\nextern long far;\nstruct s *p = NULL;\nint t[2] = { 1, 2 };\n");
    let shown: Vec<String> = unit
        .globals
        .iter()
        .map(|g| {
            let name = unit.names.text(g.name);
            format!("{name} {:?} {} {:?}", g.linkage, g.is_extern, g.init)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "n Static false Some(Int(4))",
            "far External true None",
            "p External false Some(Int(0))",
            "t External false Some(Unknown)",
        ]
    );
}

#[test]
fn calls_that_never_return_end_their_block() {
    becomes(
        "if (a) { BUG(); } g();",
        "b0:
         if a%0 -> b1 else b2
         b1:
         call BUG()
         unreachable
         b2:
         call g()
         end",
    );
}

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
fn old_style_parameters() {
    let printed = print_unit(&unit("int f(a, b) int a; char *b; { return a; }"));
    assert!(
        printed.contains("fn f(a%0: int, b%1: char*) -> int"),
        "{printed}"
    );
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
fn headers_are_read_for_what_is_asked() {
    struct Header(String);
    impl Provider for Header {
        fn read(&self, path: &str) -> Option<Arc<[u8]>> {
            (path == "d/t.h").then(|| self.0.as_bytes().into())
        }
        fn list(&self, _dir: &str) -> Vec<String> {
            vec!["t.h".to_owned()]
        }
    }
    let chain: String = (1..20_000)
        .rev()
        .map(|n| format!("typedef t{} t{n};\n", n - 1))
        .collect();
    let header = Header(format!(
        "struct part {{ int n; }};\nstruct whole {{ struct part *p; }};\n\
         static inline int half(struct part *p) {{ return p->n / 2; }}\n\
         int far(int a);\n#define twice(x) ((x) * 2)\nenum e {{ A = 4, B }};\n{chain}"
    ));
    let context = Context::new(Facts::builtin(), &header, None);
    let text = b"#include \"t.h\"\n\
        int f(struct whole *w) { t19999 x; return half(w->p) + twice(A) + far(w->p->n); }";
    let unit = lower(&context, "d/t.c", text[..].into());
    let printed = print_unit(&unit);
    for piece in [
        "header fn half(p%0: struct part*) -> int",
        "macro fn twice(x%0: ?)",
        "call twice(4)",
    ] {
        assert!(printed.contains(piece), "{piece}\n{printed}");
    }
    let far = unit.names.find("far").expect("the name");
    assert!(unit.declared.contains_key(&far));
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
