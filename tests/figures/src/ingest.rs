//! What a snapshot costs the host: decoded, checked and kept.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use narthex::transport::{LastValues, Memory};
use narthex_host::relay::Now;
use narthex_host::relay::fleet::Connection;

use crate::callgrind::{self, Workload};
use crate::clock;
use crate::device::pump::PUMP;
use crate::device::{Sender, Work as _};
use crate::parser::{self, Series};
use crate::random::Random;
use crate::rig::{Line, Rig, name};
use crate::row;

pub(crate) const WORKLOADS: &[(&str, Workload)] = &[
    ("full", || counted(Feeding::full())),
    ("sparse", || counted(Feeding::sparse())),
    ("trickling", || counted(Feeding::trickling())),
    ("text", || {
        let (pages, mut series) = pages();
        let things = pages.len();
        (Box::new(move || read(&pages, &mut series)), things)
    }),
    ("fleet of 1", || alone(1)),
    ("fleet of 100", || alone(100)),
    ("fleet of 10000", || alone(10_000)),
];

/// One device that talks to a gateway.
struct Feeding<M> {
    line: Line,
    sender: Sender<M>,
    random: Random,
    batch: Vec<Vec<u8>>,
}

impl Feeding<()> {
    fn full() -> Self {
        Self::new(Sender::full(&PUMP, name(0)))
    }

    fn trickling() -> Self {
        Self::new(Sender::trickling(&PUMP, name(0)))
    }
}

impl Feeding<LastValues<'static>> {
    fn sparse() -> Self {
        Self::new(Sender::sparse(&PUMP, name(0)))
    }
}

impl<M: Memory> Feeding<M> {
    fn new(sender: Sender<M>) -> Self {
        let mut random = Random::new(1);
        PUMP.day(&mut random);
        let mut feeding = Self { line: Rig::new().connect(0), sender, random, batch: Vec::new() };
        feeding.prepare();
        feeding.run();
        feeding
    }

    /// Makes snapshots: as many as there are between two full ones of a sender that sends sparse ones, of which the
    /// first, a full one, is fed at once.
    fn prepare(&mut self) {
        self.batch.clear();
        for _ in 0..Sender::<LastValues<'_>>::EVERY {
            PUMP.moment(&mut self.random);
            self.batch.push(self.sender.snapshot());
        }
        let first = self.batch.remove(0);
        self.line.feed(&first);
    }

    /// Feeds them.
    fn run(&mut self) {
        self.batch.iter().for_each(|snapshot| self.line.feed(snapshot));
    }

    /// Nanoseconds for each.
    fn time(&mut self) -> f64 {
        let times = (0..8).map(|_| {
            self.prepare();
            clock::nanoseconds(|| self.run()) / self.batch.len() as f64
        });
        clock::median(times.collect())
    }

    fn allocations(&mut self) -> f64 {
        self.prepare();
        allocation_counter::measure(|| self.run()).count_total as f64 / self.batch.len() as f64
    }
}

fn counted<M: Memory + 'static>(mut feeding: Feeding<M>) -> (Box<dyn FnMut()>, usize) {
    feeding.prepare();
    let things = feeding.batch.len();
    (Box::new(move || feeding.run()), things)
}

/// One more snapshot of every device of a fleet, in any order.
///
/// What the gateway keeps of a device is as far away as it is in a gateway. What comes is not: a gateway reads into one
/// buffer again and again, so frames lie behind each other in the order in which they come; there is one clock, and
/// one buffer for answers. What devices themselves keep lies elsewhere.
struct Turn {
    connections: Vec<Connection>,
    senders: Vec<Sender>,
    random: Random,
    /// Who sends how many of the bytes, one after the other.
    batch: Vec<(usize, usize)>,
    bytes: Vec<u8>,
    now: Now,
    reply: Vec<u8>,
}

impl Turn {
    const SNAPSHOTS: usize = 10_000;

    fn new(devices: usize) -> Self {
        let rig = Rig::new();
        let (lines, senders): (Vec<_>, Vec<_>) = rig.populate(&PUMP, devices).into_iter().unzip();
        let (connections, times): (Vec<_>, Vec<_>) = lines.into_iter().map(Line::into_parts).unzip();
        let (now, mut random) = (times[0], Random::new(3));
        // Numbers have as many digits in a small fleet as in a large one, for which they were counted on.
        (devices..Self::SNAPSHOTS).for_each(|_| PUMP.moment(&mut random));
        let (batch, bytes, reply) = (Vec::new(), Vec::new(), Vec::new());
        Self { connections, senders, random, batch, bytes, now, reply }
    }

    fn prepare(&mut self, snapshots: usize) {
        self.batch.clear();
        self.bytes.clear();
        let mut order: Vec<_> = (0..self.connections.len()).collect();
        while self.batch.len() < snapshots {
            self.random.shuffle(&mut order);
            for device in order.iter().take(snapshots - self.batch.len()) {
                PUMP.moment(&mut self.random);
                let snapshot = self.senders[*device].snapshot();
                self.batch.push((*device, snapshot.len()));
                self.bytes.extend(snapshot);
            }
        }
    }

    fn run(&mut self) {
        let (mut rest, devices) = (&*self.bytes, self.connections.len());
        for (n, (device, len)) in self.batch.iter().enumerate() {
            if n.is_multiple_of(devices) {
                self.now = self.now.after(Duration::from_secs(1));
                self.reply.clear();
            }
            let (snapshot, behind) = rest.split_at(*len);
            self.connections[*device].feed(snapshot, self.now, &mut self.reply);
            rest = behind;
        }
    }

    fn time(&mut self) -> f64 {
        self.prepare(Self::SNAPSHOTS);
        clock::nanoseconds(|| self.run()) / Self::SNAPSHOTS as f64
    }
}

fn alone(devices: usize) -> (Box<dyn FnMut()>, usize) {
    let mut turn = Turn::new(devices);
    turn.prepare(1_000);
    (Box::new(move || turn.run()), 1_000)
}

/// Pages of one device, a moment after the other; and what reads them.
fn pages() -> (Vec<String>, Series) {
    let mut random = Random::new(5);
    PUMP.day(&mut random);
    let page = |_| {
        PUMP.moment(&mut random);
        parser::page(&PUMP)
    };
    let pages: Vec<_> = (0..64).map(page).collect();
    let mut series = Series::new(&pages[0]);
    assert_eq!(series.read(&pages[1]), 69);
    (pages, series)
}

/// Reads pages, each as if it had just come.
fn read(pages: &[String], series: &mut Series) {
    for page in pages {
        black_box(series.read(black_box(page)));
    }
}

/// Prints the figures of single snapshots.
pub(crate) fn snapshots() {
    let (mut full, mut sparse, mut trickling) = (Feeding::full(), Feeding::sparse(), Feeding::trickling());
    let (pages, mut series) = pages();
    let mut parse = || clock::nanoseconds(|| read(&pages, &mut series)) / pages.len() as f64;
    let [text, full_time, sparse_time, trickling_time] =
        clock::rounds(15, [&mut parse, &mut || full.time(), &mut || sparse.time(), &mut || trickling.time()]);
    for (what, time, allocations) in [
        ("full", full_time, full.allocations()),
        ("sparse", sparse_time, sparse.allocations()),
        ("trickling", trickling_time, trickling.allocations()),
    ] {
        row(&format!("ingest of a {what} snapshot, time"), time, 0);
        row(&format!("ingest of a {what} snapshot, ratio"), time / text, 3);
        row(&format!("ingest of a {what} snapshot, instructions"), callgrind::instructions(what), 0);
        row(&format!("ingest of a {what} snapshot, allocations"), allocations, 2);
    }
    row("text of the same, parsed and looked up, time", text, 0);
    row("text of the same, parsed and looked up, instructions", callgrind::instructions("text"), 0);
}

/// Prints how the cost of one device's snapshot depends on how many other devices there are.
pub(crate) fn fleets() {
    let [mut one, mut hundred, mut many] = [1, 100, 10_000].map(Turn::new);
    let [one_time, hundred_time, many_time] =
        clock::rounds(3, [&mut || one.time(), &mut || hundred.time(), &mut || many.time()]);
    row("snapshot among 100 devices, time", hundred_time / one_time, 2);
    row("snapshot among 10 000 devices, time", many_time / one_time, 2);
    let counts = ["fleet of 1", "fleet of 100", "fleet of 10000"]
        .map(|name| thread::spawn(move || callgrind::instructions(name)))
        .map(|counting| counting.join().expect("callgrind counts"));
    let [alone, hundred, many] = counts;
    row("snapshot among 100 devices, instructions", hundred / alone, 3);
    row("snapshot among 10 000 devices, instructions", many / alone, 3);
}
