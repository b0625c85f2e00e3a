//! Scope-based cleanup: `guard()`, `CLASS()`, `scoped_guard()`, `__free()`.
//!
//! What is taken where the variable is declared is given back by made-up calls at every way out
//! of its scope.

use super::body::Body;
use crate::syntax::{Field as Part, Kind, Node};
use kloom_diag::Span;
use kloom_facts::{Kind as FactKind, Scope, Verb};
use kloom_ir::{Arg, Call, Callee, Expr, InstrKind, LocalId, Name, TypeId};

impl Body<'_, '_> {
    /// `guard(class)(…)` and `CLASS(class, variable)(…)`; `None` for any other call of a call.
    pub(super) fn guard(&mut self, node: Node) -> Option<()> {
        let text = self.text;
        let tree = &text.tree;
        let head = tree.child(node, Part::Function)?;
        if tree.kind(head) != Kind::Call {
            return None;
        }
        let word = tree.child(head, Part::Function)?;
        let name = self.cx.name(text.bytes(word));
        if self.cx.fact(name)?.kind != FactKind::ScopeGuard {
            return None;
        }
        let mut class = tree.children(tree.child(head, Part::Arguments)?);
        let class_span = class.next().map_or(text.span(head), |c| text.span(c));
        let variable = class.next();
        let args = match tree.child(node, Part::Arguments) {
            Some(list) => self.arguments(list, None).0,
            None => Vec::new(),
        };
        let span = text.span(node);
        let local = variable.map(|variable| {
            let name = self.cx.name(text.bytes(variable));
            self.declare(Some(name), TypeId::UNKNOWN, text.span(variable))
        });
        let scope = self.scope_class(name, class_span);
        self.enter_scope(name, text.span(word), scope, args, local, span);
        Some(())
    }

    /// The macro in front of a scoped block: `scoped_guard(class, …)`.
    pub(super) fn scoped_guard(&mut self, name: Name, word: Span, mut args: Vec<Arg>, span: Span) {
        let scope = match args.first() {
            Some(class) => self.scope_class(name, class.span),
            None => None,
        };
        if scope.is_some() {
            args.remove(0);
        }
        self.enter_scope(name, word, scope, args, None, span);
    }

    /// What the class calls, looked up as `name(class)`, then under the other words that open
    /// scopes: `scoped_guard(mutex, …)` is of the class `guard(mutex)`.
    fn scope_class(&mut self, name: Name, class: Span) -> Option<Scope> {
        let class = String::from_utf8_lossy(self.text.original(class));
        let facts = self.cx.context.facts;
        let find = |word: &str| facts.get(&format!("{word}({})", class.trim()))?.scope;
        let own = find(self.cx.unit.names.text(name));
        own.or_else(|| self.cx.scope_words().iter().find_map(|word| find(word)))
    }

    /// Calls what the class takes, and arranges for what gives it back.
    fn enter_scope(
        &mut self,
        name: Name,
        word: Span,
        scope: Option<Scope>,
        args: Vec<Arg>,
        local: Option<LocalId>,
        span: Span,
    ) {
        let enter = scope.and_then(|s| s.enter);
        let enter = enter.map_or(name, |f| self.cx.unit.names.intern(f));
        let exit = scope.map_or(name, |s| self.cx.unit.names.intern(s.exit));
        let dst = local.map(|local| self.local_place(local));
        let call = Call {
            dst,
            callee: Callee::Named(enter),
            callee_span: word,
            args,
            synthetic: false,
        };
        let given = match dst {
            Some(place) => vec![Arg {
                expr: Expr::Read(place),
                span,
            }],
            None => call.args.clone(),
        };
        self.push(InstrKind::Call(Box::new(call)), span);
        self.add_cleanup(local, Some(release(exit, word, given)), span);
    }

    /// The cleanups that attributes of a declaration ask for: `p __free(kfree)`.
    pub(super) fn attribute_cleanups(
        &mut self,
        declaration: Node,
        declarator: Node,
        local: LocalId,
    ) {
        let text = self.text;
        let from = text.prepared_start(declarator);
        let to = text.prepared_end(declaration);
        // What stands before all declarators is of each of them.
        let mut children = text.tree.children(declaration);
        let first = children.find(|child| text.tree.field(*child) == Part::Declarator);
        let shared = first.map_or(from, |first| text.prepared_start(first));
        let list = &text.prepared.attributes;
        let start = text.prepared_start(declaration);
        let at = list.partition_point(|a| a.whole.start < start);
        for attribute in list.get(at..).unwrap_or(&[]) {
            let start = attribute.whole.start;
            if start >= to {
                break;
            }
            if start >= shared && start < from {
                continue;
            }
            let name = self.cx.name(attribute.name.of(text.original));
            let ends = |fact: &kloom_facts::Fact| {
                fact.effects(Verb::Annotates).any(|e| e.says("ends-scope"))
            };
            if !self.cx.fact(name).is_some_and(ends) {
                continue;
            }
            let whole = text.span_in_file(attribute.whole);
            let written = String::from_utf8_lossy(text.original(whole));
            let scope = self.cx.context.facts.get(&written).and_then(|f| f.scope);
            // The class itself stands for what it calls, so that what it skips is known.
            let exit = scope.map_or(name, |_| self.cx.unit.names.intern(&written));
            let place = self.local_place(local);
            let args = vec![Arg {
                expr: Expr::Read(place),
                span: whole,
            }];
            self.add_cleanup(Some(local), Some(release(exit, whole, args)), whole);
            // Attributes after a further declarator are not of this one.
            break;
        }
    }
}

fn release(exit: Name, span: Span, args: Vec<Arg>) -> Call {
    Call {
        dst: None,
        callee: Callee::Named(exit),
        callee_span: span,
        args,
        synthetic: true,
    }
}
