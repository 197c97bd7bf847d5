//! Metrics whose value a function gives.

use core::marker::PhantomData;

use super::Metric;
use crate::model::{Cells, Desc, Value};

/// A counter whose value a function gives each time it is read: what hardware, an allocator or an RTOS counts
/// already.
///
/// The function is named where the field is declared. It runs in the context of the reader, once for a page or a
/// snapshot; it must be quick, and what it gives must not decrease within a boot.
///
/// ```
/// use narthex::model::{Source as _, Value};
/// use narthex::{CounterFn, Metrics, Registry, registry};
/// fn frames() -> u64 {
///     7 // the counter of the MAC
/// }
/// #[derive(Metrics)]
/// struct Mac {
///     /// Frames received.
///     #[metric(read = frames)]
///     mac_frames_total: CounterFn,
/// }
/// static MAC: Mac = Mac::new();
/// static REGISTRY: Registry = registry![MAC];
/// assert_eq!(REGISTRY.read(0, 0, 0), Some(Value::Unsigned(7)));
/// assert_eq!(size_of::<Mac>(), 0); // the address of the function stands in flash
/// ```
pub type CounterFn = ReadFn<u64>;

/// A gauge whose value a function gives each time it is read, as in a [`CounterFn`].
///
/// ```
/// use narthex::{GaugeFn, Metrics};
/// fn millivolts() -> i64 {
///     3_300
/// }
/// #[derive(Metrics)]
/// struct Supply {
///     /// Voltage of the supply.
///     #[metric(unit = "volts", scale = -3, read = millivolts)]
///     supply_volts: GaugeFn,
/// }
/// static SUPPLY: Supply = Supply::new();
/// ```
pub type GaugeFn = ReadFn<i64>;

/// A [`GaugeFn`] that is not exposed while its function gives `None`.
///
/// ```
/// use narthex::model::Source as _;
/// use narthex::{Metrics, OptionalGaugeFn, Registry, registry};
/// fn signal() -> Option<i64> {
///     None // not joined yet
/// }
/// #[derive(Metrics)]
/// struct Radio {
///     /// Strength of the last signal, in dBm.
///     #[metric(read = signal)]
///     radio_signal_dbm: OptionalGaugeFn,
/// }
/// static RADIO: Radio = Radio::new();
/// static REGISTRY: Registry = registry![RADIO];
/// assert_eq!(REGISTRY.read(0, 0, 0), None);
/// ```
pub type OptionalGaugeFn = ReadFn<Option<i64>>;

/// The place of a function in a group; see [`CounterFn`], [`GaugeFn`], [`OptionalGaugeFn`].
///
/// It holds nothing, so that the group stays in `.bss`: the derive macro puts the function into flash, as a
/// [`Reading`].
#[derive(Debug)]
pub struct ReadFn<T>(PhantomData<fn() -> T>);

impl<T: Sample> ReadFn<T> {
    /// The place of a function.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Sample> Default for ReadFn<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Sample> Cells for ReadFn<T> {
    fn read(&self, _child: usize, _cell: usize) -> Option<Value> {
        None
    }
}

impl<T: Sample> Metric for ReadFn<T> {
    const NEW: Self = Self::new();
    const SHAPE: Desc<'static> = T::SHAPE;
    const BUCKETS: usize = 0;
    const READ: bool = true;
}

/// A metric whose value a function gives. Asked for by the derive macro where it meets `#[metric(read = …)]`.
#[diagnostic::on_unimplemented(
    message = "`read` gives the value of a `CounterFn`, `GaugeFn` or `OptionalGaugeFn`, not of a `{Self}`",
    label = "a `{Self}` is not read by a function"
)]
pub trait ReadBy {
    /// What the function gives.
    type Value: Sample;

    /// The cells of this metric: those of the function.
    fn by(&self, reading: &'static Reading<Self::Value>) -> &'static Reading<Self::Value> {
        reading
    }
}

impl<T: Sample> ReadBy for ReadFn<T> {
    type Value = T;
}

/// What a function may give: `u64` for a counter, `i64` for a gauge, `Option<i64>` for one that can be unset.
pub trait Sample: Copy + 'static {
    /// The shape of the metric, as in [`Metric::SHAPE`].
    const SHAPE: Desc<'static>;

    /// As a cell.
    fn value(self) -> Option<Value>;
}

impl Sample for u64 {
    const SHAPE: Desc<'static> = Desc::counter("", "");

    #[inline]
    fn value(self) -> Option<Value> {
        Some(Value::Unsigned(self))
    }
}

impl Sample for i64 {
    const SHAPE: Desc<'static> = Desc::gauge("", "");

    #[inline]
    fn value(self) -> Option<Value> {
        Some(Value::Signed(self))
    }
}

impl Sample for Option<i64> {
    const SHAPE: Desc<'static> = Desc { optional: true, ..Desc::gauge("", "") };

    #[inline]
    fn value(self) -> Option<Value> {
        self.map(Value::Signed)
    }
}

/// A function as the cells of a metric: one pointer, in flash. This is the plain way, without macros.
///
/// ```
/// use narthex::instrument::Reading;
/// use narthex::model::{Cells, Desc, Source as _, Value};
/// use narthex::registry::{Group, Metrics};
/// use narthex::{Registry, registry};
/// fn seconds() -> i64 {
///     12
/// }
/// struct Clock;
/// impl Metrics for Clock {
///     const DESCS: &'static [Desc<'static>] = &[Desc::gauge("uptime_seconds", "Time since boot.")];
/// }
/// impl Group for Clock {
///     fn metric(&self, index: usize) -> Option<&dyn Cells> {
///         static SECONDS: Reading<i64> = Reading::new(seconds);
///         (index == 0).then_some(&SECONDS)
///     }
/// }
/// static CLOCK: Clock = Clock;
/// static REGISTRY: Registry = registry![CLOCK];
/// assert_eq!(REGISTRY.read(0, 0, 0), Some(Value::Signed(12)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reading<T>(fn() -> T);

impl<T: Sample> Reading<T> {
    /// The cells that `function` gives.
    pub const fn new(function: fn() -> T) -> Self {
        Self(function)
    }
}

impl<T: Sample> Cells for Reading<T> {
    fn read(&self, child: usize, cell: usize) -> Option<Value> {
        if child | cell == 0 { (self.0)().value() } else { None }
    }
}
