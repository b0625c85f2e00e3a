//! A report as a diagnostic on the module's own lines.

use super::frame::Frame;
use super::report::{Console, Origin, Report};
use crate::sources::Sources;
use kloom_diag::{Diagnostic, Root, Severity, Span, Step};
use std::fmt::Write as _;

/// The rule of a diagnostic about lines that only look like a report.
const IMITATION: &str = "imitated-report";
/// More callers than this are not shown.
const CALLERS: usize = 3;

/// Where code comes from.
pub trait Symbolizer {
    /// The lines of a frame, innermost first: several when calls were inlined. Lines of files that
    /// are not the module's own, such as the kernel's headers, are left out.
    fn places(&self, frame: &Frame) -> Vec<Place>;
}

/// A line of the module's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the provider knows it.
    pub path: String,
    /// Counts from 1.
    pub line: u32,
    /// The function, where it is known.
    pub function: Option<String>,
}

/// Turns the reports of one console into diagnostics.
pub struct Diagnoser<'a, 's> {
    symbolizer: &'a dyn Symbolizer,
    sources: &'a mut Sources<'s>,
    /// What reports without a place in the module are shown in, by the name of the console.
    console: &'a str,
}

impl<'a, 's> Diagnoser<'a, 's> {
    /// `console` names what reports stand in that have no place in the module.
    pub fn new(
        symbolizer: &'a dyn Symbolizer,
        sources: &'a mut Sources<'s>,
        console: &'a str,
    ) -> Diagnoser<'a, 's> {
        Diagnoser {
            symbolizer,
            sources,
            console,
        }
    }

    /// Every report of the console, in its order.
    pub fn console(&mut self, console: &Console) -> Vec<Diagnostic> {
        let reports = console.reports.iter();
        let mut found: Vec<Diagnostic> = reports.map(|report| self.report(report)).collect();
        if console.more > 0 {
            found.push(self.more(console.more));
        }
        found
    }

    /// Reports past the bound.
    fn more(&mut self, more: u64) -> Diagnostic {
        let what = format!("the console holds {more} more reports");
        let file = self.sources.add(self.console, what.as_bytes());
        let primary = Span::new(file, 0, what.len() as u32);
        Diagnostic {
            rule: "more-reports",
            severity: Severity::Warning,
            what,
            why: "only the first different ones are read".into(),
            help: "--keep puts all of it into a folder".into(),
            primary,
            label: String::new(),
            root: Root(primary),
            function: None,
            trace: Vec::new(),
        }
    }

    /// One report.
    pub fn report(&mut self, report: &Report) -> Diagnostic {
        if let Origin::Module(imitation) = report.origin {
            let why = format!("\"{}\": {}", report.headline, imitation.as_str());
            return Diagnostic {
                severity: Severity::Warning,
                what: "the module printed what looks like a report of the kernel".into(),
                label: "this was printed".into(),
                help: "print it in words that no tool takes for the kernel's".into(),
                ..self.on_console(report, IMITATION, why)
            };
        }
        let found = self.on_console(report, &report.kind.id, why(report));
        // Text that is gone when a report is made, such as that of init, may have no line.
        let stack: Vec<&Frame> = report.guilty.iter().chain(&report.callers).collect();
        let placed = stack.iter().enumerate();
        let placed = placed
            .filter_map(|(at, frame)| Some((at, self.span(frame)?)))
            .next();
        let Some((at, (primary, function))) = placed else {
            return found;
        };
        let callers = stack.iter().skip(at + 1).take(CALLERS);
        let callers = callers.map(|frame| ("called from here", *frame));
        let steps = report.steps.iter().map(|step| (step.says, &step.frame));
        let mut trace: Vec<Step> = Vec::new();
        for (says, frame) in callers.chain(steps) {
            if let Some((span, _)) = self.span(frame)
                && span != primary
                && trace.iter().all(|step| step.span != span)
            {
                trace.push(Step {
                    span,
                    message: says.to_string(),
                });
            }
        }
        Diagnostic {
            primary,
            label: report.kind.label.clone(),
            root: Root(primary),
            function,
            trace,
            ..found
        }
    }

    /// A report in the console's own text, of which the map gets the headline.
    fn on_console(&mut self, report: &Report, rule: &'static str, why: String) -> Diagnostic {
        let text = report.headline.as_bytes();
        let name = format!("{}:{}", self.console, report.lines.start());
        let file = self.sources.add(&name, text);
        let primary = Span::new(file, 0, text.len() as u32);
        Diagnostic {
            rule,
            severity: report.kind.severity,
            what: report.kind.says.clone(),
            why,
            help: help(report),
            primary,
            label: "the kernel said".into(),
            root: Root(primary),
            function: None,
            trace: Vec::new(),
        }
    }

    /// The innermost line of a frame whose file can be read.
    fn span(&mut self, frame: &Frame) -> Option<(Span, Option<String>)> {
        let places = self.symbolizer.places(frame);
        places.into_iter().find_map(|place| {
            let span = self.sources.line(&place.path, place.line, 0)?;
            Some((span, place.function))
        })
    }
}

fn why(report: &Report) -> String {
    let mut why = format!("the kernel said \"{}\"", report.headline);
    if report.count > 1 {
        let _ = write!(why, ", {} times", report.count);
    }
    if let Origin::Unclear(doubt) = report.origin {
        let _ = write!(why, "; {}", doubt.as_str());
    }
    if let Some(then) = &report.then {
        let _ = write!(why, "; then \"{then}\"");
    }
    why
}

fn help(report: &Report) -> String {
    let mut help = report.kind.help.clone();
    if let [first, others @ ..] = &report.kind.rules[..] {
        if !help.is_empty() {
            help.push_str("; ");
        }
        let _ = write!(help, "what `{first}` finds ends like this");
        if !others.is_empty() {
            let _ = write!(help, ", also `{}`", others.join("`, `"));
        }
    }
    help
}
