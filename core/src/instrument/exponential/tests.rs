//! What the cells say, against plain arithmetic.

use super::*;
use crate::model::Scale;
use std::vec::Vec;

static GRID: [u32; Grid::words(3)] = Grid::table(Scale::new(-3), 16);

fn unsigned(histogram: &dyn Cells, cell: usize) -> u64 {
    match histogram.read(0, cell) {
        Some(Value::Unsigned(n)) => n,
        other => unreachable!("{other:?}"),
    }
}

/// Halvings, and the buckets of a ring that hold something: index and count.
fn buckets(histogram: &dyn Cells, rings: usize, ring: usize) -> (u32, Vec<(i32, u64)>) {
    let window = Window::unpack(unsigned(histogram, Exponential::window(16, rings, ring)), 16);
    assert_eq!(u64::from(window.halvings), unsigned(histogram, Exponential::HALVINGS));
    let count = |place| unsigned(histogram, Exponential::ring(16, ring) + (window.cell + place) % 16);
    let all = (0..16).map(|place| (window.first + place as i32, count(place)));
    (window.halvings, all.filter(|(_, count)| *count > 0).collect())
}

#[test]
fn values_stand_in_the_buckets_of_their_logarithm() {
    let histogram = ExponentialHistogram::<16>::new();
    let observer = histogram.with(&GRID);
    for value in [0, 1000, 1000, 1001, 2000, 0] {
        observer.observe(value);
    }
    // In seconds: 1 = 2^0 ends bucket 0, 2 = 2^(8/8) bucket 8, and 1.001 is above the first.
    assert_eq!(buckets(&histogram, 1, 0), (0, [(0, 2), (1, 1), (8, 1)].into()));
    assert_eq!(unsigned(&histogram, Exponential::ZEROS), 2);
    // 1 ms is 2^(-9.97): so wide a span takes halvings.
    observer.observe(1);
    assert_eq!(buckets(&histogram, 1, 0), (3, [(-9, 1), (0, 2), (1, 2)].into()));
    assert_eq!((histogram.count(), histogram.sum()), (7, 5002));
    assert_eq!(histogram.read(0, Exponential::sum(16, 1)), Some(Value::Unsigned(5002)));
    assert_eq!(histogram.read(0, Exponential::window(16, 1, 1)), None);
    assert_eq!(histogram.read(1, 0), None);
    histogram.reset();
    assert_eq!((histogram.count(), histogram.sum()), (0, 0));
    assert_eq!(buckets(&histogram, 1, 0), (0, Vec::new()));
}

#[test]
fn many_at_once_and_wide_ones_are_the_same_as_one_by_one() {
    let (many, single, wide) = (
        ExponentialHistogram::<16>::new(),
        ExponentialHistogram::<16>::new(),
        ExponentialHistogram::<16>::new(),
    );
    for (value, n) in [(7, 3), (0, 2), (u32::MAX, 1), (1_000_000, 0), (999, 20)] {
        many.with(&GRID).observe_n(value, n);
        for _ in 0..n {
            single.with(&GRID).observe(value);
            wide.with(&GRID).observe_u64(value.into());
        }
    }
    assert_eq!(buckets(&many, 1, 0), buckets(&single, 1, 0));
    assert_eq!(buckets(&wide, 1, 0), buckets(&single, 1, 0));
    assert_eq!((many.count(), many.sum()), (single.count(), single.sum()));
    wide.with(&GRID).observe_u64(u64::MAX);
    wide.with(&GRID).observe_u64(1);
    assert_eq!(wide.count(), single.count() + 2);
}

#[test]
fn signs_have_rings_of_their_own_and_one_resolution() {
    let histogram = SignedExponentialHistogram::<16>::new();
    let observer = histogram.with(&GRID);
    for value in [-1000, -1000, 0, 1000, -2000] {
        observer.observe(value);
    }
    assert_eq!(buckets(&histogram, 2, 0), (0, [(0, 1)].into()));
    assert_eq!(buckets(&histogram, 2, 1), (0, [(0, 2), (8, 1)].into()));
    // 21 octaves on one side: the other is merged as well.
    observer.observe(i32::MIN);
    assert_eq!(buckets(&histogram, 2, 0), (4, [(0, 1)].into()));
    assert_eq!(buckets(&histogram, 2, 1).1.iter().map(|(_, count)| count).sum::<u64>(), 4);
    observer.observe_n(-1, 3);
    let sum = -3000 + i64::from(i32::MIN) - 3;
    assert_eq!((histogram.count(), histogram.sum()), (9, sum));
    assert_eq!(histogram.read(0, Exponential::sum(16, 2)), Some(Value::Signed(sum)));
}

#[test]
fn a_count_does_not_stop_at_32_bits() {
    let histogram = ExponentialHistogram::<16>::new();
    for _ in 0..3 {
        histogram.with(&GRID).observe_n(1000, u32::MAX);
    }
    assert_eq!(buckets(&histogram, 1, 0), (0, [(0, 3 * u64::from(u32::MAX))].into()));
}
