//! Pages that are written while devices come, go and boot.

use std::ops::ControlFlow;

use super::*;
use crate::model::Child;
use crate::registry::{Indexed, Resume};
use firmware::Metric;
use narthex::model::{Desc, Details, Dimension};

const ROOMS: &Details<'_> = &Details {
    dimensions: &[Dimension { name: "room", values: &["1", "2", "3", "4", "5"] }],
    ..Details::NONE
};
const FEWER: &Details<'_> =
    &Details { dimensions: &[Dimension { name: "room", values: &["5", "3", "1"] }], ..Details::NONE };

fn house(name: &'static str, boot: u32, details: &'static Details<'static>) -> Firmware {
    Firmware::new(name, boot, vec![Metric::new(Desc { details, ..Desc::gauge("t", "Help.") })])
}

/// Visits a family child by child, each time with another call; `between` may change the fleet.
fn step_by_step(fleet: &Fleet, family: &str, mut between: impl FnMut(usize)) -> Vec<String> {
    let (mut resume, mut seen) = (Resume::default(), Vec::new());
    loop {
        let mut taken = false;
        let all = fleet.visit(family, &mut resume, &mut |child: &Child<'_>| {
            if taken {
                return ControlFlow::Break(());
            }
            taken = true;
            let mut labels = String::new();
            child.join_labels(&mut labels);
            seen.push(labels);
            ControlFlow::Continue(())
        });
        if all {
            return seen;
        }
        between(seen.len());
    }
}

fn assert_once(seen: &[String]) {
    let mut sorted = seen.to_vec();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), seen.len(), "{seen:#?}");
}

#[test]
fn no_series_is_shown_twice_whatever_happens_between_chunks() {
    for at in 0..15 {
        for event in 0..5 {
            let mut rig = Rig::new();
            let mut lines: Vec<_> = (0..4).map(|n| rig.connect(&format!("10.0.0.{n}:1"))).collect();
            for (line, name) in lines.iter_mut().zip(["a", "b", "c"]) {
                rig.hear(line, &mut house(name, 1, ROOMS), 100);
            }
            rig.now = rig.now.after(Duration::from_secs(5));
            let seen = step_by_step(&rig.fleet, "t", |count| {
                if count != at {
                    return;
                }
                match event {
                    // Another device, in the middle.
                    0 => rig.hear(&mut lines[3], &mut house("b1", 1, ROOMS), 1),
                    // The same one with other children, in another order.
                    1 => rig.hear(&mut lines[1], &mut house("b", 2, FEWER), 1),
                    // With the family at another place.
                    2 => {
                        let families = vec![Metric::gauge("a", 1), Metric::gauge("t", 2)];
                        rig.hear(&mut lines[1], &mut Firmware::new("b", 2, families), 1);
                    }
                    // It is another device now.
                    3 => rig.hear(&mut lines[1], &mut house("bb", 2, ROOMS), 1),
                    // All are gone.
                    _ => rig.fleet.sweep(rig.now.after(Duration::from_secs(1000))),
                }
            });
            assert_once(&seen);
            let of =
                |name: &str| seen.iter().filter(|labels| labels.contains(&format!("\"{name}\""))).count();
            if event < 4 {
                assert_eq!((of("a"), of("c")), (5, 5), "{event} at {at}: {seen:#?}");
            }
        }
    }
}

#[test]
fn each_family_goes_on_where_it_was() {
    let rig = Rig::new();
    let mut lines: Vec<_> = (0..3).map(|n| rig.connect(&format!("10.0.0.{n}:1"))).collect();
    for (line, name) in lines.iter_mut().zip(["a", "b", "a\"!"]) {
        rig.hear(line, &mut house(name, 1, ROOMS), 100);
    }
    for family in rig.fleet.families() {
        let seen = step_by_step(&rig.fleet, &family.name, |_| {});
        let mut whole = Vec::new();
        rig.fleet.visit(&family.name, &mut Resume::default(), &mut |child: &Child<'_>| {
            let mut labels = String::new();
            child.join_labels(&mut labels);
            whole.push(labels);
            ControlFlow::Continue(())
        });
        assert_eq!(seen, whole, "{}", family.name);
        assert!(!seen.is_empty(), "{}", family.name);
        assert_once(&seen);
    }
}

#[test]
fn pages_and_devices_at_the_same_time() {
    let rig = Rig::new();
    let fleet = Arc::clone(&rig.fleet);
    std::thread::scope(|scope| {
        for thread in 0..3u32 {
            let (rig, fleet) = (&rig, &fleet);
            scope.spawn(move || {
                for round in 0..60u32 {
                    let name = ["a", "b", "c"][((thread + round) % 3) as usize];
                    let origin = Origin {
                        link: "tcp".into(),
                        name: None,
                        peer: format!("10.0.0.{thread}:{round}"),
                        ..Origin::default()
                    };
                    let mut line = fleet.connect(origin, rig.now);
                    let dimensions = if round % 2 == 0 { ROOMS } else { FEWER };
                    let mut firmware = house(name, thread << 16 | round, dimensions);
                    for uptime in 0..5 {
                        line.feed(&firmware.snapshot(uptime * 1000), Now::read(), &mut Vec::new());
                    }
                }
            });
        }
        scope.spawn(|| {
            for second in 0..100 {
                fleet.sweep(rig.now.after(Duration::from_secs(second * 5)));
                let _ = (fleet.devices(rig.now), fleet.totals(rig.now));
            }
        });
        for _ in 0..100 {
            let text = rig.text(Format::OpenMetrics);
            let series: Vec<_> =
                text.lines().filter(|line| line.starts_with("t{")).map(str::to_owned).collect();
            assert_once(&series);
        }
    });
    let index = rig.fleet.read();
    for offered in index.families.values() {
        let numbers = index.devices.from(&offered.devices, "");
        assert!(numbers.iter().all(|number| index.devices.device(*number).is_some()));
    }
}
