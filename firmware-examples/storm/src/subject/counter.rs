//! The counter.

use narthex::instrument::Instrument as _;

use super::{ALL, beside_a_carry};
use crate::operation::Nature::{Atomic, Steps};
use crate::operation::{Digest, Operation, Seen, Subject};

pub(super) static COUNTER: Subject = Subject { reset, view };

fn reset() {
    ALL.events_total.reset();
    ALL.events_total.add(beside_a_carry());
}

fn view(view: &mut Digest) {
    view.put(ALL.events_total.get());
}

extern "C" fn inc(_: &mut Seen) {
    ALL.events_total.inc();
}

extern "C" fn add(_: &mut Seen) {
    ALL.events_total.add(5);
}

/// The most that the overlap of the words can tell, and so the most that may be under way at a time.
extern "C" fn add_most(_: &mut Seen) {
    ALL.events_total.add(15 << 28);
}

extern "C" fn add_u64(_: &mut Seen) {
    ALL.events_total.add_u64((5 << 32) | 7);
}

extern "C" fn add_upper(_: &mut Seen) {
    ALL.events_total.add_u64(5 << 32);
}

extern "C" fn add_lower(_: &mut Seen) {
    ALL.events_total.add_u64(7);
}

extern "C" fn get(seen: &mut Seen) {
    seen.push(ALL.events_total.get());
}

/// Reads twice: it must not fall.
extern "C" fn get_twice(seen: &mut Seen) {
    let (first, second) = (ALL.events_total.get(), ALL.events_total.get());
    seen.push(first);
    seen.push(second);
    seen.push(u64::from(first <= second));
}

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::new("counter inc", &COUNTER, Atomic, inc),
    Operation::new("counter add", &COUNTER, Atomic, add),
    Operation::new("counter add 15·2^28", &COUNTER, Atomic, add_most).once(),
    Operation::new("counter add_u64", &COUNTER, Steps, add_u64).halves([add_upper, add_lower], add_lower),
    Operation::new("counter get", &COUNTER, Atomic, get),
    Operation::new("counter get twice", &COUNTER, Steps, get_twice),
];
