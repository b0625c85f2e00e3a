//! Where a spec comes from.

use crate::args::NewArgs;
use crate::disk;
use anyhow::{Context as _, bail};
use kloom_gen::{File, Owner, example, examples};
use std::path::Path;
use std::sync::Arc;

/// A spec to read.
pub struct Source {
    /// What it is called in messages.
    pub path: String,
    /// What it says.
    pub text: Arc<[u8]>,
    /// The spec as a file of the module, if it comes from kloom.
    pub example: Option<File>,
}

/// The spec that the arguments name.
pub fn read(args: &NewArgs) -> anyhow::Result<Source> {
    match (&args.spec, &args.example) {
        (Some(path), None) => from_disk(path),
        (None, Some(name)) => from_examples(name),
        _ => bail!("say which spec: a file, or --example NAME; --list has the names"),
    }
}

fn from_disk(path: &Path) -> anyhow::Result<Source> {
    let shown = path.to_string_lossy().into_owned();
    let text = disk::read(path).with_context(|| shown.clone())?;
    let disk::Text::Read(text) = text else {
        bail!("{shown}: too large for a spec");
    };
    Ok(Source {
        path: shown,
        text,
        example: None,
    })
}

fn from_examples(name: &str) -> anyhow::Result<Source> {
    let Some(example) = example(name) else {
        let near = examples()
            .iter()
            .map(|e| e.name)
            .filter(|n| n.contains(name) || name.contains(n));
        let near: Vec<&str> = near.take(3).collect();
        let hint = match near.is_empty() {
            true => "`kloom new --list` has the names".to_owned(),
            false => format!("is it {}?", near.join(" or ")),
        };
        bail!("there is no example `{name}`; {hint}");
    };
    let path = format!("{name}.toml");
    Ok(Source {
        text: example.text.as_bytes().into(),
        example: Some(File {
            path: path.clone(),
            text: example.text.to_owned(),
            owner: Owner::Author,
        }),
        path,
    })
}
