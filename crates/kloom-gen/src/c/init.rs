//! The order of creation, and of teardown: the reverse.

use super::part::{Fails, Part, Step};
use crate::layout::indent;

/// The parts of the init function.
#[derive(Debug)]
pub struct Init {
    /// Whether it keeps an error in `ret`.
    pub has_ret: bool,
    /// What cannot fail.
    pub begin: String,
    /// What can, tests included.
    pub steps: Vec<String>,
    /// What is undone after a failure, the last thing first.
    pub unwinding: Vec<Undo>,
}

/// What is undone after a failure.
#[derive(Debug)]
pub struct Undo {
    /// Where to come in, if a failure does.
    pub label: Option<String>,
    /// What is done.
    pub text: String,
}

/// The init function of these parts.
pub fn init(parts: &[Part]) -> Init {
    let begin: Vec<String> = parts.iter().flat_map(|part| part.begin.clone()).collect();
    let mut init = Init {
        has_ret: false,
        begin: indent(&begin.join("\n"), 1) + "\n",
        steps: Vec::new(),
        unwinding: Vec::new(),
    };
    let mut standing: Vec<&Step> = Vec::new();
    let mut aims: Vec<&str> = Vec::new();
    for step in parts.iter().flat_map(|part| &part.steps) {
        let aim = match step.fails {
            Fails::Never => None,
            _ => standing.last().map(|step| step.label.as_str()),
        };
        aims.extend(aim);
        init.has_ret |= aim.is_some() || matches!(step.fails, Fails::Nonzero | Fails::Negative);
        let text = step.text(aim);
        if !text.is_empty() {
            init.steps.push(indent(&text, 1));
        }
        if !step.undo.is_empty() {
            standing.push(step);
        }
    }
    // What stands when the last failure is possible is undone from there on.
    let last = standing
        .iter()
        .rposition(|step| aims.contains(&step.label.as_str()));
    for step in standing[..last.map_or(0, |at| at + 1)].iter().rev() {
        init.unwinding.push(Undo {
            label: aims
                .contains(&step.label.as_str())
                .then(|| step.label.clone()),
            text: indent(&step.undo, 1),
        });
    }
    init
}

/// What the exit function does.
pub fn exit(parts: &[Part]) -> String {
    let steps = parts.iter().flat_map(|part| &part.steps).rev();
    let undo: Vec<&str> = steps
        .map(|step| step.undo.as_str())
        .filter(|undo| !undo.is_empty())
        .collect();
    undo.join("\n")
}

impl Step {
    /// The step with its test; a failure goes to this label, if anything has to be undone.
    fn text(&self, aim: Option<&str>) -> String {
        let test = match (&self.fails, aim) {
            (Fails::Never, _) => String::new(),
            (Fails::Pointer(place), None) => {
                format!("if (IS_ERR({place}))\n\treturn PTR_ERR({place});")
            }
            (Fails::Pointer(place), Some(aim)) => {
                format!("if (IS_ERR({place})) {{\n\tret = PTR_ERR({place});\n\tgoto {aim};\n}}")
            }
            (Fails::Nonzero, None) => "if (ret)\n\treturn ret;".to_owned(),
            (Fails::Nonzero, Some(aim)) => format!("if (ret)\n\tgoto {aim};"),
            (Fails::Negative, None) => "if (ret < 0)\n\treturn ret;".to_owned(),
            (Fails::Negative, Some(aim)) => format!("if (ret < 0)\n\tgoto {aim};"),
            (Fails::If(bad, error), None) => format!("if ({bad})\n\treturn {error};"),
            (Fails::If(bad, error), Some(aim)) => {
                format!("if ({bad}) {{\n\tret = {error};\n\tgoto {aim};\n}}")
            }
        };
        let lines = [self.set_up.as_str(), &test, &self.then];
        let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        lines.join("\n")
    }
}
