//! Prints the parse text.
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let text = std::fs::read(&path).unwrap();
    let words = kloom_c::pre::Words::new(kloom_facts::Facts::builtin(), None);
    let p = kloom_c::pre::prepare(&text, &words);
    println!("{}", String::from_utf8_lossy(&p.text));
    eprintln!("{:#?}", p.chains);
}
