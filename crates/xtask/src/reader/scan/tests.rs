//! What the scanner sees.

use super::{Kind, functions};
use crate::reader::lexer::lex;

fn scan(source: &str) -> Vec<(String, Vec<String>)> {
    let text = source.as_bytes();
    let show = |start: u32, end: u32| source[start as usize..end as usize].to_owned();
    functions(text, &lex(text))
        .iter()
        .map(|function| {
            let wanted = function.wanted.iter().map(|w| match w.kind {
                Kind::Label => format!("{}:", show(w.start, w.end)),
                _ => show(w.start, w.end),
            });
            (
                show(function.name.start, function.name.end),
                wanted.collect(),
            )
        })
        .collect()
}

fn body(text: &str) -> Vec<String> {
    let mut all = scan(&format!("static int f(int x)\n{{\n{text}\n}}\n"));
    assert_eq!(all.len(), 1, "one function in {text}");
    all.remove(0).1
}

fn names(source: &str) -> Vec<String> {
    scan(source).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn functions_are_told_from_types_and_tables() {
    assert_eq!(
        names("int a(void) { } struct b { int c; }; struct b *d(int e) { }"),
        ["a", "d"]
    );
    assert_eq!(
        names("static struct b t[] = { { F(1) } }; SYSCALL_DEFINE1(g, int, h) { }"),
        ["SYSCALL_DEFINE1"]
    );
    assert_eq!(
        names("__printf(1, 2) int i(char *j, ...) { } struct __aligned(8) k { int l; };"),
        ["i"]
    );
    assert_eq!(
        names("{ \"one\", .run = { A(1), }, },\n{ \"two\", B(2) },\nint a(void) { }"),
        ["a"]
    );
    assert_eq!(
        names("MODULE_X(\"y\")\nstruct m { int n; };\nint o(void) __releases(p) { }"),
        ["o"]
    );
}

#[test]
fn heads_in_arms_are_one_function() {
    assert_eq!(
        names("#ifdef A\nint a(int b,\n#else\nint a(\n#endif\nint c)\n{\n}\nint d(void)\n{\n}\n"),
        ["a", "d"]
    );
    assert_eq!(
        names(
            "#ifdef A\nint a(int b) {\n#else\nint a(void) {\n#endif\nreturn 0;\n}\nint d(void)\n{\n}\n"
        ),
        ["a", "d"]
    );
    assert_eq!(
        names(
            "int a(void)\n{\n#ifdef A\n\treturn 1;\n}\n#else\n\treturn 2;\n}\n#endif\nint d(void)\n{\n}\n"
        ),
        ["a", "d"]
    );
}

#[test]
fn calls_are_told_from_declarations() {
    assert_eq!(
        body("a(b(1), c->d(2)); e = (int)g(h);"),
        ["a", "b", "d", "g"]
    );
    assert_eq!(
        body("int (*a)(int) = b; irq_t (*c)(int); struct s *p __free(kfree) = d();"),
        ["d"]
    );
    assert_eq!(
        body("int a(int); struct s b(void); u8 c[4] __aligned(8); extern int *e(int);"),
        [""; 0]
    );
    assert_eq!(
        body("static DEFINE_MUTEX(a); DECLARE_BITMAP(b, 4);"),
        ["DEFINE_MUTEX", "DECLARE_BITMAP"]
    );
    assert_eq!(
        body("x = sizeof(a(b)) + offsetof(struct c, d); if (e) while (g(1)) (*h)(2);"),
        ["g"]
    );
    assert_eq!(body("A\n\tb(1);"), ["b"]);
    assert_eq!(
        body(
            "T(a) b; each(c) break; T(d) *e = f(1); const u8 (*g)[2]; h = (u8 (*)[3])i; struct { int j; } __aligned(8) k = { };"
        ),
        ["each", "f"]
    );
}

#[test]
fn labels_are_told_from_conditionals_and_members() {
    assert_eq!(
        body("a: b: x = c ? (int)d : e; y = g ? h ? i : j : k;"),
        ["a:", "b:"]
    );
    assert_eq!(
        body("struct { int a:3; } b = { c: 1 }; d(((struct e){ g: 2 }));"),
        ["d"]
    );
    assert_eq!(
        body("switch (x) { case A ... B: default: a: return 1; } goto a;"),
        ["case", "default", "a:", "return", "goto"]
    );
}

#[test]
fn assembler_operands_are_read_and_its_text_is_not() {
    assert_eq!(
        body("asm volatile(\"x\" T(1) : \"=r\"(y) : \"r\"(a(1)));"),
        ["a"]
    );
    assert_eq!(
        body("asm goto(\"x\" : : : : out); out: return 0;"),
        ["out:", "return"]
    );
}

#[test]
fn both_arms_count_and_unbalanced_ones_do_not_derail() {
    assert_eq!(
        body("#ifdef A\n\tif (a(1)) {\n#else\n\tif (b(1)) {\n#endif\n\tc(1); }"),
        ["a", "b", "c"]
    );
}
