//! The histogram.

use narthex::instrument::Instrument as _;
use narthex::model::{Cells as _, Value};

use super::{ALL, beside_a_carry};
use crate::operation::Nature::{Atomic, Steps};
use crate::operation::{Digest, Operation, Seen, Subject};

pub(super) static HISTOGRAM: Subject = Subject { reset, view };

/// Two buckets, one above, and the sum.
const CELLS: usize = 4;

fn reset() {
    ALL.length.reset();
    // The bucket and the sum are both beside a carry.
    ALL.length().observe_n(1, beside_a_carry());
}

fn cell(cell: usize) -> u64 {
    match ALL.length.read(0, cell) {
        Some(Value::Unsigned(n)) => n,
        _ => u64::MAX,
    }
}

fn view(view: &mut Digest) {
    (0..CELLS).for_each(|index| view.put(cell(index)));
}

extern "C" fn observe(_: &mut Seen) {
    ALL.length().observe(9);
}

extern "C" fn observe_above(_: &mut Seen) {
    ALL.length().observe(10_000);
}

extern "C" fn observe_n(_: &mut Seen) {
    ALL.length().observe_n(64, (1 << 27) + 1);
}

/// The sum as it is when its upper word has been added to.
extern "C" fn observe_upper(_: &mut Seen) {
    ALL.length().observe_n(64, 1 << 27);
}

extern "C" fn observe_lower(_: &mut Seen) {
    ALL.length().observe(64);
}

extern "C" fn count(seen: &mut Seen) {
    seen.push(ALL.length.count());
}

extern "C" fn sum(seen: &mut Seen) {
    seen.push(ALL.length.sum());
}

/// Each cell, marked with its number.
extern "C" fn read(seen: &mut Seen) {
    for index in 0..CELLS {
        seen.push(cell(index) | (index as u64) << 60);
    }
}

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::new("histogram observe", &HISTOGRAM, Steps, observe),
    Operation::new("histogram observe above", &HISTOGRAM, Steps, observe_above),
    Operation::new("histogram observe_n", &HISTOGRAM, Steps, observe_n)
        .halves([observe_upper, observe_lower], observe_lower),
    Operation::new("histogram count", &HISTOGRAM, Atomic, count),
    Operation::new("histogram sum", &HISTOGRAM, Atomic, sum),
    Operation::new("histogram read", &HISTOGRAM, Steps, read),
];
