//! Groups: instruments that are declared together.

use crate::model::{Cells, Desc, Label};

/// A group of metrics, read by index in the order of its [`Metrics::DESCS`].
pub trait Group: Sync {
    /// The cells of one metric; `None` past the last.
    fn metric(&self, index: usize) -> Option<&dyn Cells>;
}

/// A [`Group`] that says at compile time what it holds. Made by `#[derive(Metrics)]`, or by hand:
///
/// ```
/// use narthex::model::{Cells, Desc};
/// use narthex::registry::{Group, Metrics};
/// use narthex::{Counter, Gauge, Registry, registry};
///
/// struct Adc {
///     conversions: Counter,
///     level: Gauge,
/// }
/// impl Metrics for Adc {
///     const DESCS: &'static [Desc<'static>] = &[
///         Desc::counter("adc_conversions_total", "Conversions made."),
///         Desc::gauge("adc_level", "Last level, in steps."),
///     ];
/// }
/// impl Group for Adc {
///     fn metric(&self, index: usize) -> Option<&dyn Cells> {
///         match index {
///             0 => Some(&self.conversions),
///             1 => Some(&self.level),
///             _ => None,
///         }
///     }
/// }
/// static ADC: Adc = Adc { conversions: Counter::new(), level: Gauge::new() };
/// static REGISTRY: Registry = registry![ADC];
/// ```
pub trait Metrics: Group {
    /// The families of this group, in order.
    const DESCS: &'static [Desc<'static>];
}

/// What a group looks like, without its cells: what the compiler needs to check and order a registry.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The families of the group, in order.
    pub descs: &'static [Desc<'static>],
    /// Labels that tell this group from others of its type.
    pub labels: &'static [Label<'static>],
}

impl Shape {
    /// The shape of `_group`, told by its type.
    pub const fn of<G: Metrics>(_group: &'static G, labels: &'static [Label<'static>]) -> Self {
        Self { descs: G::DESCS, labels }
    }
}

/// One group in a registry.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "a trait object of cells; nothing to show")]
pub struct Entry {
    pub(super) group: &'static dyn Group,
    pub(super) shape: Shape,
}

impl Entry {
    /// A group with the labels that are constant for it.
    pub const fn new<G: Metrics>(group: &'static G, labels: &'static [Label<'static>]) -> Self {
        Self { group, shape: Shape::of(group, labels) }
    }
}
