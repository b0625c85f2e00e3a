//! What the build of a module says: the lines of compilers, sparse, modpost and objtool.

use crate::console;
use kloom_diag::Severity;

/// More messages than this are not kept.
const MOST: usize = 500;

/// Where a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// A line, from 1, and a column, from 1 or 0 if it is not known.
    Line(String, u32, u32),
    /// Code at an offset in a function.
    Code(String, u64),
    /// Something with a name.
    Symbol(String),
    /// All of the module.
    Module,
}

const COMPILER: &str = "compiler";
const SPARSE: &str = "sparse";
const OBJTOOL: &str = "objtool";

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What diagnostics have as their rule: who said it, or for modpost what kind of message it is.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub text: String,
    /// More about it; may be empty.
    pub why: String,
    /// Where.
    pub at: At,
    /// Notes that belong to it.
    pub notes: Vec<(At, String)>,
}

/// Reads the output of a build.
pub fn read(output: &str) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    let mut checking = false;
    // rustc gives the place on the line after the message.
    let mut waiting: Option<(Severity, String)> = None;
    for line in output.lines() {
        let line = line.trim_end();
        if let Some((severity, text)) = waiting.take() {
            if let Some(at) = line.trim_start().strip_prefix("--> ").and_then(place) {
                add(&mut messages, COMPILER, severity, &text, at);
            }
            continue;
        }
        if let Some(command) = line.strip_prefix("  ")
            && command.starts_with(|c: char| c.is_ascii_uppercase())
        {
            checking = command.starts_with("CHECK ");
        } else if let Some((kind, text)) = rustc(line) {
            waiting = Some((kind, text));
        } else if let Some(message) = modpost(line).or_else(|| objtool(line)) {
            if !messages.contains(&message) {
                messages.push(message);
            }
        } else if let Some((at, kind, text)) = located(line) {
            let rule = if checking { SPARSE } else { COMPILER };
            match kind {
                Kind::Message(severity) => add(&mut messages, rule, severity, text, at),
                Kind::Note => {
                    if let Some(last) = messages.last_mut() {
                        last.notes.push((at, text.to_owned()));
                    }
                }
            }
        }
        if messages.len() >= MOST {
            break;
        }
    }
    messages
}

fn add(messages: &mut Vec<Message>, rule: &'static str, severity: Severity, text: &str, at: At) {
    messages.push(Message {
        rule,
        severity,
        text: text.to_owned(),
        why: String::new(),
        at,
        notes: Vec::new(),
    });
}

#[derive(Clone, Copy)]
enum Kind {
    Message(Severity),
    Note,
}

/// `path:line:column: warning: text`.
fn located(line: &str) -> Option<(At, Kind, &str)> {
    let words = [
        (": fatal error: ", Kind::Message(Severity::Error)),
        (": error: ", Kind::Message(Severity::Error)),
        (": warning: ", Kind::Message(Severity::Warning)),
        (": note: ", Kind::Note),
    ];
    let found = words.into_iter().filter_map(|(word, kind)| {
        let at = line.find(word)?;
        Some((at, kind, &line[at + word.len()..]))
    });
    let (end, kind, text) = found.min_by_key(|(at, ..)| *at)?;
    Some((place(&line[..end])?, kind, text))
}

/// `path:line:column` or `path:line`.
fn place(text: &str) -> Option<At> {
    let (front, last) = text.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    let with_column = front
        .rsplit_once(':')
        .and_then(|(path, line)| Some((path, line.parse().ok()?)));
    Some(match with_column {
        Some((path, line)) => At::Line(path.to_owned(), line, last),
        None => At::Line(front.to_owned(), last, 0),
    })
}

/// `error[E0425]: text`.
fn rustc(line: &str) -> Option<(Severity, String)> {
    let (word, text) = line.split_once(": ")?;
    let kind = word.split('[').next()?;
    let severity = match kind {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        _ => return None,
    };
    let counts = text.ends_with("emitted") || text.starts_with("aborting due to");
    let coded = word.len() == kind.len() || word.ends_with(']');
    (coded && !counts).then(|| (severity, text.to_owned()))
}

/// `ERROR: modpost: …`, of the kinds in the table of reports.
fn modpost(line: &str) -> Option<Message> {
    let (_, said) = line.split_once(": modpost: ")?;
    let kind = console::kind_of(line.as_bytes())?;
    let reference = said.split_once("section mismatch in reference: ");
    let at = match reference {
        Some((_, reference)) => code(reference.split(' ').next()?),
        None => quoted(said).map(|name| At::Symbol(name.to_owned())),
    };
    Some(Message {
        rule: &kind.id,
        severity: kind.severity,
        text: kind.says.clone(),
        why: said.to_owned(),
        at: at.unwrap_or(At::Module),
        notes: Vec::new(),
    })
}

/// The first word in quotes.
fn quoted(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(['"', '\''])?;
    let (word, _) = rest.split_once(['"', '\''])?;
    Some(word)
}

/// `module.o: warning: objtool: function+0x1c: text`.
fn objtool(line: &str) -> Option<Message> {
    let (front, text) = line.split_once(": objtool: ")?;
    let severity = match front.rsplit(": ").next()? {
        "error" => Severity::Error,
        _ => Severity::Warning,
    };
    let at = text.split_once(": ").and_then(|(at, _)| code(at));
    Some(Message {
        rule: OBJTOOL,
        severity,
        text: text.to_owned(),
        why: String::new(),
        at: at.unwrap_or(At::Module),
        notes: Vec::new(),
    })
}

/// `function+0x1c` or `function()`.
fn code(text: &str) -> Option<At> {
    if let Some(function) = text.strip_suffix("()") {
        return Some(At::Code(function.to_owned(), 0));
    }
    let (function, offset) = text.split_once("+0x")?;
    let offset = u64::from_str_radix(offset, 16).ok()?;
    Some(At::Code(function.to_owned(), offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str, line: u32, column: u32) -> At {
        At::Line(path.to_owned(), line, column)
    }

    #[test]
    fn compilers_and_sparse_are_told_apart() {
        let output = "  CC [M]  /b/m.o\n\
            /b/m.c:7:2: warning: unused variable 'x' [-Wunused-variable]\n    7 |         int x;\n\
            /b/m.c:9:5: error: use of undeclared identifier 'i'\n/b/m.h:1:1: note: declared here\n\
            \x20 CHECK   /b/m.c\n/b/m.c:3:1: warning: symbol 'q' was not declared. Should it be static?\n\
            make[2]: *** [/b/m.o] Error 1\n";
        let messages = read(output);
        let seen: Vec<_> = messages.iter().map(|m| (m.rule, m.at.clone())).collect();
        assert_eq!(
            seen,
            [
                (COMPILER, line("/b/m.c", 7, 2)),
                (COMPILER, line("/b/m.c", 9, 5)),
                (SPARSE, line("/b/m.c", 3, 1)),
            ]
        );
        assert_eq!(messages[1].severity, Severity::Error);
        assert_eq!(
            messages[1].notes,
            [(line("/b/m.h", 1, 1), "declared here".to_owned())]
        );
    }

    #[test]
    fn rustc_is_read_over_two_lines() {
        let output = "error[E0425]: cannot find value `x` in this scope\n --> /b/m.rs:10:5\n  |\n\
            warning: unused import\n  --> /b/m.rs:1:1\nerror: aborting due to 1 previous error; 1 warning emitted\n";
        let messages = read(output);
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].at, line("/b/m.rs", 10, 5));
        assert_eq!(messages[1].severity, Severity::Warning);
    }

    #[test]
    fn modpost_and_objtool_name_code() {
        let output = "ERROR: modpost: \"proc_create\" [/b/m.ko] undefined!\n\
            ERROR: modpost: /b/m.ko: symbol 'proc_make' undefined!\n\
            ERROR: modpost: GPL-incompatible module m.ko uses GPL-only symbol 'kthread_stop'\n\
            WARNING: modpost: missing MODULE_DESCRIPTION() in /b/m.o\n\
            WARNING: modpost: m: section mismatch in reference: go+0x5 (section: .text) -> once (section: .init.text)\n\
            /b/m.o: warning: objtool: spin+0x1c: unreachable instruction\n";
        let messages = read(output);
        let seen: Vec<(&str, At)> = messages.iter().map(|m| (m.rule, m.at.clone())).collect();
        assert_eq!(
            seen,
            [
                ("modpost-undefined", At::Symbol("proc_create".into())),
                ("modpost-undefined", At::Symbol("proc_make".into())),
                ("modpost-undefined", At::Symbol("kthread_stop".into())),
                ("modpost-warning", At::Module),
                ("modpost-warning", At::Code("go".into(), 5)),
                (OBJTOOL, At::Code("spin".into(), 0x1c)),
            ]
        );
        assert_eq!(messages[0].why, "\"proc_create\" [/b/m.ko] undefined!");
    }
}
