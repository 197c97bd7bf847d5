//! A single-precision gauge.

use super::sync::{AtomicU32, Ordering};
use super::{Instrument, Metric};
use crate::model::{Cells, Desc, Value};

/// A gauge for what a device has as `f32` already. Prefer [`Gauge`](super::Gauge) with a scale: it needs no float.
///
/// ```
/// use narthex::instrument::GaugeF32;
/// static BODY: GaugeF32 = GaugeF32::new();
/// BODY.set(36.6);
/// assert_eq!(BODY.get(), 36.6);
/// ```
///
/// # Protocol
/// One word with the bits of the value: `set` is one store, `get` one load, and neither uses float arithmetic. The
/// others are a compare-and-swap loop around one float operation; an interrupt can make it start anew, but only by
/// having made progress itself. It starts at 0.
#[derive(Debug, Default)]
#[must_use = "a gauge does nothing unless it is used"]
pub struct GaugeF32(AtomicU32);

impl GaugeF32 {
    /// A gauge at zero.
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    #[inline]
    fn update(&self, next: impl Fn(f32) -> f32) {
        let change = |bits| Some(next(f32::from_bits(bits)).to_bits());
        // The closure always gives a value, so this always stores.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }

    /// Sets the value.
    #[inline]
    pub fn set(&self, value: f32) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Adds `n`.
    #[inline]
    pub fn add(&self, n: f32) {
        self.update(|value| value + n);
    }

    /// Subtracts `n`.
    #[inline]
    pub fn sub(&self, n: f32) {
        self.update(|value| value - n);
    }

    /// Raises the value to `value` if it is below.
    #[inline]
    pub fn set_max(&self, value: f32) {
        self.update(|old| old.max(value));
    }

    /// Lowers the value to `value` if it is above.
    #[inline]
    pub fn set_min(&self, value: f32) {
        self.update(|old| old.min(value));
    }

    /// The value.
    #[inline]
    pub fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }
}

impl Cells for GaugeF32 {
    #[inline]
    fn read(&self, child: usize, cell: usize) -> Option<Value> {
        (child | cell == 0).then(|| Value::F32(self.get()))
    }
}

impl Metric for GaugeF32 {
    const NEW: Self = Self::new();
    const SHAPE: Desc<'static> = Desc { number: crate::model::Number::F32, ..Desc::gauge("", "") };
    const BUCKETS: usize = 0;
}

impl Instrument for GaugeF32 {
    fn reset(&self) {
        self.set(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_and_keeps_marks() {
        let gauge = GaugeF32::new();
        gauge.set(1.5);
        gauge.add(2.0);
        gauge.sub(0.25);
        assert!((gauge.get() - 3.25).abs() < f32::EPSILON);
        gauge.set_max(9.0);
        gauge.set_min(-1.0);
        assert!((gauge.get() + 1.0).abs() < f32::EPSILON);
    }
}
