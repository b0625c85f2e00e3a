//! The `kloom` command.

use clap::Parser;
use std::process::ExitCode;

/// Takes the place of malloc for the parser's C as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kloom::run(kloom::Args::parse())
}
