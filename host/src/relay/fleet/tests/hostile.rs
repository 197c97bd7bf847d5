//! Any bytes at all: nothing panics, nothing grows without bound, pages stay legal, no value is wrong.

use std::collections::HashSet;
use std::time::Instant;

use super::*;
use firmware::Metric;
use narthex::frame::{Decoder, Event, Header, Kind, MAX_FRAME, payload, seal};
use narthex::model::{Desc, Details, Dimension};

/// How long each of these tests may take, at most.
const TIME: Duration = Duration::from_millis(1500);

/// Xorshift, 64 bits: the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

const PORTS: &[Dimension<'_>] = &[Dimension { name: "port", values: &["a", "b", "c", "d"] }];
const METRICS: usize = 5;

/// A firmware whose values tell which metric they belong to, and which snapshot.
fn traceable(name: &'static str, boot: u32, mtu: usize) -> Firmware {
    let metrics = vec![
        Metric::counter("m0_total", 0),
        Metric::new(Desc {
            details: &Details { dimensions: PORTS, ..Details::NONE },
            ..Desc::counter("m1_total", "Help.")
        }),
        Metric::new(Desc::histogram(
            "m2",
            "Help.",
            &Details { bounds: &[1, 10, 100, 1000], ..Details::NONE },
        )),
        Metric::new(Desc::histogram(
            "m3",
            "Help.",
            &Details { bounds: &[1, 2], dimensions: PORTS, ..Details::NONE },
        )),
        Metric::counter("m4_total", 0),
    ];
    Firmware::new(name, boot, metrics).with_mtu(mtu)
}

fn snapshot(firmware: &mut Firmware, n: u64) -> Vec<Vec<u8>> {
    for metric in 0..METRICS {
        firmware.set(metric, &[n * 8 + metric as u64; 16]);
    }
    firmware.frames(n * 1000)
}

/// Checks a page by the letter of the format; and every value of a device called `good…`.
fn check(rig: &Rig, newest: u64) {
    let (mut families, mut series, mut family) = (HashSet::new(), HashSet::new(), String::new());
    for line in rig.text(Format::Text).lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            family = kind.split_once(' ').unwrap().0.to_owned();
            assert!(families.insert(family.clone()), "{line}");
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (head, value) = line.rsplit_once(' ').unwrap();
        assert!(head.starts_with(&family) && series.insert(head.to_owned()), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        if head.starts_with('m') && head.contains("{device=\"good") {
            let metric: u64 = head[1..2].parse().unwrap();
            // A histogram shows sums of cells that are all the same.
            let bounds: &[&str] = if metric == 2 { &["1", "10", "100", "1000"] } else { &["1", "2"] };
            let le = bounds.iter().position(|le| head.contains(&format!("le=\"{le}\"")));
            let cells = match le {
                Some(le) => le as u64 + 1,
                None if head.contains("_count{") || head.contains("+Inf") => bounds.len() as u64 + 1,
                None => 1,
            };
            let number: u64 = value.parse().unwrap();
            let cell = number / cells;
            assert!(number == cell * cells && cell % 8 == metric && cell / 8 <= newest, "{line}");
        }
    }
}

#[test]
fn noise_and_splices_show_nothing_wrong() {
    let (start, mut random) = (Instant::now(), Random(0x5eed));
    let (mut shown, mut corrupt) = (0, 0);
    for round in 0.. {
        if start.elapsed() > TIME {
            break;
        }
        let mut rig = Rig::new();
        let mut line = rig.connect("10.0.0.1:1");
        let mtu = [48, 64, 100, 256, 1024][random.below(5)];
        let mut firmware = traceable("good", round, mtu);
        for n in 1..60 {
            if random.below(30) == 0 {
                firmware = traceable("good", round << 8 | n as u32, mtu);
            }
            let mut bytes = snapshot(&mut firmware, n).concat();
            for _ in 0..random.below(4) {
                let at = random.below(bytes.len());
                match random.below(6) {
                    0 => bytes[at] ^= 1 << random.below(8),
                    1 => drop(bytes.drain(at..(at + random.below(40)).min(bytes.len() - 1))),
                    2 => {
                        let again = bytes[at..].to_vec();
                        bytes.splice(at..at, again);
                    }
                    3 => drop(bytes.splice(at..at, b"[ 1.0] log line\r\n".iter().copied())),
                    4 => {
                        let noise: Vec<u8> = (0..random.below(50)).map(|_| random.next() as u8).collect();
                        bytes.splice(at..at, noise);
                    }
                    _ => bytes.truncate(at.max(1)),
                }
            }
            // In pieces of any size.
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, tail) = rest.split_at(1 + random.below(rest.len()));
                line.feed(piece, rig.now, &mut Vec::new());
                rest = tail;
            }
            if n % 7 == 0 {
                check(&rig, n);
            }
            rig.wait(1);
        }
        shown += rig.lines().len();
        corrupt += rig.fleet.totals(rig.now).frames_corrupt;
    }
    assert!(shown > 0 && corrupt > 0);
}

/// Header and payload of each frame.
fn open(frames: &[Vec<u8>]) -> Vec<(Header, Vec<u8>)> {
    let mut decoder = Decoder::<MAX_FRAME>::new();
    let opened = frames.iter().map(|frame| match decoder.feed(&mut &frame[..]) {
        Some(Event::Frame(frame)) => (frame.header, frame.payload.to_vec()),
        other => panic!("{other:?}"),
    });
    opened.collect()
}

#[test]
fn lies_with_a_good_check_cost_little_and_spoil_no_other() {
    let limits = Limits { max_devices: 6, max_series: 60, max_schema_bytes: 2000, ..Limits::default() };
    let (start, mut random) = (Instant::now(), Random(0xbad));
    let mut rig = Rig::with(limits);
    let mut good = traceable("good", 1, 256);
    let mut line = rig.connect("10.0.0.1:1");
    let mut liars: Vec<_> = (0..4).map(|n| rig.connect(&format!("10.0.0.{}:1", 2 + n % 2))).collect();
    let mut honest = Vec::new();
    for (name, mtu) in [("liar-1", 48), ("liar-2", 256), ("", 1024)] {
        let mut firmware = traceable(name, 7, mtu);
        honest.extend(open(&snapshot(&mut firmware, 1)));
        honest.extend(open(&snapshot(&mut firmware, 2)));
        let other = vec![Metric::gauge("m0", 1), Metric::gauge("b", 2), Metric::counter("b_total", 2)];
        honest.extend(open(&Firmware::new(name, 8, other).with_mtu(mtu).frames(1000)));
    }
    let mut buf = [0; MAX_FRAME];
    let (mut n, mut sequence) = (0, 0u16);
    while start.elapsed() < TIME {
        n += 1;
        line.feed(&snapshot(&mut good, n).concat(), rig.now, &mut Vec::new());
        for _ in 0..50 {
            let (mut header, mut bytes) = honest[random.below(honest.len())].clone();
            for _ in 0..random.below(4) {
                let at = random.below(bytes.len());
                match random.below(4) {
                    0 => bytes[at] = random.next() as u8,
                    1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
                    2 => bytes.truncate(at + 1),
                    _ => {
                        let (_, other) = &honest[random.below(honest.len())];
                        let from = random.below(other.len());
                        bytes.splice(at.., other[from..].iter().copied());
                        bytes.truncate(1500);
                    }
                }
            }
            sequence = sequence.wrapping_add([1, 1, 1, 1, 2, 0x7fff, 0xffff][random.below(7)]);
            header.sequence = sequence;
            header.uptime = header.uptime.wrapping_add([0, 0, 1, u32::MAX][random.below(4)]);
            if random.below(20) == 0 {
                header.boot = random.below(3) as u32;
            }
            if random.below(20) == 0 {
                header.kind = Kind::new(random.below(16) as u8);
            }
            payload(&mut buf)[..bytes.len()].copy_from_slice(&bytes);
            let frame = seal(&mut buf, &header, bytes.len());
            let at = random.below(liars.len());
            liars[at].feed(frame, rig.now, &mut Vec::new());
        }
        if random.below(50) == 0 {
            let at = random.below(liars.len());
            liars[at] = rig.connect(&format!("10.0.0.{}:{n}", 2 + at % 2));
        }
        if n % 20 == 0 {
            check(&rig, n);
        }
        rig.wait(1);
        let index = rig.fleet.read();
        assert!(index.devices.len() <= 6);
        for device in index.devices.devices() {
            let state = device.lock();
            let status = state.status(rig.now);
            assert!(status.series <= 120 && status.refused.len() <= 64 + 120, "{status:?}");
        }
        assert!(rig.fleet.schemas().len() <= 6 * 120);
    }
    assert_eq!(rig.device("good").schema.known, METRICS);
    assert!(rig.lines().iter().filter(|line| line.contains("device=\"good\"")).count() > 20);
}
