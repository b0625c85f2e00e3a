//! What is wrong with a facts file.

use crate::suggest::nearest;
use std::ops::Range;

/// Why a file is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, one line, no full stop.
    pub message: String,
    /// The word that was probably meant.
    pub suggestion: Option<&'static str>,
    /// The bytes of the file that say it.
    pub span: Range<usize>,
}

impl Problem {
    /// One line, `path:line:column: message`, columns in bytes from 1.
    pub fn render(&self, path: &str, text: &str) -> String {
        let before = text.get(..self.span.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
        let hint = match self.suggestion {
            Some(word) => format!("; did you mean `{word}`?"),
            None => String::new(),
        };
        format!("{path}:{line}:{column}: {}{hint}", self.message)
    }
}

/// A word and its offset in the file.
pub type Word<'a> = (usize, &'a str);

/// The mistakes found so far.
#[derive(Default)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Refuses what stands at `span`.
    pub fn refuse(&mut self, span: Range<usize>, message: String) {
        self.0.push(Problem {
            message,
            suggestion: None,
            span,
        });
    }

    /// Refuses a word that is not in a closed list.
    pub fn unknown(
        &mut self,
        what: &str,
        (at, word): Word,
        known: impl Iterator<Item = &'static str>,
    ) {
        self.0.push(Problem {
            message: format!("unknown {what} `{word}`"),
            suggestion: nearest(word, known),
            span: at..at + word.len(),
        });
    }
}
