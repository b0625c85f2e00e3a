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
    ("tests that are named exist", sources::named_tests),
    ("the oldest toolchain is stated", sources::toolchain),
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

#[cfg(test)]
mod tests {
    use super::root;
    use crate::linting::lint;
    use kloom_facts::{Facts, Target};
    use kloom_lint::{Linter, Profile, Selection};
    use kloom_report::{Format, Style, Writer};

    #[test]
    fn readme_shows_what_kloom_prints() {
        let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
        let rules = Selection::new(Profile::Default, &[], &[]).unwrap();
        let linter = Linter::new(Facts::builtin(), Target::NEWEST, rules, &kloom::disk::Disk);
        let code = read("fixtures/readme/counter.c");
        let report = lint(&linter, "counter.c", code.into_bytes().into());
        let style = Style {
            format: Format::Text,
            color: false,
            target: Target::NEWEST,
        };
        let mut printed = Vec::new();
        let mut writer = Writer::new(&mut printed, style);
        writer.add(style.render(&report)).unwrap();
        writer.finish(false).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        let finding = printed.trim_end();
        assert!(
            read("README.md").contains(finding),
            "README should show:\n{finding}"
        );
    }
}
