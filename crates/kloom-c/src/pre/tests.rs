//! What each rewrite changes, and near misses that must stay as they are.

use super::*;
use kloom_facts::Version;
use tree_sitter::{Node, Parser};

fn words() -> Words {
    let target = Version {
        major: 6,
        minor: 12,
    };
    Words::new(kloom_facts::Facts::builtin(), Some(target))
}

fn prepared(text: &str) -> Prepared {
    let out = prepare(text.as_bytes(), &words());
    assert_eq!(out.text.len(), text.len());
    for (was, is) in text.bytes().zip(&out.text) {
        assert_eq!(was == b'\n', *is == b'\n', "newlines moved: {text}");
    }
    out
}

/// The prepared text without the marks in front of call statements.
fn unmarked(text: &str, out: &Prepared) -> String {
    let pairs = text.bytes().zip(&out.text);
    let bytes = pairs.map(|(was, is)| match (was, *is) {
        (b' ' | b'\t', b'+') => was,
        (_, is) => is,
    });
    String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
}

/// The text without runs of blanks.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn broken(node: &Node<'_>) -> bool {
    node.has_error()
}

fn parses(text: &[u8]) -> bool {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_c::LANGUAGE.into())
        .expect("the grammar fits the library");
    let tree = parser.parse(text, None).expect("no limits are set");
    !broken(&tree.root_node())
}

/// `text` becomes `wanted`, blanks aside, and parses.
#[track_caller]
fn becomes(text: &str, wanted: &str) -> Prepared {
    let out = prepared(text);
    assert_eq!(squeezed(&unmarked(text, &out)), wanted);
    assert!(parses(&out.text), "{}", String::from_utf8_lossy(&out.text));
    out
}

/// `text` stays as it is.
#[track_caller]
fn stays(text: &str) -> Prepared {
    let out = prepared(text);
    assert_eq!(unmarked(text, &out), text);
    assert!(parses(&out.text), "{text}");
    out
}

/// The same inside a function.
#[track_caller]
fn body(text: &str, wanted: &str) -> Prepared {
    becomes(
        &format!("void f(void) {{ {text} }}"),
        &format!("void f(void) {{ {wanted} }}"),
    )
}

#[track_caller]
fn body_stays(text: &str) {
    stays(&format!("void f(void) {{ {text} }}"));
}

fn texts(of: &str, list: &[Extent]) -> Vec<String> {
    list.iter()
        .map(|e| String::from_utf8_lossy(e.of(of.as_bytes())).into_owned())
        .collect()
}

#[test]
fn attributes_leave_declarations() {
    let text = "static int __init start(void) __must_hold(&l) { return 0; }";
    let out = becomes(text, "static int start(void) { return 0; }");
    let names: Vec<_> = out.attributes.iter().map(|a| a.name).collect();
    assert_eq!(texts(text, &names), ["__init", "__must_hold"]);
    let wholes: Vec<_> = out.attributes.iter().map(|a| a.whole).collect();
    assert_eq!(texts(text, &wholes), ["__init", "__must_hold(&l)"]);

    becomes("int count __read_mostly = 3;", "int count = 3;");
    becomes("char name[10] __aligned(8);", "char name[10] ;");
    becomes("void __iomem *base;", "void *base;");
    becomes("u32 __iomem *base;", "u32 *base;");
    becomes(
        "int f(char __user *p, u8 __rcu *q);",
        "int f(char *p, u8 *q);",
    );
    becomes("struct s { int a; } __packed;", "struct s { int a; } ;");
    becomes("struct s { int a __aligned(4); };", "struct s { int a ; };");
    becomes(
        "__printf(1, 2) void say(const char *f);",
        "void say(const char *f);",
    );
    becomes(
        "static __always_inline __must_check u64 now(void) { return 0; }",
        "static u64 now(void) { return 0; }",
    );
    body("void __user *p = (void __user *)q;", "void *p = (void *)q;");
    body("p = (struct s *__user)q;", "p = (struct s * )q;");
    body("x = (__force u32)y;", "x = ( u32)y;");
    body("int __maybe_unused n;", "int n;");
}

#[test]
fn each_gnu_attribute_is_recorded() {
    let text = "int x __attribute__((unused, aligned(4)));";
    let out = becomes(text, "int x ;");
    let wholes: Vec<_> = out.attributes.iter().map(|a| a.whole).collect();
    assert_eq!(texts(text, &wholes), ["unused", "aligned(4)"]);
}

#[test]
fn names_that_look_like_attributes_stay() {
    stays("static int __start(void) { return __count; }");
    stays("__u32 x; __be16 y; __kernel_size_t z;");
    stays("struct __pair { int a; };");
    stays("int f(int __a, char *__b);");
    body_stays("__count = __get(x); __put(y);");
    body_stays("u32 __tmp = 3;");
}

#[test]
fn iterators_become_loops() {
    let text = "void f(void) { list_for_each_entry(p, &h, m) { g(p); } }";
    let out = becomes(text, "void f(void) { while (p, &h, m) { g(p); } }");
    let [block] = &out.blocks[..] else {
        panic!("{:?}", out.blocks)
    };
    assert_eq!(block.kind, BlockKind::Iterator);
    assert_eq!(texts(text, &[block.name]), ["list_for_each_entry"]);

    body("my_for_each_thing(p) g(p);", "while (p) g(p);");
    body(
        "if (x) for_each_cpu(c, m) g(c);",
        "if (x) while (c, m) g(c);",
    );
    body("for_each_thing() { g(); }", "while(0) { g(); }");
    body("walk(p) { g(p); }", "if (p) { g(p); }");
    body_stays("for_each_done(p); x = for_each_count(p) + 1;");
    becomes(
        "#define each(p) for (p = 0; p; p++)\nvoid f(void) { each(p) g(p); }",
        "void f(void) { if (p) g(p); }",
    );
}

#[test]
fn types_in_arguments_become_identifiers() {
    let text = "void f(void) { s = container_of(p, struct box, lid); }";
    let out = becomes(
        text,
        "void f(void) { s = container_of(p, T_________, lid); }",
    );
    assert_eq!(texts(text, &out.type_args), ["struct box"]);
    body(
        "n = min_t(unsigned int, a, b);",
        "n = min_t(T___________, a, b);",
    );
    body("p = va_arg(ap, box_t *);", "p = va_arg(ap, T______);");
    body(
        "x = f(const char __user *, y);",
        "x = f(T__________________, y);",
    );
    body("typeof(*p) q = *p;", "T_________ q = *p;");
    body(
        "each_box(struct box *b = first(x)) { }",
        "while ( b = first(x)) { }",
    );
    body_stays("n = f(a * b, c); m = g(a, (struct s *)b);");
    body_stays("n = sizeof(struct s) + sizeof(int *);");
    stays("int f(struct s *p, unsigned int n, int (*cb)(void *));");
}

#[test]
fn macros_at_file_scope_leave() {
    let text = "MODULE_LICENSE(\"GPL\");\nstatic DEFINE_MUTEX(m);\nEXPORT_SYMBOL(f)\nint x;";
    let out = becomes(text, "int x;");
    let names: Vec<_> = out.top_macros.iter().map(|m| m.name).collect();
    assert_eq!(
        texts(text, &names),
        ["MODULE_LICENSE", "DEFINE_MUTEX", "EXPORT_SYMBOL"]
    );
    let args: Vec<_> = out.top_macros.iter().map(|m| m.args[0]).collect();
    assert_eq!(texts(text, &args), ["\"GPL\"", "m", "f"]);
    becomes("int x;\nmodule_exit(leave)", "int x;");
    becomes(
        "static DEFINE_PER_CPU(struct box, boxes) = { .lid = 1 };",
        "static struct box boxes = { .lid = 1 };",
    );
    becomes("COMMON_CLK(one) = { 1 };", "int one = { 1 };");
    becomes(
        "machine(warp) { .name = \"w\", };",
        "int warp= { .name = \"w\", };",
    );
    becomes("typedef ARRAY(struct x) xs;", "typedef T______________ xs;");
    stays("static struct s x = INIT(x);");
    stays("int f(void);\nstatic int g(int a);");
}

#[test]
fn heads_made_by_macros_become_functions() {
    let text = "SYSCALL_DEFINE2(shut, int, fd, int, how)\n{\n\treturn g(fd);\n}";
    let out = becomes(text, "int shut( int fd, int how) { return g(fd); }");
    let [head] = &out.heads[..] else {
        panic!("{:?}", out.heads)
    };
    assert_eq!(
        texts(text, &[head.name, head.function]),
        ["SYSCALL_DEFINE2", "shut"]
    );
    assert_eq!(head.args.len(), 5);
    becomes(
        "CALL(put,\n\tchar __user *, to,\n\tsize_t, n)\n{\n}",
        "int put( char * to, size_t n) { }",
    );
    becomes("LONG_TEST(one,\n\ttwo)\n{\n}", "int one() { }");
    becomes("TEST(one) { g(); }", "int one() { g(); }");
}

#[test]
fn gnu_forms_become_plain() {
    body(
        "switch (x) { case 1 ... 3: g(); }",
        "switch (x) { case 1 || 3: g(); }",
    );
    body("goto *table[i];", "*table[i];");
    body("p = &&out; out: ;", "p = & out; out: ;");
    body("asm volatile(\"nop\" ::: \"memory\");", "asm (\"\" );");
    body("n = __alignof__(*p);", "n = __alignof__(T_);");
    body(
        "n = offsetof(struct s, a.b[1]);",
        "n = offsetof(struct s, T_____);",
    );
    body("f = (blk_t (*)(int))g;", "f = (int (*)(int))g;");
    body_stays("f = (*(g)(a));");
    body_stays("n = offsetof(struct s, a);");
    body_stays("x = a ?: b; y = ({ int z = g(); z; }); if (a && b) g();");
    stays("int a[4] = { [0 ... 2] = 1 };");
}

#[test]
fn strings_beside_macros_stay_one() {
    let text = "void f(void) { say(\"a\" __stringify(X) \"b\", 1); }";
    let out = becomes(text, "void f(void) { say(\"a\" T_____________ \"b\", 1); }");
    assert_eq!(
        texts(text, &[out.string_macros[0].whole]),
        ["__stringify(X)"]
    );
    body("say(LEVEL PREFIX \"x\");", "say( PREFIX \"x\");");
    body_stays("say(LEVEL \"x\" PRIu64 \"y\", g(1));");
    body(
        "say(\"tab\\tend\", 'x', '\\n');",
        "say(\"xxxxxxxx\", 'x', 'xx');",
    );
}

#[test]
fn long_tables_of_constants_are_left_empty() {
    let numbers = "{ 0x1, -FOO },".repeat(40);
    becomes(&format!("int t[] = {{ {numbers} }};"), "int t[] = { };");
    stays(&format!("struct s t[] = {{ {numbers} {{ 1, handler }} }};"));
    stays("int t[] = { 1, 2, 3 };");
}

#[test]
fn calls_that_are_statements_are_marked() {
    let text = "void f(void) { g(1); if (a) h(b); x = k(c); out: m(d);n(); return q(e); }";
    let out = prepared(text);
    assert_eq!(
        String::from_utf8_lossy(&out.text),
        "void f(void) {+g(1); if (a)+h(b); x = k(c); out:+m(d);n(); return q(e); }"
    );
    assert!(parses(&out.text));
}

#[test]
fn statements_get_their_semicolon() {
    body("TRACE(1) g();", "TRACE(1);g();");
    body("TRACE(1) TRACE(2) return;", "TRACE(1);TRACE(2);return;");
    body("CHECK(x == 1; y == 2;) g();", "CHECK(x == 1, y == 2 );g();");
    body("if FAILED(x) { g(); }", "if(FAILED(x)){ g(); }");
    body("if (x) { g(); out: }", "if (x) { g(); out:;}");
}

#[test]
fn odd_arguments_become_expressions() {
    let text = "void f(void) { test(a, ==, { 1, g(2) }, { .x = 1 }); }";
    let out = becomes(text, "void f(void) { test(a, 0 , ( 1, g(2) ), 0 ); }");
    assert_eq!(texts(text, &out.zeroed), ["==", "{ .x = 1 }"]);
    body("each(x, { g(); });", "each(x, { g(); });");
    body("test(a, , b);", "test(a,0, b);");
    body(
        "link(10baseT, 0x1f, 1.5e3, 3ULL);",
        "link(T______, 0x1f, 1.5e3, 3ULL);",
    );
}

#[test]
fn members_made_by_macros_become_members() {
    becomes(
        "struct s { DECLARE_BITMAP(bits, 8); int a; };",
        "struct s { int bits ; int a; };",
    );
    becomes(
        "struct s { DECLARE_FLEX_ARRAY(u8, data); };",
        "struct s { u8 data ; };",
    );
    becomes(
        "struct s { struct_group(both, int a; int b; ); };",
        "struct s { int a; int b; };",
    );
    becomes(
        "struct s { u32 a:3; u32 :5; };",
        "struct s { u32 a:3; u32 ; };",
    );
    becomes("enum e { ONE(1), TWO = 2 };", "enum e { ONE , TWO = 2 };");
}

#[test]
fn directives_leave_and_are_recorded() {
    let text = "#include \"a.h\"\n#include <b/c.h>\n#define N 3\n#define add(a, b...) \\\n\tsum(a, b)\nint x;";
    let out = becomes(text, "int x;");
    let paths: Vec<_> = out.includes.iter().map(|i| i.path).collect();
    assert_eq!(texts(text, &paths), ["a.h", "b/c.h"]);
    assert_eq!(
        out.includes.iter().map(|i| i.quoted).collect::<Vec<_>>(),
        [true, false]
    );
    let [n, add] = &out.defines[..] else {
        panic!("{:?}", out.defines)
    };
    assert_eq!(texts(text, &[n.name, n.body]), ["N", "3"]);
    assert_eq!(n.params, None);
    assert_eq!(
        texts(text, add.params.as_deref().unwrap_or(&[])),
        ["a", "b..."]
    );
    assert!(add.variadic);
    assert_eq!(texts(text, &[add.body]), ["sum(a, b)"]);
}

fn fates(out: &Prepared) -> Vec<ArmFate> {
    out.chains
        .iter()
        .flat_map(|c| c.arms.iter().map(|a| a.fate))
        .collect()
}

#[test]
fn whole_items_keep_their_directives() {
    let out = becomes(
        "#ifdef A\nint a;\n#else\nint b;\n#endif\nvoid f(void) {\n#if B > 1\ng();\n#endif\n}",
        "#ifdef A int a; #else int b; #endif void f(void) { #if 0 g(); #endif }",
    );
    assert!(out.chains.iter().all(|c| c.form == ChainForm::Tree));
    assert_eq!(fates(&out), [ArmFate::Kept; 3]);
    becomes(
        "#if(A)\nint a;\n#elif(B)\nint b;\n#endif",
        "#if 0 int a; #elif 0 int b; #endif",
    );
}

#[test]
fn parts_of_items_are_joined() {
    let out = becomes(
        "void f(void) {\nif (a) {\ng();\n#ifdef A\n} else if (b) {\nh();\n#endif\n}\n}",
        "void f(void) { if (a) { g(); } else if (b) { h(); } }",
    );
    assert_eq!(out.chains[0].form, ChainForm::Joined);
    becomes(
        "int t[] = {\n1,\n#ifdef A\n2,\n#else\n3,\n#endif\n};",
        "int t[] = { 1, 2, 3, };",
    );
    becomes(
        "void f(void) {\nx =\n#ifdef A\ng();\n#else\nh();\n#endif\n}",
        "void f(void) { x = g(); h(); }",
    );
}

#[test]
fn arms_that_do_not_fit_are_dropped() {
    let out = becomes(
        "#ifdef A\nint f(int a)\n#else\nint f(void)\n#endif\n{\nreturn 0;\n}",
        "int f(int a) { return 0; }",
    );
    assert_eq!(fates(&out), [ArmFate::Kept, ArmFate::Skipped]);
    let out = becomes(
        "void f(void) {\n#ifndef A\nif (a) {\n#else\nif (b) {\n#endif\ng();\n}\n}",
        "void f(void) { if (b) { g(); } }",
    );
    assert_eq!(fates(&out), [ArmFate::Skipped, ArmFate::Kept]);
}

#[test]
fn dead_arms_are_dropped_for_good() {
    let out = becomes(
        "#if 0\nint a(\n#else\nint b;\n#endif\n#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 0, 0)\nint c;\n#endif",
        "int b;",
    );
    assert_eq!(fates(&out), [ArmFate::Dead, ArmFate::Kept, ArmFate::Dead]);
    let out = becomes(
        "#if LINUX_VERSION_CODE > KERNEL_VERSION(5, 0, 0)\nint a;\n#endif",
        "int a;",
    );
    assert_eq!(out.chains[0].form, ChainForm::Joined);
}

#[test]
fn macro_bodies_become_statements() {
    let text = "#define go(x, a...) do { \\\n\tlock_##x(&x, ##a); say(#x); \\\n} while (0)\n";
    let out = prepared(text);
    let body = prepare_body(text.as_bytes(), &out.defines[0], &words());
    assert_eq!(
        body.text.len() as u32,
        out.defines[0].body.end - out.defines[0].body.start
    );
    assert_eq!(
        squeezed(&String::from_utf8_lossy(&body.text)),
        "do { +lock___x(&x, a);+say(_x); } while (0)"
    );
}

#[test]
fn hostile_text_is_read_in_linear_time() {
    let deep = |open: &str| format!("void f(void) {{ {}", open.repeat(100_000));
    let many = [
        deep("("),
        deep("{"),
        deep("if (a) "),
        deep("f(("),
        deep("f(a,"),
        deep("struct s { "),
        deep("\"a\" "),
        deep("a "),
        deep("["),
        deep("({"),
        deep(")"),
        deep("}("),
        deep("case 1: "),
        deep("__a "),
        deep("*"),
        "#if A\n".repeat(100_000),
        "#if A\n(\n#else\n".repeat(50_000),
        "#endif\n#else\n".repeat(50_000),
        format!("#if {}\n", "(".repeat(200_000)),
        format!("#define f({}\n", "a,".repeat(100_000)),
        "/*".repeat(100_000),
        "\"".repeat(100_001),
        "'\\".repeat(100_000),
        "\\\n".repeat(100_000),
        "#".repeat(200_000),
        "a##".repeat(50_000),
        "x".repeat(3_000_000),
        format!("int x = {};", "1 + ".repeat(500_000)),
        format!("enum e {{ {} }};", "A(1) ".repeat(100_000)),
        format!("int f({});", "int __a b, ".repeat(100_000)),
    ];
    for text in many {
        let start = std::time::Instant::now();
        prepared(&text);
        let head: String = text.chars().take(40).collect();
        assert!(start.elapsed().as_secs() < 5, "{head}");
    }
}

#[test]
fn odd_bytes_disturb_nothing() {
    let text =
        b"int a\0 = 1; /* \xff\xfe */ char *s = \"\xc3\x28\"; int \x80b;\r\nint c;".as_slice();
    let out = prepare(text, &words());
    assert_eq!(out.text.len(), text.len());
    assert!(out.text.is_ascii());
    assert_eq!(
        squeezed(&String::from_utf8_lossy(&out.text)),
        "int a = 1; char *s = \"xx\"; int b; int c;"
    );
    for end in 0..text.len() {
        prepare(&text[..end], &words());
    }
}
