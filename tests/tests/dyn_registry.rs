//! The registry that is changed at run time: what it says is what a constant registry of the same groups says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed"
)]

use narthex::model::{Defect, Desc, Details, Instance, Label, Source, Value};
use narthex::registry::{Group, RegistryError};
use narthex::text::{Encoder, Error, Format};
use narthex::transport::Reporter;
use narthex::wire::Identity;
use narthex::{
    Counter, DynRegistry, Gauge, LabelValues, Metrics, Registry, TableFamily, WithTables, registry,
};
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, LabelValues)]
struct Id {
    id: u8,
}

/// One port.
#[derive(Debug, Metrics)]
#[metrics(prefix = "port")]
struct Port {
    /// Bytes received.
    received_bytes_total: Counter,
    /// Bytes waiting.
    waiting_bytes: Gauge,
    /// Packets, by peer.
    packets_total: TableFamily<Id, Counter, 2>,
}

#[derive(Debug, Metrics)]
struct Board {
    /// Resets seen.
    board_resets_total: Counter,
    /// Bytes waiting.
    port_waiting_bytes: Gauge,
}

static PORTS: [Port; 3] = [Port::new(), Port::new(), Port::new()];
static BOARD: Board = Board::new();

const fn bus(value: &'static str) -> [Label<'static>; 1] {
    [Label::new("bus", value)]
}
static BUSES: [[Label<'static>; 1]; 4] = [bus("0"), bus("1"), bus("2"), bus("board")];

fn page(source: &dyn Source) -> String {
    let mut buf = vec![0; 1 << 14];
    let n = Encoder::new(Format::Text).fill(source, &mut buf).expect("the buffer holds the page");
    String::from_utf8(buf[..n].to_vec()).expect("text")
}

fn instances(source: &dyn Source) -> Vec<(String, String, bool)> {
    let at = |index| source.instance(index);
    let show = |Instance { desc, labels, first }: Instance<'_>| {
        (desc.name.to_owned(), labels.iter().map(|label| label.value).collect(), first)
    };
    (0..).map_while(at).map(show).collect()
}

#[test]
fn it_reads_as_the_constant_registry_does() {
    static FIRST: Port = Port::new();
    static SECOND: Port = Port::new();
    static OTHER: Board = Board::new();
    static CONSTANT: Registry<WithTables> =
        registry![FIRST { bus: "0" }, OTHER { bus: "board" }, SECOND { bus: "1" }];
    let registry = DynRegistry::<8>::new();
    let empty = registry.schema_hash();
    registry.register(&FIRST, &BUSES[0]).unwrap();
    registry.register(&OTHER, &BUSES[3]).unwrap();
    registry.register(&SECOND, &BUSES[1]).unwrap();
    FIRST.received_bytes_total.add(5);
    SECOND.packets_total.update(Id { id: 7 }, Counter::inc);
    OTHER.port_waiting_bytes.set(-3);
    assert_eq!(page(&registry), page(&CONSTANT));
    assert!(page(&registry).contains("port_packets_total{bus=\"1\",id=\"7\"} 1\n"));
    assert_eq!(registry.schema_hash(), CONSTANT.schema_hash());
    assert_eq!(instances(&registry), instances(&CONSTANT));

    // The first instance goes: the next one is the first of its family.
    registry.unregister(&FIRST, &BUSES[0]).unwrap();
    let want = [
        ("port_received_bytes_total", "1", true),
        ("port_waiting_bytes", "board", true),
        ("port_waiting_bytes", "1", false),
        ("port_packets_total", "1", true),
        ("board_resets_total", "board", true),
    ];
    assert_eq!(
        instances(&registry),
        want.map(|(name, label, first)| (name.to_owned(), label.to_owned(), first))
    );
    registry.unregister(&SECOND, &BUSES[1]).unwrap();
    registry.unregister(&OTHER, &BUSES[3]).unwrap();
    assert_eq!((registry.schema_hash(), registry.is_empty(), page(&registry)), (empty, true, String::new()));
}

/// A group made by hand, which no derive has checked.
struct Plain<const WHAT: usize>;

impl<const WHAT: usize> Metrics for Plain<WHAT> {
    const DESCS: &'static [Desc<'static>] = &[
        Desc::gauge("free", "Free."),
        [
            Desc::counter("bad", "Bad."),
            Desc::gauge("port_received_bytes", "Bytes."),
            Desc::counter("port_received_bytes_total", "Something else."),
            Desc {
                help: LONG,
                details: &Details { dimensions: WIDE, capacity: 1, ..Details::NONE },
                ..Desc::gauge("long", "")
            },
            Desc {
                details: &Details { capacity: 8191, dimensions: ONE, ..Details::NONE },
                ..Desc::gauge("wide", "Wide.")
            },
        ][WHAT],
    ];
}

const LONG: &str = {
    const BYTES: [u8; 400] = [b'x'; 400];
    match core::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => "",
    }
};
const NAME: &str = LONG.split_at(199).0;
const ONE: &[narthex::model::Dimension<'static>] = &[narthex::model::Dimension { name: "a", values: &[] }];
const WIDE: &[narthex::model::Dimension<'static>] = &[
    narthex::model::Dimension { name: NAME, values: &[] },
    narthex::model::Dimension { name: NAME.split_at(198).0, values: &[] },
    narthex::model::Dimension { name: NAME.split_at(197).0, values: &[] },
    narthex::model::Dimension { name: NAME.split_at(196).0, values: &[] },
];

impl<const WHAT: usize> Group for Plain<WHAT> {
    fn metric(&self, _: usize) -> Option<&dyn narthex::model::Cells> {
        None
    }
}

#[test]
fn what_is_wrong_is_refused_by_name_and_changes_nothing() {
    let registry = DynRegistry::<6>::new();
    registry.register(&PORTS[0], &BUSES[0]).unwrap();
    let before = (registry.schema_hash(), instances(&registry));
    let refusals = [
        (
            registry.register(&PORTS[0], &BUSES[0]),
            RegistryError::Duplicate { name: "port_received_bytes_total" },
        ),
        (
            registry.register(&PORTS[1], &BUSES[0]),
            RegistryError::Duplicate { name: "port_received_bytes_total" },
        ),
        (
            registry.register(&PORTS[1], &[Label { name: "le", value: "" }]),
            RegistryError::Refused { name: "port_received_bytes_total", defect: Defect::ReservedLabel },
        ),
        (
            registry.register(&PORTS[1], &[]),
            RegistryError::Inconsistent {
                name: "port_received_bytes_total",
                what: "the name is used twice, with different constant label names",
            },
        ),
        (
            registry.register(&Plain::<0>, &BUSES[1]),
            RegistryError::Refused { name: "bad", defect: Defect::NoTotal },
        ),
        (
            registry.register(&Plain::<1>, &BUSES[1]),
            RegistryError::Inconsistent {
                name: "port_received_bytes",
                what: "a counter of this name without `_total` would be the same family in OpenMetrics",
            },
        ),
        (
            registry.register(&Plain::<2>, &BUSES[1]),
            RegistryError::Inconsistent {
                name: "port_received_bytes_total",
                what: "the name is used twice, with different kind, help, unit, scale, labels or bounds",
            },
        ),
        (
            registry.register(&Plain::<3>, &BUSES[1]),
            RegistryError::TooLarge {
                name: "long",
                what: "the description of a family is longer than 1024 bytes",
            },
        ),
        (
            registry.unregister(&PORTS[1], &BUSES[0]),
            RegistryError::Absent { name: "port_received_bytes_total" },
        ),
        (
            registry.unregister(&PORTS[0], &BUSES[1]),
            RegistryError::Absent { name: "port_received_bytes_total" },
        ),
    ];
    for (result, want) in refusals {
        assert_eq!(result, Err(want));
        assert!(!want.to_string().contains('\n'));
    }
    assert_eq!((registry.schema_hash(), instances(&registry)), before);
    registry.register(&PORTS[1], &BUSES[1]).unwrap();
    assert_eq!(registry.register(&BOARD, &BUSES[3]), Err(RegistryError::Full { capacity: 6 }));
    assert_eq!(RegistryError::Full { capacity: 6 }.to_string(), "the registry is full: it holds 6 instances");
    assert_eq!(registry.len(), 6);
    registry.unregister(&PORTS[0], &BUSES[0]).unwrap();
    assert_eq!(registry.register(&BOARD, &BUSES[3]), Ok(()));
    assert_eq!(registry.register(&BOARD, &BUSES[2]), Err(RegistryError::Full { capacity: 6 }));
}

#[test]
fn all_families_together_must_fit_the_wire() {
    let registry = DynRegistry::<16>::new();
    for labels in &BUSES[..3] {
        registry.register(&Plain::<4>, labels).unwrap();
    }
    let too_large = RegistryError::TooLarge { name: "wide", what: "a registry has more than 65535 cells" };
    assert_eq!(registry.register(&Plain::<4>, &BUSES[3]), Err(too_large));
    assert_eq!(registry.len(), 6);
}

#[test]
fn a_page_that_is_under_way_is_told() {
    let registry = DynRegistry::<8>::new();
    registry.register(&PORTS[0], &BUSES[0]).unwrap();
    let mut encoder = Encoder::new(Format::Text);
    let mut buf = [0; 100];
    assert!(encoder.fill(&registry, &mut buf).unwrap() > 0);
    registry.register(&PORTS[1], &BUSES[1]).unwrap();
    assert_eq!(encoder.fill(&registry, &mut buf), Err(Error::Changed));
}

/// A group that changes the registry when it is read.
struct Meddler;
static MEDDLED: DynRegistry<8> = DynRegistry::new();

impl Metrics for Meddler {
    const DESCS: &'static [Desc<'static>] = &[Desc::gauge("meddler", "Meddles.")];
}

impl Group for Meddler {
    fn metric(&self, _: usize) -> Option<&dyn narthex::model::Cells> {
        Some(self)
    }
}

impl narthex::model::Cells for Meddler {
    fn read(&self, _: usize, _: usize) -> Option<Value> {
        MEDDLED.unregister(&Meddler, &[]).ok()?;
        Some(Value::Signed(1))
    }
}

#[test]
fn a_change_in_the_middle_of_a_read_is_no_deadlock() {
    MEDDLED.register(&Meddler, &[]).unwrap();
    MEDDLED.register(&BOARD, &[]).unwrap();
    let mut buf = [0; 1000];
    assert_eq!(Encoder::new(Format::Text).fill(&MEDDLED, &mut buf), Err(Error::Changed));
    assert_eq!(Encoder::new(Format::Text).fill(&MEDDLED, &mut buf).map(|n| n > 0), Ok(true));
}

/// A group that takes itself out of the registry and puts itself back when it is read, once.
struct Restless;
static RESTED: DynRegistry<2> = DynRegistry::new();
static TURNED: AtomicBool = AtomicBool::new(false);

impl Metrics for Restless {
    const DESCS: &'static [Desc<'static>] = &[Desc::gauge("restless", "Comes and goes.")];
}

impl Group for Restless {
    fn metric(&self, _: usize) -> Option<&dyn narthex::model::Cells> {
        Some(self)
    }
}

impl narthex::model::Cells for Restless {
    fn read(&self, _: usize, _: usize) -> Option<Value> {
        if !TURNED.swap(true, Ordering::Relaxed) {
            RESTED.unregister(&Restless, &[]).ok()?;
            RESTED.register(&Restless, &[]).ok()?;
        }
        Some(Value::Signed(1))
    }
}

#[test]
fn changes_that_undo_each_other_are_seen() {
    RESTED.register(&Restless, &[]).unwrap();
    let hash = RESTED.schema_hash();
    let mut buf = [0; 256];
    assert_eq!(Encoder::new(Format::Text).fill(&RESTED, &mut buf), Err(Error::Changed));
    assert_eq!(RESTED.schema_hash(), hash);
    assert_eq!(Encoder::new(Format::Text).fill(&RESTED, &mut buf).map(|n| n > 0), Ok(true));

    let mut reporter = Reporter::new(&RESTED, Identity { device: "a", firmware: "" }, 1);
    let mut frames = |reporter: &mut Reporter<'_, DynRegistry<2>>| {
        reporter.begin(Duration::from_secs(1));
        std::iter::from_fn(|| reporter.frame(&mut buf).unwrap().map(<[u8]>::len)).count()
    };
    assert_eq!(frames(&mut reporter), 2, "records and values");
    assert_eq!(frames(&mut reporter), 2, "records in turn and values");
    TURNED.store(false, Ordering::Relaxed);
    assert_eq!(frames(&mut reporter), 1, "the values are of two sets: no frame");
    assert_eq!(frames(&mut reporter), 2, "everything anew");
}

proptest! {
    /// Whatever came and went, the registry is as one made anew in the order in which its families have appeared.
    #[test]
    fn any_sequence_leaves_a_good_registry(steps in prop::collection::vec((0usize..4, any::<bool>()), 0..40)) {
        let registry = DynRegistry::<9>::new();
        let mut there: Vec<usize> = Vec::new();
        let change = |which: usize, add: bool| match (PORTS.get(which), add) {
            (Some(port), true) => registry.register(port, &BUSES[which]),
            (Some(port), false) => registry.unregister(port, &BUSES[which]),
            (None, true) => registry.register(&BOARD, &BUSES[3]),
            (None, false) => registry.unregister(&BOARD, &BUSES[3]),
        };
        let families = |which: usize| if which < 3 { Port::DESCS.len() } else { Board::DESCS.len() };
        for (which, add) in steps {
            let len: usize = there.iter().map(|which| families(*which)).sum();
            let done = change(which, add).is_ok();
            let can = if add { !there.contains(&which) && len + families(which) <= 9 } else { there.contains(&which) };
            prop_assert_eq!(done, can);
            if done {
                there.retain(|other| *other != which);
                there.extend(Some(which).filter(|_| add));
            }
            let instances = instances(&registry);
            prop_assert_eq!(instances.len(), there.iter().map(|which| families(*which)).sum::<usize>());
            let mut seen: Vec<&str> = Vec::new();
            for (name, _, first) in &instances {
                // Each family stands together, its first instance in front.
                prop_assert_eq!(*first, !seen.contains(&name.as_str()));
                prop_assert!(*first || seen.last() == Some(&name.as_str()));
                seen.push(name);
            }
            for which in &there {
                let label = BUSES[*which][0].value;
                prop_assert_eq!(instances.iter().filter(|(_, value, _)| value == label).count(), families(*which));
            }
            let shown: Vec<Instance<'_>> = (0..).map_while(|index| registry.instance(index)).collect();
            prop_assert_eq!(Ok(registry.schema_hash()), narthex::wire::schema::hash(&shown));
        }
    }
}
