//! A device made for a test: the core's reporter over a registry whose values are set by hand.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use narthex::model::{Desc, Instance, Label, Number, Source, Value};
use narthex::transport::Reporter;
use narthex::wire::{Identity, schema};

/// A cell that was never set.
pub(super) const UNSET: u64 = u64::MAX;

/// One instance of a family, and its cells in order.
#[derive(Debug)]
pub(super) struct Metric {
    desc: Desc<'static>,
    labels: &'static [Label<'static>],
    cells: Vec<AtomicU64>,
}

impl Metric {
    /// A metric whose cells are zero.
    pub(super) fn new(desc: Desc<'static>) -> Self {
        let cells = (0..desc.children() * desc.cells()).map(|_| AtomicU64::new(0)).collect();
        Self { desc, labels: &[], cells }
    }

    pub(super) fn counter(name: &'static str, n: u64) -> Self {
        Self { cells: vec![n.into()], ..Self::new(Desc::counter(name, "Help.")) }
    }

    pub(super) fn gauge(name: &'static str, n: u64) -> Self {
        Self { cells: vec![n.into()], ..Self::new(Desc::gauge(name, "Help.")) }
    }

    /// With labels that are constant.
    pub(super) fn with_labels(self, labels: &'static [Label<'static>]) -> Self {
        Self { labels, ..self }
    }
}

/// Metrics as a registry; instances of a family stand together.
#[derive(Debug)]
pub(super) struct Metrics {
    metrics: Vec<Metric>,
    hash: u32,
}

impl Source for Metrics {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        let Metric { desc, labels, .. } = self.metrics.get(index)?;
        let first = index == 0 || self.metrics[index - 1].desc.name != desc.name;
        Some(Instance { desc, labels, first })
    }

    fn read(&self, index: usize, child: usize, cell: usize) -> Option<Value> {
        let Metric { desc, cells, .. } = self.metrics.get(index)?;
        let n = cells.get(child * desc.cells() + cell)?.load(Ordering::Relaxed);
        (n != UNSET).then_some(match desc.number {
            Number::Signed => Value::Signed(n.cast_signed()),
            _ => Value::Unsigned(n),
        })
    }

    fn schema_hash(&self) -> u32 {
        self.hash
    }
}

/// What runs on a device from a boot on.
pub(super) struct Firmware {
    metrics: &'static Metrics,
    reporter: Reporter<'static, Metrics>,
    mtu: usize,
}

impl Firmware {
    /// A device that has just booted.
    pub(super) fn new(name: &'static str, boot: u32, metrics: Vec<Metric>) -> Self {
        let mut metrics = Metrics { metrics, hash: 0 };
        let instances: Vec<_> = (0..).map_while(|index| metrics.instance(index)).collect();
        metrics.hash = schema::hash(&instances).unwrap();
        // A registry is a static on a device; tests are short.
        let metrics: &'static Metrics = Box::leak(Box::new(metrics));
        let reporter = Reporter::new(metrics, Identity { device: name, firmware: "1.0" }, boot);
        Self { metrics, reporter, mtu: 256 }
    }

    pub(super) fn with_mtu(self, mtu: usize) -> Self {
        Self { mtu, ..self }
    }

    /// Sets the cells of a metric.
    pub(super) fn set(&self, metric: usize, cells: &[u64]) {
        for (to, n) in self.metrics.metrics[metric].cells.iter().zip(cells) {
            to.store(*n, Ordering::Relaxed);
        }
    }

    /// The frames of one snapshot.
    pub(super) fn frames(&mut self, uptime_ms: u64) -> Vec<Vec<u8>> {
        self.reporter.begin(Duration::from_millis(uptime_ms));
        let mut buf = vec![0; self.mtu];
        let mut frames = Vec::new();
        while let Some(frame) = self.reporter.frame(&mut buf).unwrap() {
            frames.push(frame.to_vec());
        }
        frames
    }

    /// One snapshot.
    pub(super) fn snapshot(&mut self, uptime_ms: u64) -> Vec<u8> {
        self.frames(uptime_ms).concat()
    }
}
