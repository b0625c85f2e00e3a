//! One module in a guest of its own.

use crate::account::{Account, Status};
use crate::console::{Console, Origin, Reader, State, Subject, Texts};
use crate::guest::{self, Script, Transcript};
use crate::module::{Built, Module};
use crate::process::{End, Next};
use crate::symbols::{Code, Symbols};
use crate::verify::{Inject, Settings};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// A longer exercise is refused.
const MOST_EXERCISE: u64 = 1 << 20;
/// Seconds between loading and unloading: long enough to work, and too short to have begun.
const DWELL: [&str; 3] = ["2", "0.3", "0"];
/// How often a guest is started that does not come up: on a busy host a boot can fail.
const BOOTS: u32 = 3;
/// What a guest is given after a report behind which nothing more can be expected.
const AFTER_LAST: Duration = Duration::from_secs(12);

/// One guest's run.
pub(crate) struct Run {
    /// The module's name.
    pub name: String,
    /// The code of the module and of those that it needs.
    pub code: Code,
    /// What the guest's script said.
    pub account: Account,
    /// All that was said.
    pub transcript: Transcript,
    /// What the kernel said.
    pub console: Console,
    /// Something was made to fail.
    pub injects: bool,
    /// How many rounds were asked for.
    rounds: u32,
}

impl Run {
    /// Boots a guest and loads and unloads a module in it.
    pub fn of(
        folder: &Path,
        built: &Built,
        module: &Module,
        settings: &Settings,
    ) -> io::Result<Run> {
        let modules = built.with_needs(module);
        let inside = built.folder().canonicalize()?;
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
        let subject = Subject {
            modules: modules.iter().map(|module| module.name.clone()).collect(),
            texts: Texts::of(&module.object),
        };
        let (transcript, account, console) = boot(&script, &subject, settings)?;
        let symbols = modules
            .iter()
            .map(|module| Symbols::new(&module.name, &module.object, &inside, folder));
        let mut code = Code(symbols.collect());
        for (name, section, address) in &account.sections {
            code.loaded_at(name, section, *address);
        }
        Ok(Run {
            name: module.name.clone(),
            code,
            account,
            transcript,
            console,
            injects: settings.inject.is_some(),
            rounds: settings.rounds,
        })
    }

    /// The kernel reported nothing.
    pub fn is_silent(&self) -> bool {
        let mut reports = self.console.reports.iter();
        reports.all(|report| matches!(report.origin, Origin::Module(_)))
    }

    /// Time was over after the module was unloaded for the last time: that is not the module's doing.
    pub fn is_late(&self) -> bool {
        let last = self.account.outcomes.last();
        let unloaded = last.is_some_and(|last| !last.load && last.status == Status::Done);
        let rounds_are_over = self.account.rounds == self.rounds && unloaded;
        let cut = matches!(self.transcript.end, End::OutOfTime | End::Silent);
        cut && !self.account.ended && rounds_are_over
    }

    /// Why the guest says nothing about its module.
    pub fn failure(&self) -> Option<String> {
        let why = match self.account.started {
            false => "did not come up",
            true if self.is_late() => "had no time left to look for leaks; see --timeout",
            true => return None,
        };
        Some(format!("the guest of {} {why}", self.name))
    }
}

/// Runs a guest and reads what it says; once more if it did not come as far as the module.
fn boot(
    script: &Script,
    subject: &Subject,
    settings: &Settings,
) -> io::Result<(Transcript, Account, Console)> {
    let image = &settings.kernel.image;
    let mut left = BOOTS;
    loop {
        let mut reader = Reader::new(subject);
        let hear = |piece: &[u8]| {
            reader.push(piece);
            match reader.is_last() {
                true => Next::EndWithin(AFTER_LAST),
                false => Next::Continue,
            }
        };
        let transcript = guest::run(image, settings.accelerator, script, settings.timeout, hear)?;
        let account = Account::read(&transcript.text, &script.tag);
        left -= 1;
        if !account.started && left > 0 {
            continue;
        }
        let state = match account.ended {
            true => account.state,
            false => State::default(),
        };
        let console = match account.started {
            true => reader.finish(state),
            // What a kernel says that did not come up is not about the module.
            false => Console::default(),
        };
        return Ok((transcript, account, console));
    }
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

/// A word that nobody can know beforehand.
fn tag() -> io::Result<String> {
    use std::io::Read as _;
    let mut bytes = [0; 8];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("kloom-{:016x}", u64::from_le_bytes(bytes)))
}
