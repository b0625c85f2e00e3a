//! Headers of the module: found through the provider, read once, indexed by name.

use crate::pre::{Define, Extent, Prepared, Words};
use kloom_diag::Provider;
use std::sync::Arc;

/// What a name in a header is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// `struct tag { … }` or `union tag { … }`.
    Struct,
    /// `typedef … name;`
    Typedef,
    /// A function declared but not defined.
    Prototype,
    /// A function with its body (static inline).
    Function,
    /// A name in an `enum { … }`.
    Enumerator,
}

/// One file of a unit.
#[derive(Debug)]
pub struct Source {
    /// The path it was found under.
    pub path: Arc<str>,
    /// The original bytes.
    pub text: Arc<[u8]>,
    /// The prepass' result for it.
    pub prepared: Prepared,
}

/// Where a name is defined.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Number of the file in [`Symbols::sources`].
    pub source: usize,
    /// The file.
    pub file: &'a Source,
    /// The whole definition. For an enumerator: its value, empty if it has none.
    pub whole: Extent,
    /// The name in it.
    pub name: Extent,
}

/// Where a macro is defined.
#[derive(Clone, Copy, Debug)]
pub struct FoundMacro<'a> {
    /// Number of the file in [`Symbols::sources`].
    pub source: usize,
    /// The file.
    pub file: &'a Source,
    /// Its definition; the ranges belong to `file`.
    pub define: &'a Define,
}

/// Headers read so far, shared by all threads and bounded.
#[derive(Debug, Default)]
pub struct HeaderCache {}

/// The names that one file and its local headers give.
#[derive(Debug, Default)]
pub struct Symbols {
    sources: Vec<Arc<Source>>,
}

impl Symbols {
    /// Follows the local includes of a file. The file itself is source 0.
    pub fn load(
        main: Arc<Source>,
        _words: &Words,
        _provider: &dyn Provider,
        _cache: &HeaderCache,
    ) -> Symbols {
        Symbols {
            sources: vec![main],
        }
    }

    /// The file and its headers, in the order they were reached; 0 is the file itself.
    pub fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }

    /// The definition of `name` as a `symbol`: the file's own first, then headers in order.
    pub fn find(&self, _symbol: Symbol, _name: &[u8]) -> Option<Found<'_>> {
        None
    }

    /// The macro `name`, object-like or function-like.
    pub fn find_macro(&self, name: &[u8]) -> Option<FoundMacro<'_>> {
        self.sources.iter().enumerate().find_map(|(source, file)| {
            let define = file
                .prepared
                .defines
                .iter()
                .find(|d| d.name.of(&file.text) == name)?;
            Some(FoundMacro {
                source,
                file,
                define,
            })
        })
    }
}
