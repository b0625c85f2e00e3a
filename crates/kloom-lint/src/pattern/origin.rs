//! Where a text that is no literal comes from.

use crate::context::Context;
use kloom_diag::Span;
use kloom_ir::{Base, Elem, Expr, Function, InstrKind, Linkage, LocalId, Name, Type};
use memchr::memmem;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// A chain of copies longer than this is as good as unknown.
const MAX_COPIES: u32 = 4;

/// Answers whether a text is given from outside; every variable is looked at once.
pub(super) struct Origins<'a> {
    context: &'a Context<'a>,
    locals: RefCell<FxHashMap<(Span, LocalId), bool>>,
    globals: RefCell<FxHashMap<Name, bool>>,
}

impl<'a> Origins<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        Origins {
            context,
            locals: RefCell::default(),
            globals: RefCell::default(),
        }
    }

    /// Whether a value certainly comes from a variable whose text is not in sight.
    pub(super) fn is_given(&self, function: &Function, expr: &Expr) -> bool {
        self.value(function, expr, 0)
    }

    fn value(&self, function: &Function, expr: &Expr, copies: u32) -> bool {
        let (Expr::Read(place) | Expr::AddrOf(place)) = expr else {
            return false;
        };
        let places = &function.places;
        match (places.get(*place).base, places.root(*place)) {
            (Base::Local(local), _) => self.local(function, local, copies),
            (Base::Global(name), _) => self.global(name),
            // One of a table of texts.
            (Base::Step(_, Elem::Index(_)), Base::Global(_)) => false,
            // An array is named by its first element.
            (Base::Step(array, Elem::Index(_)), Base::Local(_)) => match places.get(array).base {
                Base::Local(local) => self.local(function, local, copies),
                _ => true,
            },
            (Base::Step(..), _) => true,
        }
    }

    fn local(&self, function: &Function, local: LocalId, copies: u32) -> bool {
        if copies > MAX_COPIES {
            return false;
        }
        let key = (function.name_span, local);
        if let Some(known) = self.locals.borrow().get(&key) {
            return *known;
        }
        let given = self.look_at_local(function, local, copies);
        self.locals.borrow_mut().insert(key, given);
        given
    }

    fn look_at_local(&self, function: &Function, local: LocalId, copies: u32) -> bool {
        let mut assigned = false;
        for instr in function.blocks.iter().flat_map(|block| &block.instrs) {
            let is_it = |place| function.places.get(place).base == Base::Local(local);
            match &instr.kind {
                InstrKind::Assign { dst, src } if is_it(*dst) => {
                    assigned = true;
                    if self.value(function, src, copies + 1) {
                        return true;
                    }
                }
                InstrKind::Call(call) if call.dst.is_some_and(is_it) => return true,
                InstrKind::Opaque { havoc } if havoc.iter().any(|place| is_it(*place)) => {
                    return false;
                }
                _ => {}
            }
        }
        let ty = self.context.unit.types.get(function.local(local).ty);
        !assigned && (matches!(ty, Type::Array(..)) || self.parameter(function, local, copies))
    }

    /// A parameter is literal if every call of a static function gives it a literal.
    fn parameter(&self, function: &Function, local: LocalId, copies: u32) -> bool {
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
            Some(arg) => self.value(site.function, &arg.expr, copies + 1),
            None => false,
        })
    }

    fn global(&self, name: Name) -> bool {
        if let Some(known) = self.globals.borrow().get(&name) {
            return *known;
        }
        let given = self.look_at_global(name);
        self.globals.borrow_mut().insert(name, given);
        given
    }

    /// A global is literal if that is how it starts and nothing in the unit writes it.
    fn look_at_global(&self, name: Name) -> bool {
        let unit = self.context.unit;
        let Some(global) = unit.globals.iter().find(|g| g.name == name) else {
            return false;
        };
        match &global.init {
            _ if global.is_extern => false,
            None => true,
            Some(Expr::Str(_)) => unit.functions.iter().any(|function| writes(function, name)),
            Some(_) => false,
        }
    }

    /// Whether the function hands its own format on: its parameter list ends in `...`.
    fn is_printf_like(&self, function: &Function) -> bool {
        let head = Span {
            start: function.name_span.end,
            ..function.span
        };
        let text = self.context.unit.files.slice(head);
        let list = text.split(|c| *c == b'{').next().unwrap_or_default();
        memmem::find(list, b"...").is_some()
    }
}

fn writes(function: &Function, name: Name) -> bool {
    let Some(place) = function.places.find(Base::Global(name)) else {
        return false;
    };
    let mut instrs = function.blocks.iter().flat_map(|block| &block.instrs);
    instrs.any(|instr| matches!(instr.kind, InstrKind::Assign { dst, .. } if dst == place))
}
