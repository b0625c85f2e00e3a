//! What is found beside the reports of a console: what the build said, and what loading and unloading came to.

use crate::account::{Outcome, Status};
use crate::console::Place;
use crate::messages::{At, Message};
use crate::module::Built;
use crate::process::End;
use crate::run::Run;
use crate::sources::Sources;
use crate::symbols;
use kloom_diag::{Diagnostic, FileId, Root, Severity, Span, Step};
use std::fs;
use std::path::{Path, PathBuf};

/// Where findings are put that are not in a console.
pub(crate) struct Scene<'a, 's> {
    pub folder: &'a Path,
    pub built: &'a Built,
    pub runs: &'a [Run],
    pub sources: &'a mut Sources<'s>,
}

impl Scene<'_, '_> {
    /// What the build came to.
    pub fn build(&mut self) -> Vec<Diagnostic> {
        let built = self.built;
        let messages = built.messages.iter();
        let mut found: Vec<Diagnostic> = messages.filter_map(|m| self.message(m)).collect();
        let explained = built.messages.iter().any(|m| m.severity == Severity::Error);
        let what = match &built.failure {
            Some(_) if explained => return found,
            Some(failure) => format!("the module does not build: {}", self.without_copy(failure)),
            None if built.modules.is_empty() => "the build gave no module".to_owned(),
            None => return found,
        };
        found.push(whole("build", what));
        found
    }

    /// A text without the name of the copy's folder, which is another one each time.
    fn without_copy(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.built.folder().display()), "")
    }

    /// What a tool said; nothing if it is about text that is not the module's.
    fn message(&mut self, message: &Message) -> Option<Diagnostic> {
        let place = self.span(&message.at);
        if place.is_none() && message.severity < Severity::Error && message.at != At::Module {
            return None;
        }
        let mut found = whole(message.rule, self.without_copy(&message.text));
        found.why = self.without_copy(&message.why);
        found.severity = message.severity;
        if let Some((span, function)) = place {
            (found.primary, found.root, found.function) = (span, Root(span), function);
        } else if let At::Line(path, line, _) = &message.at {
            found.why = format!("it is said of {path}:{line}");
        }
        for (at, text) in &message.notes {
            if let Some((span, _)) = self.span(at) {
                let message = text.clone();
                found.trace.push(Step { span, message });
            }
        }
        Some(found)
    }

    /// What loading and unloading came to, where the kernel gave no report that would say it.
    pub fn outcome(&mut self, run: &Run) -> Option<Diagnostic> {
        if !run.account.started {
            return None;
        }
        let is_silent = run.is_silent();
        let mut outcomes = run.account.outcomes.iter();
        let failed =
            outcomes.find_map(|outcome| Some((outcome, came_to(outcome, run.injects, is_silent)?)));
        if let Some((outcome, (rule, what, function))) = failed {
            return Some(self.at_function(rule, what, &outcome.module, function));
        }
        if run.account.ended || run.is_late() {
            return None;
        }
        let what = match run.transcript.end {
            End::TooMuchOutput => "the console is flooded",
            End::OutOfTime => "the guest did not come to its end in time",
            _ if is_silent => "the guest stopped talking",
            _ => return None,
        };
        let rule = match run.transcript.end {
            End::TooMuchOutput => "console-flood",
            _ => "guest-stopped",
        };
        let mut found = self.at_function(rule, what.to_owned(), &run.name, "init_module");
        found.why = format!("the last it said was \"{}\"", run.console.last);
        Some(found)
    }

    /// A load that succeeded although no thread could be made.
    pub fn hidden(&mut self, run: &Run) -> Option<Diagnostic> {
        let threads = match run.account.hidden? {
            1 => "its thread".to_owned(),
            n => format!("its {n} threads"),
        };
        let what = format!("the module loads although {threads} could not be made");
        let mut found = self.at_function("failure-hidden", what, &run.name, "init_module");
        found.severity = Severity::Warning;
        found.help = "give the error of the creation back from init".into();
        Some(found)
    }

    /// A finding at the beginning of a function of a module.
    fn at_function(
        &mut self,
        rule: &'static str,
        what: String,
        module: &str,
        function: &str,
    ) -> Diagnostic {
        let mut found = whole(rule, what);
        let code = self.runs.iter().map(|run| &run.code);
        let mut places = code.map(|code| code.of_symbol(Some(module), function, 0));
        let place = places.find_map(|places| places.into_iter().last());
        if let Some(place) = place
            && let Some(span) = self.sources.line(&place.path, place.line, 0)
        {
            (found.primary, found.root) = (span, Root(span));
            found.function = place.function;
        }
        found
    }

    fn span(&mut self, at: &At) -> Option<(Span, Option<String>)> {
        match at {
            At::Line(path, line, column) => {
                let path = self.own(path)?;
                Some((self.sources.line(&path, *line, *column)?, None))
            }
            At::Code(function, offset) => {
                let code = self.runs.iter().map(|run| &run.code);
                let places = code.flat_map(|code| code.of_symbol(None, function, *offset));
                let places: Vec<Place> = places.collect();
                places.into_iter().find_map(|place| {
                    let span = self.sources.line(&place.path, place.line, 0)?;
                    Some((span, place.function))
                })
            }
            At::Symbol(symbol) => self.mention(symbol).map(|span| (span, None)),
            At::Module => None,
        }
    }

    /// The user's path of a file of the copy.
    fn own(&self, path: &str) -> Option<String> {
        let path = Path::new(path);
        let inside = self.built.folder().canonicalize().ok()?;
        let relative = match path.is_absolute() {
            true => path.strip_prefix(inside).ok()?,
            false => path,
        };
        let path = symbols::shown(self.folder, relative)?;
        Path::new(&path).is_file().then_some(path)
    }

    /// The first place in the folder's sources where a name stands.
    fn mention(&mut self, name: &str) -> Option<Span> {
        let mut paths: Vec<PathBuf> = fs::read_dir(self.folder)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|e| e == "c" || e == "h" || e == "rs")
            })
            .collect();
        paths.sort();
        for path in paths {
            let path = path
                .strip_prefix(".")
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            let Some(file) = self.sources.file(&path) else {
                continue;
            };
            let text = self.sources.text(file);
            let is_word =
                |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
            let found = memchr::memmem::find_iter(text, name).find(|at| {
                let before = at.checked_sub(1).and_then(|before| text.get(before));
                !is_word(before) && !is_word(text.get(at + name.len()))
            });
            if let Some(at) = found {
                return Some(Span::new(file, at as u32, (at + name.len()) as u32));
            }
        }
        None
    }
}

/// What loading or unloading came to that should not be: a rule, words and a function of the module.
fn came_to(
    outcome: &Outcome,
    injects: bool,
    is_silent: bool,
) -> Option<(&'static str, String, &'static str)> {
    let said = match outcome.error.as_str() {
        "" => String::new(),
        error => format!(": {error}"),
    };
    let (rule, what, function) = match (outcome.load, outcome.status) {
        (_, Status::Done) => return None,
        // That is how init should end when something fails.
        (true, Status::Refused) if injects && outcome.round > 0 => return None,
        (true, Status::Refused) => (
            "load-failed",
            format!("the module does not load{said}"),
            "init_module",
        ),
        (false, Status::Refused) => (
            "unload-failed",
            format!("the module cannot be unloaded{said}"),
            "cleanup_module",
        ),
        // A report of the kernel says more.
        _ if !is_silent => return None,
        (true, _) => (
            "load-stuck",
            "init does not return".to_owned(),
            "init_module",
        ),
        (false, _) => (
            "unload-stuck",
            "exit does not return".to_owned(),
            "cleanup_module",
        ),
    };
    Some((rule, what, function))
}

/// A finding about the folder as a whole.
fn whole(rule: &'static str, what: String) -> Diagnostic {
    let start = Span::new(FileId(0), 0, 0);
    Diagnostic {
        rule,
        severity: Severity::Error,
        what,
        why: String::new(),
        help: String::new(),
        primary: start,
        label: String::new(),
        root: Root(start),
        function: None,
        trace: Vec::new(),
    }
}

/// One finding for each line: a kernel often has several words for one mistake, and the first says most.
pub(crate) fn folded(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut folded: Vec<Diagnostic> = Vec::new();
    for next in found {
        match folded.iter_mut().find(|first| first.root == next.root) {
            Some(first) if first.rule != next.rule => {
                first.severity = first.severity.max(next.severity);
                first.why = format!("{}; also {}", first.why, next.why);
            }
            Some(_) => {}
            None => folded.push(next),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rule: &'static str, start: u32) -> Diagnostic {
        let span = Span::new(FileId(0), start, start + 1);
        Diagnostic {
            rule,
            severity: Severity::Error,
            what: String::new(),
            why: format!("it said {rule}"),
            help: String::new(),
            primary: span,
            label: String::new(),
            root: Root(span),
            function: None,
            trace: Vec::new(),
        }
    }

    #[test]
    fn a_line_has_one_finding_that_names_the_others() {
        let all = folded(vec![
            found("a", 1),
            found("b", 1),
            found("a", 1),
            found("b", 7),
        ]);
        let seen: Vec<_> = all
            .iter()
            .map(|found| (found.rule, found.why.as_str()))
            .collect();
        assert_eq!(
            seen,
            [("a", "it said a; also it said b"), ("b", "it said b")]
        );
    }

    #[test]
    fn a_module_that_never_loads_is_not_clean() {
        let came = |round, load, status, injects| {
            let outcome = Outcome {
                round,
                load,
                module: "m".into(),
                status,
                error: "Invalid argument".into(),
            };
            came_to(&outcome, injects, true).map(|(rule, ..)| rule)
        };
        let (yes, no) = (Status::Refused, Status::Done);
        assert_eq!(came(1, true, yes, false), Some("load-failed"));
        // Without a failure that was made, and with one.
        assert_eq!(came(0, true, yes, true), Some("load-failed"));
        assert_eq!(came(1, true, yes, true), None);
        assert_eq!(came(1, false, yes, true), Some("unload-failed"));
        assert_eq!(came(1, true, Status::Stuck, true), Some("load-stuck"));
        assert_eq!(came(0, true, no, true), None);
    }
}
