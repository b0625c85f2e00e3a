//! The short text against the full one.

use super::*;
use crate::pre::{Words, prepare};
use kloom_facts::Facts;
use std::fs;
use std::path::Path;

const TEXT: &str = r#"
typedef unsigned long long word_t;
static const char *names[] = { "one", "t" "wo", [3 ... 5] = "thr" PRIx64 "ee", };
struct pair { int first : 3, *second; u8 rest[0x10 + 'a']; } __attribute__((packed));
#if defined(CONFIG_X) && \
	CONFIG_X > 3
static inline size_t span_of(const struct pair *p, ...) { return sizeof(*p) - -1 + + 2; }
#endif
int long_function_name(struct pair *pair, word_t count)
{
	double scale = 1.5e-3 * 0x1fUL / .5;
	asm volatile("nop" : "=r" (count) : "r" (scale) : "memory");
	asm("nop");
	switch (pair->rest[0]) {
	case '9':
	case 1: goto out;
	default: pr_info("%s: %d\n", "x", L'x' ? u8"y" : "z");
	}
	+schedule_it(pair, (struct pair *)0, ({ int z = 1; z; }), a & b && c, ++count - - 1);
	while	(likely(count --> 0)) ;
	pair->first.x = pair -> rest
		.y + -pair->z.w - pair->z, *pair->first++ <<= (pair->first) & pair->mask;
	if (pair->make(pair->first)->of.rest[1].end == sizeof(pair->rest) && !pair->go(1)) {
		struct { int x; } one; union tag const *two = &pair->two; enum kind three = (enum kind)-4;
		struct pair four = { .first.x = 1, .second = pair->second, };
	}
out:
	return pair ? "first" : "last";
}
"#;

#[test]
fn the_short_text_parses_like_the_full_one() {
    let text = TEXT.as_bytes();
    let full = Tree::read(&Compact::verbatim(text), text);
    let short = Tree::parse(text);
    assert!(full.nodes.len() > 200 && !full.nodes[0].broken);
    assert_eq!(difference(&full, &short, text), None);
}

/// The first nodes that differ.
fn difference(full: &Tree, short: &Tree, text: &[u8]) -> Option<String> {
    let show = |node: Option<&Data>| {
        node.map(|n| {
            let shown = text.get(n.start as usize..n.end as usize).unwrap_or(b"?");
            let shown: String = String::from_utf8_lossy(shown).chars().take(60).collect();
            format!(
                "{:?} as {:?}{}: {shown}",
                n.kind,
                n.field,
                if n.broken { " (broken)" } else { "" }
            )
        })
    };
    let all = 0..full.nodes.len().max(short.nodes.len());
    let (full, short) = (&full.nodes, &short.nodes);
    // How far a node goes differs too where something in it does.
    let bare = |n: &Data| Data {
        after: 0,
        broken: false,
        ..*n
    };
    let at = all
        .clone()
        .find(|at| full.get(*at).map(bare) != short.get(*at).map(bare));
    let at = at.or(all.clone().find(|at| full.get(*at) != short.get(*at)))?;
    Some(format!(
        "{:?} became {:?}",
        show(full.get(at)),
        show(short.get(at))
    ))
}

#[test]
fn what_touches_stays_apart() {
    for text in [
        "void f(void) { switch (x) { case'a': return'b'; } }",
        "void f(void) { if (p->t.defined) p->q . bool = 1; return p->a.b.true; }",
        "void f(void) { asm(\"x\" : : \"r\"(({ a(); })) : \"memory\"); }",
        "char *s = \"one\\\r\n two\"; int f(void) { return g(\"x\"); }",
        // What looks like an expression and is none.
        "int (*take)(u64 *a, u64 (*turn)(u64)); u8 *(table[4]); u64 kept(list[16]);",
        "void f(Elf(Sym) *sym, wide (**turn)(wide)) { key (*g)(key); key *(h[2]); a * b; }",
        "void f(void) { x = (u8[4]){}; g((u8[4]){ 1 }); if (a[1]) { (void)(a) - b; } }",
        "static enum { ONE = 1 << 2, TWO } mode = ONE; struct { int x; } y = { .x = f(1)(2) };",
        "void f(void) { enum { A, B } c = A; if (a) { } c = B; do c = h(A); while (c); }",
        "int g(int a) { int b = a, c[2], d(int); for (int i = 0, j = 1; i < g(j); i++, j--) ; }",
        "void f(void) { __typeof__(g(1)) x = g(1); return(g)(1); l: x = g(2), g(3); }",
        "void f(void) { case_of(x) ? g(x) : h; p->go(x); p->go(x), q = 1; x = a ? : b ? g(1) : 2; }",
        // Statements and declarations whose shape hangs on what is around them, or on types.
        "void f(void) { switch (x) { M(1); case 2: g(1); h = 2; } switch (x) { case 1: a = 1; } }",
        "void f(void) { do { a * b; } while (g(1)); if (a) { (b) - c; } else while (x) y = 1; }",
        "void f(void) { unsigned short volatile *x; foo_t *y = z, w[3] = {}, *v[4][n]; a *b, c; }",
        "void f(void) { l: m: x = 1; struct s { int a; } t; for (int i = 0; i < 1; i++) { } }",
        "void f(void) { long int unsigned x; const struct s *const *p = (const struct s *)q; }",
        "void f(void) { x = (u8)y + (u8)-1 + (u8 *)z + sizeof(long) - sizeof(u8) - sizeof x; }",
        "void f(void) {\n#ifdef A\n\tif (a)\n#else\n\tif (b)\n#endif\n\t\tx = 1;\n\ty = 2;\n}",
        "struct s {\n#ifdef A\n\tu8 a;\n#else\n\tu16 b;\n#endif\n};",
        "void f(void) { for (x = 1, y = 2; ; x++, y++) ; a = 1, b = 2; switch (x) { default: } }",
        "void f(void) { if (a) b = 1; else if (c) d = 2; else { goto l; } return (a), b; l: ; }",
        "void f(void) { static const int x = 1; FOO bar; u8 x : 3; int f(int); int (*p)(int); }",
        // What stands at file scope, and members.
        "struct s { int a : 3, *b; void (*f)(struct s *s, int (*g)(u8)); union { u8 c; }; u8 d[2]; };",
        "enum e { A = 1, B, C = sizeof(int), }; static const struct s t[] = { [0] = { .a.b = 1 }, x };",
        "int f(a, b) u_int a; u_int b; { return a; } int g(void); struct s; u8 h(u8), *i = 1, j[2];",
        "typedef struct { int a; } s_t; struct s { int a; } *t, u; struct s { } v; int (*w[3])(void);",
        "static\n#ifdef A\nconst\n#endif\nint x;\n#ifdef A\nint f(void)\n#else\nint g(void)\n#endif\n{ }",
        "M(x); MODULE(\"y\"); int f(int, ...); int g(u8); void h(char *, const u8 *const); FOO(x) { }",
        "static int f(void) { if (a) { (b) - c; } d = 1; } int g(void) { return 1; } ; int a;",
        "struct s { M(x); int a;\n#ifdef A\nint b;\n#endif\nint c; } ; int (x), y; int *(z); A b; c;",
        "void f(void) { g(\"a\" \"b\", \"a\" X, L\"w\", 'c', {}, int, (int)x, -1, - 1, !x, &&l); }",
    ] {
        let full = Tree::read(&Compact::verbatim(text.as_bytes()), text.as_bytes());
        let short = Tree::parse(text.as_bytes());
        assert_eq!(difference(&full, &short, text.as_bytes()), None, "{text}");
    }
}

/// The grammar reads `!x--` as `(!x)--`, which is `!(x--)`; and `sizeof(long)-1` as the size of a
/// cast.
#[test]
fn what_stands_behind_binds_first() {
    for (text, expected) in [
        (
            "if (!x--) return;",
            [Kind::Unary, Kind::Other, Kind::Update],
        ),
        (
            "n = sizeof(long)-1;",
            [Kind::Binary, Kind::SizeOf, Kind::TypeDescriptor],
        ),
    ] {
        let tree = Tree::parse(format!("void f(void) {{ {text} }}").as_bytes());
        let kinds: Vec<Kind> = tree.nodes.iter().map(|node| node.kind).collect();
        assert!(kinds.windows(3).any(|k| k == expected), "{text}");
    }
}

#[test]
fn fixtures_parse_like_their_full_text() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lint")];
    let words = Words::new(Facts::builtin(), None);
    let mut compared = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = prepare(&fs::read(&path).unwrap(), &words).text;
            let full = Tree::read(&Compact::verbatim(&text), &text);
            // How a parser recovers hangs on the letters, too.
            if !full.nodes.first().is_some_and(|root| root.broken) {
                compared += 1;
                let found = difference(&full, &Tree::parse(&text), &text);
                assert_eq!(found, None, "{}", path.display());
            }
        }
    }
    assert!(compared > 20);
}

#[test]
fn every_keyword_of_the_grammar_is_kept() {
    let language = &tables().language;
    for id in 0..language.node_kind_count() as u16 {
        let Some(text) = language.node_kind_for_id(id) else {
            continue;
        };
        let word = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if word && !language.node_kind_is_named(id) && language.node_kind_is_visible(id) {
            assert_eq!(Compact::of(text.as_bytes()).text, text.as_bytes(), "{text}");
        }
    }
    for text in [
        "size_t", "uint8_t", "bool", "NULL", "true", "FALSE", "nullptr",
    ] {
        assert_eq!(Compact::of(text.as_bytes()).text, text.as_bytes(), "{text}");
    }
}
