//! What user space sees.

use super::Checker;
use super::action::Place;
use super::name::Given;
use crate::problem::Kind;
use crate::{At, Attribute, Context, Device, FieldRef, Page, raw};

impl Checker<'_> {
    /// Files, devices and attributes; and the hooks that nobody calls.
    pub(super) fn files(&mut self) {
        let raw = self.raw;
        for page in &raw.proc {
            let page = self.page(page);
            self.module.procs.push(page);
        }
        for page in &raw.debugfs {
            let page = self.page(page);
            self.module.debugfs.push(page);
        }
        for device in &raw.misc_device {
            let device = self.device(device);
            self.module.devices.push(device);
        }
        for attribute in &raw.sysfs {
            let attribute = self.attribute(attribute);
            self.module.attributes.push(attribute);
        }
        self.report_unused_hooks();
        let things = self.module.threads.len() + self.module.works.len() + self.module.timers.len();
        if things == 0 && self.module.devices.is_empty() {
            self.problems
                .say(Kind::Value, &raw.module.name, "the module does nothing")
                .help("give it a [[thread]], a [[work]], a [[timer]] or a [[misc_device]]");
        }
    }

    fn page(&mut self, raw: &raw::Page) -> Page {
        if raw.shows.is_empty() {
            self.problems
                .say(Kind::Value, &raw.name, "this file shows nothing");
        }
        Page {
            name: raw.name.value.clone(),
            shows: raw
                .shows
                .iter()
                .filter_map(|path| self.field(path))
                .collect(),
        }
    }

    fn device(&mut self, raw: &raw::Device) -> Device {
        let named = self.named(&raw.name, raw.about.as_ref());
        let reads = raw
            .reads
            .as_ref()
            .and_then(|fifo| self.refer(fifo, "a fifo", Given::fifo));
        let writes = raw
            .writes
            .as_ref()
            .and_then(|fifo| self.refer(fifo, "a fifo", Given::fifo));
        if reads.is_none() && writes.is_none() {
            self.problems
                .say(
                    Kind::Value,
                    &raw.name,
                    "this device can be neither read nor written",
                )
                .help("add reads = \"FIFO\" or writes = \"FIFO\"");
        }
        if let Some(fifo) = reads {
            let taken = self.module.fifos[fifo].is_taken || self.module.fifos[fifo].is_read;
            self.alone(raw.reads.as_ref(), taken, "take items from");
            self.module.fifos[fifo].is_read = true;
        }
        if let Some(fifo) = writes {
            let pushed = self.is_pushed(fifo) || self.module.fifos[fifo].is_written;
            self.alone(raw.writes.as_ref(), pushed, "put items into");
            self.module.fifos[fifo].is_written = true;
        }
        let caller = format!("device {}", named.name);
        let place = Place {
            context: Context::Process,
            name: &caller,
        };
        Device {
            name: named.name,
            about: named.about,
            reads,
            writes,
            on_open: self.actions(&raw.on_open, place),
        }
    }

    fn is_pushed(&self, fifo: usize) -> bool {
        let doers = self.module.doers();
        let mut actions = doers.iter().flat_map(|doer| &doer.does);
        actions.any(|action| matches!(action, crate::Action::Push(at, _) if *at == fifo))
    }

    fn alone(&mut self, fifo: Option<&At<String>>, others: bool, what: &str) {
        if let (Some(fifo), true) = (fifo, others) {
            self.problems
                .say(Kind::Lock, fifo, format!("the device and something else {what} `{}`", **fifo))
                .why("copying to and from user space may sleep, so a device cannot share the spinlock of the others")
                .help("use a fifo for each, and a thread between them");
        }
    }

    fn attribute(&mut self, raw: &raw::Attribute) -> Attribute {
        let caller = format!("attribute {}", *raw.name);
        let place = Place {
            context: Context::Process,
            name: &caller,
        };
        let shows: Option<FieldRef> = raw.shows.as_ref().and_then(|path| self.field(path));
        if raw.shows.is_none() && raw.on_write.is_empty() {
            self.problems
                .say(
                    Kind::Value,
                    &raw.name,
                    "this attribute can be neither read nor written",
                )
                .help("add shows = \"state.field\", or on_write");
        }
        Attribute {
            name: raw.name.value.clone(),
            shows,
            on_write: self.actions(&raw.on_write, place),
        }
    }
}
