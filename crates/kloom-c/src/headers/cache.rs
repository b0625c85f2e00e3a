//! Headers read so far.

use super::Source;
use crate::pre::{self, Words};
use kloom_diag::Provider;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Larger headers are not read at all.
const MAX_BYTES: usize = 4 << 20;
/// Of headers larger than this only the `#define` lines are read: they are lists of registers.
const MAX_PREPARED: usize = 512 << 10;
/// Bytes of header text kept; past it the cache starts anew.
const CAPACITY: usize = 24 << 20;
/// What remembering that a path leads nowhere counts for.
const MISS: usize = 128;

/// Headers read so far, shared by all threads and bounded. What it holds never changes what is
/// found, only how fast.
#[derive(Debug, Default)]
pub struct HeaderCache {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    headers: FxHashMap<Box<str>, Option<Arc<Source>>>,
    bytes: usize,
}

impl HeaderCache {
    /// The header at `path`, read and prepared at most once while it is remembered.
    pub(super) fn get(
        &self,
        path: &str,
        words: &Words,
        provider: &dyn Provider,
    ) -> Option<Arc<Source>> {
        if let Some(known) = self.lock().headers.get(path) {
            return known.clone();
        }
        let header = read(path, words, provider).map(Arc::new);
        let cost = MISS + header.as_ref().map_or(0, |header| header.text.len());
        let mut state = self.lock();
        if state.bytes + cost > CAPACITY {
            *state = State::default();
        }
        state.bytes += cost;
        let entry = state.headers.entry(path.into());
        entry.or_insert(header).clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Another thread's panic leaves the map whole: entries are inserted complete.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &str, words: &Words, provider: &dyn Provider) -> Option<Source> {
    let text = provider.read(path).filter(|text| text.len() <= MAX_BYTES)?;
    let prepared = if text.len() <= MAX_PREPARED {
        pre::prepare(&text, words)
    } else {
        pre::outline(&text)
    };
    Some(Source::new(path, text, prepared))
}
