//! Counters: every interleaving of cores, every nesting of interrupts, from every start beside a carry.
#![cfg(loom)]

use std::cell::Cell;
use std::rc::Rc;

use loom::{cores, interrupts};
use narthex::Counter;
use narthex_steps::{BOUND, EDGES, all, is_within};

/// Where the count starts: every value of the low word, and some where the high word changes more.
fn starts() -> impl Iterator<Item = u64> {
    (0..256).chain([2031, 2047])
}

/// What is added.
fn amounts(limit: u32) -> Vec<u32> {
    if all() {
        (0..=limit).collect()
    } else {
        [1, 15, 16, 17, 120, 121, 223, 224, 239, 240].into_iter().filter(|n| *n <= limit).collect()
    }
}

fn at(start: u64) -> Counter {
    let counter = Counter::new();
    counter.add_u64(start);
    assert_eq!(counter.get(), start);
    counter
}

/// Adds as many as given, by the shortest way: what `inc` does for one.
fn add(counter: &Counter, n: u32) {
    if n == 1 { counter.inc() } else { counter.add(n) }
}

/// Writers and a reader on cores of their own. Returns how many interleavings were right, and how many there were.
fn on_cores(start: u64, amounts: &[u32]) -> (u64, u64) {
    let counter = at(start);
    let writers: Vec<_> = amounts
        .iter()
        .map(|n| {
            let counter = &counter;
            move || {
                add(counter, *n);
                0u64
            }
        })
        .collect();
    let read = || counter.get();
    let all: Vec<cores::Core<'_>> =
        [&read as cores::Core<'_>].into_iter().chain(writers.iter().map(|w| w as _)).collect();
    let total = start + amounts.iter().map(|n| u64::from(*n)).sum::<u64>();
    let mut right = 0;
    let leaves = cores::explore(&all, &mut |ran| {
        assert_eq!(counter.get(), total, "lost, from {start} with {amounts:?}");
        let (reader, writers) = ran.split_first().unwrap();
        let writers: Vec<_> = writers.iter().zip(amounts).map(|(ran, n)| (ran, u64::from(*n))).collect();
        right += u64::from(is_within(reader.result, reader, start, &writers));
    });
    assert_eq!(counter.get(), start, "what was done is undone");
    (right, leaves)
}

#[test]
fn two_cores_and_a_reader() {
    let mut sum = 0;
    for start in starts() {
        for first in amounts(BOUND) {
            for second in amounts(BOUND - first) {
                let (right, all) = on_cores(start, &[first, second]);
                assert_eq!(right, all, "torn, from {start} with {first} and {second}");
                sum += all;
            }
        }
    }
    println!("counter, two cores and a reader\t{sum}");
    assert!(sum > 10_000);
}

#[test]
fn three_cores_and_a_reader() {
    let mut sum = 0;
    for start in EDGES {
        for amounts in [[1, 1, 1], [1, 16, 17], [80, 80, 80], [15, 1, 224], [1, 238, 1], [16, 100, 124]] {
            let (right, all) = on_cores(start, &amounts);
            assert_eq!(right, all, "torn, from {start} with {amounts:?}");
            sum += all;
        }
    }
    println!("counter, three cores and a reader\t{sum}");
    assert!(sum > 10_000);
}

/// One more than the bound is wrong somewhere, wherever the start is such that sixteen steps are crossed.
#[test]
fn the_bound_is_sharp() {
    for first in 1..=BOUND {
        let (right, all) = on_cores(15, &[first, BOUND + 1 - first]);
        assert!(right < all, "{first} and {} are more than the bound, and all is right", BOUND + 1 - first);
    }
}

/// A reader that is preempted by updates which are preempted by updates; and an update that is preempted by a reader.
fn nested(start: u64, amounts: [u32; 3]) -> interrupts::Explored {
    let [outer, middle, inner] = amounts;
    interrupts::explore(|| {
        let counter = Rc::new(at(start));
        let (begun, finished) = (Rc::new(Cell::new(start)), Rc::new(Cell::new(start)));
        let update = |n: u32| {
            let (counter, begun, finished) = (counter.clone(), begun.clone(), finished.clone());
            move || {
                begun.set(begun.get() + u64::from(n));
                add(&counter, n);
                finished.set(finished.get() + u64::from(n));
            }
        };
        let read = || {
            let (counter, begun, finished) = (counter.clone(), begun.clone(), finished.clone());
            move || {
                let before = finished.get();
                let first = counter.get();
                assert!((before..=begun.get()).contains(&first), "torn: {first} from {start}, {amounts:?}");
                let second = counter.get();
                assert!(
                    (first..=begun.get()).contains(&second),
                    "falling: {second} from {start}, {amounts:?}"
                );
            }
        };
        interrupts::enable(1, update(middle));
        interrupts::enable(2, update(inner));
        interrupts::enable(3, read());
        read()();
        update(outer)();
        read()();
        interrupts::rest();
        assert_eq!(counter.get(), start + amounts.iter().map(|n| u64::from(*n)).sum::<u64>(), "lost");
    })
}

#[test]
fn updates_and_reads_nest() {
    let mut sum = interrupts::Explored::default();
    for start in EDGES.into_iter().chain(starts().filter(|_| all())) {
        for amounts in [[1, 1, 1], [16, 1, 17], [80, 80, 80], [1, 224, 15], [238, 1, 1]] {
            let explored = nested(start, amounts);
            sum.executions += explored.executions;
            sum.preemptions += explored.preemptions;
        }
    }
    println!("counter, nested\t{}\t{}", sum.executions, sum.preemptions);
    assert!(sum.preemptions > sum.executions);
}

#[test]
#[should_panic(expected = "torn")]
fn nested_beyond_the_bound_is_too_much() {
    nested(15, [1, BOUND / 2, BOUND / 2]);
}
