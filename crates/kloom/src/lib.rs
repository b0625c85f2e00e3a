//! The command: arguments, walking, reading, writing, exit status.
//!
//! This crate is where files, processes and the environment are touched; everything below it
//! gets text and gives values.

mod args;
mod debug;
pub mod disk;
mod explain;
mod lab;
mod lint;
mod map;
pub mod new;
pub mod pool;
mod progress;
pub mod scope;
pub mod tree;
mod verify;
mod walk;

pub use args::{Args, Scope};

use args::Command;
use std::io;
use std::process::ExitCode;

/// Nothing was found, or nothing was asked that could find anything.
const CLEAN: u8 = 0;
/// There are findings.
const FINDINGS: u8 = 1;
/// The command could not do what it was asked.
const FAILURE: u8 = 2;

/// Runs a command and gives the status of the process.
pub fn run(args: Args) -> ExitCode {
    let status = match args.command {
        Command::Lint(args) => lint::run(&args),
        Command::Map(args) => map::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Lab(args) => lab::run(&args),
        Command::New(args) => new::run(&args),
        Command::Schema(args) => new::schema(args.of),
        Command::Explain(args) => explain::explain(&args),
        Command::Rules => explain::list(),
        Command::Debug(command) => debug::run(&command),
    };
    match status {
        Ok(status) => ExitCode::from(status),
        // Whoever read the output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::from(CLEAN),
        Err(error) => {
            eprintln!("kloom: {}", kloom_report::clean_line(&format!("{error:#}")));
            ExitCode::from(FAILURE)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
