//! Histograms: observations that preempt observations that preempt a reader, and on several cores.
#![cfg(loom)]

use std::cell::Cell;
use std::rc::Rc;

use loom::{cores, interrupts};
use narthex::Histogram;
use narthex::model::{Cells as _, Value};

static BOUNDS: [u32; 2] = [10, 20];

/// The buckets, then the sum.
fn cells(histogram: &Histogram<2>) -> [u64; 4] {
    [0, 1, 2, 3].map(|cell| match histogram.read(0, cell) {
        Some(Value::Unsigned(n)) => n,
        other => panic!("{other:?}"),
    })
}

/// Each bucket one below a carry, the sum six below one.
fn near_carries() -> Histogram<2> {
    let histogram = Histogram::new();
    let observer = histogram.with(&BOUNDS);
    observer.observe_n(1, 15);
    observer.observe_n(11, 15);
    observer.observe_n(26, 15);
    // 570 = 35 · 16 + 10.
    assert_eq!(cells(&histogram), [15, 15, 15, 570]);
    histogram
}

#[test]
fn observations_and_reads_nest() {
    let mut sum = interrupts::Explored::default();
    for values in [[1, 1, 1], [1, 11, 26], [5, 4, 198], [21, 21, 1]] {
        let explored = interrupts::explore(|| {
            let histogram = Rc::new(near_carries());
            let begun = Rc::new(Cell::new((45, 570)));
            let observe = |value: u32| {
                let (histogram, begun) = (histogram.clone(), begun.clone());
                move || {
                    let (count, sum) = begun.get();
                    begun.set((count + 1, sum + u64::from(value)));
                    histogram.with(&BOUNDS).observe(value);
                }
            };
            let [outer, middle, inner] = values;
            interrupts::enable(1, observe(middle));
            interrupts::enable(2, observe(inner));
            let read = || {
                let seen = cells(&histogram);
                let (count, sum) = begun.get();
                assert!((45..=count).contains(&seen[..3].iter().sum()), "torn: {seen:?}, {values:?}");
                assert!((570..=sum).contains(&seen[3]), "torn: {seen:?}, {values:?}");
                seen
            };
            let first = read();
            observe(outer)();
            let second = read();
            assert!(first.iter().zip(second).all(|(first, second)| *first <= second), "falling");
            interrupts::rest();
            let seen = read();
            assert_eq!((seen[..3].iter().sum(), seen[3]), begun.get(), "lost");
        });
        sum.executions += explored.executions;
        sum.preemptions += explored.preemptions;
    }
    println!("histogram, nested\t{}\t{}", sum.executions, sum.preemptions);
    assert!(sum.preemptions > sum.executions);
}

#[test]
fn two_cores_and_a_reader() {
    let mut sum = 0;
    for values in [[1, 1], [1, 11], [21, 198], [11, 6]] {
        let histogram = near_carries();
        let [one, other] = values.map(|value| {
            let histogram = &histogram;
            move || {
                histogram.with(&BOUNDS).observe(value);
                0u64
            }
        });
        // The count, which is what is printed; the sum is another core's, so that all interleavings are few enough.
        let read = || cells(&histogram)[..3].iter().sum();
        sum += cores::explore(&[&read, &one, &other], &mut |ran| {
            let seen = cells(&histogram);
            assert_eq!(
                (seen[..3].iter().sum::<u64>(), seen[3]),
                (47, 570 + u64::from(values[0] + values[1])),
                "lost"
            );
            assert!((45..=47).contains(&ran[0].result), "torn: {} in {values:?}", ran[0].result);
        });
    }
    println!("histogram, two cores and a reader\t{sum}");
    assert!(sum > 10_000);
}

/// The search for a bucket, of every number of bounds up to twelve and every value near one.
#[test]
fn every_bucket_is_the_one_that_a_plain_search_finds() {
    fn check<const N: usize>() {
        // Bounds of every density: with gaps of one, two and more.
        for gap in [1, 2, 5] {
            let bounds: &'static [u32; N] =
                Box::leak(Box::new(std::array::from_fn(|i| (i as u32 + 1) * gap)));
            for value in 0..=(N as u32 + 2) * gap {
                let histogram = Histogram::<N>::new();
                histogram.with(bounds).observe(value);
                let plain = bounds.iter().position(|bound| value <= *bound).unwrap_or(N);
                for cell in 0..=N {
                    let expected = Value::Unsigned(u64::from(cell == plain));
                    assert_eq!(histogram.read(0, cell), Some(expected), "{value} of {N} bounds, gap {gap}");
                }
            }
        }
    }
    check::<0>();
    check::<1>();
    check::<2>();
    check::<3>();
    check::<4>();
    check::<5>();
    check::<6>();
    check::<7>();
    check::<8>();
    check::<9>();
    check::<10>();
    check::<11>();
    check::<12>();
    check::<16>();
    check::<17>();
}
