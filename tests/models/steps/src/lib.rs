//! Every interleaving of the instruments, access by access: interrupts on one core, and several cores.
//!
//! The code that runs is core's own, over the atomics of the explorer in `loom/`. The words of a counter have 8 bits, of
//! which 4 overlap; all else in the code is derived from the width.
#![cfg(loom)]

mod critical_section;

use loom::cores::Ran;

/// The bits of a word of a counter.
pub const WORD_BITS: u32 = 8;
/// The bits in which the two words of a counter overlap.
pub const OVERLAP_BITS: u32 = 4;
/// The largest amount of one addition, and what may be added while a reader or a writer is under way: 15·2^28 where
/// words have 32 bits.
pub const BOUND: u32 = ((1 << OVERLAP_BITS) - 1) << (WORD_BITS - OVERLAP_BITS);

/// Counts at which carries are near: around a step, a turn of the low word, and where many bits of the high word change.
pub const EDGES: [u64; 9] = [0, 1, 15, 16, 127, 239, 255, 256, 2047];

/// Whether all is to be explored: `NARTHEX_ALL` is set. Else starts and amounts are those near carries.
pub fn all() -> bool {
    std::env::var_os("NARTHEX_ALL").is_some()
}

/// Whether `seen` by `reader` lies between what was finished when it began and what was begun when it ended.
pub fn is_within(seen: u64, reader: &Ran, start: u64, writers: &[(&Ran, u64)]) -> bool {
    let sum = |counts: &dyn Fn(&Ran) -> bool| {
        start + writers.iter().filter(|(ran, _)| counts(ran)).map(|(_, n)| n).sum::<u64>()
    };
    (sum(&|writer| writer.last < reader.first)..=sum(&|writer| writer.first < reader.last)).contains(&seen)
}
