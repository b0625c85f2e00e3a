//! Which options a debug kernel has: what is asked for, and what was granted.

use std::collections::BTreeMap;

const BASE: &str = include_str!("../../../../rules/lab/base.config");
const CHECKS: &str = include_str!("../../../../rules/lab/checks.config");
const MEMORY: &str = include_str!("../../../../rules/lab/memory.config");
const FAULT: &str = include_str!("../../../../rules/lab/fault.config");
const RUST: &str = include_str!("../../../../rules/lab/rust.config");
const RACES: &str = include_str!("../../../../rules/lab/races.config");

/// What a debug kernel is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flavour {
    /// Modules in Rust, too.
    pub rust: bool,
    /// KCSAN in place of KASAN and kmemleak.
    pub races: bool,
}

impl Flavour {
    /// What it adds to the name of a tree.
    pub const fn suffix(self) -> &'static str {
        match (self.rust, self.races) {
            (false, false) => "",
            (true, false) => "-rust",
            (false, true) => "-kcsan",
            (true, true) => "-kcsan-rust",
        }
    }

    /// The version and flavour that the name of a tree states.
    pub fn of_name(name: &str) -> (&str, Flavour) {
        let (name, rust) = match name.strip_suffix("-rust") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (name, races) = match name.strip_suffix("-kcsan") {
            Some(name) => (name, true),
            None => (name, false),
        };
        (name, Flavour { rust, races })
    }

    /// The options to ask for, as text for the end of a `.config`.
    pub fn fragment(self) -> String {
        let mut parts = vec![BASE, CHECKS, FAULT];
        parts.push(if self.races { RACES } else { MEMORY });
        if self.rust {
            parts.push(RUST);
        }
        parts.concat()
    }
}

/// Options and their values; what is not there is off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(BTreeMap<String, String>);

impl Options {
    /// Reads a `.config` or a fragment of one; the last line for an option counts.
    pub fn parse(text: &str) -> Options {
        let lines = text.lines().filter(|line| line.starts_with("CONFIG_"));
        let pairs = lines.filter_map(|line| line.split_once('='));
        Options(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// Whether an option is built in.
    pub fn is_on(&self, name: &str) -> bool {
        self.value(name) == "y"
    }

    fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("n", String::as_str)
    }

    /// What was asked for and not granted, one line each.
    pub fn refused(asked: &Options, granted: &Options) -> Vec<String> {
        let differ = asked
            .0
            .iter()
            .filter(|(name, value)| granted.value(name) != value.as_str());
        differ
            .map(|(name, value)| {
                format!(
                    "{name}={value} was asked for, {} granted",
                    granted.value(name)
                )
            })
            .collect()
    }

    /// What `make LLVM=` has to be for the compiler that these options were made with: `-19`, or `1` for one without a
    /// version in its name. `None` for gcc.
    pub fn llvm(&self) -> Option<String> {
        if !self.is_on("CONFIG_CC_IS_CLANG") {
            return None;
        }
        let text = self.value("CONFIG_CC_VERSION_TEXT");
        let version = text.split("clang version ").nth(1)?;
        let major: u32 = version.split('.').next()?.parse().ok()?;
        Some(format!("-{major}"))
    }

    /// How the Rust compiler named itself.
    pub fn rustc(&self) -> Option<&str> {
        let text = self.value("CONFIG_RUSTC_VERSION_TEXT").trim_matches('"');
        (text != "n").then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asked_is_compared_with_granted() {
        let asked =
            Options::parse("# a\nCONFIG_A=y\nCONFIG_B=n\nCONFIG_C=n\nCONFIG_D=4\nCONFIG_A=y\n");
        let granted = Options::parse("CONFIG_A=m\n# CONFIG_B is not set\nCONFIG_C=y\nCONFIG_D=4\n");
        assert_eq!(
            Options::refused(&asked, &granted),
            [
                "CONFIG_A=y was asked for, m granted",
                "CONFIG_C=n was asked for, y granted"
            ]
        );
    }

    #[test]
    fn names_of_trees_state_the_flavour() {
        for rust in [false, true] {
            for races in [false, true] {
                let flavour = Flavour { rust, races };
                let name = format!("6.12{}", flavour.suffix());
                assert_eq!(Flavour::of_name(&name), ("6.12", flavour));
                let asked = Options::parse(&flavour.fragment());
                assert_eq!(asked.is_on("CONFIG_KASAN"), !races);
                assert_eq!(asked.is_on("CONFIG_RUST"), rust);
            }
        }
    }

    #[test]
    fn the_compiler_is_named_as_make_wants_it() {
        let clang =
            "CONFIG_CC_IS_CLANG=y\nCONFIG_CC_VERSION_TEXT=\"Debian clang version 19.1.7 (3+b1)\"\n";
        assert_eq!(Options::parse(clang).llvm().as_deref(), Some("-19"));
        assert_eq!(Options::parse("CONFIG_CC_IS_GCC=y\n").llvm(), None);
    }
}
