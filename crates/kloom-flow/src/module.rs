//! Several files of one module: what one of them keeps meets what the others demand.
//!
//! Each file is lowered and followed by itself. Names, types and file ids belong to one unit, so
//! what crosses over is looked up by text and said again in the terms of the file asked for.

use crate::analysis::Analysis;
use crate::lifecycle;
use crate::memory::{Key, Part};
use crate::roles::Role;
use crate::summary::{Demand, Guard, Need};
use kloom_diag::{FileId, SourceFile, Span};
use kloom_ir::{Linkage, Name, Unit};
use rustc_hash::FxHashMap;

/// One file of a module, followed. Alone it is the ordinary case; [`Module::join`] adds what the
/// others say.
#[derive(Clone, Debug)]
pub struct Module {
    /// The file, lowered.
    pub unit: Unit,
    /// What following its values has shown.
    pub analysis: Analysis,
}

/// Memory that other files can see and that is left holding what may be an error pointer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Open {
    /// The member or variable.
    key: Key,
    /// Its name, which every file that uses it has to mention.
    pub word: String,
    /// The folder of the header that defines the struct, where it is in sight.
    pub defined_in: Option<String>,
}

impl Module {
    /// What this file alone does not settle: results of creations that stay where other files
    /// can use them, threads that nothing here tests, and whatever an entry point leaves there
    /// though it failed.
    pub fn open(&self) -> Vec<Open> {
        let creations = &self.analysis.creations;
        let untested = creations.iter().filter(|c| {
            let known = |key: &Key| {
                let common = key.common();
                common.is_some_and(|key| self.analysis.tested_keys.contains(&key))
            };
            c.span.file == FileId(0)
                && c.is_thread()
                && c.assigned
                && (c.tested.is_empty() || c.unnoticed)
                && c.uses.is_empty()
                && !c.kept.iter().any(known)
        });
        let kept = untested.flat_map(|c| &c.kept).cloned();
        let left = lifecycle::left_behind(&self.unit, &self.analysis)
            .into_iter()
            .filter(|left| self.analysis.creation(left.origin).span.file == FileId(0))
            .map(|left| left.key);
        let mut open: Vec<Open> = kept.chain(left).filter_map(|k| self.opened(&k)).collect();
        open.sort();
        open.dedup();
        open
    }

    fn opened(&self, key: &Key) -> Option<Open> {
        let key = key.common()?;
        let (word, defined_in) = match key {
            Key::Class(owner, name) => {
                let home = home(&self.unit, owner)?;
                (name, home.map(|path| folder(path).to_owned()))
            }
            Key::Global(name, _) if is_shared(&self.unit, name) => (name, None),
            Key::Global(..) => return None,
            Key::Param(..) => return None,
        };
        Some(Open {
            key,
            word: self.unit.names.text(word).to_owned(),
            defined_in,
        })
    }

    /// Lets what is open here meet what another file of the module tests and demands.
    pub fn join(&mut self, open: &[Open], other: &Module) {
        let mut import = Import {
            from: &other.unit,
            into: &mut self.unit,
            files: FxHashMap::default(),
        };
        let pairs: Vec<(Key, &Key)> = open
            .iter()
            .filter_map(|open| Some((import.find(&open.key)?, &open.key)))
            .collect();
        if pairs.is_empty() {
            return;
        }
        let same = |key: &Key| {
            let common = key.common();
            pairs
                .iter()
                .find(|(theirs, _)| Some(theirs) == common.as_ref())
        };
        for (theirs, ours) in &pairs {
            if other.analysis.tested_keys.contains(theirs) {
                self.analysis.tested_keys.insert((*ours).clone());
            }
        }
        let never = |r: &Role| matches!(r, Role::Init | Role::Probe | Role::Callback);
        for (then, roles) in other.analysis.roles.iter() {
            if roles.iter().all(never) {
                continue;
            }
            for demand in &other.analysis.summaries[then.0 as usize].demands {
                if same(&demand.key).is_some() && !demand.key.is_any_element() {
                    self.analysis.others.push(import.demand(demand));
                }
            }
        }
    }

    /// After the last [`Module::join`]: adds what meets. `complete` says which of the open
    /// members every file that mentions them has been read for.
    pub fn settle<'o>(&mut self, complete: impl Iterator<Item = &'o Open>) {
        self.analysis
            .seen
            .extend(complete.map(|open| open.key.clone()));
        lifecycle::meet_others(&self.unit, &mut self.analysis);
        self.analysis.sort_uses();
    }
}

/// Whether one of the two files uses what the other one defines.
pub fn refers(a: &Unit, b: &Unit) -> bool {
    let uses = |a: &Unit, b: &Unit| {
        let mut defined = b
            .functions
            .iter()
            .filter(|f| f.linkage == Linkage::External && f.origin == kloom_ir::Origin::File);
        defined.any(|f| {
            let name = a.names.find(b.names.text(f.name));
            name.is_some_and(|name| a.declared.contains_key(&name))
        })
    };
    uses(a, b) || uses(b, a)
}

/// The header that defines a struct, where one is in sight; `None` if other files cannot know it.
fn home(unit: &Unit, owner: Name) -> Option<Option<&str>> {
    let is_tag = |text: &str| text.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
    match unit.types.structs.get(&owner) {
        _ if !is_tag(unit.names.text(owner)) => None,
        Some(def) if def.span.file == FileId(0) => None,
        Some(def) => Some(Some(unit.files.get(def.span.file).path())),
        None => Some(None),
    }
}

/// Whether a variable is one of several files: what only headers declare, too.
fn is_shared(unit: &Unit, name: Name) -> bool {
    let mut globals = unit.globals.iter();
    globals.all(|g| g.name != name || g.linkage == Linkage::External)
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Says in the terms of one unit what another one says.
struct Import<'a> {
    from: &'a Unit,
    into: &'a mut Unit,
    files: FxHashMap<FileId, FileId>,
}

impl Import<'_> {
    /// What the other unit calls a member or variable of ours, if it knows the same one.
    fn find(&self, key: &Key) -> Option<Key> {
        let theirs = |name: Name| self.from.names.find(self.into.names.text(name));
        match key {
            Key::Class(owner, name) => {
                let (their_owner, their_name) = (theirs(*owner)?, theirs(*name)?);
                let (a, b) = (home(self.into, *owner)?, home(self.from, their_owner)?);
                let same = a.is_none() || b.is_none() || a == b;
                same.then_some(Key::Class(their_owner, their_name))
            }
            Key::Global(name, parts) => {
                let name = theirs(*name)?;
                is_shared(self.from, name).then(|| Key::Global(name, parts.clone()))
            }
            Key::Param(..) => None,
        }
    }

    fn name(&mut self, name: Name) -> Name {
        self.into.names.intern(self.from.names.text(name))
    }

    fn span(&mut self, span: Span) -> Span {
        let into = &mut self.into.files;
        let file = *self.files.entry(span.file).or_insert_with(|| {
            let source = self.from.files.get(span.file);
            let known = into.iter().find(|(_, file)| file.path() == source.path());
            match known.map(|(id, _)| id) {
                Some(id) => id,
                None => into.add(SourceFile::new(source.path(), source.text().clone())),
            }
        });
        Span { file, ..span }
    }

    fn key(&mut self, key: &Key) -> Key {
        match key {
            Key::Param(n, parts) => Key::Param(*n, self.parts(parts)),
            Key::Global(name, parts) => Key::Global(self.name(*name), self.parts(parts)),
            Key::Class(owner, name) => Key::Class(self.name(*owner), self.name(*name)),
        }
    }

    fn parts(&mut self, parts: &[Part]) -> Vec<Part> {
        let part = |part: &Part| match *part {
            Part::Field(owner, name) => Part::Field(owner.map(|o| self.name(o)), self.name(name)),
            other => other,
        };
        parts.iter().map(part).collect()
    }

    fn demand(&mut self, demand: &Demand) -> Demand {
        Demand {
            key: self.key(&demand.key),
            classes: demand.classes,
            guards: demand.guards.iter().map(|g| self.guard(g)).collect(),
            doubt: demand.doubt,
            need: match demand.need {
                Need::Call(name) => Need::Call(self.name(name)),
                Need::Deref => Need::Deref,
            },
            null_tested: demand.null_tested.map(|span| self.span(span)),
            chain: demand.chain.iter().map(|span| self.span(*span)).collect(),
        }
    }

    fn guard(&mut self, guard: &Guard) -> Guard {
        Guard {
            key: self.key(&guard.key),
            classes: guard.classes,
            tested: guard.tested.map(|span| self.span(span)),
        }
    }
}
