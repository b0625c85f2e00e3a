//! A counter on the terminal while long work goes on.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Work shorter than this shows nothing.
const QUIET: Duration = Duration::from_millis(500);
/// Characters of a whole bar.
const BAR: usize = 30;
/// Between two updates.
const STEP: Duration = Duration::from_millis(100);

/// Counts things on standard error, if that is a terminal.
#[derive(Debug)]
pub struct Progress {
    total: usize,
    things: &'static str,
    done: usize,
    /// When to draw next; `None` never.
    next: Option<Instant>,
    drawn: bool,
}

impl Progress {
    /// A counter of things up to `total`.
    pub fn new(total: usize, things: &'static str) -> Progress {
        let next = io::stderr().is_terminal().then(|| Instant::now() + QUIET);
        Progress {
            total,
            things,
            done: 0,
            next,
            drawn: false,
        }
    }

    /// One more is done.
    pub fn step(&mut self) {
        self.done += 1;
        if self.next.is_some_and(|next| Instant::now() >= next) {
            self.next = Some(Instant::now() + STEP);
            self.drawn = true;
            // A terminal that cannot be written to is no reason to fail.
            let _ = write!(io::stderr(), "\r{}\x1b[K", self.bar());
        }
    }

    /// One more is done of a number that was not known before.
    pub fn step_of(&mut self, total: usize) {
        self.total = total;
        self.step();
    }

    /// `[####------] 4 of 10 files`.
    fn bar(&self) -> String {
        let filled = (self.done * BAR)
            .checked_div(self.total)
            .unwrap_or(0)
            .min(BAR);
        let (done, left) = ("#".repeat(filled), "-".repeat(BAR - filled));
        format!(
            "[{done}{left}] {} of {} {}",
            self.done, self.total, self.things
        )
    }

    /// Takes the counter off the terminal, so that other lines can be written.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
