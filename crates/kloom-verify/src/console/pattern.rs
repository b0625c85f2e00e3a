//! Patterns over one line: text with `*` for anything.

use serde::Deserialize;

/// Text with `*` for any bytes, none included; it matches whole lines.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Pattern {
    parts: Vec<Box<[u8]>>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        let parts = text.split('*').map(|part| part.as_bytes().into());
        Pattern {
            parts: parts.collect(),
        }
    }
}

impl Pattern {
    /// Whether the whole line is like this. Taking the first place for each part is enough, so the
    /// time is that of one search per part.
    pub fn matches(&self, line: &[u8]) -> bool {
        let (Some((first, rest)), Some(mut left)) = (self.parts.split_first(), self.after(line))
        else {
            return false;
        };
        let Some((last, middle)) = rest.split_last() else {
            return line.len() == first.len();
        };
        for part in middle {
            let Some(at) = memchr::memmem::find(left, part) else {
                return false;
            };
            left = &left[at + part.len()..];
        }
        left.ends_with(last)
    }

    fn after<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        line.strip_prefix(self.start())
    }

    /// How many bytes it fixes.
    pub fn fixed(&self) -> usize {
        self.parts.iter().map(|part| part.len()).sum()
    }

    /// Whether it is the text of one line only.
    pub fn is_text(&self) -> bool {
        self.parts.len() == 1
    }

    /// What a line must start with.
    pub fn start(&self) -> &[u8] {
        self.parts.first().map_or(&[], |part| part)
    }
}

/// Whether one of the patterns is like the line.
pub(crate) fn any(patterns: &[Pattern], line: &[u8]) -> bool {
    patterns.iter().any(|pattern| pattern.matches(line))
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn stars_stand_for_anything() {
        let matches =
            |pattern: &str, line: &str| Pattern::from(pattern.to_string()).matches(line.as_bytes());
        assert!(matches("a*c", "abc") && matches("a*c", "ac") && matches("*", ""));
        assert!(matches("a*b*", "a-b-b") && matches("abc", "abc"));
        assert!(!matches("a*c", "acd") && !matches("abc", "abcd") && !matches("ab*ba", "aba"));
        assert!(!matches("a*", "ba") && !matches("a*x*c", "abc"));
    }
}
