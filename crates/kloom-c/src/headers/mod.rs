//! Headers of the module: found through the provider, read once, indexed by name.
//!
//! A header is prepared like a source file and gives names and ranges; what a name means is parsed
//! only when somebody asks for it.

mod cache;
mod path;

use crate::Interest;
pub use crate::pre::Symbol;
use crate::syntax::Tree;
pub use cache::HeaderCache;

use crate::pre::{Define, Definition, Extent, Prepared, Words};
use kloom_diag::Provider;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use std::hash::Hasher;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Headers of one unit past which the rest are not read.
const MAX_HEADERS: usize = 96;

/// One file of a unit.
#[derive(Debug)]
pub struct Source {
    /// The path it was found under.
    pub path: Arc<str>,
    /// The original bytes.
    pub text: Arc<[u8]>,
    /// The prepass' result for it.
    pub prepared: Prepared,
    index: OnceLock<Index>,
    of_interest: OnceLock<bool>,
    /// The pieces that were parsed, by the offset of their first byte.
    trees: Mutex<FxHashMap<u32, Arc<Tree>>>,
}

/// Positions in the lists of a [`Prepared`] by the hash of symbol and name. Of names that are
/// defined more than once the first counts.
#[derive(Debug, Default)]
struct Index {
    definitions: FxHashMap<u64, u32>,
    defines: FxHashMap<u64, u32>,
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

impl Source {
    /// A file with what the prepass made of it.
    pub fn new(path: impl Into<Arc<str>>, text: Arc<[u8]>, prepared: Prepared) -> Source {
        Source {
            path: path.into(),
            text,
            prepared,
            index: OnceLock::new(),
            of_interest: OnceLock::new(),
            trees: Mutex::default(),
        }
    }

    /// The parse of one definition. Every unit that includes the file asks for the same ones.
    pub(crate) fn tree(&self, part: Extent) -> Arc<Tree> {
        let trees = || self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tree) = trees().get(&part.start) {
            return tree.clone();
        }
        let tree = Arc::new(Tree::parse(part.of(&self.prepared.text)));
        trees().insert(part.start, tree.clone());
        tree
    }

    /// Whether the text mentions a name of interest.
    pub(crate) fn is_of_interest(&self, interest: &Interest<'_>) -> bool {
        *self.of_interest.get_or_init(|| {
            let mut seen: FxHashSet<&[u8]> = FxHashSet::default();
            words(&self.text)
                .filter(|name| seen.insert(name))
                .any(|name| std::str::from_utf8(name).is_ok_and(interest))
        })
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for (at, found) in self.prepared.definitions.iter().enumerate() {
                let key = key(Some(found.symbol), found.name.of(&self.text));
                index.definitions.entry(key).or_insert(at as u32);
            }
            for (at, found) in self.prepared.defines.iter().enumerate() {
                let key = key(None, found.name.of(&self.text));
                index.defines.entry(key).or_insert(at as u32);
            }
            index
        })
    }

    fn definition(&self, key: u64, symbol: Symbol, name: &[u8]) -> Option<&Definition> {
        let at = *self.index().definitions.get(&key)?;
        let found = self.prepared.definitions.get(at as usize)?;
        (found.symbol == symbol && found.name.of(&self.text) == name).then_some(found)
    }

    fn define(&self, key: u64, name: &[u8]) -> Option<&Define> {
        let at = *self.index().defines.get(&key)?;
        let found = self.prepared.defines.get(at as usize)?;
        (found.name.of(&self.text) == name).then_some(found)
    }
}

/// The words of a text. Comments count, too: nothing is lost by reading one file more.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    text.split(move |b| !is_word(b))
        .filter(|word| word.first().is_some_and(|b| !b.is_ascii_digit()))
}

fn key(symbol: Option<Symbol>, name: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(name);
    hasher.write_u8(symbol.map_or(0, |symbol| symbol as u8 + 1));
    hasher.finish()
}

/// The names that one file and its local headers give.
#[derive(Debug, Default)]
pub struct Symbols {
    sources: Vec<Arc<Source>>,
    incomplete: bool,
}

impl Symbols {
    /// Follows the local includes of a file. The file itself is source 0.
    pub fn load(
        main: Arc<Source>,
        words: &Words,
        provider: &dyn Provider,
        cache: &HeaderCache,
    ) -> Symbols {
        let root = path::folder(&main.path).to_owned();
        let mut seen: FxHashSet<Arc<str>> = FxHashSet::from_iter([main.path.clone()]);
        let mut sources = vec![main];
        let mut incomplete = false;
        let mut at = 0;
        while let Some(source) = sources.get(at).cloned() {
            at += 1;
            for include in source.prepared.includes.iter().filter(|i| i.quoted) {
                if sources.len() > MAX_HEADERS {
                    incomplete = true;
                    break;
                }
                let Ok(name) = std::str::from_utf8(include.path.of(&source.text)) else {
                    continue;
                };
                let found = path::candidates(path::folder(&source.path), &root, name)
                    .find_map(|path| cache.get(&path, words, provider));
                incomplete |= found.is_none();
                if let Some(header) = found
                    && seen.insert(header.path.clone())
                {
                    sources.push(header);
                }
            }
        }
        Symbols {
            sources,
            incomplete,
        }
    }

    /// The file and its headers, in the order they were reached; 0 is the file itself.
    pub fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }

    /// Whether a header of the module was not found or not read.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// The definition of `name` as a `symbol`: the file's own first, then headers in order.
    pub fn find(&self, symbol: Symbol, name: &[u8]) -> Option<Found<'_>> {
        let key = key(Some(symbol), name);
        self.sources.iter().enumerate().find_map(|(source, file)| {
            let found = file.definition(key, symbol, name)?;
            Some(Found {
                source,
                file,
                whole: found.whole,
                name: found.name,
            })
        })
    }

    /// The macro `name`, object-like or function-like.
    pub fn find_macro(&self, name: &[u8]) -> Option<FoundMacro<'_>> {
        let key = key(None, name);
        self.sources.iter().enumerate().find_map(|(source, file)| {
            let define = file.define(key, name)?;
            Some(FoundMacro {
                source,
                file,
                define,
            })
        })
    }
}

#[cfg(test)]
mod tests;
