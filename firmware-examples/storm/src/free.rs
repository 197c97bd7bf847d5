//! Interrupts that come when they like, three deep, each updating what it has preempted; and what each has added, kept
//! apart.
#![allow(clippy::indexing_slicing, reason = "a panic fails the test; indices are drawn below the lengths")]

use core::cell::Cell;

use narthex::instrument::{Counter, Instrument as _};
use narthex::model::{Cells as _, Value};
use semihosting::println;

use crate::injector::{Injector, LEVELS};
use crate::subject::{ALL, KEPT, Mode, Peer, Side, handle};

/// What one level has added.
struct Totals {
    events: Cell<u64>,
    level: Cell<i32>,
    signal: Cell<i32>,
    ratio: Cell<i32>,
    buckets: [Cell<u64>; 3],
    length: Cell<u64>,
    faults: [Cell<u64>; 2],
    /// Two that fit, and the rest.
    packets: [Cell<u64>; 3],
    pinned: Cell<u64>,
    updates: Cell<u32>,
    seed: Cell<u32>,
    /// Reads that were wrong.
    wrong: Cell<u32>,
    /// What was read last, and must not fall.
    last: [Cell<u64>; 3],
}

// SAFETY: each is used by its own level, and by thread mode when no interrupt comes any more.
unsafe impl Sync for Totals {}

impl Totals {
    const fn new() -> Self {
        Self {
            events: Cell::new(0),
            level: Cell::new(0),
            signal: Cell::new(0),
            ratio: Cell::new(0),
            buckets: [const { Cell::new(0) }; 3],
            length: Cell::new(0),
            faults: [const { Cell::new(0) }; 2],
            packets: [const { Cell::new(0) }; 3],
            pinned: Cell::new(0),
            updates: Cell::new(0),
            seed: Cell::new(0),
            wrong: Cell::new(0),
            last: [const { Cell::new(0) }; 3],
        }
    }

    /// A number from 0 to `below`, another each time (Numerical Recipes' generator).
    fn random(&self, below: u32) -> u32 {
        let next = self.seed.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.seed.set(next);
        (next >> 16) % below
    }

    /// One update and one read, each of any kind.
    fn turn(&self) {
        self.update();
        self.read();
        self.updates.set(self.updates.get() + 1);
    }

    fn update(&self) {
        let n = self.random(1 << 12);
        match self.random(14) {
            0 => add(&self.events, 1, || ALL.events_total.inc()),
            1 => add(&self.events, n << 16, || ALL.events_total.add(n << 16)),
            2 => add(&self.events, n, || ALL.events_total.add_u64(n.into())),
            3 => {
                ALL.level.add(n.cast_signed());
                ALL.level.dec();
                self.level.set(self.level.get().wrapping_add(n.cast_signed()).wrapping_sub(1));
            }
            4 => {
                ALL.signal.sub(n.cast_signed() % 8);
                ALL.signal.inc();
                self.signal.set(self.signal.get() - n.cast_signed() % 8 + 1);
            }
            5 => {
                ALL.ratio.add(2.0);
                ALL.ratio.sub(1.0);
                self.ratio.set(self.ratio.get() + 1);
            }
            6 => self.observe(n % 200, 1, |value, _| ALL.length().observe(value)),
            7 => self.observe(n % 200, n << 10, |value, n| ALL.length().observe_n(value, n)),
            8 => ALL.mode.set([Mode::Idle, Mode::Busy, Mode::Failed][n as usize % 3]),
            9 => {
                let side = n as usize % 2;
                add(&self.faults[side], 1, || ALL.faults_total.at([Side::Left, Side::Right][side]).inc());
            }
            10 | 11 => {
                let slot = n as usize % 3;
                add(&self.packets[slot], n, || {
                    ALL.packets_total.update(Peer::new(["x", "y", "z"][slot]), |packets| packets.add(n));
                });
            }
            12 => add(&self.pinned, n << 16, || handle().map_or((), |pinned| pinned.add(n << 16))),
            // Beside the child that stays, others come and go.
            _ => {
                let peer = Peer::new(["p", "q", "r"][n as usize % 3]);
                KEPT.update(peer, Counter::inc);
                let _ = KEPT.remove(peer);
            }
        }
    }

    fn observe(&self, value: u32, n: u32, observe: impl FnOnce(u32, u32)) {
        observe(value, n);
        let bucket = [10, 100].iter().filter(|bound| **bound < value).count();
        add(&self.buckets[bucket], n, || ());
        self.length.set(self.length.get() + u64::from(value) * u64::from(n));
    }

    fn read(&self) {
        let at = self.random(3) as usize;
        let now = match at {
            0 => ALL.events_total.get(),
            1 => ALL.length.count(),
            _ => handle().map_or(0, |pinned| pinned.get()),
        };
        if now < self.last[at].replace(now) {
            self.wrong.set(self.wrong.get() + 1);
        }
    }
}

fn add(total: &Cell<u64>, n: u32, update: impl FnOnce()) {
    update();
    total.set(total.get() + u64::from(n));
}

static TOTALS: [Totals; LEVELS + 1] = [const { Totals::new() }; LEVELS + 1];

/// What is done at a level: thread mode, the two interrupts above it, and the alarm itself.
pub(crate) fn turn(level: usize) {
    if let Some(totals) = TOTALS.get(level) {
        totals.turn();
    }
}

/// After how many ticks the alarm comes again.
pub(crate) fn pause(longest: u32) -> u32 {
    300 + TOTALS[LEVELS].random(longest)
}

/// Lets `interrupts` alarms come while thread mode updates as well. Returns whether all is there.
pub(crate) fn run(injector: &Injector, interrupts: u32) -> bool {
    for (level, totals) in TOTALS.iter().enumerate() {
        totals.seed.set(level as u32 + 1);
    }
    let start = [ALL.events_total.get(), handle().map_or(0, |pinned| pinned.get())];
    ALL.packets_total.clear();
    for name in ["x", "y"] {
        ALL.packets_total.update(Peer::new(name), |_| ());
    }
    ALL.length.reset();
    ALL.level.set(0);
    ALL.ratio.set(0.0);
    let faults = faults();
    let deepest = injector.storm(interrupts, || turn(0));
    let sum = |of: fn(&Totals) -> u64| TOTALS.iter().map(of).sum::<u64>();
    let signed = |of: fn(&Totals) -> i32| TOTALS.iter().map(of).fold(0, i32::wrapping_add);
    let bucket = |at| match ALL.length.read(0, at) {
        Some(Value::Unsigned(n)) => n,
        _ => u64::MAX,
    };
    let packets = |slot| match ALL.packets_total.read(slot, 0) {
        Some(Value::Unsigned(n)) => n,
        _ => u64::MAX,
    };
    #[allow(clippy::cast_precision_loss, reason = "far below 2^24")]
    #[rustfmt::skip]
    let is = [
        ("counter", ALL.events_total.get() - start[0] == sum(|of| of.events.get())),
        ("gauge", ALL.level.get() == signed(|of| of.level.get())),
        ("optional gauge", ALL.signal.get() == Some(signed(|of| of.signal.get()))),
        ("f32 gauge", ALL.ratio.get().to_bits() == (signed(|of| of.ratio.get()) as f32).to_bits()),
        ("bucket 0", bucket(0) == sum(|of| of.buckets[0].get())),
        ("bucket 1", bucket(1) == sum(|of| of.buckets[1].get())),
        ("bucket 2", bucket(2) == sum(|of| of.buckets[2].get())),
        ("sum", bucket(3) == sum(|of| of.length.get())),
        ("family left", ALL.faults_total.at(Side::Left).get() - faults[0] == sum(|of| of.faults[0].get())),
        ("family right", ALL.faults_total.at(Side::Right).get() - faults[1] == sum(|of| of.faults[1].get())),
        ("table 0", packets(0) == sum(|of| of.packets[0].get())),
        ("table 1", packets(1) == sum(|of| of.packets[1].get())),
        ("table overflow", packets(2) == sum(|of| of.packets[2].get())),
        ("handle", handle().map_or(0, |pinned| pinned.get()) - start[1] == sum(|of| of.pinned.get())),
        ("reads", sum(|of| of.wrong.get().into()) == 0),
    ];
    let wrong = is.iter().filter(|(_, right)| !right).inspect(|(what, _)| println!("lost\t{what}")).count();
    println!("free\t{interrupts}\t{deepest}\t{}\t{wrong}", sum(|of| of.updates.get().into()));
    wrong == 0
}

fn faults() -> [u64; 2] {
    [Side::Left, Side::Right].map(|side| ALL.faults_total.at(side).get())
}
