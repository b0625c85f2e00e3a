//! `[module]`.

use super::Checker;
use super::name::Given;
use crate::problem::Kind;
use crate::{At, Digest, Language, License, Module, Named, Parameter, Spec, raw};
use kloom_facts::{Target, Version};

/// More of them are no module but a program.
const MOST_THINGS: usize = 200;

/// The oldest release that there are facts about.
const OLDEST: Version = Version { major: 6, minor: 1 };

/// A module of which nothing is known yet.
pub(super) fn empty(digest: Digest) -> Module {
    Module {
        name: String::new(),
        license: License {
            spdx: String::new(),
            kernel: "",
        },
        authors: Vec::new(),
        description: String::new(),
        version: None,
        kernel: Target::NEWEST,
        language: Language::C,
        parameters: Vec::new(),
        states: Vec::new(),
        fifos: Vec::new(),
        queues: Vec::new(),
        completions: Vec::new(),
        threads: Vec::new(),
        workers: Vec::new(),
        workqueues: Vec::new(),
        works: Vec::new(),
        timers: Vec::new(),
        procs: Vec::new(),
        debugfs: Vec::new(),
        devices: Vec::new(),
        attributes: Vec::new(),
        hooks: Vec::new(),
        order: Vec::new(),
        digest,
    }
}

impl Checker<'_> {
    /// What `[module]` says.
    pub(super) fn head(&mut self, spec: &Spec) {
        let raw = &self.raw.module;
        self.module_name(&raw.name);
        if let Some(license) = self.license(&raw.license) {
            self.module.license = license;
        }
        self.module.authors = raw.authors.iter().map(|author| self.line(author)).collect();
        self.module.description = self.line(&raw.description);
        self.module.version = raw.version.as_ref().map(|version| self.version(version));
        if let Some(kernel) = self.kernel(raw.kernel.as_ref(), spec.kernel) {
            self.module.kernel = kernel;
        }
        let language = raw.language.as_ref().map(|language| language.value);
        self.module.language = spec.language.or(language).unwrap_or(Language::C);
        if self.module.language == Language::Rust {
            let at = raw
                .language
                .as_ref()
                .map_or(raw.name.range.clone(), |at| at.range.clone());
            self.problems
                .say(Kind::Version, &at, "modules in Rust are not written yet")
                .help("leave out the language, or say c");
        }
    }

    /// The names of all things, and what can be known of them without the others.
    pub(super) fn declare(&mut self) {
        let raw = self.raw;
        for (n, parameter) in raw.parameter.iter().enumerate() {
            self.give(&parameter.name, Given::Parameter(n));
            let about = self.line(&parameter.about);
            let min = parameter.min.as_ref().map_or(0, |min| **min);
            let max = parameter.max.as_ref().map(|max| **max);
            let default = *parameter.default;
            if default < min || max.is_some_and(|max| default > max) {
                self.problems.say(
                    Kind::Value,
                    &parameter.default,
                    "the default is not in the range",
                );
            }
            self.module.parameters.push(Parameter {
                name: parameter.name.value.clone(),
                about,
                default,
                min,
                max,
            });
        }
        let pages = raw.proc.iter().chain(&raw.debugfs).map(|x| &x.name);
        let devices = raw.misc_device.iter().map(|x| &x.name);
        let files = pages
            .chain(devices)
            .chain(raw.sysfs.iter().map(|x| &x.name));
        let works = raw.work.iter().map(|x| &x.name);
        let works = works.chain(raw.delayed_work.iter().map(|x| &x.name));
        let timers = raw.timer.iter().chain(&raw.hrtimer).map(|x| &x.name);
        let things = self.give_all(raw.state.iter().map(|x| &x.name), Given::State)
            + self.give_all(raw.fifo.iter().map(|x| &x.name), Given::Fifo)
            + self.give_all(raw.wait_queue.iter().map(|x| &x.name), Given::Queue)
            + self.give_all(raw.completion.iter().map(|x| &x.name), Given::Completion)
            + self.give_all(raw.thread.iter().map(|x| &x.name), Given::Thread)
            + self.give_all(raw.worker.iter().map(|x| &x.name), Given::Worker)
            + self.give_all(raw.workqueue.iter().map(|x| &x.name), Given::Workqueue)
            + self.give_all(works, Given::Work)
            + self.give_all(timers, Given::Timer)
            + self.give_all(files, |_| Given::File);
        if things > MOST_THINGS {
            let text = format!("the spec has more than {MOST_THINGS} things");
            self.problems.say(Kind::Value, &raw.module.name, text);
        }
        for completion in &raw.completion {
            let named = self.named(&completion.name, completion.about.as_ref());
            self.module.completions.push(named);
        }
        self.declare_hooks();
    }

    fn give_all<'b>(
        &mut self,
        names: impl Iterator<Item = &'b At<String>>,
        given: fn(usize) -> Given,
    ) -> usize {
        let mut count = 0;
        for name in names {
            self.give(name, given(count));
            count += 1;
        }
        count
    }

    /// A name with what it stands for.
    pub(super) fn named(&mut self, name: &At<String>, about: Option<&At<String>>) -> Named {
        Named {
            name: name.value.clone(),
            about: self.line_if_any(about),
        }
    }

    fn license(&mut self, spdx: &At<String>) -> Option<License> {
        let kernel = match spdx.as_str() {
            "GPL-2.0" | "GPL-2.0-only" | "GPL-2.0+" | "GPL-2.0-or-later" => "GPL",
            "GPL-2.0-only OR MIT" | "GPL-2.0-or-later OR MIT" | "GPL-2.0 OR MIT" => "Dual MIT/GPL",
            "GPL-2.0-only OR BSD-2-Clause"
            | "GPL-2.0-only OR BSD-3-Clause"
            | "GPL-2.0-or-later OR BSD-3-Clause" => "Dual BSD/GPL",
            "GPL-2.0-only OR MPL-1.1" | "GPL-2.0-only OR MPL-2.0" => "Dual MPL/GPL",
            _ => {
                self.problems
                    .say(Kind::Value, spdx, "the kernel knows no such licence of a module")
                    .why("most of what threads and workers need is exported to modules under the GPL only")
                    .help("use GPL-2.0-only, GPL-2.0-or-later, or one of them OR MIT, BSD-3-Clause, MPL-2.0");
                return None;
            }
        };
        Some(License {
            spdx: spdx.value.clone(),
            kernel,
        })
    }

    fn version(&mut self, version: &At<String>) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let first = version.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !first || !version.chars().all(plain) || version.contains("..") || version.len() > 31 {
            let what = format!("`{}` is no version of a module", version.escape_default());
            self.problems
                .say(Kind::Value, version, what)
                .why("it becomes part of the name of a folder")
                .help("write one such as 1.0.2, of at most 31 letters, digits, dots and hyphens");
        }
        version.value.clone()
    }

    fn kernel(&mut self, raw: Option<&raw::Kernel>, asked: Option<Target>) -> Option<Target> {
        let stated = match raw {
            None => Target::NEWEST,
            Some(kernel) => {
                let min = self.release(&kernel.min)?;
                let max = match &kernel.max {
                    Some(max) => self.release(max)?,
                    None => Target::NEWEST.max,
                };
                if min > max {
                    let at = kernel.max.as_ref().unwrap_or(&kernel.min);
                    let what = format!("{max} is older than {min}");
                    self.problems.say(Kind::Version, at, what);
                    return None;
                }
                Target { min, max }
            }
        };
        let target = asked.unwrap_or(stated);
        if target.min < OLDEST {
            let at = raw.map_or(self.raw.module.name.range.clone(), |kernel| {
                kernel.min.range.clone()
            });
            self.problems
                .say(
                    Kind::Version,
                    &at,
                    format!("kernels before {OLDEST} are not written for"),
                )
                .why("before 6.1 stopping a thread does not end its interruptible waits");
            return None;
        }
        Some(target)
    }

    /// A release; `7.x` is the newest of its series that kloom knows.
    fn release(&mut self, text: &At<String>) -> Option<Version> {
        let newest = Target::NEWEST.max;
        let version = match text.split_once(".x") {
            Some((major, "")) if major == newest.major.to_string() => Ok(newest),
            _ => text.parse(),
        };
        match version {
            Ok(version) => Some(version),
            Err(_) => {
                let what = format!("`{}` is no kernel release", text.escape_default());
                let help = format!(
                    "write one such as 6.12, or {}.x for the newest",
                    newest.major
                );
                self.problems.say(Kind::Version, text, what).help(help);
                None
            }
        }
    }
}
