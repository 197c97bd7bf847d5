//! Models of how the instruments share memory, on two cores and more, explored whole by [loom].
//!
//! The code that runs is the core's own, compiled with `--cfg loom`: its atomics are loom's, with the memory model of
//! C11 and so every value that a load may give; and the words of a counter have 8 bits, of which 4 overlap, so that
//! carries happen. What holds for them holds for 32 bits: all widths in the code are derived from the word's.
//!
//! `tests/run.sh models` runs them. A model registers its words with loom by reading them before it spawns.
#![cfg(loom)]

mod critical_section;

use std::sync::atomic::{AtomicU64, Ordering};

/// The bits of a word of a counter in a model.
pub const WORD_BITS: u32 = 8;
/// The bits in which the two words of a counter overlap.
pub const OVERLAP_BITS: u32 = 4;
/// The most that may be added while a reader or a writer is under way: 15·2^28 where words have 32 bits.
pub const BOUND: u32 = ((1 << OVERLAP_BITS) - 1) << (WORD_BITS - OVERLAP_BITS);

/// Explores a model that is too large for every run: with at most two preemptions of a thread that could go on, or, if
/// `NARTHEX_ALL` is set, whole.
pub fn explore_large(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = std::env::var_os("NARTHEX_ALL").is_none().then_some(2);
    builder.check(model);
}

/// What has been begun, beside the model: not loom's, so that it orders nothing.
#[derive(Debug, Default)]
pub struct Begun(AtomicU64);

impl Begun {
    /// Nothing begun beyond `start`.
    pub fn new(start: u64) -> Self {
        Self(AtomicU64::new(start))
    }

    /// Notes that `n` is about to be added.
    pub fn add(&self, n: u32) {
        self.0.fetch_add(n.into(), Ordering::Relaxed);
    }

    /// All that has been begun.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
