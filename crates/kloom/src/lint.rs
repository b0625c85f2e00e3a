//! `kloom lint`.

use crate::args::{Color, LintArgs, Scope};
use crate::disk::{self, Disk, Text};
use crate::progress::Progress;
use crate::scope::Filter;
use crate::walk::{self, Input, Inputs};
use crate::{CLEAN, FAILURE, FINDINGS, pool, tree};
use kloom_facts::{Facts, Target};
use kloom_lint::{FileReport, Linter, Reason, Selection, lint_file, lint_if_of_interest};
use kloom_report::{Rendered, Style, Writer, clean_line};
use std::io::{self, BufWriter, IsTerminal};
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, thread};

/// Lints what the arguments name.
pub fn run(args: &LintArgs) -> anyhow::Result<u8> {
    let selection = Selection::new(args.profile.into(), &args.select, &args.ignore)?;
    let inputs = walk::inputs(&args.paths)?;
    for folder in &inputs.empty {
        eprintln!(
            "kloom: {}: nothing to read",
            clean_line(&folder.to_string_lossy())
        );
    }
    let run = Run::new(args, selection)?;
    panic::set_hook(Box::new(|what| {
        // The message could quote what was read, the place cannot.
        let place = what.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("kloom: internal error at {place}, please report it");
    }));
    let jobs = jobs(inputs, args)?;
    let threads = args.jobs.or_else(|| thread::available_parallelism().ok());
    let mut progress = Progress::new(jobs.len(), "files");
    let mut writer = Writer::new(BufWriter::new(io::stdout().lock()), run.style);
    let live = io::stdout().is_terminal();
    pool::in_order(
        &jobs,
        threads.unwrap_or(NonZeroUsize::MIN),
        |job| run.render(job),
        |file| {
            if live && file.shows_something() {
                progress.clear();
            }
            writer.add(file)?;
            if live {
                writer.flush()?;
            }
            progress.step();
            io::Result::Ok(())
        },
    )?;
    progress.clear();
    let tally = writer.finish(args.statistics)?;
    Ok(match tally.findings.total() {
        _ if tally.has_failed() => FAILURE,
        0 => CLEAN,
        _ if args.exit_zero => CLEAN,
        _ => FINDINGS,
    })
}

/// What is the same for every file.
struct Run<'a> {
    linter: Linter<'a>,
    /// What is named lies in a kernel tree.
    in_tree: bool,
    filter: Filter,
    style: Style,
}

/// A file to lint.
enum Job {
    File(Input),
    /// The standard input has been read already.
    Stdin(PathBuf, Text),
}

fn jobs(inputs: Inputs, args: &LintArgs) -> io::Result<Vec<Job>> {
    let mut jobs: Vec<Job> = inputs.files.into_iter().map(Job::File).collect();
    if inputs.stdin {
        let path = args
            .stdin_filename
            .clone()
            .unwrap_or_else(|| "<stdin>".into());
        jobs.insert(0, Job::Stdin(path, disk::read_from(io::stdin().lock())?));
    }
    Ok(jobs)
}

impl Run<'_> {
    fn new(args: &LintArgs, selection: Selection) -> anyhow::Result<Self> {
        let facts = Facts::builtin();
        let stdin = args.stdin_filename.as_ref();
        let named = args.paths.iter().map(|path| match stdin {
            Some(name) if path.as_os_str() == "-" => name,
            _ => path,
        });
        let tree = named.min().and_then(|path| tree::enclosing(path));
        let target = args.kernel.or(tree.map(Target::exactly));
        let target = target.unwrap_or(Target::NEWEST);
        let scope = match (args.scope, tree) {
            (Some(scope), _) => scope,
            (None, Some(_)) => Scope::Threads,
            (None, None) => Scope::All,
        };
        Ok(Run {
            linter: Linter::new(facts, target, selection, &Disk),
            in_tree: tree.is_some(),
            filter: Filter::new(scope, facts)?,
            style: Style {
                format: args.format.into(),
                color: colored(args.color),
                target,
            },
        })
    }

    fn render(&self, job: &Job) -> Rendered {
        let (path, text, found) = match job {
            Job::Stdin(path, Text::Read(text)) => (path, text.clone(), false),
            Job::Stdin(path, Text::TooLarge) => return self.skipped(path, Reason::TooLarge),
            Job::File(Input { path, found }) => match disk::read(path) {
                Ok(Text::Read(text)) => (path, text, *found),
                Ok(Text::TooLarge) => return self.skipped(path, Reason::TooLarge),
                Err(_) => return self.skipped(path, Reason::Unreadable),
            },
        };
        if found && !self.filter.takes(&text) {
            return Rendered::out_of_scope();
        }
        if matches!(job, Job::File(_)) && !is_c(path) {
            return self.skipped(path, Reason::Language);
        }
        let report = self.lint(path, text, found && self.in_tree);
        report.map_or_else(Rendered::out_of_scope, |report| self.style.render(&report))
    }

    /// Lints one file; `None` if it may be passed over and mentions nothing of interest.
    ///
    /// Catching a panic is the last resort against a bug of ours: one file is lost, the others
    /// are not.
    fn lint(&self, path: &Path, text: Arc<[u8]>, pass_over: bool) -> Option<FileReport> {
        let shown = path.to_string_lossy();
        let work = AssertUnwindSafe(|| match pass_over {
            true => lint_if_of_interest(&self.linter, &shown, text),
            false => Some(lint_file(&self.linter, &shown, text)),
        });
        panic::catch_unwind(work)
            .unwrap_or_else(|_| Some(FileReport::skipped(&shown, Reason::Internal)))
    }

    fn skipped(&self, path: &Path, reason: Reason) -> Rendered {
        self.style
            .render(&FileReport::skipped(&path.to_string_lossy(), reason))
    }
}

fn is_c(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "c" || extension == "h")
}

/// Whether to use colours.
pub fn colored(color: Color) -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => io::stdout().is_terminal() && !is_set("NO_COLOR"),
    }
}
