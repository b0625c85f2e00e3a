//! Text that ends up in string literals, comments and pages.

use super::Checker;
use crate::At;
use crate::problem::Kind;

/// Longer lines do not fit where they are shown.
const LONGEST: usize = 200;

impl Checker<'_> {
    /// One line of text that cannot break out of a string literal, a comment or a page.
    pub(super) fn line(&mut self, text: &At<String>) -> String {
        let bad = text.chars().find(|c| !is_harmless(*c));
        let split = ["*/", "/*", "??"]
            .into_iter()
            .find(|word| text.contains(word));
        if let Some(bad) = bad {
            let what = format!("`{}` cannot stand here", bad.escape_default());
            self.problems
                .say(Kind::Text, text, what)
                .why("the text is written into string literals, comments and pages, which it must not end")
                .help("use letters, digits and plain punctuation on one line");
        } else if let Some(word) = split {
            self.problems
                .say(Kind::Text, text, format!("`{word}` cannot stand here"))
                .why("in C it begins or ends a comment, or stands for something else");
        } else if text.trim().is_empty() {
            self.problems.say(Kind::Text, text, "the text is empty");
        } else if text.chars().count() > LONGEST {
            let what = format!("the text is longer than {LONGEST} characters");
            self.problems.say(Kind::Text, text, what);
        }
        text.trim().to_owned()
    }

    /// The same for text that may be left out.
    pub(super) fn line_if_any(&mut self, text: Option<&At<String>>) -> Option<String> {
        text.map(|text| self.line(text))
    }
}

fn is_harmless(c: char) -> bool {
    match c {
        ' ' => true,
        '"' | '\\' | '`' => false,
        _ => c.is_ascii_graphic() || (!c.is_ascii() && c.is_alphanumeric()),
    }
}
