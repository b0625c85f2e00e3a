//! Numbers and characters.

/// The value of an integer literal, `None` for a floating one or one that does not fit.
pub(super) fn number(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(['u', 'l']);
    let (radix, digits) = if let Some(hex) = digits.strip_prefix("0x") {
        (16, hex)
    } else if let Some(binary) = digits.strip_prefix("0b") {
        (2, binary)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, &digits[1..])
    } else {
        (10, digits)
    };
    let value = u64::from_str_radix(digits, radix).ok()? as i64;
    Some(if negative {
        value.wrapping_neg()
    } else {
        value
    })
}

/// The value of a character literal.
pub(super) fn character(text: &[u8]) -> Option<i64> {
    let open = text.iter().position(|b| *b == b'\'')?;
    let inner = text.get(open + 1..text.len().checked_sub(1)?)?;
    match inner {
        [b'\\', rest @ ..] => escape(rest),
        [single] => Some(i64::from(*single)),
        _ => None,
    }
}

fn escape(text: &[u8]) -> Option<i64> {
    let digits = std::str::from_utf8(text).ok()?;
    Some(match text.first()? {
        b'n' => 10,
        b't' => 9,
        b'r' => 13,
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'v' => 11,
        b'e' => 27,
        b'x' => i64::from_str_radix(digits.get(1..)?, 16).ok()?,
        b'0'..=b'7' => i64::from_str_radix(digits, 8).ok()?,
        other => i64::from(*other),
    })
}

/// The value of a macro's replacement that is just a literal: `5`, `(-1)`, `'x'`.
pub(super) fn replacement(text: &[u8]) -> Option<i64> {
    let mut text = text.trim_ascii();
    let mut negative = false;
    loop {
        text = match text {
            [b'(', inner @ .., b')'] => inner.trim_ascii(),
            [b'-', rest @ ..] => {
                negative = !negative;
                rest.trim_ascii()
            }
            _ => break,
        };
    }
    let value = match text.first()? {
        b'0'..=b'9' => number(text),
        b'\'' => character(text),
        _ => None,
    }?;
    Some(if negative {
        value.wrapping_neg()
    } else {
        value
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(number(b"0"), Some(0));
        assert_eq!(number(b"0x1fUL"), Some(31));
        assert_eq!(number(b"017"), Some(15));
        assert_eq!(number(b"0b101"), Some(5));
        assert_eq!(number(b"42llu"), Some(42));
        assert_eq!(number(b"0xffffffffffffffff"), Some(-1));
        assert_eq!(number(b"1.5"), None);
        assert_eq!(number(b"99999999999999999999"), None);
    }

    #[test]
    fn characters() {
        assert_eq!(character(b"'a'"), Some(97));
        assert_eq!(character(b"L'a'"), Some(97));
        assert_eq!(character(b"'\\n'"), Some(10));
        assert_eq!(character(b"'\\0'"), Some(0));
        assert_eq!(character(b"'\\x41'"), Some(65));
        assert_eq!(character(b"'"), None);
    }

    #[test]
    fn replacements() {
        assert_eq!(replacement(b"((-1))"), Some(-1));
        assert_eq!(replacement(b" (0x10) "), Some(16));
        assert_eq!(replacement(b"(1) + (2)"), None);
        assert_eq!(replacement(b"FOO"), None);
        assert_eq!(replacement(b""), None);
    }
}
