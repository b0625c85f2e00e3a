//! The shape of a condition: what it asks, apart from where it stands and which way round. Two
//! tests of one shape give the same answer unless something they read has changed between them.

use kloom_ir::{
    Base, BinOp, Call, Callee, Expr, Function, InstrKind, LocalId, Name, PlaceId, UnOp,
};
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};

/// Expressions are followed through temporaries this deep.
const MAX_DEPTH: u32 = 24;
/// Masks of more parts are one.
const MAX_PARTS: usize = 8;

/// What a temporary stands for.
enum Source<'a> {
    Value(&'a Expr),
    Call(&'a Call),
    /// Set at several places.
    Many,
}

/// Shapes of the conditions of one function.
pub(crate) struct Shapes<'a> {
    f: &'a Function,
    temporaries: FxHashMap<LocalId, Source<'a>>,
    /// The variables that each shape reads.
    reads: FxHashMap<u64, Vec<LocalId>>,
    /// For `x & (A | B)`, the shapes of `x & A` and `x & B`.
    masks: Vec<(u64, Vec<u64>)>,
}

impl<'a> Shapes<'a> {
    /// The shapes of a function; `passes_on` tells which argument a callee gives back.
    pub fn of(f: &'a Function, passes_on: impl Fn(Name) -> Option<u8>) -> Self {
        let mut temporaries = FxHashMap::default();
        for instr in f.blocks.iter().flat_map(|b| &b.instrs) {
            let (dst, source) = match &instr.kind {
                InstrKind::Assign { dst, src } => (*dst, Source::Value(src)),
                InstrKind::Call(call) => {
                    let Some(dst) = call.dst else { continue };
                    let same = match call.callee {
                        Callee::Named(name) => passes_on(name),
                        Callee::Indirect(_) => None,
                    };
                    match same.and_then(|n| call.args.get(usize::from(n))) {
                        Some(arg) => (dst, Source::Value(&arg.expr)),
                        None => (dst, Source::Call(call)),
                    }
                }
                _ => continue,
            };
            let Base::Local(local) = f.places.get(dst).base else {
                continue;
            };
            if f.local(local).name.is_none() {
                temporaries
                    .entry(local)
                    .and_modify(|old| *old = Source::Many)
                    .or_insert(source);
            }
        }
        Shapes {
            f,
            temporaries,
            reads: FxHashMap::default(),
            masks: Vec::new(),
        }
    }

    /// The shape of a condition, and whether it asks the opposite.
    pub fn shape(&mut self, cond: &Expr) -> Option<(u64, bool)> {
        let (shape, flipped) = self.walk(|walk| walk.question(cond, 0))?;
        if !self.masks.iter().any(|(whole, _)| *whole == shape)
            && let Some(parts) = self.parts(cond)
        {
            self.masks.push((shape, parts));
        }
        Some((shape, flipped))
    }

    fn walk<T>(&mut self, take: impl FnOnce(&mut Walk<'_, 'a>) -> Option<T>) -> Option<(u64, T)> {
        let mut walk = Walk {
            shapes: self,
            hasher: FxHasher::default(),
            reads: Vec::new(),
        };
        let taken = take(&mut walk)?;
        let (shape, reads) = (walk.hasher.finish(), walk.reads);
        self.reads.entry(shape).or_insert(reads);
        Some((shape, taken))
    }

    /// The shapes of `x & A` and `x & B`, if the condition is `x & (A | B)`.
    fn parts(&mut self, cond: &Expr) -> Option<Vec<u64>> {
        let mut cond = cond;
        for _ in 0..MAX_DEPTH {
            match cond {
                Expr::Read(place) => cond = self.value_of(*place)?,
                Expr::Cast(_, inner) => cond = inner,
                _ => break,
            }
        }
        let Expr::Binary(BinOp::And, x, mask) = cond else {
            return None;
        };
        let (x, mut todo, mut parts) = (x.clone(), vec![(**mask).clone()], Vec::new());
        while let Some(mask) = todo.pop() {
            match mask {
                Expr::Binary(BinOp::Or, a, b) if parts.len() + todo.len() < MAX_PARTS => {
                    todo.extend([*a, *b]);
                }
                part => {
                    let asked = Expr::Binary(BinOp::And, x.clone(), Box::new(part));
                    parts.push(self.walk(|walk| walk.question(&asked, 0))?.0);
                }
            }
        }
        (parts.len() > 1).then_some(parts)
    }

    /// What a temporary that is set once holds.
    fn value_of(&self, place: PlaceId) -> Option<&'a Expr> {
        let Base::Local(local) = self.f.places.get(place).base else {
            return None;
        };
        match self.temporaries.get(&local) {
            Some(Source::Value(value)) => Some(value),
            _ => None,
        }
    }

    /// Whether the condition is part of one of which something was set, and nothing is.
    pub fn leaves_nothing(&self, shape: u64, answered: impl Fn(u64) -> Option<bool>) -> bool {
        let mut wholes = self
            .masks
            .iter()
            .filter(|(_, parts)| parts.contains(&shape));
        wholes.any(|(whole, parts)| {
            answered(*whole) == Some(true) && parts.iter().all(|p| answered(*p) == Some(false))
        })
    }

    /// Whether a condition of this shape reads the variable.
    pub fn reads(&self, shape: u64, local: LocalId) -> bool {
        let reads = self.reads.get(&shape);
        reads.is_some_and(|r| r.contains(&local))
    }
}

struct Walk<'s, 'a> {
    shapes: &'s Shapes<'a>,
    hasher: FxHasher,
    reads: Vec<LocalId>,
}

impl Walk<'_, '_> {
    /// Takes a condition in; whether it was turned round for that.
    fn question(&mut self, cond: &Expr, depth: u32) -> Option<bool> {
        if depth > MAX_DEPTH {
            return None;
        }
        match cond {
            Expr::Unary(UnOp::Not, inner) => Some(!self.question(inner, depth + 1)?),
            Expr::Cast(_, inner) => self.question(inner, depth + 1),
            Expr::Read(place) => match self.shapes.value_of(*place) {
                Some(value) => self.question(value, depth + 1),
                None => {
                    self.expr(cond, depth)?;
                    Some(false)
                }
            },
            Expr::Binary(op @ (BinOp::Ne | BinOp::Ge | BinOp::Gt), a, b) => {
                let opposite = match op {
                    BinOp::Ne => BinOp::Eq,
                    BinOp::Ge => BinOp::Lt,
                    _ => BinOp::Le,
                };
                std::mem::discriminant(cond).hash(&mut self.hasher);
                self.binary(opposite, a, b, depth)?;
                Some(true)
            }
            _ => {
                self.expr(cond, depth)?;
                Some(false)
            }
        }
    }

    fn binary(&mut self, op: BinOp, a: &Expr, b: &Expr, depth: u32) -> Option<()> {
        op.hash(&mut self.hasher);
        self.expr(a, depth + 1)?;
        self.expr(b, depth + 1)
    }

    fn expr(&mut self, expr: &Expr, depth: u32) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let hasher = &mut self.hasher;
        std::mem::discriminant(expr).hash(hasher);
        match expr {
            Expr::Int(n) => n.hash(hasher),
            Expr::Read(place) => return self.read(*place, depth),
            Expr::AddrOf(place) => self.place(*place),
            Expr::Function(name) | Expr::Name(name) => name.hash(hasher),
            Expr::Type(ty) | Expr::SizeOf(ty) => ty.hash(hasher),
            Expr::Unary(op, inner) => {
                op.hash(hasher);
                self.expr(inner, depth + 1)?;
            }
            Expr::Cast(_, inner) => self.expr(inner, depth + 1)?,
            Expr::Binary(op, a, b) => self.binary(*op, a, b, depth)?,
            Expr::Config(n) => n.hash(hasher),
            Expr::Str(_) | Expr::Unknown => return None,
        }
        Some(())
    }

    fn read(&mut self, place: PlaceId, depth: u32) -> Option<()> {
        if let Base::Local(local) = self.shapes.f.places.get(place).base
            && let Some(source) = self.shapes.temporaries.get(&local)
        {
            return match source {
                Source::Value(value) => self.expr(value, depth + 1),
                Source::Call(call) => {
                    let Callee::Named(name) = call.callee else {
                        return None;
                    };
                    name.hash(&mut self.hasher);
                    let mut args = call.args.iter();
                    args.try_for_each(|arg| self.expr(&arg.expr, depth + 1))
                }
                Source::Many => None,
            };
        }
        self.place(place);
        Some(())
    }

    fn place(&mut self, place: PlaceId) {
        place.hash(&mut self.hasher);
        if let Base::Local(local) = self.shapes.f.places.root(place) {
            self.reads.push(local);
        }
    }
}
