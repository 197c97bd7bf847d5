//! All that firmware can do with metrics, each on something of its own.

mod counter;
mod dyn_registry;
mod gauge;
mod histogram;
mod labels;
mod racy;
mod reader;
mod table;

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use narthex::{
    Counter, Family, Gauge, GaugeF32, Histogram, LabelSet, LabelValues, Metrics, OptionalGauge, Registry,
    StateSet, TableFamily, WithTables, registry,
};

use crate::operation::{Operation, Subject};
use narthex::model::ShortStr;

/// At which carry counters begin.
pub(crate) static START: AtomicU32 = AtomicU32::new(0);

/// A count that is one short of a carry: that of the low word, or that of a step of 2^28.
fn beside_a_carry() -> u32 {
    if START.load(Relaxed) == 0 { u32::MAX } else { (1 << 28) - 1 }
}

#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Side {
    Left,
    Right,
}

#[derive(Clone, Copy, Debug, LabelSet)]
pub(crate) enum Mode {
    Idle,
    Busy,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, LabelValues)]
pub(crate) struct Peer {
    name: ShortStr<4>,
}

impl Peer {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: ShortStr::cut(name) }
    }
}

/// One instrument of each kind.
#[derive(Debug, Metrics)]
pub(crate) struct Instruments {
    /// A counter.
    pub(crate) events_total: Counter,
    /// A gauge.
    pub(crate) level: Gauge,
    /// A gauge that may be unset.
    pub(crate) signal: OptionalGauge,
    /// A gauge in floats.
    pub(crate) ratio: GaugeF32,
    /// A histogram.
    #[metric(buckets = [10, 100])]
    pub(crate) length: Histogram<2>,
    /// A state.
    pub(crate) mode: StateSet<Mode>,
    /// A family.
    pub(crate) faults_total: Family<Side, Counter>,
    /// A table.
    pub(crate) packets_total: TableFamily<Peer, Counter, 2>,
}

pub(crate) static ALL: Instruments = Instruments::new();
static REGISTRY: Registry<WithTables> = registry![ALL];

/// The subjects that the registry shows.
static SUBJECTS: &[&Subject] = &[
    &counter::COUNTER,
    &gauge::GAUGE,
    &gauge::OPTIONAL,
    &gauge::SINGLE,
    &histogram::HISTOGRAM,
    &labels::STATES,
    &labels::FAMILY,
    &table::TABLE,
];

pub(crate) use racy::{LOCKS, RACES};
pub(crate) use table::{KEPT, handle};

/// All operations.
pub(crate) fn all() -> impl Iterator<Item = &'static Operation> {
    [
        counter::OPERATIONS,
        gauge::OPERATIONS,
        histogram::OPERATIONS,
        labels::OPERATIONS,
        table::OPERATIONS,
        dyn_registry::OPERATIONS,
        reader::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}
