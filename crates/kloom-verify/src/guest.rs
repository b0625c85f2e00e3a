//! A virtual machine: boots a kernel with an initial file system and listens to its console.
//!
//! It has no network, no disk and no other device than a serial line; memory, time and output are bounded.

use crate::initrd::Initrd;
use crate::lab;
use crate::process::{self, End, Limits, Next};
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The first process.
const INIT: &[u8] = include_bytes!("../../../rules/lab/init.sh");
/// What it mounts.
const MOUNTS: &[u8] = b"none /proc proc defaults 0 0\nnone /sys sysfs defaults 0 0\n\
    none /dev devtmpfs defaults 0 0\nnone /sys/kernel/debug debugfs defaults 0 0\n";
/// Console text is kept up to here.
const MOST: usize = 16 << 20;
/// A guest has a pulse of two seconds, many times as long on a busy host; one without is dead.
const SILENCE: Duration = Duration::from_secs(90);
/// A probe boot takes a second where KVM works.
const PROBE: Duration = Duration::from_secs(15);
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
        for folder in ["bin", "dev", "etc", "proc", "sys", "m"] {
            initrd.folder(folder);
        }
        initrd.file("bin/busybox", busybox);
        initrd.file("init", INIT);
        initrd.file("etc/fstab", MOUNTS);
        initrd.fifo("tick");
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

/// Boots a kernel, runs a script and hands what the console says to `hear` as it comes.
pub fn run(
    image: &Path,
    accelerator: Accelerator,
    script: &Script,
    time: Duration,
    mut hear: impl FnMut(&[u8]) -> Next,
) -> io::Result<Transcript> {
    let busybox = lab::busybox().ok_or_else(|| io::Error::other("there is no static busybox"))?;
    let mut initrd = tempfile::NamedTempFile::new()?;
    initrd.write_all(&script.initrd(&fs::read(busybox)?))?;
    let limits = Limits {
        time,
        bytes: MOST,
        silence: SILENCE,
    };
    let mut text = Vec::new();
    let end = process::run(
        &mut qemu(image, accelerator, initrd.path()),
        limits,
        |piece| {
            text.extend_from_slice(piece);
            hear(piece)
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
    let probe = run(image, Accelerator::Kvm, &script, PROBE, |_| Next::Continue)?;
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
