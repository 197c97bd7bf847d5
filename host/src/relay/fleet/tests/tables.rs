//! Children that come and go, infos and state sets: what a session tells, and what stands on the page.

use std::ops::ControlFlow;

use super::*;
use crate::registry::{Indexed, Resume};
use crate::relay::fleet::connection::Tenant;
use crate::relay::session::{Added, FamilySchema, Sink, Stretch};
use firmware::Metric;
use narthex::model::{Desc, Details, Dimension, Instance, Source, Value};
use narthex::wire::{Window, schema};

const PEERS: &[Dimension<'_>] = &[Dimension { name: "peer", values: &[] }];
const TABLE: Desc<'_> = Desc {
    details: &Details { dimensions: PEERS, capacity: 3, ..Details::NONE },
    ..Desc::counter("x_total", "Help.")
};

const BOARD: &[Dimension<'_>] = &[Dimension { name: "board", values: &["rev \"B\""] }];

/// A family, to be described.
struct One(Desc<'static>);

impl Source for One {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        (index == 0).then_some(Instance { desc: &self.0, labels: &[], first: true })
    }

    fn read(&self, _: usize, _: usize, _: usize) -> Option<Value> {
        None
    }

    fn schema_hash(&self) -> u32 {
        0
    }
}

fn family(desc: Desc<'static>) -> Arc<FamilySchema> {
    let mut buf = [0; 1024];
    let mut window = Window::new(&mut buf, 0);
    schema::write(&mut window, &One(desc), 0);
    let len = window.total();
    Arc::new(FamilySchema::read(&buf[..len], &Added::new("device", []), 1000).unwrap())
}

/// A device called `pump` that has this family too, and where its cells are.
fn device(rig: &Rig, desc: Desc<'static>) -> (Connection, usize) {
    let mut line = rig.connect("10.0.0.1:1");
    rig.hear(&mut line, &mut Firmware::new("pump", 1, vec![Metric::gauge("a", 1)]), 100);
    let place = line.tenant.family(&family(desc)).unwrap();
    line.tenant.settle();
    (line, place)
}

/// New values of children that are kept side by side.
fn cells(sink: &mut Tenant, place: usize, cells: &[u64]) {
    sink.cells(&[Stretch { place, which: u64::MAX >> (64 - cells.len()), from: 0 }], cells);
}

impl Rig {
    /// The lines of the families that are looked at here.
    fn children(&self) -> Vec<String> {
        self.lines().into_iter().filter(|line| !line.starts_with("a{")).collect()
    }
}

#[test]
fn a_slot_is_shown_only_with_the_labels_of_its_birth() {
    let rig = Rig::new();
    let (mut line, at) = device(&rig, TABLE);
    let sink = &mut line.tenant;
    let line = |peer: &str, n: u64| format!("x_total{{device=\"pump\",peer=\"{peer}\"}} {n}");
    cells(sink, at, &[5, 10, 0, 0, 0, 0, 9, 40]);
    assert_eq!((rig.children(), sink.unlabelled()), (vec![line("other", 40)], Some((at, 0))));
    sink.label(at, 0, 4, &mut ["old"].into_iter());
    assert_eq!((rig.children().len(), sink.unlabelled()), (1, Some((at, 0))));
    sink.label(at, 0, 5, &mut ["b"].into_iter());
    assert_eq!((rig.children(), sink.unlabelled()), (vec![line("b", 10), line("other", 40)], None));
    assert_eq!(rig.device("pump").series, 3);
    // Labels come before values, and mean nothing until then; what is late means nothing at all.
    sink.label(at, 1, 7, &mut ["a"].into_iter());
    sink.label(at, 0, 3, &mut ["late"].into_iter());
    sink.label(at, 3, 9, &mut ["overflow"].into_iter());
    sink.label(at, 99, 9, &mut ["nowhere"].into_iter());
    assert_eq!(rig.children(), [line("b", 10), line("other", 40)]);
    cells(sink, at + 2, &[7, 3]);
    assert_eq!(rig.children(), [line("a", 3), line("b", 10), line("other", 40)]);
    // Given to another, then given back.
    cells(sink, at, &[8, 1]);
    assert_eq!((rig.children(), sink.unlabelled()), (vec![line("a", 3), line("other", 40)], Some((at, 0))));
    cells(sink, at, &[0, 0]);
    assert_eq!((rig.children().len(), sink.unlabelled()), (2, None));
}

#[test]
fn two_slots_of_one_label_are_one_series_the_newer_one() {
    let rig = Rig::new();
    let (mut line, at) = device(&rig, TABLE);
    let sink = &mut line.tenant;
    cells(sink, at, &[1, 10]);
    sink.label(at, 0, 1, &mut ["a"].into_iter());
    // That slot 0 was given back has been lost.
    cells(sink, at + 2, &[2, 20]);
    sink.label(at, 1, 2, &mut ["a"].into_iter());
    let newer = ["x_total{device=\"pump\",peer=\"a\"} 20"];
    assert_eq!(rig.children(), newer);
    // The older one said again changes nothing, the older one in its slot neither.
    sink.label(at, 0, 1, &mut ["a"].into_iter());
    assert_eq!(rig.children(), newer);
    sink.label(at, 0, 1, &mut ["b"].into_iter());
    sink.label(at, 0, 3, &mut ["a"].into_iter());
    assert_eq!(rig.children(), [""; 0]);
    cells(sink, at, &[3, 30]);
    assert_eq!(rig.children(), ["x_total{device=\"pump\",peer=\"a\"} 30"]);
}

#[test]
fn a_slot_that_says_it_were_the_overflow_is_refused_and_listed() {
    let rig = Rig::new();
    let (mut line, at) = device(&rig, TABLE);
    cells(&mut line.tenant, at, &[1, 10, 0, 0, 0, 0, 9, 40]);
    line.tenant.label(at, 0, 1, &mut ["other"].into_iter());
    line.tenant.label(at, 0, 1, &mut ["two", "labels"].into_iter());
    assert_eq!(rig.children(), ["x_total{device=\"pump\",peer=\"other\"} 40"]);
    let refused = rig.device("pump").refused;
    assert_eq!((refused.len(), &*refused[0].family), (1, "x_total"));
    assert_eq!(rig.own("narthex_device_refusals_total"), "0");
    rig.hear(&mut line, &mut Firmware::new("pump", 1, vec![Metric::gauge("a", 1)]), 101);
    assert_eq!(rig.own("narthex_device_refusals_total"), "2");
}

#[test]
fn a_child_began_after_its_slot_was_last_heard_without_it() {
    let mut rig = Rig::new();
    let (mut line, at) = device(&rig, TABLE);
    let booted = rig.now.unix_ms() - 100_000;
    let created = |rig: &Rig| {
        let page = Page::new(rig.registry.gather(), Format::OpenMetrics).with_created().into_text();
        let mut created: Vec<_> = page.lines().filter(|line| line.starts_with("x_created")).collect();
        created.sort_unstable();
        // Milliseconds, of seconds with up to three decimals.
        let tail = |line: &str| {
            let (_, value) = line.rsplit_once(' ').unwrap();
            let (seconds, decimals) = value.split_once('.').unwrap_or((value, ""));
            format!("{seconds}{decimals:0<3}").parse::<u64>().unwrap()
        };
        created.into_iter().map(tail).collect::<Vec<_>>()
    };
    for slot in 0..3 {
        line.tenant.label(at, slot, slot as u32 + 1, &mut [["a", "b", "c"][slot]].into_iter());
    }
    cells(&mut line.tenant, at, &[1, 10, 0, 0]);
    rig.now = rig.now.after(Duration::from_secs(10));
    line.feed(&[], rig.now, &mut Vec::new());
    line.tenant.alive(1100, 100);
    cells(&mut line.tenant, at, &[1, 10, 2, 5, 3, 1]);
    // The first was there at the first look; the second came since; the third slot had not been heard.
    assert_eq!(created(&rig), [booted, booted + 100_000, booted]);
    // A clock that runs ahead dates nothing in the future.
    line.tenant.alive(90_000, 101);
    cells(&mut line.tenant, at, &[1, 10]);
    line.tenant.alive(90_010, 102);
    cells(&mut line.tenant, at, &[4, 1]);
    line.tenant.label(at, 0, 4, &mut ["d"].into_iter());
    assert!(created(&rig).iter().all(|created| *created <= rig.now.unix_ms()));
}

#[test]
fn infos_and_state_sets() {
    let rig = Rig::new();
    let (mut line, _) =
        device(&rig, Desc::info("x_info", "Help.", &Details { dimensions: BOARD, ..Details::NONE }));
    let states = line
        .tenant
        .family(&family(Desc::state_set("y", "Help.", &Details { states: &["off", "on"], ..Details::NONE })))
        .unwrap();
    line.tenant.settle();
    assert_eq!(rig.children(), ["x_info{board=\"rev \\\"B\\\"\",device=\"pump\"} 1"]);
    assert_eq!(rig.device("pump").series, 2);
    cells(&mut line.tenant, states, &[1]);
    let doors = ["y{device=\"pump\",y=\"off\"} 0", "y{device=\"pump\",y=\"on\"} 1"];
    assert_eq!(rig.children()[1..], doors);
    assert_eq!(rig.device("pump").series, 4);
    let open = rig.text(Format::OpenMetrics);
    assert!(open.contains("# TYPE x info\n") && open.contains("# TYPE y stateset\n"), "{open}");
    let text = rig.text(Format::Text);
    assert!(text.contains("# TYPE x_info gauge\n") && text.contains("# TYPE y gauge\n"), "{text}");
    // A state that there is not is no state.
    cells(&mut line.tenant, states, &[2]);
    assert_eq!((rig.children().len(), rig.device("pump").series), (1, 2));
    // In OpenMetrics they share their names with others.
    let mut other = rig.connect("10.0.0.2:1");
    rig.hear(
        &mut other,
        &mut Firmware::new("b", 1, vec![Metric::gauge("x", 1), Metric::gauge("x_infos", 1)]),
        1,
    );
    let refused = rig.device("b").refused;
    assert_eq!((&*refused[0].family, &*refused[0].why), ("x", "other devices have `x_info` as a info"));
    assert_eq!(refused.len(), 1);
}

#[test]
fn children_that_come_and_go_between_chunks_are_shown_once() {
    for at_child in 0..6 {
        for event in 0..4 {
            let rig = Rig::new();
            let (mut line, at) = device(&rig, TABLE);
            cells(&mut line.tenant, at, &[1, 1, 2, 2, 3, 3, 4, 4]);
            for (slot, peer) in ["p", "m", "z"].into_iter().enumerate() {
                line.tenant.label(at, slot, slot as u32 + 1, &mut [peer].into_iter());
            }
            let (mut resume, mut seen) = (Resume::default(), Vec::new());
            loop {
                let mut taken = false;
                let all = rig.fleet.visit("x_total", &mut resume, &mut |child: &crate::model::Child<'_>| {
                    if std::mem::replace(&mut taken, true) {
                        return ControlFlow::Break(());
                    }
                    let mut labels = String::new();
                    child.join_labels(&mut labels);
                    seen.push(labels);
                    ControlFlow::Continue(())
                });
                if all {
                    break;
                }
                if seen.len() == at_child {
                    let (slot, birth, peer) = [(0, 9, "a"), (0, 9, "zz"), (1, 9, "z"), (2, 9, "m")][event];
                    line.tenant.label(at, slot, birth, &mut [peer].into_iter());
                    cells(&mut line.tenant, at + 2 * slot, &[birth.into(), 7]);
                }
            }
            let mut once = seen.clone();
            once.dedup();
            assert!(once == seen && seen.is_sorted() && seen.len() >= 3, "{event} at {at_child}: {seen:?}");
        }
    }
}

#[test]
fn a_connection_that_comes_back_knows_its_children() {
    let mut rig = Rig::new();
    let (mut line, at) = device(&rig, TABLE);
    cells(&mut line.tenant, at, &[1, 10, 2, 20]);
    line.tenant.label(at, 0, 1, &mut ["a"].into_iter());
    line.tenant.label(at, 1, 2, &mut ["b"].into_iter());
    drop(line);
    rig.wait(1);
    let mut line = rig.connect("10.0.0.1:2");
    let mut again = Firmware::new("pump", 1, vec![Metric::gauge("a", 1)]);
    again.snapshot(100_000);
    rig.hear(&mut line, &mut again, 101);
    let both = ["x_total{device=\"pump\",peer=\"a\"} 10", "x_total{device=\"pump\",peer=\"b\"} 20"];
    assert_eq!(rig.children(), both);
    assert_eq!(line.tenant.family(&family(TABLE)), Some(at));
    cells(&mut line.tenant, at, &[5, 1, 2, 21]);
    assert_eq!(rig.children(), ["x_total{device=\"pump\",peer=\"b\"} 21"]);
}
