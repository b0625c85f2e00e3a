//! What a macro of the file does to the function that uses it, beside what a call does: it may
//! name locals of its caller, return from it or jump to its labels.

use super::body::Body;
use super::on_demand::MAX_MACRO;
use super::unit::Lowering;
use kloom_diag::Span;
use kloom_ir::{Expr, InstrKind, Name};

/// How a macro's body reaches into the function that uses it.
#[derive(Default)]
pub(super) struct Reach {
    /// Words in it that are not its parameters.
    pub words: Vec<Name>,
    /// Labels it jumps to.
    pub labels: Vec<Name>,
    /// Whether it may return.
    pub returns: bool,
}

impl Lowering<'_> {
    /// How the macro `name` reaches into its caller; `None` if it is no macro in sight.
    pub(super) fn reach(&mut self, name: Name) -> Option<&Reach> {
        if !self.reaches.contains_key(&name) {
            let reach = self.find_reach(name);
            self.reaches.insert(name, reach);
        }
        self.reaches.get(&name).and_then(Option::as_ref)
    }

    fn find_reach(&mut self, name: Name) -> Option<Reach> {
        let symbols = self.symbols;
        let found = symbols.find_macro(self.unit.names.text(name).as_bytes())?;
        let original = &found.file.text;
        let params = found.define.params.as_ref()?;
        let params: Vec<&[u8]> = params.iter().map(|p| p.of(original)).collect();
        let body = found.define.body.of(original);
        let mut reach = Reach::default();
        for (role, word) in free_words(body.get(..MAX_MACRO).unwrap_or(body)) {
            reach.returns |= word == b"return";
            if params.contains(&word) {
                continue;
            }
            let word = self.name(word);
            let list = match role {
                Role::Label => &mut reach.labels,
                Role::Value => &mut reach.words,
            };
            if !list.contains(&word) {
                list.push(word);
            }
        }
        Some(reach)
    }
}

impl Body<'_, '_> {
    /// What a macro of the file does to the function that uses it, beside what a call does.
    pub(super) fn reach_of(&mut self, name: Name, span: Span) {
        let Some(reach) = self.cx.reach(name) else {
            return;
        };
        let (words, labels, returns) = (reach.words.clone(), reach.labels.clone(), reach.returns);
        let mut havoc = Vec::new();
        for word in words {
            if let Some(local) = self.local_named(word) {
                havoc.push(self.local_place(local));
            }
        }
        if !havoc.is_empty() {
            self.push(InstrKind::Opaque { havoc }, span);
        }
        if returns {
            self.maybe(|body| body.leave(Some(Expr::Unknown), span, None));
        }
        for label in labels {
            self.maybe(|body| body.goto(label, None));
        }
    }
}

/// What a word of a macro's body is used as.
enum Role {
    Label,
    Value,
}

/// The words of a macro's body that may mean something where it is used: no members, no names
/// that it declares or calls, nothing in strings.
fn free_words(body: &[u8]) -> Vec<(Role, &[u8])> {
    let mut found = Vec::new();
    let mut rest = body;
    let mut before: &[u8] = b"";
    while let Some(first) = rest.first() {
        let len = token_length(rest);
        let (token, tail) = rest.split_at(len);
        rest = tail;
        if first.is_ascii_whitespace() || *first == b'\\' {
            continue;
        }
        let next = rest.trim_ascii_start().first();
        if is_word(token) {
            let leads = matches!(before, b"return" | b"else" | b"do" | b"case");
            if before == b"goto" {
                found.push((Role::Label, token));
            } else if (leads || !is_word(before))
                && !matches!(before, b"." | b"->")
                && next != Some(&b'(')
            {
                found.push((Role::Value, token));
            }
        }
        before = token;
    }
    found
}

fn is_word(token: &[u8]) -> bool {
    let letter = |b: &u8| b.is_ascii_alphabetic() || *b == b'_';
    token.first().is_some_and(letter)
}

/// The length of the token that a text starts with: a word, a string, an arrow,
/// or one byte.
fn token_length(text: &[u8]) -> usize {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    match text.first() {
        Some(quote @ (b'"' | b'\'')) => {
            let mut at = 1;
            while let Some(byte) = text.get(at) {
                at += if *byte == b'\\' { 2 } else { 1 };
                if byte == quote {
                    break;
                }
            }
            at.min(text.len())
        }
        Some(b'-') if text.get(1) == Some(&b'>') => 2,
        Some(first) if word(first) => text.iter().take_while(|b| word(b)).count(),
        _ => 1,
    }
}
