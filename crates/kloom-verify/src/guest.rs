//! A virtual machine: boots a kernel with an initial file system and listens to its console.
//!
//! It has no network, no disk and no other device than a serial line; memory, time and output are bounded.

use crate::initrd::Initrd;
use crate::process::{self, End, Limits, Next};
use crate::{console, lab};
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The first process.
const INIT: &[u8] = include_bytes!("../../../rules/lab/init.sh");
/// Console text is kept up to here.
const MOST: usize = 16 << 20;
/// What a guest is given after a report behind which nothing more can be expected.
const AFTER_LOCKUP: Duration = Duration::from_secs(12);
/// A probe boot takes a second where KVM works.
const PROBE: Duration = Duration::from_secs(15);
/// Words of reports after which a guest may never say anything again.
const LAST_WORDS: [&[u8]; 5] = [
    b"blocked for more than",
    b"soft lockup",
    b"hard LOCKUP",
    b"Kernel panic - not syncing",
    b"*** DEADLOCK ***",
];

/// How a guest's processor is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accelerator {
    /// By the host's.
    Kvm,
    /// By a program.
    Tcg,
}

/// What a guest does.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// A word that begins what the guest itself says.
    pub tag: String,
    /// How often modules are loaded and unloaded.
    pub rounds: u32,
    /// Seconds between loading and unloading, one for each round, over and over.
    pub dwell: Vec<String>,
    /// What is made to fail while a module is loaded.
    pub inject: Option<&'static str>,
    /// Names, as the kernel has them, and contents of modules, in the order of loading.
    pub modules: Vec<(String, Vec<u8>)>,
    /// What uses the modules while they run.
    pub exercise: Option<Vec<u8>>,
}

/// What came out of a run.
#[derive(Debug)]
pub struct Transcript {
    /// The console.
    pub text: Vec<u8>,
    /// How the guest ended.
    pub end: End,
}

impl Script {
    fn initrd(&self, busybox: &[u8]) -> Vec<u8> {
        let mut initrd = Initrd::default();
        for folder in ["bin", "dev", "proc", "sys", "m"] {
            initrd.folder(folder);
        }
        initrd.file("bin/busybox", busybox);
        initrd.file("init", INIT);
        let paths: Vec<String> = self
            .modules
            .iter()
            .map(|(name, _)| format!("/m/{name}.ko"))
            .collect();
        for ((_, module), path) in self.modules.iter().zip(&paths) {
            initrd.file(path.trim_start_matches('/'), module);
        }
        if let Some(exercise) = &self.exercise {
            initrd.file("verify.sh", exercise);
        }
        let settings = format!(
            "tag={}\nrounds={}\ndwell=\"{}\"\ninject={}\nmodules=\"{}\"\n",
            self.tag,
            self.rounds,
            self.dwell.join(" "),
            self.inject.unwrap_or_default(),
            paths.join(" "),
        );
        initrd.file("run.conf", settings.as_bytes());
        initrd.finish()
    }
}

/// Boots a kernel and runs a script.
pub fn run(
    image: &Path,
    accelerator: Accelerator,
    script: &Script,
    time: Duration,
) -> io::Result<Transcript> {
    let busybox = lab::busybox().ok_or_else(|| io::Error::other("there is no static busybox"))?;
    let mut initrd = tempfile::NamedTempFile::new()?;
    initrd.write_all(&script.initrd(&fs::read(busybox)?))?;
    let limits = Limits { time, bytes: MOST };
    let mut text = Vec::new();
    let end = process::run(
        &mut qemu(image, accelerator, initrd.path()),
        limits,
        |piece| {
            // A telling word may have been cut in two.
            let from = text.len().saturating_sub(64);
            text.extend_from_slice(piece);
            let said = |word: &&[u8]| memchr::memmem::find(&text[from..], word).is_some();
            match LAST_WORDS.iter().any(said) {
                true => Next::EndWithin(AFTER_LOCKUP),
                false => Next::Continue,
            }
        },
    )?;
    Ok(Transcript { text, end })
}

/// The accelerator that works with a kernel. What a probe boot found is remembered in a file until the host boots again.
pub fn accelerator(image: &Path, memory: &Path) -> io::Result<Accelerator> {
    let may = fs::File::options().read(true).write(true).open("/dev/kvm");
    if may.is_err() {
        return Ok(Accelerator::Tcg);
    }
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let word = |accelerator| match accelerator {
        Accelerator::Kvm => "kvm",
        Accelerator::Tcg => "tcg",
    };
    let known = fs::read_to_string(memory).unwrap_or_default();
    for accelerator in [Accelerator::Kvm, Accelerator::Tcg] {
        if known == format!("{boot}{}", word(accelerator)) {
            return Ok(accelerator);
        }
    }
    let script = Script {
        tag: "probe".into(),
        ..Script::default()
    };
    let probe = run(image, Accelerator::Kvm, &script, PROBE)?;
    let lives = memchr::memmem::find(&probe.text, b"probe start").is_some();
    let found = if lives {
        Accelerator::Kvm
    } else {
        Accelerator::Tcg
    };
    fs::write(memory, format!("{boot}{}", word(found)))?;
    Ok(found)
}

fn qemu(image: &Path, accelerator: Accelerator, initrd: &Path) -> Command {
    let accel = match accelerator {
        Accelerator::Kvm => "kvm",
        Accelerator::Tcg => "tcg",
    };
    let machine = format!("microvm,acpi=off,pic=on,pit=on,rtc=on,isa-serial=on,accel={accel}");
    // nokaslr: addresses mean the same in each boot. slab_debug=F: without it, kmemleak misses small objects on 7.3.
    // no_timer_check: on a busy host the timer may seem not to work.
    let append = "console=ttyS0 panic=-1 nokaslr loglevel=8 reboot=t pty.legacy_count=0 slab_debug=F \
                  printk.devkmsg=on no_timer_check";
    let mut qemu = Command::new("qemu-system-x86_64");
    qemu.args(["-machine", &machine, "-smp", "2", "-m", "256M"]);
    qemu.args(["-nodefaults", "-no-user-config", "-nographic", "-no-reboot"]);
    qemu.args(["-serial", "stdio", "-monitor", "none"]);
    let sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";
    qemu.args(["-sandbox", sandbox]);
    qemu.arg("-kernel").arg(image).arg("-initrd").arg(initrd);
    qemu.args(["-append", append]);
    qemu
}

/// What the guest itself said, in its order.
#[derive(Debug, Default)]
pub struct Account {
    /// What became of loading and unloading.
    pub outcomes: Vec<Outcome>,
    /// Sections of modules with their addresses.
    pub sections: Vec<(String, String, u64)>,
    /// What the exercise script said.
    pub exercise: Vec<String>,
    /// The kernel's state at the end.
    pub state: console::State,
    /// How many threads are made where that succeeds, if the modules loaded all the same when it did not.
    pub hidden: Option<u32>,
    /// How many rounds were begun.
    pub rounds: u32,
    /// The guest came up.
    pub started: bool,
    /// It came to its end.
    pub ended: bool,
}

/// What became of loading or unloading a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// It was loaded, not unloaded.
    pub load: bool,
    /// Its name.
    pub module: String,
    /// What came of it.
    pub status: Status,
    /// What was said about it.
    pub error: String,
}

/// How `insmod` or `rmmod` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it should.
    Done,
    /// It was refused.
    Refused,
    /// The kernel killed it.
    Killed,
    /// It did not end.
    Stuck,
}

impl Account {
    /// Takes what the guest said itself out of a console.
    pub fn read(text: &[u8], tag: &str) -> Account {
        let mut account = Account::default();
        let mark = format!("{tag} ");
        for line in text.split(|byte| *byte == b'\n') {
            let Some(at) = memchr::memmem::find(line, mark.as_bytes()) else {
                continue;
            };
            let said = String::from_utf8_lossy(&line[at + mark.len()..]);
            account.line(said.trim_end());
        }
        account
    }

    fn line(&mut self, said: &str) {
        let mut words = said.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default();
        match word() {
            "start" => self.started = true,
            "end" => self.ended = true,
            "round" => self.rounds = word().parse().unwrap_or(self.rounds),
            kind @ ("load" | "unload") => {
                let module = name(word());
                let status = match word() {
                    "0" => Status::Done,
                    "stuck" => Status::Stuck,
                    status if status.parse().is_ok_and(|status: i32| status > 128) => {
                        Status::Killed
                    }
                    _ => Status::Refused,
                };
                self.outcomes.push(Outcome {
                    load: kind == "load",
                    module,
                    status,
                    error: word().to_owned(),
                });
            }
            "section" => {
                let (module, section, address) = (name(word()), word(), word());
                let digits = address.trim_start_matches("0x");
                if let Ok(address) = u64::from_str_radix(digits, 16) {
                    self.sections.push((module, section.to_owned(), address));
                }
            }
            "exercise" => self
                .exercise
                .push(said.trim_start_matches("exercise ").to_owned()),
            "hidden" => self.hidden = word().parse().ok(),
            "tainted" => self.state.tainted = word().parse().ok(),
            "locks" => self.state.lockdep = said.split_whitespace().last().map(|on| on == "1"),
            _ => {}
        }
    }
}

/// The module of a file of the guest.
fn name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or_default();
    file.strip_suffix(".ko").unwrap_or(file).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guest_gives_account() {
        let text = b"[    1.0][    T1] w3 start\r\n\
            [    1.1][    T1] w3 round 1\r\n[ 1.2][ T1] w3 load /m/a_b.ko 0 \r\n\
            [    1.2] w4 end\r\n[ 1.2][ T1] w3 section /m/a_b.ko .text 0xffffffffa0000000\r\n\
            [    1.3][    T1] w3 unload /m/a_b.ko 137 \r\n[ 1.4][ T1] w3 tainted 4736\r\n\
            [    1.4][    T1] w3 locks debug_locks: 0\r\n[ 1.5] w3 hidden 2\r\n";
        let account = Account::read(text, "w3");
        assert!(account.started && !account.ended);
        assert_eq!(account.rounds, 1);
        let seen: Vec<_> = account
            .outcomes
            .iter()
            .map(|o| (o.load, o.status))
            .collect();
        assert_eq!(seen, [(true, Status::Done), (false, Status::Killed)]);
        assert_eq!(account.outcomes[0].module, "a_b");
        let text = (
            String::from("a_b"),
            String::from(".text"),
            0xffff_ffff_a000_0000,
        );
        assert_eq!(account.sections, [text]);
        assert_eq!(account.state.tainted, Some(4736));
        assert_eq!(account.state.lockdep, Some(false));
        assert_eq!(account.hidden, Some(2));
    }
}
