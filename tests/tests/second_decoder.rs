//! A second decoder, in another language, reads streams and comes to the same series as the gateway.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

use narthex::text::Format;
use narthex_tests::bad_link::{BadLink, Piece, Rates};
use narthex_tests::host::Host;
use narthex_tests::machine::Machine;
use narthex_tests::peers;
use narthex_tests::random::Random;
use std::time::Duration;

const STEP: Duration = Duration::from_secs(1);

/// The series of a page, as the second decoder tells them: without comments, sorted.
fn series(host: &Host) -> Vec<String> {
    let page = host.page(Format::Text);
    let mut lines: Vec<_> = page.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Both read this stream, with the clock at its end.
#[track_caller]
fn read_the_same(stream: &[u8], end: Duration, seed: u64) {
    let mut host = Host::new();
    host.at(end);
    host.feed(stream, &mut Random(seed));
    let (lines, counts) = peers::series(stream);
    assert!(!lines.is_empty());
    assert_eq!(lines, series(&host), "seed {seed}");
    let ours = host.counts();
    let theirs = ["received", "repeated", "corrupt"].map(|what| counts[what]);
    assert_eq!(theirs, [ours.received, ours.repeated, ours.corrupt], "seed {seed}");
}

/// The names of some machines.
const NAMES: [&str; 4] = ["pump-1", "pump-2", "press \"B\" \\ °", "pump-4"];

#[test]
fn an_hour_of_some_machines() {
    let mut random = Random(1);
    let mut stream = Vec::new();
    for (name, mtu) in NAMES.into_iter().zip([48, 100, 256, 1024]) {
        let mut machine = Machine::new(name, random.bits() as u32, mtu);
        for _ in 0..3600 {
            machine.work(&mut random);
            stream.extend(machine.snapshot(STEP).concat());
        }
    }
    read_the_same(&stream, STEP * 3600, 1);
}

#[test]
fn bad_links() {
    for seed in 0..20 {
        let mut random = Random(seed);
        let rates = Rates::random(&mut random);
        let mtu = 48 + random.below(500);
        let mut machine = Machine::new("a", random.bits() as u32, mtu);
        let mut link = BadLink::new(seed, rates);
        let mut stream = Vec::new();
        for step in 1..200 {
            if step % 70 == 0 {
                machine.reboot(random.bits() as u32);
                link.boots();
            }
            machine.work(&mut random);
            for piece in link.carry(&machine.snapshot(STEP)) {
                if let Piece::Bytes(bytes) = piece {
                    stream.extend(bytes);
                }
            }
        }
        read_the_same(&stream, STEP * 200, seed);
    }
}

#[test]
fn a_stream_that_begins_and_ends_in_a_frame() {
    let mut machine = Machine::new("a", 7, 200);
    let mut random = Random(7);
    let mut stream = Vec::new();
    for _ in 0..100 {
        machine.work(&mut random);
        stream.extend(machine.snapshot(STEP).concat());
    }
    for seed in 0..10 {
        let (from, to) = (random.below(500), stream.len() - random.below(500));
        read_the_same(&stream[from..to], STEP * 100, seed);
    }
}
