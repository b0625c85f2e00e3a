//! Which `#if` arms stay: the text of the arms that do must read as one piece of C.

use super::condition::{Unknowns, defined, evaluate};
use super::lex::{Directive, DirectiveKind, Kind, Lexed, Token};
use super::model::{Arm, ArmFate, Chain, ChainForm, Extent};
use super::words::{Word, Words};

/// Nesting of `#if` past which arms are kept unseen, so that the cost stays linear.
const DEPTH: usize = 48;
/// How far back the enclosing bracket of a chain is looked for.
const LOOK_BACK: usize = 4096;

/// A place in the token list where a directive of a chain stood.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    /// How many tokens stand before it.
    pub(crate) at: u32,
    /// The chain.
    pub(crate) chain: u32,
    /// `#endif`.
    pub(crate) ends: bool,
}

/// Chains and the directives of those that may keep theirs.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    pub(crate) list: Vec<Chain>,
    pub(crate) marks: Vec<Mark>,
    /// For each chain, whether the target or the language says which arm holds: there is nothing
    /// to branch on.
    pub(crate) decided: Vec<bool>,
}

/// Decides every chain and takes the tokens of dropped arms out of `lexed`.
pub(crate) fn resolve(lexed: &mut Lexed, words: &Words) -> Chains {
    let mut resolver = Resolver {
        text: &lexed.text,
        tokens: &lexed.tokens,
        words,
        gone: vec![
            false;
            if lexed.directives.is_empty() {
                0
            } else {
                lexed.tokens.len()
            }
        ],
        open: Vec::new(),
        chains: Chains::default(),
    };
    for directive in &lexed.directives {
        resolver.directive(directive);
    }
    resolver.finish(lexed.text.len() as u32);
    let Resolver {
        gone, mut chains, ..
    } = resolver;
    if gone.contains(&true) {
        compact(lexed, &gone, &mut chains.marks);
    }
    chains
}

/// Removes tokens and moves the marks along.
fn compact(lexed: &mut Lexed, gone: &[bool], marks: &mut [Mark]) {
    let mut before = Vec::with_capacity(gone.len() + 1);
    let mut left = 0;
    for gone in gone {
        before.push(left);
        left += u32::from(!gone);
    }
    before.push(left);
    for mark in marks {
        mark.at = before[mark.at as usize];
    }
    for directive in &mut lexed.directives {
        directive.at = before[directive.at as usize];
    }
    let mut at = 0;
    lexed.tokens.retain(|_| {
        at += 1;
        !gone[at - 1]
    });
}

struct OpenArm {
    kind: DirectiveKind,
    directive: Extent,
    condition: Extent,
    /// First token of the arm.
    tokens: u32,
}

struct OpenChain {
    index: u32,
    arms: Vec<OpenArm>,
}

struct Resolver<'a> {
    text: &'a [u8],
    tokens: &'a [Token],
    words: &'a Words,
    gone: Vec<bool>,
    open: Vec<OpenChain>,
    chains: Chains,
}

/// What the tokens of an arm look like from outside.
#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    first: Option<Kind>,
    last: Option<Kind>,
    balanced: bool,
    /// Holds a call, `return`, `goto` or `case`: losing it would lose behaviour.
    acts: bool,
}

impl Resolver<'_> {
    fn directive(&mut self, directive: &Directive) {
        use DirectiveKind::{Elif, Else, Endif, If, Ifdef, Ifndef};
        let arm = OpenArm {
            kind: directive.kind,
            directive: directive.whole,
            condition: directive.rest,
            tokens: directive.at,
        };
        match directive.kind {
            If | Ifdef | Ifndef => {
                let index = self.chains.list.len() as u32;
                self.chains.decided.push(false);
                self.chains.list.push(Chain {
                    whole: directive.whole,
                    form: ChainForm::Joined,
                    arms: Vec::new(),
                });
                self.open.push(OpenChain {
                    index,
                    arms: vec![arm],
                });
                self.mark(directive.at, index, false);
            }
            Elif | Else => {
                if let Some(chain) = self.open.last_mut() {
                    chain.arms.push(arm);
                    let index = chain.index;
                    self.mark(directive.at, index, false);
                }
            }
            Endif => {
                if let Some(chain) = self.open.pop() {
                    self.mark(directive.at, chain.index, true);
                    self.close(&chain, directive.at, directive.whole);
                }
            }
            _ => {}
        }
    }

    fn mark(&mut self, at: u32, chain: u32, ends: bool) {
        self.chains.marks.push(Mark { at, chain, ends });
    }

    fn finish(&mut self, end: u32) {
        while let Some(chain) = self.open.pop() {
            self.close(&chain, self.tokens.len() as u32, Extent::new(end, end));
        }
    }

    /// Decides one chain; the chains inside it are decided already.
    fn close(&mut self, chain: &OpenChain, end: u32, endif: Extent) {
        let arms = &chain.arms;
        let ends: Vec<u32> = arms[1..]
            .iter()
            .map(|arm| arm.tokens)
            .chain([end])
            .collect();
        let (mut fates, decided) = self.certain(arms);
        self.chains.decided[chain.index as usize] = decided;
        if self.open.len() < DEPTH {
            self.choose(arms, &ends, &mut fates);
        }
        for ((arm, end), fate) in arms.iter().zip(&ends).zip(&fates) {
            if *fate != ArmFate::Kept {
                self.gone[arm.tokens as usize..*end as usize].fill(true);
            }
        }
        let next_directives = arms[1..].iter().map(|arm| arm.directive).chain([endif]);
        let record = &mut self.chains.list[chain.index as usize];
        record.whole.end = endif.end;
        record.arms = arms
            .iter()
            .zip(next_directives)
            .zip(fates)
            .map(|((arm, next), fate)| Arm {
                directive: arm.directive,
                condition: arm.condition,
                body: Extent::new(arm.directive.end, next.start),
                fate,
            })
            .collect();
    }

    /// Which arms the target or the language rules out, and whether it says which one holds.
    fn certain(&self, arms: &[OpenArm]) -> (Vec<ArmFate>, bool) {
        let mut taken = false;
        let fates = arms
            .iter()
            .map(|arm| {
                let holds = self.holds(arm, Unknowns::Open);
                let dead = taken || holds == Some(false);
                taken |= holds == Some(true);
                if dead { ArmFate::Dead } else { ArmFate::Kept }
            })
            .collect();
        (fates, taken)
    }

    fn holds(&self, arm: &OpenArm, unknowns: Unknowns) -> Option<bool> {
        let text = arm.condition.of(self.text);
        match arm.kind {
            DirectiveKind::Ifdef => defined(text, unknowns),
            DirectiveKind::Ifndef => defined(text, unknowns).map(|known| !known),
            DirectiveKind::Else => (unknowns == Unknowns::Enabled).then_some(true),
            _ => evaluate(text, self.words.target(), unknowns),
        }
    }

    /// Drops arms that do not fit beside one another.
    fn choose(&mut self, arms: &[OpenArm], ends: &[u32], fates: &mut [ArmFate]) {
        let live: Vec<usize> = (0..arms.len())
            .filter(|at| fates[*at] == ArmFate::Kept)
            .collect();
        let enabled = |at: &usize| self.holds(&arms[*at], Unknowns::Enabled) != Some(false);
        let shapes: Vec<Shape> = live
            .iter()
            .map(|at| self.shape(arms[*at].tokens, ends[*at]))
            .collect();
        let balanced = shapes.iter().all(|shape| shape.balanced);
        if let [only] = live[..] {
            if !balanced && !enabled(&only) {
                fates[only] = ArmFate::Skipped;
            }
            return;
        }
        let Some(first) = live.first() else { return };
        let chosen = *live.iter().find(|at| enabled(at)).unwrap_or(first);
        let others = live.iter().zip(&shapes).filter(|(at, _)| **at != chosen);
        let loses = others.clone().any(|(_, shape)| shape.acts);
        let end = ends.last().copied().unwrap_or_default();
        if balanced && self.fit_together(arms[0].tokens, end, &shapes, loses) {
            return;
        }
        for at in live {
            if at != chosen {
                fates[at] = ArmFate::Skipped;
            }
        }
    }

    fn shape(&self, start: u32, end: u32) -> Shape {
        let mut shape = Shape::default();
        let (mut depth, mut low) = (0i32, 0i32);
        for at in start as usize..end as usize {
            if self.gone[at] {
                continue;
            }
            let kind = self.tokens[at].kind;
            match kind {
                Kind::Open(_) => {
                    depth += 1;
                    shape.acts |= kind == Kind::Open(b'(')
                        && matches!(shape.last, Some(Kind::Word(Word::Ident)));
                }
                Kind::Close(_) => {
                    depth -= 1;
                    low = low.min(depth);
                }
                Kind::Word(Word::Return | Word::Goto | Word::Case | Word::Default) => {
                    shape.acts = true;
                }
                _ => {}
            }
            shape.first.get_or_insert(kind);
            shape.last = Some(kind);
        }
        shape.balanced = depth == 0 && low == 0;
        shape
    }

    /// Whether the arms can all stay, one after the other: always where each is a list of whole
    /// items; in the middle of something only if dropping an arm `loses` behaviour.
    fn fit_together(&self, start: u32, end: u32, shapes: &[Shape], loses: bool) -> bool {
        let kind = |at: usize| self.tokens[at].kind;
        let before = self.kept_before(start).map_or(Kind::Semi, kind);
        let after = (end as usize..self.tokens.len()).find(|at| !self.gone[*at]);
        let after = after.map_or(Kind::Semi, kind);
        let full = shapes.iter().filter(|shape| shape.last.is_some());
        let items = full.clone().all(|shape| {
            shape.last.is_some_and(ends_item) && shape.first != Some(Kind::Word(Word::Lead))
        });
        if items && ends_item(before) {
            return true;
        }
        let elements = full.clone().all(|shape| shape.last == Some(Kind::Comma))
            && matches!(before, Kind::Comma | Kind::Open(b'{'));
        if elements && self.enclosing(start) != Some(b'(') {
            return true;
        }
        let leads = full
            .clone()
            .filter(|shape| shape.first == Some(Kind::Word(Word::Lead)));
        if !loses || leads.count() > 1 {
            return false;
        }
        let mut last = before;
        for shape in full {
            if !shape.first.is_some_and(|first| follows(last, first)) {
                return false;
            }
            last = shape.last.unwrap_or(last);
        }
        follows(last, after)
    }

    fn kept_before(&self, at: u32) -> Option<usize> {
        (0..at as usize)
            .rev()
            .take(LOOK_BACK)
            .find(|at| !self.gone[*at])
    }

    /// The bracket that encloses a place, if it is near.
    fn enclosing(&self, at: u32) -> Option<u8> {
        let mut depth = 0;
        for at in (0..at as usize).rev().take(LOOK_BACK) {
            match self.tokens[at].kind {
                _ if self.gone[at] => {}
                Kind::Close(_) => depth += 1,
                Kind::Open(_) if depth > 0 => depth -= 1,
                Kind::Open(bracket) => return Some(bracket),
                _ => {}
            }
        }
        None
    }
}

/// Whether a statement, declaration or member may end with this token.
fn ends_item(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Semi | Kind::Colon | Kind::Open(b'{') | Kind::Close(b'}')
    )
}

/// Whether `next` may stand after `last`, roughly.
fn follows(last: Kind, next: Kind) -> bool {
    let operator = matches!(
        next,
        Kind::Infix
            | Kind::Star
            | Kind::Amp
            | Kind::AndAnd
            | Kind::Sign
            | Kind::Question
            | Kind::Colon
            | Kind::Assign
            | Kind::Dot
    );
    let ending = matches!(next, Kind::Comma | Kind::Semi | Kind::Close(_));
    let operand = !operator && !ending || matches!(next, Kind::Star | Kind::Amp | Kind::Sign);
    match last {
        Kind::Semi | Kind::Colon | Kind::Open(b'{') => operand || next == Kind::Close(b'}'),
        Kind::Close(b'}') => operand || ending,
        Kind::Comma => operand || matches!(next, Kind::Dot | Kind::Close(b'}')),
        Kind::Str if next == Kind::Str => true,
        last if last.ends_operand() => {
            operator || ending || matches!(next, Kind::Open(b'(' | b'[') | Kind::Step)
        }
        _ => operand,
    }
}
