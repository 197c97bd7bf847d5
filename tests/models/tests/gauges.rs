//! Gauges, state sets and dense families on several cores.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use narthex::{Counter, Family, Gauge, OptionalGauge, StateSet};

/// Runs both, and the check when they have ended; `peek` is what a third core may see meanwhile.
fn beside<T: Send + Sync + 'static>(
    subject: fn() -> T,
    one: fn(&T),
    other: fn(&T),
    peek: fn(&T),
    check: fn(&T),
) {
    loom::model(move || {
        let subject = Arc::new(subject());
        // Registers the words.
        peek(&subject);
        let threads = [one, other].map(|act| {
            let subject = subject.clone();
            thread::spawn(move || act(&subject))
        });
        peek(&subject);
        for thread in threads {
            thread.join().unwrap();
        }
        check(&subject);
    });
}

#[test]
fn a_gauge_loses_no_addition() {
    beside(
        Gauge::new,
        |gauge| gauge.add(5),
        |gauge| gauge.sub(3),
        |gauge| assert!([0, 5, -3, 2].contains(&gauge.get())),
        |gauge| assert_eq!(gauge.get(), 2),
    );
}

#[test]
fn marks_are_the_extremes() {
    beside(
        Gauge::new,
        |gauge| gauge.set_max(7),
        |gauge| gauge.set_max(9),
        |gauge| assert!([0, 7, 9].contains(&gauge.get())),
        |gauge| assert_eq!(gauge.get(), 9),
    );
    beside(
        OptionalGauge::new,
        |gauge| gauge.set_min(7),
        |gauge| gauge.set_min(9),
        |gauge| assert!([None, Some(7), Some(9)].contains(&gauge.get())),
        |gauge| assert_eq!(gauge.get(), Some(7)),
    );
}

#[test]
fn an_optional_gauge_loses_no_addition() {
    beside(
        OptionalGauge::new,
        |gauge| gauge.add(5),
        |gauge| gauge.sub(3),
        |gauge| assert!([None, Some(5), Some(-3), Some(2)].contains(&gauge.get())),
        |gauge| assert_eq!(gauge.get(), Some(2)),
    );
}

#[test]
fn a_state_is_one_that_was_entered() {
    beside(
        StateSet::<bool>::new,
        |set| set.set(true),
        |set| set.set(true),
        |set| {
            let _ = set.get();
        },
        |set| assert!(set.get()),
    );
}

#[test]
fn children_of_a_family_are_apart() {
    beside(
        || {
            let family = Family::<bool, Counter>::new();
            for label in [false, true] {
                family.at(label).add(255);
            }
            family
        },
        |family| {
            family.at(false).inc();
            family.at(true).add(17);
        },
        |family| family.at(true).inc(),
        |family| {
            let (no, yes) = (family.at(false).get(), family.at(true).get());
            assert!((255..=256).contains(&no) && (255..=273).contains(&yes), "{no} {yes}");
        },
        |family| assert_eq!((family.at(false).get(), family.at(true).get()), (256, 273)),
    );
}
