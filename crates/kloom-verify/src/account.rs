//! What a guest's own script says, told from what modules, programs and the kernel say.
//!
//! Its lines begin with a random word and are written by task 1, which runs no code of a module.

use crate::console::{self, Caller, Line};

/// What the guest itself said, in its order.
#[derive(Debug, Default)]
pub struct Account {
    /// What became of loading and unloading.
    pub outcomes: Vec<Outcome>,
    /// Sections of modules with their addresses.
    pub sections: Vec<(String, String, u64)>,
    /// What the exercise script said.
    pub exercise: Vec<String>,
    /// The kernel's state at the end.
    pub state: console::State,
    /// How many threads are made where that succeeds, if the modules loaded all the same when it did not.
    pub hidden: Option<u32>,
    /// How many rounds were begun.
    pub rounds: u32,
    /// The guest came up.
    pub started: bool,
    /// It came to its end.
    pub ended: bool,
}

/// What became of loading or unloading a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The round, from 1; 0 is the trial before failures are made.
    pub round: u32,
    /// It was loaded, not unloaded.
    pub load: bool,
    /// Its name.
    pub module: String,
    /// What came of it.
    pub status: Status,
    /// What was said about it.
    pub error: String,
}

/// How `insmod` or `rmmod` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it should.
    Done,
    /// It was refused.
    Refused,
    /// The kernel killed it.
    Killed,
    /// It did not end.
    Stuck,
}

impl Account {
    /// Takes what the guest said itself out of a console.
    pub fn read(text: &[u8], tag: &str) -> Account {
        let mut account = Account::default();
        let lines = || text.split(|byte| *byte == b'\n').map(Line::parse);
        let called = lines().any(|line| line.caller.is_some());
        for line in lines() {
            let of_init = line.caller == Some(Caller::Task(1)) || !called;
            let said = line.text.strip_prefix(tag.as_bytes());
            if let Some(said) = said.and_then(|said| said.strip_prefix(b" "))
                && of_init
            {
                account.line(String::from_utf8_lossy(said).trim_end());
            }
        }
        account
    }

    fn line(&mut self, said: &str) {
        let mut words = said.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default();
        match word() {
            "start" => self.started = true,
            "end" => self.ended = true,
            "round" => self.rounds = word().parse().unwrap_or(self.rounds),
            kind @ ("load" | "unload") => {
                let module = name(word());
                let status = match word() {
                    "0" => Status::Done,
                    "stuck" => Status::Stuck,
                    status if status.parse().is_ok_and(|status: i32| status > 128) => {
                        Status::Killed
                    }
                    _ => Status::Refused,
                };
                self.outcomes.push(Outcome {
                    round: self.rounds,
                    load: kind == "load",
                    module,
                    status,
                    error: word().to_owned(),
                });
            }
            "section" => {
                let (module, section, address) = (name(word()), word(), word());
                let digits = address.trim_start_matches("0x");
                if let Ok(address) = u64::from_str_radix(digits, 16) {
                    self.sections.push((module, section.to_owned(), address));
                }
            }
            "exercise" => self
                .exercise
                .push(said.trim_start_matches("exercise ").to_owned()),
            "hidden" => self.hidden = word().parse().ok(),
            "tainted" => self.state.tainted = word().parse().ok(),
            "locks" => self.state.lockdep = said.split_whitespace().last().map(|on| on == "1"),
            _ => {}
        }
    }
}

/// The module of a file of the guest.
fn name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or_default();
    file.strip_suffix(".ko").unwrap_or(file).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guest_gives_account() {
        let text = b"[    1.0][    T1] early\r\n[    1.000000][    T1] w3 start\r\n\
            [    1.050000][    T1] w3 load /m/a_b.ko 0 \r\n\
            [    1.100000][    T1] w3 round 1\r\n[    1.200000][    T1] w3 load /m/a_b.ko 0 \r\n\
            [    1.200000][    T1] w4 end\r\n\
            [    1.200000][    T1] w3 section /m/a_b.ko .text 0xffffffffa0000000\r\n\
            [    1.300000][    T1] w3 unload /m/a_b.ko 137 \r\n[    1.400000][    T1] w3 tainted 4736\r\n\
            [    1.400000][    T1] w3 locks debug_locks: 0\r\n[    1.500000][    T1] w3 hidden 2\r\n";
        let account = Account::read(text, "w3");
        assert!(account.started && !account.ended);
        assert_eq!(account.rounds, 1);
        let seen: Vec<_> = account
            .outcomes
            .iter()
            .map(|o| (o.round, o.load, o.status))
            .collect();
        assert_eq!(
            seen,
            [
                (0, true, Status::Done),
                (1, true, Status::Done),
                (1, false, Status::Killed)
            ]
        );
        assert_eq!(account.outcomes[0].module, "a_b");
        let text = (
            String::from("a_b"),
            String::from(".text"),
            0xffff_ffff_a000_0000,
        );
        assert_eq!(account.sections, [text]);
        assert_eq!(account.state.tainted, Some(4736));
        assert_eq!(account.state.lockdep, Some(false));
        assert_eq!(account.hidden, Some(2));
    }

    #[test]
    fn nobody_else_can_give_account() {
        let text = b"[    1.000000][    T1] w3 start\n[    1.100000][   T45] w3 unload m 0\n\
            [    1.100000][    C0] w3 round 7\nw3 tainted 0\n[    1.200000][    T1] m: w3 end\n";
        let account = Account::read(text, "w3");
        assert!(account.started && !account.ended && account.outcomes.is_empty());
        assert_eq!((account.rounds, account.state.tainted), (0, None));
        // Without callers the word is all there is.
        assert!(Account::read(b"[    1.200000] w3 end\n", "w3").ended);
    }
}
