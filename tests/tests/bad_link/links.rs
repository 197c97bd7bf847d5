//! The same into the program, over every kind of link.

use crate::{CALM, ROUND, Trial};
use narthex::text::Format;
use narthex_tests::bad_link::wire::{Line, Tcp, Udp, Wire, stdin};
use narthex_tests::bad_link::{Counts, Piece, Rates};
use narthex_tests::cable::{Cable, Kind};
use narthex_tests::children::of_devices;
use narthex_tests::gateway::Gateway;
use narthex_tests::host::agree;
use narthex_tests::http::free_address;
use narthex_tests::page;
use narthex_tests::program::eventually;
use std::fs::{self, File};
use std::thread;
use std::time::{Duration, Instant};

/// Within this time the program has read what was sent to it.
const SOON: Duration = Duration::from_secs(20);
/// Rates of frames that are known by their numbers, on a link that is not cut.
const BAD: Rates =
    Rates { lost: 150, flipped: 50, repeated: 80, late: 100, text: 50, delayed: 50, cut: 0, wild: false };
const WILD: Rates = Rates { wild: true, ..BAD };

fn page(gateway: &Gateway) -> String {
    of_devices(&gateway.metrics(page::Format::Text).body)
}

fn counts(gateway: &Gateway) -> Counts {
    let page = gateway.page(page::Format::Text);
    let count = |outcome| {
        let sample = page.sample("narthex_frames_total", &[("outcome", outcome)]);
        sample.expect("each outcome is counted").value.parse().expect("a whole number")
    };
    Counts {
        received: count("received"),
        lost: count("lost"),
        repeated: count("repeated"),
        reordered: count("reordered"),
        corrupt: count("corrupt"),
    }
}

/// One life of a machine on a bad link, to a gateway that runs.
fn life(gateway: &Gateway, wire: &mut impl Wire, rates: Rates, reboots: bool, seed: u64) {
    let mut trial = Trial::new(seed, rates);
    let mut step = |trial: &mut Trial| {
        let pieces = trial.step(wire);
        wire.send(&pieces);
        trial.history.allows(&page(gateway)).unwrap_or_else(|why| panic!("seed {seed}, {rates:?}: {why}"));
    };
    for _ in 0..60 {
        if reboots && trial.random.below(15) == 0 {
            trial.reboot();
        }
        step(&mut trial);
    }
    trial.calm();
    let (mut rounds, mut streak) = (0, 0);
    while streak < CALM {
        step(&mut trial);
        rounds += 1;
        assert!(rounds <= ROUND + CALM, "seed {seed}, {rates:?}: the pages never are the same");
        // What was sent may be on its way still.
        let soon = Duration::from_millis(if streak > 0 { 2_000 } else { 50 });
        let same = Instant::now() + soon;
        let agree = || agrees(&trial, gateway).is_ok();
        streak = if eventually_is(same, agree) { streak + 1 } else { 0 };
    }
    let link = trial.link.counts();
    if !rates.wild && rates.cut == 0 {
        assert_eq!(counts(gateway), link, "seed {seed}, {rates:?}");
    }
}

/// Whether it becomes so by then.
fn eventually_is(then: Instant, so: impl Fn() -> bool) -> bool {
    while Instant::now() < then {
        if so() {
            return true;
        }
        thread::sleep(Duration::from_millis(5));
    }
    false
}

/// Whether the gateway shows exactly what the device does.
fn agrees(trial: &Trial, gateway: &Gateway) -> Result<(), String> {
    agree(trial.machine.name(), &trial.machine.page(Format::Text), &page(gateway))
}

/// A file: nothing comes back.
struct Nowhere;

impl Wire for Nowhere {
    fn send(&mut self, _: &[Piece]) {}
}

#[test]
fn over_tcp() {
    for (seed, rates) in [(1, BAD), (2, WILD), (3, Rates { cut: 10, ..BAD }), (4, Rates { cut: 10, ..WILD })]
    {
        let address = free_address();
        let gateway = Gateway::start(&["relay", "--tcp", &address.to_string()]);
        life(&gateway, &mut Tcp::dial(address, seed), rates, true, seed);
        assert_eq!(gateway.program.stop(), 0);
    }
}

#[test]
fn over_udp() {
    for (seed, rates) in [(1, BAD), (2, WILD)] {
        let address = free_address();
        let gateway = Gateway::start(&["relay", "--udp", &address.to_string()]);
        life(&gateway, &mut Udp::to(address, seed), rates, true, seed);
        assert_eq!(gateway.program.stop(), 0);
    }
}

#[test]
fn over_a_serial_line() {
    for (seed, rates) in [(1, BAD), (2, WILD)] {
        let cable = Cable::new(Kind::Serial);
        let gateway = Gateway::start(&["relay", &cable.gateway[0], &cable.gateway[1]]);
        let port = File::options().write(true).open(&cable.device).expect("the terminal is there");
        life(&gateway, &mut Line::new(port, seed), rates, true, seed);
        assert_eq!(gateway.program.stop(), 0);
    }
}

#[test]
fn over_standard_input() {
    for (seed, rates) in [(1, BAD), (2, WILD)] {
        let (gateway, mut line) = stdin(seed);
        life(&gateway, &mut line, rates, true, seed);
        assert_eq!(gateway.program.stop(), 0);
    }
}

#[test]
fn from_a_file() {
    for (seed, rates) in [(1, BAD), (2, WILD)] {
        let mut trial = Trial::new(seed, rates);
        let mut stream = Vec::new();
        for step in 0..100 {
            if step == 60 {
                trial.calm();
            }
            for piece in trial.step(&mut Nowhere) {
                if let Piece::Bytes(bytes) = piece {
                    stream.extend(bytes);
                }
            }
        }
        let path = std::env::temp_dir().join(format!("narthex-bad-link-{}-{seed}", std::process::id()));
        fs::write(&path, &stream).expect("the file can be written");
        let gateway = Gateway::start(&["relay", "--replay", path.to_str().expect("a plain path")]);
        eventually(SOON, "the same page", || agrees(&trial, &gateway).ok());
        if !rates.wild {
            assert_eq!(counts(&gateway), trial.link.counts(), "seed {seed}");
        }
        assert_eq!(gateway.program.stop(), 0);
        fs::remove_file(path).expect("the file is there");
    }
}
