//! Automation for working on kloom.

mod corpus;
mod creations;
mod examples;
mod files;
mod fuzz;
mod hostile;
mod ledger;
mod linting;
mod mutate;
mod new_rule;
mod oracle;
mod prove;
mod random;
mod reader;
mod removals;
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
    Oracle(oracle::Options),
    Corpus(corpus::Options),
    Ledger(ledger::Options),
    Mutate(mutate::Options),
    Hostile(hostile::Options),
    Fuzz(fuzz::Options),
    NewRule(new_rule::Options),
    Prove(prove::Options),
    Examples(examples::Options),
    /// Run kloom with these arguments and say how much memory it took.
    Kloom(hostile::Passed),
    /// Check the project's own conventions.
    Tidy,
}

fn main() -> ExitCode {
    let done = match Command::parse().task {
        Task::Oracle(options) => oracle::run(&options),
        Task::Corpus(options) => corpus::run(&options),
        Task::Ledger(options) => ledger::run(&options),
        Task::Mutate(options) => mutate::run(&options),
        Task::Hostile(options) => hostile::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::NewRule(options) => new_rule::run(&options),
        Task::Prove(options) => prove::run(&options),
        Task::Examples(options) => examples::run(&options),
        Task::Kloom(passed) => return hostile::pass(&passed),
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
