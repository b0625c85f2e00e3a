//! Lines of addresses in an object that is not linked, as a module is not.

use kloom_verify::console::{Code, Frame, Symbolizer};
use kloom_verify::symbols::Symbols;
use std::fs;
use std::path::Path;
use std::process::Command;

const SOURCE: &str = "\
int shared;
__attribute__((section(\".init.text\"))) int init_module(void)
{
	return shared++;
}
static inline int twice(int n)
{
	return 2 *
		n + shared;
}
__attribute__((noinline)) int late(int n)
{
	shared = twice(n);
	return n;
}
";

fn symbols(folder: &Path) -> Symbols {
    fs::write(folder.join("m.c"), SOURCE).unwrap();
    let source = folder.join("m.c");
    let object = folder.join("m.o");
    let mut cc = Command::new("cc");
    cc.args(["-g", "-O0", "-c", "-o"]).arg(&object).arg(&source);
    assert!(cc.status().unwrap().success());
    Symbols::new("m", &fs::read(object).unwrap(), folder, Path::new("./user"))
}

fn frame(code: Code) -> Frame {
    Frame {
        code,
        module: Some("m".into()),
        exact: true,
    }
}

#[test]
fn symbols_of_every_section_have_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let symbols = symbols(folder.path());
    for (name, line) in [("init_module", 3), ("late", 12)] {
        let places = symbols.places(&frame(Code::Symbol {
            name: name.into(),
            offset: None,
        }));
        assert_eq!(places.len(), 1, "{name}");
        assert_eq!(
            (places[0].path.as_str(), places[0].line),
            ("user/m.c", line)
        );
        assert_eq!(places[0].function.as_deref(), Some(name));
    }
}

#[test]
fn addresses_are_found_where_the_guest_had_the_section() {
    let folder = tempfile::tempdir().unwrap();
    let mut symbols = symbols(folder.path());
    let address = || frame(Code::Address(0xffff_ffff_a000_0000));
    assert!(symbols.places(&address()).is_empty());
    symbols.loaded_at(".init.text", 0xffff_ffff_a000_0000);
    assert_eq!(symbols.places(&address())[0].line, 3);
}

#[test]
fn frames_of_other_modules_have_no_place() {
    let folder = tempfile::tempdir().unwrap();
    let symbols = symbols(folder.path());
    let mut other = frame(Code::Symbol {
        name: "late".into(),
        offset: Some((1, 9)),
    });
    assert!(!symbols.places(&other).is_empty());
    other.module = Some("n".into());
    assert!(symbols.places(&other).is_empty());
}

#[test]
fn what_is_no_object_has_no_symbols() {
    let symbols = Symbols::new("m", b"\x7fELF nonsense", Path::new("/b"), Path::new("u"));
    assert!(symbols.of_symbol("f", 0).is_empty());
}
