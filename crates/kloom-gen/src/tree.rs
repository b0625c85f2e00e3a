//! A module as files.

/// A module as files, sorted by path.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The files.
    pub files: Vec<File>,
    /// The functions that the author writes, in the order in which they stand in the file for them.
    pub hooks: Vec<Hook>,
}

/// A function that the author writes.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its full name.
    pub function: String,
    /// Its text while it does nothing, comment included.
    pub text: String,
}

/// One file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path in the module's folder.
    pub path: String,
    /// What is in it.
    pub text: String,
    /// Whose it is.
    pub owner: Owner,
}

/// Who may change a file once it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// kloom rewrites it.
    Generator,
    /// kloom never does.
    Author,
}
