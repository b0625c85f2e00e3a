//! What the build files around a source say about it.

use kloom_diag::Provider;

/// How far up a build file may stand that names a source by its path.
const LEVELS: usize = 3;

/// How a source is built.
#[derive(Debug, PartialEq, Eq)]
pub enum Built {
    /// No build file is in sight.
    Alone,
    /// As modules; for each the paths of all its sources.
    Modules(Vec<Vec<String>>),
    /// Never as a module, or in a way that cannot be read.
    Other,
}

/// Which sources a source is linked with.
#[derive(Debug, PartialEq, Eq)]
pub enum Linked {
    /// The build says: with these, itself included.
    With(Vec<String>),
    /// The build does not say, or says only that it is part of the kernel.
    Unknown,
}

/// Looks up how a source is built.
pub fn built(path: &str, provider: &dyn Provider) -> Built {
    match BuildFile::of(path, provider) {
        Search::Nothing => Built::Alone,
        Search::Unclear => Built::Other,
        Search::Found(file) => file.lists().built(&file.object, &file.folder, provider),
    }
}

/// Looks up what a source is linked with.
pub fn linked(path: &str, provider: &dyn Provider) -> Linked {
    let Search::Found(file) = BuildFile::of(path, provider) else {
        return Linked::Unknown;
    };
    let lists = file.lists();
    let mut parts: Vec<&str> = lists
        .holders(&file.object)
        .filter_map(|holder| holder.rsplit_once('-'))
        .filter(|(name, _)| *name != "obj")
        .flat_map(|(name, _)| lists.parts(name))
        .collect();
    if parts.is_empty() {
        return match lists.built(&file.object, &file.folder, provider) {
            Built::Modules(mut modules) => Linked::With(modules.swap_remove(0)),
            Built::Alone | Built::Other => Linked::Unknown,
        };
    }
    parts.sort_unstable();
    parts.dedup();
    Linked::With(sources(&parts, &file.folder))
}

/// The build file that names a source.
struct BuildFile {
    folder: String,
    text: String,
    /// The word that stands for the source in it.
    object: String,
}

/// What came of looking for one.
enum Search {
    /// There is no build file at all.
    Nothing,
    /// There are some, and none can be read that names the source.
    Unclear,
    Found(BuildFile),
}

impl BuildFile {
    /// The build file of a source's folder or of one above it.
    fn of(path: &str, provider: &dyn Provider) -> Search {
        let (folder, file) = path.rsplit_once('/').unwrap_or((".", path));
        let Some((stem, _)) = file.rsplit_once('.') else {
            return Search::Unclear;
        };
        let object = format!("{stem}.o");
        let mut folder = folder.to_owned();
        let mut result = Search::Nothing;
        for level in 0..LEVELS {
            if let Some(text) = build_file(&folder, provider) {
                result = Search::Unclear;
                // What is included could add to any list.
                if text.lines().any(|line| line.starts_with("include ")) {
                    return result;
                }
                let is_it = |word: &&str| match level {
                    0 => *word == object,
                    _ => word
                        .strip_suffix(object.as_str())
                        .is_some_and(|head| head.ends_with('/')),
                };
                let word = Lists::read(&text).words().find(is_it).map(str::to_owned);
                if let Some(object) = word {
                    return Search::Found(BuildFile {
                        folder,
                        text,
                        object,
                    });
                }
            }
            folder = parent(&folder);
        }
        result
    }

    fn lists(&self) -> Lists<'_> {
        Lists::read(&self.text)
    }
}

/// The folder above one.
fn parent(folder: &str) -> String {
    match folder.rsplit_once('/') {
        Some((above, last)) if last != ".." => above.to_owned(),
        None if !matches!(folder, "" | "." | "..") => ".".to_owned(),
        _ => format!("{folder}/.."),
    }
}

/// The paths of the sources of some objects.
fn sources(objects: &[&str], folder: &str) -> Vec<String> {
    let source = |object: &&str| {
        let stem = object.strip_suffix(".o").unwrap_or(object);
        format!("{folder}/{stem}.c")
    };
    objects.iter().map(source).collect()
}

/// The build file of a folder; `Kbuild` wins, as in the kernel's own build.
fn build_file(folder: &str, provider: &dyn Provider) -> Option<String> {
    let read = |name: &str| provider.read(&format!("{folder}/{name}"));
    let text = read("Kbuild").or_else(|| read("Makefile"))?;
    Some(String::from_utf8_lossy(&text).replace("\\\n", " "))
}

/// The assignments of a build file.
struct Lists<'a>(Vec<(&'a str, Vec<&'a str>)>);

impl<'a> Lists<'a> {
    fn read(text: &'a str) -> Lists<'a> {
        let lines = text.lines().filter_map(|line| {
            let line = line.split('#').next().unwrap_or_default();
            let (name, values) = line.split_once('=')?;
            let name = name.trim_end_matches([':', '+', '?']).trim();
            Some((name, values.split_whitespace().collect()))
        });
        Lists(lines.collect())
    }

    fn words(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.0.iter().flat_map(|(_, words)| words.iter().copied())
    }

    /// The names of the lists that a word stands in.
    fn holders(&self, word: &str) -> impl Iterator<Item = &'a str> + '_ {
        let holds = self
            .0
            .iter()
            .filter(move |(_, words)| words.contains(&word));
        holds.map(|(name, _)| *name).collect::<Vec<_>>().into_iter()
    }

    fn built(&self, object: &str, folder: &str, provider: &dyn Provider) -> Built {
        let mut modules = Vec::new();
        for holder in self.holders(object) {
            let (module, parts) = match holder.rsplit_once('-') {
                Some(("obj", _)) => (object.to_owned(), vec![object]),
                Some((name, _)) => (format!("{name}.o"), self.parts(name)),
                None => return Built::Other,
            };
            for key in self
                .holders(&module)
                .filter_map(|list| list.strip_prefix("obj-"))
            {
                if self.is_modular(key, folder, provider) {
                    modules.push(sources(&parts, folder));
                }
            }
        }
        if modules.is_empty() {
            Built::Other
        } else {
            Built::Modules(modules)
        }
    }

    /// The objects of a composite module: `name-y`, `name-objs`, `name-$(CONFIG_X)`.
    fn parts(&self, name: &str) -> Vec<&'a str> {
        let is_part = |list: &&(&str, Vec<&str>)| {
            list.0
                .rsplit_once('-')
                .is_some_and(|(head, _)| head == name)
        };
        self.0
            .iter()
            .filter(is_part)
            .flat_map(|(_, words)| words.iter().copied())
            .collect()
    }

    /// Whether `obj-key` can give a module.
    fn is_modular(&self, key: &str, folder: &str, provider: &dyn Provider) -> bool {
        if key == "m" {
            return true;
        }
        let Some(symbol) = key.strip_prefix("$(").and_then(|key| key.strip_suffix(')')) else {
            return false;
        };
        self.0
            .iter()
            .any(|(name, words)| *name == symbol && words.as_slice() == ["m"])
            || symbol
                .strip_prefix("CONFIG_")
                .is_some_and(|symbol| is_tristate(symbol, folder, provider))
    }
}

/// Whether a Kconfig file here or further up says that an option can be `m`.
fn is_tristate(symbol: &str, folder: &str, provider: &dyn Provider) -> bool {
    let mut folder = folder.to_owned();
    for _ in 0..LEVELS {
        if let Some(text) = provider.read(&format!("{folder}/Kconfig")) {
            let text = String::from_utf8_lossy(&text);
            let mut lines = text.lines().map(|line| line.split_whitespace());
            let starts = |words: &mut std::str::SplitWhitespace<'_>| {
                matches!(words.next(), Some("config" | "menuconfig"))
                    && words.next() == Some(symbol)
            };
            if lines.any(|mut words| starts(&mut words)) {
                let mut first = lines.filter_map(|mut words| words.next());
                let kind = first.find(|word| {
                    matches!(
                        *word,
                        "tristate" | "def_tristate" | "bool" | "def_bool" | "config"
                    )
                });
                return matches!(kind, Some("tristate" | "def_tristate"));
            }
        }
        folder = parent(&folder);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    struct Tree<'a>(&'a [(&'a str, &'a str)]);

    impl Provider for Tree<'_> {
        fn read(&self, path: &str) -> Option<Arc<[u8]>> {
            let file = self.0.iter().find(|(name, _)| *name == path)?;
            Some(file.1.as_bytes().into())
        }

        fn list(&self, _: &str) -> Vec<String> {
            Vec::new()
        }
    }

    fn modules(of: &[&[&str]]) -> Built {
        Built::Modules(
            of.iter()
                .map(|m| m.iter().map(|s| (*s).to_owned()).collect())
                .collect(),
        )
    }

    #[test]
    fn a_module_of_one_file() {
        let tree = Tree(&[("d/Makefile", "obj-m += a.o b.o # two\n")]);
        assert_eq!(built("d/a.c", &tree), modules(&[&["d/a.c"]]));
        assert_eq!(built("d/c.c", &tree), Built::Other);
        assert_eq!(built("e/a.c", &tree), Built::Alone);
    }

    #[test]
    fn the_parts_of_a_composite_belong_together() {
        let text =
            "obj-$(CONFIG_A) := a.o\na-y := x.o \\\n\ty.o\na-$(CONFIG_Z) += z.o\nCONFIG_A = m\n";
        let tree = Tree(&[("./Kbuild", text), ("./Makefile", "obj-y := x.o")]);
        assert_eq!(
            built("y.c", &tree),
            modules(&[&["./x.c", "./y.c", "./z.c"]])
        );
    }

    #[test]
    fn options_say_whether_it_can_be_a_module() {
        let kconfig = "config A\n\tbool \"a\"\nmenuconfig B\n\ttristate \"b\"\nconfig C\n\tint\nconfig D\n\ttristate\n";
        let tree = Tree(&[
            (
                "d/Makefile",
                "obj-$(CONFIG_A) += a.o\nobj-$(CONFIG_B) += b.o\nobj-$(CONFIG_C) += c.o\nobj-y += y.o\nobj-$(CONFIG_E) += e.o",
            ),
            ("./Kconfig", kconfig),
        ]);
        assert_eq!(built("d/b.c", &tree), modules(&[&["d/b.c"]]));
        for path in ["d/a.c", "d/c.c", "d/y.c", "d/e.c"] {
            assert_eq!(built(path, &tree), Built::Other, "{path}");
        }
    }

    #[test]
    fn a_build_file_that_includes_another_says_too_little() {
        let text = "include ../common.mk\nobj-m += a.o\na-y := b.o\n";
        let tree = Tree(&[("d/Makefile", text)]);
        assert_eq!(built("d/b.c", &tree), Built::Other);
    }

    #[test]
    fn what_is_linked_together_need_not_be_a_module() {
        let text =
            "obj-y += one.o both.o own.o\nboth-y := x.o\nboth-$(CONFIG_Y) += y.o\nobj-m += z.o";
        let tree = Tree(&[("d/Makefile", text)]);
        let with = |sources: &[&str]| Linked::With(sources.iter().map(|s| (*s).into()).collect());
        assert_eq!(linked("d/y.c", &tree), with(&["d/x.c", "d/y.c"]));
        assert_eq!(linked("d/z.c", &tree), with(&["d/z.c"]));
        assert_eq!(linked("d/one.c", &tree), Linked::Unknown);
        assert_eq!(linked("e/one.c", &tree), Linked::Unknown);
    }

    #[test]
    fn a_build_file_above_names_it_by_its_path() {
        let tree = Tree(&[("m/Makefile", "obj-m := m.o\nm-objs := core/a.o main.o\n")]);
        assert_eq!(
            built("m/core/a.c", &tree),
            modules(&[&["m/core/a.c", "m/main.c"]])
        );
    }
}
