//! Checked modules to trees of files, in memory.
//!
//! The text of what is written lies in `templates/`; the code here decides what stands where: order of creation and
//! teardown, locks, headers, names. The same module gives the same bytes. Nothing here touches a file.

mod build;
mod c;
mod examples;
mod layout;
mod stamp;
mod tree;

pub use examples::{Example, example, examples};
pub use stamp::{Stamp, State};
pub use tree::{File, Hook, Owner, Tree};

use kloom_spec::Module;

/// The files of a module.
pub fn generate(module: &Module) -> Tree {
    let mut files = c::files(module);
    files.extend(build::files(module));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    for file in &mut files {
        if file.owner == Owner::Generator {
            file.text = stamp::stamped(file, module.digest);
        }
    }
    Tree {
        files,
        hooks: c::hooks(module),
    }
}

/// The text of a template, with one newline at its end.
fn rendered(template: &impl askama::Template) -> String {
    // Templates write to memory and have no filters that fail.
    let text = template.render().unwrap_or_default();
    let mut text = text.trim_end().to_owned();
    text.push('\n');
    text
}
