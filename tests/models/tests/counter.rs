//! The counter on several cores: nothing lost, nothing torn, and the bound is where it is said to be.
#![cfg(loom)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use narthex::Counter;
use narthex_models::{BOUND, Begun, WORD_BITS, explore_large};

/// Where carries are near: below a step, a turn of the low word, a turn of the overlap.
const EDGES: [u64; 4] = [0, 15, (1 << WORD_BITS) - 1, (1 << (WORD_BITS + 2)) - 16];

fn at(start: u64) -> Arc<Counter> {
    let counter = Arc::new(Counter::new());
    counter.add_u64(start);
    assert_eq!(counter.get(), start);
    counter
}

/// Writers beside a reader: that reads once, explored whole; that reads twice, with a bound in short runs.
fn explore(start: u64, writers: &'static [&'static [u32]]) {
    loom::model(move || model(start, writers, 1));
    explore_large(move || model(start, writers, 2));
}

fn model(start: u64, writers: &'static [&'static [u32]], reads: usize) {
    let counter = at(start);
    let begun = std::sync::Arc::new(Begun::new(start));
    let threads: Vec<_> = writers
        .iter()
        .map(|amounts| {
            let (counter, begun) = (counter.clone(), begun.clone());
            thread::spawn(move || {
                for n in *amounts {
                    begun.add(*n);
                    if *n == 1 { counter.inc() } else { counter.add(*n) }
                }
            })
        })
        .collect();
    let mut least = start;
    for _ in 0..reads {
        let seen = counter.get();
        assert!((least..=begun.get()).contains(&seen), "{seen} is no count, after {least}");
        least = seen;
    }
    for thread in threads {
        thread.join().unwrap();
    }
    let total: u64 = writers.iter().copied().flatten().map(|n| u64::from(*n)).sum();
    assert_eq!(counter.get(), start + total);
}

#[test]
fn two_writers_and_a_reader() {
    for start in EDGES {
        explore(start, &[&[1], &[17]]);
    }
    explore(15, &[&[1], &[1]]);
    explore(15, &[&[16], &[33]]);
    explore(255, &[&[200], &[40]]);
}

#[test]
fn each_writer_twice() {
    for start in EDGES {
        explore_large(move || model(start, &[&[1, 1], &[16, 1]], 2));
    }
}

#[test]
fn three_writers_and_a_reader() {
    explore_large(|| model(15, &[&[1], &[1], &[16]], 1));
}

#[test]
fn up_to_the_bound_it_is_exact() {
    for start in EDGES {
        explore(start, &[&[BOUND - 1], &[1]]);
    }
}

/// That it fails shows that the models can fail, and that the bound is sharp.
#[test]
#[should_panic(expected = "is no count")]
fn one_beyond_the_bound_is_too_much() {
    explore(15, &[&[BOUND], &[1]]);
}

/// The upper part and the lower part are two additions, of which a reader may see one alone: always between the old count
/// and the new one.
#[test]
fn a_wide_addition_is_seen_half_done_at_most() {
    for start in EDGES {
        loom::model(move || {
            let counter = at(start);
            let (upper, lower) = (2 << WORD_BITS, 33);
            let wide = upper + lower;
            let writer = {
                let counter = counter.clone();
                thread::spawn(move || counter.add_u64(wide))
            };
            let seen = counter.get();
            assert!([0, upper, lower, wide].contains(&(seen - start)), "{seen} from {start}");
            writer.join().unwrap();
            assert_eq!(counter.get(), start + wide);
        });
    }
}

/// An addition too large for one is two, within the same bound.
#[test]
fn a_split_addition_loses_nothing() {
    loom::model(|| {
        let counter = at(15);
        let writer = {
            let counter = counter.clone();
            thread::spawn(move || counter.add(BOUND + 15))
        };
        counter.inc();
        writer.join().unwrap();
        assert_eq!(counter.get(), 15 + u64::from(BOUND) + 15 + 1);
    });
}

/// What a core has been told of is in what it reads.
#[test]
fn what_was_finished_before_is_seen() {
    for start in EDGES {
        loom::model(move || {
            let (counter, told) = (at(start), Arc::new(AtomicBool::new(false)));
            let writer = {
                let (counter, told) = (counter.clone(), told.clone());
                thread::spawn(move || {
                    counter.add(17);
                    told.store(true, Ordering::Release);
                    counter.inc();
                })
            };
            let finished = if told.load(Ordering::Acquire) { 17 } else { 0 };
            let seen = counter.get();
            assert!((start + finished..=start + 18).contains(&seen), "{seen} from {start}");
            writer.join().unwrap();
        });
    }
}
