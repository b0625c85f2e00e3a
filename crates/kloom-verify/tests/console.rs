//! Consoles of real kernels, in `fixtures/console`: one folder per kind of report with the module that makes it, what
//! each kernel then said (`*.log`) and what is to be read from that (`*.expected`).

use kloom_verify::console::{
    Console, Doubt, Imitation, Origin, Reader, State, Subject, Texts, kinds,
};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Kinds of which there is no console: KASAN reports of a type that the table does not name, and those of a kernel with KCSAN.
const UNSEEN: &[&str] = &["kasan", "kcsan"];

fn logs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/console");
    let folders = children(&root).into_iter().filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| children(&folder));
    files
        .filter(|file| file.extension().is_some_and(|e| e == "log"))
        .collect()
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// What is known of the module: the literals of its source stand for the texts in it.
fn subject(log: &Path) -> Subject {
    let folder = log.parent().unwrap();
    let name = folder
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .replace('-', "_");
    let source = std::fs::read_to_string(folder.join(format!("{name}.c"))).unwrap_or_default();
    let texts: Vec<&str> = source.split('"').skip(1).step_by(2).collect();
    Subject {
        modules: vec![name],
        texts: Texts::of(texts.join("\0").replace("\\n", "\n").as_bytes()),
    }
}

/// What the guest said of its kernel at the end: `kloom: tainted N`.
fn state(log: &[u8]) -> State {
    let text = String::from_utf8_lossy(log);
    let mut said = text
        .lines()
        .filter_map(|line| line.trim().rsplit_once("kloom: tainted "));
    State {
        tainted: said.next_back().and_then(|(_, n)| n.parse().ok()),
        lockdep: None,
    }
}

fn read(subject: &Subject, log: &[u8]) -> Console {
    let mut reader = Reader::new(subject);
    for piece in log.chunks(1000) {
        reader.push(piece);
    }
    reader.finish(state(log))
}

/// What a console says, for a person to compare.
fn shown(console: &Console) -> String {
    let mut text = String::new();
    for report in &console.reports {
        let origin = match report.origin {
            Origin::Kernel => "",
            Origin::Unclear(Doubt::Cut) => " (cut short)",
            Origin::Unclear(Doubt::Text) => " (the text is in the module)",
            Origin::Module(Imitation::Text) => " (imitated: text)",
            Origin::Module(Imitation::Shape) => " (imitated: shape)",
            Origin::Module(Imitation::Task) => " (imitated: task)",
            Origin::Module(Imitation::Way) => " (imitated: way)",
            Origin::Module(Imitation::State) => " (imitated: state)",
        };
        let (kind, lines) = (report.kind, &report.lines);
        let _ = writeln!(
            text,
            "{}{origin}, lines {} to {}",
            kind.id,
            lines.start(),
            lines.end()
        );
        let _ = writeln!(text, "  {}", report.headline);
        if report.count > 1 {
            let _ = writeln!(text, "  {} times", report.count);
        }
        if let Some(frame) = &report.guilty {
            let _ = writeln!(text, "  {}: {frame}", kind.label);
        }
        for frame in &report.callers {
            let _ = writeln!(text, "  called from: {frame}");
        }
        for step in &report.steps {
            let _ = writeln!(text, "  {}: {}", step.says, step.frame);
        }
        if let Some(then) = &report.then {
            let _ = writeln!(text, "  then: {then}");
        }
    }
    text
}

#[test]
fn consoles_are_read_as_expected() {
    let bless = std::env::var_os("KLOOM_BLESS").is_some();
    let mut wrong = Vec::new();
    for log in logs() {
        let expected = log.with_extension("expected");
        let found = shown(&read(&subject(&log), &std::fs::read(&log).unwrap()));
        if bless {
            std::fs::write(&expected, &found).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", log.display()));
        }
    }
    let wrong = wrong.join("\n");
    assert_eq!(wrong, "", "KLOOM_BLESS=1 accepts what is read now");
}

#[test]
fn every_kind_has_a_real_console() {
    let mut seen = BTreeSet::new();
    for log in logs() {
        let console = read(&subject(&log), &std::fs::read(&log).unwrap());
        let real = console
            .reports
            .iter()
            .filter(|report| !matches!(report.origin, Origin::Module(_)));
        seen.extend(real.map(|report| report.kind.id.clone()));
    }
    let wrong = kinds().filter(|kind| seen.contains(&kind.id) == UNSEEN.contains(&&*kind.id));
    let wrong: Vec<_> = wrong.map(|kind| kind.id.as_str()).collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn damaged_consoles_do_no_harm() {
    for log in logs() {
        let subject = subject(&log);
        let text = std::fs::read(&log).unwrap();
        for cut in (0..text.len()).step_by(97) {
            read(&subject, &text[..cut]);
            read(&subject, &text[cut..]);
        }
        for step in [2, 3, 7, 31, 97] {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut damaged = text.clone();
                damaged.iter_mut().step_by(step).for_each(|b| *b ^= flip);
                let console = read(&subject, &damaged);
                assert!(!shown(&console).contains(|c: char| c.is_control() && c != '\n'));
            }
        }
    }
}
