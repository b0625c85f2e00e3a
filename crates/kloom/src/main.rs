//! The `kloom` command.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    kloom::run(kloom::Args::parse())
}
