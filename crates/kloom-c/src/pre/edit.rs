//! Changes to the text that keep its length and its newlines.

use super::model::Extent;

/// The text being changed.
#[derive(Debug)]
pub(crate) struct Text(pub(crate) Vec<u8>);

impl Text {
    fn slice(&mut self, at: Extent) -> &mut [u8] {
        self.0
            .get_mut(at.start as usize..at.end as usize)
            .unwrap_or_default()
    }

    /// Makes white space of a range.
    pub(crate) fn blank(&mut self, at: Extent) {
        for byte in self.slice(at) {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }

    /// Writes `word` over a range and blanks the rest of it. Nothing happens unless the word fits
    /// before the first newline.
    pub(crate) fn replace(&mut self, at: Extent, word: &[u8]) -> bool {
        let room = self.slice(at);
        let line = room.iter().take_while(|b| **b != b'\n').count();
        if line < word.len() {
            return false;
        }
        self.blank(at);
        self.slice(at)[..word.len()].copy_from_slice(word);
        true
    }

    /// Fills a range with underscores, unless it has a newline.
    pub(crate) fn underline(&mut self, at: Extent) -> bool {
        let room = self.slice(at);
        let clear = !room.contains(&b'\n');
        if clear {
            room.fill(b'_');
        }
        clear
    }

    /// Writes `word` where a range first has room for it before a newline.
    pub(crate) fn place(&mut self, at: Extent, word: &[u8]) {
        let fits = |window: &[u8]| !window.contains(&b'\n');
        let start = self.slice(at).windows(word.len()).position(fits);
        if let Some(start) = start {
            self.slice(at)[start..start + word.len()].copy_from_slice(word);
        }
    }

    /// Makes one identifier of a range, up to its first newline.
    pub(crate) fn identifier(&mut self, at: Extent) {
        let line = self.slice(at).iter().take_while(|b| **b != b'\n').count();
        self.blank(at);
        let room = self.slice(at);
        room[..line].fill(b'_');
        if let Some(first) = room.first_mut().filter(|b| **b != b'\n') {
            *first = b'T';
        }
    }

    /// The first byte of the white space that starts at `from` that is no newline.
    pub(crate) fn gap(&self, from: u32) -> Option<usize> {
        let rest = self.0.get(from as usize..)?;
        let at = from as usize + rest.iter().take_while(|b| **b == b'\n').count();
        self.0.get(at).filter(|b| b.is_ascii_whitespace())?;
        Some(at)
    }

    /// Writes one byte into the white space that starts at `from`; false if there is none but
    /// newlines.
    pub(crate) fn insert(&mut self, from: u32, byte: u8) -> bool {
        let Some(room) = self.gap(from).and_then(|at| self.0.get_mut(at)) else {
            return false;
        };
        *room = byte;
        true
    }
}
