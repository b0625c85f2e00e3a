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
    let differ: Vec<(String, &Data)> = [(&full, &short), (&short, &full)]
        .iter()
        .flat_map(|(one, other)| one.nodes.iter().filter(|n| !other.nodes.contains(n)))
        .map(|n| {
            let shown = &text[n.start as usize..n.end as usize];
            (String::from_utf8_lossy(shown).into_owned(), n)
        })
        .collect();
    assert!(full.nodes == short.nodes, "{differ:#?}");
}

#[test]
fn what_touches_stays_apart() {
    for text in [
        "void f(void) { switch (x) { case'a': return'b'; } }",
        "void f(void) { if (p->t.defined) p->q . bool = 1; return p->a.b.true; }",
        "void f(void) { asm(\"x\" : : \"r\"(({ a(); })) : \"memory\"); }",
        "char *s = \"one\\\r\n two\"; int f(void) { return g(\"x\"); }",
    ] {
        let full = Tree::read(&Compact::verbatim(text.as_bytes()), text.as_bytes());
        let short = Tree::parse(text.as_bytes());
        assert_eq!(full.nodes, short.nodes, "{text}");
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
                assert!(full.nodes == Tree::parse(&text).nodes, "{}", path.display());
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
