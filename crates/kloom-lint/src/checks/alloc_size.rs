//! The size of a pointer, allocated where the object itself is meant.

use crate::context::{CallSite, Context, Findings};
use kloom_diag::{Diagnostic, Root, Severity};
use kloom_facts::{Facts, Verb};
use kloom_ir::{Arg, Expr, InstrKind, Name, PlaceId, Type, TypeId};

/// Calls that allocate.
pub fn wants(facts: Facts, name: &str) -> bool {
    facts
        .get(name)
        .is_some_and(|fact| fact.does(Verb::Allocate))
}

/// alloc-size-of-pointer.
pub fn check(context: &Context<'_>, findings: &mut Findings) {
    for function in context.functions() {
        for site in context.calls(function) {
            if context.effects(&site, Verb::Allocate).next().is_none() {
                continue;
            }
            for arg in &site.call.args {
                let tag = pointer_measured(context, arg);
                if let Some(tag) = tag.filter(|tag| holds(context, &site, *tag)) {
                    findings.push(diagnostic(context, &site, arg, tag));
                }
            }
        }
    }
}

/// The struct whose pointer's size an argument is, and nothing else.
fn pointer_measured(context: &Context<'_>, arg: &Arg) -> Option<Name> {
    match &arg.expr {
        Expr::SizeOf(ty) => pointee(context, *ty),
        _ => None,
    }
}

fn pointee(context: &Context<'_>, ty: TypeId) -> Option<Name> {
    let types = &context.unit.types;
    match types.get(ty) {
        Type::Pointer(to) => types.struct_tag(*to),
        _ => None,
    }
}

/// Whether the result goes where objects of this struct are expected.
fn holds(context: &Context<'_>, site: &CallSite<'_>, tag: Name) -> bool {
    let Some(dst) = site.call.dst else {
        return false;
    };
    let leads_to = |place: PlaceId| {
        let ty = site.function.places.get(place).ty;
        pointee(context, ty) == Some(tag)
    };
    // A cast on the way is an assignment of its own.
    let instrs = site.function.blocks.iter().flat_map(|b| &b.instrs);
    let mut copies = instrs.filter_map(|instr| match &instr.kind {
        InstrKind::Assign { dst: to, src } if reads(src, dst) => Some(*to),
        _ => None,
    });
    leads_to(dst) || context.is_unnamed(site.function, dst) && copies.any(leads_to)
}

fn reads(expr: &Expr, place: PlaceId) -> bool {
    match expr {
        Expr::Read(at) => *at == place,
        Expr::Cast(_, inner) => reads(inner, place),
        _ => false,
    }
}

fn diagnostic(context: &Context<'_>, site: &CallSite<'_>, arg: &Arg, tag: Name) -> Diagnostic {
    let (callee, tag) = (site.name.unwrap_or_default(), context.unit.names.text(tag));
    Diagnostic {
        rule: "alloc-size-of-pointer",
        severity: Severity::Error,
        what: format!("{callee}() gets the size of a pointer, not of struct {tag}"),
        why: "what is written behind the first bytes belongs to somebody else".to_owned(),
        help: "ask for the size of what the pointer leads to: sizeof(*p)".to_owned(),
        primary: arg.span,
        label: String::new(),
        root: Root(arg.span),
        function: Some(context.unit.names.text(site.function.name).to_owned()),
        trace: Vec::new(),
    }
}
