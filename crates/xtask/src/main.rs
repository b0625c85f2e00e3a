//! Automation for working on kloom.

mod files;
mod oracle;
mod random;
mod reader;
mod tidy;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Automation for working on kloom.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Compare the tokens of C files with their IR.
    Oracle(oracle::Options),
    /// Check the project's own conventions.
    Tidy,
}

fn main() -> ExitCode {
    let done = match Command::parse().task {
        Task::Oracle(options) => oracle::run(&options),
        Task::Tidy => tidy::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
