//! A fleet of many devices costs so much more, and not the square of it.

use super::*;
use firmware::Metric;
use narthex::model::{Desc, Details, Dimension};

const PORTS: &[Dimension<'_>] =
    &[Dimension { name: "port", values: &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] }];

/// Some 60 series.
fn metrics(variant: usize) -> Vec<Metric> {
    let name = |family: &str| -> &'static str { Box::leak(format!("v{variant}_{family}").into_boxed_str()) };
    let mut metrics = vec![
        Metric::new(Desc {
            details: &Details { dimensions: PORTS, ..Details::NONE },
            ..Desc::counter(name("a_total"), "Help.")
        }),
        Metric::new(Desc {
            details: &Details { dimensions: PORTS, ..Details::NONE },
            ..Desc::gauge(name("b"), "Help.")
        }),
        Metric::new(Desc::histogram(
            name("h"),
            "Help.",
            &Details { bounds: &[1, 2, 5, 10, 20, 50, 100, 200], ..Details::NONE },
        )),
    ];
    for n in 0..30 {
        metrics.push(Metric::gauge(name(&format!("g{n}")), n));
    }
    metrics
}

/// CPU time of this thread so far: other tests run meanwhile, on as many cores as there are.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// CPU time of the ingest of two snapshots of each device, a page, and all that the terminal wants, of so many devices with so many
/// different schemas.
fn costs(devices: usize, variants: usize) -> [Duration; 3] {
    let rig = Rig::new();
    let mut firmwares: Vec<_> = (0..devices)
        .map(|n| {
            let name: &'static str = Box::leak(format!("device-{n:05}").into_boxed_str());
            Firmware::new(name, 1, metrics(n % variants)).with_mtu(1024)
        })
        .collect();
    let snapshots: Vec<_> = firmwares
        .iter_mut()
        .map(|firmware| [firmware.snapshot(1000), firmware.snapshot(2000)].concat())
        .collect();
    let mut lines: Vec<_> = (0..devices).map(|n| rig.connect(&format!("10.0.0.1:{n}"))).collect();
    let start = cpu();
    for (line, bytes) in lines.iter_mut().zip(&snapshots) {
        line.feed(bytes, rig.now, &mut Vec::new());
    }
    let ingest = cpu().saturating_sub(start);
    let start = cpu();
    let text = rig.text(Format::Text);
    let page = cpu().saturating_sub(start);
    assert_eq!(text.lines().filter(|line| line.starts_with('v')).count(), devices * 61);
    let start = cpu();
    let totals = rig.fleet.totals(rig.now);
    assert_eq!((totals.series, rig.fleet.devices(rig.now).len()), (devices * 61, devices));
    rig.fleet.sweep(rig.now);
    [ingest, page, cpu().saturating_sub(start)]
}

#[test]
fn eight_times_the_devices_cost_eight_times_as_much() {
    for all_different in [false, true] {
        let [few, many] = [100, 800].map(|devices| costs(devices, if all_different { devices } else { 1 }));
        println!("all different: {all_different}; {few:?}, {many:?}");
        for (few, many) in few.into_iter().zip(many) {
            // The square would be 64; the clock of a thread may be behind by a few milliseconds.
            assert!(many < few.max(Duration::from_millis(10)) * 8 * 4, "{few:?}, {many:?}");
        }
    }
}

#[test]
fn a_snapshot_allocates_nothing() {
    let rig = Rig::new();
    let mut firmware = Firmware::new("pump", 1, metrics(0)).with_mtu(1024);
    let mut line = rig.connect("10.0.0.1:1");
    let mut reply = Vec::new();
    // The records have come round by then; and a thread keeps its room to decode in.
    let snapshots: Vec<_> = (1..200).map(|second| firmware.snapshot(second * 1000)).collect();
    let (first, rest) = snapshots.split_at(100);
    for bytes in first {
        line.feed(bytes, rig.now, &mut reply);
    }
    let made = allocation_counter::measure(|| {
        for bytes in rest {
            line.feed(bytes, rig.now, &mut reply);
        }
    });
    assert_eq!(made.count_total, 0);
    assert!(rig.device("pump").frames.received >= 2 * 199);
}

#[test]
fn equal_devices_share_their_schema() {
    let rig = Rig::new();
    let mut lines: Vec<_> = (0..3).map(|n| rig.connect(&format!("10.0.0.1:{n}"))).collect();
    for (line, name) in lines.iter_mut().zip(["a", "b", "c"]) {
        rig.hear(line, &mut Firmware::new(name, 1, metrics(0)), 1);
    }
    assert_eq!(rig.fleet.schemas().len(), 33);
    let index = rig.fleet.read();
    let [a, b, c] = ["a", "b", "c"].map(|name| index.devices.get(name).unwrap().lock());
    assert!(
        std::ptr::eq(a.series.slots(), b.series.slots()) && std::ptr::eq(b.series.slots(), c.series.slots())
    );
    for ((a, b), c) in a.series.slots().iter().zip(b.series.slots()).zip(c.series.slots()) {
        assert!(Arc::ptr_eq(&a.schema, &b.schema) && Arc::ptr_eq(&b.schema, &c.schema));
    }
}

#[test]
fn a_device_of_69_lines_takes_two_kilobytes_beside_its_schema() {
    const EIGHT: Details<'static> = Details {
        dimensions: &[Dimension { name: "port", values: &["0", "1", "2", "3", "4", "5", "6", "7"] }],
        ..Details::NONE
    };
    let rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:1");
    let name =
        |family: &str, n: usize| -> &'static str { Box::leak(format!("{family}{n}_total").into_boxed_str()) };
    let mut metrics: Vec<_> = (0..10).map(|n| Metric::counter(name("c", n), 1)).collect();
    metrics.extend(
        (0..6).map(|n| Metric::new(Desc { details: &EIGHT, ..Desc::counter(name("p", n), "Help.") })),
    );
    metrics.push(Metric::new(Desc::histogram(
        "h",
        "Help.",
        &Details { bounds: &[1, 2, 5, 10, 20, 50, 100, 200], ..Details::NONE },
    )));
    rig.hear(&mut line, &mut Firmware::new("pump", 1, metrics).with_mtu(1024), 1);
    assert_eq!(rig.lines().len(), 69);
    let index = rig.fleet.read();
    let state = index.devices.get("pump").unwrap().lock();
    // In the index it has a number in the list of each family, and lists have room for an eighth more.
    let places = state.series.slots().len() * 5;
    let own = size_of::<super::super::device::Device>() + state.series.bytes() + places;
    assert!(own <= 2048, "{own}");
}
