//! The constant registry: a table of groups and the order in which their families are read.

use core::marker::PhantomData;

use super::{Entry, Shape};
use crate::model::{Desc, FNV_START, Instance, Slots, Source, Value, fnv1a, same};

/// Where one instance of a family stands: which group, which metric of it.
///
/// Four bytes of flash each buy reading in family order without a search.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    entry: u16,
    /// Of which the top bit tells whether it is the first of its family; no group has so many metrics.
    metric: u16,
}

impl Position {
    const FIRST: u16 = 1 << 15;

    const fn metric(self) -> usize {
        (self.metric & !Self::FIRST) as usize
    }

    const fn is_first(self) -> bool {
        self.metric & Self::FIRST != 0
    }
}

/// A registry that the compiler has checked and ordered; made by [`registry!`](crate::registry!), it lives in
/// flash.
///
/// ```
/// use narthex::{Counter, Metrics, Registry, registry};
/// /// Health of one UART.
/// #[derive(Metrics)]
/// #[metrics(prefix = "uart")]
/// struct Uart {
///     /// Bytes received.
///     received_bytes_total: Counter,
/// }
/// static UART0: Uart = Uart::new();
/// static UART1: Uart = Uart::new();
/// static REGISTRY: Registry = registry![UART0 { uart: "0" }, UART1 { uart: "1" }];
/// ```
///
/// Whether there may be table families in it is told by its type, so that firmware without them links nothing of what
/// they take to be printed and sent: with them it is a `Registry<`[`WithTables`]`>`. So it is with exponential histograms
/// and summaries, and `Registry<`[`WithDistributions`]`>`; with both, `Registry<`[`WithBoth`]`>`.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "trait objects of cells; nothing to show")]
pub struct Registry<T = Dense> {
    entries: &'static [Entry],
    positions: &'static [Position],
    schema_hash: u32,
    tables: PhantomData<T>,
}

/// Of a [`Registry`]: there is no [`TableFamily`](super::TableFamily) in it.
#[derive(Clone, Copy, Debug)]
pub struct Dense;

/// Of a [`Registry`]: there are [`TableFamily`](super::TableFamily)s in it.
///
/// ```
/// use narthex::{Counter, LabelValues, Metrics, Registry, TableFamily, WithTables, registry};
/// #[derive(Clone, Copy, PartialEq, LabelValues)]
/// struct Peer {
///     address: u16,
/// }
/// #[derive(Metrics)]
/// struct Radio {
///     /// Packets received.
///     radio_packets_total: TableFamily<Peer, Counter, 8>,
/// }
/// static RADIO: Radio = Radio::new();
/// static REGISTRY: Registry<WithTables> = registry![RADIO];
/// ```
#[derive(Clone, Copy, Debug)]
pub struct WithTables;

/// Of a [`Registry`]: there are exponential histograms in it, or summaries.
///
/// ```
/// use narthex::{ExponentialHistogram, Metrics, Registry, WithDistributions, registry};
/// #[derive(Metrics)]
/// struct Radio {
///     /// Time to an acknowledgement.
///     #[metric(unit = "seconds", scale = -6, schema = 3)]
///     radio_acknowledgement_seconds: ExponentialHistogram<32>,
/// }
/// static RADIO: Radio = Radio::new();
/// static REGISTRY: Registry<WithDistributions> = registry![RADIO];
/// ```
#[derive(Clone, Copy, Debug)]
pub struct WithDistributions;

/// Of a [`Registry`]: there is in it what [`WithTables`] and [`WithDistributions`] stand for.
#[derive(Clone, Copy, Debug)]
pub struct WithBoth;

/// Whether there are table families and distributions, as a type; of use to [`registry!`](crate::registry!) only.
pub trait Tables: Sync + 'static {
    /// Whether there are table families.
    const ANY: bool;
    /// Whether there are exponential histograms, or summaries.
    const DISTRIBUTIONS: bool;
}

impl Tables for Dense {
    const ANY: bool = false;
    const DISTRIBUTIONS: bool = false;
}

impl Tables for WithTables {
    const ANY: bool = true;
    const DISTRIBUTIONS: bool = false;
}

impl Tables for WithDistributions {
    const ANY: bool = false;
    const DISTRIBUTIONS: bool = true;
}

impl Tables for WithBoth {
    const ANY: bool = true;
    const DISTRIBUTIONS: bool = true;
}

/// Makes a type of what [`has_tables`] and [`has_distributions`] find; of use to [`registry!`](crate::registry!) only.
#[derive(Clone, Copy, Debug)]
pub struct Found<const TABLES: bool, const DISTRIBUTIONS: bool>;

/// What a [`Found`] stands for.
pub trait Means {
    /// [`Dense`], [`WithTables`], [`WithDistributions`] or [`WithBoth`].
    type Tables: Tables;
}

impl Means for Found<false, false> {
    type Tables = Dense;
}

impl Means for Found<true, false> {
    type Tables = WithTables;
}

impl Means for Found<false, true> {
    type Tables = WithDistributions;
}

impl Means for Found<true, true> {
    type Tables = WithBoth;
}

impl<T: Tables> Registry<T> {
    /// Joins the parts that [`registry!`](crate::registry!) has computed.
    pub const fn new(entries: &'static [Entry], positions: &'static [Position], schema_hash: u32) -> Self {
        Self { entries, positions, schema_hash, tables: PhantomData }
    }

    /// How many cells a snapshot has: one for a counter, a gauge or a state set, the buckets and two for a histogram, one
    /// more for each slot of a table; times the children of a family. Memory for
    /// [`with_memory`](crate::transport::Reporter::with_memory) has a word for each.
    ///
    /// ```
    /// use narthex::{Counter, Histogram, Metrics, Registry, registry};
    /// #[derive(Metrics)]
    /// struct Radio {
    ///     /// Packets sent.
    ///     radio_packets_total: Counter,
    ///     /// Length of packets.
    ///     #[metric(unit = "bytes", buckets = [16, 64, 256])]
    ///     radio_packet_bytes: Histogram<3>,
    /// }
    /// static RADIO: Radio = Radio::new();
    /// static REGISTRY: Registry = registry![RADIO];
    /// const CELLS: usize = REGISTRY.cells();
    /// assert_eq!(CELLS, 1 + 5);
    /// ```
    pub const fn cells(&self) -> usize {
        let (mut entries, mut cells) = (self.entries, 0usize);
        while let [entry, rest @ ..] = entries {
            let mut descs = entry.shape.descs;
            while let [desc, tail @ ..] = descs {
                cells = cells.saturating_add(desc.all_cells());
                descs = tail;
            }
            entries = rest;
        }
        cells
    }

    fn entry(&self, index: usize) -> Option<(&'static Entry, usize, bool)> {
        let position = self.positions.get(index)?;
        let entry = self.entries.get(usize::from(position.entry))?;
        Some((entry, position.metric(), position.is_first()))
    }
}

impl<T: Tables> Source for Registry<T> {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        let (entry, metric, first) = self.entry(index)?;
        Some(Instance { desc: entry.shape.descs.get(metric)?, labels: entry.shape.labels, first })
    }

    fn read(&self, index: usize, child: usize, cell: usize) -> Option<Value> {
        let (entry, metric, _) = self.entry(index)?;
        entry.group.metric(metric)?.read(child, cell)
    }

    #[inline]
    fn slots(&self, index: usize) -> Option<&dyn Slots> {
        if !T::ANY {
            return None;
        }
        let (entry, metric, _) = self.entry(index)?;
        entry.group.metric(metric)?.slots()
    }

    #[inline]
    fn has_tables(&self) -> bool {
        T::ANY
    }

    #[inline]
    fn has_distributions(&self) -> bool {
        T::DISTRIBUTIONS
    }

    fn schema_hash(&self) -> u32 {
        self.schema_hash
    }

    #[inline]
    fn has_changed(&self, _: u32) -> bool {
        false
    }
}

/// Whether there is a table family among the groups.
pub const fn has_tables(mut shapes: &[Shape]) -> bool {
    while let [shape, rest @ ..] = shapes {
        let mut descs = shape.descs;
        while let [desc, tail @ ..] = descs {
            if desc.details.capacity > 0 {
                return true;
            }
            descs = tail;
        }
        shapes = rest;
    }
    false
}

/// Whether there is an exponential histogram or a summary among the groups.
pub const fn has_distributions(mut shapes: &[Shape]) -> bool {
    while let [shape, rest @ ..] = shapes {
        let mut descs = shape.descs;
        while let [desc, tail @ ..] = descs {
            if desc.kind.is_distribution() {
                return true;
            }
            descs = tail;
        }
        shapes = rest;
    }
    false
}

/// How many instances the groups have together.
pub const fn count(mut shapes: &[Shape]) -> usize {
    let mut n = 0;
    while let [shape, rest @ ..] = shapes {
        n += shape.descs.len();
        shapes = rest;
    }
    n
}

/// The instances of all groups, family-major, families in order of first appearance. `N` is [`count`].
pub const fn instances<const N: usize>(shapes: &[Shape]) -> [Instance<'static>; N] {
    const EMPTY: &Desc<'static> = &Desc::gauge("", "");
    let mut ordered = [Instance { desc: EMPTY, labels: &[], first: false }; N];
    let positions = positions::<N>(shapes);
    let mut i = 0;
    while i < N {
        #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses a bad index")]
        {
            let position = positions[i];
            let shape = &shapes[position.entry as usize];
            let desc = &shape.descs[position.metric()];
            ordered[i] = Instance { desc, labels: shape.labels, first: position.is_first() };
        }
        i += 1;
    }
    ordered
}

/// The order of [`instances`], as places in the groups. `N` is [`count`].
///
/// Families are found by hash, so that the compiler's work grows with their number and not with its square.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses a bad index")]
pub const fn positions<const N: usize>(shapes: &[Shape]) -> [Position; N] {
    const BUCKETS: usize = 256;
    let mut declared = declared::<N>(shapes);
    // Chains, ended by `N`: of families whose hashes end alike, and of the instances of one family.
    let mut buckets = [N; BUCKETS];
    let mut next_family = [N; N];
    let mut next_instance = [N; N];
    let mut last_instance = [N; N];
    let mut at = 0;
    while at < N {
        let family = family(shapes, declared[at]);
        let bucket = fnv1a(FNV_START, family.as_bytes()) as usize % BUCKETS;
        let mut found = buckets[bucket];
        while found < N && !same(self::family(shapes, declared[found]), family) {
            found = next_family[found];
        }
        if found < N {
            declared[at].metric &= !Position::FIRST;
            next_instance[last_instance[found]] = at;
            last_instance[found] = at;
        } else {
            next_family[at] = buckets[bucket];
            buckets[bucket] = at;
            last_instance[at] = at;
        }
        at += 1;
    }
    let mut ordered = declared;
    let (mut out, mut family) = (0, 0);
    while family < N {
        let mut instance = if declared[family].is_first() { family } else { N };
        while instance < N {
            ordered[out] = declared[instance];
            out += 1;
            instance = next_instance[instance];
        }
        family += 1;
    }
    ordered
}

/// All places in the order of declaration, each as if it were the first of its family.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses a bad index")]
const fn declared<const N: usize>(shapes: &[Shape]) -> [Position; N] {
    let mut declared = [Position { entry: 0, metric: 0 }; N];
    let (mut out, mut entry) = (0, 0);
    while entry < shapes.len() {
        let mut metric = 0;
        while metric < shapes[entry].descs.len() {
            declared[out] = Position { entry: entry as u16, metric: metric as u16 | Position::FIRST };
            out += 1;
            metric += 1;
        }
        entry += 1;
    }
    declared
}

/// The name by which instances belong together: a counter's without `_total`, as OpenMetrics has it.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses a bad index")]
const fn family(shapes: &[Shape], at: Position) -> &'static str {
    shapes[at.entry as usize].descs[at.metric()].family()
}
