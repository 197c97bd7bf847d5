//! What firmware touches: counters, gauges, histograms, state sets, and functions that are asked.
//!
//! Every type is made by a `const fn new()`, lives in a `static`, is all zeroes at first (so it stays in `.bss`),
//! and may be updated from any context, an interrupt that preempts the same update included: nothing is lost,
//! nothing waits. Each file states its protocol in words above its type; `CONCURRENCY.md` in this package has them all on
//! one page, with what each assumes and which test proves it.
//!
//! Instruments hold cells only. What they are called and what their numbers mean stands apart, in flash, in a
//! [`Desc`].

mod counter;
mod exponential;
mod gauge;
#[cfg(feature = "f32")]
mod gauge_f32;
mod histogram;
mod info;
mod label_set;
mod observer;
mod optional_gauge;
mod reading;
mod ring;
mod state_set;
mod summary;
pub(crate) mod sync;
mod timer;

pub use counter::Counter;
pub use exponential::{ExponentialHistogram, SignedExponentialHistogram};
pub use gauge::Gauge;
#[cfg(feature = "f32")]
pub use gauge_f32::GaugeF32;
pub use histogram::Histogram;
pub use info::Info;
pub use label_set::{LabelSet, Storage};
pub use observer::{Bucketed, Observer};
pub use optional_gauge::OptionalGauge;
pub use reading::{CounterFn, GaugeFn, OptionalGaugeFn, ReadBy, ReadFn, Reading, Sample};
pub use state_set::StateSet;
pub use summary::{Quantiles, Summary};
pub use timer::{Ticks, Timer};

use crate::model::{Cells, Desc};

/// Something that can be the field of a group of metrics: an instrument, or a family of them.
pub trait Metric: Cells + Sized {
    /// The initial state, all zeroes.
    #[allow(
        clippy::declare_interior_mutable_const,
        reason = "the initial value of statics, never read in place"
    )]
    const NEW: Self;
    /// Kind, number and dimensions; name, help, unit, scale and bounds are empty.
    const SHAPE: Desc<'static>;
    /// How many buckets it has room for, and so bounds it needs: 0 for all but histograms.
    const BUCKETS: usize;
    /// Whether a function must be named that gives its value.
    const READ: bool = false;
}

/// A [`Metric`] that is one instrument, and so can be the child of a family.
pub trait Instrument: Metric {
    /// Goes back to the initial state. Only while nobody updates it: an update under way may be lost, or be half of
    /// what is found afterwards.
    ///
    /// It is for the owners of instruments that come and go, as the slots of a table family do: a counter that falls
    /// under one name is taken for a restart by whoever reads it.
    ///
    /// ```
    /// use narthex::instrument::{Counter, Instrument as _};
    /// let events = Counter::new();
    /// events.add(7);
    /// events.reset();
    /// assert_eq!(events.get(), 0);
    /// ```
    fn reset(&self);
}
