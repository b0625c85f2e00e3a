//! Other programs, bounded in time and in what they may say.

use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// What a program is given after it was asked to end.
const GRACE: Duration = Duration::from_secs(2);
/// How often it is looked whether a program has ended.
const LOOK: Duration = Duration::from_millis(50);
/// Read at once.
const CHUNK: usize = 64 << 10;

/// When a program is ended, whatever it does.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// After this time.
    pub time: Duration,
    /// After this many bytes of output.
    pub bytes: usize,
    /// After it has said nothing for so long.
    pub silence: Duration,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself.
    Exit(ExitStatus),
    /// It took longer than it was given.
    OutOfTime,
    /// It said more than is read.
    TooMuchOutput,
    /// It said nothing for too long.
    Silent,
    /// The listener had heard enough.
    Stopped,
}

impl End {
    /// Whether it did what it was asked.
    pub fn is_success(self) -> bool {
        matches!(self, End::Exit(status) if status.success())
    }
}

/// What to do after a piece of output.
#[derive(Clone, Copy, Debug)]
pub enum Next {
    /// Go on.
    Continue,
    /// End within this time.
    EndWithin(Duration),
}

/// Runs a program and hands its output, standard error included, to `hear` as it comes. What it started is ended with it,
/// if it leads a process group.
pub fn run(
    command: &mut Command,
    limits: Limits,
    mut hear: impl FnMut(&[u8]) -> Next,
) -> io::Result<End> {
    let (mut reader, writer) = io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = command.spawn()?;
    let group = group_of(&child);
    // The pipe ends when its last writer does; the command still holds two.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (pieces, inbox) = mpsc::sync_channel::<Vec<u8>>(4);
    thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        while let Ok(read @ 1..) = reader.read(&mut buffer) {
            if pieces.send(buffer[..read].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut deadline = Instant::now() + limits.time;
    let (mut left, mut why, mut heard) = (limits.bytes, End::OutOfTime, Instant::now());
    // What the program started may hold the pipe open after it has ended.
    let mut ended: Option<ExitStatus> = None;
    let end = loop {
        let wait = deadline.saturating_duration_since(Instant::now());
        match inbox.recv_timeout(wait.min(LOOK)) {
            Ok(piece) if piece.len() > left => {
                hear(&piece[..left]);
                break End::TooMuchOutput;
            }
            Ok(piece) => {
                left -= piece.len();
                heard = Instant::now();
                if let Next::EndWithin(time) = hear(&piece)
                    && Instant::now() + time < deadline
                {
                    deadline = Instant::now() + time;
                    why = End::Stopped;
                }
            }
            Err(RecvTimeoutError::Timeout) if heard.elapsed() >= limits.silence => {
                break ended.map_or(End::Silent, End::Exit);
            }
            Err(RecvTimeoutError::Timeout) if !wait.is_zero() => {}
            Err(RecvTimeoutError::Timeout) => break ended.map_or(why, End::Exit),
            Err(RecvTimeoutError::Disconnected) => match ended {
                Some(status) => break End::Exit(status),
                None if wait.is_zero() => break why,
                None => thread::sleep(wait.min(LOOK)),
            },
        }
        if ended.is_none() {
            ended = child.try_wait()?;
            if ended.is_some() {
                deadline = deadline.min(Instant::now() + GRACE);
            }
        }
    };
    stop(&mut child, group)?;
    Ok(end)
}

/// Runs a program that says little and gives what it said, if it succeeded.
pub fn ask(command: &mut Command) -> Option<String> {
    let mut text = Vec::new();
    let limits = Limits {
        time: Duration::from_secs(20),
        bytes: 1 << 20,
        silence: Duration::MAX,
    };
    let end = run(command, limits, |piece| {
        text.extend_from_slice(piece);
        Next::Continue
    });
    end.ok()?
        .is_success()
        .then(|| String::from_utf8_lossy(&text).into_owned())
}

/// The process group that a program leads.
fn group_of(child: &Child) -> Option<Pid> {
    let pid = Pid::from_raw(i32::try_from(child.id()).ok()?)?;
    (getpgid(Some(pid)) == Ok(pid)).then_some(pid)
}

/// Asks a program to end, so that it can end its own children, and ends it if it does not; then what is left of its group.
fn stop(child: &mut Child, group: Option<Pid>) -> io::Result<()> {
    let deadline = Instant::now() + GRACE;
    let mut asked = false;
    while child.try_wait()?.is_none() {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            break;
        }
        // It may end just now.
        match (group, pid) {
            _ if asked => {}
            (Some(group), _) => drop(kill_process_group(group, Signal::TERM)),
            (None, Some(pid)) => drop(kill_process(pid, Signal::TERM)),
            (None, None) => {}
        }
        asked = true;
        thread::sleep(Duration::from_millis(10));
    }
    if let Some(group) = group {
        // There may be nobody left in it.
        let _ = kill_process_group(group, Signal::KILL);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt as _;

    const LIMITS: Limits = Limits {
        time: Duration::from_secs(20),
        bytes: 1 << 20,
        silence: Duration::MAX,
    };

    fn shell(script: &str, limits: Limits, next: Next) -> (End, Vec<u8>) {
        let mut heard = Vec::new();
        let end = run(Command::new("sh").args(["-c", script]), limits, |piece| {
            heard.extend_from_slice(piece);
            next
        });
        (end.unwrap(), heard)
    }

    #[test]
    fn output_and_status_are_handed_on() {
        let (end, heard) = shell("echo a; echo b >&2; exit 3", LIMITS, Next::Continue);
        assert_eq!(heard, b"a\nb\n");
        assert!(matches!(end, End::Exit(status) if status.code() == Some(3)));
    }

    #[test]
    fn what_takes_too_long_is_ended() {
        let limits = Limits {
            time: Duration::from_millis(200),
            ..LIMITS
        };
        assert_eq!(
            shell("exec sleep 60", limits, Next::Continue).0,
            End::OutOfTime
        );
        let deaf = "trap '' TERM; while :; do sleep 0.1; done";
        assert_eq!(shell(deaf, limits, Next::Continue).0, End::OutOfTime);
    }

    #[test]
    fn what_says_nothing_is_ended() {
        let limits = Limits {
            silence: Duration::from_millis(300),
            ..LIMITS
        };
        let (end, heard) = shell("echo a; exec sleep 60", limits, Next::Continue);
        assert_eq!((end, heard.as_slice()), (End::Silent, b"a\n".as_slice()));
    }

    #[test]
    fn what_says_too_much_is_ended() {
        let limits = Limits {
            bytes: 1000,
            ..LIMITS
        };
        let (end, heard) = shell("yes", limits, Next::Continue);
        assert_eq!((end, heard.len()), (End::TooMuchOutput, 1000));
    }

    #[test]
    fn the_listener_can_end_it() {
        let next = Next::EndWithin(Duration::from_millis(100));
        let (end, heard) = shell("echo enough; exec sleep 60", LIMITS, next);
        assert_eq!(
            (end, heard.as_slice()),
            (End::Stopped, b"enough\n".as_slice())
        );
    }

    #[test]
    fn a_program_that_says_nothing_more_is_ended_too() {
        let limits = Limits {
            time: Duration::from_millis(200),
            ..LIMITS
        };
        let (end, _) = shell("exec >&- 2>&-; exec sleep 60", limits, Next::Continue);
        assert_eq!(end, End::OutOfTime);
    }

    #[test]
    fn what_a_program_leaves_behind_does_not_hold_it_up() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let mkfifo = Command::new("mkfifo").arg(&pipe).status();
        assert!(mkfifo.unwrap().success());
        let script = format!("exec 3>{}; sleep 60 & echo done", pipe.display());
        // The pipe ends when nobody holds it any more.
        let end = thread::spawn(move || std::fs::read(pipe).unwrap());
        let begin = Instant::now();
        let mut command = Command::new("sh");
        command.args(["-c", &script]).process_group(0);
        let ended = run(&mut command, LIMITS, |_| Next::Continue).unwrap();
        assert!(ended.is_success() && end.join().unwrap().is_empty());
        assert!(begin.elapsed() < LIMITS.time);
    }
}
