//! What the build of a module says: the lines of compilers, sparse, modpost and objtool.

use kloom_diag::Severity;

/// More messages than this are not kept.
const MOST: usize = 500;

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// The C or Rust compiler.
    Compiler,
    /// The semantic checker.
    Sparse,
    /// The module linker.
    Modpost,
    /// The checker of object code.
    Objtool,
}

impl Tool {
    /// Its name, which diagnostics have as their rule.
    pub const fn as_str(self) -> &'static str {
        match self {
            Tool::Compiler => "compiler",
            Tool::Sparse => "sparse",
            Tool::Modpost => "modpost",
            Tool::Objtool => "objtool",
        }
    }
}

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

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who said it.
    pub tool: Tool,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub text: String,
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
                add(&mut messages, Tool::Compiler, severity, &text, at);
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
            let tool = match checking {
                true => Tool::Sparse,
                false => Tool::Compiler,
            };
            match kind {
                Kind::Message(severity) => add(&mut messages, tool, severity, text, at),
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

fn add(messages: &mut Vec<Message>, tool: Tool, severity: Severity, text: &str, at: At) {
    messages.push(Message {
        tool,
        severity,
        text: text.to_owned(),
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

/// `ERROR: modpost: "symbol" [module.ko] undefined!`.
fn modpost(line: &str) -> Option<Message> {
    let (severity, text) = match line.split_once(": modpost: ")? {
        ("ERROR", text) => (Severity::Error, text),
        ("WARNING", text) => (Severity::Warning, text),
        _ => return None,
    };
    let undefined = text
        .strip_prefix('"')
        .and_then(|rest| rest.split_once("\" ["))
        .filter(|(_, rest)| rest.ends_with("undefined!"));
    let reference = text.split_once("section mismatch in reference: ");
    let (at, text) = match (undefined, reference) {
        (Some((symbol, _)), _) => (
            At::Symbol(symbol.to_owned()),
            format!("the kernel does not export {symbol}"),
        ),
        (_, Some((_, reference))) => {
            let at = code(reference.split(' ').next()?);
            let what = format!("a section may be gone when it is used: {reference}");
            (at.unwrap_or(At::Module), what)
        }
        _ => (At::Module, text.to_owned()),
    };
    Some(Message {
        tool: Tool::Modpost,
        severity,
        text,
        at,
        notes: Vec::new(),
    })
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
        tool: Tool::Objtool,
        severity,
        text: text.to_owned(),
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
        let seen: Vec<_> = messages.iter().map(|m| (m.tool, m.at.clone())).collect();
        assert_eq!(
            seen,
            [
                (Tool::Compiler, line("/b/m.c", 7, 2)),
                (Tool::Compiler, line("/b/m.c", 9, 5)),
                (Tool::Sparse, line("/b/m.c", 3, 1)),
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
            WARNING: modpost: missing MODULE_LICENSE() in /b/m.o\n\
            WARNING: modpost: m: section mismatch in reference: go+0x5 (section: .text) -> once (section: .init.text)\n\
            /b/m.o: warning: objtool: spin+0x1c: unreachable instruction\n";
        let at: Vec<At> = read(output).into_iter().map(|m| m.at).collect();
        assert_eq!(
            at,
            [
                At::Symbol("proc_create".into()),
                At::Module,
                At::Code("go".into(), 5),
                At::Code("spin".into(), 0x1c),
            ]
        );
    }
}
