//! What one thing of a module brings to its source.

use std::collections::BTreeSet;

/// What one thing of a module brings to its source.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Headers that the code needs.
    pub headers: BTreeSet<&'static str>,
    /// Headers that the members need.
    pub types: BTreeSet<&'static str>,
    /// Constants that the members need.
    pub constants: Vec<String>,
    /// Constants and parameters of the code.
    pub defines: Vec<String>,
    /// Members of the module's struct.
    pub members: Vec<Member>,
    /// Functions.
    pub functions: Vec<String>,
    /// What init does first, and what cannot fail.
    pub begin: Vec<String>,
    /// What init does then, in this order.
    pub steps: Vec<Step>,
}

/// A member of the module's struct.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// What it is, for a comment.
    pub about: String,
    /// Its declaration.
    pub text: String,
}

/// One thing that init does and exit undoes.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is done; may be empty.
    pub set_up: String,
    /// How it fails.
    pub fails: Fails,
    /// What is done once it has worked.
    pub then: String,
    /// What exit does, and init when a later step fails; may be empty.
    pub undo: String,
    /// The label in front of it, after what it does: `err_stop_x`.
    pub label: String,
}

/// How a step says that it failed.
#[derive(Clone, Debug)]
pub enum Fails {
    /// It does not.
    Never,
    /// With an error pointer in this place.
    Pointer(String),
    /// With an error in `ret`.
    Nonzero,
    /// With an error in `ret`; anything else in it is a result.
    Negative,
    /// If this holds, with this error.
    If(String, &'static str),
}

impl Part {
    /// Adds a member of one line.
    pub fn member(&mut self, name: &str, about: String, declaration: String) {
        self.members.push(Member {
            name: name.to_owned(),
            about,
            text: format!("\t{declaration}"),
        });
    }
}
