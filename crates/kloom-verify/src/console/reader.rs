//! Reads a console as it comes in: every byte once, in bounded memory.

use super::block::{Block, Goes, Section, Writer};
use super::frame::Frame;
use super::imitation::{State, Texts};
use super::kinds::{Kind, Kinds};
use super::line::{Line, Splitter};
use super::pattern::any;
use super::report::{Console, Doubt, Imitation, Origin, Report, Step};
use kloom_report::clean_line;
use std::collections::HashMap;

/// More reports at a time than this do not go on; one for each CPU is more than a kernel makes.
const OPEN: usize = 32;
/// More different reports than this are only counted; imitations must not use up what is for real ones.
const MOST: usize = 256;
const MOST_IMITATED: usize = 32;
/// A headline is shown as far as this.
const SHOWN: usize = 400;

/// The module that is looked at.
#[derive(Debug, Default)]
pub struct Subject {
    /// Names of modules as the kernel has them; frames in others do not count. All count if there are none.
    pub modules: Vec<String>,
    /// The texts that they could print.
    pub texts: Texts,
}

/// Reads a console.
#[derive(Debug)]
pub struct Reader<'a> {
    splitter: Splitter,
    state: Lines<'a>,
}

#[derive(Debug)]
struct Lines<'a> {
    subject: &'a Subject,
    kinds: &'static Kinds,
    open: Vec<Block>,
    console: Console,
    /// Reports with the same key are one.
    known: HashMap<Key, usize>,
    /// Whether printk's lines have timestamps, and whether they have callers.
    stamped: bool,
    called: bool,
    last: Vec<u8>,
    /// A report of a kind that is the last was made.
    last_report: bool,
}

/// What two reports have in common that are the same one again.
type Key = (usize, Origin, Option<Frame>, Option<Vec<u8>>);

impl<'a> Reader<'a> {
    /// A reader that has read nothing yet.
    pub fn new(subject: &'a Subject) -> Reader<'a> {
        Reader {
            splitter: Splitter::default(),
            state: Lines {
                subject,
                kinds: Kinds::builtin(),
                open: Vec::new(),
                console: Console::default(),
                known: HashMap::new(),
                stamped: false,
                called: false,
                last: Vec::new(),
                last_report: false,
            },
        }
    }

    /// Reads what came in.
    pub fn push(&mut self, bytes: &[u8]) {
        let state = &mut self.state;
        self.splitter.push(bytes, |line| state.line(line));
    }

    /// Whether a report was made behind which a kernel may never say anything again.
    pub fn is_last(&self) -> bool {
        let state = &self.state;
        let last = |block: &Block| {
            let kind = state.kinds.get(block.kind);
            kind.shape.last == Some(true) && state.origin(block) == Origin::Kernel
        };
        state.last_report || state.open.iter().any(last)
    }

    /// What the console said; `state` is what the guest said of its kernel at the end.
    pub fn finish(self, state: State) -> Console {
        let mut lines = self.state;
        self.splitter.finish(|line| lines.line(line));
        for mut block in std::mem::take(&mut lines.open) {
            block.cut = true;
            lines.close(block);
        }
        let mut console = lines.console;
        console.last = shown(&lines.last);
        for report in &mut console.reports {
            match report.origin {
                Origin::Module(_) => {}
                _ if !state.allows(report.kind) => {
                    report.origin = Origin::Module(Imitation::State);
                }
                // What only the kernel does was done.
                Origin::Unclear(Doubt::Text) if state.shows(report.kind) => {
                    report.origin = Origin::Kernel;
                }
                _ => {}
            }
        }
        console.reports.sort_by_key(|report| *report.lines.start());
        console
    }
}

impl Lines<'_> {
    fn line(&mut self, raw: &[u8]) {
        self.console.lines += 1;
        let number = self.console.lines;
        let line = Line::parse(raw);
        if line.text.starts_with(b"** ") && line.text.ends_with(b" messages dropped **") {
            self.open.iter_mut().for_each(|block| block.cut = true);
            return;
        }
        self.stamped |= line.time.is_some();
        self.called |= line.caller.is_some();
        if !line.text.trim_ascii().is_empty() {
            self.last.clear();
            self.last
                .extend_from_slice(&line.text[..line.text.len().min(SHOWN)]);
        }
        let writer = Writer {
            caller: line.caller,
            printk: line.time.is_some() || !self.stamped,
        };
        let mut at = self.open.iter().position(|block| block.is_by(writer));
        if let Some(over) = at.filter(|at| self.open[*at].is_over(self.kinds, line.time)) {
            let block = self.open.remove(over);
            self.close(block);
            at = None;
        }
        if let Some((kind, which)) = self.kinds.of_headline(line.text)
            && self.may_be_written_by(kind, writer)
        {
            let kinds = self.kinds;
            if !at.is_some_and(|at| self.open[at].takes_headline(kinds, kind, which, line.text)) {
                if let Some(at) = at {
                    // Another report begins: a stack that was begun is as complete as it gets.
                    let block = self.open.remove(at);
                    self.close(block);
                }
                if self.open.len() == OPEN {
                    let mut oldest = self.open.remove(0);
                    oldest.cut = true;
                    self.close(oldest);
                }
                self.open
                    .push(Block::new(kind, which, writer, number, &line));
                at = Some(self.open.len() - 1);
            }
        } else if at.is_none() && line.text.starts_with(b"NMI backtrace for cpu ") {
            at = self.adopting();
            if let Some(at) = at {
                self.open[at].adopt(writer);
            }
        }
        if let Some(at) = at {
            let subject = self.subject;
            match self.open[at].add(self.kinds, |frame| subject.has(frame), number, &line) {
                Goes::On => {}
                Goes::Ends | Goes::Ended => {
                    let block = self.open.remove(at);
                    self.close(block);
                }
            }
        }
    }

    /// Programs write to the same terminal, but no reports of printk; what is no report of printk
    /// and comes through it is an imitation, which is said when the block is closed.
    fn may_be_written_by(&self, kind: usize, writer: Writer) -> bool {
        writer.printk || !self.stamped || !self.kinds.get(kind).shape.printed()
    }

    /// The report that waits for stacks of other CPUs.
    fn adopting(&self) -> Option<usize> {
        self.open
            .iter()
            .rposition(|block| self.kinds.get(block.kind).shape.adopts == Some(true))
    }

    fn close(&mut self, block: Block) {
        let kind = self.kinds.get(block.kind);
        let origin = self.origin(&block);
        self.last_report |= kind.shape.last == Some(true) && origin == Origin::Kernel;
        if any(&kind.follows, &block.headline)
            && let Some(last) = self
                .console
                .reports
                .iter_mut()
                .max_by_key(|r| *r.lines.end())
            && !matches!(last.origin, Origin::Module(_))
        {
            last.then.get_or_insert_with(|| shown(&block.headline));
            return;
        }
        let (guilty, callers, steps) = placed(kind, &block.sections);
        let named = guilty.is_none().then(|| without_numbers(&block.headline));
        let mut place = guilty.clone();
        if let Some(frame) = place.as_mut().filter(|_| kind.shape.sampled == Some(true)) {
            frame.forget_offset();
        }
        let key = (block.kind, origin, place, named);
        if let Some(known) = self.known.get(&key) {
            self.console.reports[*known].count += 1;
            return;
        }
        let imitated = matches!(origin, Origin::Module(_));
        let same = self.console.reports.iter();
        let same = same.filter(|r| matches!(r.origin, Origin::Module(_)) == imitated);
        if same.count() >= if imitated { MOST_IMITATED } else { MOST } {
            self.console.more += 1;
            return;
        }
        self.known.insert(key, self.console.reports.len());
        self.console.reports.push(Report {
            kind,
            headline: shown(&block.headline),
            origin,
            guilty,
            callers,
            steps,
            lines: block.first..=block.last,
            time: block.began,
            count: 1,
            then: None,
        });
    }

    fn origin(&self, block: &Block) -> Origin {
        let kind = self.kinds.get(block.kind);
        let printed = kind.shape.printed();
        if self.stamped && block.writer.printk && !printed {
            return Origin::Module(Imitation::Way);
        }
        if block.other_task {
            return Origin::Module(Imitation::Task);
        }
        let mut like = kind.headlines.iter().chain(&kind.marks);
        // A module prints with printk only.
        let held = (printed || !self.stamped)
            && like.any(|like| {
                let texts = &self.subject.texts;
                like.matches(&block.headline) && texts.could_give(&block.headline, like)
            });
        match block.is_whole(self.kinds) {
            true if held => Origin::Unclear(Doubt::Text),
            true => Origin::Kernel,
            false if held => Origin::Module(Imitation::Text),
            // Without callers the lines of another CPU may have ended it.
            false if block.cut || !self.called && printed => Origin::Unclear(Doubt::Cut),
            false => Origin::Module(Imitation::Shape),
        }
    }
}

impl Subject {
    fn has(&self, frame: &Frame) -> bool {
        match &frame.module {
            Some(module) => self.modules.is_empty() || self.modules.contains(module),
            None => frame.is_in_a_gone_module(),
        }
    }
}

/// The guilty frame, what called it, and the steps.
fn placed(kind: &'static Kind, sections: &[Section]) -> (Option<Frame>, Vec<Frame>, Vec<Step>) {
    let with_frames = || {
        sections
            .iter()
            .enumerate()
            .filter(|(_, s)| !s.frames.is_empty())
    };
    let ranked = with_frames().filter(|(_, s)| s.guilty.is_some());
    let guilty = ranked
        .min_by_key(|(at, s)| (s.guilty, *at))
        .or_else(|| with_frames().find(|(_, s)| s.step.is_none()))
        .or_else(|| with_frames().next())
        .map(|(at, _)| at);
    let Some(guilty) = guilty else {
        return (None, Vec::new(), Vec::new());
    };
    let mut frames = sections[guilty].frames.clone();
    let first = frames.remove(0);
    frames.dedup();
    frames.retain(|frame| *frame != first);
    let mut steps = Vec::new();
    for (_, section) in with_frames().filter(|(at, _)| *at != guilty) {
        if let (Some(step), Some(frame)) = (section.step, section.frames.first()) {
            let step = Step {
                says: &kind.steps[step].1,
                frame: frame.clone(),
            };
            if step.frame != first && !steps.contains(&step) {
                steps.push(step);
            }
        }
    }
    (Some(first), frames, steps)
}

/// A line for people, harmless and not too long.
fn shown(text: &[u8]) -> String {
    let text = &text[..text.len().min(SHOWN)];
    clean_line(String::from_utf8_lossy(text).trim_end())
}

/// A headline without what differs from one time to the next.
fn without_numbers(headline: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(headline.len());
    for b in headline {
        match b.is_ascii_digit() || (b.is_ascii_hexdigit() && text.last() == Some(&b'#')) {
            true if text.last() == Some(&b'#') => {}
            true => text.push(b'#'),
            false => text.push(*b),
        }
    }
    text
}
