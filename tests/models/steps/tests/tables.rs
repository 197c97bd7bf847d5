//! Tables and the registry of fixed capacity on one core: what preempts what, at each access.
#![cfg(loom)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use loom::interrupts;
use narthex::model::{Cells as _, Slots as _, Source as _, Value};
use narthex::registry::RemoveError;
use narthex::{Counter, DynRegistry, Gauge, LabelValues, Metrics, TableFamily};
// Its critical section.
use narthex_steps as _;

#[derive(Clone, Copy, Debug, PartialEq, LabelValues)]
struct Peer {
    address: u8,
}

const ONE: Peer = Peer { address: 1 };
const TWO: Peer = Peer { address: 2 };

type Table = TableFamily<Peer, Counter, 1>;

fn cell(table: &Table, slot: usize) -> u64 {
    match table.read(slot, 0) {
        Some(Value::Unsigned(n)) => n,
        other => panic!("{other:?}"),
    }
}

/// As encoders read a slot: labels and value, if it was one child's all the time.
fn child(table: &Table) -> Option<(u8, u64)> {
    let birth = table.birth(0);
    let label = table.label(0, birth, 0)?;
    let value = cell(table, 0);
    (table.birth(0) == birth).then(|| (label.as_str().parse().unwrap(), value))
}

#[test]
fn a_reader_takes_no_child_for_another() {
    let explored = interrupts::explore(|| {
        let table = Rc::new(Table::new());
        table.update(ONE, |counter| counter.add(15));
        let (taker, counting) = (table.clone(), table.clone());
        interrupts::enable(1, move || {
            assert_eq!(taker.remove(ONE), Ok(()));
            taker.update(TWO, |counter| counter.add(100));
        });
        interrupts::enable(2, move || counting.update(ONE, Counter::inc));
        for _ in 0..2 {
            match child(&table) {
                None | Some((1, 0 | 1 | 15 | 16) | (2, 0 | 100)) => {}
                other => panic!("{other:?}"),
            }
        }
        interrupts::rest();
        // Whoever found no slot is in the overflow.
        let overflow = table.overflows();
        match child(&table) {
            // The interrupt came between removal and insertion, and took the slot.
            Some((1, 1)) => assert_eq!((cell(&table, 1), overflow), (100, 1)),
            Some((2, 100)) => assert_eq!(cell(&table, 1), overflow),
            other => panic!("{other:?}"),
        }
    });
    println!("table, read\t{}\t{}", explored.executions, explored.preemptions);
    assert!(explored.preemptions > 10);
}

/// A handle between look-up and update: whatever comes there cannot take the slot away.
#[test]
fn nothing_comes_between_a_look_up_and_its_update() {
    let explored = interrupts::explore(|| {
        let table = Rc::new(Table::new());
        let removed = Rc::new(Cell::new(None));
        let (taker, seen, counting) = (table.clone(), removed.clone(), table.clone());
        interrupts::enable(1, move || {
            seen.set(Some(taker.remove(ONE)));
            taker.update(TWO, |counter| counter.add(100));
        });
        interrupts::enable(2, move || counting.update(ONE, Counter::inc));
        let handle = table.pin(ONE);
        handle.add(17);
        handle.inc();
        drop(handle);
        interrupts::rest();
        let (slot, overflow) = (child(&table).unwrap(), cell(&table, 1));
        let may: &[_] = match removed.get().unwrap() {
            // The child was complete when it went: the handle's, or the interrupt's own.
            Ok(()) => &[((2, 100), 0), ((2, 100), 1), ((1, 1), 100), ((2, 100), 18)],
            Err(RemoveError::Pinned) => &[((1, 19), 100)],
            // It came first, but the slot may have been taken before its insertion.
            Err(_) => &[((2, 100), 19), ((1, 19), 100)],
        };
        assert!(may.contains(&(slot, overflow)), "{slot:?} and {overflow}, {:?}", removed.get());
        assert_eq!(overflow > 0, table.overflows() > 0);
    });
    println!("table, pin\t{}\t{}", explored.executions, explored.preemptions);
    assert!(explored.preemptions > 10);
}

/// An update finds its child and adds to it in one section: who removes the child comes before both, or behind both.
#[test]
fn nothing_comes_between_the_halves_of_an_update() {
    let ends = Rc::new(RefCell::new(BTreeSet::new()));
    let noted = ends.clone();
    let explored = interrupts::explore(move || {
        let table = Rc::new(Table::new());
        let removed = Rc::new(Cell::new(None));
        let (taker, seen) = (table.clone(), removed.clone());
        interrupts::enable(1, move || {
            seen.set(Some(taker.remove(ONE).is_ok()));
            taker.update(TWO, |counter| counter.add(100));
        });
        table.update(ONE, |counter| counter.add(17));
        table.update(ONE, Counter::inc);
        interrupts::rest();
        let end = (removed.get().unwrap(), child(&table), cell(&table, 1), table.overflows());
        noted.borrow_mut().insert(end);
    });
    // It came before the first update, between the two, or behind the second.
    let two = Some((2, 100));
    let may = [(false, two, 18, 2), (true, two, 1, 1), (true, two, 0, 0)];
    assert_eq!(*ends.borrow(), BTreeSet::from(may));
    println!("table, update\t{}\t{}", explored.executions, explored.preemptions);
}

/// One gauge.
#[derive(Metrics)]
struct Probe {
    /// Level.
    level: Gauge,
}

/// Another.
#[derive(Metrics)]
struct Pump {
    /// Speed.
    speed: Gauge,
}

#[test]
fn a_registry_changes_as_a_whole() {
    let explored = interrupts::explore(|| {
        let registry: &'static DynRegistry<4> = Box::leak(Box::new(DynRegistry::new()));
        let (probe, pump): (&'static Probe, &'static Pump) =
            (Box::leak(Box::new(Probe::new())), Box::leak(Box::new(Pump::new())));
        registry.register(probe, &[]).unwrap();
        probe.level.set(7);
        pump.speed.set(9);
        interrupts::enable(1, move || {
            registry.register(pump, &[]).unwrap();
            registry.unregister(probe, &[]).unwrap();
        });
        // A reader of several positions compares revisions.
        for _ in 0..2 {
            let revision = registry.revision();
            let name = registry.instance(0).map(|instance| instance.desc.name);
            let value = registry.read(0, 0, 0);
            let second = registry.instance(1).map(|instance| instance.desc.name);
            if registry.revision() == revision {
                match (name, value, second) {
                    (Some("level"), Some(Value::Signed(7)), None | Some("speed"))
                    | (Some("speed"), Some(Value::Signed(9)), None) => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        interrupts::rest();
        assert_eq!((registry.len(), registry.instance(0).unwrap().desc.name), (1, "speed"));
    });
    println!("registry, read\t{}\t{}", explored.executions, explored.preemptions);
    assert!(explored.preemptions > 10);
}

/// A change that meets another is refused as a whole, and what was begun is finished.
#[test]
fn one_change_at_a_time() {
    use narthex::registry::RegistryError;
    let refused = Rc::new(Cell::new((0, 0)));
    let counts = refused.clone();
    interrupts::explore(move || {
        let registry: &'static DynRegistry<4> = Box::leak(Box::new(DynRegistry::new()));
        let (probe, pump): (&'static Probe, &'static Pump) =
            (Box::leak(Box::new(Probe::new())), Box::leak(Box::new(Pump::new())));
        let second = Rc::new(Cell::new(None));
        let told = second.clone();
        interrupts::enable(1, move || told.set(Some(registry.register(pump, &[]))));
        registry.register(probe, &[]).unwrap();
        interrupts::rest();
        let (no, yes) = counts.get();
        match second.get().unwrap() {
            Ok(()) => {
                counts.set((no, yes + 1));
                assert_eq!(registry.len(), 2);
            }
            Err(RegistryError::Busy) => {
                counts.set((no + 1, yes));
                assert_eq!(registry.len(), 1);
                registry.register(pump, &[]).unwrap();
            }
            Err(other) => panic!("{other}"),
        }
    });
    let (no, yes) = refused.get();
    println!("registry, change\t{}\t{no}", no + yes);
    assert!(no > 0 && yes > 0);
}
