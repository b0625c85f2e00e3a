//! Does the same to many items on several threads, with results in order.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::{io, thread};

/// Deep nesting is bounded by the front end; this is what the bound needs.
const STACK: usize = 16 << 20;

/// Runs `work` on every item and hands the results to `done` in the order of the items, as soon
/// as that is possible. `done` runs on the calling thread; its first error ends everything.
pub fn in_order<T: Sync, R: Send, E: From<io::Error>>(
    items: &[T],
    threads: NonZeroUsize,
    work: impl Fn(&T) -> R + Sync,
    mut done: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (results, inbox) = mpsc::sync_channel(4 * threads.get());
        for _ in 0..threads.get().min(items.len()) {
            let (next, work, results) = (&next, &work, results.clone());
            thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, move || {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(item) = items.get(at) else { return };
                        // Nobody listens any more: the output has failed.
                        if results.send((at, work(item))).is_err() {
                            return;
                        }
                    }
                })?;
        }
        drop(results);
        let mut early = BTreeMap::new();
        let mut expected = 0;
        for (at, result) in inbox {
            early.insert(at, result);
            while let Some(result) = early.remove(&expected) {
                expected += 1;
                done(result)?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(threads: usize) -> Vec<u64> {
        let items: Vec<u64> = (0..500).collect();
        let mut out = Vec::new();
        let threads = NonZeroUsize::new(threads).unwrap();
        let push = |n| {
            out.push(n);
            io::Result::Ok(())
        };
        in_order(&items, threads, |n| n * n, push).unwrap();
        out
    }

    #[test]
    fn results_come_in_order_for_any_number_of_threads() {
        let expected: Vec<u64> = (0..500).map(|n| n * n).collect();
        for threads in [1, 2, 7] {
            assert_eq!(squares(threads), expected);
        }
    }

    #[test]
    fn an_error_ends_it() {
        let items = [0; 1000];
        let mut seen = 0;
        let stop = |_| {
            seen += 1;
            if seen == 3 {
                Err(io::Error::from(io::ErrorKind::BrokenPipe))
            } else {
                Ok(())
            }
        };
        let threads = NonZeroUsize::new(4).unwrap();
        assert!(in_order(&items, threads, |_| (), stop).is_err());
        assert_eq!(seen, 3);
    }
}
