//! Table families on several cores: a reader without a lock never takes one child for another.
#![cfg(loom)]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use loom::sync::Arc;
use loom::thread;
use narthex::instrument::Instrument;
use narthex::model::{Cells as _, LabelValue, Slots as _, Value};
use narthex::registry::RemoveError;
use narthex::{Counter, Gauge, LabelValues, TableFamily};
// Its critical section.
use narthex_models as _;

#[derive(Clone, Copy, Debug, PartialEq, LabelValues)]
struct Peer {
    address: u8,
}

const ONE: Peer = Peer { address: 1 };
const TWO: Peer = Peer { address: 2 };

type Table<M = Counter> = TableFamily<Peer, M, 1>;

/// A table whose words loom knows.
fn table<M: Instrument>() -> Arc<Table<M>> {
    let table = Arc::new(Table::new());
    let _ = (table.is_empty(), table.overflows());
    for slot in 0..2 {
        let _ = (table.birth(slot), table.read(slot, 0));
    }
    table
}

/// The labels and the value of the only slot, if it was one child's all the time; as encoders read it.
fn child<M: Instrument>(table: &Table<M>) -> Option<(LabelValue, i128)> {
    let slots = table.slots().unwrap();
    let birth = slots.birth(0);
    let label = slots.label(0, birth, 0)?;
    let value = match table.read(0, 0) {
        Some(Value::Unsigned(n)) => n.into(),
        Some(Value::Signed(n)) => n.into(),
        other => panic!("{other:?}"),
    };
    (slots.birth(0) == birth).then_some((label, value))
}

/// The first child has 1, from `least` on, the second 100, from 0 on.
fn is_right(seen: Option<(LabelValue, i128)>, least: i128) {
    if let Some((label, value)) = seen {
        let may = match label.as_str() {
            "1" => [least, 1],
            "2" => [0, 100],
            other => panic!("nobody is {other}"),
        };
        assert!(may.contains(&value), "{value} under {label:?}");
    }
}

#[test]
fn a_slot_that_changes_hands_is_not_mistaken() {
    loom::model(|| {
        let table = table::<Counter>();
        table.update(ONE, Counter::inc);
        let writer = {
            let table = table.clone();
            thread::spawn(move || {
                assert_eq!(table.remove(ONE), Ok(()));
                table.update(TWO, |counter| counter.add(100));
            })
        };
        is_right(child(&table), 1);
        writer.join().unwrap();
        assert_eq!(child(&table).map(|(_, value)| value), Some(100));
    });
}

/// As snapshots are read: the birth goes out beside the cell, and no look-up of a label orders anything.
#[test]
fn a_birth_that_is_seen_stands_before_cells_that_are_zeroed() {
    static FIRSTS: AtomicU32 = AtomicU32::new(0);
    static SECONDS: AtomicU32 = AtomicU32::new(0);
    loom::model(|| {
        let table = table::<Counter>();
        table.update(ONE, Counter::inc);
        let first = table.birth(0);
        // With the reader in this thread, loom 0.7 leaves out that the writer is done before it begins.
        let reader = {
            let table = table.clone();
            thread::spawn(move || {
                let (birth, value) = (table.birth(0), table.read(0, 0));
                (birth > 0 && table.birth(0) == birth).then_some((birth, value))
            })
        };
        assert_eq!(table.remove(ONE), Ok(()));
        table.update(TWO, |counter| counter.add(100));
        let seen = reader.join().unwrap();
        let second = table.birth(0);
        match seen {
            Some((birth, Some(Value::Unsigned(1)))) if birth == first => FIRSTS.fetch_add(1, Relaxed),
            Some((birth, Some(Value::Unsigned(0 | 100)))) if birth == second => SECONDS.fetch_add(1, Relaxed),
            None => 0,
            other => panic!("{other:?}, of {first} and {second}"),
        };
    });
    assert!(FIRSTS.load(Relaxed) > 0 && SECONDS.load(Relaxed) > 0, "both children are seen");
}

/// A kept handle updates without a lock; who removes it meanwhile is refused, and who comes later begins at zero.
#[test]
fn a_pinned_child_keeps_its_slot() {
    loom::model(|| {
        let table = table::<Counter>();
        let holder = {
            let table = table.clone();
            thread::spawn(move || {
                let handle = table.pin(ONE);
                handle.inc();
            })
        };
        let other = {
            let table = table.clone();
            thread::spawn(move || {
                let removed = table.remove(ONE);
                table.update(TWO, |counter| counter.add(100));
                removed
            })
        };
        is_right(child(&table), 0);
        holder.join().unwrap();
        let removed = other.join().unwrap();
        let cell = |slot| match table.read(slot, 0) {
            Some(Value::Unsigned(value)) => value,
            other => panic!("{other:?}"),
        };
        // Nothing is lost: what found no slot is in the overflow, and what was removed was complete.
        let (slot, overflow) = (cell(0), cell(1));
        match removed {
            Ok(()) => assert_eq!((slot, overflow), (100, 0)),
            Err(RemoveError::Pinned) => assert_eq!((slot, overflow), (1, 100)),
            // It came before the handle, or after: the one that found the slot taken has overflowed.
            Err(_) => assert!([(100, 1), (1, 100)].contains(&(slot, overflow)), "{slot} {overflow}"),
        }
        assert_eq!(table.overflows(), u64::from(overflow > 0));
    });
}

/// What a handle stores is seen no earlier than the birth of its child: of a gauge too, whose store continues nothing.
#[test]
fn what_a_handle_stores_is_not_taken_for_its_predecessors() {
    loom::model(|| {
        let table = table::<Gauge>();
        table.update(ONE, Gauge::inc);
        let remover = {
            let table = table.clone();
            thread::spawn(move || assert_eq!(table.remove(ONE), Ok(())))
        };
        let holder = {
            let table = table.clone();
            thread::spawn(move || {
                let handle = table.pin(TWO);
                handle.set(100);
            })
        };
        is_right(child(&table), 1);
        remover.join().unwrap();
        holder.join().unwrap();
    });
}
