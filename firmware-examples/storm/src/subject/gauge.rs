//! The gauges.

use super::ALL;
use crate::operation::Nature::Atomic;
use crate::operation::{Digest, Operation, Seen, Subject};

pub(super) static GAUGE: Subject = Subject {
    reset: || ALL.level.set(i32::MAX - 2),
    view: |view| view.put(ALL.level.get().cast_unsigned().into()),
};

pub(super) static OPTIONAL: Subject = Subject { reset: || ALL.signal.clear(), view: view_signal };

pub(super) static SINGLE: Subject =
    Subject { reset: || ALL.ratio.set(1.5), view: |view| view.put(ALL.ratio.get().to_bits().into()) };

/// A number that an unset gauge cannot have.
const UNSET: u64 = 1 << 40;

fn signal() -> u64 {
    ALL.signal.get().map_or(UNSET, |value| value.cast_unsigned().into())
}

fn view_signal(view: &mut Digest) {
    view.put(signal());
}

/// Functions of the shape that is interrupted.
macro_rules! operations {
    ($($name:literal, $subject:ident, $function:ident, $seen:ident => $body:expr;)*) => {
        $(extern "C" fn $function($seen: &mut Seen) {
            $body
        })*

        pub(super) static OPERATIONS: &[Operation] = &[$(Operation::new($name, &$subject, Atomic, $function)),*];
    };
}

operations! {
    "gauge set", GAUGE, set, _seen => ALL.level.set(-77);
    "gauge inc", GAUGE, inc, _seen => ALL.level.inc();
    "gauge dec", GAUGE, dec, _seen => ALL.level.dec();
    "gauge add", GAUGE, add, _seen => ALL.level.add(1_000);
    "gauge sub", GAUGE, sub, _seen => ALL.level.sub(30);
    "gauge set_max", GAUGE, set_max, _seen => ALL.level.set_max(i32::MAX - 1);
    "gauge set_min", GAUGE, set_min, _seen => ALL.level.set_min(-5);
    "gauge get", GAUGE, get, seen => seen.push(ALL.level.get().cast_unsigned().into());
    "optional gauge set", OPTIONAL, optional_set, _seen => ALL.signal.set(12);
    "optional gauge clear", OPTIONAL, optional_clear, _seen => ALL.signal.clear();
    "optional gauge inc", OPTIONAL, optional_inc, _seen => ALL.signal.inc();
    "optional gauge dec", OPTIONAL, optional_dec, _seen => ALL.signal.dec();
    "optional gauge add", OPTIONAL, optional_add, _seen => ALL.signal.add(40);
    "optional gauge sub", OPTIONAL, optional_sub, _seen => ALL.signal.sub(50);
    "optional gauge set_max", OPTIONAL, optional_set_max, _seen => ALL.signal.set_max(20);
    "optional gauge set_min", OPTIONAL, optional_set_min, _seen => ALL.signal.set_min(-20);
    "optional gauge get", OPTIONAL, optional_get, seen => seen.push(signal());
    "f32 gauge set", SINGLE, single_set, _seen => ALL.ratio.set(-0.25);
    "f32 gauge add", SINGLE, single_add, _seen => ALL.ratio.add(8.0);
    "f32 gauge sub", SINGLE, single_sub, _seen => ALL.ratio.sub(64.0);
    "f32 gauge set_max", SINGLE, single_set_max, _seen => ALL.ratio.set_max(2.0);
    "f32 gauge set_min", SINGLE, single_set_min, _seen => ALL.ratio.set_min(-2.0);
    "f32 gauge get", SINGLE, single_get, seen => seen.push(ALL.ratio.get().to_bits().into());
}
