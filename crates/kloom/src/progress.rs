//! A counter on the terminal while long work goes on.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Work shorter than this shows nothing.
const QUIET: Duration = Duration::from_millis(500);
/// Between two updates.
const STEP: Duration = Duration::from_millis(100);

/// Counts files on standard error, if that is a terminal.
#[derive(Debug)]
pub struct Progress {
    total: usize,
    done: usize,
    /// When to draw next; `None` never.
    next: Option<Instant>,
    drawn: bool,
}

impl Progress {
    /// A counter up to `total`.
    pub fn new(total: usize) -> Progress {
        let next = io::stderr().is_terminal().then(|| Instant::now() + QUIET);
        Progress {
            total,
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
            let _ = write!(io::stderr(), "\r{} of {} files", self.done, self.total);
        }
    }

    /// Takes the counter off the terminal, so that other lines can be written.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
