//! An integer gauge.

use super::sync::{AtomicI32, Ordering};
use super::{Instrument, Metric};
use crate::model::{Cells, Desc, Value};

/// A value that goes up and down, in the device's own unit: 32 bits, signed.
///
/// ```
/// use narthex::instrument::Gauge;
/// static WAITING: Gauge = Gauge::new();
/// WAITING.set(7);
/// WAITING.dec();
/// assert_eq!(WAITING.get(), 6);
/// ```
///
/// # Protocol
/// One word; each operation is one atomic access or read-modify-write, so it may be preempted by any other and
/// nothing is lost. [`add`](Gauge::add) and its kin wrap at ±2^31, so that additions and subtractions which cancel
/// always cancel. It starts at 0 and is exposed as 0; use [`OptionalGauge`](super::OptionalGauge) where zero would
/// be a lie.
#[derive(Debug, Default)]
#[must_use = "a gauge does nothing unless it is used"]
pub struct Gauge(AtomicI32);

impl Gauge {
    /// A gauge at zero.
    pub const fn new() -> Self {
        Self(AtomicI32::new(0))
    }

    /// Sets the value.
    #[inline]
    pub fn set(&self, value: i32) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Adds `n`, wrapping.
    #[inline]
    pub fn add(&self, n: i32) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// Subtracts `n`, wrapping.
    #[inline]
    pub fn sub(&self, n: i32) {
        self.0.fetch_sub(n, Ordering::Relaxed);
    }

    /// Adds 1, wrapping.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Subtracts 1, wrapping.
    #[inline]
    pub fn dec(&self) {
        self.sub(1);
    }

    /// Raises the value to `value` if it is below: a high-water mark.
    #[inline]
    pub fn set_max(&self, value: i32) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }

    /// Lowers the value to `value` if it is above: a low-water mark.
    #[inline]
    pub fn set_min(&self, value: i32) {
        self.0.fetch_min(value, Ordering::Relaxed);
    }

    /// The value.
    #[inline]
    pub fn get(&self) -> i32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Cells for Gauge {
    #[inline]
    fn read(&self, child: usize, cell: usize) -> Option<Value> {
        (child | cell == 0).then(|| Value::Signed(i64::from(self.get())))
    }
}

impl Metric for Gauge {
    const NEW: Self = Self::new();
    const SHAPE: Desc<'static> = Desc::gauge("", "");
    const BUCKETS: usize = 0;
}

impl Instrument for Gauge {
    fn reset(&self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_both_ways_and_keeps_marks() {
        let gauge = Gauge::new();
        gauge.add(5);
        gauge.sub(7);
        gauge.inc();
        assert_eq!(gauge.get(), -1);
        gauge.set_max(3);
        gauge.set_max(2);
        assert_eq!(gauge.get(), 3);
        gauge.set_min(-9);
        gauge.set_min(0);
        assert_eq!(gauge.get(), -9);
        gauge.set(i32::MAX);
        gauge.inc();
        gauge.dec();
        assert_eq!(gauge.get(), i32::MAX);
    }
}
