//! Expressions: side effects become instructions, short circuits become edges.

use super::MAX_DEPTH;
use super::body::Body;
use super::call::Want;
use super::place::View;
use crate::syntax::{Field as Part, Kind, Node};
use kloom_ir::{BinOp, Expr, Name, PlaceId, TypeId, UnOp};

impl Body<'_, '_> {
    /// Goes one level deeper, unless that is too deep.
    pub(super) fn deeper(&mut self) -> bool {
        let fits = self.depth < MAX_DEPTH;
        self.depth += u32::from(fits);
        fits
    }

    /// Comes back from [`Body::deeper`].
    pub(super) fn shallower(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// The value of an expression.
    pub(super) fn value(&mut self, node: Node) -> Expr {
        if !self.deeper() {
            self.too_deep(node);
            return Expr::Unknown;
        }
        let value = self.value_inside(node);
        self.shallower();
        value
    }

    fn value_inside(&mut self, node: Node) -> Expr {
        let text = self.text;
        let tree = &text.tree;
        let part = |part| tree.child(node, part);
        match tree.kind(node) {
            Kind::Identifier => self.identifier(node),
            Kind::Number => match super::literal::number(text.bytes(node)) {
                Some(value) => Expr::Int(value),
                None => Expr::Unknown,
            },
            Kind::Char => {
                super::literal::character(text.bytes(node)).map_or(Expr::Unknown, Expr::Int)
            }
            Kind::True => Expr::Int(1),
            Kind::False | Kind::Null => Expr::Int(0),
            Kind::String | Kind::ConcatenatedString => Expr::Str(text.span(node)),
            Kind::Paren | Kind::Extension => match tree.children(node).next() {
                Some(inner) if tree.kind(inner) == Kind::Compound => {
                    self.statement_expression(inner, Want::Value)
                }
                Some(inner) => self.value(inner),
                None => Expr::Unknown,
            },
            Kind::Comma => {
                let last = self.comma(node);
                last.map_or(Expr::Unknown, |last| self.value(last))
            }
            Kind::Call => self.call(node, Want::Value),
            Kind::Assignment => match self.assignment(node) {
                Some(view) => self.read(view),
                None => Expr::Unknown,
            },
            Kind::Update => self.update(node, true),
            Kind::Unary => self.unary(node),
            Kind::Binary => self.binary(node),
            Kind::Conditional => self.conditional(node, Want::Value).unwrap_or(Expr::Unknown),
            Kind::Pointer if self.operator(node) == b"&" => match part(Part::Argument) {
                Some(argument) => self.address_of(node, argument),
                None => Expr::Unknown,
            },
            Kind::Pointer | Kind::FieldAccess | Kind::Subscript => {
                let view = self.place(node);
                self.read(view)
            }
            Kind::Cast => {
                let ty = part(Part::Type).map(|t| self.type_name(t));
                let value = part(Part::Value).map_or(Expr::Unknown, |v| self.value(v));
                match (ty, value) {
                    (Some(ty), Expr::Int(n)) if !self.is_pointer(ty) => Expr::Int(n),
                    (Some(ty), value) => Expr::Cast(ty, Box::new(value)),
                    (None, value) => value,
                }
            }
            Kind::SizeOf => self.size_of(node),
            Kind::CompoundLiteral => self.compound_literal(node),
            Kind::TypeDescriptor => Expr::Type(self.type_name(node)),
            Kind::Compound => {
                // Braces handed to a macro: it may run them or not.
                let (inside, after) = (self.new_block(), self.new_block());
                self.end(kloom_ir::Terminator::Either(vec![inside, after]));
                self.start(inside);
                self.block(node);
                self.flow_to(after);
                self.start(after);
                Expr::Unknown
            }
            Kind::Asm => {
                self.assembly(node);
                Expr::Unknown
            }
            Kind::AlignOf | Kind::OffsetOf => Expr::Unknown,
            Kind::Error => {
                self.broken(node);
                Expr::Unknown
            }
            _ => {
                for inner in tree.children(node) {
                    self.effect(inner);
                }
                Expr::Unknown
            }
        }
    }

    /// An expression for its effects.
    pub(super) fn effect(&mut self, node: Node) {
        if !self.deeper() {
            self.too_deep(node);
            return;
        }
        self.effect_inside(node);
        self.shallower();
    }

    fn effect_inside(&mut self, node: Node) {
        let text = self.text;
        let tree = &text.tree;
        match tree.kind(node) {
            Kind::Call => {
                self.call(node, Want::Nothing);
            }
            Kind::Assignment => {
                self.assignment(node);
            }
            Kind::Update => {
                self.update(node, false);
            }
            Kind::Comma => {
                if let Some(last) = self.comma(node) {
                    self.effect(last);
                }
            }
            Kind::Paren => match tree.children(node).next() {
                Some(inner) if tree.kind(inner) == Kind::Compound => {
                    self.statement_expression(inner, Want::Nothing);
                }
                Some(inner) => self.effect(inner),
                None => {}
            },
            Kind::Cast => {
                if let Some(value) = tree.child(node, Part::Value) {
                    self.effect(value);
                }
            }
            Kind::Conditional => {
                self.conditional(node, Want::Nothing);
            }
            Kind::Binary if matches!(self.operator(node), b"&&" | b"||") => {
                let after = self.new_block();
                self.branch(node, after, after);
                self.start(after);
            }
            Kind::Asm => self.assembly(node),
            Kind::Identifier | Kind::Number | Kind::String | Kind::TypeDescriptor => {}
            _ => {
                let value = self.value(node);
                self.evaluate(value, text.span(node));
            }
        }
    }

    /// Reads all but the last part of a comma expression and gives the last.
    fn comma(&mut self, node: Node) -> Option<Node> {
        let tree = &self.text.tree;
        let mut at = node;
        while tree.kind(at) == Kind::Comma {
            if let Some(left) = tree.child(at, Part::Left) {
                self.effect(left);
            }
            at = tree.child(at, Part::Right)?;
        }
        Some(at)
    }

    /// What a single word stands for.
    fn identifier(&mut self, node: Node) -> Expr {
        let text = self.text;
        if let Some(words) = text.type_argument(node) {
            return Expr::Type(self.cx.type_words(words));
        }
        match text.bytes(node) {
            [] => Expr::Unknown,
            _ if self.is_pasted(node) => Expr::Unknown,
            word => {
                let name = self.cx.name(word);
                self.named_value(name)
            }
        }
    }

    /// What a name stands for where a value is expected.
    pub(super) fn named_value(&mut self, name: Name) -> Expr {
        if self.local_named(name).is_some() || self.cx.globals.contains_key(&name) {
            let view = self.named_place(name);
            return self.read(view);
        }
        if let Some(value) = self.cx.named_constant(name) {
            return Expr::Int(value);
        }
        if let Some(text) = self.cx.named_string(name) {
            return Expr::Str(text);
        }
        if self.cx.is_function(name) {
            return Expr::Function(name);
        }
        let word = self.cx.unit.names.text(name);
        if word.bytes().any(|b| b.is_ascii_lowercase()) && self.cx.fact(name).is_none() {
            // Constants are written in capitals; this is a variable of another file.
            let view = self.named_place(name);
            return self.read(view);
        }
        Expr::Name(name)
    }

    fn is_pointer(&self, ty: TypeId) -> bool {
        matches!(self.cx.unit.types.get(ty), kloom_ir::Type::Pointer(_))
    }

    fn address_of(&mut self, node: Node, argument: Node) -> Expr {
        let text = self.text;
        if text.original(text.span(node)).starts_with(b"&&") {
            let label = self.cx.name(text.bytes(argument));
            self.take_label(label);
            return Expr::Unknown;
        }
        if text.tree.kind(argument) == Kind::Identifier {
            let name = self.cx.name(text.bytes(argument));
            if let function @ Expr::Function(_) = self.named_value(name) {
                return function;
            }
        }
        let view = self.place(argument);
        self.address(view)
    }

    /// An assignment; gives what was assigned to.
    fn assignment(&mut self, node: Node) -> Option<View> {
        let text = self.text;
        let tree = &text.tree;
        let left = tree.child(node, Part::Left)?;
        let right = tree.child(node, Part::Right)?;
        let span = text.span(node);
        let operator = self.operator(node);
        if operator == b"=" {
            // The target is read first so that its own effects come first, as they are written.
            let target = self.place(left);
            self.note_entry(target, right);
            self.value_into(right, target.place, span);
            return Some(target);
        }
        let right = self.value(right);
        let target = self.place(left);
        let value = match operator
            .split_last()
            .and_then(|(_, op)| binary_operator(op))
        {
            Some(op) => {
                let old = self.read(target);
                Expr::Binary(op, Box::new(old), Box::new(right))
            }
            None => Expr::Unknown,
        };
        self.assign(target.place, value, span);
        Some(target)
    }

    /// Puts the value of an expression into a place.
    pub(super) fn value_into(&mut self, node: Node, place: PlaceId, span: kloom_diag::Span) {
        if !self.deeper() {
            self.too_deep(node);
            self.assign(place, Expr::Unknown, span);
            return;
        }
        self.value_into_inside(node, place, span);
        self.shallower();
    }

    fn value_into_inside(&mut self, node: Node, place: PlaceId, span: kloom_diag::Span) {
        let tree = &self.text.tree;
        match tree.kind(node) {
            Kind::Call => {
                if let Some(value) = self.delivered(node, place) {
                    self.assign(place, value, span);
                }
            }
            Kind::InitializerList => self.initialise(node, place),
            Kind::Conditional => {
                if let Some(value) = self.conditional(node, Want::Into(place)) {
                    self.assign(place, value, span);
                }
            }
            _ => {
                let value = self.value(node);
                self.assign(place, value, span);
            }
        }
    }

    /// `++` and `--`.
    fn update(&mut self, node: Node, wanted: bool) -> Expr {
        let text = self.text;
        let tree = &text.tree;
        let Some(argument) = tree.child(node, Part::Argument) else {
            return Expr::Unknown;
        };
        let op = if self.operator(node) == b"++" {
            BinOp::Add
        } else {
            BinOp::Sub
        };
        let span = text.span(node);
        let target = self.place(argument);
        let postfix = tree.start(argument) == tree.start(node);
        let old = self.read(target);
        let result = match (wanted, postfix) {
            (true, true) => self.kept(old.clone(), span),
            _ => old.clone(),
        };
        let value = Expr::Binary(op, Box::new(old), Box::new(Expr::Int(1)));
        self.assign(target.place, value, span);
        result
    }

    fn unary(&mut self, node: Node) -> Expr {
        let tree = &self.text.tree;
        let Some(argument) = tree.child(node, Part::Argument) else {
            return Expr::Unknown;
        };
        let op = match self.operator(node) {
            b"!" => UnOp::Not,
            b"-" => UnOp::Neg,
            b"~" => UnOp::BitNot,
            _ => return self.value(argument),
        };
        match (op, self.value(argument)) {
            (UnOp::Neg, Expr::Int(n)) => Expr::Int(n.wrapping_neg()),
            (UnOp::BitNot, Expr::Int(n)) => Expr::Int(!n),
            (op, value) => Expr::Unary(op, Box::new(value)),
        }
    }

    fn binary(&mut self, node: Node) -> Expr {
        let tree = &self.text.tree;
        let (Some(left), Some(right)) =
            (tree.child(node, Part::Left), tree.child(node, Part::Right))
        else {
            return Expr::Unknown;
        };
        let operator = self.operator(node);
        if matches!(operator, b"&&" | b"||") {
            return self.truth(node);
        }
        let Some(op) = binary_operator(operator) else {
            self.effect(left);
            self.effect(right);
            return Expr::Unknown;
        };
        let left = self.value(left);
        let right = self.value(right);
        Expr::Binary(op, Box::new(left), Box::new(right))
    }

    /// 1 or 0 by edges.
    fn truth(&mut self, node: Node) -> Expr {
        let span = self.text.span(node);
        let ty = self.cx.int_type(b"int");
        let place = self.temporary(ty, span);
        let (yes, no, after) = (self.new_block(), self.new_block(), self.new_block());
        self.branch(node, yes, no);
        for (block, value) in [(yes, 1), (no, 0)] {
            self.start(block);
            self.assign(place, Expr::Int(value), span);
            self.flow_to(after);
        }
        self.start(after);
        Expr::Read(place)
    }

    /// `a ? b : c` and `a ?: c`; gives the value unless it already is where it is wanted.
    fn conditional(&mut self, node: Node, want: Want) -> Option<Expr> {
        let text = self.text;
        let tree = &text.tree;
        let condition = tree.child(node, Part::Condition)?;
        let alternative = tree.child(node, Part::Alternative)?;
        let span = text.span(node);
        let (no, after) = (self.new_block(), self.new_block());
        let mut result = match want {
            Want::Into(place) => Some(place),
            Want::Value | Want::Nothing => None,
        };
        match tree.child(node, Part::Consequence) {
            Some(consequence) => {
                let yes = self.new_block();
                self.branch(condition, yes, no);
                self.start(yes);
                self.arm(consequence, want, &mut result);
                self.flow_to(after);
            }
            None => {
                let value = self.value(condition);
                let ty = self.type_of(&value);
                let tested = self.temporary(ty, span);
                self.assign(tested, value, span);
                match result {
                    Some(place) => {
                        let yes = self.new_block();
                        self.branch_on(Expr::Read(tested), condition, yes, no);
                        self.start(yes);
                        self.assign(place, Expr::Read(tested), span);
                        self.flow_to(after);
                    }
                    None => {
                        result = Some(tested);
                        self.branch_on(Expr::Read(tested), condition, after, no);
                    }
                }
            }
        }
        self.start(no);
        self.arm(alternative, want, &mut result);
        self.flow_to(after);
        self.start(after);
        match want {
            Want::Value => Some(result.map_or(Expr::Unknown, Expr::Read)),
            Want::Into(_) | Want::Nothing => None,
        }
    }

    /// One arm of a conditional; the first one decides the type of the result.
    fn arm(&mut self, node: Node, want: Want, result: &mut Option<PlaceId>) {
        let span = self.text.span(node);
        match (want, *result) {
            (Want::Nothing, _) => self.effect(node),
            (_, Some(place)) => self.value_into(node, place, span),
            (_, None) => {
                let value = self.value(node);
                let ty = self.type_of(&value);
                let place = self.temporary(ty, span);
                self.assign(place, value, span);
                *result = Some(place);
            }
        }
    }

    /// `({ … })`: its value is that of the last expression.
    fn statement_expression(&mut self, block: Node, want: Want) -> Expr {
        let text = self.text;
        let tree = &text.tree;
        let scope = self.open_scope();
        let outer = self.cleanups();
        let mut result = Expr::Unknown;
        let mut items = tree.children(block).peekable();
        while let Some(item) = items.next() {
            let last = items.peek().is_none() && want != Want::Nothing;
            match tree.children(item).next() {
                Some(inner) if last && tree.kind(item) == Kind::ExpressionStatement => {
                    result = self.value(inner);
                    if self.cleanups() != outer {
                        result = self.kept(result, text.span(inner));
                    }
                }
                _ => self.statement(item),
            }
        }
        self.close_scope(scope);
        result
    }

    fn size_of(&mut self, node: Node) -> Expr {
        let tree = &self.text.tree;
        if let Some(ty) = tree.child(node, Part::Type) {
            return Expr::SizeOf(self.type_name(ty));
        }
        let Some(value) = tree.child(node, Part::Value) else {
            return Expr::Unknown;
        };
        // Not evaluated, but its type counts and its calls stand in the text.
        let ty = self.never_run(|body| {
            let view = body.place(value);
            view.ty
        });
        Expr::SizeOf(ty)
    }
}

/// The operator behind its text; `None` for the short-circuit ones.
fn binary_operator(text: &[u8]) -> Option<BinOp> {
    Some(match text {
        b"+" => BinOp::Add,
        b"-" => BinOp::Sub,
        b"*" => BinOp::Mul,
        b"/" => BinOp::Div,
        b"%" => BinOp::Rem,
        b"&" => BinOp::And,
        b"|" => BinOp::Or,
        b"^" => BinOp::Xor,
        b"<<" => BinOp::Shl,
        b">>" => BinOp::Shr,
        b"==" => BinOp::Eq,
        b"!=" => BinOp::Ne,
        b"<" => BinOp::Lt,
        b"<=" => BinOp::Le,
        b">" => BinOp::Gt,
        b">=" => BinOp::Ge,
        _ => return None,
    })
}
