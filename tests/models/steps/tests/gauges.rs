//! Gauges and state sets: updates that preempt updates.
#![cfg(loom)]

use std::rc::Rc;

use loom::interrupts;
use narthex::{Gauge, LabelSet, OptionalGauge, StateSet};

/// Each of the acts preempts those before it, at every access; then `check`.
fn nest<T: 'static>(subject: fn() -> T, acts: [fn(&T); 3], check: fn(&T)) -> u64 {
    let explored = interrupts::explore(|| {
        let subject = Rc::new(subject());
        for (priority, act) in (1..).zip(&acts[1..]) {
            let (subject, act) = (subject.clone(), *act);
            interrupts::enable(priority, move || act(&subject));
        }
        acts[0](&subject);
        interrupts::rest();
        check(&subject);
    });
    assert!(explored.preemptions > 0);
    explored.executions
}

#[test]
fn additions_are_not_lost() {
    nest(Gauge::new, [|g| g.add(5), |g| g.sub(3), |g| g.inc()], |g| assert_eq!(g.get(), 3));
    nest(OptionalGauge::new, [|g| g.add(5), |g| g.sub(3), |g| g.inc()], |g| assert_eq!(g.get(), Some(3)));
}

#[test]
fn marks_are_the_extremes() {
    nest(Gauge::new, [|g| g.set_max(5), |g| g.set_max(9), |g| g.set_max(7)], |g| assert_eq!(g.get(), 9));
    nest(Gauge::new, [|g| g.set_min(-5), |g| g.set_min(-9), |g| g.set_min(-7)], |g| assert_eq!(g.get(), -9));
    let marks: [fn(&OptionalGauge); 3] = [|g| g.set_max(-5), |g| g.set_max(-9), |g| g.set_max(-7)];
    nest(OptionalGauge::new, marks, |g| assert_eq!(g.get(), Some(-5)));
    let marks: [fn(&OptionalGauge); 3] = [|g| g.set_min(5), |g| g.set_min(9), |g| g.set_min(7)];
    nest(OptionalGauge::new, marks, |g| assert_eq!(g.get(), Some(5)));
}

#[test]
fn the_last_to_set_or_add_is_seen() {
    // A value that is set while another is added stands alone, or has the addition: nothing in between.
    let acts: [fn(&OptionalGauge); 3] = [|g| g.add(5), |g| g.set(100), |g| g.add(1)];
    nest(OptionalGauge::new, acts, |g| assert!([100, 101, 105, 106].contains(&g.get().unwrap())));
}

#[derive(Clone, Copy, Debug, PartialEq, LabelSet)]
enum Link {
    Down,
    Joining,
    Up,
}

#[test]
fn a_state_is_one_that_was_entered() {
    let acts: [fn(&StateSet<Link>); 3] = [|s| s.set(Link::Joining), |s| s.set(Link::Up), |s| s.set(s.get())];
    nest(StateSet::new, acts, |s| assert_ne!(s.get(), Link::Down));
}
