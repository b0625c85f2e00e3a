//! `kloom new` and `kloom schema`.

pub mod memory;
mod plan;
mod source;
mod write;

use crate::args::{NewArgs, SchemaOf};
use crate::{CLEAN, FAILURE, FINDINGS, lint};
use anyhow::{Context as _, bail};
use kloom_diag::{Diagnostic, SourceMap};
use kloom_gen::{Tree, examples, generate};
use kloom_lint::FileReport;
use kloom_report::{Format, Style, Writer, clean_line, clean_text};
use kloom_spec::Spec;
use plan::{Drift, Plan};
use std::io::{self, Write as _};
use std::path::PathBuf;

/// Writes the module that a spec describes, or shows how one on disk differs from it.
pub(crate) fn run(args: &NewArgs) -> anyhow::Result<u8> {
    if args.list {
        return list();
    }
    let source = source::read(args)?;
    let settings = Spec {
        kernel: args.kernel,
        language: args.language.map(Into::into),
    };
    let (files, module) = kloom_spec::read(&source.path, source.text, settings);
    let module = match module {
        Ok(module) => module,
        Err(problems) => {
            show(source.path, files, problems, args)?;
            return Ok(FAILURE);
        }
    };
    let mut tree = generate(&module);
    refuse_findings(&module, &tree, args)?;
    if let Some(example) = source.example {
        tree.files.push(example);
    }
    let folder = args
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(&module.name));
    let plan = Plan::new(&folder, &module, &tree, args.append_hooks)?;
    if args.check {
        return check(&plan);
    }
    if args.diff {
        print(&plan.diff())?;
        return Ok(CLEAN);
    }
    let refused = plan.refused(args.force);
    if !refused.is_empty() {
        bail!("{}", refused.join("\nkloom: "));
    }
    if !args.dry_run {
        write::write(&folder, &plan.writes())
            .with_context(|| format!("{}: not everything could be written", folder.display()))?;
    }
    print(&plan.summary(args.dry_run))?;
    Ok(CLEAN)
}

/// Prints the schema of specs.
pub(crate) fn schema(of: SchemaOf) -> anyhow::Result<u8> {
    match of {
        SchemaOf::Spec => print(&kloom_spec::schema())?,
    }
    Ok(CLEAN)
}

fn list() -> anyhow::Result<u8> {
    let width = examples().iter().map(|e| e.name.len()).max().unwrap_or(0);
    let lines = examples()
        .iter()
        .map(|e| format!("{:width$}  {}\n", e.name, e.about));
    print(&lines.collect::<String>())?;
    Ok(CLEAN)
}

fn check(plan: &Plan) -> anyhow::Result<u8> {
    let drifts = plan.drifts();
    for Drift { path, reason } in &drifts {
        eprintln!("kloom: {}: {reason}", clean_line(path));
    }
    print(&plan.diff())?;
    Ok(match drifts.is_empty() {
        true => CLEAN,
        false => FINDINGS,
    })
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(clean_text(text).as_bytes())?;
    out.flush()
}

/// Shows findings to people.
fn show(
    path: String,
    files: SourceMap,
    diagnostics: Vec<Diagnostic>,
    args: &NewArgs,
) -> io::Result<()> {
    let report = FileReport {
        path,
        files,
        diagnostics,
        not_analysed: Vec::new(),
    };
    let style = Style {
        format: Format::Text,
        color: lint::colored(args.color),
        target: args.kernel.unwrap_or(kloom_facts::Target::NEWEST),
    };
    let mut writer = Writer::new(io::stdout().lock(), style);
    writer.add(style.render(&report))?;
    writer.finish(false)?;
    Ok(())
}

/// What kloom writes is clean under its own rules; else kloom has a bug, and nothing is written.
fn refuse_findings(module: &kloom_spec::Module, tree: &Tree, args: &NewArgs) -> anyhow::Result<()> {
    let reports = memory::lint(module, tree)?;
    let mut found = 0;
    for report in reports {
        found += report.diagnostics.len();
        if !report.diagnostics.is_empty() {
            show(report.path, report.files, report.diagnostics, args)?;
        }
    }
    if found > 0 {
        bail!(
            "kloom would write code with {found} findings of its own; please report it, with the spec"
        );
    }
    Ok(())
}
