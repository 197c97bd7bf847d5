//! A 64-bit counter out of two 32-bit words, without a lock.

use super::sync::{AtomicWord, Ordering, Word};
use super::{Instrument, Metric};
use crate::model::{Cells, Desc, Value};

/// Bits in which the two words overlap.
const OVERLAP_BITS: u32 = 4;
/// Bits of the low word below the overlap.
const STEP_BITS: u32 = Word::BITS - OVERLAP_BITS;
/// Mask of the overlap: the four bits in which the two words agree when no carry is under way.
const OVERLAP: Word = (1 << OVERLAP_BITS) - 1;
/// Largest amount whose number of carried steps the four overlapping bits can tell.
const MAX_STEP: Word = OVERLAP << STEP_BITS;

/// A counter: it only grows, and never loses an increment.
///
/// ```
/// use narthex::instrument::Counter;
/// static RECEIVED: Counter = Counter::new();
/// RECEIVED.inc();
/// RECEIVED.add(41);
/// assert_eq!(RECEIVED.get(), 42);
/// ```
///
/// # Protocol
/// 32-bit cores have no 64-bit atomics, and a lock would deadlock in an interrupt. So the count lives in two words
/// that overlap by four bits: `lo` is the count modulo 2^32, and `hi` counts steps of 2^28.
///
/// *Writers* add to `lo` first; the four top bits of the old and the new `lo` tell how many steps this addition
/// crossed, and only if it crossed one, that number is added to `hi`. Each addition to either word is one atomic
/// read-modify-write, so writers may preempt each other at any instruction and finish in any order: every crossing
/// belongs to exactly one writer.
///
/// *Readers* load `hi`, then `lo`. A carry that is under way shows as `hi` being behind the top four bits of `lo`;
/// the difference of the overlapping bits says by how much, and is added. Two loads, no retry, no waiting. The
/// writer's addition to `hi` releases its addition to `lo`, and the reader acquires it, so a reader never sees `hi`
/// ahead of `lo`, on several cores either.
///
/// *Bound*: exact at any nesting, as long as what is added between the start of the oldest unfinished update (or
/// the reader's first load) and the reader's second load is at most 15·2^28 (4 026 531 840). The count wraps at
/// 2^60, which is never: one increment each nanosecond takes 36 years.
///
/// *Assumption*: atomic read-modify-write on 32 bits, native or made by the binary (see the crate's features).
#[derive(Debug, Default)]
#[must_use = "a counter does nothing unless it is used"]
pub struct Counter {
    lo: AtomicWord,
    hi: AtomicWord,
}

impl Counter {
    /// A counter at zero.
    pub const fn new() -> Self {
        Self { lo: AtomicWord::new(0), hi: AtomicWord::new(0) }
    }

    /// Counts one event.
    #[inline]
    pub fn inc(&self) {
        let new = self.lo.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        // A step was crossed exactly when the bits below the overlap have just become zero.
        if new << OVERLAP_BITS == 0 {
            self.carry(1);
        }
    }

    /// Counts `n` events.
    #[inline]
    pub fn add(&self, n: u32) {
        self.add_word(n as Word);
    }

    #[inline]
    fn add_word(&self, n: Word) {
        if n > MAX_STEP {
            Self::add_split(n, self);
        } else {
            self.add_within(n);
        }
    }

    /// Sixteen steps would look like none in four bits: two additions, the first of eight steps.
    // `n` comes first: there it stays in the register in which most callers were given it.
    #[cold]
    #[inline(never)]
    fn add_split(n: Word, to: &Self) {
        const HALF: Word = 1 << (Word::BITS - 1);
        to.lo.fetch_add(HALF, Ordering::Relaxed);
        to.carry(HALF >> STEP_BITS);
        to.add_within(n - HALF);
    }

    #[inline]
    fn add_within(&self, n: Word) {
        let old = self.lo.fetch_add(n, Ordering::Relaxed);
        let new = old.wrapping_add(n);
        let steps = (new >> STEP_BITS).wrapping_sub(old >> STEP_BITS) & OVERLAP;
        if steps != 0 {
            self.carry(steps);
        }
    }

    /// The rare half of an update. It stands apart, so that the call of it is all that each place in the firmware has.
    #[cold]
    #[inline(never)]
    fn carry(&self, steps: Word) {
        self.hi.fetch_add(steps, Ordering::Release);
    }

    /// Counts `n` events, where 32 bits may not hold `n`.
    ///
    /// The upper half and the lower half are two additions: a reader that comes between them, or reads while both
    /// are made, may see one without the other, a count between the old and the new one.
    #[inline]
    pub fn add_u64(&self, n: u64) {
        // 2^32 is sixteen steps: `hi` moves by a whole turn of the overlap, so `lo` needs no change.
        let turns = (n >> Word::BITS) as Word;
        if turns != 0 {
            self.hi.fetch_add(turns << OVERLAP_BITS, Ordering::Release);
        }
        self.add_word(n as Word);
    }

    /// The count.
    #[inline]
    pub fn get(&self) -> u64 {
        let hi = self.hi.load(Ordering::Acquire);
        let lo = self.lo.load(Ordering::Relaxed);
        let behind = (lo >> STEP_BITS).wrapping_sub(hi) & OVERLAP;
        ((u64::from(hi) + u64::from(behind)) << STEP_BITS) | u64::from(lo & ((1 << STEP_BITS) - 1))
    }
}

impl Cells for Counter {
    #[inline(never)] // What counters are made of, families and histograms, calls it.
    fn read(&self, child: usize, cell: usize) -> Option<Value> {
        (child | cell == 0).then(|| Value::Unsigned(self.get()))
    }
}

impl Metric for Counter {
    const NEW: Self = Self::new();
    const SHAPE: Desc<'static> = Desc::counter("", "");
    const BUCKETS: usize = 0;
}

impl Instrument for Counter {
    fn reset(&self) {
        self.lo.store(0, Ordering::Relaxed);
        self.hi.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A counter as it stands after `value` events.
    fn at(value: u64) -> Counter {
        Counter { lo: AtomicWord::new(value as u32), hi: AtomicWord::new((value >> STEP_BITS) as u32) }
    }

    #[test]
    fn counts_across_every_carry() {
        for start in [0, (1 << 28) - 1, (1 << 32) - 1, (1u64 << 60) - (1 << 40)] {
            let counter = at(start);
            counter.inc();
            assert_eq!(counter.get(), start + 1);
            counter.add(u32::MAX);
            assert_eq!(counter.get(), start + 1 + u64::from(u32::MAX));
            counter.add(0);
            counter.add_u64((7 << 32) | 9);
            assert_eq!(counter.get(), start + 1 + u64::from(u32::MAX) + (7 << 32) + 9);
        }
    }

    #[test]
    fn a_carry_under_way_is_seen() {
        // `lo` has been added to and `hi` not yet: any step count the overlap can tell.
        for steps in 1..=u64::from(OVERLAP) {
            let start = (5 << 32) + 123;
            let counter = at(start);
            let _ = counter.lo.fetch_add((steps << STEP_BITS) as u32, Ordering::Relaxed);
            assert_eq!(counter.get(), start + (steps << STEP_BITS));
        }
    }

    #[test]
    fn the_bound_is_sharp() {
        // One step beyond the bound is read as none: this is why the bound is stated.
        let counter = at(0);
        let _ = counter.lo.fetch_add(MAX_STEP, Ordering::Relaxed);
        let _ = counter.lo.fetch_add(1 << STEP_BITS, Ordering::Relaxed);
        assert_eq!(counter.get(), 0);
    }

    #[test]
    fn a_reset_clears_both_words() {
        let counter = at(u64::MAX >> 4);
        counter.reset();
        assert_eq!((counter.get(), counter.hi.load(Ordering::Relaxed)), (0, 0));
    }

    #[test]
    fn large_additions_are_split() {
        for n in [MAX_STEP, MAX_STEP + 1, u32::MAX - 1, u32::MAX] {
            let counter = at(1);
            counter.add(n);
            assert_eq!(counter.get(), 1 + u64::from(n));
        }
    }
}
