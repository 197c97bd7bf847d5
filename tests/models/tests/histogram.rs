//! The histogram on several cores: counts agree and never decrease, nothing observed is lost.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use narthex::Histogram;
use narthex::model::{Cells as _, Value};
use narthex_models::{Begun, explore_large};

static BOUNDS: [u32; 1] = [10];

/// The two buckets and the sum, in the order in which they are read.
fn cells(histogram: &Histogram<1>) -> [u64; 3] {
    [0, 1, 2].map(|cell| match histogram.read(0, cell) {
        Some(Value::Unsigned(n)) => n,
        other => panic!("{other:?}"),
    })
}

/// A histogram each counter of which is one below a carry.
fn near_carries() -> Arc<Histogram<1>> {
    let histogram = Arc::new(Histogram::new());
    let observer = histogram.with(&BOUNDS);
    observer.observe_n(1, 15);
    observer.observe_n(16, 15);
    assert_eq!(cells(&histogram), [15, 15, 255]);
    histogram
}

fn explore(observed: &'static [&'static [u32]], reader: bool) {
    explore_large(move || {
        let histogram = near_carries();
        let begun = std::sync::Arc::new(Begun::new(255));
        let threads: Vec<_> = observed
            .iter()
            .map(|values| {
                let (histogram, begun) = (histogram.clone(), begun.clone());
                thread::spawn(move || {
                    for value in *values {
                        begun.add(*value);
                        histogram.with(&BOUNDS).observe(*value);
                    }
                })
            })
            .collect();
        if reader {
            let [low, above, sum] = cells(&histogram);
            assert!(low >= 15 && above >= 15 && sum >= 255 && sum <= begun.get());
            assert!(histogram.count() >= low + above, "a count has decreased");
        }
        for thread in threads {
            thread.join().unwrap();
        }
        let values = || observed.iter().copied().flatten();
        let low = values().filter(|value| **value <= 10).count() as u64;
        let all = values().count() as u64;
        let sum: u32 = values().sum();
        assert_eq!(cells(&histogram), [15 + low, 15 + all - low, 255 + u64::from(sum)]);
    });
}

#[test]
fn one_writer_and_a_reader() {
    explore(&[&[1]], true);
    explore(&[&[11]], true);
}

#[test]
fn two_writers_lose_nothing() {
    explore(&[&[1], &[1]], false);
    explore(&[&[1], &[20]], false);
    explore(&[&[1, 20], &[33]], false);
}

#[test]
fn two_writers_and_a_reader() {
    explore(&[&[1], &[20]], true);
}
