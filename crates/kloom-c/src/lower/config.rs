//! `#if` between statements: edges on a condition that stays the same all over the file.

use super::body::Body;
use crate::pre::Arm;
use crate::syntax::{Field as Part, Node};
use kloom_ir::{Expr, Terminator};

impl Body<'_, '_> {
    /// The arms of an `#if` between statements.
    pub(super) fn config_arms(&mut self, node: Node) {
        let text = self.text;
        let tree = &text.tree;
        let mut written = text.chain(node).map_or(&[][..], |c| &c.arms).iter();
        let mut join = None;
        let mut at = Some(node);
        while let Some(arm) = at {
            at = tree.child(arm, Part::Alternative);
            let mut rest = None;
            if let Some(condition) = written.next().and_then(|a| self.config_condition(a)) {
                let (then, otherwise) = (self.new_block(), self.new_block());
                let (number, flipped) = condition;
                let (yes, no) = match flipped {
                    true => (otherwise, then),
                    false => (then, otherwise),
                };
                self.end(Terminator::Branch {
                    cond: Expr::Config(number),
                    span: text.span(arm),
                    then: yes,
                    otherwise: no,
                });
                self.start(then);
                rest = Some(otherwise);
            }
            for item in tree.children(arm) {
                if tree.field(item) == Part::None {
                    self.statement(item);
                }
            }
            self.join(&mut join);
            let Some(rest) = rest else { break };
            self.start(rest);
            if at.is_none() {
                self.join(&mut join);
            }
        }
        self.start_join(join);
    }

    /// The number of the condition of an arm, and whether the arm is for its opposite; `None`
    /// for `#else`.
    fn config_condition(&mut self, arm: &Arm) -> Option<(u32, bool)> {
        let text = self.text;
        let condition = String::from_utf8_lossy(arm.condition.of(text.original));
        if condition.trim().is_empty() {
            return None;
        }
        let directive = arm.directive.of(text.original);
        let word = directive.get(..directive.len().min(16)).unwrap_or(&[]);
        let negative = word.windows(4).any(|w| w == b"ndef");
        let (condition, flipped) = normalized(&condition);
        Some((self.cx.config(condition), flipped != negative))
    }
}

/// `defined(X)`, `IS_ENABLED(X)` and `X` are one condition; `!` flips it.
fn normalized(condition: &str) -> (&str, bool) {
    let mut text = condition.trim();
    let mut flipped = false;
    loop {
        if let Some(rest) = text.strip_prefix('!')
            && !rest.contains("&&")
            && !rest.contains("||")
        {
            flipped = !flipped;
            text = rest.trim();
            continue;
        }
        let inner = ["defined", "IS_ENABLED"]
            .iter()
            .find_map(|word| text.strip_prefix(word))
            .map(|rest| rest.trim().trim_start_matches('(').trim_end_matches(')'));
        return match inner {
            Some(name) if is_word(name.trim()) => (name.trim(), flipped),
            _ => (text, flipped),
        };
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::normalized;

    #[test]
    fn one_condition_many_spellings() {
        for text in [
            "CONFIG_A",
            "defined(CONFIG_A)",
            "defined CONFIG_A",
            "IS_ENABLED(CONFIG_A)",
        ] {
            assert_eq!(normalized(text), ("CONFIG_A", false));
        }
        assert_eq!(normalized("!defined( CONFIG_A )"), ("CONFIG_A", true));
        assert_eq!(normalized("!!CONFIG_A"), ("CONFIG_A", false));
        let both = "defined(A) && defined(B)";
        assert_eq!(normalized(both), (both, false));
        assert_eq!(normalized("!A && B"), ("!A && B", false));
    }
}
