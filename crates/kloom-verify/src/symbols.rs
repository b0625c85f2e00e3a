//! From an address in a module to a line of its source: the module's symbols and debug information.
//!
//! A module is not linked to its final place: every section starts at zero and debug information waits for its addresses. So each
//! section gets a place of its own, far from the others, and relocations are applied to the debug sections.

use crate::console::{self, Frame, Place, Symbolizer};
use addr2line::Context;
use gimli::{Dwarf, EndianRcSlice, LittleEndian, SectionId};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SymbolKind};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

/// Between the places that two sections are given.
const SECTION: u64 = 1 << 32;
/// Calls that were inlined into each other past this many are left out.
const INLINED: usize = 16;

type Bytes = EndianRcSlice<LittleEndian>;

/// The code of one module.
pub struct Symbols {
    /// Its name as the kernel has it.
    pub module: String,
    /// Functions and data by name, at their places.
    names: BTreeMap<String, u64>,
    lines: Option<Context<Bytes>>,
    /// Where the guest had a section: its address there, its place here, its size.
    loaded: Vec<(u64, u64, u64)>,
    sections: BTreeMap<String, (u64, u64)>,
    /// The folder that the module was built in.
    built_in: PathBuf,
    /// The folder as the user knows it.
    folder: PathBuf,
}

impl fmt::Debug for Symbols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Symbols")
            .field("module", &self.module)
            .finish_non_exhaustive()
    }
}

impl Symbols {
    /// Reads a module that was built in a copy of a folder; one that cannot be read has no symbols.
    pub fn new(module: &str, file: &[u8], built_in: &Path, folder: &Path) -> Symbols {
        let mut symbols = Symbols {
            module: module.to_owned(),
            names: BTreeMap::new(),
            lines: None,
            loaded: Vec::new(),
            sections: BTreeMap::new(),
            built_in: built_in.to_owned(),
            folder: folder.to_owned(),
        };
        if let Ok(object) = object::File::parse(file) {
            symbols.read(&object);
        }
        symbols
    }

    fn read(&mut self, object: &object::File<'_>) {
        for symbol in object.symbols() {
            if let (Ok(name), Some(place)) = (symbol.name(), place_of(&symbol))
                && matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Data)
            {
                self.names.insert(name.to_owned(), place);
            }
        }
        for section in object.sections() {
            if let Ok(name) = section.name() {
                let place = base(section.index());
                self.sections
                    .insert(name.to_owned(), (place, section.size()));
            }
        }
        let load = |id: SectionId| -> Result<Bytes, object::Error> {
            let data = match object.section_by_name(id.name()) {
                Some(section) => relocated(object, &section)?,
                None => Vec::new(),
            };
            Ok(EndianRcSlice::new(Rc::from(data), LittleEndian))
        };
        let dwarf = Dwarf::load(load).ok();
        self.lines = dwarf.and_then(|dwarf| Context::from_dwarf(dwarf).ok());
    }

    /// Notes where the guest loaded a section.
    pub fn loaded_at(&mut self, section: &str, address: u64) {
        if let Some((place, size)) = self.sections.get(section) {
            self.loaded.push((address, *place, *size));
        }
    }

    /// The place of the instruction that a frame stands for.
    fn place(&self, frame: &Frame) -> Option<u64> {
        let back = u64::from(!frame.exact);
        match &frame.code {
            console::Code::Symbol { name, offset } => {
                let offset = offset.map_or(0, |(offset, _)| offset.saturating_sub(back));
                Some(self.names.get(name)?.wrapping_add(offset))
            }
            console::Code::Address(address) => {
                let address = address.checked_sub(back)?;
                let fits = |(start, _, size): &&(u64, u64, u64)| {
                    address
                        .checked_sub(*start)
                        .is_some_and(|offset| offset < *size)
                };
                // A later round may have had it elsewhere.
                let (start, place, _) = self.loaded.iter().rev().find(fits)?;
                Some(place.wrapping_add(address - start))
            }
        }
    }

    /// The lines of a named function's beginning, to show where a symbol is.
    pub fn of_symbol(&self, name: &str, offset: u64) -> Vec<Place> {
        let place = self.names.get(name).map(|place| place.wrapping_add(offset));
        place.map_or_else(Vec::new, |place| self.lines_at(place))
    }

    fn lines_at(&self, place: u64) -> Vec<Place> {
        let mut places = Vec::new();
        let Some(lines) = &self.lines else {
            return places;
        };
        let Ok(mut frames) = lines.find_frames(place).skip_all_loads() else {
            return places;
        };
        while let Ok(Some(frame)) = frames.next() {
            let name = frame
                .function
                .as_ref()
                .and_then(|name| name.demangle().ok());
            let location = frame.location.and_then(|at| Some((at.file?, at.line?)));
            if let Some((file, line)) = location
                && let Some(path) = self.own(file)
                && places.len() < INLINED
            {
                places.push(Place {
                    path,
                    line,
                    function: name.map(Cow::into_owned),
                });
            }
        }
        places
    }

    /// The user's path; `None` for a file that is not the module's.
    fn own(&self, file: &str) -> Option<String> {
        let path = Path::new(file);
        let relative = match path.is_absolute() {
            true => path.strip_prefix(&self.built_in).ok()?,
            false => path,
        };
        shown(&self.folder, relative)
    }
}

/// A path below a folder as it is shown; `None` if it leads out of it.
pub(crate) fn shown(folder: &Path, relative: &Path) -> Option<String> {
    let mut parts = relative.components();
    let inside = parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let whole = folder.join(relative);
    let path: PathBuf = whole.components().collect();
    let path = path.strip_prefix(".").unwrap_or(&path);
    inside.then(|| path.to_string_lossy().into_owned())
}

impl Symbolizer for Symbols {
    fn places(&self, frame: &Frame) -> Vec<Place> {
        let foreign = frame.module.as_ref().is_some_and(|m| *m != self.module);
        match self.place(frame) {
            Some(place) if !foreign => self.lines_at(place),
            _ => Vec::new(),
        }
    }
}

/// The code of several modules.
#[derive(Debug)]
pub(crate) struct Code(pub Vec<Symbols>);

impl Code {
    /// Notes where the guest loaded a section.
    pub fn loaded_at(&mut self, module: &str, section: &str, address: u64) {
        for symbols in self.0.iter_mut().filter(|s| s.module == module) {
            symbols.loaded_at(section, address);
        }
    }

    /// The lines at an offset in a named function, of one module or of any.
    pub fn of_symbol(&self, module: Option<&str>, name: &str, offset: u64) -> Vec<Place> {
        let asked = |symbols: &&Symbols| module.is_none_or(|module| symbols.module == module);
        let places = self.0.iter().filter(asked);
        places
            .map(|symbols| symbols.of_symbol(name, offset))
            .find(|places| !places.is_empty())
            .unwrap_or_default()
    }
}

impl Symbolizer for Code {
    fn places(&self, frame: &Frame) -> Vec<Place> {
        let mut places = self.0.iter().map(|symbols| symbols.places(frame));
        places.find(|places| !places.is_empty()).unwrap_or_default()
    }
}

/// The place of a section.
fn base(section: object::SectionIndex) -> u64 {
    (section.0 as u64 + 1).wrapping_mul(SECTION)
}

fn place_of<'a>(symbol: &impl ObjectSymbol<'a>) -> Option<u64> {
    Some(base(symbol.section_index()?).wrapping_add(symbol.address()))
}

/// The bytes of a debug section with every address filled in.
fn relocated(
    object: &object::File<'_>,
    section: &object::Section<'_, '_>,
) -> Result<Vec<u8>, object::Error> {
    let mut data = section.uncompressed_data()?.into_owned();
    for (offset, relocation) in section.relocations() {
        let RelocationTarget::Symbol(index) = relocation.target() else {
            continue;
        };
        let Ok(symbol) = object.symbol_by_index(index) else {
            continue;
        };
        let in_code = symbol
            .section_index()
            .and_then(|index| object.section_by_index(index).ok())
            .is_some_and(|section| !section.name().is_ok_and(|name| name.starts_with(".debug")));
        let start = match in_code {
            true => place_of(&symbol).unwrap_or_default(),
            false => symbol.address(),
        };
        let value = start.wrapping_add_signed(relocation.addend());
        let size = usize::from(relocation.size() / 8);
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = at.saturating_add(size);
        if let (Some(field), Some(bytes)) = (data.get_mut(at..end), value.to_le_bytes().get(..size))
        {
            field.copy_from_slice(bytes);
        }
    }
    Ok(data)
}
