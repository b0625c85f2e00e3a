//! Where lines of C are broken and how far they are indented, as the kernel's style has it.

/// Longer lines are broken.
const WIDTH: usize = 80;
/// Lines that cannot be broken well are at most this long.
const LIMIT: usize = 100;
/// Width of a tab.
const TAB: usize = 8;

/// The lines, further in by some tabs; empty ones stay empty.
pub fn indent(text: &str, tabs: usize) -> String {
    let lines = text.lines().map(|line| match line.is_empty() {
        true => String::new(),
        false => format!("{}{line}", "\t".repeat(tabs)),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A block comment, broken into lines; paragraphs are apart by an empty line.
pub fn comment(paragraphs: &[String]) -> String {
    let mut out = String::from("/*\n");
    for (n, paragraph) in paragraphs.iter().enumerate() {
        if n > 0 {
            out.push_str(" *\n");
        }
        for line in filled(paragraph, WIDTH - 3) {
            out.push_str(" * ");
            out.push_str(&line);
            out.push('\n');
        }
    }
    out.push_str(" */");
    out
}

/// The words in lines of at most this many characters.
pub fn filled(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// C as the kernel's style has it: long lines are broken; empty ones stand alone, and not inside a brace.
pub fn settled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines().map(str::trim_end).peekable();
    while let Some(line) = lines.next() {
        if line.is_empty() {
            let after = lines
                .peek()
                .is_some_and(|next| next.is_empty() || next.trim_start().starts_with('}'));
            if after || out.ends_with("{\n") {
                continue;
            }
        }
        broken(line, &mut out);
    }
    out
}

/// Adds a line, in several if it is long.
fn broken(line: &str, out: &mut String) {
    let mut rest = line.to_owned();
    let mut base = None;
    while width(&rest) > WIDTH && !rest.trim_start().starts_with(['*', '/', '#']) {
        let Some((first, column)) = cut(&rest, base) else {
            break;
        };
        let tail = rest[first..].trim_start().to_owned();
        out.push_str(rest[..first].trim_end());
        out.push('\n');
        rest = "\t".repeat(column / TAB) + &" ".repeat(column % TAB) + &tail;
        base = Some(column);
    }
    out.push_str(&rest);
    out.push('\n');
}

fn width(line: &str) -> usize {
    line.chars().fold(0, |at, c| {
        if c == '\t' {
            (at / TAB + 1) * TAB
        } else {
            at + 1
        }
    })
}

/// A place to cut a line.
#[derive(Clone, Copy)]
struct Cut {
    /// What speaks against it: that it is too far right, how deep it is, how far left.
    cost: (bool, usize, usize),
    /// Where it is, and the column at which the line goes on.
    place: (usize, usize),
}

/// Where to cut a line, and the column at which it goes on: in the outermost call, as far right as fits; a line that goes
/// on from another is inside the call that began at column `base`.
fn cut(line: &str, base: Option<usize>) -> Option<(usize, usize)> {
    if let Some(found) = behind_declaration(line) {
        return Some(found);
    }
    let mut best: Option<Cut> = None;
    let mut open: Vec<usize> = base.into_iter().collect();
    let (mut column, mut quoted, mut before) = (0, false, ' ');
    for (at, c) in line.char_indices() {
        column = if c == '\t' {
            (column / TAB + 1) * TAB
        } else {
            column + 1
        };
        match c {
            '"' if before != '\\' => quoted = !quoted,
            _ if quoted => {}
            '(' => open.push(column),
            ')' => {
                open.pop();
            }
            ' ' if column <= LIMIT + 1 && matches!(before, ',' | '|' | '&') => {
                if let Some(back) = open.last() {
                    let far = column > WIDTH + 1;
                    let left = if far {
                        column
                    } else {
                        LIMIT - column.min(LIMIT)
                    };
                    let here = Cut {
                        cost: (far, open.len(), left),
                        place: (at, *back),
                    };
                    if best.is_none_or(|best| here.cost < best.cost) {
                        best = Some(here);
                    }
                }
            }
            _ => {}
        }
        before = c;
    }
    best.map(|best| best.place)
}

/// A declaration is cut behind its `=`, if that is enough.
fn behind_declaration(line: &str) -> Option<(usize, usize)> {
    let declared = line.trim_start().strip_prefix("struct ")?;
    let at = line.find(" = ")? + 2;
    let tabs = line.len() - declared.len() - "struct ".len() + 1;
    let rest = &line[at + 1..];
    (tabs * TAB + width(rest) <= WIDTH).then_some((at, tabs * TAB))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_calls_go_on_behind_their_parenthesis() {
        let long = "\tctx->a_rather_long_name = kthread_run(a_rather_long_module_thread, ctx, \"name, of it\");\n";
        let want = "\tctx->a_rather_long_name = kthread_run(a_rather_long_module_thread, ctx,\n\
                    \t\t\t\t\t       \"name, of it\");\n";
        let got = settled(long);
        assert_eq!(got.lines().next(), want.lines().next());
        assert!(got.lines().all(|line| width(line) <= WIDTH), "{got}");
    }

    #[test]
    fn short_lines_stay_and_empty_ones_stand_alone() {
        let text = "int a;\n\n\tf(a, b);\n";
        assert_eq!(settled(text), text);
        assert_eq!(
            settled("f()\n{\n\n\ta;\n\n\n\tb;\n\n}\n"),
            "f()\n{\n\ta;\n\n\tb;\n}\n"
        );
    }

    #[test]
    fn comments_are_filled() {
        let text = comment(&["word ".repeat(30), "end".into()]);
        assert!(text.lines().all(|line| line.len() <= WIDTH));
        assert!(text.ends_with(" *\n * end\n */"));
    }
}
