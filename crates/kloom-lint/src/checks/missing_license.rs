//! Modules without a licence the kernel knows.

use crate::context::{Context, Findings};
use crate::kbuild::{Built, built};
use crate::literal::Literal;
use crate::rule;
use kloom_diag::{Diagnostic, FileId, Root, Severity, Span};
use kloom_facts::{Facts, Verb};
use kloom_ir::TopMacro;
use memchr::memmem;

const NAME: &str = "missing-license";

/// missing-license.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut stated = false;
    for used in entries(context, "license") {
        stated = true;
        unknown_licence(context, used, findings);
    }
    let starts = ["init", "driver"];
    let Some(entry) = starts.iter().find_map(|kind| entries(context, kind).next()) else {
        return;
    };
    if !stated && is_missing(context) {
        findings.push(diagnostic(
            entry.span,
            "the module names no licence",
            "`modpost` refuses to link it",
        ));
    }
}

/// What makes a file a module.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts.get(name).is_some_and(|fact| fact.does(Verb::Entry))
}

/// Whether the file names a licence, as what can be loaded and unloaded has to.
pub(super) fn is_stated(context: &Context<'_>) -> bool {
    entries(context, "license").next().is_some()
}

/// The macros of the file that declare an entry of one kind.
fn entries<'a>(context: &Context<'a>, kind: &str) -> impl Iterator<Item = &'a TopMacro> {
    let (unit, facts) = (context.unit, context.facts);
    unit.top_macros.iter().filter(move |used| {
        let fact = facts.get(unit.names.text(used.name));
        let mut effects = fact.into_iter().flat_map(|fact| fact.effects(Verb::Entry));
        used.span.file == FileId(0)
            && effects.any(|effect| effect.says(kind) && !effect.says("builtin"))
    })
}

/// Reports a licence that the kernel compares with nothing it knows.
fn unknown_licence(context: &Context<'_>, used: &TopMacro, findings: &mut Findings) {
    let Some(&arg) = used.args.first() else {
        return;
    };
    let Some(licence) = Literal::read(context.unit.files.slice(arg)) else {
        return;
    };
    let known = rule(NAME).map_or(&[][..], |rule| rule.words);
    if licence.macros().next().is_none() && !known.contains(&licence.show().as_str()) {
        findings.push(diagnostic(
            arg,
            &format!("the kernel does not know the licence `{}`", licence.show()),
            "it counts as proprietary: loading taints the kernel, and GPL-only symbols are out of reach",
        ));
    }
}

/// Whether all of the module is in sight, it can be a module, and no part of it has a licence.
fn is_missing(context: &Context<'_>) -> bool {
    let files = &context.unit.files;
    let words: Vec<&str> = context
        .facts
        .iter()
        .filter(|fact| {
            fact.effects(Verb::Entry)
                .any(|effect| effect.says("license"))
        })
        .map(|fact| fact.name)
        .collect();
    let states = |text: &[u8]| {
        words
            .iter()
            .any(|word| memmem::find(text, word.as_bytes()).is_some())
    };
    // In a header, or in an arm of `#if` that was not kept.
    if files.iter().any(|(_, file)| states(file.text())) {
        return false;
    }
    match built(context.path, context.provider) {
        Built::Other => false,
        // With headers of its own there is more of it somewhere.
        Built::Alone => !has_own_headers(files.get(FileId(0)).text()),
        Built::Modules(modules) => modules.iter().any(|sources| {
            let mut texts = sources.iter().map(|path| context.provider.read(path));
            texts.all(|text| text.is_some_and(|text| !states(&text)))
        }),
    }
}

/// Whether a file includes headers by quotes, or without a folder: the kernel's stand in folders.
fn has_own_headers(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').any(|line| {
        let directive = line.trim_ascii().strip_prefix(b"#").map(<[u8]>::trim_ascii);
        match directive.and_then(|d| d.strip_prefix(b"include")) {
            Some(name) => name.contains(&b'"') || !name.contains(&b'/'),
            None => false,
        }
    })
}

fn diagnostic(span: Span, what: &str, why: &str) -> Diagnostic {
    Diagnostic {
        rule: NAME,
        severity: Severity::Error,
        what: what.to_owned(),
        why: why.to_owned(),
        help: "state it with one of the words the kernel knows, such as `MODULE_LICENSE(\"GPL\")`"
            .to_owned(),
        primary: span,
        label: String::new(),
        root: Root(span),
        function: None,
        trace: Vec::new(),
    }
}
