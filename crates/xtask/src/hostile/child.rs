//! One run of the linter in a process of its own.

use anyhow::{Context, Result};
use clap::{Args, Parser};
use rustix::time::{ClockId, clock_gettime};
use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Seconds of processor time that no input may exceed; how long that takes hangs on the machine.
const LIMIT: f64 = 10.0;

/// When a run is ended that does not come to an end by itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// Nor more memory.
const LARGEST: u64 = 1 << 20;

/// Marks the line that says how much memory the child took.
const PEAK: &str = "peak KiB: ";

/// Marks the line that says how much processor time it took.
const SECONDS: &str = "CPU seconds: ";

/// Arguments that are handed on to kloom.
#[derive(Args, Debug)]
pub struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Runs kloom inside this process and says at the end how much memory and time it took.
pub fn pass(passed: &Passed) -> ExitCode {
    let name = OsString::from("kloom");
    let args = kloom::Args::parse_from([name].iter().chain(&passed.args));
    let status = kloom::run(args);
    eprintln!("{PEAK}{}", peak_kib().unwrap_or_default());
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    eprintln!("{SECONDS}{}.{:09}", spent.tv_sec, spent.tv_nsec);
    status
}

/// The most memory this process ever had, where the system tells.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// What a run did.
pub struct Outcome {
    /// Processor time.
    pub seconds: f64,
    pub peak_kib: u64,
    /// What is wrong with that.
    pub faults: Vec<String>,
}

/// Lints files with every rule on.
pub fn lint(format: &str, files: &[PathBuf]) -> Result<Outcome> {
    let begun = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .args([
            "kloom",
            "lint",
            "--profile",
            "strict",
            "--statistics",
            "--format",
            format,
        ])
        .args(files)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdout = child.stdout.take().context("no output")?;
    let mut stderr = child.stderr.take().context("no error output")?;
    let out = std::thread::spawn(move || slurp(&mut stdout));
    let err = std::thread::spawn(move || slurp(&mut stderr));
    let mut faults = Vec::new();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            faults.push(format!("it ran for more than {} s", PATIENCE.as_secs()));
            break child.wait()?;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let out = out.join().unwrap_or_default();
    let err = String::from_utf8_lossy(&err.join().unwrap_or_default()).into_owned();
    let told = |mark| err.lines().find_map(|line| line.strip_prefix(mark));
    let peak_kib = told(PEAK).and_then(|n| n.parse().ok()).unwrap_or(0);
    let seconds = told(SECONDS).and_then(|n| n.parse().ok());
    let seconds = seconds.unwrap_or_else(|| begun.elapsed().as_secs_f64());
    if seconds > LIMIT && faults.is_empty() {
        faults.push(format!("it took more than {LIMIT} s"));
    }
    if !matches!(status.code(), Some(0 | 1)) && faults.is_empty() {
        faults.push(format!("it ended with {status}: {}", err.trim()));
    }
    if err.contains("internal error") || err.contains("panicked") {
        faults.push(format!("it panicked: {}", err.trim()));
    }
    if peak_kib >= LARGEST {
        faults.push(format!("it took {} MiB", peak_kib / 1024));
    }
    for (name, text) in [("output", out.as_slice()), ("error output", err.as_bytes())] {
        if let Some(raw) = raw(text) {
            faults.push(format!("its {name} holds {raw}"));
        }
    }
    Ok(Outcome {
        seconds,
        peak_kib,
        faults,
    })
}

fn slurp(stream: &mut impl Read) -> Vec<u8> {
    let mut text = Vec::new();
    // What could be read is judged; a broken pipe shows in the exit status.
    let _ = stream.read_to_end(&mut text);
    text
}

/// The first thing in an output that a terminal or a page could act on.
fn raw(output: &[u8]) -> Option<String> {
    let Ok(text) = std::str::from_utf8(output) else {
        return Some("bytes that are not UTF-8".to_owned());
    };
    let acts = |c: &char| {
        let control = c.is_control() && *c != '\n';
        let direction = matches!(*c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        control || direction
    };
    text.chars().find(acts).map(|c| format!("{c:?}"))
}

#[cfg(test)]
mod tests {
    use super::raw;

    #[test]
    fn what_a_terminal_acts_on_is_seen() {
        for bad in ["\x1b[31m", "a\rb", "\u{9b}1m", "\u{202e}x", "a\tb", "\x7f"] {
            assert!(raw(bad.as_bytes()).is_some(), "{bad:?}");
        }
        assert!(raw(&[0xff]).is_some());
        assert!(raw("plain é ─ text\n".as_bytes()).is_none());
    }
}
