//! A hash index over a sorted table of names, built once and only read afterwards.
//!
//! Front ends look every identifier of a file up, and most are unknown: a slot holds part of the
//! hash, so that a miss seldom touches the table.

/// The greatest number of names an index can hold.
pub const LIMIT: usize = 0xfffe;

/// A slot that nothing hashed to.
const EMPTY: u32 = u32::MAX;

/// Spreads a name over 32 bits (FNV-1a with a final mix).
fn hash(name: &str) -> u32 {
    let mut h = 0x811c_9dc5_u32;
    for byte in name.bytes() {
        h = (h ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    h ^= h >> 15;
    h = h.wrapping_mul(0x2c1b_3c6d);
    h ^ (h >> 13)
}

/// A slot: the upper half of the hash, and the place in the table.
fn slot(hash: u32, at: usize) -> u32 {
    (hash & 0xffff_0000) | at as u32
}

/// The slots for the names of a table; names past [`LIMIT`] are not found.
pub fn build<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> Vec<u32> {
    let mut slots = vec![EMPTY; (names.len() * 2 + 1).next_power_of_two()];
    for (at, name) in names.take(LIMIT).enumerate() {
        let hash = hash(name);
        let mut i = hash as usize & (slots.len() - 1);
        while slots[i] != EMPTY {
            i = (i + 1) & (slots.len() - 1);
        }
        slots[i] = slot(hash, at);
    }
    slots
}

/// The place of the entry that hashes like `name` and for which `is` holds.
pub fn find(slots: &[u32], name: &str, is: impl Fn(usize) -> bool) -> Option<usize> {
    let hash = hash(name);
    let mask = slots.len().checked_sub(1)?;
    let mut i = hash as usize & mask;
    while slots[i] != EMPTY {
        let at = slots[i] & 0xffff;
        if slots[i] == slot(hash, at as usize) && is(at as usize) {
            return Some(at as usize);
        }
        i = (i + 1) & mask;
    }
    None
}
