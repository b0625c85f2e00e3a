//! The IR as text, for people: deterministic, and free of anything a terminal would act on.

use crate::{
    Base, BinOp, Block, BlockId, Call, Callee, CaseRange, Elem, Expr, Function, InstrKind, Label,
    LabelKind, Linkage, Name, Origin, PlaceId, Terminator, Type, TypeId, UnOp, Unit, WaitMark,
};
use kloom_diag::Span;
use std::fmt::Write;

/// Longest piece of source text that is shown.
const MAX_TEXT: usize = 60;

/// All functions of a unit.
pub fn print_unit(unit: &Unit) -> String {
    let mut out = String::new();
    for function in &unit.functions {
        out.push_str(&print_function(unit, function));
        out.push('\n');
    }
    out
}

/// One function.
pub fn print_function(unit: &Unit, function: &Function) -> String {
    let printer = Printer { unit, function };
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = printer.function(&mut out);
    out
}

/// Everything that writes IR needs to know; also used for labels of graphs.
pub(crate) struct Printer<'a> {
    pub(crate) unit: &'a Unit,
    pub(crate) function: &'a Function,
}

impl Printer<'_> {
    fn function(&self, out: &mut String) -> std::fmt::Result {
        let function = self.function;
        if function.linkage == Linkage::Static {
            out.push_str("static ");
        }
        match function.origin {
            Origin::File => {}
            Origin::Header => out.push_str("header "),
            Origin::Macro => out.push_str("macro "),
        }
        write!(out, "fn {}(", self.name(function.name))?;
        for (at, local) in function
            .locals
            .iter()
            .take(function.params as usize)
            .enumerate()
        {
            let comma = if at == 0 { "" } else { ", " };
            write!(out, "{comma}{}: {}", self.local(at), self.ty(local.ty))?;
        }
        write!(out, ") -> {}", self.ty(function.returns))?;
        for attribute in &function.attributes {
            write!(out, " {}", self.source(attribute.span))?;
        }
        out.push_str(" {\n");
        for (at, local) in function
            .locals
            .iter()
            .enumerate()
            .skip(function.params as usize)
        {
            let kept = if local.is_static { "static " } else { "" };
            writeln!(out, "  {kept}{}: {}", self.local(at), self.ty(local.ty))?;
        }
        for (at, block) in function.blocks.iter().enumerate() {
            write!(out, "b{at}:")?;
            for label in &block.labels {
                write!(out, " [{}]", self.label(label))?;
            }
            out.push('\n');
            for line in self.lines(block) {
                writeln!(out, "  {line}")?;
            }
        }
        out.push_str("}\n");
        Ok(())
    }

    /// The instructions and the end of a block, one line each.
    pub(crate) fn lines(&self, block: &Block) -> Vec<String> {
        let instrs = block.instrs.iter().map(|i| self.instr(&i.kind));
        instrs.chain([self.term(&block.term)]).collect()
    }

    fn instr(&self, instr: &InstrKind) -> String {
        match instr {
            InstrKind::Assign { dst, src } => {
                format!("{} = {}", self.place(*dst), self.expr(src))
            }
            InstrKind::Eval(expr) => format!("eval {}", self.expr(expr)),
            InstrKind::Call(call) => self.call(call),
            InstrKind::Wait { callee, mark } => {
                let mark = match mark {
                    WaitMark::Test => "test",
                    WaitMark::Sleep => "sleep",
                };
                format!("wait {mark} {}", self.name(*callee))
            }
            InstrKind::ScopeEnd(locals) => {
                let names: Vec<_> = locals.iter().map(|l| self.local(l.0 as usize)).collect();
                format!("end of {}", names.join(", "))
            }
            InstrKind::Opaque { havoc } => {
                let places: Vec<_> = havoc.iter().map(|p| self.place(*p)).collect();
                format!("opaque [{}]", places.join(", "))
            }
        }
    }

    fn call(&self, call: &Call) -> String {
        let mut out = String::new();
        if let Some(dst) = call.dst {
            out.push_str(&self.place(dst));
            out.push_str(" = ");
        }
        out.push_str(if call.synthetic { "cleanup " } else { "call " });
        match &call.callee {
            Callee::Named(name) => out.push_str(&self.name(*name)),
            Callee::Indirect(expr) => {
                out.push('*');
                out.push_str(&self.expr(expr));
            }
        }
        let args: Vec<_> = call.args.iter().map(|a| self.expr(&a.expr)).collect();
        out.push('(');
        out.push_str(&args.join(", "));
        out.push(')');
        out
    }

    fn term(&self, term: &Terminator) -> String {
        let block = |id: &BlockId| format!("b{}", id.0);
        match term {
            Terminator::Goto { to, written: None } => format!("-> {}", block(to)),
            Terminator::Goto { to, .. } => format!("goto {}", block(to)),
            Terminator::Branch {
                cond,
                then,
                otherwise,
                ..
            } => format!(
                "if {} -> {} else {}",
                self.expr(cond),
                block(then),
                block(otherwise)
            ),
            Terminator::Switch {
                on,
                arms,
                otherwise,
                ..
            } => {
                let mut out = format!("switch {}", self.expr(on));
                for arm in arms {
                    let values = match arm.values {
                        CaseRange(None) => "?".to_owned(),
                        CaseRange(Some((low, high))) if low == high => low.to_string(),
                        CaseRange(Some((low, high))) => format!("{low}..{high}"),
                    };
                    out.push_str(&format!(" {values} -> {},", block(&arm.to)));
                }
                format!("{out} else {}", block(otherwise))
            }
            Terminator::Either(all) => {
                let all: Vec<_> = all.iter().map(block).collect();
                format!("either {}", all.join(", "))
            }
            Terminator::Return { value, written, .. } => {
                let word = if written.is_some() { "return" } else { "end" };
                match value {
                    Some(value) => format!("{word} {}", self.expr(value)),
                    None => word.to_owned(),
                }
            }
            Terminator::Unreachable => "unreachable".to_owned(),
        }
    }

    pub(crate) fn label(&self, label: &Label) -> String {
        match label.kind {
            LabelKind::Named(name) => self.name(name),
            LabelKind::Case => "case".to_owned(),
            LabelKind::Default => "default".to_owned(),
        }
    }

    pub(crate) fn expr(&self, expr: &Expr) -> String {
        match expr {
            Expr::Int(value) => value.to_string(),
            Expr::Str(span) => self.source(*span),
            Expr::Read(place) => self.place(*place),
            Expr::AddrOf(place) => format!("&{}", self.place(*place)),
            Expr::Function(name) => format!("fn {}", self.name(*name)),
            Expr::Name(name) => format!("'{}", self.name(*name)),
            Expr::Type(ty) => format!("type {}", self.ty(*ty)),
            Expr::SizeOf(ty) => format!("sizeof {}", self.ty(*ty)),
            Expr::Unary(op, inner) => {
                let op = match op {
                    UnOp::Not => "!",
                    UnOp::Neg => "-",
                    UnOp::BitNot => "~",
                };
                format!("{op}{}", self.expr(inner))
            }
            Expr::Binary(op, left, right) => {
                format!(
                    "({} {} {})",
                    self.expr(left),
                    operator(*op),
                    self.expr(right)
                )
            }
            Expr::Cast(ty, inner) => format!("<{}>{}", self.ty(*ty), self.expr(inner)),
            Expr::Config(number) => {
                let text = self.unit.configs.get(*number as usize);
                format!("#{}", clean(text.map_or("?", String::as_str)))
            }
            Expr::Unknown => "?".to_owned(),
        }
    }

    fn place(&self, place: PlaceId) -> String {
        let mut steps = Vec::new();
        let mut at = place;
        loop {
            match self.function.places.get(at).base {
                Base::Step(outer, elem) => {
                    steps.push(elem);
                    at = outer;
                }
                Base::Local(id) => {
                    return self.path(self.local(id.0 as usize), steps);
                }
                Base::Global(name) => return self.path(format!("@{}", self.name(name)), steps),
            }
        }
    }

    fn path(&self, root: String, steps: Vec<Elem>) -> String {
        let mut out = root;
        let mut steps = steps.into_iter().rev().peekable();
        while let Some(step) = steps.next() {
            match step {
                Elem::Deref => match steps.peek() {
                    Some(Elem::Field { name, .. }) => {
                        out.push_str("->");
                        out.push_str(&self.name(*name));
                        steps.next();
                    }
                    _ => out = format!("(*{out})"),
                },
                Elem::Field { name, .. } => {
                    out.push('.');
                    out.push_str(&self.name(name));
                }
                Elem::Index(Some(number)) => out.push_str(&format!("[{number}]")),
                Elem::Index(None) => out.push_str("[_]"),
            }
        }
        out
    }

    /// Locals are numbered: names may repeat.
    fn local(&self, at: usize) -> String {
        match self.function.locals.get(at).and_then(|l| l.name) {
            Some(name) => format!("{}%{at}", self.name(name)),
            None => format!("%{at}"),
        }
    }

    fn ty(&self, ty: TypeId) -> String {
        // Typedefs of typedefs make types of any depth: no recursion.
        let mut before = String::new();
        let mut after = Vec::new();
        let mut at = ty;
        let core = loop {
            match self.unit.types.get(at) {
                Type::Pointer(to) => {
                    after.push("*".to_owned());
                    at = *to;
                }
                Type::Array(of, count) => {
                    let count = count.map_or(String::new(), |n| n.to_string());
                    after.push(format!("[{count}]"));
                    at = *of;
                }
                Type::Function(returns) => {
                    before.push_str("fn -> ");
                    at = *returns;
                }
                Type::Unknown => break "?".to_owned(),
                Type::Void => break "void".to_owned(),
                Type::Int(name) | Type::Named(name) => break self.name(*name),
                Type::Struct(tag) => break format!("struct {}", self.name(*tag)),
            }
        };
        after.reverse();
        format!("{before}{core}{}", after.concat())
    }

    fn name(&self, name: Name) -> String {
        clean(self.unit.names.text(name))
    }

    fn source(&self, span: Span) -> String {
        clean(&String::from_utf8_lossy(self.unit.files.slice(span)))
    }
}

/// On one line, shortened, with everything but plain characters escaped.
fn clean(text: &str) -> String {
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == MAX_TEXT {
            out.push('…');
            break;
        }
        match c {
            ' '..='~' => out.push(c),
            _ => out.extend(c.escape_default()),
        }
    }
    out
}

fn operator(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "+",
        BinOp::Sub => "-",
        BinOp::Mul => "*",
        BinOp::Div => "/",
        BinOp::Rem => "%",
        BinOp::And => "&",
        BinOp::Or => "|",
        BinOp::Xor => "^",
        BinOp::Shl => "<<",
        BinOp::Shr => ">>",
        BinOp::Eq => "==",
        BinOp::Ne => "!=",
        BinOp::Lt => "<",
        BinOp::Le => "<=",
        BinOp::Gt => ">",
        BinOp::Ge => ">=",
    }
}
