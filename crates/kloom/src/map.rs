//! `kloom map`: what runs where, and what starts, stops, waits for and wakes what.

use crate::args::MapArgs;
use crate::disk::{self, Disk, Text};
use crate::walk::{self, Input};
use crate::{CLEAN, pool, tree};
use anyhow::bail;
use kloom_facts::{Facts, Target};
use kloom_flow::model::{Model, view};
use kloom_report::{Map, clean_line, write_maps};
use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use std::thread;

/// Prints the model of what the arguments name.
pub fn run(args: &MapArgs) -> anyhow::Result<u8> {
    let inputs = walk::inputs(&args.paths)?;
    if inputs.stdin {
        bail!("a map is made of files and folders");
    }
    let tree = args
        .paths
        .iter()
        .min()
        .and_then(|path| tree::enclosing(path));
    let target = args.kernel.or(tree.map(Target::exactly));
    let target = target.unwrap_or(Target::NEWEST);
    let decided = (target.min == target.max).then_some(target.max);
    let context = kloom_c::Context::new(Facts::builtin(), &Disk, decided);
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut maps = Vec::new();
    pool::in_order(
        &inputs.files,
        threads,
        |input| map(&context, target, input),
        |map| {
            maps.extend(map?);
            anyhow::Ok(())
        },
    )?;
    let mut out = BufWriter::new(io::stdout().lock());
    write_maps(&mut out, args.format.into(), &maps)?;
    out.flush()?;
    Ok(CLEAN)
}

/// The map of a file; of one found in a folder only if it has more than functions.
fn map(
    context: &kloom_c::Context<'_>,
    target: Target,
    input: &Input,
) -> anyhow::Result<Option<Map>> {
    let path = input.path.to_string_lossy();
    let Text::Read(text) = disk::read(&input.path)? else {
        eprintln!("kloom: {}: too large", clean_line(&path));
        return Ok(None);
    };
    let unit = kloom_c::lower(context, &path, text);
    let model = Model::of(&unit, context.facts, target);
    let sections = view::sections(&unit, &model);
    let is_worth_it = !input.found || sections.len() > 1;
    Ok(is_worth_it.then(|| Map {
        path: path.into_owned(),
        files: unit.files,
        sections,
    }))
}
