//! A map for people: sections, things, what happens to them.

use super::Map;
use crate::clean;
use std::io::{self, Write};

pub fn write(out: &mut impl Write, maps: &[Map]) -> io::Result<()> {
    for (number, map) in maps.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", clean::line(&map.path))?;
        for section in &map.sections {
            writeln!(out, "\n  {}", section.title)?;
            for item in &section.items {
                writeln!(out, "    {}", clean::line(&item.name))?;
                for line in &item.lines {
                    let (path, at) = map.place(line.at);
                    let by = match &line.callee {
                        Some(callee) => format!(" by {callee}() in {}()", line.function),
                        None => String::new(),
                    };
                    let contexts = line.contexts.to_string();
                    let runs = if contexts.is_empty() || line.callee.is_none() {
                        String::new()
                    } else {
                        format!(" [{contexts}]")
                    };
                    let place = if path == map.path {
                        format!("line {at}")
                    } else {
                        format!("{path}:{at}")
                    };
                    let text = format!("{}{by}{runs}, {place}", line.what);
                    writeln!(out, "      {}", clean::line(&text))?;
                }
            }
        }
    }
    Ok(())
}
