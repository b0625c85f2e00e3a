//! Builds a debug kernel.

use super::config::{Flavour, Options};
use super::tools::Toolchain;
use super::{Lab, Stamp, logged, source};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Lines that `make` prints for a kernel, when it is not known from the last time.
const STEPS: usize = 1250;

/// What to build.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `6.12`, or `7.x` for the newest 7.
    pub version: String,
    /// Sources to use as they are.
    pub source: Option<PathBuf>,
    /// What the kernel is for.
    pub flavour: Flavour,
    /// How many compilers at a time.
    pub jobs: NonZeroUsize,
}

/// What goes on.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Something begins.
    Begin(&'a str),
    /// So many steps of about so many are done.
    Step(usize, usize),
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Built {
    /// The build tree.
    pub tree: PathBuf,
    /// What it was built from.
    pub stamp: Stamp,
    /// It was there already.
    pub was_there: bool,
}

impl Plan {
    /// Builds the kernel, or goes on where it was left, or does nothing if all is there.
    pub fn run(
        &self,
        lab: &Lab,
        tools: &Toolchain,
        mut tell: impl FnMut(Event<'_>),
    ) -> io::Result<Built> {
        fs::create_dir_all(lab.root())?;
        let (version, source) = match &self.source {
            Some(source) => {
                let release = source::release(source)?;
                let parts: Vec<&str> = release.split('.').take(2).collect();
                (parts.join("."), std::path::absolute(source)?)
            }
            None => source::unpacked(lab, &self.version, &mut |what| tell(Event::Begin(what)))?,
        };
        let tree = lab.tree(&version, self.flavour);
        let asked = format!("{}\n# {}\n", self.flavour.fragment(), tools.describe());
        let release = source::release(&source)?;
        let last = Lab::stamp(&tree);
        if let Some(stamp) = &last {
            let same = stamp.asked == asked && stamp.release == release && stamp.source == source;
            if same && tree.join("vmlinux").is_file() {
                return Ok(Built {
                    tree,
                    stamp: stamp.clone(),
                    was_there: true,
                });
            }
            // From here on it is not complete.
            fs::remove_file(Lab::stamp_path(&tree))?;
        }
        fs::create_dir_all(&tree)?;
        let mut log_path = tree.clone().into_os_string();
        log_path.push(".log");
        let mut log = File::options().create(true).append(true).open(&log_path)?;
        tell(Event::Begin(&format!("configuring {release}")));
        self.configure(&source, &tree, tools, &mut log)?;
        tell(Event::Begin(&format!(
            "building {}",
            tree.file_name().unwrap_or_default().to_string_lossy()
        )));
        let about = last.map_or(STEPS, |stamp| stamp.steps);
        let (start, mut steps) = (Instant::now(), 0);
        let mut make = tools.make();
        make.arg("-C")
            .arg(&source)
            .arg(format!("O={}", tree.display()));
        make.arg(format!("-j{}", self.jobs))
            .args(["vmlinux", "modules"]);
        let done = logged(&mut make, &mut log, || {
            steps += 1;
            tell(Event::Step(steps, about.max(steps)));
        })?;
        if !done {
            return Err(io::Error::other(format!(
                "the kernel does not build, see {}",
                Path::new(&log_path).display()
            )));
        }
        let stamp = Stamp {
            release,
            source,
            asked,
            // A build that went on where it was left says little about a whole one.
            steps: steps.max(about),
            seconds: start.elapsed().as_secs(),
        };
        fs::write(Lab::stamp_path(&tree), serde_json::to_vec_pretty(&stamp)?)?;
        Ok(Built {
            tree,
            stamp,
            was_there: false,
        })
    }

    /// Writes `.config`, and fails if not all that was asked for is granted.
    fn configure(
        &self,
        source: &Path,
        tree: &Path,
        tools: &Toolchain,
        log: &mut File,
    ) -> io::Result<()> {
        let config = tree.join(".config");
        let asked = Options::parse(&self.flavour.fragment());
        let granted = |text: &str| Options::refused(&asked, &Options::parse(text));
        let known = fs::read_to_string(&config).unwrap_or_default();
        if known.is_empty() || !granted(&known).is_empty() {
            let mut make = |target: &str| {
                let mut make = tools.make();
                make.arg("-C")
                    .arg(source)
                    .arg(format!("O={}", tree.display()));
                match logged(make.arg(target), log, || {})? {
                    true => Ok(()),
                    false => Err(io::Error::other(format!(
                        "make {target} failed, see the log beside {}",
                        tree.display()
                    ))),
                }
            };
            make("tinyconfig")?;
            let mut file = File::options().append(true).open(&config)?;
            file.write_all(self.flavour.fragment().as_bytes())?;
            drop(file);
            make("olddefconfig")?;
        }
        let refused = granted(&fs::read_to_string(&config)?);
        if refused.is_empty() {
            return Ok(());
        }
        // A kernel without a check would be silent where it should speak.
        fs::remove_file(&config)?;
        Err(io::Error::other(format!(
            "the kernel's configuration is not what was asked for: {}",
            refused.join("; ")
        )))
    }
}
