//! The offset-preserving pass that makes kernel C parsable without a preprocessor.
//!
//! Newlines stay, lengths stay: every offset in [`Prepared::text`] is one of the user's text.
//! What a changed part was is read from the original text.

mod model;

pub use model::{
    Arm, ArmFate, AttributeUse, BlockKind, BlockMacro, Chain, ChainForm, Define, Definition,
    Extent, Include, MacroHead, MacroUse, Prepared, Symbol,
};

mod chains;
mod condition;
mod declare;
mod directives;
mod edit;
mod express;
mod frame;
mod items;
mod lex;
mod macros;
mod paste;
mod record;
mod view;
mod walk;
mod words;

pub use words::Words;

/// Prepares one file.
pub fn prepare(text: &[u8], words: &Words) -> Prepared {
    let mut lexed = lex::lex(text, words);
    directives::local_iterators(text, &mut lexed, words);
    let mut chains = chains::resolve(&mut lexed, words);
    directives::blank(&chains.list, &mut lexed);
    let lines = std::mem::take(&mut lexed.directives);
    let mut prepared = walk::walk(text, lexed, &mut chains);
    directives::record(text, &lines, &mut prepared);
    directives::erase(&lines, &chains.list, &mut prepared);
    prepared.chains = chains.list;
    prepared.sort();
    prepared
}

/// Prepares the body of a function-like macro as statements: same length, continuations blanked,
/// `##` and `#` turned into something parsable. Offsets are relative to `define.body.start`.
pub fn prepare_body(text: &[u8], define: &Define, words: &Words) -> Prepared {
    let body = define.body.of(text);
    let mut lexed = lex::lex_line(body, words);
    paste::join(&mut lexed);
    let mut prepared = walk::walk_as(
        body,
        lexed,
        &mut chains::Chains::default(),
        frame::Room::Block,
    );
    prepared.sort();
    prepared
}

/// Reads nothing but the `#define` and `#include` lines of a text too large to prepare.
pub fn outline(text: &[u8]) -> Prepared {
    let mut prepared = Prepared::default();
    directives::record(text, &lex::directive_lines(text), &mut prepared);
    prepared
}

#[cfg(test)]
mod tests;
