//! C text to IR.

pub mod headers;
mod lower;
pub mod pre;
mod syntax;

use headers::HeaderCache;
use kloom_diag::Provider;
use kloom_facts::{Facts, Version};
use kloom_ir::Unit;
use pre::Words;
use std::sync::Arc;

/// What the front end needs beside the text; one serves all files and threads of a run.
pub struct Context<'a> {
    /// Names it must read specially.
    pub facts: Facts,
    /// Where headers come from.
    pub provider: &'a dyn Provider,
    /// The facts as the prepass looks them up, and the release version tests are decided for.
    pub words: Words,
    /// Headers read so far.
    pub headers: HeaderCache,
    /// Which names make a file that mentions them worth lowering for [`lower_if_of_interest`].
    pub interest: Interest<'a>,
}

/// Tells whether anybody wants to know about uses of a function or macro, by its name.
pub type Interest<'a> = Box<dyn Fn(&str) -> bool + Send + Sync + 'a>;

impl<'a> Context<'a> {
    /// A context with nothing read yet.
    pub fn new(facts: Facts, provider: &'a dyn Provider, target: Option<Version>) -> Self {
        Context {
            facts,
            provider,
            words: Words::new(facts, target),
            headers: HeaderCache::default(),
            interest: Box::new(|_| true),
        }
    }
}

/// Lowers one file. Never fails: what cannot be read is opaque and counted in `Unit::coverage`.
pub fn lower(context: &Context<'_>, path: &str, text: Arc<[u8]>) -> Unit {
    lower::Front::read(context, path, text).lower()
}

/// The same, unless neither the file nor a local header mentions anything of [`Context::interest`].
pub fn lower_if_of_interest(context: &Context<'_>, path: &str, text: Arc<[u8]>) -> Option<Unit> {
    let front = lower::Front::read(context, path, text);
    front.is_of_interest().then(|| front.lower())
}
