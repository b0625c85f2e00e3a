//! Text to a checked module.

use crate::check;
use crate::problem::{Kind, Problems};
use crate::raw;
use crate::{Digest, Language, Module, digest};
use kloom_diag::{Diagnostic, FileId, SourceFile, SourceMap};
use kloom_facts::Target;
use std::fmt::Write as _;
use std::sync::Arc;

/// Longer specs are refused: the longest example has a few thousand bytes.
pub const LONGEST: usize = 256 << 10;

/// What the command line says about a module in place of its spec.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spec {
    /// Releases to write it for.
    pub kernel: Option<Target>,
    /// Language to write it in.
    pub language: Option<Language>,
}

/// Reads a spec: the module that it describes, or what is wrong with it, in text order.
///
/// The source map has the text, for both.
pub fn read(
    path: &str,
    text: Arc<[u8]>,
    spec: Spec,
) -> (SourceMap, Result<Module, Vec<Diagnostic>>) {
    let mut files = SourceMap::default();
    let file = files.add(SourceFile::new(path, text.clone()));
    let mut problems = Problems::new(file);
    let module = parse(&text, &mut problems)
        .and_then(|(raw, digest)| check::module(raw, &spec, digest, &mut problems));
    let found = problems.into_vec();
    let result = match module {
        Some(module) if found.is_empty() => Ok(module),
        _ => Err(found),
    };
    debug_assert!(!matches!(&result, Err(found) if found.is_empty()));
    debug_assert_eq!(file, FileId(0));
    (files, result)
}

fn parse(text: &[u8], problems: &mut Problems) -> Option<(raw::Spec, Digest)> {
    if text.len() > LONGEST {
        let what = format!("the spec is longer than {} KiB", LONGEST >> 10);
        problems
            .say(Kind::Syntax, &(LONGEST..LONGEST + 1), what)
            .label("no spec needs more than what stands before this");
        return None;
    }
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            problems
                .say(Kind::Syntax, &(at..at + 1), "the spec is not UTF-8")
                .label("no character begins with this byte");
            return None;
        }
    };
    let error = match toml::from_str::<raw::Spec>(text) {
        Ok(raw) => return Some((raw, contents(text))),
        Err(error) => error,
    };
    let at = error.span().unwrap_or(0..0);
    let end = at.end.min(text.len());
    let message = error.message().lines().next().unwrap_or_default();
    problems
        .say(Kind::Syntax, &(at.start.min(end)..end), message)
        .help("`kloom schema spec` prints what a spec can say, `kloom new --list` has examples");
    None
}

/// The digest of what a spec says, comments and layout aside.
fn contents(text: &str) -> Digest {
    let table: toml::Table = text.parse().unwrap_or_default();
    let mut said = String::new();
    // A table is sorted; writing to a string does not fail.
    let _ = write!(said, "{table:?}");
    digest(&said)
}
