//! Short digests, by which generated files say what they were made from.

use std::fmt;

/// FNV-1a over 64 bits, folded to 32: it tells changes apart, it does not withstand forgery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u32);

/// The digest of some text.
pub fn digest(text: &str) -> Digest {
    let wide = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Digest((wide >> 32) as u32 ^ wide as u32)
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:08x}", self.0)
    }
}
