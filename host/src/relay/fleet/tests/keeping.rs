//! Schemas that outlive a connection, and a run.

use super::*;
use crate::relay::store::Store;
use firmware::Metric;

/// More families than one snapshot brings the records of.
fn many(n: u64) -> Vec<Metric> {
    let name = |n: u64| -> &'static str { Box::leak(format!("g{n:02}").into_boxed_str()) };
    (0..30).map(|at| Metric::gauge(name(at), n)).collect()
}

/// A device that has been up for so long that it only trickles its schema.
fn late(n: u64) -> Firmware {
    let mut firmware = Firmware::new("pump", 7, many(n)).with_mtu(64);
    firmware.snapshot(1000);
    firmware
}

/// How many snapshots a connection needs until all is known.
fn learn(rig: &mut Rig, line: &mut Connection, firmware: &mut Firmware, from: u64) -> u64 {
    for snapshot in 1..200 {
        rig.wait(1);
        rig.hear(line, firmware, from + snapshot);
        if rig.fleet.devices(rig.now).first().is_some_and(|device| device.schema.known == 30) {
            return snapshot;
        }
    }
    panic!("never");
}

#[test]
fn a_device_that_reconnects_is_right_at_once_and_no_other_is() {
    let mut rig = Rig::new();
    let mut firmware = late(2);
    let mut line = rig.connect("10.0.0.1:1");
    assert!(learn(&mut rig, &mut line, &mut firmware, 10) > 1);
    drop(line);
    for at in 0..30 {
        firmware.set(at, &[4]);
    }
    let mut line = rig.connect("10.0.0.1:2");
    assert_eq!(learn(&mut rig, &mut line, &mut firmware, 300), 1);
    assert_eq!(rig.lines().iter().filter(|line| line.ends_with("} 4")).count(), 30);
    assert_eq!(rig.device("pump").boots, 1);
    // Another device of the same firmware must prove that it is the same.
    let mut other = Firmware::new("other", 7, many(2)).with_mtu(64);
    other.snapshot(1000);
    let mut line = rig.connect("10.0.0.2:1");
    rig.hear(&mut line, &mut other, 300);
    assert!(rig.device("other").schema.known < 30);
}

#[test]
fn a_gateway_that_starts_anew_is_right_at_once() {
    let path = std::env::temp_dir().join(format!("narthex-keeping-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    let open = || {
        let fleet = Arc::new(Fleet::new(Limits::default()).with_store(Store::open(&path).unwrap()));
        let registry = Registry::new();
        registry.register(fleet.clone()).unwrap();
        Rig { fleet, registry, now: Now::read() }
    };
    let mut rig = open();
    let mut firmware = late(2);
    let mut line = rig.connect("10.0.0.1:1");
    assert!(learn(&mut rig, &mut line, &mut firmware, 10) > 1);
    drop((line, rig));
    let mut rig = open();
    let mut line = rig.connect("10.0.0.1:1");
    assert_eq!(learn(&mut rig, &mut line, &mut firmware, 300), 1);
    assert_eq!(rig.lines().len(), 30);
    assert_eq!(rig.own("narthex_schema_store_files"), "1");
    assert_eq!(rig.own("narthex_schema_store_operations_total{outcome=\"loaded\"}"), "1");
    let _ = std::fs::remove_dir_all(&path);
}
