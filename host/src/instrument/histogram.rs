//! Observations, counted in buckets.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::gauge::add;
use crate::model::{Bound, Point, Scale, Value};

/// Upper bounds of buckets, inclusive; shared by the histograms of a family. `+Inf` is implied.
#[derive(Clone, Debug)]
pub struct Bounds {
    numbers: Arc<[f64]>,
    rendered: Arc<[Bound]>,
}

/// Bounds that are not finite, or do not increase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundsError {
    /// Index of the first such bound.
    pub at: usize,
}

impl fmt::Display for BoundsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bucket bounds must be finite and strictly increasing, the one at index {} is not", self.at)
    }
}

impl std::error::Error for BoundsError {}

impl Bounds {
    /// Bounds for durations in seconds of about what a request takes; those of Go's client.
    pub const DEFAULT: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

    /// Checks and renders bounds.
    ///
    /// # Errors
    /// [`BoundsError`].
    pub fn new(bounds: &[f64]) -> Result<Self, BoundsError> {
        let mut last = f64::NEG_INFINITY;
        for (at, &bound) in bounds.iter().enumerate() {
            // False for NaN, too.
            if !(bound.is_finite() && bound > last) {
                return Err(BoundsError { at });
            }
            last = bound;
        }
        let rendered = bounds.iter().copied().map(Bound::new).collect();
        Ok(Self { numbers: bounds.into(), rendered })
    }

    pub(super) fn point<'a>(&'a self, buckets: &'a [u64], sum: f64) -> Point<'a> {
        Point::Histogram { bounds: &self.rendered, buckets, sum: Value::F64(sum), scale: Scale::ONE }
    }
}

/// Counts observations in buckets, and sums them up.
///
/// Buckets and count agree whenever it is read, as the count is their sum; the sum may differ from them by the
/// observations that are under way.
///
/// ```
/// use narthex_host::instrument::{Bounds, Histogram, Scalar};
/// use narthex_host::model::Family;
/// let family = Family::histogram("scrape_seconds", "Time a scrape took.")?;
/// let scrapes = Scalar::<Histogram>::with_shape(family, Bounds::new(&Bounds::DEFAULT)?);
/// scrapes.observe(0.012);
/// assert_eq!((scrapes.count(), scrapes.sum()), (1, 0.012));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Histogram {
    bounds: Arc<[f64]>,
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    /// Buckets that can be shown without memory from the heap.
    const INLINE: usize = 32;

    pub(super) fn with_bounds(bounds: &Bounds) -> Self {
        let buckets = (0..=bounds.numbers.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds: Arc::clone(&bounds.numbers), buckets, sum: AtomicU64::new(0) }
    }

    /// Counts one observation. What is not a number goes to the last bucket, and spoils the sum: it is left out of
    /// the sum.
    pub fn observe(&self, value: f64) {
        let bucket = if value.is_nan() {
            self.bounds.len()
        } else {
            self.bounds.partition_point(|bound| *bound < value)
        };
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        if !value.is_nan() {
            add(&self.sum, value);
        }
    }

    /// Number of observations.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    /// Sum of the observations.
    pub fn sum(&self) -> f64 {
        f64::from_bits(self.sum.load(Ordering::Relaxed))
    }

    /// Reads the buckets, then the sum.
    pub(super) fn read<T>(&self, show: impl FnOnce(&[u64], f64) -> T) -> T {
        let (mut inline, mut long) = ([0; Self::INLINE], Vec::new());
        let room = if let Some(room) = inline.get_mut(..self.buckets.len()) {
            room
        } else {
            long.resize(self.buckets.len(), 0);
            &mut long[..]
        };
        for (room, bucket) in room.iter_mut().zip(&self.buckets) {
            *room = bucket.load(Ordering::Relaxed);
        }
        show(room, self.sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive() {
        for bounds in [vec![0.1, 1.0, 10.0], (1..=40).map(f64::from).collect()] {
            let histogram = Histogram::with_bounds(&Bounds::new(&bounds).unwrap());
            for value in bounds.iter().copied().chain([-1.0, 1e9, f64::NAN]) {
                histogram.observe(value);
            }
            histogram.read(|buckets, sum| {
                assert_eq!(buckets.len(), bounds.len() + 1);
                assert_eq!((buckets[0], buckets[1], buckets[bounds.len()]), (2, 1, 2));
                assert!(sum.is_finite());
            });
            assert_eq!(histogram.count(), bounds.len() as u64 + 3);
        }
    }

    #[test]
    fn bounds_must_increase() {
        assert_eq!(Bounds::new(&[1.0, 1.0]).unwrap_err(), BoundsError { at: 1 });
        assert_eq!(Bounds::new(&[1.0, f64::NAN]).unwrap_err(), BoundsError { at: 1 });
        assert_eq!(Bounds::new(&[f64::INFINITY]).unwrap_err(), BoundsError { at: 0 });
        assert!(Bounds::new(&[]).is_ok());
    }
}
