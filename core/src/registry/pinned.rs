//! Handles that keep their child of a table family in its slot.

use core::fmt;
use core::ops::Deref;

use super::slot::{Pin, before_update};
use crate::instrument::{Bucketed, Observer};

/// A child of a [`TableFamily`](super::TableFamily) that stays as long as this is kept: found once, then updated as if
/// it stood alone, from any context, without a critical section (one barrier instruction is added to each update).
/// Dropping it gives the child free.
///
/// ```
/// use narthex::registry::RemoveError;
/// use narthex::{Gauge, LabelValues, TableFamily};
/// #[derive(Clone, Copy, PartialEq, LabelValues)]
/// struct Sensor {
///     bus: u8,
/// }
/// static LEVELS: TableFamily<Sensor, Gauge, 4> = TableFamily::new();
/// let sensor = Sensor { bus: 3 };
/// let level = LEVELS.pin(sensor);
/// level.set(17);
/// assert_eq!(LEVELS.remove(sensor), Err(RemoveError::Pinned));
/// drop(level);
/// assert_eq!(LEVELS.remove(sensor), Ok(()));
/// ```
#[must_use = "a child is pinned as long as this is kept"]
pub struct Pinned<'a, M> {
    child: &'a M,
    _pin: Pin<'a>,
}

impl<'a, M> Pinned<'a, M> {
    pub(super) const fn new(child: &'a M, pin: Pin<'a>) -> Self {
        Self { child, _pin: pin }
    }
}

impl<M> Deref for Pinned<'_, M> {
    type Target = M;

    #[inline]
    fn deref(&self) -> &M {
        before_update();
        self.child
    }
}

impl<M: fmt::Debug> fmt::Debug for Pinned<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pinned").field(self.child).finish()
    }
}

/// A [`Pinned`] histogram together with its bounds: what firmware observes into.
///
/// ```
/// use narthex::{Histogram, LabelValues, Metrics, TableFamily};
/// #[derive(Clone, Copy, PartialEq, LabelValues)]
/// struct Route {
///     id: u8,
/// }
/// #[derive(Metrics)]
/// struct Server {
///     /// Time to answer.
///     #[metric(scale = -3, buckets = [10, 100])]
///     answer_seconds: TableFamily<Route, Histogram<2>, 4>,
/// }
/// static SERVER: Server = Server::new();
/// SERVER.answer_seconds().observe(Route { id: 7 }, 12); // found each time
/// let answers = SERVER.answer_seconds().pin(Route { id: 7 }); // found once
/// answers.observe(99);
/// ```
#[must_use = "a child is pinned as long as this is kept"]
pub struct PinnedObserver<'a, M> {
    histogram: Pinned<'a, M>,
    bounds: &'static [u32],
}

impl<'a, M: Bucketed> PinnedObserver<'a, M> {
    pub(super) const fn new(histogram: Pinned<'a, M>, bounds: &'static [u32]) -> Self {
        Self { histogram, bounds }
    }

    /// Counts one observation of `value`, in the device's unit.
    #[inline]
    pub fn observe(&self, value: M::Value) {
        self.observer().observe(value);
    }

    /// The histogram with its bounds, for all else that can be done with it.
    // Not by `Deref`: an observer is `Copy`, and a copy must not outlive the pin.
    #[inline]
    pub fn observer(&self) -> Observer<'_, M> {
        Observer::new(&self.histogram, self.bounds)
    }
}

impl<M: fmt::Debug> fmt::Debug for PinnedObserver<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PinnedObserver").field(self.histogram.child).finish()
    }
}
