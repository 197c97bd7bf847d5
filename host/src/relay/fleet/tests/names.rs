//! Who gets which name.

use super::*;
use firmware::Metric;

fn named(name: &'static str, boot: u32, n: u64) -> Firmware {
    Firmware::new(name, boot, vec![Metric::counter("a_total", n)])
}

#[test]
fn a_second_claimant_is_refused_until_the_first_is_silent() {
    let mut rig = Rig::new();
    let (mut first, mut second) = (rig.connect("10.0.0.1:5000"), rig.connect("10.0.0.2:5000"));
    let (mut one, mut two) = (named("pump", 1, 1), named("pump", 2, 2));
    for uptime in 100..130 {
        rig.hear(&mut first, &mut one, uptime);
        rig.hear(&mut second, &mut two, uptime);
        rig.wait(1);
    }
    assert_eq!(rig.lines(), ["a_total{device=\"pump\"} 1"]);
    assert_eq!(rig.own("narthex_devices_refused_total{cause=\"name_taken\"}"), "1");
    // Both are counted, the one without a name included.
    assert_eq!(rig.own("narthex_frames_total{outcome=\"received\"}"), "120");
    for uptime in 130..150 {
        rig.hear(&mut second, &mut two, uptime);
        rig.wait(1);
    }
    assert_eq!(rig.lines(), ["a_total{device=\"pump\"} 2"]);
    assert_eq!(rig.device("pump").peer, "10.0.0.2:5000");
    // Now the first is the stranger.
    rig.hear(&mut first, &mut one, 150);
    assert_eq!(rig.lines(), ["a_total{device=\"pump\"} 2"]);
    drop(second);
    rig.wait(2);
    rig.hear(&mut first, &mut one, 152);
    assert_eq!(rig.lines(), ["a_total{device=\"pump\"} 1"]);
}

#[test]
fn two_live_devices_of_one_host_do_not_take_turns() {
    let mut rig = Rig::new();
    let (mut first, mut second) = (rig.connect("127.0.0.1:5000"), rig.connect("127.0.0.1:5001"));
    let (mut one, mut two) = (named("pump", 1, 1), named("pump", 2, 2));
    for uptime in 1..60 {
        rig.hear(&mut first, &mut one, uptime);
        rig.hear(&mut second, &mut two, uptime);
        rig.wait(1);
        assert_eq!(rig.lines(), ["a_total{device=\"pump\"} 1"]);
    }
}

#[test]
fn a_host_that_boots_anew_takes_over_at_once() {
    let mut rig = Rig::new();
    let mut half_open = rig.connect("10.0.0.1:5000");
    rig.hear(&mut half_open, &mut named("pump", 1, 1), 100);
    rig.wait(3);
    let mut line = rig.connect("10.0.0.1:5001");
    rig.hear(&mut line, &mut named("pump", 2, 2), 2);
    assert_eq!(rig.lines(), ["a_total{device=\"pump\"} 2"]);
    assert_eq!((rig.device("pump").boots, rig.device("pump").frames.received), (2, 4));
    assert_eq!(rig.own("narthex_devices_refused_total{cause=\"name_taken\"}"), "0");
    drop(half_open);
    assert!(!rig.device("pump").stale);
}

#[test]
fn another_device_on_the_same_line() {
    let mut rig = Rig::new();
    let mut line = rig.connect("/dev/ttyUSB0");
    rig.hear(&mut line, &mut named("pump-1", 1, 1), 100);
    rig.wait(1);
    rig.hear(&mut line, &mut named("pump-2", 2, 2), 1);
    assert_eq!(rig.lines(), ["a_total{device=\"pump-1\"} 1", "a_total{device=\"pump-2\"} 2"]);
    assert_eq!((rig.device("pump-1").boots, rig.device("pump-2").boots), (1, 1));
    assert!(rig.device("pump-1").stale && !rig.device("pump-2").stale);
    // Without a boot that shows: only the name tells.
    let mut third = named("pump-3", 2, 3);
    third.snapshot(2000);
    rig.wait(1);
    for uptime in 3..6 {
        rig.hear(&mut line, &mut third, uptime);
    }
    assert_eq!(rig.names(), ["pump-1", "pump-2", "pump-3"]);
    assert_eq!(rig.lines()[1..], ["a_total{device=\"pump-2\"} 2", "a_total{device=\"pump-3\"} 3"]);
    assert!(rig.device("pump-2").stale && !rig.device("pump-3").stale);
}

#[test]
fn another_firmware_on_the_same_line() {
    let mut rig = Rig::new();
    let mut line = rig.connect("/dev/ttyUSB0");
    rig.hear(&mut line, &mut named("pump", 1, 1), 100);
    rig.wait(5);
    let mut new = Firmware::new("pump", 2, vec![Metric::gauge("b", 4), Metric::gauge("a_total_c", 5)]);
    rig.hear(&mut line, &mut new, 1);
    assert_eq!(rig.lines(), ["a_total_c{device=\"pump\"} 5", "b{device=\"pump\"} 4"]);
    assert_eq!((rig.device("pump").boots, rig.device("pump").frames.received), (2, 4));
}

#[test]
fn a_device_without_a_name_is_called_by_its_link_or_peer() {
    let rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:5000");
    rig.hear(&mut line, &mut named("", 1, 1), 1);
    let origin = Origin {
        link: "serial /dev/ttyS0".into(),
        name: Some("boiler".into()),
        peer: "/dev/ttyS0".into(),
        ..Origin::default()
    };
    let mut serial = rig.fleet.connect(origin, rig.now);
    rig.hear(&mut serial, &mut named("", 1, 2), 1);
    let origin =
        Origin { link: "stdin".into(), name: Some("".into()), peer: String::new(), ..Origin::default() };
    let mut stdin = rig.fleet.connect(origin, rig.now);
    rig.hear(&mut stdin, &mut named("", 1, 3), 1);
    assert_eq!(rig.names(), ["10.0.0.1:5000", "boiler", "stdin"]);
}

#[test]
fn a_name_that_comes_late_replaces_the_fallback() {
    let mut rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:5000");
    let mut firmware = named("pump", 1, 1);
    // The hello is in the first frame of each snapshot.
    line.feed(&firmware.frames(1000)[1], rig.now, &mut Vec::new());
    assert_eq!(rig.names(), [""; 0]);
    rig.wait(31);
    line.feed(&firmware.frames(32_000)[1], rig.now, &mut Vec::new());
    assert_eq!(rig.names(), ["10.0.0.1:5000"]);
    rig.wait(1);
    rig.hear(&mut line, &mut firmware, 33);
    assert_eq!(rig.names(), ["pump"]);
    assert_eq!(rig.device("pump").frames.received, 4);
    assert_eq!(rig.lines(), ["a_total{device=\"pump\"} 1"]);
    // After a boot it is waited for, and what was known stays.
    rig.wait(5);
    let mut rebooted = named("pump", 2, 2);
    line.feed(&rebooted.frames(1000)[1], rig.now, &mut Vec::new());
    assert_eq!(rig.lines(), ["a_total{device=\"pump\"} 1"]);
    rig.wait(31);
    line.feed(&rebooted.frames(32_000)[1], rig.now, &mut Vec::new());
    assert_eq!((rig.names(), rig.device("pump").boots), (vec!["pump".to_owned()], 2));
}

#[test]
fn any_name_is_escaped() {
    let rig = Rig::new();
    let names = ["a\"b\\c\nd", "\u{0}\u{1b}[31m", "é\u{202e}ü", "\"} 1\nup 1\n# "];
    let mut lines: Vec<_> = (0..4).map(|n| rig.connect(&format!("10.0.0.{n}:1"))).collect();
    for (line, name) in lines.iter_mut().zip(names) {
        rig.hear(line, &mut named(name, 1, 1), 1);
    }
    assert_eq!(rig.names().len(), 4);
    let page = rig.lines();
    assert_eq!(page.len(), 4, "{page:?}");
    assert!(page.contains(&"a_total{device=\"a\\\"b\\\\c\\nd\"} 1".to_owned()), "{page:?}");
    assert!(page.contains(&"a_total{device=\"\\\"} 1\\nup 1\\n# \"} 1".to_owned()), "{page:?}");
}

#[test]
fn a_full_fleet_refuses() {
    let mut rig = Rig::with(Limits { max_devices: 2, ..Limits::default() });
    let mut lines: Vec<_> = (0..3).map(|n| rig.connect(&format!("10.0.0.{n}:1"))).collect();
    let mut devices = ["a", "b", "c"].map(|name| named(name, 1, 1));
    for uptime in 1..6 {
        for (line, device) in lines.iter_mut().zip(&mut devices) {
            rig.hear(line, device, uptime);
        }
        rig.wait(1);
    }
    assert_eq!(rig.names(), ["a", "b"]);
    assert_eq!(rig.own("narthex_devices_refused_total{cause=\"fleet_full\"}"), "1");
    drop(lines.remove(0));
    rig.wait(301);
    rig.hear(&mut lines[1], &mut devices[2], 400);
    assert_eq!(rig.names(), ["c"]);
}

#[test]
fn one_connection_cannot_fill_the_fleet() {
    let rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:1");
    for boot in 0..100 {
        let name: &'static str = Box::leak(format!("pump-{boot}").into_boxed_str());
        rig.hear(&mut line, &mut named(name, boot, 1), 1);
    }
    assert!(rig.names().len() < 12, "{:?}", rig.names());
}

#[test]
fn who_has_not_said_a_name_when_all_is_over_is_called_as_its_peer() {
    let rig = Rig::new();
    // The hello is in the first frame of each snapshot.
    let values = &named("pump", 1, 1).frames(1000)[1];
    for (finished, names) in [(false, vec![]), (true, vec!["10.0.0.7:1".to_owned()])] {
        let mut connection = rig.connect("10.0.0.7:1");
        connection.feed(values, rig.now, &mut Vec::new());
        if finished {
            connection.finish(rig.now);
        }
        assert_eq!(rig.names(), names);
    }
}
