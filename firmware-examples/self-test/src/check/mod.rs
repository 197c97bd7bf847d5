//! What narthex does, checked on whatever core this is compiled for. The test that boots the firmware compiles it for
//! the host as well, so that all of them are held to the same source, and their pages to the same bytes.
//!
//! Groups run once, in order, on statics that are zero at first: later ones print and send what earlier ones have
//! counted. A new instrument is a field in `subject`, and a group in the list below.

mod http;
mod instruments;
mod labels;
mod page;
mod receiver;
mod registries;
mod snapshot;
mod subject;

/// What must hold of one thing.
#[derive(Debug)]
pub(crate) struct Group {
    /// The thing.
    pub(crate) name: &'static str,
    check: fn() -> Outcome,
}

/// What does not hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    /// As it stands in the source.
    pub(crate) what: &'static str,
    /// Where that is.
    pub(crate) file: &'static str,
    /// On which line.
    pub(crate) line: u32,
}

/// Bytes that all cores must make alike, as their number and their CRC-32; nothing for groups that make none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Made {
    /// How many.
    pub(crate) bytes: usize,
    /// Of all of them, in order.
    pub(crate) check: u32,
}

/// What comes of a group.
pub(crate) type Outcome = Result<Made, Failure>;

impl Group {
    const fn new(name: &'static str, check: fn() -> Outcome) -> Self {
        Self { name, check }
    }

    /// Looks whether it holds.
    pub(crate) fn run(&self) -> Outcome {
        (self.check)()
    }
}

/// All groups, in the order in which they must run.
pub(crate) const GROUPS: &[Group] = &[
    Group::new("counter", instruments::counter),
    Group::new("gauge", instruments::gauge),
    Group::new("optional gauge", instruments::optional_gauge),
    Group::new("f32 gauge", instruments::f32_gauge),
    Group::new("histogram", instruments::histogram),
    Group::new("exponential histogram", instruments::exponential_histogram),
    Group::new("summary", instruments::summary),
    Group::new("timer", instruments::timer),
    Group::new("functions", instruments::functions),
    Group::new("state set", labels::state_set),
    Group::new("family", labels::family),
    Group::new("table family", labels::table_family),
    Group::new("table of histograms", labels::table_of_histograms),
    Group::new("dynamic registry", registries::dynamic),
    Group::new("text 0.0.4", page::text),
    Group::new("OpenMetrics", page::open_metrics),
    Group::new("HTTP", http::server),
    Group::new("snapshot", snapshot::full),
    Group::new("sparse snapshot", snapshot::sparse),
    Group::new("requests", snapshot::requests),
];

/// Goes on if that holds.
macro_rules! holds {
    ($what:expr) => {
        if !$what {
            return Err($crate::check::Failure { what: stringify!($what), file: file!(), line: line!() });
        }
    };
}
use holds;
