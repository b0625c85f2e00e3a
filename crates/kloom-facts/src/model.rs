//! What kloom knows about one kernel name: the vocabulary of `rules/api`.
//!
//! Every type here can be a `static`, so that the built-in facts cost nothing at start. The
//! build script and the run-time parser both produce these values.

/// A kernel release, `major.minor`; stable updates do not matter to any fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// `6` of 6.12.
    pub major: u16,
    /// `12` of 6.12.
    pub minor: u16,
}

/// The releases a fact holds for: `since <= v < until`, open where `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// First release that has it.
    pub since: Option<Version>,
    /// First release that no longer has it.
    pub until: Option<Version>,
}

/// What a name is in the source text; the front end reads it differently for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A function, or a macro that behaves like one.
    Function,
    /// A macro that starts a loop: `list_for_each_entry(…) {`.
    Iterator,
    /// A macro that opens a guarded block: `scoped_guard(mutex, &m) {`.
    ScopedBlock,
    /// A declaration whose cleanup runs at scope exit: `guard(mutex)(&m);`.
    ScopeGuard,
    /// An attribute with or without arguments: `__init`, `__must_hold(l)`.
    Attribute,
    /// A macro used at file scope: `module_init(f)`, `DEFINE_MUTEX(m)`.
    TopLevel,
    /// A macro that declares a local or a member: `DECLARE_BITMAP(name, n)`.
    Declarer,
    /// `STRUCT.MEMBER` of a table that the kernel calls by.
    Member,
    /// A class of scope-based cleanup, named as it is looked up: `guard(mutex)`, `__free(kfree)`.
    /// What it calls is in [`Fact::scope`]; its effects are those at the end of the scope.
    ScopeClass,
}

/// Value classes that are told apart for a pointer, an integer, or a pointer cast to one.
///
/// An error pointer read as `long` is negative, so both share one bit; `PTR_ERR` and `ERR_PTR`
/// are identities on the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Classes(pub u8);

impl Versions {
    /// Every release.
    pub const ALL: Versions = Versions {
        since: None,
        until: None,
    };
}

impl Classes {
    /// No value: an impossible path.
    pub const NONE: Classes = Classes(0);
    /// Zero, NULL, false.
    pub const ZERO: Classes = Classes(1);
    /// A negative integer, an error pointer.
    pub const NEG: Classes = Classes(2);
    /// A positive integer, a valid pointer, true.
    pub const POS: Classes = Classes(4);
    /// Everything.
    pub const ANY: Classes = Classes(7);

    /// In both.
    pub const fn and(self, other: Classes) -> Classes {
        Classes(self.0 & other.0)
    }
    /// In either.
    pub const fn or(self, other: Classes) -> Classes {
        Classes(self.0 | other.0)
    }
    /// Not in this one.
    pub const fn not(self) -> Classes {
        Classes(!self.0 & 7)
    }
    /// Whether no class is left.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Whether every class of `other` is in this one.
    pub const fn contains(self, other: Classes) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What a call gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// Nothing is known.
    Unknown,
    /// No value.
    Void,
    /// A value of one of these classes that carries no obligation.
    Class(Classes),
    /// A pointer or an error pointer that must be told apart before use. `null` says whether
    /// NULL is possible too.
    ErrPtr {
        /// NULL is a third possibility.
        null: bool,
    },
    /// A pointer or an error pointer that the API allows to be ignored (debugfs).
    TolerantErrPtr,
    /// Memory or an object, NULL on failure.
    PtrOrNull,
    /// 0, or a negative error number.
    Errno,
    /// The argument itself: `PTR_ERR`, `ERR_PTR`, `ERR_CAST`, `READ_ONCE`.
    Arg(u8),
    /// The argument's class is in the set: `IS_ERR`, `IS_ERR_OR_NULL`.
    Test(u8, Classes),
    /// The argument if it is an error, else 0: `PTR_ERR_OR_ZERO`.
    ErrorOrZero(u8),
    /// The argument plus a constant offset, never NULL if it is not: `container_of`.
    Within(u8),
}

/// When an effect happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At every call.
    Always,
    /// If the returned value is of these classes.
    Returns(Classes),
    /// If the argument's text contains the given word (GFP flags, WQ flags).
    ArgHas(u8, &'static str),
    /// If the argument's text does not contain the given word.
    ArgLacks(u8, &'static str),
    /// If the argument's value is of these classes.
    ArgIs(u8, Classes),
}

/// What a call does. The numbers in comments name the arguments of [`Effect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// `arg` must be a valid pointer: it is dereferenced. [`Effect::accepts`] lists what else is fine.
    Requires,
    /// Gives the error number in the error pointer `arg` (`PTR_ERR`); meaningless for a valid one.
    DecodesError,
    /// Makes an error pointer of the negative error number `arg` (`ERR_PTR`).
    EncodesError,
    /// Never comes back.
    NoReturn,
    /// The function that holds the call returns, with the value `arg` (`return_ptr(p)`).
    Leaves,
    /// May sleep.
    MaySleep,
    /// Takes lock `arg`; `note` names the kind and irq effect.
    Acquire,
    /// Releases lock `arg`.
    Release,
    /// Allocates what is returned; `note` says whether it starts as zeroes.
    Allocate,
    /// Frees `arg`.
    Free,
    /// Keeps no pointer to `arg` once it has returned; to no argument at all if none is named.
    Borrows,
    /// Makes a thread with function `arg` and data `with`.
    StartThread,
    /// Wakes a thread `arg` for the first time or again.
    WakeThread,
    /// Stops thread `arg` and waits for it.
    StopThread,
    /// Tests for a pending stop of the current thread.
    StopTest,
    /// Tells in which context it is called.
    AsksContext,
    /// Binds or parks thread `arg`; `note` says which.
    ControlThread,
    /// Makes a kthread worker.
    CreateWorker,
    /// Destroys worker `arg`.
    DestroyWorker,
    /// Initialises work, timer, queue or completion `arg` with function `with`; `note` names the kind.
    Init,
    /// Queues or arms `arg`; `with` is the worker or queue.
    Queue,
    /// Cancels `arg`, `note` says whether it waits.
    Cancel,
    /// Waits until `arg` is idle.
    Flush,
    /// Sleeps on queue or completion `arg`; `with` is the condition.
    Wait,
    /// Wakes queue or completion `arg`.
    Wake,
    /// Registers function `arg` to be called later; `note` names the context, `with` its data.
    Handler,
    /// Removes what [`Verb::Handler`] or [`Verb::Register`] gave.
    RemoveHandler,
    /// Registers an object or table `arg`; its functions can be called from now on.
    Register,
    /// Undoes [`Verb::Register`].
    Unregister,
    /// Takes a reference on `arg`.
    Get,
    /// Drops a reference on `arg`.
    Put,
    /// Copies to user memory: `arg` user pointer, `with` length.
    CopyToUser,
    /// Copies from user memory: `arg` user pointer, `with` length.
    CopyFromUser,
    /// Prints; `arg` is the format, `note` the level.
    Print,
    /// Keeps `with` as the private data of `arg`.
    SetData,
    /// Assigns argument `arg` a value of class [`Effect::accepts`] (iterators, out-parameters).
    Assigns,
    /// The module entry of kind `note` (init, exit, driver, license) is `arg`.
    Entry,
    /// Formats a name that the kernel cuts at 15 characters: `arg` is the format; `note` says
    /// whether the callee alone gives its values.
    NamesThread,
    /// The attribute or call says that lock `arg` is held, taken or released; `note` says which.
    Annotates,
    /// Disables or enables something counted (preemption, interrupts, RCU reader); `note` names it.
    Context,
}

/// One conditional effect of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What happens.
    pub verb: Verb,
    /// The argument it happens to, from 0.
    pub arg: Option<u8>,
    /// The second argument involved.
    pub with: Option<u8>,
    /// Classes of `arg` that are accepted beside a valid pointer, or assigned to it.
    pub accepts: Classes,
    /// Closed words, separated by commas, whose meaning depends on the verb.
    pub note: &'static str,
    /// When it happens.
    pub when: When,
    /// The releases in which it happens.
    pub versions: Versions,
}

impl Effect {
    /// Whether `word` is one of the note's words.
    pub fn says(&self, word: &str) -> bool {
        self.note.split(',').any(|w| w == word)
    }
}

/// What a class of scope-based cleanup calls, each with the guarded object as its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The function called where the variable is declared; `None` for `__free`.
    pub enter: Option<&'static str>,
    /// The function called where its scope ends.
    pub exit: &'static str,
    /// Classes of the variable for which nothing is called at the end.
    pub skips: Classes,
}

/// What is known about one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The name in kernel sources.
    pub name: &'static str,
    /// The topic file it stands in, without its extension.
    pub topic: &'static str,
    /// How the front end reads it.
    pub kind: Kind,
    /// What it gives back.
    pub returns: Returns,
    /// What it does.
    pub effects: &'static [Effect],
    /// Arguments that are types or field names and so no expressions.
    pub type_args: &'static [u8],
    /// The argument that is evaluated again and again (wait conditions).
    pub condition: Option<u8>,
    /// What a [`Kind::ScopeClass`] calls.
    pub scope: Option<Scope>,
    /// Releases that have it.
    pub versions: Versions,
    /// Where it was read: `release path:line`, several separated by `; `. Users' own facts may
    /// leave it empty.
    pub source: &'static str,
}

impl Fact {
    /// The effects with this verb.
    pub fn effects(&self, verb: Verb) -> impl Iterator<Item = &'static Effect> + use<> {
        self.effects.iter().filter(move |e| e.verb == verb)
    }

    /// Whether a call with this name can do this at all.
    pub fn does(&self, verb: Verb) -> bool {
        self.effects(verb).next().is_some()
    }
}
