//! What is told apart by labels that are known beforehand: dense families and state sets.

use narthex::instrument::Instrument as _;

use super::{ALL, Mode, Side, beside_a_carry};
use crate::operation::Nature::Atomic;
use crate::operation::{Digest, Operation, Seen, Subject};

pub(super) static FAMILY: Subject = Subject { reset, view };

pub(super) static STATES: Subject =
    Subject { reset: || ALL.mode.set(Mode::Idle), view: |view| view.put(ALL.mode.get() as u64) };

fn reset() {
    for side in [Side::Left, Side::Right] {
        ALL.faults_total.at(side).reset();
        ALL.faults_total.at(side).add(beside_a_carry());
    }
}

fn view(view: &mut Digest) {
    for side in [Side::Left, Side::Right] {
        view.put(ALL.faults_total.at(side).get());
    }
}

extern "C" fn inc(_: &mut Seen) {
    ALL.faults_total.at(core::hint::black_box(Side::Right)).inc();
}

extern "C" fn get(seen: &mut Seen) {
    seen.push(ALL.faults_total.at(core::hint::black_box(Side::Right)).get());
}

extern "C" fn enter(_: &mut Seen) {
    ALL.mode.set(Mode::Failed);
}

extern "C" fn enter_another(_: &mut Seen) {
    ALL.mode.set(Mode::Busy);
}

extern "C" fn state(seen: &mut Seen) {
    seen.push(ALL.mode.get() as u64);
}

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::new("family at inc", &FAMILY, Atomic, inc),
    Operation::new("family at get", &FAMILY, Atomic, get),
    Operation::new("state set set", &STATES, Atomic, enter),
    Operation::new("state set set another", &STATES, Atomic, enter_another),
    Operation::new("state set get", &STATES, Atomic, state),
];
