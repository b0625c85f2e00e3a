//! Conventions of the project, as checks that plain `cargo test` runs too.

mod licences;
mod sources;

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// A convention and what breaks it, one line each.
type Check = (&'static str, fn(&Path) -> Result<Vec<String>>);

const CHECKS: &[Check] = &[
    ("a crate uses only crates above it", sources::crate_order),
    ("only the edges touch the machine", sources::machine),
    ("checks know no kernel names", sources::kernel_names),
    ("every rule has a page and fixtures", sources::rules),
    ("no source file is too long", sources::lengths),
    ("nothing is left unfinished", sources::words),
    ("dependencies have allowed licences", licences::check),
];

/// The project's top folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs every check.
pub fn run() -> Result<()> {
    let mut broken = 0;
    for (name, check) in CHECKS {
        for line in check(&root())? {
            eprintln!("{name}: {line}");
            broken += 1;
        }
    }
    if broken > 0 {
        bail!("{broken} places break a convention");
    }
    println!("{} conventions hold", CHECKS.len());
    Ok(())
}
