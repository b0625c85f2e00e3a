//! Values, types, tables, names.

use super::*;

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
fn both_definitions_of_a_function_are_kept() {
    let text =
        "#ifdef CONFIG_X\nint f(void) { return 1; }\n#else\nint f(void) { return 2; }\n#endif\n";
    let unit = unit(text);
    let name = unit.names.find("f").expect("the name");
    assert_eq!(unit.named(name).len(), 2);
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
fn old_style_parameters() {
    let printed = print_unit(&unit("int f(a, b) int a; char *b; { return a; }"));
    assert!(
        printed.contains("fn f(a%0: int, b%1: char*) -> int"),
        "{printed}"
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
