//! Runs the declarative rules.

use crate::context::{CallSite, Context, Findings, call_site};
use crate::literal::Literal;
use crate::rule::{Message, Pattern, Rule, TextTest};
use kloom_diag::{Diagnostic, Root, Span};
use kloom_facts::Effect;
use kloom_ir::{
    Base, BlockId, Elem, Expr, Function, InstrKind, Linkage, LocalId, Name, Terminator,
};
use rustc_hash::FxHashSet;
use std::cell::OnceCell;

/// Reports the calls of one unit that a pattern hits.
pub fn check(context: &Context<'_>, rule: &'static Rule, logic: &Pattern, out: &mut Findings) {
    let run = Run {
        context,
        logic,
        marked: OnceCell::new(),
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
    /// Functions of the unit that make a call with one of `except_before`.
    marked: OnceCell<FxHashSet<Name>>,
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
        let fill = |template: &str| {
            template
                .replace("{callee}", site.name.unwrap_or_default())
                .replace("{length}", &self.length)
                .replace("{text}", &self.text)
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
        let unit = self.context.unit;
        let literal = self.literal(&arg.expr, arg.span);
        if self.has_mark(effect, literal.as_ref(), self.logic.except) {
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
                let given = |n: usize| {
                    let arg = site.call.args.get(index + 1 + n)?;
                    let text = self.literal(&arg.expr, arg.span)?;
                    text.macros().next().is_none().then(|| text.show().len())
                };
                let length = literal.length(&given);
                let least = if length.exact { "" } else { "at least " };
                (length.min > limit as usize)
                    .then(|| hit(literal.show(), format!("{least}{}", length.min)))?
            }
            (TextTest::LacksEnd(end), Some(literal)) => {
                let lacks = literal.lacks_end(end.as_bytes());
                let goes_on = || self.goes_on(site.function, here);
                (lacks && !goes_on()).then(|| hit(literal.show(), String::new()))?
            }
            (TextTest::NotLiteral, None) => {
                let text = String::from_utf8_lossy(unit.files.slice(arg.span)).into_owned();
                // With values behind it, it is certainly meant as a format.
                let alone = site.call.args.len() == index + 1;
                let given = alone && self.is_given(site.function, &arg.expr, 0);
                given.then(|| hit(text, String::new()))?
            }
            _ => None,
        }
    }

    /// The argument as written, or as the macro that stands for it is written.
    fn literal(&self, expr: &Expr, span: Span) -> Option<Literal<'_>> {
        let files = &self.context.unit.files;
        if let Expr::Str(text) = expr {
            return Literal::read(files.slice(*text));
        }
        Literal::read(files.slice(span)).filter(Literal::has_text)
    }

    /// Whether a call carries one of these words: in the note of its effect, or as a macro in its
    /// text.
    fn has_mark(&self, effect: &Effect, literal: Option<&Literal<'_>>, marks: &[&str]) -> bool {
        marks.iter().any(|mark| {
            let is_mark = |word: &[u8]| word == mark.as_bytes();
            effect.says(mark) || literal.is_some_and(|text| text.macros().any(is_mark))
        })
    }

    /// Whether the value certainly comes from a variable whose text is not in sight.
    fn is_given(&self, function: &Function, expr: &Expr, depth: u32) -> bool {
        let (Expr::Read(place) | Expr::AddrOf(place)) = expr else {
            return false;
        };
        let places = &function.places;
        match (places.get(*place).base, places.root(*place)) {
            (Base::Local(local), _) => self.is_given_local(function, local, depth),
            (Base::Global(name), _) => self.is_given_global(name),
            // One of a table of texts.
            (Base::Step(_, Elem::Index(_)), Base::Global(_)) => false,
            // An array is named by its first element.
            (Base::Step(array, Elem::Index(_)), Base::Local(_)) => {
                self.is_given(function, &Expr::Read(array), depth)
            }
            (Base::Step(..), _) => true,
        }
    }

    fn is_given_local(&self, function: &Function, local: LocalId, depth: u32) -> bool {
        // A chain of copies longer than this is as good as unknown.
        if depth > 4 {
            return false;
        }
        let mut assigned = false;
        for instr in function.blocks.iter().flat_map(|block| &block.instrs) {
            let place = |id| function.places.get(id).base == Base::Local(local);
            match &instr.kind {
                InstrKind::Assign { dst, src } if place(*dst) => {
                    assigned = true;
                    if self.is_given(function, src, depth + 1) {
                        return true;
                    }
                }
                InstrKind::Call(call) if call.dst.is_some_and(place) => return true,
                InstrKind::Opaque { havoc } if havoc.iter().any(|id| place(*id)) => return false,
                _ => {}
            }
        }
        let is_array = matches!(
            self.context.unit.types.get(function.local(local).ty),
            kloom_ir::Type::Array(..)
        );
        !assigned && (is_array || self.is_given_parameter(function, local, depth))
    }

    /// A parameter is literal if every call of a static function gives it a literal.
    fn is_given_parameter(&self, function: &Function, local: LocalId, depth: u32) -> bool {
        if local.0 >= function.params || self.is_printf_like(function) {
            return false;
        }
        let unit = self.context.unit;
        let name = unit.names.text(function.name);
        let mut calls = unit
            .functions
            .iter()
            .flat_map(|caller| self.context.calls(caller))
            .filter(|site| site.name == Some(name))
            .peekable();
        if function.linkage != Linkage::Static || calls.peek().is_none() {
            return true;
        }
        calls.any(|site| match site.call.args.get(local.0 as usize) {
            Some(arg) => self.is_given(site.function, &arg.expr, depth + 1),
            None => false,
        })
    }

    /// A global is literal if that is how it starts and nothing in the unit writes it.
    fn is_given_global(&self, name: Name) -> bool {
        let unit = self.context.unit;
        let Some(global) = unit.globals.iter().find(|g| g.name == name) else {
            return false;
        };
        if global.is_extern || !matches!(global.init, Some(Expr::Str(_))) {
            return global.init.is_none() && !global.is_extern;
        }
        unit.functions.iter().any(|function| {
            function
                .places
                .find(Base::Global(name))
                .is_some_and(|place| {
                    let instrs = function.blocks.iter().flat_map(|block| &block.instrs);
                    instrs
                        .map(|instr| &instr.kind)
                        .any(|kind| matches!(kind, InstrKind::Assign { dst, .. } if *dst == place))
                })
        })
    }

    /// Whether the function hands its own format on: its parameter list ends in `...`.
    fn is_printf_like(&self, function: &Function) -> bool {
        let head = Span {
            start: function.name_span.end,
            ..function.span
        };
        let text = self.context.unit.files.slice(head);
        let list = text.split(|c| *c == b'{').next().unwrap_or_default();
        memchr::memmem::find(list, b"...").is_some()
    }

    /// Whether some path from a call leads to one with the effect and a mark of `except_before`
    /// before any other with the effect; a caller of a static function may go on for it too.
    fn goes_on(&self, function: &Function, from: (BlockId, usize)) -> bool {
        if self.logic.except_before.is_empty() {
            return false;
        }
        let mut seen = vec![false; function.blocks.len()];
        let mut work = vec![(from.0, from.1 + 1)];
        while let Some((id, start)) = work.pop() {
            let block = function.block(id);
            match self.first_call(function, &block.instrs[start.min(block.instrs.len())..]) {
                Some(true) => return true,
                Some(false) => continue,
                None => {}
            }
            if matches!(block.term, Terminator::Return { .. })
                && function.linkage == Linkage::Static
                && self.caller_is_marked(function)
            {
                return true;
            }
            for next in block.term.successors() {
                if !std::mem::replace(&mut seen[next.0 as usize], true) {
                    work.push((next, 0));
                }
            }
        }
        false
    }

    /// The first call with the effect among some instructions: whether it is marked.
    fn first_call(&self, function: &Function, instrs: &[kloom_ir::Instr]) -> Option<bool> {
        instrs.iter().find_map(|instr| {
            let site = call_site(self.context.unit, function, instr)?;
            if let Some(marked) = self.mark_of(&site) {
                return Some(marked);
            }
            let name = self.context.unit.names.find(site.name?)?;
            self.marked().contains(&name).then_some(true)
        })
    }

    /// Whether a call has the effect, and with a mark of `except_before`.
    fn mark_of(&self, site: &CallSite<'_>) -> Option<bool> {
        let effect = self.context.effects(site, self.logic.verb).next()?;
        let arg = effect.arg.and_then(|n| site.call.args.get(usize::from(n)));
        let literal = arg.and_then(|arg| self.literal(&arg.expr, arg.span));
        Some(self.has_mark(effect, literal.as_ref(), self.logic.except_before))
    }

    fn marked(&self) -> &FxHashSet<Name> {
        self.marked.get_or_init(|| {
            let functions = self.context.unit.functions.iter();
            let is_marked = |f: &&Function| {
                self.context
                    .calls(f)
                    .any(|site| self.mark_of(&site) == Some(true))
            };
            functions.filter(is_marked).map(|f| f.name).collect()
        })
    }

    fn caller_is_marked(&self, callee: &Function) -> bool {
        let unit = self.context.unit;
        let name = unit.names.text(callee.name);
        let calls = |f: &Function| self.context.calls(f).any(|site| site.name == Some(name));
        unit.functions
            .iter()
            .any(|f| self.marked().contains(&f.name) && calls(f))
    }
}
