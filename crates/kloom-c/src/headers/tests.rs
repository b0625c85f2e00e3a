use super::*;
use crate::pre::prepare;
use kloom_facts::Facts;
use std::collections::BTreeMap;

struct Files(BTreeMap<&'static str, &'static str>);

impl Provider for Files {
    fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        self.0.get(path).map(|text| Arc::from(text.as_bytes()))
    }

    fn list(&self, _dir: &str) -> Vec<String> {
        Vec::new()
    }
}

fn load(files: &[(&'static str, &'static str)]) -> Symbols {
    let words = Words::new(Facts::builtin(), None);
    let files = Files(files.iter().copied().collect());
    let (path, text) = ("drv/main.c", files.0["drv/main.c"]);
    let text: Arc<[u8]> = Arc::from(text.as_bytes());
    let prepared = prepare(&text, &words);
    let main = Arc::new(Source::new(path, text, prepared));
    Symbols::load(main, &words, &files, &HeaderCache::default())
}

fn whole(symbols: &Symbols, symbol: Symbol, name: &str) -> Option<(usize, String)> {
    let found = symbols.find(symbol, name.as_bytes())?;
    let text = found.whole.of(&found.file.text);
    Some((found.source, String::from_utf8_lossy(text).into_owned()))
}

#[test]
fn names_of_local_headers_are_found() {
    let symbols = load(&[
        (
            "drv/main.c",
            "#include \"a.h\"\n#include <linux/x.h>\nint f(void) { return 0; }\n",
        ),
        (
            "drv/a.h",
            "#include \"sub/b.h\"\n\
             struct box { int lid; struct { int x; } in; } __packed;\n\
             union pick { int a; long b; };\n\
             typedef struct box box_t;\n\
             typedef int (*visit_fn)(struct box *b);\n\
             int __must_check open_box(struct box *b) __acquires(b);\n\
             static inline int lid(struct box *b)\n{\n\treturn b->lid;\n}\n\
             enum color { RED, GREEN = 1 << 3, BLUE };\n\
             extern int boxes;\n\
             #define LIMIT 8\n\
             #define twice(x) \\\n\t((x) + (x))\n",
        ),
        (
            "drv/sub/b.h",
            "#include \"../a.h\"\n#define LIMIT 9\n#define DEEP 1\n",
        ),
    ]);
    let is = |symbol, name: &str, text: &str| {
        assert_eq!(whole(&symbols, symbol, name), Some((1, text.to_owned())));
    };
    is(
        Symbol::Struct,
        "box",
        "struct box { int lid; struct { int x; } in; }",
    );
    is(Symbol::Struct, "pick", "union pick { int a; long b; }");
    is(Symbol::Typedef, "box_t", "typedef struct box box_t;");
    is(
        Symbol::Typedef,
        "visit_fn",
        "typedef int (*visit_fn)(struct box *b);",
    );
    is(
        Symbol::Prototype,
        "open_box",
        "int __must_check open_box(struct box *b) __acquires(b);",
    );
    is(
        Symbol::Function,
        "lid",
        "static inline int lid(struct box *b)\n{\n\treturn b->lid;\n}",
    );
    is(Symbol::Enumerator, "GREEN", "1 << 3");
    is(Symbol::Enumerator, "BLUE", "");
    assert_eq!(whole(&symbols, Symbol::Prototype, "boxes"), None);
    assert_eq!(whole(&symbols, Symbol::Function, "open_box"), None);
    assert_eq!(whole(&symbols, Symbol::Function, "f").map(|f| f.0), Some(0));
    assert_eq!(symbols.sources().len(), 3);

    let macro_body = |name: &str| {
        let found = symbols.find_macro(name.as_bytes())?;
        let body = found.define.body.of(&found.file.text);
        Some((found.source, String::from_utf8_lossy(body).into_owned()))
    };
    assert_eq!(macro_body("LIMIT"), Some((1, "8".to_owned())));
    assert_eq!(macro_body("DEEP"), Some((2, "1".to_owned())));
    assert_eq!(macro_body("twice"), Some((1, "((x) + (x))".to_owned())));
    assert_eq!(macro_body("thrice"), None);
}

#[test]
fn lists_of_registers_give_their_macros_only() {
    let registers: String = (0..30_000)
        .map(|n| format!("#define REG_{n} 0x{n:08x}\n"))
        .collect();
    let header: &'static str = Box::leak(format!("struct s {{ int a; }};\n{registers}").into());
    let symbols = load(&[
        ("drv/main.c", "#include \"regs.h\"\n"),
        ("drv/regs.h", header),
    ]);
    assert!(symbols.find_macro(b"REG_29999").is_some());
    assert!(whole(&symbols, Symbol::Struct, "s").is_none());
}

#[test]
fn includes_that_go_round_end() {
    let symbols = load(&[
        ("drv/main.c", "#include \"a.h\"\n#include \"main.c\"\n"),
        ("drv/a.h", "#include \"b.h\"\nstruct a { int x; };\n"),
        ("drv/b.h", "#include \"a.h\"\nstruct b { int y; };\n"),
    ]);
    assert_eq!(symbols.sources().len(), 3);
    assert_eq!(whole(&symbols, Symbol::Struct, "b").map(|s| s.0), Some(2));
}

#[test]
fn folders_above_are_searched() {
    let symbols = load(&[
        ("drv/main.c", "#include \"api/x.h\"\n#include \"gone.h\"\n"),
        ("include/api/x.h", "struct far { int y; };\n"),
    ]);
    assert!(whole(&symbols, Symbol::Struct, "far").is_some());
}
