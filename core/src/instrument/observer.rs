//! Histograms together with their bounds.

use super::Instrument;

/// A histogram: cells into which is observed by bounds that stand in flash. It is reached through its [`Observer`].
pub trait Bucketed: Instrument {
    /// What is observed.
    type Value: Copy;

    /// Counts one observation of `value`, by these bounds.
    fn observe_within(&self, bounds: &'static [u32], value: Self::Value);

    /// Counts `n` observations of `value`, by these bounds.
    fn observe_n_within(&self, bounds: &'static [u32], value: Self::Value, n: u32);
}

/// A histogram, or a family of them, together with its bounds: what firmware observes into.
///
/// It is three words and `Copy`; keep it or make it anew each time.
#[derive(Debug)]
pub struct Observer<'a, T> {
    pub(crate) cells: &'a T,
    pub(crate) bounds: &'static [u32],
}

impl<T> Clone for Observer<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Observer<'_, T> {}

impl<'a, T> Observer<'a, T> {
    /// Joins cells with their bounds. The derive macro calls this with the bounds it has checked.
    #[inline]
    pub const fn new(cells: &'a T, bounds: &'static [u32]) -> Self {
        Self { cells, bounds }
    }
}

impl<T: Bucketed> Observer<'_, T> {
    /// Counts one observation of `value`, in the device's unit.
    #[inline]
    pub fn observe(&self, value: T::Value) {
        self.cells.observe_within(self.bounds, value);
    }

    /// Counts `n` observations of `value`: what hardware has counted already.
    ///
    /// The same as `n` times [`observe`](Observer::observe), the sum included, which is exact.
    ///
    /// ```
    /// use narthex::Histogram;
    /// static BOUNDS: [u32; 2] = [10, 100];
    /// static LENGTHS: Histogram<2> = Histogram::new();
    /// LENGTHS.with(&BOUNDS).observe_n(64, 1_000_000_000);
    /// assert_eq!((LENGTHS.count(), LENGTHS.sum()), (1_000_000_000, 64_000_000_000));
    /// ```
    #[inline]
    pub fn observe_n(&self, value: T::Value, n: u32) {
        self.cells.observe_n_within(self.bounds, value, n);
    }
}
