//! What builds, installs and describes a module.

mod picture;

use crate::{File, Owner, rendered};
use askama::Template;
use kloom_spec::Module;

#[derive(Template)]
#[template(path = "build/Kbuild.txt")]
struct Kbuild<'a> {
    spdx: &'a str,
    name: &'a str,
    has_hooks: bool,
}

#[derive(Template)]
#[template(path = "build/Makefile.txt")]
struct Makefile<'a> {
    spdx: &'a str,
    name: &'a str,
    kernel: String,
}

#[derive(Template)]
#[template(path = "build/dkms.txt")]
struct Dkms<'a> {
    spdx: &'a str,
    name: &'a str,
    version: &'a str,
}

#[derive(Template)]
#[template(path = "build/gitignore.txt")]
struct Ignore<'a> {
    spdx: &'a str,
}

#[derive(Template)]
#[template(path = "build/README.md")]
struct Readme<'a> {
    spdx: &'a str,
    name: &'a str,
    description: String,
    picture: String,
    kernel: String,
    hooks: String,
}

/// The files around the sources.
pub fn files(module: &Module) -> Vec<File> {
    let (spdx, name) = (module.license.spdx.as_str(), module.name.as_str());
    let has_hooks = !module.hooks.is_empty();
    let kernel = module.kernel.to_string();
    let kbuild = Kbuild {
        spdx,
        name,
        has_hooks,
    };
    let makefile = Makefile {
        spdx,
        name,
        kernel: kernel.clone(),
    };
    let dkms = Dkms {
        spdx,
        name,
        version: module.version.as_deref().unwrap_or("0.1"),
    };
    let hooks = match has_hooks {
        true => format!("`{name}_hooks.c`"),
        false => "those that it did not write".to_owned(),
    };
    let readme = Readme {
        spdx,
        name,
        description: for_page(module.description.trim_end_matches('.')),
        picture: picture::picture(module),
        kernel,
        hooks,
    };
    vec![
        file("Kbuild", rendered(&kbuild)),
        file("Makefile", rendered(&makefile)),
        file("dkms.conf", rendered(&dkms)),
        file(".gitignore", rendered(&Ignore { spdx })),
        file("README.md", rendered(&readme)),
    ]
}

fn file(path: &str, text: String) -> File {
    File {
        path: path.to_owned(),
        text,
        owner: Owner::Generator,
    }
}

/// Text in which nothing is markup.
fn for_page(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
