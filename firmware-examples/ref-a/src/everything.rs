//! All that narthex has, in one firmware: nothing of it may panic, and each entry point's stack is measured.

use narthex::instrument::Quantiles;
use narthex::model::{Label, ShortStr};
use narthex::runtime::{Heap, HttpServer, Idle, Runtime, Stack};
use narthex::{
    Counter, CounterFn, DynRegistry, ExponentialHistogram, Family, Gauge, GaugeF32, GaugeFn, Histogram, Info,
    LabelSet, LabelValues, Metrics, OptionalGauge, OptionalGaugeFn, Registry, SignedExponentialHistogram,
    StateSet, Summary, TableFamily, WithBoth, registry,
};

use crate::{RADIO, Reason};

/// Where a link stands.
#[derive(Clone, Copy, Debug, PartialEq, LabelSet)]
pub enum Link {
    /// Not there.
    Down,
    /// Under way.
    Joining,
    /// There.
    Up,
}

/// Two labels that can be enumerated.
#[derive(Clone, Copy, Debug, LabelSet)]
pub struct Way {
    /// One.
    pub reason: Reason,
    /// The other.
    pub encrypted: bool,
}

/// Labels that only run time knows.
#[derive(Clone, Copy, Debug, PartialEq, LabelValues)]
pub struct Peer {
    /// A number.
    pub address: u16,
    /// A string.
    pub name: ShortStr<8>,
}

/// The median of a minute.
#[derive(Debug)]
pub enum Median {}

impl Quantiles for Median {
    const MILLIONTHS: &'static [u32] = &[500_000, 990_000];
    const SECONDS: u32 = 60;
}

fn ticks() -> u64 {
    core::hint::black_box(1 << 53)
}

fn level() -> i64 {
    core::hint::black_box(-7)
}

fn signal() -> Option<i64> {
    core::hint::black_box(Some(-80))
}

/// One of each.
#[derive(Debug, Metrics)]
#[metrics(prefix = "all")]
pub struct All {
    /// Counted.
    pub frames_total: Counter,
    /// Set.
    #[metric(unit = "celsius", scale = -2)]
    pub celsius: Gauge,
    /// A float.
    pub ratio: GaugeF32,
    /// Perhaps unset.
    pub maybe: OptionalGauge,
    /// A state.
    pub link: StateSet<Link>,
    /// What this is.
    #[metric(labels(version = "1.0", board = "rev \"c\""))]
    pub build_info: Info,
    /// Asked for.
    #[metric(read = ticks)]
    pub ticks_total: CounterFn,
    /// Asked for.
    #[metric(read = level)]
    pub level: GaugeFn,
    /// Asked for.
    #[metric(read = signal)]
    pub signal_dbm: OptionalGaugeFn,
    /// Dense.
    pub ways_total: Family<Way, Counter>,
    /// Dense.
    #[metric(unit = "seconds", scale = -6, buckets = [1, 10, 100])]
    pub wait_seconds: Family<Link, Histogram<3>>,
    /// By peer.
    pub packets_total: TableFamily<Peer, Counter, 8>,
    /// By peer.
    #[metric(unit = "seconds", scale = -3, buckets = [10, 100])]
    pub answer_seconds: TableFamily<Peer, Histogram<2>, 4>,
    /// Without bounds.
    #[metric(unit = "seconds", scale = -6, schema = 3)]
    pub turn_seconds: ExponentialHistogram<32>,
    /// On both sides of 0, by link.
    #[metric(schema = 8)]
    pub offset: Family<Link, SignedExponentialHistogram<8>>,
    /// Without bounds, by peer.
    #[metric(unit = "bytes", schema = 0)]
    pub size_bytes: TableFamily<Peer, ExponentialHistogram<8>, 2>,
    /// Quantiles.
    #[metric(unit = "seconds", scale = -3)]
    pub latency_seconds: Summary<Median, 16, 3>,
}

/// The metrics.
pub static ALL: All = All::new();
/// What every firmware has.
pub static RUNTIME: Runtime = Runtime::new();
/// Its stack.
pub static MAIN: Stack = Stack::new();
/// Its heap.
pub static HEAP: Heap = Heap::new();
/// Its rest.
pub static IDLE: Idle = Idle::new();
/// Its server.
pub static HTTP: HttpServer = HttpServer::new();

/// All of them, as the compiler joins them.
pub static REGISTRY: Registry<WithBoth> =
    registry![ALL, RADIO, RUNTIME, MAIN { thread: "main" }, HEAP, IDLE, HTTP];

/// All of them, as they are found at boot.
pub static DYNAMIC: DynRegistry<48> = DynRegistry::new();

/// What tells a group of [`DYNAMIC`] from others of its type.
pub const BUS: &[Label<'static>] = &[Label { name: "bus", value: "0" }];

/// Some peer.
pub fn peer(address: u16) -> Peer {
    Peer { address, name: ShortStr::cut("node") }
}

/// A link to a gateway, in memory.
#[derive(Debug)]
pub struct Wire<'a> {
    /// What comes.
    pub receive: &'a [u8],
    /// How many bytes went.
    pub sent: usize,
}

impl embedded_io::ErrorType for Wire<'_> {
    type Error = core::convert::Infallible;
}

impl embedded_io::Read for Wire<'_> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        self.receive.read(buf)
    }
}

impl embedded_io::ReadReady for Wire<'_> {
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        Ok(!self.receive.is_empty())
    }
}

impl embedded_io::Write for Wire<'_> {
    fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        self.sent += core::hint::black_box(buf).len();
        Ok(buf.len())
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}
