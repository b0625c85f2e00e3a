//! Other files of the module, read only when the file at hand leaves a question open.

use crate::kbuild::{Linked, linked};
use crate::lint::Linter;
use kloom_facts::Verb;
use kloom_flow::{Module, Wanted, refers};
use kloom_ir::Unit;
use memchr::memmem;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Larger files are not read.
pub(crate) const MAX_BYTES: usize = 512 << 10;
/// Most files that are searched for a name.
pub(crate) const MAX_SEARCHED: usize = 512;
/// Most files that are followed for one file.
pub(crate) const MAX_FOLLOWED: usize = 16;
/// Bytes of text of the files kept; past it the cache starts anew.
pub(crate) const CAPACITY: usize = 1 << 20;

/// Files followed for others so far, shared by all threads and bounded. What it holds never
/// changes what is found, only how fast.
#[derive(Default)]
pub struct Siblings {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: FxHashMap<String, (Arc<[u8]>, Arc<Module>)>,
    bytes: usize,
}

impl Siblings {
    /// The file, followed at most once while it is remembered.
    fn get(&self, linter: &Linter<'_>, path: &str, text: &Arc<[u8]>) -> Arc<Module> {
        let lock = || self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, module)) = lock().files.get(path)
            && known == text
        {
            return module.clone();
        }
        let module = Arc::new(linter.follow(linter.read(path, text.clone()), Wanted::default()));
        let mut state = lock();
        if state.bytes + text.len() > CAPACITY {
            *state = State::default();
        }
        state.bytes += text.len();
        let entry = (text.clone(), module.clone());
        state.files.insert(path.to_owned(), entry);
        module
    }
}

/// Lets the other files of its module answer what a file leaves open.
pub fn answer(linter: &Linter<'_>, path: &str, module: &mut Module) {
    let open = module.open();
    if open.is_empty() {
        return;
    }
    let provider = linter.front.provider;
    let mut missed = vec![false; open.len()];
    let mut followed = 0;
    for (at, (sibling, is_linked)) in candidates(linter, path).into_iter().enumerate() {
        let searched = at < MAX_SEARCHED;
        let text = searched.then(|| provider.read(&sibling)).flatten();
        let wanted: Vec<usize> = match &text {
            Some(text) => (0..open.len())
                .filter(|n| mentions(text, &open[*n].word))
                .collect(),
            None => (0..open.len()).collect(),
        };
        if wanted.is_empty() {
            continue;
        }
        let text = text.filter(|text| text.len() <= MAX_BYTES && followed < MAX_FOLLOWED);
        let joined = text.is_some_and(|text| {
            followed += 1;
            let other = linter.siblings.get(linter, &sibling, &text);
            let together = is_linked || belongs(linter, &module.unit, &other.unit);
            if together {
                module.join(&open, &other);
            }
            together
        });
        if !joined {
            wanted.into_iter().for_each(|n| missed[n] = true);
        }
    }
    // Files of other folders do not include the header by its bare name.
    let home = folder(path);
    let complete = open
        .iter()
        .zip(missed)
        .filter(|(open, missed)| !missed && open.defined_in.as_deref() == Some(home));
    module.settle(complete.map(|(open, _)| open));
}

/// The sources that may belong to the same module, sorted, and whether the build says so.
pub(crate) fn candidates(linter: &Linter<'_>, path: &str) -> BTreeMap<String, bool> {
    let provider = linter.front.provider;
    let plain = |path: &str| path.strip_prefix("./").unwrap_or(path).to_owned();
    let parts = match linked(path, provider) {
        Linked::With(parts) => Some(parts),
        Linked::Unknown => None,
    };
    let alone = parts.as_ref().is_some_and(|parts| parts.len() == 1);
    let home = folder(path);
    let mut all: BTreeMap<String, bool> = BTreeMap::new();
    if !alone {
        let names = provider
            .list(home)
            .into_iter()
            .filter(|name| name.ends_with(".c"));
        let paths = names.map(|name| match home {
            "" => name,
            _ => format!("{home}/{name}"),
        });
        all.extend(paths.map(|path| (path, false)));
    }
    all.extend(parts.into_iter().flatten().map(|part| (plain(&part), true)));
    all.remove(&plain(path));
    all
}

/// Whether two files of a folder are one module, though no build file says so: one uses the
/// other, and they are not loaded each by itself.
pub(crate) fn belongs(linter: &Linter<'_>, file: &Unit, other: &Unit) -> bool {
    let loads = |unit: &Unit| {
        unit.top_macros.iter().any(|used| {
            let fact = linter.front.facts.get(unit.names.text(used.name));
            let mut entries = fact.into_iter().flat_map(|fact| fact.effects(Verb::Entry));
            entries.any(|effect| effect.says("init"))
        })
    };
    !(loads(file) && loads(other)) && refers(file, other)
}

/// Whether a text has a word in it.
pub(crate) fn mentions(text: &[u8], word: &str) -> bool {
    stands(text, word).next().is_some()
}

/// Whether a text names a member of something: by `.` or `->`, or in a macro's argument.
pub(crate) fn reaches(text: &[u8], word: &str) -> bool {
    stands(text, word).any(|at| {
        let before = text.get(..at).unwrap_or_default().trim_ascii_end();
        before.ends_with(b".") || before.ends_with(b">") || before.ends_with(b",")
    })
}

/// Where a name stands in a text.
fn stands(text: &[u8], word: &str) -> impl Iterator<Item = usize> {
    let part = |at: Option<&u8>| at.is_some_and(|b| *b == b'_' || b.is_ascii_alphanumeric());
    memmem::find_iter(text, word.as_bytes()).filter(move |at| {
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        !part(before) && !part(text.get(at + word.len()))
    })
}

pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
