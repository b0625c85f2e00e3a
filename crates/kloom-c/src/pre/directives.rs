//! Preprocessor lines: what they say is recorded, then they leave the text.

use super::edit::Text;
use super::lex::{Directive, DirectiveKind, Lexed, trim};
use super::model::{ArmFate, Chain, ChainForm, Define, Extent, Include, Prepared};

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

/// Blanks the directives that are no part of a chain.
pub(super) fn blank_plain(lexed: &mut Lexed) {
    let mut text = Text(std::mem::take(&mut lexed.text));
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

/// Blanks the directives of chains, but for those that the grammar reads, and the arms that were
/// dropped.
pub(super) fn erase(lines: &[Directive], chains: &[Chain], out: &mut Prepared) {
    let mut text = Text(std::mem::take(&mut out.text));
    let mut kept: Vec<Extent> = Vec::new();
    for chain in chains {
        for arm in &chain.arms {
            if arm.fate != ArmFate::Kept {
                text.blank(arm.body);
            }
        }
    }
    for chain in chains.iter().filter(|c| c.form == ChainForm::Tree) {
        for arm in &chain.arms {
            kept.push(arm.directive);
        }
        kept.push(Extent::new(endif_start(chain), chain.whole.end));
    }
    kept.sort_unstable();
    for line in lines {
        if kept.binary_search(&line.whole).is_err() {
            text.blank(line.whole);
        } else if line.whole.of(&text.0).first() != Some(&b'#') {
            // It lies in an arm that was dropped.
        } else if matches!(line.kind, DirectiveKind::If | DirectiveKind::Elif) {
            // The condition is read from the original text; the tree needs one it can parse.
            text.replace(line.rest, b"0");
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
