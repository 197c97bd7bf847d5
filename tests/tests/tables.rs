//! Tables whose children come and go: against a model, and against readers and writers on other threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed"
)]

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use narthex::model::{Cells as _, ShortStr, Slots as _, Source, Value};
use narthex::registry::{Group as _, Pinned, RemoveError};
use narthex::text::{Encoder, Format};
use narthex::{
    Counter, Gauge, Histogram, LabelSet, LabelValues, Metrics, Registry, TableFamily, WithTables, registry,
};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, LabelSet)]
enum Direction {
    Receive,
    Transmit,
}

#[derive(Clone, Copy, Debug, PartialEq, LabelValues)]
struct Peer {
    #[label(name = "node")]
    address: i16,
    name: ShortStr<8>,
    direction: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, LabelValues)]
struct Id {
    id: u32,
}

const CAPACITY: usize = 3;

/// Traffic with each peer.
#[derive(Debug, Metrics)]
#[metrics(prefix = "mesh")]
struct Mesh {
    /// Packets.
    packets_total: TableFamily<Peer, Counter, CAPACITY>,
    /// Time to answer.
    #[metric(unit = "seconds", scale = -3, buckets = [10, 100])]
    answer_seconds: TableFamily<Id, Histogram<2>, 2>,
}

fn page<S: Source + ?Sized>(source: &S) -> String {
    let (mut page, mut buf) = (Vec::new(), [0; 200]);
    let mut encoder = Encoder::new(Format::Text);
    loop {
        match encoder.fill(source, &mut buf).expect("the buffer holds a line") {
            0 => return String::from_utf8(page).expect("text"),
            n => page.extend_from_slice(&buf[..n]),
        }
    }
}

#[test]
fn tables_stand_in_groups_and_on_the_page() {
    static MESH: Mesh = Mesh::new();
    static REGISTRY: Registry<WithTables> = registry![MESH { site: "b2" }];
    assert_eq!(page(&REGISTRY), "");
    let name = ShortStr::cut("a\"b");
    MESH.packets_total.update(Peer { address: -3, name, direction: Direction::Transmit }, Counter::inc);
    MESH.answer_seconds().observe(Id { id: 7 }, 12);
    let pinned = MESH.answer_seconds().pin(Id { id: 8 });
    pinned.observe(3);
    pinned.observer().observe(1000);
    MESH.answer_seconds().observe(Id { id: 9 }, 1);
    let want = "# HELP mesh_packets_total Packets.\n\
        # TYPE mesh_packets_total counter\n\
        mesh_packets_total{site=\"b2\",node=\"-3\",name=\"a\\\"b\",direction=\"transmit\"} 1\n\
        # HELP mesh_answer_seconds Time to answer.\n\
        # TYPE mesh_answer_seconds histogram\n";
    let histograms = [("7", [0, 1, 1], "0.012"), ("8", [1, 1, 2], "1.003"), ("other", [1, 1, 1], "0.001")];
    let histograms = histograms.map(|(id, [low, high, all], sum)| {
        let bucket = |le, count| {
            format!("mesh_answer_seconds_bucket{{site=\"b2\",id=\"{id}\",le=\"{le}\"}} {count}\n")
        };
        let buckets = [bucket("0.01", low), bucket("0.1", high), bucket("+Inf", all)].concat();
        let labels = format!("{{site=\"b2\",id=\"{id}\"}}");
        format!("{buckets}mesh_answer_seconds_sum{labels} {sum}\nmesh_answer_seconds_count{labels} {all}\n")
    });
    let want = [want, &histograms.concat()].concat();
    assert_eq!(page(&REGISTRY), want);
    assert_eq!(MESH.metric(0).and_then(|cells| cells.slots()).map(|slots| slots.birth(1)), Some(0));
    assert_eq!(MESH.packets_total.overflows() + MESH.answer_seconds.overflows(), 1);
}

#[derive(Clone, Debug)]
enum Step {
    Update(i16, u32),
    Pin(i16),
    UpdatePinned(usize, u32),
    Unpin(usize),
    Remove(i16),
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let address = 0i16..6;
    let step = prop_oneof![
        4 => (address.clone(), 1u32..1000).prop_map(|(address, n)| Step::Update(address, n)),
        1 => address.clone().prop_map(Step::Pin),
        2 => (0usize..4, 1u32..1000).prop_map(|(pin, n)| Step::UpdatePinned(pin, n)),
        1 => (0usize..4).prop_map(Step::Unpin),
        2 => address.prop_map(Step::Remove),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec(step, 0..60)
}

/// The children by label, `None` being the overflow, each with its count and its pins.
#[derive(Default)]
struct Model {
    children: BTreeMap<Option<i16>, (u64, usize)>,
    overflows: u64,
}

impl Model {
    fn child(&mut self, address: i16) -> Option<i16> {
        let taken = self.children.keys().flatten().count();
        let key = Some(address).filter(|_| self.children.contains_key(&Some(address)) || taken < CAPACITY);
        self.overflows += u64::from(key.is_none());
        self.children.entry(key).or_default();
        key
    }

    fn lines(&self) -> Vec<String> {
        let line = |(key, (count, _)): (&Option<i16>, &(u64, usize))| {
            let labels = match key {
                Some(address) => format!("node=\"{address}\",name=\"n{address}\",direction=\"receive\""),
                None => "node=\"other\",name=\"other\",direction=\"other\"".to_owned(),
            };
            format!("mesh_packets_total{{{labels}}} {count}")
        };
        let mut lines: Vec<String> = self.children.iter().map(line).collect();
        lines.sort();
        lines
    }
}

fn peer(address: i16) -> Peer {
    Peer { address, name: ShortStr::cut(&format!("n{address}")), direction: Direction::Receive }
}

/// Families with cells of their own, read by a registry of their own.
struct Alone<'a>(&'a TableFamily<Peer, Counter, CAPACITY>);

impl Source for Alone<'_> {
    fn instance(&self, index: usize) -> Option<narthex::model::Instance<'_>> {
        let desc = Mesh::DESCS.first().filter(|_| index == 0)?;
        Some(narthex::model::Instance { desc, labels: &[], first: true })
    }

    fn read(&self, _: usize, child: usize, cell: usize) -> Option<Value> {
        self.0.read(child, cell)
    }

    fn slots(&self, _: usize) -> Option<&dyn narthex::model::Slots> {
        self.0.slots()
    }

    fn schema_hash(&self) -> u32 {
        1
    }
}

proptest! {
    #[test]
    fn a_table_does_what_a_map_would(steps in steps()) {
        let table = TableFamily::<Peer, Counter, CAPACITY>::new();
        let mut model = Model::default();
        let mut pins: Vec<(Pinned<'_, Counter>, Option<i16>)> = Vec::new();
        for step in steps {
            match step {
                Step::Update(address, n) => {
                    table.update(peer(address), |counter| counter.add(n));
                    let key = model.child(address);
                    model.children.entry(key).or_default().0 += u64::from(n);
                }
                Step::Pin(address) => {
                    pins.push((table.pin(peer(address)), model.child(address)));
                    let key = pins.last().expect("just pushed").1;
                    model.children.entry(key).or_default().1 += 1;
                }
                Step::UpdatePinned(pin, n) => if let Some((counter, key)) = pins.get(pin) {
                    counter.add(n);
                    model.children.entry(*key).or_default().0 += u64::from(n);
                },
                Step::Unpin(pin) => if pin < pins.len() {
                    let (_, key) = pins.remove(pin);
                    model.children.entry(key).or_default().1 -= 1;
                },
                Step::Remove(address) => {
                    let want = match model.children.get(&Some(address)) {
                        None => Err(RemoveError::Absent),
                        Some((_, 1..)) => Err(RemoveError::Pinned),
                        Some((_, 0)) => Ok(()),
                    };
                    if want.is_ok() {
                        model.children.remove(&Some(address));
                    }
                    prop_assert_eq!(table.remove(peer(address)), want);
                }
                Step::Clear => {
                    model.children.retain(|_, (_, pins)| *pins > 0);
                    prop_assert_eq!(table.clear(), model.children.len());
                }
            }
            let text = page(&Alone(&table));
            let mut lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
            lines.sort_unstable();
            prop_assert_eq!(lines, model.lines());
            prop_assert_eq!(table.overflows(), model.overflows);
            prop_assert_eq!(table.len(), model.children.keys().flatten().count());
        }
    }
}

/// A child says who it is by its value: each stores the address of its labels, in two cells that must agree.
#[test]
fn no_reader_takes_one_child_for_another() {
    static TABLE: TableFamily<Id, Gauge, 2> = TableFamily::new();
    static DONE: AtomicBool = AtomicBool::new(false);
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2u32)
            .map(|thread| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    for round in 0..20_000u32 {
                        let id = 1 + (round * 2 + thread) % 5;
                        if round % 3 == 0 {
                            let pinned = TABLE.pin(Id { id });
                            pinned.set_max(id as i32);
                        } else {
                            // A plain store, and a second one behind it.
                            TABLE.update(Id { id }, |gauge| gauge.set_max(id as i32));
                        }
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            start.wait();
            while !DONE.load(Ordering::Relaxed) {
                for id in 1..=5 {
                    let _ = TABLE.remove(Id { id });
                }
            }
        });
        scope.spawn(|| {
            start.wait();
            let mut kept = 0u64;
            while !DONE.load(Ordering::Relaxed) {
                for slot in 0..2 {
                    let birth = TABLE.birth(slot);
                    let value = TABLE.read(slot, 0);
                    let label = TABLE.label(slot, birth, 0);
                    let again = TABLE.read(slot, 0);
                    if birth == 0 || TABLE.birth(slot) != birth {
                        continue;
                    }
                    let label: i64 =
                        label.expect("the birth has not changed").as_str().parse().expect("an integer");
                    // Not yet set, or set to what the labels say.
                    for value in [value, again] {
                        let value = match value {
                            Some(Value::Signed(value)) => value,
                            other => panic!("{other:?}"),
                        };
                        assert!(value == 0 || value == label, "{value} under {label}");
                    }
                    kept += 1;
                }
            }
            assert!(kept > 0);
        });
        for writer in writers {
            writer.join().expect("the writer has not panicked");
        }
        DONE.store(true, Ordering::Relaxed);
    });
}

#[test]
fn nothing_is_lost_while_others_come_and_go() {
    const ROUNDS: u32 = 20_000;
    static TABLE: TableFamily<Id, Counter, 4> = TableFamily::new();
    let start = Barrier::new(4);
    let overflowed = std::thread::scope(|scope| {
        for thread in 0..3 {
            let start = &start;
            scope.spawn(move || {
                let pinned = TABLE.pin(Id { id: thread });
                start.wait();
                for round in 0..ROUNDS / 2 {
                    pinned.inc();
                    TABLE.update(Id { id: (round + thread) % 6 }, Counter::inc);
                }
            });
        }
        let guests = scope.spawn(|| {
            let guest = Id { id: 100 };
            start.wait();
            // One update, then away with it: what cannot be removed is in the overflow.
            let overflows = |_: &u32| {
                TABLE.update(guest, Counter::inc);
                TABLE.remove(guest) == Err(RemoveError::Absent)
            };
            (0..ROUNDS).filter(overflows).count() as u64
        });
        guests.join().expect("the guests have not panicked")
    });
    let counted = |slot| match TABLE.read(slot, 0) {
        Some(Value::Unsigned(n)) => n,
        other => panic!("{other:?}"),
    };
    assert_eq!((0..=4).map(counted).sum::<u64>(), 3 * u64::from(ROUNDS) + overflowed);
    assert!(TABLE.overflows() >= overflowed);
}
