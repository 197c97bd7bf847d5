//! A histogram with fixed bounds.

use super::{Bucketed, Counter, Instrument, Metric, Observer};
use crate::model::{Cells, Desc, Details, Value};

/// The cells of a histogram with `N` bounds: one count a bucket, one above the last bound, and the sum.
///
/// The bounds are not here: they stay in flash. `#[derive(Metrics)]` makes a method with the name of the field that
/// brings both together; without it, [`with`](Histogram::with) does.
///
/// ```
/// use narthex::instrument::Histogram;
/// static BOUNDS: [u32; 3] = [10, 100, 1000];
/// static LATENCY: Histogram<3> = Histogram::new();
/// LATENCY.with(&BOUNDS).observe(42);
/// assert_eq!((LATENCY.count(), LATENCY.sum()), (1, 42));
/// ```
///
/// # Protocol
/// An observation finds its bucket by binary search, adds one to that bucket's [`Counter`], then adds the value to
/// the sum's. Both are lock-free, so it may be preempted by itself anywhere. There is no separate count: the count
/// *is* the sum of the buckets, so the two can never disagree, and neither ever decreases.
///
/// A reader takes bucket after bucket while interrupts go on. What it prints as `+Inf` and `_count` is the sum of
/// exactly the cells it printed; the sum of values may differ from them by the observations that were in flight or
/// arrived during the read, and is exact when the device is quiet.
#[derive(Debug)]
#[must_use = "a histogram does nothing unless it is used"]
pub struct Histogram<const N: usize> {
    buckets: [Counter; N],
    above: Counter,
    sum: Counter,
}

impl<const N: usize> Histogram<N> {
    /// A histogram that has seen nothing.
    pub const fn new() -> Self {
        Self { buckets: [const { Counter::new() }; N], above: Counter::new(), sum: Counter::new() }
    }

    /// Joins the cells with their bounds, which must be the ones described to the registry.
    #[inline]
    pub const fn with<'a>(&'a self, bounds: &'static [u32; N]) -> Observer<'a, Self> {
        Observer::new(self, bounds)
    }

    /// How many observations were made.
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(self.above.get(), |sum, bucket| sum.wrapping_add(bucket.get()))
    }

    /// The sum of all observed values, in the device's unit.
    pub fn sum(&self) -> u64 {
        self.sum.get()
    }
}

impl<const N: usize> Default for Histogram<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Cells for Histogram<N> {
    fn read(&self, child: usize, cell: usize) -> Option<Value> {
        let counter = match (child, cell) {
            (0, cell) if cell < N => self.buckets.get(cell)?,
            (0, cell) if cell == N => &self.above,
            (0, cell) if cell == N.wrapping_add(1) => &self.sum,
            _ => return None,
        };
        counter.read(0, 0)
    }
}

impl<const N: usize> Metric for Histogram<N> {
    const NEW: Self = Self::new();
    const SHAPE: Desc<'static> = Desc::histogram("", "", &Details::NONE);
    const BUCKETS: usize = N;
}

impl<const N: usize> Instrument for Histogram<N> {
    fn reset(&self) {
        for counter in self.buckets.iter().chain([&self.above, &self.sum]) {
            counter.reset();
        }
    }
}

impl<const N: usize> Bucketed for Histogram<N> {
    type Value = u32;

    #[inline]
    fn observe_within(&self, bounds: &'static [u32], value: u32) {
        self.buckets.get(Self::bucket(bounds, value)).unwrap_or(&self.above).inc();
        self.sum.add(value);
    }

    #[inline]
    fn observe_n_within(&self, bounds: &'static [u32], value: u32, n: u32) {
        self.buckets.get(Self::bucket(bounds, value)).unwrap_or(&self.above).add(n);
        self.sum.add_u64(u64::from(value) * u64::from(n));
    }
}

impl<const N: usize> Histogram<N> {
    /// Index of the first bound that is not below `value`; `N` if all are.
    ///
    /// Binary search in steps that are powers of two (L. E. Shar; Knuth, The Art of Computer Programming, vol. 3,
    /// section 6.2.1): which ones depends on `N` alone, so there is no loop and no end to check.
    #[allow(
        clippy::inline_always,
        reason = "three instructions less on a Cortex-M3: the bounds become constants"
    )]
    #[inline(always)]
    fn bucket(bounds: &[u32], value: u32) -> usize {
        let Some(bounds) = bounds.first_chunk::<N>() else { return N };
        let below = |at: usize| bounds.get(at).is_some_and(|bound| *bound < value);
        let top = const { if N == 0 { 1 } else { 1usize << N.ilog2() } };
        let mut first = if below(top - 1) { N + 1 - top } else { 0 };
        macro_rules! steps {
            ($($step:literal)*) => {$(
                if $step < top && below(first + $step - 1) {
                    first += $step;
                }
            )*};
        }
        steps!(8192 4096 2048 1024 512 256 128 64 32 16 8 4 2 1);
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_agrees_with_a_plain_one() {
        fn check<const N: usize>() {
            let bounds: &'static [u32; N] =
                std::boxed::Box::leak(std::boxed::Box::new(core::array::from_fn(|i| i as u32 * 10)));
            for value in (0..N as u32 * 10 + 12).chain([u32::MAX]) {
                let plain = bounds.iter().position(|bound| value <= *bound).unwrap_or(N);
                assert_eq!(Histogram::<N>::bucket(bounds, value), plain, "{value} in {N}");
            }
        }
        check::<1>();
        check::<2>();
        check::<3>();
        check::<4>();
        check::<7>();
        check::<8>();
        check::<9>();
        check::<31>();
        check::<100>();
    }

    #[test]
    fn many_at_once_are_the_same_as_one_by_one() {
        static BOUNDS: [u32; 2] = [10, 100];
        let (many, single) = (Histogram::<2>::new(), Histogram::<2>::new());
        for (value, n) in [(5, 3), (10, 1), (70, 0), (101, 200)] {
            many.with(&BOUNDS).observe_n(value, n);
            (0..n).for_each(|_| single.with(&BOUNDS).observe(value));
        }
        for cell in 0..4 {
            assert_eq!(many.read(0, cell), single.read(0, cell));
        }
        many.with(&BOUNDS).observe_n(u32::MAX, u32::MAX);
        assert_eq!(many.count(), single.count() + u64::from(u32::MAX));
        // The largest product has 64 bits, a counter 60.
        let product = u64::from(u32::MAX) * u64::from(u32::MAX);
        assert_eq!(many.sum(), (single.sum() + product) & ((1 << 60) - 1));
    }

    #[test]
    fn bounds_are_inclusive() {
        static BOUNDS: [u32; 3] = [1, 10, 100];
        let histogram = Histogram::<3>::new();
        for value in [0, 1, 2, 10, 11, 100, 101, u32::MAX] {
            histogram.with(&BOUNDS).observe(value);
        }
        let cells = [0, 1, 2, 3].map(|cell| histogram.read(0, cell));
        assert_eq!(cells, [2, 2, 2, 2].map(|n| Some(Value::Unsigned(n))));
        assert_eq!(histogram.count(), 8);
        assert_eq!(histogram.read(0, 4), Some(Value::Unsigned(225 + u64::from(u32::MAX))));
        assert_eq!(histogram.read(0, 5), None);
        assert_eq!(histogram.read(1, 0), None);
        histogram.reset();
        assert_eq!((histogram.count(), histogram.sum()), (0, 0));
    }
}
