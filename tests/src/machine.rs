//! A machine with an instrument of every kind, at work with a seed: the device of the tests over bad links.

use crate::random::Random;
use narthex::instrument::GaugeF32;
use narthex::model::{Instance, Source, Value};
use narthex::registry::Group;
use narthex::text::{Encoder, Format};
use narthex::transport::Reporter;
use narthex::wire::{Identity, schema};
use narthex::{Counter, Family, Gauge, Histogram, LabelSet, Metrics, OptionalGauge};
use std::time::Duration;

/// Where something happened.
#[derive(Clone, Copy, Debug, LabelSet)]
#[label(name = "side")]
pub enum Side {
    /// Here.
    Left,
    /// There.
    Right,
}

/// One of each kind. A new kind is a field here, and a line in [`Machine::work`].
#[derive(Metrics)]
#[metrics(prefix = "machine")]
struct Instruments {
    /// Pieces made.
    pieces_total: Counter,
    /// Energy used.
    #[metric(unit = "joules", scale = -3)]
    energy_joules_total: Counter,
    /// Temperature, with "quotes" and a \ in its help.
    #[metric(unit = "celsius", scale = -2)]
    oil_celsius: Gauge,
    /// Pressure; unset now and then.
    #[metric(unit = "pascals", scale = 2)]
    air_pascals: OptionalGauge,
    /// Vibration.
    vibration: GaugeF32,
    /// Time a piece takes.
    #[metric(unit = "seconds", scale = -6, buckets = [10, 100, 1_000])]
    piece_seconds: Histogram<3>,
    /// Sizes, in so many buckets that a snapshot is cut within.
    #[metric(unit = "meters", scale = -3, buckets = [
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 200, 300, 400, 500, 600, 700, 800, 900
    ])]
    size_meters: Histogram<27>,
    /// Faults, by side.
    faults_total: Family<Side, Counter>,
    /// Load, by side and whether it is the peak.
    load: Family<Side, Gauge>,
    /// Time between faults, by side.
    #[metric(unit = "seconds", buckets = [1, 60, 3_600])]
    pause_seconds: Family<Side, Histogram<3>>,
}

/// The instruments of one boot, as a registry.
struct Board {
    instruments: Instruments,
    schema_hash: u32,
}

fn instance<'a>(desc: &'a narthex::model::Desc<'a>) -> Instance<'a> {
    Instance { desc, labels: &[], first: true }
}

impl Source for Board {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        Instruments::DESCS.get(index).map(instance)
    }

    fn read(&self, index: usize, child: usize, cell: usize) -> Option<Value> {
        self.instruments.metric(index)?.read(child, cell)
    }

    fn slots(&self, index: usize) -> Option<&dyn narthex::model::Slots> {
        self.instruments.metric(index)?.slots()
    }

    fn schema_hash(&self) -> u32 {
        self.schema_hash
    }
}

/// A device that lives as long as the test.
#[allow(missing_debug_implementations, reason = "instruments; a seed tells all")]
pub struct Machine {
    name: &'static str,
    boot: u32,
    mtu: usize,
    board: &'static Board,
    reporter: Reporter<'static, Board>,
    uptime: Duration,
}

impl Machine {
    /// A machine that has just booted, and reports in frames of up to `mtu` bytes.
    ///
    /// # Panics
    /// If its schema were too long.
    pub fn new(name: &'static str, boot: u32, mtu: usize) -> Self {
        let instances: Vec<_> = Instruments::DESCS.iter().map(instance).collect();
        let schema_hash = schema::hash(&instances).expect("the schema is short");
        // Some bytes for each boot of a test, which is short enough to lose them.
        let board: &Board = Box::leak(Box::new(Board { instruments: Instruments::new(), schema_hash }));
        let reporter = Reporter::new(board, Identity { device: name, firmware: "1.2.3" }, boot);
        Self { name, boot, mtu, board, reporter, uptime: Duration::ZERO }
    }

    /// Boots anew: all begins from nothing.
    pub fn reboot(&mut self, boot: u32) {
        *self = Self::new(self.name, boot, self.mtu);
    }

    /// What it calls itself.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The number of this boot.
    pub fn boot(&self) -> u32 {
        self.boot
    }

    /// Time since it booted.
    pub fn uptime(&self) -> Duration {
        self.uptime
    }

    /// Lets some time pass, in which anything may happen.
    pub fn work(&self, random: &mut Random) {
        let on = &self.board.instruments;
        let mut some = || random.bits() as u32 >> random.below(32);
        on.pieces_total.add(some());
        on.energy_joules_total.add(some());
        on.oil_celsius.set(some().cast_signed());
        on.vibration.set(f32::from(some() as u16) / 16.0);
        on.piece_seconds().observe(some());
        on.load.at(Side::Left).set(some().cast_signed());
        let sides = [Side::Left, Side::Right];
        for _ in 0..random.below(4) {
            let (at, length) = (sides[random.below(2)], random.below(1_000) as u32);
            on.size_meters().observe(length);
            on.faults_total.at(at).inc();
            on.pause_seconds().at(at).observe(length * length);
        }
        match random.below(3) {
            0 => on.air_pascals.clear(),
            1 => on.air_pascals.set(random.below(1_000) as i32 - 500),
            _ => {}
        }
    }

    /// Sets what may be unset, so that every family is on the page.
    pub fn fill(&self) {
        self.board.instruments.air_pascals.set(1_013);
    }

    /// The frames of the next snapshot, `later` after the one before.
    ///
    /// # Panics
    /// If the frames are given less than 48 bytes.
    pub fn snapshot(&mut self, later: Duration) -> Vec<Vec<u8>> {
        self.uptime += later;
        self.reporter.begin(self.uptime);
        let (mut frames, mut buf) = (Vec::new(), vec![0xee; self.mtu]);
        while let Some(frame) = self.reporter.frame(&mut buf).expect("48 bytes are enough") {
            frames.push(frame.to_vec());
        }
        frames
    }

    /// The page it would serve itself.
    pub fn page(&self, format: Format) -> String {
        page(self.board, format)
    }
}

/// The page of any registry.
///
/// # Panics
/// If a line is longer than 64 KiB.
pub fn page(source: &(impl Source + ?Sized), format: Format) -> String {
    let (mut encoder, mut page, mut buf) = (Encoder::new(format), Vec::new(), vec![0; 1 << 16]);
    loop {
        match encoder.fill(source, &mut buf).expect("a line fits") {
            0 => return String::from_utf8(page).expect("a page is UTF-8"),
            n => page.extend_from_slice(&buf[..n]),
        }
    }
}
