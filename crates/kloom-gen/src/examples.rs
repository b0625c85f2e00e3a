//! Specs to begin with.

/// A spec to begin with.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Its name.
    pub name: &'static str,
    /// What it shows, one line.
    pub about: &'static str,
    /// The spec.
    pub text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// Every example, sorted by name.
pub fn examples() -> &'static [Example] {
    EXAMPLES
}

/// The example with this name.
pub fn example(name: &str) -> Option<&'static Example> {
    EXAMPLES.iter().find(|example| example.name == name)
}
