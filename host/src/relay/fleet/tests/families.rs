//! What is shown of a family, and what is refused and listed.

use super::*;
use firmware::Metric;
use narthex::model::{Desc, Details, Dimension, Label, Scale};

fn refused(rig: &Rig, device: &str) -> Vec<(String, String)> {
    rig.device(device).refused.into_iter().map(|refused| (refused.family, refused.why)).collect()
}

fn pair(family: &str, why: &str) -> (String, String) {
    (family.into(), why.into())
}

#[test]
fn a_bad_family_spoils_no_other() {
    const LE: Details<'static> =
        Details { dimensions: &[Dimension { name: "le", values: &["x", "y"] }], ..Details::NONE };
    let rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:5000");
    let device: &'static [Label<'static>] = &[Label { name: "device", value: "x" }];
    let families = vec![
        Metric::gauge("a", 1),
        Metric::gauge("b-c", 2),
        Metric::gauge("up", 3),
        Metric::counter("up_total", 3),
        Metric::gauge("scrape_x", 4),
        Metric::gauge("narthex_x", 5),
        Metric::gauge("d", 6).with_labels(device),
        Metric::new(Desc { details: &LE, ..Desc::gauge("e", "Help.") }),
        Metric::counter("f", 8),
        Metric::new(Desc::gauge("g", "")),
        Metric::new(Desc::histogram("h", "Help.", &Details { bounds: &[2, 1], ..Details::NONE })),
        Metric::gauge("i", 9),
    ];
    rig.hear(&mut line, &mut Firmware::new("pump", 1, families), 1);
    assert_eq!(rig.lines(), ["a{device=\"pump\"} 1", "i{device=\"pump\"} 9"]);
    let why = refused(&rig, "pump");
    let names: Vec<_> = why.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["b-c", "up", "up_total", "scrape_x", "narthex_x", "d", "e", "f", "g", "h"]);
    assert!(why.contains(&pair("d", "the label `device` is the gateway's own")), "{why:?}");
    assert_eq!(rig.own("narthex_device_refusals_total"), "10");
    assert_eq!(rig.own("narthex_refusals_total{cause=\"family\"}"), "10");
    let schema = rig.device("pump").schema;
    assert_eq!((schema.known, schema.total), (12, 12));
}

#[test]
fn the_type_and_unit_of_a_name_are_the_first_devices() {
    let mut rig = Rig::new();
    let (mut one, mut two, mut three) =
        (rig.connect("10.0.0.1:1"), rig.connect("10.0.0.2:1"), rig.connect("10.0.0.3:1"));
    let mut first = Firmware::new("a", 1, vec![Metric::counter("x_total", 1), Metric::gauge("y_seconds", 2)]);
    rig.hear(&mut one, &mut first, 1);
    let in_seconds = Metric::new(Desc {
        details: &Details { unit: "seconds", ..Details::NONE },
        ..Desc::gauge("y_seconds", "Help.")
    });
    let mut second = Firmware::new("b", 1, vec![Metric::gauge("x", 3), in_seconds, Metric::gauge("z", 4)]);
    rig.hear(&mut two, &mut second, 1);
    rig.hear(&mut three, &mut Firmware::new("c", 1, vec![Metric::counter("x_total_total", 5)]), 1);
    assert_eq!(rig.lines(), ["x_total{device=\"a\"} 1", "y_seconds{device=\"a\"} 2", "z{device=\"b\"} 4"]);
    let why = [
        pair("x", "other devices have `x_total` as a counter"),
        pair("y_seconds", "other devices have `y_seconds` as a gauge"),
    ];
    assert_eq!(refused(&rig, "b"), why);
    assert_eq!(refused(&rig, "c"), [pair("x_total_total", why[0].1.as_str())]);
    assert_eq!(rig.own("narthex_device_refusals_total{device=\"b\"}"), "2");
    assert_eq!(rig.own("narthex_refusals_total{cause=\"conflict\"}"), "3");
    // The names are free when the first device is gone.
    drop(one);
    for uptime in [200, 301] {
        rig.wait(if uptime == 200 { 200 } else { 101 });
        rig.hear(&mut two, &mut second, uptime);
    }
    assert_eq!(rig.names(), ["b"]);
    rig.wait(1);
    assert_eq!(rig.lines(), ["x{device=\"b\"} 3", "y_seconds{device=\"b\"} 0", "z{device=\"b\"} 4"]);
    assert_eq!(refused(&rig, "b"), []);
    assert_eq!(rig.own("narthex_device_refusals_total{device=\"b\"}"), "2");
}

#[test]
fn all_but_type_and_unit_may_differ_and_the_newest_help_wins() {
    const ROOMS: &[Dimension<'static>] = &[Dimension { name: "room", values: &["hall", "bath"] }];
    let rig = Rig::new();
    let (mut one, mut two) = (rig.connect("10.0.0.1:1"), rig.connect("10.0.0.2:1"));
    let first = vec![
        Metric::new(Desc::histogram("h", "Old.", &Details { bounds: &[1, 5], ..Details::NONE })),
        Metric::gauge("t", 20),
    ];
    let second = vec![
        Metric::new(Desc {
            scale: Scale::new(-3),
            ..Desc::histogram("h", "New.", &Details { bounds: &[1000], ..Details::NONE })
        }),
        Metric::new(Desc {
            scale: Scale::new(-1),
            details: &Details { dimensions: ROOMS, ..Details::NONE },
            ..Desc::gauge("t", "Help.")
        }),
    ];
    let (mut first, mut second) = (Firmware::new("a", 1, first), Firmware::new("b", 1, second));
    first.set(0, &[1, 2, 3, 30]);
    second.set(0, &[4, 5, 9000]);
    second.set(1, &[215, 220]);
    rig.hear(&mut one, &mut first, 1);
    rig.hear(&mut two, &mut second, 1);
    assert!(rig.text(Format::Text).contains("# HELP h New.\n"));
    let want = [
        "h_bucket{device=\"a\",le=\"1\"} 1",
        "h_bucket{device=\"a\",le=\"5\"} 3",
        "h_bucket{device=\"a\",le=\"+Inf\"} 6",
        "h_sum{device=\"a\"} 30",
        "h_count{device=\"a\"} 6",
        "h_bucket{device=\"b\",le=\"1\"} 4",
        "h_bucket{device=\"b\",le=\"+Inf\"} 9",
        "h_sum{device=\"b\"} 9",
        "h_count{device=\"b\"} 9",
        "t{device=\"a\"} 20",
        "t{device=\"b\",room=\"bath\"} 22",
        "t{device=\"b\",room=\"hall\"} 21.5",
    ];
    assert_eq!(rig.lines(), want);
    assert_eq!((rig.device("a").series, rig.device("b").series), (6, 6));
    assert_eq!(rig.fleet.totals(rig.now).series, 12);
}

#[test]
fn a_histogram_is_of_one_snapshot() {
    // In frames of 48 bytes a snapshot of it is cut.
    const BOUNDS: &[u32] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22];
    let rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:1");
    let families = vec![
        Metric::new(Desc::histogram("h", "Help.", &Details { bounds: BOUNDS, ..Details::NONE })),
        Metric::counter("n_total", 0),
    ];
    let mut firmware = Firmware::new("pump", 1, families).with_mtu(48);
    rig.hear(&mut line, &mut firmware, 1);
    for n in 1..200u64 {
        firmware.set(0, &[n * 1000; 24]);
        firmware.set(1, &[n]);
        let frames = firmware.frames(n * 1000 + 1000);
        // Frame by frame, one of them lost.
        for (index, frame) in frames.iter().enumerate() {
            if n % 8 != index as u64 {
                line.feed(frame, rig.now, &mut Vec::new());
            }
            let lines = rig.lines();
            let first = lines.iter().find(|line| line.contains("le=\"1\"")).unwrap();
            let unit: u64 = first.rsplit_once(' ').unwrap().1.parse().unwrap();
            let count = format!("h_count{{device=\"pump\"}} {}", unit * 23);
            assert!(
                lines.contains(&count) && lines.contains(&format!("h_sum{{device=\"pump\"}} {unit}")),
                "{lines:?}"
            );
        }
    }
    let lost = rig.device("pump").frames.lost;
    assert!(lost > 50 && rig.lines().contains(&"n_total{device=\"pump\"} 199".into()), "{lost}");
}

#[test]
fn a_device_has_so_many_series() {
    const ROOMS: &[Dimension<'static>] = &[Dimension { name: "room", values: &["1", "2", "3", "4"] }];
    let rig = Rig::with(Limits { max_series: 10, ..Limits::default() });
    let mut line = rig.connect("10.0.0.1:1");
    let families = vec![
        Metric::new(Desc::histogram("h", "Help.", &Details { bounds: &[1, 2, 3], ..Details::NONE })),
        Metric::new(Desc {
            details: &Details { dimensions: ROOMS, ..Details::NONE },
            ..Desc::gauge("t", "Help.")
        }),
        Metric::gauge("u", 1),
    ];
    rig.hear(&mut line, &mut Firmware::new("pump", 1, families), 1);

    assert_eq!(rig.device("pump").series, 10);
    assert_eq!(refused(&rig, "pump"), [pair("u", "it has 1 series, there is room for 0")]);
}
