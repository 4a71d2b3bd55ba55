//! What was computed before, for figures that are asked for again and again with the same arguments.

use std::cell::RefCell;
use std::collections::HashMap;
use std::thread::LocalKey;

/// The figures of a thread, by a count and the bits of a confidence.
pub(crate) type Known<V> = RefCell<HashMap<(usize, u64), V>>;

/// The figure for these arguments: the one that is known, or else what `find` returns, from then on.
pub(crate) fn remembered<V: Copy>(
    known: &'static LocalKey<Known<V>>,
    count: usize,
    confidence: f64,
    find: fn(usize, f64) -> V,
) -> V {
    let asked = (count, confidence.to_bits());
    known.with_borrow_mut(|known| *known.entry(asked).or_insert_with(|| find(count, confidence)))
}
