//! Conditions: tests of fields, joined by `and` or by `or`.

use super::Checker;
use crate::problem::Kind;
use crate::{At, Compare, Condition, Sharing, Test, Type};

/// More tests belong into a hook.
const MOST_TESTS: usize = 8;

impl Checker<'_> {
    /// What has to hold.
    pub(super) fn condition(&mut self, text: &At<String>) -> Option<Condition> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let joins = |word: &str| words.iter().filter(|w| **w == word).count();
        let (ands, ors) = (joins("and"), joins("or"));
        if (ands > 0 && ors > 0) || ands + ors >= MOST_TESTS {
            self.problems
                .say(
                    Kind::Value,
                    text,
                    "`and` and `or` are mixed, or there are too many of them",
                )
                .help("keep what belongs together in one field, and test that");
            return None;
        }
        let tests = words.split(|word| *word == "and" || *word == "or");
        let tests: Option<Vec<Test>> = tests.map(|words| self.test(text, words)).collect();
        let tests = tests?;
        let mut locked: Vec<usize> = tests.iter().map(|test| test.field.state).collect();
        locked.retain(|at| self.module.states[*at].has_lock());
        locked.dedup();
        if locked.len() > 1 {
            self.problems
                .say(Kind::Lock, text, "the condition reads states with different locks")
                .why("while one is read the other changes, so that what was read never held together")
                .help("put the fields into one state");
            return None;
        }
        let locked = locked.first().copied();
        if locked.is_some_and(|at| self.module.states[at].sharing == Sharing::Mutex) {
            self.problems
                .say(Kind::Wait, text, "a wait condition cannot take a mutex")
                .why("it is tested when the thread has said that it sleeps; taking a mutex may sleep, and takes that back")
                .help("use shared = \"spinlock\", \"atomic\" or \"once\" for these fields");
            return None;
        }
        Some(Condition {
            tests,
            all: ors == 0,
            locked,
        })
    }

    fn test(&mut self, text: &At<String>, words: &[&str]) -> Option<Test> {
        let (negated, words) = match words {
            ["not", rest @ ..] => (true, rest),
            _ => (false, words),
        };
        let (path, compare) = match words {
            [path] => (*path, None),
            [path, operator, number] => (*path, Some((*operator, *number))),
            _ => return self.no_test(text, &words.join(" ")),
        };
        let path = At {
            value: path.to_owned(),
            range: text.range.clone(),
        };
        let field = self.field(&path)?;
        let kind = self.module.states[field.state].fields[field.field].kind;
        let compare = match compare {
            None => None,
            Some((operator, number)) => {
                let (Some(operator), Ok(number)) = (operator_of(operator), number.parse::<i64>())
                else {
                    return self.no_test(text, &words.join(" "));
                };
                if kind == Type::Bool {
                    self.problems
                        .say(Kind::Value, text, format!("`{}` is true or false", *path))
                        .help(format!("write {0}, or not {0}", *path));
                    return None;
                }
                if number < 0 && matches!(kind, Type::U32 | Type::U64) {
                    let what = format!("`{}` is never negative", *path);
                    self.problems.say(Kind::Value, text, what);
                    return None;
                }
                Some((operator, number))
            }
        };
        Some(Test {
            field,
            compare,
            negated,
        })
    }

    fn no_test(&mut self, text: &At<String>, words: &str) -> Option<Test> {
        let shown: String = words.chars().take(60).collect();
        self.problems
            .say(
                Kind::Value,
                text,
                format!("`{}` is no test", shown.escape_default()),
            )
            .help(
                "write state.field, not state.field, or state.field > 3, joined by and, or by or",
            );
        None
    }
}

fn operator_of(word: &str) -> Option<Compare> {
    Some(match word {
        "<" => Compare::Less,
        "<=" => Compare::AtMost,
        ">" => Compare::Greater,
        ">=" => Compare::AtLeast,
        "==" => Compare::Equal,
        "!=" => Compare::Unequal,
        _ => return None,
    })
}
