//! Stretches of time.

use super::Checker;
use super::name::Given;
use crate::problem::Kind;
use crate::{At, Period};
use core::time::Duration;

/// Waiting longer than this has other means than a thread.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// A thread that rounds faster than this uses up a processor.
const SHORTEST: Duration = Duration::from_micros(50);

impl Checker<'_> {
    /// A stretch of time between rounds.
    pub(super) fn period(&mut self, text: &At<String>) -> Option<Period> {
        if let Some(Given::Parameter(at)) = self.given(text) {
            if self.module.parameters[at].min == 0 {
                self.problems
                    .say(
                        Kind::Value,
                        text,
                        format!("the parameter `{}` can be 0", **text),
                    )
                    .why("a period of zero never ends a round, and a timeout of zero is none")
                    .help("give the parameter a min");
            }
            return Some(Period::Parameter(at));
        }
        let help =
            "write a number and its unit: 500us, 20ms, 1s or 2min; or the name of a parameter";
        let Some(time) = duration(text) else {
            let what = format!("`{}` is no stretch of time", text.escape_default());
            self.problems.say(Kind::Value, text, what).help(help);
            return None;
        };
        if time.is_zero() {
            self.problems
                .say(Kind::Value, text, "a period of zero never ends a round")
                .why("the thread would use up a processor, and nothing else could run on it")
                .help(help);
            return None;
        }
        if !(SHORTEST..=LONGEST).contains(&time) {
            self.problems
                .say(
                    Kind::Value,
                    text,
                    "the period is shorter than 50us or longer than a day",
                )
                .help(help);
            return None;
        }
        Some(Period::Fixed(time))
    }
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit.trim_start() {
        "us" => Some(Duration::from_micros(number)),
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "min" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
}
