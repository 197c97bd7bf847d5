//! A machine with an instrument of every kind, at work with a seed: the device of the tests over bad links.

use crate::board::Board;
use crate::random::Random;
use narthex::instrument::GaugeF32;
use narthex::model::{Desc, ShortStr, Source};
use narthex::text::{Encoder, Format};
use narthex::transport::{Inbox, Memory, Reporter};
use narthex::wire::Identity;
use narthex::{
    Counter, Family, Gauge, Histogram, Info, LabelSet, LabelValues, Metrics, OptionalGauge, StateSet,
    TableFamily,
};
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

/// Which of them.
#[derive(Clone, Copy, Debug, LabelSet)]
pub enum Arm {
    /// The one above.
    Upper,
    /// The one below.
    Lower,
}

/// What the machine does.
#[derive(Clone, Copy, Debug, LabelSet)]
pub enum Mode {
    /// Nothing.
    Idle,
    /// What it is for.
    Busy,
    /// Nothing any more.
    Failed,
}

/// Who sent something: labels that only run time knows.
#[derive(Clone, Copy, Debug, PartialEq, LabelValues)]
pub struct Peer {
    /// A number.
    pub address: u16,
    /// A name, with all that names have.
    pub name: ShortStr<8>,
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
    /// What it does.
    mode: StateSet<Mode>,
    /// What its arms do.
    arm_mode: Family<Arm, StateSet<Mode>>,
    /// What it is.
    #[metric(labels(version = "1.2.3", board = "rev \"c\""))]
    build_info: Info,
    /// Messages, by who sent them.
    messages_total: TableFamily<Peer, Counter, 4>,
    /// Their length, by who sent them.
    #[metric(unit = "bytes", buckets = [16, 256])]
    message_bytes: TableFamily<Peer, Histogram<2>, 3>,
}

/// How a machine reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// All values in each snapshot.
    Full,
    /// What has changed, most of the time.
    Sparse,
    /// The same, and what is asked for.
    Asked,
}

/// A reporter, whatever it is made to do.
trait Speaker {
    fn begin(&mut self, uptime: Duration);
    fn frame(&mut self, buf: &mut [u8]) -> Option<Vec<u8>>;
    fn receive(&mut self, _: &[u8]) {}
}

/// One that nobody asks.
struct Deaf<M>(Reporter<'static, Board<Instruments>, M>);

impl<M: Memory> Speaker for Deaf<M> {
    fn begin(&mut self, uptime: Duration) {
        self.0.begin(uptime);
    }

    fn frame(&mut self, buf: &mut [u8]) -> Option<Vec<u8>> {
        self.0.frame(buf).expect("48 bytes are enough").map(<[u8]>::to_vec)
    }
}

impl<M: Memory> Speaker for Reporter<'static, Board<Instruments>, M, Inbox> {
    fn begin(&mut self, uptime: Duration) {
        Reporter::begin(self, uptime);
    }

    fn frame(&mut self, buf: &mut [u8]) -> Option<Vec<u8>> {
        Reporter::frame(self, buf).expect("48 bytes are enough").map(<[u8]>::to_vec)
    }

    fn receive(&mut self, bytes: &[u8]) {
        Reporter::receive(self, bytes);
    }
}

/// A device that lives as long as the test.
#[allow(missing_debug_implementations, reason = "instruments; a seed tells all")]
pub struct Machine {
    name: &'static str,
    boot: u32,
    mtu: usize,
    voice: Voice,
    board: &'static Board<Instruments>,
    reporter: Box<dyn Speaker>,
    uptime: Duration,
}

impl Machine {
    /// A machine that has just booted, and reports in frames of up to `mtu` bytes.
    ///
    /// # Panics
    /// If its schema were too long.
    pub fn new(name: &'static str, boot: u32, mtu: usize, voice: Voice) -> Self {
        let board = Board::boot(Instruments::new());
        let reporter = Reporter::new(board, Identity { device: name, firmware: "1.2.3" }, boot);
        let memory = || vec![0; Instruments::DESCS.iter().map(Desc::all_cells).sum()].leak();
        let reporter: Box<dyn Speaker> = match voice {
            Voice::Full => Box::new(Deaf(reporter)),
            Voice::Sparse => Box::new(Deaf(reporter.with_memory(memory()))),
            Voice::Asked => Box::new(reporter.with_memory(memory()).with_requests()),
        };
        Self { name, boot, mtu, voice, board, reporter, uptime: Duration::ZERO }
    }

    /// Boots anew: all begins from nothing.
    pub fn reboot(&mut self, boot: u32) {
        *self = Self::new(self.name, boot, self.mtu, self.voice);
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
        let on = &self.board.group;
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
            let name = ShortStr::cut(["", "a"][random.below(2)]);
            on.message_bytes().observe(Peer { address: random.below(3) as u16, name }, length);
        }
        on.mode.set([Mode::Idle, Mode::Busy, Mode::Failed][random.below(3)]);
        on.arm_mode.at(Arm::Lower).set([Mode::Idle, Mode::Busy, Mode::Failed][random.below(3)]);
        self.churn(random);
        match random.below(3) {
            0 => on.air_pascals.clear(),
            1 => on.air_pascals.set(random.below(1_000) as i32 - 500),
            _ => {}
        }
    }

    /// Lets peers come and go, which may happen at any time, within a snapshot too.
    pub fn churn(&self, random: &mut Random) {
        let on = &self.board.group;
        for _ in 0..random.below(4) {
            let address = random.below(6) as u16;
            let peer =
                Peer { address, name: ShortStr::cut(["", "a", "b \"c\"", "d\n\\", "°"][random.below(5)]) };
            match random.below(4) {
                // There may be none with these labels.
                0 => _ = on.messages_total.remove(peer),
                1 => _ = on.message_bytes.remove(peer),
                2 => on.messages_total.update(peer, |count| count.add(1 + random.below(1_000) as u32)),
                // It comes back, as another. Histograms do not: what is cut between two frames must not be observed there.
                _ => {
                    _ = on.messages_total.remove(peer);
                    on.messages_total.update(peer, |count| count.add(1 + random.below(5) as u32));
                }
            }
        }
    }

    /// Bytes from the gateway have come.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.reporter.receive(bytes);
    }

    /// Sets what may be unset, so that every family is on the page.
    pub fn fill(&self) {
        self.board.group.air_pascals.set(1_013);
    }

    /// The frames of the next snapshot, `later` after the one before.
    ///
    /// # Panics
    /// If the frames are given less than 48 bytes.
    pub fn snapshot(&mut self, later: Duration) -> Vec<Vec<u8>> {
        self.snapshot_while(later, |_| {})
    }

    /// The same, while something else happens between two frames.
    ///
    /// # Panics
    /// If the frames are given less than 48 bytes.
    pub fn snapshot_while(&mut self, later: Duration, mut between: impl FnMut(&Self)) -> Vec<Vec<u8>> {
        self.uptime += later;
        self.reporter.begin(self.uptime);
        let (mut frames, mut buf) = (Vec::new(), vec![0xee; self.mtu]);
        while let Some(frame) = self.reporter.frame(&mut buf) {
            frames.push(frame);
            between(self);
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
