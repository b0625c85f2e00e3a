//! Preprocessor lines: what they say is recorded, then they leave the text.

use super::edit::Text;
use super::lex::{Directive, DirectiveKind, Kind, Lexed, trim};
use super::model::{ArmFate, Chain, ChainForm, Define, Extent, Include, Prepared};
use super::words::{Word, Words};

/// Iterators defined by one file past which the rest are recognised by shape only.
const ITERATORS: usize = 32;

/// Records every `#define` and `#include`.
pub(super) fn record(source: &[u8], lines: &[Directive], out: &mut Prepared) {
    for line in lines {
        match line.kind {
            DirectiveKind::Define => out.defines.extend(define(source, line.rest)),
            DirectiveKind::Include => out.includes.extend(include(source, line.rest)),
            _ => {}
        }
    }
}

/// Words that the file itself defines as iterators, `#define for_each_x(…) for (…`, become such.
pub(super) fn local_iterators(source: &[u8], lexed: &mut Lexed, words: &Words) {
    let mut names: Vec<&[u8]> = Vec::new();
    for line in &lexed.directives {
        if line.kind != DirectiveKind::Define {
            continue;
        }
        let Some(define) = define(source, line.rest).filter(|d| d.params.is_some()) else {
            continue;
        };
        let body = define.body.of(source);
        let length = body
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
        let first = &body[..length.count()];
        let loops =
            matches!(words.role(first), Word::For | Word::Iterator) || names.contains(&first);
        if loops && names.len() < ITERATORS {
            names.push(define.name.of(source));
        }
    }
    if names.is_empty() {
        return;
    }
    for token in &mut lexed.tokens {
        if token.kind == Kind::Word(Word::Ident) && names.contains(&token.extent().of(source)) {
            token.kind = Kind::Word(Word::Iterator);
        }
    }
}

fn include(source: &[u8], rest: Extent) -> Option<Include> {
    let text = rest.of(source);
    let close = match text.first()? {
        b'"' => b'"',
        b'<' => b'>',
        _ => return None,
    };
    let length = memchr::memchr(close, text.get(1..)?)?;
    let start = rest.start + 1;
    Some(Include {
        path: Extent::new(start, start + length as u32),
        quoted: close == b'"',
    })
}

fn define(source: &[u8], rest: Extent) -> Option<Define> {
    let text = rest.of(source);
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'$';
    let length = text.iter().take_while(|b| is_word(b)).count();
    if length == 0 {
        return None;
    }
    let name = Extent::new(rest.start, rest.start + length as u32);
    let mut after = name.end as usize;
    let mut params = None;
    let mut variadic = false;
    if text.get(length) == Some(&b'(') {
        let close = length + memchr::memchr(b')', &text[length..])?;
        let mut list = Vec::new();
        let mut start = length + 1;
        for part in text[length + 1..close].split(|b| *b == b',') {
            let base = rest.start as usize;
            let param = trim(source, base + start, base + start + part.len());
            start += part.len() + 1;
            let word = param.of(source);
            variadic = word.ends_with(b"...");
            if !word.is_empty() {
                list.push(param);
            }
        }
        params = Some(list);
        after = rest.start as usize + close + 1;
    }
    Some(Define {
        name,
        params,
        variadic,
        body: trim(source, after, rest.end as usize),
    })
}

/// Blanks the directives that are no part of a chain, and the arms that were dropped.
pub(super) fn blank(chains: &[Chain], lexed: &mut Lexed) {
    let mut text = Text(std::mem::take(&mut lexed.text));
    for arm in chains.iter().flat_map(|chain| &chain.arms) {
        if arm.fate != ArmFate::Kept {
            text.blank(arm.body);
        }
    }
    for line in &lexed.directives {
        let plain = matches!(
            line.kind,
            DirectiveKind::Define | DirectiveKind::Include | DirectiveKind::Other
        );
        if plain {
            text.blank(line.whole);
        }
    }
    lexed.text = text.0;
}

/// Blanks the directives of chains, but for those that the grammar reads.
pub(super) fn erase(lines: &[Directive], chains: &[Chain], out: &mut Prepared) {
    let mut text = Text(std::mem::take(&mut out.text));
    let mut kept: Vec<Extent> = Vec::new();
    for chain in chains.iter().filter(|c| c.form == ChainForm::Tree) {
        for arm in &chain.arms {
            kept.push(arm.directive);
        }
        kept.push(Extent::new(endif_start(chain), chain.whole.end));
    }
    kept.sort_unstable();
    for line in lines {
        if line.whole.of(&text.0).first() != Some(&b'#') {
            // It is gone already, and what stands there now must stay.
        } else if kept.binary_search(&line.whole).is_err() {
            text.blank(line.whole);
        } else if matches!(line.kind, DirectiveKind::If | DirectiveKind::Elif) {
            // The condition is read from the original text; the tree needs one it can parse.
            let stuck = line
                .rest
                .start
                .checked_sub(1)
                .and_then(|at| text.0.get(at as usize));
            let apart = stuck.is_none_or(u8::is_ascii_whitespace);
            text.replace(line.rest, if apart { b"0" } else { b" 0" });
        } else if matches!(line.kind, DirectiveKind::Else | DirectiveKind::Endif) {
            text.blank(line.rest);
        }
    }
    out.text = text.0;
}

fn endif_start(chain: &Chain) -> u32 {
    chain
        .arms
        .last()
        .map_or(chain.whole.end, |arm| arm.body.end)
}
