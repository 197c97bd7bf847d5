//! What is checked: one instrument of each kind.

use narthex::instrument::{Quantiles, Summary};
use narthex::model::ShortStr;
use narthex::{
    Counter, CounterFn, ExponentialHistogram, Family, Gauge, GaugeF32, GaugeFn, Histogram, Info, LabelSet,
    LabelValues, Metrics, OptionalGauge, OptionalGaugeFn, Registry, SignedExponentialHistogram, StateSet,
    TableFamily, WithBoth, registry,
};

/// Where something happened.
#[derive(Clone, Copy, Debug, PartialEq, LabelSet)]
pub(super) enum Side {
    Left,
    Right,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, LabelSet)]
pub(super) struct Fault {
    pub(super) side: Side,
    pub(super) fatal: bool,
}

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, LabelSet)]
pub(super) enum Mode {
    Idle,
    Busy,
    Failed,
}

/// Who sent something.
#[derive(Clone, Copy, Debug, PartialEq, LabelValues)]
pub(super) struct Peer {
    pub(super) address: u16,
    pub(super) name: ShortStr<8>,
}

impl Peer {
    pub(super) fn new(address: u16, name: &str) -> Self {
        Self { address, name: ShortStr::cut(name) }
    }
}

/// The median and the slowest, of ten minutes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Medians;

impl Quantiles for Medians {
    const MILLIONTHS: &'static [u32] = &[500_000, 990_000];
    const SECONDS: u32 = 600;
}

/// One of each kind.
#[derive(Debug, Metrics)]
#[metrics(prefix = "test")]
pub(super) struct Instruments {
    /// Events, more than 32 bits hold.
    pub(super) events_total: Counter,
    /// Energy used.
    #[metric(unit = "joules", scale = -3)]
    pub(super) energy_joules_total: Counter,
    /// Temperature, with a "quote" and a \ in its help.
    #[metric(unit = "celsius", scale = -2)]
    pub(super) oil_celsius: Gauge,
    /// Pressure.
    #[metric(unit = "pascals", scale = 2)]
    pub(super) air_pascals: OptionalGauge,
    /// Strength of a signal that never came.
    pub(super) signal_dbm: OptionalGauge,
    /// A float.
    pub(super) ratio: GaugeF32,
    /// Time of a run.
    #[metric(unit = "seconds", scale = -6, buckets = [10, 100, 1_000])]
    pub(super) run_seconds: Histogram<3>,
    /// Time waited.
    #[metric(unit = "seconds", scale = -6, buckets = [5, 50])]
    pub(super) wait_seconds: Histogram<2>,
    /// Time of an interrupt, in buckets of its own.
    #[metric(unit = "seconds", scale = -6, schema = 3)]
    pub(super) interrupt_seconds: ExponentialHistogram<8>,
    /// By how much a clock was off.
    #[metric(unit = "seconds", scale = -3, schema = 1)]
    pub(super) offset_seconds: SignedExponentialHistogram<8>,
    /// Time to an answer, of late.
    #[metric(unit = "seconds", scale = -6)]
    pub(super) answer_seconds: Summary<Medians, 8, 2>,
    /// Time to an answer that never came.
    #[metric(unit = "seconds", scale = -6)]
    pub(super) silence_seconds: Summary<Medians, 8, 2>,
    /// Frames, as hardware counts them.
    #[metric(read = frames)]
    pub(super) frames_total: CounterFn,
    /// Voltage of the supply.
    #[metric(unit = "volts", scale = -3, read = supply)]
    pub(super) supply_volts: GaugeFn,
    /// A sensor that is not there.
    #[metric(read = nothing)]
    pub(super) absent: OptionalGaugeFn,
    /// What it does.
    pub(super) mode: StateSet<Mode>,
    /// What its arms do.
    pub(super) arm_mode: Family<Side, StateSet<Mode>>,
    /// What it is.
    #[metric(labels(version = "1.2.3", board = "rev \"c\""))]
    pub(super) build_info: Info,
    /// Faults, by side and weight.
    pub(super) faults_total: Family<Fault, Counter>,
    /// Time between faults.
    #[metric(unit = "seconds", buckets = [1, 60])]
    pub(super) pause_seconds: Family<Side, Histogram<2>>,
    /// Packets, by who sent them.
    pub(super) packets_total: TableFamily<Peer, Counter, 2>,
    /// Their length.
    #[metric(unit = "bytes", buckets = [16, 256])]
    pub(super) packet_bytes: TableFamily<Peer, Histogram<2>, 2>,
}

/// What there are two of.
#[derive(Debug, Metrics)]
#[metrics(prefix = "port")]
pub(super) struct Port {
    /// Bytes received.
    pub(super) received_bytes_total: Counter,
    /// Bytes waiting.
    pub(super) waiting_bytes: Gauge,
}

fn frames() -> u64 {
    (1 << 40) + 7
}

fn supply() -> i64 {
    3_300
}

fn nothing() -> Option<i64> {
    None
}

pub(super) static ALL: Instruments = Instruments::new();
pub(super) static PORT0: Port = Port::new();
pub(super) static PORT1: Port = Port::new();
/// Two of a group stand on both sides of another; their families stand together all the same.
pub(super) static REGISTRY: Registry<WithBoth> = registry![PORT0 { port: "0" }, ALL, PORT1 { port: "1" }];
