//! Names that become identifiers and file names.

use super::Checker;
use crate::At;
use crate::problem::Kind;
use kloom_facts::Facts;
use std::collections::BTreeMap;

/// What the kernel keeps of a thread's name.
pub(super) const THREAD: usize = 15;
/// Longer names make lines that nobody reads.
const LONGEST: usize = 31;

/// Words that C, its standards to come and the compiler keep for themselves, and lower-case macros of the kernel that
/// would be put in the place of a member.
const RESERVED: &[&str] = &[
    "alignas",
    "alignof",
    "asm",
    "auto",
    "bool",
    "break",
    "case",
    "char",
    "const",
    "constexpr",
    "continue",
    "current",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "errno",
    "extern",
    "false",
    "float",
    "for",
    "goto",
    "i386",
    "if",
    "inline",
    "int",
    "linux",
    "long",
    "noreturn",
    "nullptr",
    "register",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "struct",
    "switch",
    "true",
    "typedef",
    "typeof",
    "union",
    "unix",
    "unsigned",
    "void",
    "volatile",
    "while",
];

/// Words that generated code uses itself.
const TAKEN: &[&str] = &[
    "ctx", "debugfs", "exit", "hooks", "init", "item", "kobj", "main", "ret",
];

/// How members and variables end that generated code adds to what has a name.
const MEMBER_ENDS: &[&str] = &["_item", "_park"];

/// How generated functions end.
const HOOK_ENDS: &[&str] = &[
    "_thread", "_met", "_work", "_timer", "_open", "_read", "_write", "_poll", "_show", "_store",
    "_start", "_stop", "_online", "_offline", "_ctx", "_park", "_unpark", "_setup", "_worker",
];

/// Names that the kernel's own functions begin with.
const MODULES: &str = include_str!("../../../../rules/names/modules.txt");

/// What a name stands for, by its place among those of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    Parameter(usize),
    State(usize),
    Fifo(usize),
    Queue(usize),
    Completion(usize),
    Thread(usize),
    Worker(usize),
    Workqueue(usize),
    Work(usize),
    Timer(usize),
    File,
    Hook(usize),
}

/// The names that a spec gives, all in one space: each is a member of one struct and part of function names.
#[derive(Debug, Default)]
pub(super) struct Names {
    given: BTreeMap<String, Given>,
}

impl Given {
    pub(super) fn parameter(self) -> Option<usize> {
        match self {
            Given::Parameter(at) => Some(at),
            _ => None,
        }
    }

    pub(super) fn state(self) -> Option<usize> {
        match self {
            Given::State(at) => Some(at),
            _ => None,
        }
    }

    pub(super) fn fifo(self) -> Option<usize> {
        match self {
            Given::Fifo(at) => Some(at),
            _ => None,
        }
    }

    pub(super) fn queue(self) -> Option<usize> {
        match self {
            Given::Queue(at) => Some(at),
            _ => None,
        }
    }

    pub(super) fn thread(self) -> Option<usize> {
        match self {
            Given::Thread(at) => Some(at),
            _ => None,
        }
    }

    pub(super) fn work(self) -> Option<usize> {
        match self {
            Given::Work(at) => Some(at),
            _ => None,
        }
    }

    pub(super) fn timer(self) -> Option<usize> {
        match self {
            Given::Timer(at) => Some(at),
            _ => None,
        }
    }

    pub(super) fn completion(self) -> Option<usize> {
        match self {
            Given::Completion(at) => Some(at),
            _ => None,
        }
    }

    fn what(self) -> &'static str {
        match self {
            Given::Parameter(_) => "a parameter",
            Given::State(_) => "a state",
            Given::Fifo(_) => "a fifo",
            Given::Queue(_) => "a wait queue",
            Given::Completion(_) => "a completion",
            Given::Thread(_) => "a thread",
            Given::Worker(_) => "a worker",
            Given::Workqueue(_) => "a workqueue",
            Given::Work(_) => "a work",
            Given::Timer(_) => "a timer",
            Given::File => "a file",
            Given::Hook(_) => "a hook",
        }
    }

    /// The last words of the functions that are called after it.
    fn roles(self) -> &'static [&'static str] {
        match self {
            Given::Thread(_) => &["thread"],
            Given::Queue(_) => &["met"],
            Given::Work(_) => &["work"],
            Given::Timer(_) => &["timer"],
            Given::File => &["open", "read", "write", "poll", "show", "store"],
            Given::Hook(_) => &[""],
            _ => &[],
        }
    }
}

impl Checker<'_> {
    /// The module's own name.
    pub(super) fn module_name(&mut self, name: &At<String>) -> String {
        self.identifier(name, "a module", LONGEST);
        self.module.name.clone_from(name);
        if MODULES.lines().any(|taken| taken == name.as_str()) {
            let what = format!(
                "the kernel declares `{0}_init` or `{0}_exit` itself",
                **name
            );
            self.problems
                .say(Kind::Name, name, what)
                .why("the module's functions begin with its name, and would not compile")
                .help("choose another name, such as one with a word in front");
        }
        name.value.clone()
    }

    /// A name and what it stands for.
    pub(super) fn give(&mut self, name: &At<String>, given: Given) {
        let what = given.what();
        let longest = match given {
            Given::Thread(_) | Given::Worker(_) => THREAD,
            _ => LONGEST,
        };
        self.identifier(name, what, longest);
        if TAKEN.contains(&name.as_str()) {
            let text = format!("generated code uses the name `{}` itself", **name);
            self.problems
                .say(Kind::Name, name, text)
                .help("choose another");
        }
        if let Some(end) = MEMBER_ENDS.iter().find(|end| name.ends_with(*end)) {
            let text = format!("`{}` ends like a member that generated code adds", **name);
            self.problems
                .say(Kind::Name, name, text)
                .help(format!("leave out `{end}`"));
        }
        for role in given.roles() {
            let full = [name.as_str(), role].join("_");
            self.clash(name, full.trim_end_matches('_'));
        }
        if matches!(given, Given::Hook(_)) && HOOK_ENDS.iter().any(|end| name.ends_with(end)) {
            self.problems
                .say(
                    Kind::Name,
                    name,
                    format!("a hook is not called `{}`", **name),
                )
                .why("generated functions end like this, and one could have the same name");
        }
        if let Some(other) = self.names.given.insert(name.value.clone(), given) {
            let text = format!("{} is called `{}` already", other.what(), **name);
            self.problems
                .say(Kind::Name, name, text)
                .why("all that a spec names is part of one struct");
        }
    }

    /// The name of a field.
    pub(super) fn field_name(&mut self, name: &At<String>) {
        self.identifier(name, "a field", LONGEST);
        if name.as_str() == "lock" {
            self.problems.say(
                Kind::Name,
                name,
                "generated code calls the lock of a state `lock`",
            );
        }
    }

    /// What a name stands for, if anything.
    pub(super) fn given(&self, name: &str) -> Option<Given> {
        self.names.given.get(name).copied()
    }

    /// The thing that a name refers to, if it is of the right kind.
    pub(super) fn refer(
        &mut self,
        name: &At<String>,
        what: &str,
        wanted: fn(Given) -> Option<usize>,
    ) -> Option<usize> {
        let given = self.given(name);
        if let Some(at) = given.and_then(wanted) {
            return Some(at);
        }
        let known = self.names.given.iter();
        let known = known
            .filter(|(_, given)| wanted(**given).is_some())
            .map(|(name, _)| name);
        let near = known
            .max_by_key(|known| (strsim::jaro(known, name) * 1000.0) as u32)
            .cloned();
        let text = match given {
            Some(given) => format!("`{}` is {}, not {what}", **name, given.what()),
            None => format!("there is no {what} `{}`", name.escape_debug()).replace("no a ", "no "),
        };
        let help = near
            .map(|near| format!("is it `{near}`?"))
            .unwrap_or_default();
        self.problems.say(Kind::Reference, name, text).help(help);
        None
    }

    fn identifier(&mut self, name: &At<String>, what: &str, longest: usize) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let (text, why) = if !name.starts_with(|c: char| c.is_ascii_lowercase())
            || !name.chars().all(plain)
        {
            let shown: String = name.chars().take(LONGEST).collect();
            let text = format!("`{}` cannot name {what}", shown.escape_default());
            (
                text,
                "the name becomes part of identifiers and of file names",
            )
        } else if RESERVED.contains(&name.as_str()) {
            let text = format!("`{}` is a word of C or a macro of the kernel", **name);
            (text, "it cannot be the name of a member or a function")
        } else if name.len() > longest {
            let text = format!(
                "the name of {what} has at most {longest} characters, this one {}",
                name.len()
            );
            let why = match longest {
                THREAD => {
                    "the kernel keeps 15 characters of a thread's name and cuts off the rest without a word"
                }
                _ => "longer names make lines that nobody reads",
            };
            (text, why)
        } else {
            return;
        };
        self.problems
            .say(Kind::Name, name, text)
            .why(why)
            .help("use lower-case letters, digits and underscores, a letter first");
    }

    /// Functions are called after the module; what results must not be the kernel's.
    fn clash(&mut self, name: &At<String>, rest: &str) {
        let full = format!("{}_{rest}", self.module.name);
        if Facts::builtin().get(&full).is_some() {
            let text = format!("this makes a function `{full}`, which the kernel has already");
            self.problems
                .say(Kind::Name, name, text)
                .why("the module would not compile, or call its own function in place of the kernel's")
                .help("choose another name");
        }
    }
}
