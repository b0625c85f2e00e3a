//! A map for programs.

use super::Map;
use kloom_flow::model::view;
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    units: Vec<Unit<'a>>,
}

#[derive(Serialize)]
struct Unit<'a> {
    path: &'a str,
    sections: Vec<Section<'a>>,
}

#[derive(Serialize)]
struct Section<'a> {
    title: &'a str,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    name: &'a str,
    events: Vec<Event<'a>>,
}

#[derive(Serialize)]
struct Event<'a> {
    what: &'a str,
    callee: Option<&'a str>,
    function: &'a str,
    contexts: Vec<&'static str>,
    path: String,
    line: u32,
}

pub fn write(out: &mut impl Write, maps: &[Map]) -> io::Result<()> {
    let units = maps.iter().map(unit).collect();
    crate::json::write(&mut *out, &Document { version: 1, units })
}

fn unit(map: &Map) -> Unit<'_> {
    Unit {
        path: &map.path,
        sections: map.sections.iter().map(|s| section(map, s)).collect(),
    }
}

fn section<'a>(map: &Map, section: &'a view::Section) -> Section<'a> {
    let item = |item: &'a view::Item| Item {
        name: &item.name,
        events: item.lines.iter().map(|line| event(map, line)).collect(),
    };
    Section {
        title: section.title,
        items: section.items.iter().map(item).collect(),
    }
}

fn event<'a>(map: &Map, line: &'a view::Line) -> Event<'a> {
    let (path, at) = map.place(line.at);
    Event {
        what: &line.what,
        callee: line.callee.as_deref(),
        function: &line.function,
        contexts: line.contexts.iter().map(|c| c.as_str()).collect(),
        path,
        line: at,
    }
}
