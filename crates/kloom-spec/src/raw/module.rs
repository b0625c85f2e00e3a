//! `[module]`.

use crate::At;
use schemars::JsonSchema;
use serde::Deserialize;

/// The module as a whole
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// Name of the module, and the first word of its functions
    pub name: At<String>,
    /// SPDX expression, such as `GPL-2.0-only` or `GPL-2.0-only OR MIT`
    pub license: At<String>,
    /// `Name <address>`, one entry each
    #[serde(default)]
    pub authors: Vec<At<String>>,
    /// One line
    pub description: At<String>,
    /// Version of the module
    pub version: Option<At<String>>,
    /// Kernels to write it for [default: the newest]
    pub kernel: Option<Kernel>,
    /// Language to write it in [default: c]
    pub language: Option<At<Language>>,
}

/// Kernels to write a module for
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kernel {
    /// The oldest, such as `6.1`
    pub min: At<String>,
    /// The newest [default: the newest that kloom knows]
    pub max: Option<At<String>>,
}

/// Language of a module
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// C
    C,
    /// Rust for Linux
    Rust,
}

/// A parameter of the module
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name
    pub name: At<String>,
    /// What it is for, one line
    pub about: At<String>,
    /// What it is if it is not given
    pub default: At<u32>,
    /// The least that makes sense [default: 0]
    pub min: Option<At<u32>>,
    /// The most that makes sense
    pub max: Option<At<u32>>,
}
