//! The command line.

use clap::{Parser, Subcommand, ValueEnum};
use kloom_facts::Target;
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
