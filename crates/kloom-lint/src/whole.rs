//! The other files of a module as rules ask about them: by the names of what the files share.

use crate::lint::Linter;
use crate::siblings::{
    CAPACITY, MAX_BYTES, MAX_FOLLOWED, MAX_SEARCHED, belongs, candidates, folder, mentions, reaches,
};
use kloom_diag::FileId;
use kloom_flow::model::{Model, Object};
use kloom_ir::{Linkage, Name, Unit};
use rustc_hash::FxHashMap;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Another file of the module, with what runs where in it.
pub struct Part {
    /// Its path.
    pub path: String,
    /// The file, lowered.
    pub unit: Unit,
    /// Its model.
    pub model: Model,
}

/// Files read for others so far, shared by all threads and bounded. What it holds never changes
/// what is found, only how fast.
#[derive(Default)]
pub(crate) struct Parts {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: FxHashMap<String, (Arc<[u8]>, Arc<Part>)>,
    bytes: usize,
}

impl Parts {
    fn get(&self, linter: &Linter<'_>, path: &str, text: &Arc<[u8]>) -> Arc<Part> {
        let lock = || self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, part)) = lock().files.get(path)
            && known == text
        {
            return part.clone();
        }
        let unit = linter.read(path, text.clone());
        let model = Model::of(&unit, linter.front.facts, linter.target);
        let part = Arc::new(Part {
            path: path.to_owned(),
            unit,
            model,
        });
        let mut state = lock();
        if state.bytes + text.len() > CAPACITY {
            *state = State::default();
        }
        state.bytes += text.len();
        let entry = (text.clone(), part.clone());
        state.files.insert(path.to_owned(), entry);
        part
    }
}

/// The other files of the module that one file belongs to, found when they are asked for.
pub struct Whole<'a> {
    linter: &'a Linter<'a>,
    path: &'a str,
    unit: &'a Unit,
    candidates: OnceCell<BTreeMap<String, bool>>,
}

impl<'a> Whole<'a> {
    pub(crate) fn new(linter: &'a Linter<'a>, path: &'a str, unit: &'a Unit) -> Whole<'a> {
        Whole {
            linter,
            path,
            unit,
            candidates: OnceCell::new(),
        }
    }

    fn candidates(&self) -> &BTreeMap<String, bool> {
        self.candidates
            .get_or_init(|| candidates(self.linter, self.path))
    }

    /// The files that can name an object; `None` if some of them are not known or not read.
    pub fn about(&self, object: Object) -> Option<Vec<Arc<Part>>> {
        let word = match object {
            Object::Local(..) => return Some(Vec::new()),
            Object::Global(name) => match self.unit.globals.iter().find(|g| g.name == name) {
                Some(global) if global.linkage == Linkage::Static => return Some(Vec::new()),
                _ => name,
            },
            Object::Member(owner, name) => {
                let def = self.unit.types.structs.get(&owner)?;
                if def.span.file == FileId(0) {
                    return Some(Vec::new());
                }
                let header = self.unit.files.get(def.span.file).path();
                if !self.is_linked() && folder(header) != folder(self.path) {
                    return None;
                }
                name
            }
        };
        self.where_text(word, &|text, word| match object {
            Object::Member(..) => reaches(text, word),
            _ => mentions(text, word),
        })
    }

    /// The files of the module that mention a name; `None` if not all of them could be read.
    pub fn mentioning(&self, word: Name) -> Option<Vec<Arc<Part>>> {
        self.where_text(word, &mentions)
    }

    fn where_text(
        &self,
        word: Name,
        names: &dyn Fn(&[u8], &str) -> bool,
    ) -> Option<Vec<Arc<Part>>> {
        let word = self.unit.names.text(word);
        let provider = self.linter.front.provider;
        let mut parts = Vec::new();
        for (at, (path, is_linked)) in self.candidates().iter().enumerate() {
            if at >= MAX_SEARCHED {
                return None;
            }
            let text = provider.read(path)?;
            if !names(&text, word) {
                continue;
            }
            // What the build says is linked is all there is.
            if !is_linked && self.is_linked() {
                continue;
            }
            if text.len() > MAX_BYTES || parts.len() >= MAX_FOLLOWED {
                return None;
            }
            let part = self.linter.parts.get(self.linter, path, &text);
            if *is_linked || belongs(self.linter, self.unit, &part.unit) {
                parts.push(part);
            }
        }
        Some(parts)
    }

    /// The other files that the build says are linked with this one; `None` if it does not say, or
    /// not all of them could be read.
    pub fn linked(&self) -> Option<Vec<Arc<Part>>> {
        let linked = self.candidates().iter().filter(|(_, linked)| **linked);
        let paths: Vec<&String> = linked.map(|(path, _)| path).collect();
        if paths.is_empty() || paths.len() > MAX_FOLLOWED {
            return None;
        }
        let read = |path: &&String| {
            let text = self.linter.front.provider.read(path)?;
            let small = text.len() <= MAX_BYTES;
            small.then(|| self.linter.parts.get(self.linter, path, &text))
        };
        paths.iter().map(read).collect()
    }

    /// Whether the build says which files make the module.
    fn is_linked(&self) -> bool {
        self.candidates().values().any(|linked| *linked)
    }
}

/// What one unit calls a shared object of another one.
pub fn same_object(unit: &Unit, object: Object, into: &Unit) -> Option<Object> {
    let theirs = |name: Name| into.names.find(unit.names.text(name));
    match object {
        Object::Global(name) => theirs(name).map(Object::Global),
        Object::Member(owner, name) => Some(Object::Member(theirs(owner)?, theirs(name)?)),
        Object::Local(..) => None,
    }
}
