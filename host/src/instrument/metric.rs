//! What all instruments have in common.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Bounds, Counter, Gauge, Histogram};
use crate::model::{Kind, Point};

/// An instrument that can stand under a family.
pub trait Metric: Send + Sync + Sized + 'static {
    /// The type of its family.
    const KIND: Kind;

    /// What all children of a family share.
    type Shape: Send + Sync;

    /// A new one, at rest.
    fn new(shape: &Self::Shape) -> Self;

    /// Reads it, and shows what it holds.
    fn show<T>(&self, shape: &Self::Shape, show: impl FnOnce(Point<'_>) -> T) -> T;
}

impl Metric for Counter {
    const KIND: Kind = Kind::Counter;
    type Shape = ();

    fn new((): &()) -> Self {
        Self::default()
    }

    fn show<T>(&self, (): &(), show: impl FnOnce(Point<'_>) -> T) -> T {
        show(self.point())
    }
}

impl Metric for Gauge {
    const KIND: Kind = Kind::Gauge;
    type Shape = ();

    fn new((): &()) -> Self {
        Self::default()
    }

    fn show<T>(&self, (): &(), show: impl FnOnce(Point<'_>) -> T) -> T {
        show(self.point())
    }
}

impl Metric for Histogram {
    const KIND: Kind = Kind::Histogram;
    type Shape = Bounds;

    fn new(bounds: &Bounds) -> Self {
        Self::with_bounds(bounds)
    }

    fn show<T>(&self, bounds: &Bounds, show: impl FnOnce(Point<'_>) -> T) -> T {
        self.read(|buckets, sum| show(bounds.point(buckets, sum)))
    }
}

/// When an instrument that is made now begins to count, in milliseconds since the Unix epoch; gauges do not count.
pub(super) fn created<M: Metric>() -> Option<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok().filter(|_| M::KIND != Kind::Gauge)
}
