//! A report while its lines come in.

use super::frame::Frame;
use super::kinds::{Kind, Kinds};
use super::line::{Caller, Line, number};
use super::pattern::any;

/// A report longer than this has ended.
const LONGEST: u64 = 1000;
/// More stacks and places than this are not kept.
const SECTIONS: usize = 24;
/// More frames of one stack than this are not kept.
const FRAMES: usize = 16;
/// Lines that name code which has nothing to do with what is reported: guesses of a stack, too.
const ASIDES: [&[u8]; 4] = [
    b"? ",
    b"hardirqs last ",
    b"softirqs last ",
    b"Modules linked in:",
];
/// Silence that ends a report, in seconds.
const PAUSE: u64 = 3;

/// Who writes: lines of different writers may stand between each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    /// Not known without `CONFIG_PRINTK_CALLER`.
    pub caller: Option<Caller>,
    /// Through printk, or else from a program.
    pub printk: bool,
}

/// A stack or place of a report.
#[derive(Clone, Debug)]
pub(super) struct Section {
    /// Which of the kind's guilty patterns its first line matched.
    pub guilty: Option<usize>,
    /// Which of the kind's steps.
    pub step: Option<usize>,
    /// It has come to lines that are frames.
    stack: bool,
    /// Its frames in the module.
    pub frames: Vec<Frame>,
}

/// Whether a line was the last of its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goes {
    On,
    /// This line was its last.
    Ends,
    /// This line is no longer part of it.
    Ended,
}

#[derive(Debug)]
pub(super) struct Block {
    pub kind: usize,
    /// The most telling line so far, and which headline of its kind it is; marks have none.
    pub headline: Vec<u8>,
    which: usize,
    pub sections: Vec<Section>,
    /// The lines that the kind needs and that were there: one bit each.
    seen: u64,
    pub writer: Writer,
    /// CPUs whose stacks belong to it.
    adopted: Vec<Writer>,
    pub first: u64,
    pub last: u64,
    pub began: Option<u64>,
    time: Option<u64>,
    /// Lines kept apart from `last - first`, which counts those of others, too.
    length: u64,
    /// It has reached its stack: a headline after that is another report's.
    in_stack: bool,
    /// It was cut off, or lines were lost.
    pub cut: bool,
    /// The task that its dump names is not the one that writes.
    pub other_task: bool,
}

impl Block {
    pub fn new(kind: usize, which: usize, writer: Writer, number: u64, line: &Line<'_>) -> Block {
        Block {
            kind,
            headline: line.text.to_vec(),
            which,
            sections: Vec::new(),
            seen: 0,
            writer,
            adopted: Vec::new(),
            first: number,
            last: number,
            began: line.time,
            time: line.time,
            length: 0,
            in_stack: false,
            cut: false,
            other_task: false,
        }
    }

    /// Whether a line of this writer may be one of its.
    pub fn is_by(&self, writer: Writer) -> bool {
        self.writer == writer || self.adopted.contains(&writer)
    }

    /// Takes in the stack of another CPU.
    pub fn adopt(&mut self, writer: Writer) {
        if self.adopted.len() < 64 {
            self.adopted.push(writer);
        }
    }

    /// Whether so much time has passed that it must have ended.
    pub fn is_over(&self, kinds: &Kinds, now: Option<u64>) -> bool {
        let pause = kinds.get(self.kind).shape.pause.unwrap_or(PAUSE) * 1_000_000;
        matches!((self.time, now), (Some(then), Some(now)) if now > then.saturating_add(pause))
    }

    /// Whether a headline belongs to it, and if so takes it in.
    pub fn takes_headline(
        &mut self,
        kinds: &Kinds,
        kind: usize,
        which: usize,
        text: &[u8],
    ) -> bool {
        if self.in_stack {
            return false;
        }
        if kind == self.kind {
            if which == self.which {
                return false;
            }
            if which < self.which {
                self.show(kind, which, text);
            }
            return true;
        }
        if kinds.get(kind).refines.contains(&self.kind) {
            self.show(kind, which, text);
            return true;
        }
        kinds.get(self.kind).refines.contains(&kind)
    }

    fn show(&mut self, kind: usize, which: usize, text: &[u8]) {
        if kind != self.kind {
            // What was seen so far counts from the lines of the other kind.
            self.seen = 0;
        }
        self.kind = kind;
        self.which = which;
        self.headline = text.to_vec();
    }

    /// Takes in a line that is no headline, or is one of its own.
    pub fn add(
        &mut self,
        kinds: &Kinds,
        ours: impl Fn(&Frame) -> bool,
        number: u64,
        line: &Line<'_>,
    ) -> Goes {
        let text = line.text.trim_ascii_start();
        if let Some(kind) = kinds.of_mark(self.kind, text) {
            self.kind = kind;
        }
        let kind = kinds.get(self.kind);
        let shape = &kind.shape;
        let headline = number == self.first;
        if let Some(lasts) = &shape.lasts
            && !headline
            && !any(lasts, line.text)
        {
            return Goes::Ended;
        }
        self.last = number;
        self.time = line.time.or(self.time);
        self.length += 1;
        for (bit, need) in shape.needs().iter().enumerate().take(64) {
            if self.seen & (1 << bit) == 0 && need.matches(text) {
                self.seen |= 1 << bit;
            }
        }
        self.check_task(text);
        self.place(kind, text, ours);
        let one_line = shape.lasts.as_ref().is_some_and(|lasts| lasts.is_empty());
        match self.length >= LONGEST || one_line || any(shape.ends(), text) {
            true if self.length >= LONGEST => {
                self.cut = true;
                Goes::Ends
            }
            true => Goes::Ends,
            false => Goes::On,
        }
    }

    /// Puts the frames of a line where they belong.
    fn place(&mut self, kind: &Kind, text: &[u8], ours: impl Fn(&Frame) -> bool) {
        if ASIDES.iter().any(|aside| text.starts_with(aside)) {
            return;
        }
        let stack = Frame::of_stack_line(text);
        let guilty = kind.guilty.iter().position(|pattern| pattern.matches(text));
        let step = kind
            .steps
            .iter()
            .position(|(pattern, _)| pattern.matches(text));
        let trace = text.starts_with(b"Call Trace:");
        let starts = trace || text.starts_with(b"RIP: ") || guilty.is_some() || step.is_some();
        // A stack goes as far as its lines are frames.
        let ends = self.sections.last().is_none_or(|section| section.stack) && stack.is_none();
        let mark = text.starts_with(b"<");
        if (starts || ends && !mark) && self.sections.len() < SECTIONS {
            self.sections.push(Section {
                guilty,
                step,
                stack: false,
                frames: Vec::new(),
            });
        }
        self.in_stack |= trace;
        let Some(section) = self.sections.last_mut() else {
            return;
        };
        section.stack |= stack.is_some();
        let frames = match stack {
            Some(frame) => vec![frame],
            None => Frame::within(text),
        };
        let room = FRAMES.saturating_sub(section.frames.len());
        section
            .frames
            .extend(frames.into_iter().filter(ours).take(room));
    }

    /// `CPU: 1 UID: 0 PID: 46 Comm: rmmod …` is what the current task says of itself.
    fn check_task(&mut self, text: &[u8]) {
        let Some(Caller::Task(task)) = self.writer.caller else {
            return;
        };
        if !text.starts_with(b"CPU: ") || !self.adopted.is_empty() {
            return;
        }
        let pid = memchr::memmem::find(text, b" PID: ").and_then(|at| number(&text[at + 6..]));
        self.other_task |= pid.is_some_and(|(pid, _)| pid != u64::from(task));
    }

    /// Whether it has every line that a report of its kind has.
    pub fn is_whole(&self, kinds: &Kinds) -> bool {
        let needs = kinds.get(self.kind).shape.needs().len().min(64) as u32;
        u64::from(self.seen.count_ones()) == u64::from(needs)
    }
}
