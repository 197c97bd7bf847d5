//! An integer gauge that is not there until it is first set.

use super::sync::{AtomicU32, Ordering};
use super::{Instrument, Metric};
use crate::model::{Cells, Desc, Value};

/// Added to every stored value, so that all-zero memory is the one value that stands for "unset".
const BIAS: u32 = 1 << 31;

/// A [`Gauge`](super::Gauge) that is not exposed before it is first set: a temperature before the first
/// measurement is unknown, not zero.
///
/// ```
/// use narthex::instrument::OptionalGauge;
/// static TEMPERATURE: OptionalGauge = OptionalGauge::new();
/// assert_eq!(TEMPERATURE.get(), None);
/// TEMPERATURE.set(2150);
/// assert_eq!(TEMPERATURE.get(), Some(2150));
/// ```
///
/// # Protocol
/// One word, which holds the value with its sign bit inverted. Zero, the initial state, would be `i32::MIN`, and
/// means unset; setting `i32::MIN` itself stores the next greater value. [`set`](OptionalGauge::set) and
/// [`clear`](OptionalGauge::clear) are one store. The rest are a compare-and-swap loop, which an interrupt can make
/// to start anew, but only by having made progress itself.
#[derive(Debug, Default)]
#[must_use = "a gauge does nothing unless it is used"]
pub struct OptionalGauge(AtomicU32);

impl OptionalGauge {
    /// A gauge that is unset.
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    const fn encode(value: i32) -> u32 {
        let stored = value.cast_unsigned() ^ BIAS;
        if stored == 0 { 1 } else { stored }
    }

    const fn decode(stored: u32) -> Option<i32> {
        if stored == 0 { None } else { Some((stored ^ BIAS).cast_signed()) }
    }

    #[inline]
    fn update(&self, next: impl Fn(Option<i32>) -> i32) {
        let change = |stored| Some(Self::encode(next(Self::decode(stored))));
        // The closure always gives a value, so this always stores.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }

    /// Sets the value.
    #[inline]
    pub fn set(&self, value: i32) {
        self.0.store(Self::encode(value), Ordering::Relaxed);
    }

    /// Makes it unset again.
    #[inline]
    pub fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Adds `n`, saturating; an unset gauge counts as 0.
    #[inline]
    pub fn add(&self, n: i32) {
        self.update(|value| value.unwrap_or(0).saturating_add(n));
    }

    /// Subtracts `n`, saturating; an unset gauge counts as 0.
    #[inline]
    pub fn sub(&self, n: i32) {
        self.update(|value| value.unwrap_or(0).saturating_sub(n));
    }

    /// Adds 1.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Subtracts 1.
    #[inline]
    pub fn dec(&self) {
        self.sub(1);
    }

    /// Raises the value to `value` if it is below or unset: a high-water mark.
    #[inline]
    pub fn set_max(&self, value: i32) {
        self.update(|old| old.map_or(value, |old| old.max(value)));
    }

    /// Lowers the value to `value` if it is above or unset: a low-water mark.
    #[inline]
    pub fn set_min(&self, value: i32) {
        self.update(|old| old.map_or(value, |old| old.min(value)));
    }

    /// The value, if it was ever set.
    #[inline]
    pub fn get(&self) -> Option<i32> {
        Self::decode(self.0.load(Ordering::Relaxed))
    }
}

impl Cells for OptionalGauge {
    #[inline]
    fn read(&self, child: usize, cell: usize) -> Option<Value> {
        if child | cell == 0 { self.get().map(|value| Value::Signed(i64::from(value))) } else { None }
    }
}

impl Metric for OptionalGauge {
    const NEW: Self = Self::new();
    const SHAPE: Desc<'static> = Desc { optional: true, ..Desc::gauge("", "") };
    const BUCKETS: usize = 0;
}

impl Instrument for OptionalGauge {
    fn reset(&self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_a_value_and_unset_is_not() {
        let gauge = OptionalGauge::new();
        assert_eq!(gauge.get(), None);
        gauge.set(0);
        assert_eq!(gauge.get(), Some(0));
        gauge.clear();
        assert_eq!(gauge.get(), None);
        gauge.add(-3);
        assert_eq!(gauge.get(), Some(-3));
    }

    #[test]
    fn marks_take_the_first_value() {
        let (low, high) = (OptionalGauge::new(), OptionalGauge::new());
        for value in [5, -2, 9] {
            low.set_min(value);
            high.set_max(value);
        }
        assert_eq!((low.get(), high.get()), (Some(-2), Some(9)));
    }

    #[test]
    fn the_extremes_hold() {
        let gauge = OptionalGauge::new();
        gauge.set(i32::MIN);
        assert_eq!(gauge.get(), Some(i32::MIN + 1));
        gauge.dec();
        assert_eq!(gauge.get(), Some(i32::MIN + 1));
        gauge.set(i32::MAX);
        gauge.inc();
        assert_eq!(gauge.get(), Some(i32::MAX));
    }
}
