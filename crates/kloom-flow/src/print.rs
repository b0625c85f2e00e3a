//! Summaries as text, for people who want to know why there is a finding, or none.

use crate::locks::LockName;
use crate::memory::{Key, Part};
use crate::summary::{Guard, Need, Outcome, Summary, Value};
use kloom_diag::Span;
use kloom_facts::Classes;
use kloom_ir::{Function, LocalId, Name, Unit};
use std::fmt::Write;

/// A key as C would write it.
pub fn print_key(unit: &Unit, f: &Function, key: &Key) -> String {
    let name = |n: Name| unit.names.text(n).to_owned();
    let (mut out, parts) = match key {
        Key::Param(n, parts) => {
            let param = f.locals.get(*n as usize).map(|_| f.local(LocalId(*n)));
            let text = param
                .and_then(|p| p.name)
                .map_or_else(|| format!("param{n}"), name);
            (text, parts.as_slice())
        }
        Key::Global(n, parts) => (name(*n), parts.as_slice()),
        Key::Class(owner, member) => return format!("struct {}.{}", name(*owner), name(*member)),
    };
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Field(_, member) => {
                let arrow = at > 0 && parts[at - 1] == Part::Deref;
                let _ = write!(out, "{}{}", if arrow { "->" } else { "." }, name(*member));
            }
            Part::Deref if matches!(parts.get(at + 1), Some(Part::Field(..))) => {}
            Part::Deref => out = format!("*{out}"),
            Part::Index(n) => {
                let n = n.map_or(String::new(), |n| n.to_string());
                let _ = write!(out, "[{n}]");
            }
        }
    }
    out
}

/// A function's summary.
pub fn print_summary(unit: &Unit, f: &Function, summary: &Summary) -> String {
    let mut out = format!("{}:\n", unit.names.text(f.name));
    if !summary.followed {
        out.push_str("  not followed\n");
        return out;
    }
    for outcome in &summary.outcomes {
        print_outcome(&mut out, unit, f, outcome);
    }
    for demand in &summary.demands {
        let how = match demand.need {
            Need::Call(name) => format!("for {}()", unit.names.text(name)),
            Need::Deref => "to be dereferenced".to_owned(),
        };
        let lines: Vec<String> = demand.chain.iter().map(|s| line(unit, *s)).collect();
        let _ = writeln!(
            out,
            "  needs {} not {} {how} at {}{}{}",
            print_key(unit, f, &demand.key),
            classes(demand.classes),
            lines.join(" < "),
            guards(unit, f, &demand.guards),
            if demand.doubt { " and more" } else { "" },
        );
    }
    out
}

fn print_outcome(out: &mut String, unit: &Unit, f: &Function, outcome: &Outcome) {
    let result = outcome
        .result
        .as_ref()
        .map_or("void".to_owned(), |v| value(unit, f, v));
    let _ = writeln!(
        out,
        "  returns {result} at {}{}",
        line(unit, outcome.at),
        guards(unit, f, &outcome.guards)
    );
    for (what, list) in [
        ("takes", &outcome.locks.taken),
        ("drops", &outcome.locks.dropped),
    ] {
        for (name, how) in list {
            let name = match name {
                LockName::Key(key, _) => print_key(unit, f, key),
                LockName::Only(_) => "the only one".to_owned(),
            };
            let _ = writeln!(out, "    {what} {:?} {name}", how.kind);
        }
    }
    if outcome.locks.lost {
        out.push_str("    locks are lost\n");
    }
    for (key, v) in &outcome.effects {
        let _ = writeln!(
            out,
            "    {} = {}",
            print_key(unit, f, key),
            value(unit, f, v)
        );
    }
    for (what, keys) in [("frees", &outcome.gone), ("keeps", &outcome.kept)] {
        for key in keys {
            let _ = writeln!(out, "    {what} {}", print_key(unit, f, key));
        }
    }
}

fn guards(unit: &Unit, f: &Function, guards: &[Guard]) -> String {
    let list: Vec<String> = guards
        .iter()
        .map(|g| format!("{} is {}", print_key(unit, f, &g.key), classes(g.classes)))
        .collect();
    if list.is_empty() {
        String::new()
    } else {
        format!(" if {}", list.join(" and "))
    }
}

fn value(unit: &Unit, f: &Function, v: &Value) -> String {
    let mut out = classes(v.classes);
    if let Some(origin) = v.origin {
        let _ = write!(out, " of creation {}", origin.0);
    }
    if v.fresh {
        out.push_str(" (new)");
    }
    if let Some(same) = &v.same {
        let _ = write!(out, " (was {})", print_key(unit, f, same));
    }
    out
}

fn classes(classes: Classes) -> String {
    let names = [
        (Classes::ZERO, "zero"),
        (Classes::NEG, "error"),
        (Classes::POS, "good"),
    ];
    if classes == Classes::ANY {
        return "anything".to_owned();
    }
    let list: Vec<&str> = names
        .iter()
        .filter(|(class, _)| classes.contains(*class))
        .map(|(_, name)| *name)
        .collect();
    list.join("|")
}

fn line(unit: &Unit, span: Span) -> String {
    let file = unit.files.get(span.file);
    format!("{}:{}", file.path(), file.line_col(span.start).line)
}
