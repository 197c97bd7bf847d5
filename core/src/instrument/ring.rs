//! Buckets in a ring: what exponential histograms and summaries are made of.

use core::cell::Cell;

/// Observations of one histogram by magnitude, in `N` buckets for each of `R` rings, which share their resolution.
///
/// Not shared itself: who owns it enters a critical section for each call. All zeroes at first.
pub(super) struct Rings<const N: usize, const R: usize> {
    halvings: Cell<u8>,
    rings: [Ring<N>; R],
}

/// A window of buckets that moves over a ring of cells: of `len` buckets from `first` on, the first has cell `cell`, the
/// next the one behind it, and so on around. Cells outside of the window are zero.
struct Ring<const N: usize> {
    first: Cell<i16>,
    len: Cell<u16>,
    cell: Cell<u16>,
    counts: [Cell<u64>; N],
}

/// The bucket that takes in bucket `index` after so many halvings of the resolution: that of 2k − 1 and 2k is k.
#[inline]
pub(super) const fn merged(index: i32, halvings: u32) -> i32 {
    ((index - 1) >> halvings) + 1
}

impl<const N: usize, const R: usize> Rings<N, R> {
    pub(super) const fn new() -> Self {
        const { assert!(N.is_power_of_two() && N >= 8 && N <= 1024, "there are 8, 16, 32 … up to 1024 buckets") }
        Self { halvings: Cell::new(0), rings: [const { Ring::new() }; R] }
    }

    /// How often neighbouring buckets have been merged.
    pub(super) fn halvings(&self) -> u32 {
        self.halvings.get().into()
    }

    /// Counts `n` observations in the bucket with this index at the finest resolution.
    #[inline]
    pub(super) fn add(&self, ring: usize, index: i32, n: u64) {
        let Some(ring) = self.rings.get(ring) else { return };
        let place = merged(index, self.halvings()) - i32::from(ring.first.get());
        let cell = if place.cast_unsigned() < u32::from(ring.len.get()) {
            ring.count(place)
        } else {
            self.widen(ring, index)
        };
        if let Some(cell) = cell {
            cell.set(cell.get().wrapping_add(n));
        }
    }

    /// Widens the window of a ring to a bucket, whose count it returns. If its buckets are too many then, neighbours are
    /// merged in all rings, as often as it takes, in one pass over each.
    #[cold]
    #[inline(never)]
    fn widen<'a>(&'a self, ring: &'a Ring<N>, index: i32) -> Option<&'a Cell<u64>> {
        let at = merged(index, self.halvings());
        let (low, high) = ring.with(at);
        let mut more = 0;
        // At 13 halvings at most all indices there are have no more than 8 buckets.
        while merged(high, more) - merged(low, more) >= N as i32 && more < 16 {
            more += 1;
        }
        if more > 0 {
            self.rings.iter().for_each(|ring| ring.merge(more));
            self.halvings.set(self.halvings.get().wrapping_add(more as u8));
        }
        ring.widen(merged(at, more))
    }

    /// Index of the first bucket of a ring, and its cell.
    pub(super) fn window(&self, ring: usize) -> (i32, usize) {
        self.rings.get(ring).map_or((0, 0), |ring| (ring.first.get().into(), ring.cell.get().into()))
    }

    /// The count in a cell of a ring.
    pub(super) fn cell(&self, ring: usize, cell: usize) -> Option<u64> {
        self.rings.get(ring)?.counts.get(cell).map(Cell::get)
    }

    /// How many observations were counted.
    pub(super) fn total(&self) -> u64 {
        let counts = self.rings.iter().flat_map(|ring| &ring.counts);
        counts.fold(0, |sum, count| sum.wrapping_add(count.get()))
    }

    /// Goes back to the initial state.
    pub(super) fn clear(&self) {
        self.halvings.set(0);
        for ring in &self.rings {
            ring.first.set(0);
            ring.len.set(0);
            ring.cell.set(0);
            ring.counts.iter().for_each(|count| count.set(0));
        }
    }
}

impl<const N: usize> Ring<N> {
    const fn new() -> Self {
        Self {
            first: Cell::new(0),
            len: Cell::new(0),
            cell: Cell::new(0),
            counts: [const { Cell::new(0) }; N],
        }
    }

    /// The count at this place in the window.
    #[inline]
    fn count(&self, place: i32) -> Option<&Cell<u64>> {
        self.counts.get(self.slot(place))
    }

    #[inline]
    fn slot(&self, place: i32) -> usize {
        (i32::from(self.cell.get()) + place).cast_unsigned() as usize & (N - 1)
    }

    /// The lowest and the highest bucket, with this one among them.
    fn with(&self, at: i32) -> (i32, i32) {
        let (first, len) = (i32::from(self.first.get()), i32::from(self.len.get()));
        if len == 0 { (at, at) } else { (first.min(at), (first + len - 1).max(at)) }
    }

    /// Widens the window to a bucket, for which there is room. Returns its count.
    fn widen(&self, at: i32) -> Option<&Cell<u64>> {
        let (low, high) = self.with(at);
        if self.len.get() > 0 {
            self.cell.set(self.slot(low - i32::from(self.first.get())) as u16);
        }
        self.first.set(low as i16);
        self.len.set((high - low + 1).cast_unsigned() as u16);
        self.count(at - low)
    }

    /// Merges each bucket with its neighbours, so many times. The lowest keeps its cell, and no other moves away from
    /// it: so in one pass upwards none is overwritten.
    fn merge(&self, times: u32) {
        let (first, len) = (i32::from(self.first.get()), i32::from(self.len.get()));
        if len == 0 {
            return;
        }
        let lowest = merged(first, times);
        for place in 0..len {
            let Some(count) = self.count(place).map(Cell::take) else { return };
            if let Some(to) = self.count(merged(first + place, times) - lowest) {
                to.set(to.get().wrapping_add(count));
            }
        }
        self.first.set(lowest as i16);
        self.len.set((merged(first + len - 1, times) - lowest + 1).cast_unsigned() as u16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Counts by bucket, out of the cells.
    fn buckets<const N: usize>(rings: &Rings<N, 1>) -> BTreeMap<i32, u64> {
        let (first, cell) = rings.window(0);
        (0..N)
            .map(|place| (first + place as i32, rings.cell(0, (cell + place) % N).unwrap()))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    #[test]
    fn any_order_makes_the_same_buckets_as_a_map() {
        let mut random = 1u64;
        let mut next = |below: u32| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as u32 % below
        };
        let rounds = if cfg!(miri) { 4 } else { 400 }; // Miri is some thousand times slower.
        for round in 0..rounds {
            let rings = Rings::<16, 1>::new();
            let mut all = BTreeMap::new();
            let (span, start) = (1 + next(1 << (round % 13)), next(20_000) as i32 - 10_000);
            for _ in 0..60 {
                let index = start + next(span) as i32;
                rings.add(0, index, 1);
                *all.entry(index).or_insert(0u64) += 1;
                // Merged by the definition: the halvings that are there are the fewest that suffice.
                let merge = |halvings| {
                    let mut merged_all = BTreeMap::new();
                    for (index, count) in &all {
                        *merged_all.entry(merged(*index, halvings)).or_insert(0) += count;
                    }
                    merged_all
                };
                assert_eq!(buckets(&rings), merge(rings.halvings()));
                if let Some(fewer) = rings.halvings().checked_sub(1) {
                    let merged = merge(fewer);
                    let span = merged.keys().next_back().unwrap() - merged.keys().next().unwrap();
                    assert!(span >= 16);
                }
            }
            assert_eq!(rings.total(), 60);
            rings.clear();
            assert_eq!((rings.total(), rings.halvings(), rings.window(0)), (0, 0, (0, 0)));
        }
    }

    #[test]
    fn all_indices_there_are_fit_into_eight() {
        let rings = Rings::<8, 2>::new();
        for index in [-15_308, 31_744, 0, 1] {
            rings.add(0, index, 1);
            rings.add(1, -index, 1);
        }
        assert_eq!(rings.total(), 8);
        assert!(rings.halvings() <= 13);
    }
}
