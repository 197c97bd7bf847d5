//! How much is sent.

use super::source::Random;
use super::*;

/// A device of 41 children with 67 cells: 22 numbers, two families of eight, two histograms of 10 buckets, and one of
/// three, where a summary would have its quantiles.
fn heartbeat() -> Fake {
    let mut shapes = vec![(0, 0, 1); 22];
    shapes.extend([(0, 0, 8), (0, 0, 8), (10, 0, 1), (10, 0, 1), (3, 0, 1)]);
    Fake::new(&shapes)
}

#[test]
fn a_day_of_67_cells_has_184_bytes_and_what_changes_96() {
    let source = heartbeat();
    let random = Random::new(7);
    let parts = source.parts.len();
    assert_eq!((parts, source.cells()), (41, 67));
    for part in 0..parts {
        (0..source.stride(part)).for_each(|cell| source.add(part, 0, cell, 1 << (4 + random.below(16))));
    }
    let mut memory = [0; 80];
    let mut reporter = Reporter::new(&source, IDENTITY, 1).with_trickle(0).with_memory(&mut memory);
    let length = |frames: &[Vec<u8>]| {
        let frames = frames.iter().filter(|frame| frame[1] & 0x0f != 3);
        frames.map(Vec::len).sum::<usize>()
    };
    let (mut full, mut sparse, mut most) = (0, 0, 0);
    for round in 0..1000 {
        for part in 0..parts {
            if random.below(10) < 3 {
                (0..3).for_each(|_| source.add(part, 0, random.below(12), 1 + random.below(20) as u64));
            }
        }
        let len = length(&snapshot(&mut reporter, 1, 256));
        if round % 10 == 0 {
            full = full.max(len);
        } else {
            sparse += len;
            most = most.max(len);
        }
    }
    std::eprintln!("full {full}, sparse {} on average, {most} at most", sparse / 900);
    assert!(full <= 184, "{full}");
    assert!(sparse / 900 <= 96, "{}", sparse / 900);
}

/// 185 metrics: how many snapshots it takes, from each of the first hundred on, to know the name, to show a first
/// value, and to know everything.
fn joining(mtu: usize) -> (usize, usize, usize, usize) {
    let source = Fake::new(&[(0, 0, 1); 185]);
    let mut reporter = Reporter::new(&source, IDENTITY, 1);
    let snapshots: Vec<_> = (0..130).map(|_| snapshot(&mut reporter, 1, mtu)).collect();
    let (mut name, mut value, mut all) = (0, 0, 0);
    for join in (1..90).step_by(4) {
        let mut receiver = Receiver::default();
        let (mut named, mut shown) = (0, 0);
        for (n, frames) in (1..).zip(&snapshots[join..]) {
            receiver.take(&source, frames);
            if named == 0 && receiver.device.is_some() {
                named = n;
            }
            if shown == 0 && receiver.families.values().any(|first| receiver.cells.contains_key(first)) {
                shown = n;
            }
            if receiver.families.len() == 185 && named > 0 {
                (name, value, all) = (name.max(named), value.max(shown), all.max(n));
                break;
            }
        }
        assert_eq!(receiver.families.len(), 185);
    }
    let longest = snapshots[1..].iter().map(|frames| frames.concat().len()).max().unwrap();
    (name, value, all, longest)
}

#[test]
fn who_joins_late_knows_a_little_at_once_and_everything_soon() {
    for mtu in [256, 48] {
        let (name, value, all, longest) = joining(mtu);
        std::eprintln!("{mtu}: name {name}, value {value}, all {all}, {longest} bytes");
        assert!(name <= 2 && value <= 2 && all <= 60, "{mtu}: {name} {value} {all}");
    }
}

#[test]
fn a_reporter_is_small() {
    // On a device a pointer and each of the four words of an identity have four bytes; here eight.
    let own = size_of::<Reporter<'_, Fake>>() - size_of::<&Fake>() - size_of::<Identity<'_>>();
    assert!(own.next_multiple_of(4) - 4 + 5 * 4 <= 64, "{own}");
    assert_eq!((size_of::<Stage>(), size_of::<Trickle>()), (2, 12));
}
