//! A device: 60 series, the core's own reporter, and what of its frames was heard.

use narthex::model::Desc;

use narthex::text::{Encoder, Format};
use narthex::transport::{LastValues, Reporter};
use narthex::wire::Identity;
use narthex::{Counter, Family, Gauge, Histogram, LabelSet, Metrics};
use narthex_tests::board::Board;
use narthex_tests::random::Random;
use std::time::Duration;

/// A link allows so many bytes in a datagram.
pub(crate) const MTU: usize = 512;

/// Where something happened.
#[derive(Clone, Copy, Debug, LabelSet)]
#[label(name = "port")]
pub(crate) enum Port {
    /// One of eight.
    A,
    /// One of eight.
    B,
    /// One of eight.
    C,
    /// One of eight.
    D,
    /// One of eight.
    E,
    /// One of eight.
    F,
    /// One of eight.
    G,
    /// One of eight.
    H,
}

const PORTS: [Port; 8] = [Port::A, Port::B, Port::C, Port::D, Port::E, Port::F, Port::G, Port::H];

/// Sixty series, each bucket counted.
#[derive(Metrics)]
#[metrics(prefix = "soak")]
struct Unit {
    /// Parts made: looked at on the way.
    parts_total: Counter,
    /// Something counted.
    event00_total: Counter,
    /// Something counted.
    event01_total: Counter,
    /// Something counted.
    event02_total: Counter,
    /// Something counted.
    event03_total: Counter,
    /// Something counted.
    event04_total: Counter,
    /// Something counted.
    event05_total: Counter,
    /// Something counted.
    event06_total: Counter,
    /// Something counted.
    event07_total: Counter,
    /// Something counted.
    event08_total: Counter,
    /// Something counted.
    event09_total: Counter,
    /// Something counted.
    event10_total: Counter,
    /// Something counted.
    event11_total: Counter,
    /// Something counted.
    event12_total: Counter,
    /// Something counted.
    event13_total: Counter,
    /// Something counted.
    event14_total: Counter,
    /// Something counted.
    event15_total: Counter,
    /// Something counted.
    event16_total: Counter,
    /// Something counted.
    event17_total: Counter,
    /// Something counted.
    event18_total: Counter,
    /// Something measured.
    level00: Gauge,
    /// Something measured.
    level01: Gauge,
    /// Something measured.
    level02: Gauge,
    /// Something measured.
    level03: Gauge,
    /// Something measured.
    level04: Gauge,
    /// Something measured.
    level05: Gauge,
    /// Something measured.
    level06: Gauge,
    /// Something measured.
    level07: Gauge,
    /// Something measured.
    level08: Gauge,
    /// Something measured.
    level09: Gauge,
    /// Something measured.
    level10: Gauge,
    /// Something measured.
    level11: Gauge,
    /// Something measured.
    level12: Gauge,
    /// Bytes, by port.
    port_bytes_total: Family<Port, Counter>,
    /// Load, by port.
    port_load: Family<Port, Gauge>,
    /// Times.
    #[metric(unit = "seconds", scale = -6, buckets = [1, 2, 5, 10, 20, 50, 100, 200])]
    wait_seconds: Histogram<8>,
}

impl Unit {
    /// Works for a while: about a third of all changes.
    fn work(&self, random: &mut Random) {
        self.parts_total.add(1 + random.below(50) as u32);
        for counter in [
            &self.event00_total,
            &self.event01_total,
            &self.event02_total,
            &self.event03_total,
            &self.event04_total,
            &self.event05_total,
            &self.event06_total,
            &self.event07_total,
            &self.event08_total,
            &self.event09_total,
            &self.event10_total,
            &self.event11_total,
            &self.event12_total,
            &self.event13_total,
            &self.event14_total,
            &self.event15_total,
            &self.event16_total,
            &self.event17_total,
            &self.event18_total,
        ] {
            if random.happens(300) {
                counter.add(random.below(1 << 14) as u32);
            }
        }
        for gauge in [
            &self.level00,
            &self.level01,
            &self.level02,
            &self.level03,
            &self.level04,
            &self.level05,
            &self.level06,
            &self.level07,
            &self.level08,
            &self.level09,
            &self.level10,
            &self.level11,
            &self.level12,
        ] {
            if random.happens(300) {
                gauge.set(random.below(1 << 12) as i32 - 100);
            }
        }
        for port in PORTS {
            if random.happens(300) {
                self.port_bytes_total.at(port).add(random.below(1 << 20) as u32);
                self.port_load.at(port).set(random.below(100) as i32);
            }
        }
        for _ in 0..random.below(4) {
            self.wait_seconds().observe(1 << random.below(9));
        }
    }
}

/// Half of the devices send what has changed only, with a full snapshot in between.
enum Voice {
    Full(Reporter<'static, Board<Unit>>),
    Sparse(Reporter<'static, Board<Unit>, LastValues<'static>>),
}

/// How often they send a full one: what is lost is older until then.
pub(crate) const FULL_EVERY: u8 = 3;

/// One device.
pub(crate) struct Device {
    /// Which: its name and its address say so.
    pub(crate) index: u32,
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether a frame of this boot has arrived.
    pub(crate) heard: bool,
    /// Frames that have not arrived since the last one that has.
    pub(crate) missing: u64,
    /// Snapshots of this boot; and whether all of the first has arrived, which tells everything.
    pub(crate) snapshots: u32,
    pub(crate) told: bool,
    boots: u32,
    board: &'static Board<Unit>,
    voice: Voice,
    uptime: Duration,
}

impl Device {
    /// A device that boots for the first time.
    pub(crate) fn new(index: u32) -> Self {
        let name: &'static str = Box::leak(format!("unit-{index:06}").into_boxed_str());
        let board = Board::boot(Unit::new());
        let voice = Voice::new(index, 0, name, board);
        let uptime = Duration::from_secs(1);
        Self {
            index,
            name,
            heard: false,
            missing: 0,
            snapshots: 0,
            told: true,
            boots: 0,
            board,
            voice,
            uptime,
        }
    }

    /// It boots again, and counts from nothing.
    pub(crate) fn boot(&mut self) {
        self.boots += 1;
        self.board = Board::boot(Unit::new());
        self.voice = Voice::new(self.index, self.boots, self.name, self.board);
        (self.heard, self.missing, self.uptime) = (false, 0, Duration::from_secs(1));
        (self.snapshots, self.told) = (0, true);
    }

    /// Works, and begins a snapshot.
    pub(crate) fn begin(&mut self, interval: Duration, random: Option<&mut Random>) {
        if let Some(random) = random {
            self.board.group.work(random);
        }
        self.uptime += interval;
        self.snapshots += 1;
        match &mut self.voice {
            Voice::Full(reporter) => reporter.begin(self.uptime),
            Voice::Sparse(reporter) => reporter.begin(self.uptime),
        }
    }

    /// The next frame of it.
    pub(crate) fn frame<'b>(&mut self, buf: &'b mut [u8; MTU]) -> Option<&'b mut [u8]> {
        let len = match &mut self.voice {
            Voice::Full(reporter) => reporter.frame(buf),
            Voice::Sparse(reporter) => reporter.frame(buf),
        };
        let len = len.expect("the buffer is large enough")?.len();
        Some(&mut buf[..len])
    }

    /// Which boot this is, and how many parts it has made in it.
    pub(crate) fn parts(&self) -> (u32, u64) {
        (self.boots, self.board.group.parts_total.get())
    }

    /// The lines of its own page, without comments.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut encoder = Encoder::new(Format::Text);
        let (mut page, mut buf) = (Vec::new(), [0; 4096]);
        loop {
            match encoder.fill(self.board, &mut buf).expect("a line fits") {
                0 => break,
                len => page.extend_from_slice(&buf[..len]),
            }
        }
        let page = String::from_utf8(page).expect("a page is UTF-8");
        page.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }
}

impl Voice {
    fn new(index: u32, boots: u32, name: &'static str, board: &'static Board<Unit>) -> Self {
        let identity = Identity { device: name, firmware: "1.2.3" };
        // Seven bits of it in each byte, none of which is text: so what is damaged is told from a log line.
        let number = u64::from(index) << 8 | u64::from(boots & 0xff);
        let boot =
            (0..4).fold(0, |boot, byte| boot | (0x80 | (number >> (7 * byte)) as u32 & 0x7f) << (8 * byte));
        let reporter = Reporter::new(board, identity, boot);
        if index.is_multiple_of(2) {
            return Self::Full(reporter);
        }
        let cells = Unit::DESCS.iter().map(Desc::all_cells).sum();
        let memory = Box::leak(vec![0; cells].into_boxed_slice());
        Self::Sparse(reporter.with_memory(memory).with_full_every(FULL_EVERY))
    }
}
