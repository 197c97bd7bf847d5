//! What links, sources and the configuration allow, and what they add.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::super::{Access, Listener, Pattern};
use super::*;
use firmware::Metric;
use narthex::model::{Desc, Details, Dimension, Label};

fn named(name: &str, boot: u32) -> Firmware {
    Firmware::new(Box::leak(name.to_owned().into_boxed_str()), boot, vec![Metric::counter("a_total", 1)])
}

fn labels(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

impl Rig {
    fn of(fleet: Fleet) -> Self {
        let fleet = Arc::new(fleet);
        let registry = Registry::new();
        registry.register(fleet.clone()).unwrap();
        Self { fleet, registry, now: Now::read() }
    }

    fn connect_with(&self, peer: &str, access: Access) -> Connection {
        let source = peer.split(':').next().unwrap_or_default().to_owned();
        let origin =
            Origin { link: "tcp".into(), name: None, peer: peer.into(), source, access: Arc::new(access) };
        self.fleet.connect(origin, self.now)
    }

    fn refused(&self, cause: &str) -> u64 {
        self.own(&format!("narthex_devices_refused_total{{cause=\"{cause}\"}}")).parse().unwrap()
    }
}

#[test]
fn a_link_takes_the_names_it_allows() {
    let mut rig = Rig::new();
    let access =
        Access { devices: vec![Pattern::new("pump-*"), Pattern::new("boiler")], ..Access::default() };
    for (n, name) in ["pump-1", "boiler", "pump", "boiler2", ""].into_iter().enumerate() {
        let mut line = rig.connect_with(&format!("10.0.0.{n}:1"), access.clone());
        let mut firmware = named(name, 1);
        for uptime in 1..4 {
            rig.hear(&mut line, &mut firmware, uptime);
            rig.wait(1);
        }
    }
    assert_eq!(rig.names(), ["boiler", "pump-1"]);
    assert_eq!((rig.refused("name_not_allowed"), rig.fleet.totals(rig.now).devices_refused), (3, 3));
}

#[test]
fn a_source_brings_so_many_new_names_a_minute() {
    let mut rig = Rig::with(Limits { new_names_per_minute: 10, ..Limits::default() });
    for n in 0..300 {
        let mut line = rig.connect_with(&format!("10.0.0.1:{n}"), Access::default());
        rig.hear(&mut line, &mut named(&format!("invented-{n:03}"), n), 1);
    }
    assert_eq!((rig.names().len(), rig.refused("too_many_names")), (10, 290));
    // Others are not touched by it, nor are names that are there.
    for (peer, name) in [("10.0.0.2:1", "honest"), ("10.0.0.1:7", "invented-000")] {
        let mut line = rig.connect_with(peer, Access::default());
        rig.hear(&mut line, &mut named(name, 1000), 1);
        assert!(!rig.device(name).stale, "{name}");
    }
    let mut line = rig.connect_with("10.0.0.1:9", Access::default());
    let mut patient = named("patient", 1);
    for uptime in 1..8 {
        rig.hear(&mut line, &mut patient, uptime);
        rig.wait(1);
    }
    assert!(rig.names().contains(&"patient".to_owned()));
}

#[test]
fn a_source_brings_so_many_new_schemas_a_minute() {
    let mut rig = Rig::with(Limits { new_schemas_per_minute: 5, ..Limits::default() });
    let mut line = rig.connect_with("10.0.0.1:1", Access::default());
    let schema = |n: usize| -> Vec<Metric> {
        vec![Metric::gauge(Box::leak(format!("g{n}").into_boxed_str()), n as u64)]
    };
    // One boot after the other, and then without a boot.
    for n in 0..20 {
        rig.hear(
            &mut line,
            &mut Firmware::new("pump", if n < 10 { n as u32 } else { 9 }, schema(n)),
            n as u64 + 1,
        );
    }
    assert!(rig.refused("too_many_schemas") >= 1);
    assert!(rig.fleet.devices(rig.now).len() <= 1);
    let shown = rig.lines();
    assert!(shown.len() <= 1 && shown.iter().all(|line| line < &"g5".to_owned()), "{shown:?}");
    let mut firmware = Firmware::new("pump", 30, schema(30));
    for uptime in 1..15 {
        rig.wait(1);
        rig.hear(&mut line, &mut firmware, uptime);
    }
    assert_eq!(rig.lines(), ["g30{device=\"pump\"} 30"]);
}

#[test]
fn invented_names_on_one_connection_are_counted_and_cost_nothing() {
    let rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:1");
    for boot in 0..1000 {
        rig.hear(&mut line, &mut named(&format!("x{boot}"), boot), 1);
    }
    assert!(rig.names().len() < 12);
    assert_eq!(rig.refused("too_many_names") as usize + rig.names().len(), 1000);
}

#[test]
fn labels_of_links_and_devices_stand_in_order_on_what_devices_send() {
    const PORTS: &[Dimension<'static>] = &[Dimension { name: "port", values: &["0", "1"] }];
    let device = BTreeMap::from([
        ("pump-1".to_owned(), labels(&[("room", "4\"5"), ("site", "own"), ("le", "x"), ("device", "y")])),
        ("other".to_owned(), labels(&[("zone", "z")])),
    ]);
    let rig = Rig::of(Fleet::new(Limits::default()).with_labels(device.clone()));
    let access = Access { labels: labels(&[("area", "a"), ("site", "b2")]), ..Access::default() };
    let clash: &'static [Label<'static>] = &[Label { name: "site", value: "mine" }];
    let metrics = || {
        vec![
            Metric::gauge("g", 2),
            Metric::new(Desc {
                details: &Details { dimensions: PORTS, ..Details::NONE },
                ..Desc::counter("p_total", "Help.")
            }),
            Metric::gauge("s", 3).with_labels(clash),
        ]
    };
    let mut lines: Vec<_> =
        ["10.0.0.1:1", "10.0.0.2:1"].map(|peer| rig.connect_with(peer, access.clone())).into();
    lines.push(rig.connect("10.0.0.3:1"));
    for (line, name) in lines.iter_mut().zip(["pump-1", "pump-2", "pump-3"]) {
        rig.hear(line, &mut Firmware::new(name, 1, metrics()), 1);
    }
    let want = [
        "g{area=\"a\",device=\"pump-1\",room=\"4\\\"5\",site=\"own\"} 2",
        "g{area=\"a\",device=\"pump-2\",site=\"b2\"} 2",
        "g{device=\"pump-3\"} 2",
        "p_total{area=\"a\",device=\"pump-1\",port=\"0\",room=\"4\\\"5\",site=\"own\"} 0",
        "p_total{area=\"a\",device=\"pump-1\",port=\"1\",room=\"4\\\"5\",site=\"own\"} 0",
        "p_total{area=\"a\",device=\"pump-2\",port=\"0\",site=\"b2\"} 0",
        "p_total{area=\"a\",device=\"pump-2\",port=\"1\",site=\"b2\"} 0",
        "p_total{device=\"pump-3\",port=\"0\"} 0",
        "p_total{device=\"pump-3\",port=\"1\"} 0",
    ];
    assert_eq!(rig.lines(), want);
    let refused = &rig.device("pump-2").refused;
    assert_eq!((&*refused[0].family, &*refused[0].why), ("s", "the label `site` is the gateway's own"));
    // Other values at once, other names from the next connection on.
    let changed = BTreeMap::from([("pump-1".to_owned(), labels(&[("room", "6"), ("new", "n")]))]);
    let rest = rig.fleet.reconfigure(Limits { device_label: "node".into(), ..Limits::default() }, changed);
    assert_eq!(rest, ["device_label", "the label `new`, on devices that are connected"]);
    assert_eq!(rig.lines()[0], "g{area=\"a\",device=\"pump-1\",room=\"6\",site=\"b2\"} 2");
    drop(lines);
    let mut line = rig.connect_with("10.0.0.1:2", access);
    rig.hear(&mut line, &mut Firmware::new("pump-1", 2, metrics()), 1);
    assert_eq!(rig.lines()[0], "g{area=\"a\",device=\"pump-1\",new=\"n\",room=\"6\",site=\"b2\"} 2");
    assert_eq!(Limits::check_added("device", "device"), Err("that is the device label"));
    assert!(Limits::check_added("le", "device").is_err() && Limits::check_added("a-b", "device").is_err());
}

#[derive(Default)]
struct Heard(Mutex<Vec<(String, String)>>);

impl Listener for Heard {
    fn text(&self, origin: &Origin, device: &str, bytes: &[u8]) {
        let text = format!("{}: {}", origin.link, String::from_utf8_lossy(bytes));
        self.0.lock().unwrap().push((device.into(), text));
    }
}

#[test]
fn text_between_frames_is_heard() {
    let heard = Arc::new(Heard::default());
    let rig = Rig::of(Fleet::new(Limits::default()).with_listener(heard.clone()));
    let mut line = rig.connect("10.0.0.1:1");
    let mut pump = named("pump", 1);
    rig.hear(&mut line, &mut pump, 1);
    line.feed(b"\0hot\x1b[31m\n\0", rig.now, &mut Vec::new());
    rig.hear(&mut line, &mut pump, 2);
    let heard = heard.0.lock().unwrap();
    let text: String =
        heard.iter().map(|(_, text)| text.strip_prefix("tcp 127.0.0.1:1: ").unwrap()).collect();
    assert!(
        text.contains("hot\u{1b}[31m\n") && heard.iter().all(|(device, _)| device == "pump"),
        "{heard:?}"
    );
}

#[test]
fn what_was_heard_while_another_had_the_name_is_not_the_devices() {
    let mut rig = Rig::new();
    let (mut first, mut second) = (rig.connect("10.0.0.1:5000"), rig.connect("10.0.0.2:5000"));
    let (mut one, mut two) = (named("pump", 1), named("pump", 2));
    for uptime in 100..105 {
        rig.hear(&mut first, &mut one, uptime);
        rig.hear(&mut second, &mut two, uptime);
        rig.wait(1);
    }
    let before = rig.device("pump").frames.received;
    drop(first);
    rig.hear(&mut second, &mut two, 106);
    assert_eq!(rig.device("pump").peer, "10.0.0.2:5000");
    // Its hello is in the first frame; the second is its own.
    assert_eq!(rig.device("pump").frames.received, before + 1);
    rig.hear(&mut second, &mut two, 107);
    assert!(rig.device("pump").frames.received > before + 1);
    assert_eq!(
        rig.own("narthex_frames_total{outcome=\"received\"}"),
        rig.fleet.totals(rig.now).frames_received.to_string()
    );
    // The very device, which reconnected before its old connection was given up, keeps all.
    let mut third = rig.connect("10.0.0.2:5001");
    let all = rig.fleet.totals(rig.now).frames_received;
    for uptime in 108..112 {
        rig.hear(&mut third, &mut two, uptime);
        rig.wait(1);
    }
    drop(second);
    let had = rig.device("pump").frames.received;
    rig.hear(&mut third, &mut two, 113);
    let heard = rig.fleet.totals(rig.now).frames_received - all;
    assert_eq!((rig.device("pump").frames.received, rig.device("pump").boots), (had + heard, 2));
}
