//! One folder from sources to diagnostics: build, boot, listen, read.

use crate::console::{
    Console, Diagnoser, Origin, Place, Reader, State, Subject, Symbolizer, Texts,
};
use crate::guest::{self, Accelerator, Account, Script, Status, Transcript};
use crate::lab::Kernel;
use crate::messages::{At, Message};
use crate::module::{self, Built, Module};
use crate::process::End;
use crate::symbols::Symbols;
use kloom_diag::{Diagnostic, Provider, Root, Severity, SourceFile, SourceMap, Span, Step};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A longer exercise is refused.
const MOST_EXERCISE: u64 = 1 << 20;

/// Seconds between loading and unloading: long enough to work, and too short to have begun.
const DWELL: [&str; 3] = ["2", "0.3", "0"];

/// How often a guest is started that does not come up: on a busy host a boot can fail.
const BOOTS: u32 = 3;

/// What is made to fail while a module is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inject {
    /// Every creation of a thread.
    ThreadCreation,
    /// In the first round every allocation, in later ones one each.
    Allocation,
}

impl Inject {
    /// The word of the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Inject::ThreadCreation => "thread-creation",
            Inject::Allocation => "allocation",
        }
    }
}

/// How modules are run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The kernel.
    pub kernel: Kernel,
    /// How the guest's processor is made.
    pub accelerator: Accelerator,
    /// How often a module is loaded and unloaded.
    pub rounds: u32,
    /// What is made to fail.
    pub inject: Option<Inject>,
    /// What a guest may take.
    pub timeout: Duration,
    /// The build can write to nothing but its own copy.
    pub sandbox: bool,
}

/// What became of a folder.
#[derive(Debug)]
pub struct Verdict {
    /// The source that stands for the folder.
    pub path: String,
    /// The texts that spans point into; id 0 is that source.
    pub files: SourceMap,
    /// What was found, sorted by file, offset, rule.
    pub diagnostics: Vec<Diagnostic>,
    /// The console of each module's guest.
    pub consoles: Vec<(String, Vec<u8>)>,
    /// What exercise scripts said.
    pub exercise: Vec<String>,
    /// Why a guest says nothing about its module.
    pub failures: Vec<String>,
}

/// Builds the modules of a folder and runs each in a guest of its own.
pub fn verify(folder: &Path, settings: &Settings, provider: &dyn Provider) -> io::Result<Verdict> {
    let built = module::build(folder, &settings.kernel, settings.sandbox)?;
    let main = main_file(folder, &built)?;
    let mut runs = Vec::new();
    for module in &built.modules {
        runs.push(run(folder, &built, module, settings)?);
    }
    let files = runs.iter().flat_map(|run| &run.symbols);
    let code = Code(files.collect());
    let path = main.path().to_owned();
    let mut diagnoser = Diagnoser::new(&code, provider, main, "<console>");
    let mut diagnostics = Vec::new();
    for run in &runs {
        diagnostics.extend(diagnoser.console(&run.console));
    }
    let mut verdict = Verdict {
        path,
        files: diagnoser.into_files(),
        diagnostics: folded(diagnostics),
        consoles: Vec::new(),
        exercise: Vec::new(),
        failures: Vec::new(),
    };
    let mut scene = Scene {
        folder,
        built: &built,
        provider,
        code: &code,
        files: &mut verdict.files,
    };
    for message in &built.messages {
        verdict.diagnostics.extend(scene.message(message));
    }
    let unexplained = !built.messages.iter().any(|m| m.severity == Severity::Error);
    match &built.failure {
        Some(failure) if unexplained => {
            let what = format!("the module does not build: {failure}");
            verdict.diagnostics.push(scene.whole("build", what));
        }
        None if built.modules.is_empty() => {
            let what = "the build gave no module".to_owned();
            verdict.diagnostics.push(scene.whole("build", what));
        }
        _ => {}
    }
    for run in &runs {
        let reported = run.console.reports.iter();
        let reported = reported.filter(|r| !matches!(r.origin, Origin::Module(_)));
        let is_silent = reported.count() == 0;
        verdict
            .diagnostics
            .extend(scene.outcome(run, settings, is_silent));
        verdict.diagnostics.extend(scene.hidden(run));
    }
    for run in runs {
        if !run.account.started {
            verdict
                .failures
                .push(format!("the guest of {} did not come up", run.name));
        } else if run.is_late(settings) {
            verdict.failures.push(format!(
                "the guest of {} had no time left to look for leaks; see --timeout",
                run.name
            ));
        }
        verdict.exercise.extend(run.account.exercise);
        verdict.consoles.push((run.name, run.transcript.text));
    }
    verdict
        .diagnostics
        .sort_by_key(|found| (found.primary.file, found.primary.start, found.rule));
    verdict.diagnostics.dedup();
    Ok(verdict)
}

/// The script that uses the module's files, if there is one. It goes into the guest, so that nothing
/// but the folder's own text may stand behind the name.
fn exercise(folder: &Path) -> io::Result<Option<Vec<u8>>> {
    let path = folder.join("verify.sh");
    let kind = match fs::symlink_metadata(&path) {
        Ok(kind) => kind,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !kind.is_file() || kind.len() > MOST_EXERCISE {
        return Err(io::Error::other("verify.sh is no plain file below 1 MiB"));
    }
    fs::read(&path).map(Some)
}

/// One finding for each line: a kernel often has several words for one mistake, and the first says most.
fn folded(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
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

/// One guest's run.
struct Run {
    /// The module's name.
    name: String,
    symbols: Vec<Symbols>,
    account: Account,
    transcript: Transcript,
    console: Console,
}

impl Run {
    /// Time was over after the module was unloaded for the last time: that is not the module's doing.
    fn is_late(&self, settings: &Settings) -> bool {
        let last = self.account.outcomes.last();
        let unloaded = last.is_some_and(|last| !last.load && last.status == Status::Done);
        let rounds_are_over = self.account.rounds == settings.rounds && unloaded;
        self.transcript.end == End::OutOfTime && !self.account.ended && rounds_are_over
    }
}

fn run(folder: &Path, built: &Built, module: &Module, settings: &Settings) -> io::Result<Run> {
    let modules = built.with_needs(module);
    let inside = built.folder().canonicalize()?;
    let mut symbols: Vec<Symbols> = modules
        .iter()
        .map(|module| Symbols::new(&module.name, &module.object, &inside, folder))
        .collect();
    let script = Script {
        tag: tag()?,
        rounds: settings.rounds,
        dwell: DWELL.map(str::to_owned).to_vec(),
        inject: settings.inject.map(Inject::as_str),
        modules: modules
            .iter()
            .map(|module| (module.name.clone(), module.object.clone()))
            .collect(),
        exercise: exercise(folder)?,
    };
    let image = settings.kernel.image();
    let (transcript, account) = boot(&image, &script, settings)?;
    for (name, section, address) in &account.sections {
        for symbols in symbols.iter_mut().filter(|s| s.module == *name) {
            symbols.loaded_at(section, *address);
        }
    }
    let subject = Subject {
        modules: modules.iter().map(|module| module.name.clone()).collect(),
        texts: Texts::of(&module.object),
    };
    let mut reader = Reader::new(&subject);
    if account.started {
        reader.push(&transcript.text);
    }
    let state = match account.ended {
        true => account.state,
        false => State::default(),
    };
    Ok(Run {
        name: module.name.clone(),
        symbols,
        console: reader.finish(state),
        account,
        transcript,
    })
}

/// Runs a guest; once more if it did not come as far as the module.
fn boot(image: &Path, script: &Script, settings: &Settings) -> io::Result<(Transcript, Account)> {
    let mut left = BOOTS;
    loop {
        let transcript = guest::run(image, settings.accelerator, script, settings.timeout)?;
        let account = Account::read(&transcript.text, &script.tag);
        left -= 1;
        if account.started || left == 0 {
            return Ok((transcript, account));
        }
    }
}

/// A word that nobody can know beforehand.
fn tag() -> io::Result<String> {
    use std::io::Read as _;
    let mut bytes = [0; 8];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("kloom-{:016x}", u64::from_le_bytes(bytes)))
}

/// The source that a folder's findings without a place are shown in.
fn main_file(folder: &Path, built: &Built) -> io::Result<SourceFile> {
    let mut names: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .collect();
    names.sort();
    let extension = |path: &PathBuf| {
        let extension = path.extension().and_then(|e| e.to_str());
        matches!(extension, Some("c" | "rs")) && !path.to_string_lossy().ends_with(".mod.c")
    };
    let of_module = |path: &&PathBuf| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        built.modules.iter().any(|module| module.file_name == stem)
    };
    let sources = || names.iter().filter(|path| extension(path));
    let build = |path: &&PathBuf| path.ends_with("Kbuild") || path.ends_with("Makefile");
    let found = sources()
        .find(of_module)
        .or_else(|| sources().next())
        .or_else(|| names.iter().find(build));
    let Some(path) = found else {
        return Err(io::Error::other(format!(
            "{}: nothing to build here",
            folder.display()
        )));
    };
    let path = path.strip_prefix(".").unwrap_or(path);
    Ok(SourceFile::new(path.to_string_lossy(), fs::read(path)?))
}

/// The code of several modules.
struct Code<'a>(Vec<&'a Symbols>);

impl Symbolizer for Code<'_> {
    fn places(&self, frame: &crate::console::Frame) -> Vec<Place> {
        let mut places = self.0.iter().map(|symbols| symbols.places(frame));
        places.find(|places| !places.is_empty()).unwrap_or_default()
    }
}

/// Where findings are put that are not in a console.
struct Scene<'a> {
    folder: &'a Path,
    built: &'a Built,
    provider: &'a dyn Provider,
    code: &'a Code<'a>,
    files: &'a mut SourceMap,
}

impl Scene<'_> {
    /// What a tool said; nothing if it is about text that is not the module's.
    fn message(&mut self, message: &Message) -> Option<Diagnostic> {
        let place = self.span(&message.at);
        if place.is_none() && message.severity < Severity::Error && message.at != At::Module {
            return None;
        }
        // The name of the copy's folder is another one each time.
        let copy = format!("{}/", self.built.folder().display());
        let mut found = self.whole(message.tool.as_str(), message.text.replace(&copy, ""));
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
    fn outcome(&mut self, run: &Run, settings: &Settings, is_silent: bool) -> Option<Diagnostic> {
        if !run.account.started {
            return None;
        }
        let forced = settings.inject.is_some();
        for outcome in &run.account.outcomes {
            let said = match outcome.error.as_str() {
                "" => String::new(),
                error => format!(": {error}"),
            };
            let (rule, what, function) = match (outcome.load, outcome.status) {
                (_, Status::Done) => continue,
                (true, Status::Refused) if forced => continue,
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
                (true, _) if is_silent => (
                    "load-stuck",
                    "init does not return".to_owned(),
                    "init_module",
                ),
                (false, _) if is_silent => (
                    "unload-stuck",
                    "exit does not return".to_owned(),
                    "cleanup_module",
                ),
                _ => continue,
            };
            return Some(self.at_function(rule, what, &outcome.module, function));
        }
        if run.account.ended || run.is_late(settings) {
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
    fn hidden(&mut self, run: &Run) -> Option<Diagnostic> {
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
        let mut found = self.whole(rule, what);
        let mut of_module = self
            .code
            .0
            .iter()
            .filter(|symbols| symbols.module == module);
        let places = of_module
            .next()
            .map(|symbols| symbols.of_symbol(function, 0));
        let place = places.unwrap_or_default().into_iter().last();
        if let Some(place) = place
            && let Some(span) = self.line(&place.path, place.line, 0)
        {
            (found.primary, found.root) = (span, Root(span));
            found.function = place.function;
        }
        found
    }

    /// A finding about the folder as a whole.
    fn whole(&self, rule: &'static str, what: String) -> Diagnostic {
        let start = Span::new(kloom_diag::FileId(0), 0, 0);
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

    fn span(&mut self, at: &At) -> Option<(Span, Option<String>)> {
        match at {
            At::Line(path, line, column) => {
                let path = self.own(path)?;
                Some((self.line(&path, *line, *column)?, None))
            }
            At::Code(function, offset) => {
                let modules = self.code.0.iter();
                let places = modules.flat_map(|symbols| symbols.of_symbol(function, *offset));
                let places: Vec<Place> = places.collect();
                places.into_iter().find_map(|place| {
                    let span = self.line(&place.path, place.line, 0)?;
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
        let path = crate::symbols::shown(self.folder, relative)?;
        Path::new(&path).is_file().then_some(path)
    }

    /// A line from a column on, from 1; without one, from its first word.
    fn line(&mut self, path: &str, line: u32, column: u32) -> Option<Span> {
        let known = self.files.iter().find(|(_, file)| file.path() == path);
        let id = match known.map(|(id, _)| id) {
            Some(id) => id,
            None => {
                let text = self.provider.read(path)?;
                self.files.add(SourceFile::new(path, text))
            }
        };
        let file = self.files.get(id);
        let index = line.checked_sub(1)? as usize;
        let starts = file.line_starts();
        let start = *starts.get(index)?;
        let end = starts
            .get(index + 1)
            .map_or(file.text().len() as u32, |next| *next);
        let text = file.text().get(start as usize..end as usize)?;
        let length = text.trim_ascii_end().len() as u32;
        let before = match column {
            0 => (text.len() - text.trim_ascii_start().len()) as u32,
            _ => column - 1,
        };
        Some(Span::new(id, start + before.min(length), start + length))
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
            let Some(text) = self.provider.read(&path) else {
                continue;
            };
            let is_word =
                |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
            let found = memchr::memmem::find_iter(&text, name).find(|at| {
                let before = at.checked_sub(1).and_then(|before| text.get(before));
                !is_word(before) && !is_word(text.get(at + name.len()))
            });
            if let Some(at) = found {
                let line = text[..at].iter().filter(|byte| **byte == b'\n').count() as u32 + 1;
                let span = self.line(&path, line, 0)?;
                return Some(Span::new(span.file, at as u32, (at + name.len()) as u32));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rule: &'static str, start: u32) -> Diagnostic {
        let span = Span::new(kloom_diag::FileId(0), start, start + 1);
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
}
