//! Runs the declarative rules.

mod goes_on;
mod origin;

use crate::context::{CallSite, Context, Findings, call_site};
use crate::literal::Literal;
use crate::rule::{Message, Pattern, Rule, TextTest};
use goes_on::Continuations;
use kloom_diag::{Diagnostic, Root, Span};
use kloom_facts::Effect;
use kloom_ir::{BlockId, Expr};
use origin::Origins;

/// Longer texts are cut in messages.
const MAX_SHOWN: usize = 80;

/// Reports the calls of one unit that a pattern hits.
pub fn check(context: &Context<'_>, rule: &'static Rule, logic: &Pattern, out: &mut Findings) {
    let run = Run {
        context,
        logic,
        origins: Origins::new(context),
        continuations: Continuations::new(context, logic),
    };
    for function in context.functions() {
        for (id, block) in function.blocks.iter().enumerate() {
            for (at, instr) in block.instrs.iter().enumerate() {
                let Some(site) = call_site(context.unit, function, instr) else {
                    continue;
                };
                let Some(effect) = context.effects(&site, logic.verb).next() else {
                    continue;
                };
                let here = (BlockId(id as u32), at);
                if let Some(hit) = run.hit(&site, effect, here) {
                    let name = context.unit.names.text(function.name);
                    out.push(hit.diagnostic(rule, &logic.message, &site, name));
                }
            }
        }
    }
}

struct Run<'a> {
    context: &'a Context<'a>,
    logic: &'a Pattern,
    origins: Origins<'a>,
    continuations: Continuations<'a>,
}

/// A call that the pattern hits.
struct Hit {
    span: Span,
    text: String,
    length: String,
}

impl Hit {
    fn diagnostic(
        self,
        rule: &'static Rule,
        message: &Message,
        site: &CallSite<'_>,
        function: &str,
    ) -> Diagnostic {
        let mut shown: String = self.text.chars().take(MAX_SHOWN).collect();
        if shown.len() < self.text.len() {
            shown.push('…');
        }
        let fill = |template: &str| {
            template
                .replace("{callee}", site.name.unwrap_or_default())
                .replace("{length}", &self.length)
                .replace("{text}", &shown)
        };
        Diagnostic {
            rule: rule.name,
            severity: rule.severity,
            what: fill(message.what),
            why: fill(message.why),
            help: fill(message.help),
            primary: self.span,
            label: fill(message.label),
            root: Root(self.span),
            function: Some(function.to_owned()),
            trace: Vec::new(),
        }
    }
}

impl Run<'_> {
    fn hit(&self, site: &CallSite<'_>, effect: &Effect, here: (BlockId, usize)) -> Option<Hit> {
        if self.logic.argument.is_some() && self.logic.argument != effect.arg {
            return None;
        }
        let index = usize::from(effect.arg?);
        let arg = site.call.args.get(index)?;
        let literal = literal(self.context, &arg.expr, arg.span);
        if has_mark(effect, literal.as_ref(), self.logic.except) {
            return None;
        }
        let hit = |text: String, length: String| {
            Some(Hit {
                span: arg.span,
                text,
                length,
            })
        };
        match (self.logic.test, literal) {
            (TextTest::LongerThan(limit), Some(literal)) if literal.has_text() => {
                let length = literal.length(&|n| self.given_length(site, index + 1 + n));
                let least = if length.exact { "" } else { "at least " };
                (length.min > limit as usize)
                    .then(|| hit(literal.show(), format!("{least}{}", length.min)))?
            }
            (TextTest::LacksEnd(end), Some(literal)) => {
                let lacks = literal.lacks_end(end.as_bytes());
                let goes_on = || self.continuations.goes_on(site.function, here);
                (lacks && !goes_on()).then(|| hit(literal.show(), String::new()))?
            }
            (TextTest::NotLiteral, None) => {
                let text = self.context.unit.files.slice(arg.span);
                // With values behind it, it is certainly meant as a format.
                let alone = site.call.args.len() == index + 1;
                let given = alone && self.origins.is_given(site.function, &arg.expr);
                given.then(|| hit(String::from_utf8_lossy(text).into_owned(), String::new()))?
            }
            _ => None,
        }
    }

    /// The length of a text argument whose text is in sight.
    fn given_length(&self, site: &CallSite<'_>, index: usize) -> Option<usize> {
        let arg = site.call.args.get(index)?;
        let text = literal(self.context, &arg.expr, arg.span)?;
        text.macros().next().is_none().then(|| text.show().len())
    }
}

/// An argument as written, or as the macro that stands for it is written.
fn literal<'a>(context: &Context<'a>, expr: &Expr, span: Span) -> Option<Literal<'a>> {
    let files = &context.unit.files;
    if let Expr::Str(text) = expr {
        return Literal::read(files.slice(*text));
    }
    Literal::read(files.slice(span)).filter(Literal::has_text)
}

/// Whether a call carries one of these words: in the note of its effect, or as a macro in its
/// text.
fn has_mark(effect: &Effect, literal: Option<&Literal<'_>>, marks: &[&str]) -> bool {
    marks.iter().any(|mark| {
        let is_mark = |word: &[u8]| word == mark.as_bytes();
        effect.says(mark) || literal.is_some_and(|text| text.macros().any(is_mark))
    })
}
