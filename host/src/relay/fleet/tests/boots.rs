//! Boots, connections that end and come back, silence.

use super::*;
use crate::registry::Indexed;
use firmware::{Metric, UNSET};
use narthex::model::Desc;

fn pump(boot: u32, n: u64) -> Firmware {
    Firmware::new("pump", boot, vec![Metric::counter("a_total", n)])
}

#[test]
fn a_device_is_shown_by_its_name() {
    let rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:5000");
    rig.hear(&mut line, &mut pump(7, 3), 2);
    assert_eq!(rig.lines(), ["a_total{device=\"pump\"} 3"]);
    let status = rig.device("pump");
    assert_eq!((status.boot_id, status.boots, status.stale, status.series), (7, 1, false, 1));
    assert_eq!((status.schema.known, status.schema.total, status.frames.received), (1, 1, 2));
    assert_eq!((&*status.firmware, &*status.peer), ("1.0", "10.0.0.1:5000"));
    let created = Page::new(rig.registry.gather(), Format::OpenMetrics).with_created().into_text();
    let booted = rig.now.unix_ms() - 2000;
    let line = format!("a_created{{device=\"pump\"}} {}.{:03}", booted / 1000, booted % 1000);
    let line = line.trim_end_matches('0').trim_end_matches('.');
    assert!(created.contains(line), "{line}\n{created}");
}

#[test]
fn a_boot_is_another_id_or_a_fall_of_uptime() {
    let mut rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:5000");
    for (boot, uptime, boots) in [(1, 100, 1), (2, 200, 2), (2, 180, 3), (0, 50, 4), (0, 0, 5), (0, 700, 5)] {
        rig.wait(1);
        let mut firmware = pump(boot, boots);
        // A new reporter counts from 1 again; the last one goes on.
        if uptime == 700 {
            firmware.snapshot(0);
            firmware.snapshot(1);
        }
        rig.hear(&mut line, &mut firmware, uptime);
        assert_eq!(rig.device("pump").boots, boots, "boot {boot} at {uptime} s");
        assert_eq!(rig.own("narthex_device_boots_total"), boots.to_string());
    }
    assert_eq!(rig.names(), ["pump"]);
}

#[test]
fn nothing_of_an_older_boot_is_shown() {
    let rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:5000");
    let mut old = Firmware::new("pump", 1, vec![Metric::counter("a_total", 3), Metric::gauge("b", 4)]);
    rig.hear(&mut line, &mut old, 60);
    assert_eq!(rig.lines().len(), 2);
    // The new firmware has no `b`, and its values are lost.
    let mut new = pump(2, 0);
    line.feed(&new.frames(1000)[0], rig.now, &mut Vec::new());
    assert_eq!(rig.lines(), [""; 0]);
    assert_eq!(rig.device("pump").schema.known, 1);
    rig.hear(&mut line, &mut new, 2);
    assert_eq!(rig.lines(), ["a_total{device=\"pump\"} 0"]);
    // Lost for good with the second snapshot after.
    assert_eq!(rig.device("pump").frames.lost, 0);
    rig.hear(&mut line, &mut new, 3);
    assert_eq!(rig.device("pump").frames.lost, 1);
}

#[test]
fn another_schema_in_the_same_boot_begins_anew() {
    let rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:5000");
    rig.hear(&mut line, &mut pump(1, 3), 1);
    let mut other = Firmware::new("pump", 1, vec![Metric::gauge("b", 4)]);
    for uptime in [2, 3, 4] {
        rig.hear(&mut line, &mut other, uptime);
    }
    assert_eq!(rig.lines(), ["b{device=\"pump\"} 4"]);
    assert_eq!(rig.device("pump").boots, 1);
}

#[test]
fn a_connection_that_comes_back_goes_on() {
    let mut rig = Rig::new();
    let mut firmware = pump(9, 3);
    let mut line = rig.connect("10.0.0.1:5000");
    rig.hear(&mut line, &mut firmware, 100);
    let before = rig.device("pump").frames;
    drop(line);
    assert!(rig.device("pump").stale);
    assert_eq!(rig.own("narthex_device_up"), "0");
    assert_eq!(rig.lines(), ["a_total{device=\"pump\"} 3"]);
    rig.wait(20);
    // Sent while nobody listened.
    let lost = firmware.frames(110_000).len() as u64;
    let mut line = rig.connect("10.0.0.1:5001");
    firmware.set(0, &[5]);
    rig.hear(&mut line, &mut firmware, 120);
    assert_eq!(rig.lines(), ["a_total{device=\"pump\"} 5"]);
    let status = rig.device("pump");
    assert_eq!((status.boots, status.frames.lost, status.stale), (1, lost, false));
    assert_eq!(status.frames.received, before.received + 2);
    assert_eq!(rig.own("narthex_frames_total{outcome=\"lost\"}"), lost.to_string());
    assert_eq!(rig.own("narthex_device_up"), "1");
}

#[test]
fn without_a_boot_id_the_time_tells() {
    let mut rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:5000");
    rig.hear(&mut line, &mut pump(0, 3), 10);
    drop(line);
    rig.wait(60);
    // Up for longer than before, but not for as long as it was not heard.
    let mut line = rig.connect("10.0.0.1:5001");
    let mut rebooted = pump(0, 0);
    line.feed(&rebooted.frames(20_000)[0], rig.now, &mut Vec::new());
    assert_eq!(rig.lines(), [""; 0]);
    assert_eq!(rig.device("pump").boots, 2);
    drop(line);
    rig.wait(60);
    let mut line = rig.connect("10.0.0.1:5002");
    rig.hear(&mut line, &mut rebooted, 80);
    assert_eq!(rig.device("pump").boots, 2);
}

#[test]
fn silence_is_stale_and_then_gone() {
    let mut rig = Rig::with(Limits { ttl: Duration::from_secs(120), ..Limits::default() });
    let mut line = rig.connect("10.0.0.1:5000");
    let mut firmware = pump(1, 3);
    for uptime in [5, 10, 15] {
        rig.hear(&mut line, &mut firmware, uptime);
        rig.wait(5);
    }
    assert!(!rig.device("pump").stale);
    rig.wait(11);
    assert!(rig.device("pump").stale);
    assert_eq!(rig.lines().len(), 1);
    rig.wait(110);
    assert_eq!((rig.lines(), rig.names()), (vec![], vec![]));
    assert_eq!(rig.fleet.families().len(), rig.fleet.own.families().count());
    // The same connection goes on.
    rig.hear(&mut line, &mut firmware, 150);
    assert_eq!(rig.lines(), ["a_total{device=\"pump\"} 3"]);
    assert_eq!(rig.own("narthex_frames_total{outcome=\"received\"}"), "8");
    drop(line);
    rig.wait(121);
    assert_eq!(rig.own("narthex_frames_total{outcome=\"received\"}"), "8");
    assert_eq!(rig.fleet.schemas().len(), 0);
}

#[test]
fn a_gap_is_no_interval() {
    let mut rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:5000");
    let mut firmware = pump(1, 3);
    rig.hear(&mut line, &mut firmware, 1);
    rig.hear(&mut line, &mut firmware, 2);
    firmware.snapshot(100_000);
    rig.wait(200);
    rig.hear(&mut line, &mut firmware, 200);
    rig.wait(12);
    assert!(rig.device("pump").stale);
}

#[test]
fn an_unset_gauge_is_not_shown() {
    let rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:5000");
    let desc = Desc { optional: true, ..Desc::gauge("b", "Help.") };
    let mut firmware = Firmware::new("pump", 1, vec![Metric::new(desc)]);
    firmware.set(0, &[UNSET]);
    rig.hear(&mut line, &mut firmware, 1);
    assert_eq!((rig.lines().len(), rig.device("pump").series), (0, 0));
    firmware.set(0, &[0]);
    rig.hear(&mut line, &mut firmware, 2);
    assert_eq!((rig.lines().len(), rig.device("pump").series), (1, 1));
}
