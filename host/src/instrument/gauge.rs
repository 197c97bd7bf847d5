//! A value that goes up and down.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::{Point, Scale, Value};

/// Holds the present value of something; zero at first.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// Sets the value.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Adds to the value; subtracts with a negative `n`.
    pub fn add(&self, n: f64) {
        add(&self.0, n);
    }

    /// Adds one.
    pub fn inc(&self) {
        self.add(1.0);
    }

    /// Subtracts one.
    pub fn dec(&self) {
        self.add(-1.0);
    }

    /// The value.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn point(&self) -> Point<'static> {
        Point::Value { value: Value::F64(self.get()), scale: Scale::ONE }
    }
}

/// Adds to a cell that holds the bits of a float.
pub(super) fn add(cell: &AtomicU64, n: f64) {
    let sum = |bits| Some((f64::from_bits(bits) + n).to_bits());
    // The closure always gives a value, so this always succeeds.
    let _ = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_goes_both_ways() {
        let gauge = Gauge::default();
        gauge.inc();
        gauge.add(2.5);
        gauge.dec();
        assert!((gauge.get() - 2.5).abs() < f64::EPSILON);
        gauge.set(-1.0);
        assert!((gauge.get() + 1.0).abs() < f64::EPSILON);
    }
}
