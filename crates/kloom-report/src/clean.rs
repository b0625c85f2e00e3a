//! Makes hostile text harmless: what kloom reads may hold terminal escapes and bidi tricks.

use std::fmt::Write as _;

/// Whether a character could change how a terminal or viewer shows what is around it.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// One line of text with hostile characters spelt out: `\u{1b}`.
pub fn line(text: &str) -> String {
    spell_out(text, &[])
}

/// The same for text of several lines.
pub fn text(text: &str) -> String {
    spell_out(text, &['\n', '\t'])
}

fn spell_out(text: &str, harmless: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hostile(c) && !harmless.contains(&c) {
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Source bytes as text of the same byte length, hostile and invalid bytes replaced; tabs stay.
pub fn source(mut bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    while !bytes.is_empty() {
        let (valid, bad) = match std::str::from_utf8(bytes) {
            Ok(all) => (all, 0),
            Err(error) => {
                let valid = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
                (
                    valid,
                    error.error_len().unwrap_or(bytes.len() - valid.len()),
                )
            }
        };
        for c in valid.chars() {
            if c == '\t' || !is_hostile(c) {
                out.push(c);
            } else {
                out.push_str(stand_in(c.len_utf8()));
            }
        }
        out.extend(std::iter::repeat_n('?', bad));
        bytes = &bytes[valid.len() + bad..];
    }
    out
}

fn stand_in(bytes: usize) -> &'static str {
    match bytes {
        1 => "?",
        2 => "??",
        3 => "\u{fffd}",
        _ => "\u{fffd}?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_keeps_its_length_and_loses_its_teeth() {
        let hostile = b"a\x1b[31m\x07\xff\xc2\x9b\xe2\x80\xaez\xf0\x9f\x98\x80\xe2\x80\t";
        let clean = source(hostile);
        assert_eq!(clean.len(), hostile.len());
        assert!(
            !clean.chars().any(|c| c != '\t' && is_hostile(c)),
            "{clean:?}"
        );
        assert!(clean.contains('\u{1f600}') && clean.ends_with('\t'));
    }

    #[test]
    fn lines_spell_out_what_they_cannot_show() {
        assert_eq!(line("a\u{1b}[0m\u{202e}ä\n"), "a\\u{1b}[0m\\u{202e}ä\\n");
    }
}
