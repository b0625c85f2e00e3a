//! Symbolic values: what a place holds, named by where the value came from.

use kloom_diag::Span;
use kloom_facts::Classes;
use kloom_ir::{BlockId, Name};

/// A memory cell of one function's analysis; see [`crate::memory`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(pub u32);

/// An instruction or terminator of one function, numbered in block order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point(pub u32);

/// A creation whose result may be an error pointer, over the whole unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginId(pub u32);

/// An allocation, over the whole unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AllocationId(pub u32);

/// A value. Copies share it, so a test of one refines all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sym {
    /// Nothing is known and nothing can be learnt.
    Unknown,
    /// A number.
    Const(i64),
    /// A constant by name: an enumerator, a macro. Different names are different values.
    Named(Name),
    /// A value without identity of which only the classes are known.
    Class(u8),
    /// The address of a cell.
    Addr(CellId),
    /// A function.
    Function(Name),
    /// What the cell held when it was first read: at entry, unless the object was made here.
    Init(CellId),
    /// What the instruction produced: a call's result, a computed condition.
    Made(Point),
    /// What an output argument got: the call and the argument's cell.
    Out(Point, CellId),
    /// Different values that meet at a block.
    Phi(BlockId, CellId),
    /// Whether the numbered `#if` condition holds.
    Config(u32),
}

/// What the truth of something says about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// The value that was asked about.
    pub of: Sym,
    /// Its possible classes if the answer is yes.
    pub yes: u8,
    /// Its possible classes if the answer is no.
    pub no: u8,
}

impl Link {
    /// The classes that go with an answer.
    pub fn classes(self, answer: bool) -> Classes {
        Classes(if answer { self.yes } else { self.no })
    }

    /// The same question the other way round.
    pub fn flipped(self) -> Link {
        Link {
            yes: self.no,
            no: self.yes,
            ..self
        }
    }

    /// Whether an answer tells an error pointer from a valid one; a test against NULL does not.
    pub fn tells_error(self) -> bool {
        let uneven =
            |bits: u8| Classes(bits).contains(Classes::NEG) != Classes(bits).contains(Classes::POS);
        uneven(self.yes) || uneven(self.no)
    }
}

/// What is known about one value on one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// What it can be.
    pub classes: Classes,
    /// The creation it is the result of.
    pub origin: Option<OriginId>,
    /// Where this path tested it for an error.
    pub tested: Option<Span>,
    /// Where this path tested it against NULL only.
    pub null_tested: Option<Span>,
    /// What a branch on it decides about another value.
    pub link: Option<Link>,
    /// Where the error number it holds was negated.
    pub negated: Option<Span>,
}

impl Info {
    /// Anything.
    pub const ANY: Info = Info {
        classes: Classes::ANY,
        origin: None,
        tested: None,
        null_tested: None,
        link: None,
        negated: None,
    };

    /// A value of these classes.
    pub const fn of(classes: Classes) -> Info {
        Info {
            classes,
            ..Info::ANY
        }
    }

    /// What holds whichever of two paths was taken.
    pub fn join(self, other: Info) -> Info {
        Info {
            classes: self.classes.or(other.classes),
            origin: if self.origin == other.origin {
                self.origin
            } else {
                None
            },
            tested: earlier(self.tested, other.tested),
            null_tested: earlier(self.null_tested, other.null_tested),
            negated: earlier(self.negated, other.negated),
            link: if self.link == other.link {
                self.link
            } else {
                None
            },
        }
    }
}

fn earlier(a: Option<Span>, b: Option<Span>) -> Option<Span> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The class of a number.
pub fn class_of(n: i64) -> Classes {
    match n {
        0 => Classes::ZERO,
        n if n < 0 => Classes::NEG,
        _ => Classes::POS,
    }
}

/// The classes of the negated values.
pub fn negated(classes: Classes) -> Classes {
    let mut out = classes.and(Classes::ZERO);
    if classes.contains(Classes::NEG) {
        out = out.or(Classes::POS);
    }
    if classes.contains(Classes::POS) {
        out = out.or(Classes::NEG);
    }
    out
}
