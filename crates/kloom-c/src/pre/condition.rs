//! What an `#if` condition comes to, as far as the target and the language decide it.

use kloom_facts::Version;

/// How names that nothing decides are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknowns {
    /// They stay unknown.
    Open,
    /// Options are taken to be on: the configuration with the feature enabled.
    Enabled,
}

/// Nesting past which a condition stays undecided.
const DEPTH: u32 = 32;

/// Whether a macro is defined, where the language decides it.
pub(crate) fn defined(name: &[u8], unknowns: Unknowns) -> Option<bool> {
    match name {
        b"__cplusplus" | b"__ASSEMBLY__" | b"__ASSEMBLER__" => Some(false),
        b"__KERNEL__" | b"__GNUC__" | b"LINUX_VERSION_CODE" | b"KERNEL_VERSION" => Some(true),
        _ => (unknowns == Unknowns::Enabled).then_some(true),
    }
}

/// Evaluates the text of an `#if` or `#elif`; `None` where it is not decided.
pub(crate) fn evaluate(text: &[u8], target: Option<Version>, unknowns: Unknowns) -> Option<bool> {
    let mut parser = Parser {
        text,
        at: 0,
        target,
        unknowns,
        depth: 0,
    };
    let value = parser.binary(0);
    parser.blanks();
    if parser.at < text.len() {
        return None;
    }
    value.map(|value| value != 0)
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    target: Option<Version>,
    unknowns: Unknowns,
    depth: u32,
}

/// Operators from the loosest to the tightest; the longer spelling of a level comes first.
const LEVELS: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["+", "-"],
    &["*"],
];

impl Parser<'_> {
    fn blanks(&mut self) {
        while self
            .text
            .get(self.at)
            .is_some_and(|b| b.is_ascii_whitespace() || *b == b'\\')
        {
            self.at += 1;
        }
    }

    fn eat(&mut self, word: &str) -> bool {
        self.blanks();
        let found = self.text[self.at..].starts_with(word.as_bytes());
        if found {
            self.at += word.len();
        }
        found
    }

    fn name(&mut self) -> &[u8] {
        self.blanks();
        let start = self.at;
        while self
            .text
            .get(self.at)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    fn binary(&mut self, level: usize) -> Option<i64> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1);
        while let Some(operator) = operators.iter().find(|o| self.eat(o)) {
            let right = self.binary(level + 1);
            left = combine(operator, left, right);
        }
        left
    }

    fn unary(&mut self) -> Option<i64> {
        self.depth += 1;
        if self.depth > DEPTH {
            self.at = self.text.len();
            return None;
        }
        let value = if self.eat("!") {
            self.unary().map(|value| i64::from(value == 0))
        } else if self.eat("(") {
            let value = self.binary(0);
            self.eat(")");
            value
        } else {
            self.atom()
        };
        self.depth -= 1;
        value
    }

    fn atom(&mut self) -> Option<i64> {
        let target = self.target;
        let unknowns = self.unknowns;
        let name = self.name().to_vec();
        match name.as_slice() {
            b"" => {
                // Nothing that can be read: the rest is unknown.
                self.at = self.text.len();
                None
            }
            b"defined" => {
                let open = self.eat("(");
                let known = defined(self.name(), unknowns);
                if open {
                    self.eat(")");
                }
                known.map(i64::from)
            }
            b"LINUX_VERSION_CODE" => {
                target.map(|v| version_code(i64::from(v.major), i64::from(v.minor), 0))
            }
            b"KERNEL_VERSION" => match self.arguments().as_deref() {
                Some([major, minor, patch]) => Some(version_code(*major, *minor, *patch)),
                _ => None,
            },
            [b'0'..=b'9', ..] => number(&name),
            _ => {
                // A macro such as IS_ENABLED(): on when options are.
                let call = self.eat("(");
                if call {
                    self.close();
                }
                (call && unknowns == Unknowns::Enabled).then_some(1)
            }
        }
    }

    /// `(1, 2, 3)`, numbers only.
    fn arguments(&mut self) -> Option<Vec<i64>> {
        if !self.eat("(") {
            return None;
        }
        let mut values = Vec::new();
        loop {
            values.push(number(self.name())?);
            if self.eat(")") {
                return Some(values);
            }
            if !self.eat(",") {
                return None;
            }
        }
    }

    /// Moves past the parenthesis that closes an open one.
    fn close(&mut self) {
        let mut open = 1;
        while let Some(byte) = self.text.get(self.at) {
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                _ => {}
            }
            if open == 0 {
                return;
            }
        }
    }
}

fn version_code(major: i64, minor: i64, patch: i64) -> i64 {
    (major << 16) + (minor << 8) + patch.min(255)
}

fn number(name: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(name).ok()?;
    let text = text.trim_end_matches(['u', 'U', 'l', 'L']);
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok();
    }
    text.parse().ok()
}

fn combine(operator: &str, left: Option<i64>, right: Option<i64>) -> Option<i64> {
    match operator {
        "&&" if left == Some(0) || right == Some(0) => Some(0),
        "||" if left.is_some_and(|v| v != 0) || right.is_some_and(|v| v != 0) => Some(1),
        _ => {
            let (left, right) = (left?, right?);
            Some(match operator {
                "&&" => i64::from(left != 0 && right != 0),
                "||" => i64::from(left != 0 || right != 0),
                "==" => i64::from(left == right),
                "!=" => i64::from(left != right),
                "<=" => i64::from(left <= right),
                ">=" => i64::from(left >= right),
                "<" => i64::from(left < right),
                ">" => i64::from(left > right),
                "+" => left.wrapping_add(right),
                "-" => left.wrapping_sub(right),
                _ => left.wrapping_mul(right),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Option<Version> = Some(Version {
        major: 6,
        minor: 12,
    });

    fn open(text: &str) -> Option<bool> {
        evaluate(text.as_bytes(), TARGET, Unknowns::Open)
    }

    fn enabled(text: &str) -> Option<bool> {
        evaluate(text.as_bytes(), TARGET, Unknowns::Enabled)
    }

    #[test]
    fn versions_are_decided_by_the_target() {
        assert_eq!(
            open("LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)"),
            Some(true)
        );
        assert_eq!(
            open("LINUX_VERSION_CODE < KERNEL_VERSION(4,20,300)"),
            Some(false)
        );
        assert_eq!(
            open("defined(X) && LINUX_VERSION_CODE < KERNEL_VERSION(4,20,0)"),
            Some(false)
        );
        assert_eq!(
            evaluate(
                b"LINUX_VERSION_CODE >= KERNEL_VERSION(6,1,0)",
                None,
                Unknowns::Open
            ),
            None
        );
    }

    #[test]
    fn options_stay_open_or_count_as_on() {
        assert_eq!(open("defined(CONFIG_A) && !defined(CONFIG_B)"), None);
        assert_eq!(enabled("defined CONFIG_A || 0"), Some(true));
        assert_eq!(enabled("!IS_ENABLED(CONFIG_A)"), Some(false));
        assert_eq!(open("0"), Some(false));
        assert_eq!(open("(1)"), Some(true));
        assert_eq!(open("defined(__cplusplus)"), Some(false));
        assert_eq!(open("BITS_PER_LONG == 64"), None);
    }

    #[test]
    fn garbage_is_undecided() {
        assert_eq!(open("1 ? 2 : 3"), None);
        assert_eq!(open(""), None);
        assert_eq!(open("1 1"), None);
        assert_eq!(open(&"(".repeat(100_000)), None);
        assert_eq!(open(&"!".repeat(100_000)), None);
        assert_eq!(open("KERNEL_VERSION(1"), None);
    }
}
