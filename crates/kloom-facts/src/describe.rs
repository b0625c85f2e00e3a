//! Facts in words, as `rules/api` writes them.

use crate::model::{Classes, Effect, Fact, Returns, Versions, When};
use crate::words::{CLASSES, KINDS, VERBS};
use std::fmt::{self, Display, Formatter};

impl Display for Fact {
    /// The whole entry, one line per field.
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let kind = KINDS.iter().find(|k| k.1 == self.kind).map_or("", |k| k.0);
        writeln!(f, "{} ({kind}, {})", self.name, self.topic)?;
        if self.returns != Returns::Unknown {
            writeln!(f, "  returns   {}", self.returns)?;
        }
        for effect in self.effects {
            writeln!(f, "  does      {effect}")?;
        }
        if !self.type_args.is_empty() {
            writeln!(f, "  types     {:?}", self.type_args)?;
        }
        if let Some(arg) = self.condition {
            writeln!(f, "  condition {arg}")?;
        }
        if let Some(scope) = self.scope {
            if let Some(enter) = scope.enter {
                writeln!(f, "  enter     {enter}")?;
            }
            write!(f, "  exit      {}", scope.exit)?;
            if !scope.skips.is_empty() {
                write!(f, ", not for {}", scope.skips)?;
            }
            writeln!(f)?;
        }
        if self.versions != Versions::ALL {
            writeln!(f, "  releases {}", self.versions)?;
        }
        if !self.source.is_empty() {
            writeln!(f, "  source    {}", self.source)?;
        }
        Ok(())
    }
}

impl Display for Effect {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let word = VERBS.iter().find(|v| v.verb == self.verb);
        f.write_str(word.map_or("", |v| v.word))?;
        if let Some(arg) = self.arg {
            write!(f, " {arg}")?;
        }
        if let Some(with) = self.with {
            write!(f, " with {with}")?;
        }
        if !self.accepts.is_empty() {
            write!(f, " accepts {}", self.accepts)?;
        }
        if !self.note.is_empty() {
            write!(f, " as {}", self.note)?;
        }
        match self.when {
            When::Always => {}
            When::Returns(classes) => write!(f, " if returns {classes}")?,
            When::ArgHas(arg, word) => write!(f, " if arg {arg} has {word}")?,
            When::ArgIs(arg, classes) => write!(f, " if arg {arg} is {classes}")?,
            When::ArgLacks(arg, word) => write!(f, " if arg {arg} lacks {word}")?,
        }
        write!(f, "{}", self.versions)
    }
}

impl Display for Returns {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match *self {
            Returns::Unknown => f.write_str("unknown"),
            Returns::Void => f.write_str("void"),
            Returns::Class(classes) => write!(f, "class {classes}"),
            Returns::ErrPtr { null: false } => f.write_str("err-ptr"),
            Returns::ErrPtr { null: true } => f.write_str("err-ptr-or-null"),
            Returns::TolerantErrPtr => f.write_str("tolerant-err-ptr"),
            Returns::PtrOrNull => f.write_str("ptr-or-null"),
            Returns::Errno => f.write_str("errno"),
            Returns::Arg(arg) => write!(f, "arg {arg}"),
            Returns::Test(arg, classes) => write!(f, "test {arg} {classes}"),
            Returns::ErrorOrZero(arg) => write!(f, "error-or-zero {arg}"),
            Returns::Within(arg) => write!(f, "within {arg}"),
        }
    }
}

impl Display for Classes {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        if *self == Classes::ANY {
            return f.write_str("any");
        }
        let mut between = "";
        for (word, class) in CLASSES {
            if *class != Classes::ANY && self.contains(*class) {
                write!(f, "{between}{word}")?;
                between = "|";
            }
        }
        Ok(())
    }
}

impl Display for Versions {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        if let Some(since) = self.since {
            write!(f, " since {since}")?;
        }
        if let Some(until) = self.until {
            write!(f, " until {until}")?;
        }
        Ok(())
    }
}
