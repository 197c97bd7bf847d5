//! The table, whose children come and go; and a child that is kept by a handle.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use narthex::instrument::Instrument as _;
use narthex::model::{Cells as _, Slots as _, Value};
use narthex::registry::{Pinned, RemoveError};
use narthex::{Counter, TableFamily};

use super::{ALL, Peer, beside_a_carry};
use crate::operation::Nature::{Atomic, Sections, Steps};
use crate::operation::{Digest, Operation, Seen, Subject};

pub(super) static TABLE: Subject = Subject { reset, view };

/// Two, and that of the overflow.
const SLOTS: usize = 3;
const RESIDENT: &str = "a";
const GUEST: &str = "bc";
const OTHER: &str = "def";

/// The birth of the resident, and how many updates had overflowed before.
static BIRTH: AtomicU32 = AtomicU32::new(0);
static OVERFLOWS: AtomicU32 = AtomicU32::new(0);

/// The resident in the first slot, the second slot free.
fn reset() {
    let table = &ALL.packets_total;
    table.clear();
    table.update(Peer::new(RESIDENT), |counter| counter.add(beside_a_carry()));
    BIRTH.store(table.birth(0), Relaxed);
    OVERFLOWS.store(table.overflows() as u32, Relaxed);
}

/// A birth by the number of births since that of the resident, which is 1.
pub(super) fn since_reset(birth: u32) -> u32 {
    if birth == 0 { 0 } else { birth.wrapping_sub(BIRTH.load(Relaxed)).wrapping_add(1) }
}

/// The birth of such a number.
pub(super) fn from_reset(birth: u32) -> u32 {
    if birth == 0 { 0 } else { birth.wrapping_add(BIRTH.load(Relaxed)).wrapping_sub(1) }
}

fn value(slot: usize) -> u64 {
    match ALL.packets_total.read(slot, 0) {
        Some(Value::Unsigned(n)) => n,
        _ => u64::MAX,
    }
}

fn view(view: &mut Digest) {
    let table = &ALL.packets_total;
    for slot in 0..SLOTS {
        let birth = table.birth(slot);
        view.put(since_reset(birth).into());
        view.put(value(slot));
        view.bytes(table.label(slot, birth, 0).as_ref().map_or(&[], |label| label.as_bytes()));
    }
    view.put(table.len() as u64);
    view.put((table.overflows() as u32).wrapping_sub(OVERFLOWS.load(Relaxed)).into());
}

extern "C" fn update(_: &mut Seen) {
    ALL.packets_total.update(Peer::new(RESIDENT), Counter::inc);
}

extern "C" fn insert(_: &mut Seen) {
    ALL.packets_total.update(Peer::new(GUEST), Counter::inc);
}

/// Overflows when the guest is there.
extern "C" fn insert_another(_: &mut Seen) {
    ALL.packets_total.update(Peer::new(OTHER), Counter::inc);
}

fn removed(result: Result<(), RemoveError>) -> u64 {
    match result {
        Ok(()) => 0,
        Err(RemoveError::Absent) => 1,
        Err(RemoveError::Pinned) => 2,
        Err(_) => 3,
    }
}

extern "C" fn remove(seen: &mut Seen) {
    seen.push(removed(ALL.packets_total.remove(Peer::new(RESIDENT))));
}

extern "C" fn not_removed(seen: &mut Seen) {
    seen.push(removed(Err(RemoveError::Pinned)));
}

/// The resident goes, the guest moves into its slot.
extern "C" fn replace(seen: &mut Seen) {
    seen.push(removed(ALL.packets_total.remove(Peer::new(RESIDENT))));
    ALL.packets_total.update(Peer::new(GUEST), Counter::inc);
}

extern "C" fn not_replaced(seen: &mut Seen) {
    not_removed(seen);
    ALL.packets_total.update(Peer::new(GUEST), Counter::inc);
}

/// The resident goes, and comes back as another.
extern "C" fn renew(seen: &mut Seen) {
    seen.push(removed(ALL.packets_total.remove(Peer::new(RESIDENT))));
    ALL.packets_total.update(Peer::new(RESIDENT), Counter::inc);
}

extern "C" fn not_renewed(seen: &mut Seen) {
    not_removed(seen);
    ALL.packets_total.update(Peer::new(RESIDENT), Counter::inc);
}

extern "C" fn clear(seen: &mut Seen) {
    seen.push(ALL.packets_total.clear() as u64);
}

/// What a handle keeps from being cleared.
extern "C" fn not_cleared(seen: &mut Seen) {
    let _pin = ALL.packets_total.pin(Peer::new(RESIDENT));
    clear(seen);
}

/// The look-up, the update and the end of a handle.
extern "C" fn pin(_: &mut Seen) {
    ALL.packets_total.pin(Peer::new(RESIDENT)).inc();
}

extern "C" fn len(seen: &mut Seen) {
    seen.push(ALL.packets_total.len() as u64);
}

extern "C" fn overflows(seen: &mut Seen) {
    seen.push(ALL.packets_total.overflows().wrapping_sub(OVERFLOWS.load(Relaxed).into()));
}

/// Each child, as encoders read it: the birth before and after, and nothing if it has changed.
extern "C" fn read(seen: &mut Seen) {
    let table = &ALL.packets_total;
    for slot in 0..SLOTS {
        let birth = table.birth(slot);
        let value = value(slot);
        let label = table.label(slot, birth, 0);
        if birth > 0
            && table.birth(slot) == birth
            && let Some(label) = label
        {
            seen.push(child(slot, since_reset(birth), value, label.as_bytes()));
        }
    }
}

/// A child as one number.
fn child(slot: usize, birth: u32, value: u64, label: &[u8]) -> u64 {
    let mut child = Digest::EMPTY;
    child.put(slot as u64);
    child.put(birth.into());
    child.put(value);
    child.bytes(label);
    child.value()
}

/// A table with a child on which a handle is always kept.
pub(crate) static KEPT: TableFamily<Peer, Counter, 2> = TableFamily::new();

struct Handle(UnsafeCell<Option<Pinned<'static, Counter>>>);

// SAFETY: written once, by the first reset, when nothing else runs.
unsafe impl Sync for Handle {}

static HANDLE: Handle = Handle(UnsafeCell::new(None));

static PINNED: Subject =
    Subject { reset: reset_pinned, view: |view| view.put(handle().map_or(0, |pinned| pinned.get())) };

pub(crate) fn handle() -> Option<&'static Pinned<'static, Counter>> {
    // SAFETY: as for `Handle`.
    unsafe { (*HANDLE.0.get()).as_ref() }
}

fn reset_pinned() {
    if handle().is_none() {
        // SAFETY: as for `Handle`; there is no reference to what was there.
        unsafe { *HANDLE.0.get() = Some(KEPT.pin(Peer::new(RESIDENT))) };
    }
    if let Some(pinned) = handle() {
        pinned.reset();
        pinned.add(beside_a_carry());
    }
}

extern "C" fn pinned_inc(_: &mut Seen) {
    if let Some(pinned) = handle() {
        pinned.inc();
    }
}

extern "C" fn pinned_add(_: &mut Seen) {
    if let Some(pinned) = handle() {
        pinned.add(3);
    }
}

extern "C" fn pinned_get(seen: &mut Seen) {
    seen.push(handle().map_or(0, |pinned| pinned.get()));
}

extern "C" fn pinned_remove(seen: &mut Seen) {
    seen.push(removed(KEPT.remove(Peer::new(RESIDENT))));
}

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::new("table update", &TABLE, Atomic, update),
    Operation::new("table insert", &TABLE, Atomic, insert),
    Operation::new("table insert another", &TABLE, Atomic, insert_another),
    Operation::new("table remove", &TABLE, Atomic, remove).refusing(not_removed),
    Operation::new("table remove, insert", &TABLE, Sections, replace)
        .refusing(not_replaced)
        .halves([remove, insert], remove),
    Operation::new("table remove, insert again", &TABLE, Sections, renew)
        .refusing(not_renewed)
        .halves([remove, update], remove),
    Operation::new("table clear", &TABLE, Sections, clear).refusing(not_cleared),
    Operation::new("table pin, inc, drop", &TABLE, Sections, pin),
    Operation::new("table len", &TABLE, Steps, len),
    Operation::new("table overflows", &TABLE, Atomic, overflows),
    Operation::new("table read", &TABLE, Steps, read),
    Operation::new("handle inc", &PINNED, Atomic, pinned_inc),
    Operation::new("handle add", &PINNED, Atomic, pinned_add),
    Operation::new("handle get", &PINNED, Atomic, pinned_get),
    Operation::new("handle remove refused", &PINNED, Atomic, pinned_remove),
];
