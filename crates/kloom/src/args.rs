//! The command line.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use kloom_facts::Target;
use kloom_verify::verify::Inject;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Finds the bugs of Linux kernel-thread code, without a build.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reads kernel C and reports what is wrong in it
    Lint(LintArgs),
    /// Prints what runs where, and what starts, stops, waits for and wakes what
    Map(MapArgs),
    /// Builds modules, loads and unloads them in a debug kernel and reports what it says of them
    Verify(VerifyArgs),
    /// Makes the debug kernels that `verify` boots
    Lab(LabArgs),
    /// Writes a module from a spec
    New(NewArgs),
    /// Prints the schema of a file that kloom reads
    Schema(SchemaArgs),
    /// Prints the page of a rule
    Explain(ExplainArgs),
    /// Lists the rules
    Rules,
    /// Shows what kloom makes of a file, to understand a finding or its absence
    #[command(subcommand)]
    Debug(DebugCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum DebugCommand {
    /// The blocks of a function as a Mermaid flow chart
    Cfg {
        /// The file
        file: PathBuf,
        /// The function
        function: String,
    },
    /// The intermediate representation
    Ir {
        /// The file
        file: PathBuf,
        /// The function; all of them without it
        function: Option<String>,
    },
    /// What a call means to its caller
    Summary {
        /// The file
        file: PathBuf,
        /// The function; all of them without it
        function: Option<String>,
    },
    /// What is known about a kernel function, macro or attribute
    Facts {
        /// Its name
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct LintArgs {
    /// Files and folders; `-` is the standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The path that the standard input is reported under and finds its headers from
    #[arg(long, value_name = "FILE")]
    pub stdin_filename: Option<PathBuf>,
    /// Threads to use [default: all cores]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Kernel release or range the code is for [default: that of the enclosing kernel tree]
    #[arg(long, value_name = "V|V..W")]
    pub kernel: Option<Target>,
    /// Which files of a folder are worth reading [default: threads in a kernel tree, else all]
    #[arg(long)]
    pub scope: Option<Scope>,
    /// Only these rules; `preview` stands for those that no profile has yet
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,
    /// All but these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// A choice of rules
    #[arg(long, default_value = "default")]
    pub profile: Profile,
    /// How findings are written
    #[arg(long, default_value = "text")]
    pub format: Format,
    /// Exit 0 even if there are findings
    #[arg(long)]
    pub exit_zero: bool,
    /// When to use colours
    #[arg(long, default_value = "auto")]
    pub color: Color,
    /// Count the findings of each rule
    #[arg(long)]
    pub statistics: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MapArgs {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Kernel release or range the code is for [default: that of the enclosing kernel tree]
    #[arg(long, value_name = "V|V..W")]
    pub kernel: Option<Target>,
    /// How the map is written
    #[arg(long, default_value = "text")]
    pub format: MapFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Folders with a Kbuild or Makefile
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// Version of the debug kernel; 7.x is the newest 7 of the laboratory
    #[arg(long, value_name = "V", default_value = "6.12")]
    pub kernel: String,
    /// Boot the kernel that looks for data races
    #[arg(long)]
    pub kcsan: bool,
    /// A build tree to use in place of one of the laboratory
    #[arg(long, value_name = "DIR", conflicts_with_all = ["kernel", "kcsan"])]
    pub build: Option<PathBuf>,
    /// The folder of the debug kernels [default: in the user's cache]
    #[arg(long, value_name = "DIR")]
    pub lab: Option<PathBuf>,
    /// How often each module is loaded and unloaded
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rounds: u32,
    /// What is made to fail while a module is loaded
    #[arg(long, value_parser = inject())]
    pub inject: Option<Inject>,
    /// Seconds that a guest may take
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: u64,
    /// Folders at a time [default: all cores]
    #[arg(short, long, value_name = "N", default_value_t = cores(), hide_default_value = true)]
    pub jobs: NonZeroUsize,
    /// Put the consoles into this folder
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Show the build its own copy, the kernel and the system's programs alone, without a network (bubblewrap)
    #[arg(long)]
    pub sandbox: bool,
    /// How findings are written
    #[arg(long, default_value = "text")]
    pub format: Format,
    /// Exit 0 even if there are findings
    #[arg(long)]
    pub exit_zero: bool,
    /// When to use colours
    #[arg(long, default_value = "auto")]
    pub color: Color,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LabArgs {
    /// The folder of the debug kernels [default: in the user's cache]
    #[arg(long, value_name = "DIR", global = true)]
    pub lab: Option<PathBuf>,
    #[command(subcommand)]
    pub task: LabTask,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LabTask {
    /// Builds debug kernels, or goes on where that was left
    Build(LabBuild),
    /// Lists what there is
    Status,
    /// Opens a shell in a build tree
    Shell(LabCommand),
    /// Removes build trees
    Clean(LabClean),
}

#[derive(Debug, clap::Args)]
pub(crate) struct LabBuild {
    /// Version; 7.x is the newest 7 there is [default: 6.12 and 7.x]
    #[arg(long, value_name = "V")]
    pub kernel: Vec<String>,
    /// For modules in Rust, too
    #[arg(long)]
    pub rust: bool,
    /// Look for data races (KCSAN) in place of memory errors
    #[arg(long)]
    pub kcsan: bool,
    /// Sources to use in place of Debian's packages
    #[arg(long, value_name = "TREE", conflicts_with = "kernel")]
    pub source: Option<PathBuf>,
    /// Compilers at a time
    #[arg(short, long, value_name = "N", default_value_t = cores())]
    pub jobs: NonZeroUsize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LabCommand {
    /// Version
    #[arg(long, value_name = "V", default_value = "6.12")]
    pub kernel: String,
    /// The kernel that looks for data races
    #[arg(long)]
    pub kcsan: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LabClean {
    /// Only trees of this version
    #[arg(long, value_name = "V")]
    pub kernel: Option<String>,
    /// Remove unpacked sources, too
    #[arg(long)]
    pub sources: bool,
}

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// The spec, in TOML
    #[arg(value_name = "SPEC", conflicts_with = "example")]
    pub spec: Option<PathBuf>,
    /// Begin with this example, and write its spec, too
    #[arg(long, value_name = "NAME")]
    pub example: Option<String>,
    /// List the examples
    #[arg(long)]
    pub list: bool,
    /// The folder to write to [default: one named after the module]
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Kernel release or range to write for [default: what the spec says]
    #[arg(long, value_name = "V|V..W")]
    pub kernel: Option<Target>,
    /// Language to write [default: what the spec says]
    #[arg(long)]
    pub language: Option<Language>,
    /// Exit 1 if the folder is not what the spec gives, and show how it differs
    #[arg(long)]
    pub check: bool,
    /// Show what would change
    #[arg(long, conflicts_with = "check")]
    pub diff: bool,
    /// Say what would be written
    #[arg(long, conflicts_with_all = ["check", "diff"])]
    pub dry_run: bool,
    /// Rewrite files of kloom's that were changed by hand
    #[arg(long)]
    pub force: bool,
    /// Add hooks that the spec has and the file for them has not
    #[arg(long)]
    pub append_hooks: bool,
    /// When to use colours
    #[arg(long, default_value = "auto")]
    pub color: Color,
}

/// Language of a module.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Language {
    /// C
    C,
    /// Rust for Linux
    Rust,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {
    /// Which file
    pub of: SchemaOf,
}

/// A file that kloom reads.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemaOf {
    /// The spec of a module
    Spec,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The rule's name
    pub rule: String,
}

/// Files of a folder that are worth reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Scope {
    /// Those that use a thread, a worker or a wait queue
    Threads,
    /// Those that use a work item or a timer, too
    Works,
    /// Every file
    All,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Profile {
    /// Errors and warnings
    Default,
    /// Notes too, for teaching
    Course,
    /// Everything but rules in preview
    Strict,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// Excerpts with labels
    Text,
    /// One line per finding
    Concise,
    /// JSON, as described in crates/kloom-report/JSON.md
    Json,
    /// SARIF 2.1.0
    Sarif,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum MapFormat {
    /// Sections of things and what happens to them
    Text,
    /// JSON, as described in crates/kloom-report/JSON.md
    Json,
    /// A Mermaid flow chart
    Mermaid,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Yes
    Always,
    /// No
    Never,
}

impl From<Profile> for kloom_lint::Profile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Default => kloom_lint::Profile::Default,
            Profile::Course => kloom_lint::Profile::Course,
            Profile::Strict => kloom_lint::Profile::Strict,
        }
    }
}

/// The words for what can be made to fail.
fn inject() -> impl TypedValueParser<Value = Inject> {
    let words = Inject::ALL.map(|i| PossibleValue::new(i.as_str()).help(i.describe()));
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Inject>())
}

impl From<Language> for kloom_spec::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::C => kloom_spec::Language::C,
            Language::Rust => kloom_spec::Language::Rust,
        }
    }
}

impl From<Format> for kloom_report::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => kloom_report::Format::Text,
            Format::Concise => kloom_report::Format::Concise,
            Format::Json => kloom_report::Format::Json,
            Format::Sarif => kloom_report::Format::Sarif,
        }
    }
}

impl From<MapFormat> for kloom_report::MapFormat {
    fn from(format: MapFormat) -> Self {
        match format {
            MapFormat::Text => kloom_report::MapFormat::Text,
            MapFormat::Json => kloom_report::MapFormat::Json,
            MapFormat::Mermaid => kloom_report::MapFormat::Mermaid,
        }
    }
}
