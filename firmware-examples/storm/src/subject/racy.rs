//! What the storm must find, or it would prove nothing: counters that are wrong.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use portable_atomic::AtomicU64;

use super::beside_a_carry;
use crate::operation::Nature::Atomic;
use crate::operation::{Operation, Seen, Subject};

static RACY: Subject = Subject { reset: || set(beside_a_carry().into()), view: |view| view.put(value()) };

/// A count in two words, each written by itself.
static LOW: AtomicU32 = AtomicU32::new(0);
static HIGH: AtomicU32 = AtomicU32::new(0);

fn set(value: u64) {
    LOW.store(value as u32, Relaxed);
    HIGH.store((value >> 32) as u32, Relaxed);
}

#[inline]
fn value() -> u64 {
    let low = LOW.load(Relaxed);
    u64::from(HIGH.load(Relaxed)) << 32 | u64::from(low)
}

// By these names the test finds their instructions.
#[unsafe(no_mangle)]
extern "C" fn racy_inc(_: &mut Seen) {
    set(value() + 1);
}

#[unsafe(no_mangle)]
extern "C" fn racy_get(seen: &mut Seen) {
    seen.push(value());
}

/// Loses what comes between its loads and its stores.
pub(crate) static RACES: &[Operation] = &[
    Operation::new("racy inc", &RACY, Atomic, racy_inc),
    Operation::new("racy get", &RACY, Atomic, racy_get),
];

static LOCKED: Subject = Subject {
    reset: || COUNT.store(beside_a_carry().into(), Relaxed),
    view: |view| view.put(COUNT.load(Relaxed)),
};

/// On a core without 64-bit atomics: a lock, for which an interrupt waits for ever.
static COUNT: AtomicU64 = AtomicU64::new(0);

extern "C" fn locked_inc(_: &mut Seen) {
    COUNT.fetch_add(1, Relaxed);
}

extern "C" fn locked_get(seen: &mut Seen) {
    seen.push(COUNT.load(Relaxed));
}

/// Hangs where compare-and-swap is there for 32 bits and not for 64.
pub(crate) static LOCKS: &[Operation] = &[
    Operation::new("locked inc", &LOCKED, Atomic, locked_inc),
    Operation::new("locked get", &LOCKED, Atomic, locked_get),
];
