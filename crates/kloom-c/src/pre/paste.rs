//! `#` and `##` in the body of a macro.

use super::edit::Text;
use super::lex::{Kind, Lexed, Token};
use super::model::Extent;
use super::words::Word;

/// Makes one identifier of words joined by `##` and of `#word`; other `#` and `##` are blanked.
pub(super) fn join(lexed: &mut Lexed) {
    let mut text = Text(std::mem::take(&mut lexed.text));
    let mut out: Vec<Token> = Vec::with_capacity(lexed.tokens.len());
    let mut tokens = lexed.tokens.iter().copied().peekable();
    while let Some(token) = tokens.next() {
        if token.kind != Kind::Hash {
            out.push(token);
            continue;
        }
        let next = tokens.next_if(|next| is_part(next.kind));
        let pastes = token.end - token.start == 2;
        let before = if pastes {
            out.pop_if(|last| is_part(last.kind))
        } else {
            None
        };
        let Some(next) = next else {
            text.blank(token.extent());
            out.extend(before);
            continue;
        };
        let start = before.map_or(token.start, |before| before.start);
        let glue = Extent::new(before.map_or(token.start, |b| b.end), next.start);
        if pastes && before.is_none() || !text.underline(glue) {
            // `, ##args`, or parts on two lines.
            text.blank(token.extent());
            out.extend(before);
            out.push(next);
            continue;
        }
        out.push(Token {
            start,
            end: next.end,
            kind: Kind::Word(Word::Ident),
        });
    }
    lexed.text = text.0;
    lexed.tokens = out;
}

fn is_part(kind: Kind) -> bool {
    matches!(kind, Kind::Word(_) | Kind::Number)
}
