//! What may be written to what makes sense.

mod action;
mod condition;
mod files;
mod hook;
mod life;
mod module;
mod name;
mod order;
mod sharing;
mod state;
mod text;
mod thread;
mod time;
mod wait;
mod work;

use crate::problem::{Kind, Problems};
use crate::{Digest, Module, Spec, digest, raw};
use name::Names;

/// The version of the language of specs.
const LANGUAGE: u32 = 1;

/// What checks of all parts share.
pub(crate) struct Checker<'a> {
    problems: &'a mut Problems,
    names: Names,
    raw: &'a raw::Spec,
    /// The module as far as it is known.
    module: Module,
}

/// The module that a spec describes; anything wrong is among the problems.
pub(crate) fn module(
    raw: raw::Spec,
    spec: &Spec,
    contents: Digest,
    problems: &mut Problems,
) -> Option<Module> {
    if *raw.kloom != LANGUAGE {
        let what = format!(
            "version {} of the language of specs is not known",
            *raw.kloom
        );
        problems
            .say(Kind::Version, &raw.kloom, what)
            .help(format!("this kloom reads version {LANGUAGE}"));
        return None;
    }
    let module = module::empty(contents);
    let mut checker = Checker {
        problems,
        names: Names::default(),
        raw: &raw,
        module,
    };
    checker.head(spec);
    checker.declare();
    checker.states();
    checker.queues();
    checker.works();
    checker.threads();
    checker.files();
    // What follows reads what the parts do, and would repeat what is wrong with them.
    if checker.problems.is_empty() {
        checker.sharing();
        checker.lives();
        checker.order();
    }
    let mut module = checker.module;
    module.digest = digest(&format!(
        "{contents} {} {:?}",
        module.kernel, module.language
    ));
    Some(module)
}
