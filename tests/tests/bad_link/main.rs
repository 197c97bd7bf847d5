//! The invariant over bad links: what the gateway shows is at any time an older state of the device, or nothing; once
//! the link is good it shows the device's own page; and it counts what the link did.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod links;

use narthex::text::Format;
use narthex_tests::bad_link::wire::{InProcess, Wire};
use narthex_tests::bad_link::{BadLink, Counts, Piece, Rates};
use narthex_tests::history::History;
use narthex_tests::machine::{Machine, Voice};
use narthex_tests::random::Random;
use std::env;
use std::ops::Range;
use std::time::Duration;

/// Between two snapshots.
const STEP: Duration = Duration::from_secs(1);
/// Snapshots within which a good link makes good for a bad one that goes one way: all records come round within 32,
/// all values within 10.
const ROUND: usize = 60;
/// And where the gateway can ask; one more where it must first learn anew whom.
const ASKED: usize = 3;
/// Snapshots in a row for which the pages must be the same: once may be by chance.
const CALM: usize = 10;

/// A machine at one end of a bad link.
struct Trial {
    machine: Machine,
    link: BadLink,
    history: History,
    random: Random,
    time: Duration,
    /// Whether the link is good by now.
    is_calm: bool,
    /// Snapshots that it then takes at most until all is right.
    patience: usize,
}

impl Trial {
    fn new(seed: u64, rates: Rates) -> Self {
        let mut random = Random(seed);
        let mtu = [48, 64, 100, 256, 1024][random.below(5)];
        let voice = [Voice::Full, Voice::Sparse, Voice::Asked][random.below(3)];
        let machine = Machine::new("machine \"1\"", random.bits() as u32, mtu, voice);
        let patience = if voice == Voice::Asked { ASKED } else { ROUND };
        let (link, history) = (BadLink::new(random.bits(), rates), History::new(machine.name()));
        Self { machine, link, history, random, time: Duration::ZERO, is_calm: false, patience }
    }

    /// Another snapshot; what arrives.
    fn step(&mut self, wire: &mut impl Wire) -> Vec<Piece> {
        self.time += STEP;
        self.machine.receive(&wire.replies());
        self.machine.work(&mut self.random);
        if self.is_calm {
            self.machine.fill();
        }
        self.history.records(&self.machine.page(Format::Text));
        let (history, random) = (&mut self.history, &mut self.random);
        // What changes behind the last frame is not on the page of the gateway.
        let churns = !self.is_calm && random.below(2) == 0;
        let frames = self.machine.snapshot_while(STEP, |machine| {
            if churns {
                machine.churn(random);
                history.records(&machine.page(Format::Text));
            }
        });
        self.link.carry(&frames)
    }

    /// From now on the link is good.
    fn calm(&mut self) {
        self.link.calm();
        self.is_calm = true;
    }

    /// The device boots. With the number of the boot before only once its uptime tells them apart.
    fn reboot(&mut self) {
        let same = self.machine.uptime() > Duration::from_secs(20) && self.random.below(2) == 0;
        let boot = if same { self.machine.boot() } else { self.random.bits() as u32 };
        self.machine.reboot(boot);
        self.link.boots();
        self.history.boots();
    }

    /// Whether the gateway shows exactly what the device does.
    fn agrees(&self, wire: &InProcess) -> Result<(), String> {
        let agrees = |format| wire.host.agrees(self.machine.name(), &self.machine.page(format), format);
        [Format::Text, Format::OpenMetrics].into_iter().try_for_each(agrees)
    }

    /// Another snapshot into a gateway of this process, which is looked at all the time.
    fn in_process(&mut self, wire: &mut InProcess) -> Result<(), String> {
        let mut pieces = self.step(wire);
        wire.host.at(self.time);
        while !pieces.is_empty() {
            let rest = pieces.split_off(1 + self.random.below(pieces.len()));
            wire.send(&pieces);
            self.history.allows(&wire.host.page(Format::Text))?;
            pieces = rest;
        }
        Ok(())
    }
}

/// One life of a machine on a bad link, in this process.
fn life(seed: u64, rates: Rates, reboots: bool) -> Result<(), String> {
    let mut wire = InProcess::new(seed);
    let mut trial = Trial::new(seed, rates);
    for _ in 0..40 {
        if reboots && trial.random.below(15) == 0 {
            trial.reboot();
        }
        trial.in_process(&mut wire)?;
    }
    trial.calm();
    // Of anything that has happened to the bytes no more is demanded than that it ends.
    let patience = if rates.wild { ROUND } else { trial.patience + usize::from(reboots || rates.cut > 0) };
    let (mut rounds, mut streak) = (0, 0);
    while streak < CALM {
        trial.in_process(&mut wire)?;
        rounds += 1;
        match trial.agrees(&wire) {
            Ok(()) => streak += 1,
            Err(why) if rounds >= patience => return Err(why),
            Err(_) => streak = 0,
        }
    }
    let (link, host) = (trial.link.counts(), wire.host.counts());
    // What is missing about a cut can be told only if the device has said its name on both sides of it.
    let lost = if rates.cut > 0 { host.lost } else { link.lost };
    if !rates.wild && (Counts { lost, ..link }) != host {
        return Err(format!("the link did {link:?}, the gateway counts {host:?}"));
    }
    Ok(())
}

/// How many seeds each test tries: `NARTHEX_SEEDS` says, for the long form.
fn seeds(from: u64) -> Range<u64> {
    let count = env::var("NARTHEX_SEEDS").map_or(6, |count| count.parse().expect("a number of seeds"));
    from..from + count
}

/// Tries seeds; the first that fails is told, to be tried alone.
fn lives(seeds: Range<u64>, rates: impl Fn(&mut Random) -> Rates, reboots: bool) {
    for seed in seeds {
        let rates = rates(&mut Random(seed ^ 0xface));
        life(seed, rates, reboots).unwrap_or_else(|why| panic!("seed {seed}, {rates:?}: {why}"));
    }
}

#[test]
fn in_this_process() {
    lives(seeds(0), Rates::random, false);
}

#[test]
fn in_this_process_with_reboots() {
    lives(seeds(1_000_000), Rates::random, true);
}

#[test]
fn in_this_process_with_cuts() {
    lives(seeds(2_000_000), |random| Rates { cut: 20, ..Rates::random(random) }, false);
}

#[test]
fn in_this_process_with_anything() {
    lives(seeds(3_000_000), |random| Rates { cut: 10, wild: true, ..Rates::random(random) }, true);
}
