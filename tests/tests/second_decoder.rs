//! A second decoder, in another language, reads streams and comes to the same series as the gateway and as `narthex decode`.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

use narthex::text::Format;
use narthex_tests::bad_link::{BadLink, Counts, Piece, Rates};
use narthex_tests::gateway;
use narthex_tests::host::Host;
use narthex_tests::machine::{Machine, Voice};
use narthex_tests::peers;
use narthex_tests::random::Random;
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, fs};

const STEP: Duration = Duration::from_secs(1);

/// The series of a page without comments, sorted.
fn sorted(page: &str) -> Vec<String> {
    let mut lines: Vec<_> = page.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    lines.sort();
    lines
}

/// What `narthex decode` prints of this stream.
fn decoded(stream: &[u8], format: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = env::temp_dir().join(format!("narthex-second-decoder-{}-{number}", std::process::id()));
    fs::write(&path, stream).expect("the file can be written");
    let output = Command::new(gateway::binary()).args(["decode", "--format", format]).arg(&path).output();
    fs::remove_file(&path).expect("the file is there");
    let output = output.expect("narthex can be run");
    // 1 says that frames were lost or refused.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is text")
}

/// All read the same in this stream: the gateway, with the clock at its end; `narthex decode`; and the second decoder.
#[track_caller]
fn read_the_same(stream: &[u8], end: Duration, seed: u64) -> (BTreeMap<String, u64>, Counts) {
    let mut host = Host::new();
    host.at(end);
    host.feed(stream, &mut Random(seed));
    let (theirs, counts) = peers::series(stream);
    assert!(!theirs.is_empty());
    let mut ours: Vec<_> = decoded(stream, "json").lines().map(str::to_owned).collect();
    ours.sort();
    assert_eq!(theirs, ours, "seed {seed}");
    let lines = peers::text_lines(&theirs);
    assert_eq!(lines, sorted(&decoded(stream, "text")), "seed {seed}");
    assert_eq!(lines, sorted(&host.page(Format::Text)), "seed {seed}");
    (counts, host.counts())
}

/// And count the same.
#[track_caller]
fn count_the_same(stream: &[u8], end: Duration, seed: u64) {
    let (theirs, ours) = read_the_same(stream, end, seed);
    let theirs = Counts {
        received: theirs["received"],
        lost: theirs["lost"],
        repeated: theirs["repeated"],
        reordered: theirs["reordered"],
        corrupt: theirs["corrupt"],
    };
    assert_eq!(theirs, ours, "seed {seed}");
}

/// What goes over the link in all golden vectors, one behind the other.
fn golden() -> Vec<u8> {
    let path = narthex_tests::root().join("tests/vectors/frames.txt");
    let text = fs::read_to_string(path).expect("the file is there");
    let (mut on_link, mut stream) = (false, Vec::new());
    for line in text.lines() {
        match line {
            "link" => on_link = true,
            "says" => on_link = false,
            line if on_link => {
                let bytes = line.split('#').next().unwrap_or_default().split_whitespace();
                stream.extend(bytes.map(|byte| u8::from_str_radix(byte, 16).expect("two digits")));
            }
            _ => {}
        }
    }
    stream
}

#[test]
fn golden_vectors() {
    read_the_same(&golden(), STEP, 0);
}

/// The names of some machines.
const NAMES: [&str; 4] = ["pump-1", "pump-2", "press \"B\" \\ °", "pump-4"];

#[test]
fn an_hour_of_some_machines() {
    let mut random = Random(1);
    let mut stream = Vec::new();
    let ways = [(48, Voice::Sparse), (100, Voice::Full), (256, Voice::Asked), (1024, Voice::Sparse)];
    for (name, (mtu, voice)) in NAMES.into_iter().zip(ways) {
        let mut machine = Machine::new(name, random.bits() as u32, mtu, voice);
        for _ in 0..3600 {
            machine.work(&mut random);
            stream.extend(machine.snapshot(STEP).concat());
        }
    }
    count_the_same(&stream, STEP * 3600, 1);
}

#[test]
fn bad_links() {
    let seeds = env::var("NARTHEX_SEEDS").map_or(6, |count| count.parse().expect("a number of seeds"));
    for seed in 0..seeds {
        let mut random = Random(seed);
        let rates = Rates::random(&mut random);
        let mtu = 48 + random.below(500);
        let mut machine =
            Machine::new("a", random.bits() as u32, mtu, [Voice::Full, Voice::Sparse][random.below(2)]);
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
        count_the_same(&stream, STEP * 200, seed);
    }
}

#[test]
fn a_stream_that_begins_and_ends_in_a_frame() {
    let mut machine = Machine::new("a", 7, 200, Voice::Sparse);
    let mut random = Random(7);
    let mut stream = Vec::new();
    for _ in 0..100 {
        machine.work(&mut random);
        stream.extend(machine.snapshot(STEP).concat());
    }
    for seed in 0..10 {
        let (from, to) = (random.below(500), stream.len() - random.below(500));
        count_the_same(&stream[from..to], STEP * 100, seed);
    }
}
