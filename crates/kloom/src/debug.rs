//! `kloom debug`: what kloom makes of a file, to understand a finding or its absence.

use crate::CLEAN;
use crate::args::DebugCommand;
use crate::disk::{self, Disk, Text};
use anyhow::{Context as _, bail};
use kloom_facts::{Facts, Target};
use kloom_flow::{Wanted, analyze, print_summary};
use kloom_ir::{FunctionId, Unit, mermaid, print_function};
use kloom_report::clean_text;
use std::io::{self, Write};
use std::path::Path;

/// Runs one of the subcommands.
pub fn run(command: &DebugCommand) -> anyhow::Result<u8> {
    let facts = Facts::builtin();
    let shown = match command {
        DebugCommand::Facts { name } => {
            let fact = facts
                .get(name)
                .with_context(|| format!("nothing is known about `{name}`"))?;
            fact.to_string()
        }
        DebugCommand::Cfg { file, function } => {
            let unit = unit(file, facts)?;
            let ids = functions(&unit, Some(function))?;
            each(ids, |id| mermaid(&unit, unit.function(id)))
        }
        DebugCommand::Ir { file, function } => {
            let unit = unit(file, facts)?;
            let ids = functions(&unit, function.as_deref())?;
            each(ids, |id| print_function(&unit, unit.function(id)))
        }
        DebugCommand::Summary { file, function } => {
            let unit = unit(file, facts)?;
            let ids = functions(&unit, function.as_deref())?;
            let wanted = Wanted {
                locks: true,
                memory: true,
            };
            let analysis = analyze(&unit, facts, Target::NEWEST, wanted);
            each(ids, |id| {
                let summary = &analysis.summaries[id.0 as usize];
                print_summary(&unit, unit.function(id), summary)
            })
        }
    };
    io::stdout().write_all(clean_text(&shown).as_bytes())?;
    Ok(CLEAN)
}

fn each(ids: Vec<FunctionId>, show: impl Fn(FunctionId) -> String) -> String {
    ids.into_iter().map(show).collect::<Vec<_>>().join("\n")
}

fn unit(path: &Path, facts: Facts) -> anyhow::Result<Unit> {
    let shown = path.to_string_lossy();
    let Text::Read(text) = disk::read(path).with_context(|| shown.to_string())? else {
        bail!("{shown} is too large");
    };
    let target = Target::NEWEST;
    let context = kloom_c::Context::new(facts, &Disk, Some(target.max));
    Ok(kloom_c::lower(&context, &shown, text))
}

/// The functions with a name, or all of them.
fn functions(unit: &Unit, name: Option<&str>) -> anyhow::Result<Vec<FunctionId>> {
    let Some(name) = name else {
        return Ok((0..unit.functions.len() as u32).map(FunctionId).collect());
    };
    let ids = unit
        .names
        .find(name)
        .map_or(&[][..], |name| unit.named(name));
    if ids.is_empty() {
        bail!("there is no function `{name}` here");
    }
    Ok(ids.to_vec())
}
