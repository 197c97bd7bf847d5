//! Devices that are alike are shown in runs: the page is that of their children one by one.

use super::*;
use crate::model::{Child, Family};
use crate::registry::{Indexed, Resume, Visitor};
use firmware::Metric;
use narthex::model::{Desc, Details, Dimension, Number, Scale};

/// The fleet without runs.
struct Singly(Arc<Fleet>);

impl Indexed for Singly {
    fn families(&self) -> Vec<Arc<Family>> {
        self.0.families()
    }

    fn visit(&self, family: &str, resume: &mut Resume, visitor: &mut dyn Visitor) -> bool {
        self.0.visit(family, resume, &mut |child: &Child<'_>| visitor.child(child))
    }
}

/// The same as it is.
struct Runs(Arc<Fleet>);

impl Indexed for Runs {
    fn families(&self) -> Vec<Arc<Family>> {
        self.0.families()
    }

    fn visit(&self, family: &str, resume: &mut Resume, visitor: &mut dyn Visitor) -> bool {
        self.0.visit(family, resume, visitor)
    }
}

fn page(source: impl Indexed + 'static, format: Format, created: bool) -> (String, usize) {
    let registry = Registry::new();
    registry.register(Arc::new(source)).unwrap();
    let page = Page::new(registry.gather(), format);
    let mut page = if created { page.with_created() } else { page };
    let (mut text, mut buf, mut chunks) = (String::new(), Vec::new(), 0);
    loop {
        let more = page.chunk(&mut buf);
        text.push_str(std::str::from_utf8(&buf).unwrap());
        chunks += 1;
        if !more {
            return (text, chunks);
        }
    }
}

const LABELS: &[Dimension<'_>] = &[
    Dimension { name: "area", values: &["north", "south \"2\""] },
    Dimension { name: "room", values: &["3", "1", "2"] },
];
const DENSE: &Details<'_> = &Details { dimensions: LABELS, ..Details::NONE };
const BOUNDS: &Details<'_> = &Details { dimensions: LABELS, bounds: &[1, 20, 500], ..Details::NONE };

/// Of two kinds, which have some families in common.
fn firmware(n: usize) -> Firmware {
    let name: &'static str = Box::leak(format!("device-{n:03}").into_boxed_str());
    let long = "a_name_that_is_so_long_that_it_leaves_no_room_in_a_piece_for_braces_and_labels_total";
    let mut metrics = vec![
        Metric::new(Desc { details: DENSE, ..Desc::counter("moves_total", "Help.") }),
        Metric::new(Desc { scale: Scale::new(-2), details: DENSE, ..Desc::gauge("level", "Help.") }),
        Metric::new(Desc { scale: Scale::new(-3), ..Desc::histogram("wait", "Help.", BOUNDS) }),
        Metric::new(Desc { optional: true, ..Desc::gauge("maybe", "Help.") }),
        Metric::counter(long, n as u64),
        Metric::counter("served_total", n as u64 * 1_000),
        Metric::new(Desc { scale: Scale::new(-3), ..Desc::counter("busy_seconds_total", "Help.") }),
    ];
    assert!(Number::Signed == Desc::gauge("level", "Help.").number);
    if n.is_multiple_of(3) {
        metrics.insert(0, Metric::gauge("other", n as u64));
    }
    let first = usize::from(n.is_multiple_of(3));
    let firmware = Firmware::new(name, 1, metrics).with_mtu(1024);
    let cells = |count: usize, step: u64| {
        (0..count as u64).map(|at| at.wrapping_mul(step).wrapping_add(n as u64)).collect::<Vec<_>>()
    };
    firmware.set(first, &cells(6, 1 << 33));
    firmware.set(first + 1, &cells(6, (-12_345i64).cast_unsigned()));
    firmware.set(first + 2, &cells(30, 77));
    firmware.set(first + 6, &[n as u64 * 1_001]);
    firmware.set(first + 3, &[if n.is_multiple_of(2) { n as u64 } else { firmware::UNSET }]);
    if n.is_multiple_of(10) {
        // More than any device can have counted.
        firmware.set(first + 2, &[u64::MAX - 7, 9]);
    }
    firmware
}

#[test]
fn runs_are_their_children() {
    let rig = Rig::new();
    let mut lines = Vec::new();
    for n in 0..120 {
        let mut line = rig.connect(&format!("10.0.0.1:{n}"));
        rig.hear(&mut line, &mut firmware(n), 100 + n as u64);
        lines.push(line);
    }
    let runs = (0..120).filter(|n| {
        let index = rig.fleet.read();
        let number = index.devices.number(&format!("device-{n:03}")).unwrap();
        index.devices.entry(number).unwrap().shown.is_some()
    });
    assert_eq!(runs.count(), 120);
    for (format, created) in
        [(Format::Text, false), (Format::OpenMetrics, false), (Format::OpenMetrics, true)]
    {
        let (want, _) = page(Singly(Arc::clone(&rig.fleet)), format, created);
        let (text, chunks) = page(Runs(Arc::clone(&rig.fleet)), format, created);
        let differ = text.lines().zip(want.lines()).find(|(line, want)| line != want);
        assert!(chunks > 3 && text == want, "{chunks} chunks, {differ:?}");
        let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        let lines = [
            "served_total{device=\"device-119\"} 119000",
            "busy_seconds_total{device=\"device-119\"} 119.119",
        ];
        assert_eq!(lines.map(|line| text.lines().any(|there| there == line)), [true; 2]);
        assert_eq!((count("moves_total{"), count("wait_count{"), count("maybe{")), (720, 720 - 12, 60));
        assert_eq!(count("level{area=\"south \\\"2\\\"\",device=\"device-119\",room=\"3\"} -"), 1);
        assert_eq!(
            (
                count("narthex_device_frames_total{"),
                count("narthex_device_up{"),
                count("narthex_device_info{")
            ),
            (960, 120, 120)
        );
        assert_eq!(
            (count("a_name_that_is"), count("wait_created{")),
            (if created { 240 } else { 120 }, if created { 708 } else { 0 })
        );
    }
}

#[test]
fn a_page_sees_what_a_device_says_next_and_forgets_what_it_was() {
    let mut rig = Rig::new();
    let mut line = rig.connect("10.0.0.1:1");
    let mut pump = Firmware::new("pump", 1, vec![Metric::counter("a_total", 1)]);
    rig.hear(&mut line, &mut pump, 1);
    assert_eq!(rig.lines(), [r#"a_total{device="pump"} 1"#]);
    pump.set(0, &[2]);
    rig.hear(&mut line, &mut pump, 2);
    assert_eq!(rig.lines(), [r#"a_total{device="pump"} 2"#]);
    // Another device has its cells now, and another one its name.
    rig.wait(100_000);
    assert_eq!(rig.lines(), [""; 0]);
    let mut others: Vec<_> = (2..5).map(|n| rig.connect(&format!("10.0.0.1:{n}"))).collect();
    for (other, name) in others.iter_mut().zip(["pumq", "pump", "pumr"]) {
        rig.hear(other, &mut Firmware::new(name, 7, vec![Metric::counter("a_total", 7)]), 1);
    }
    drop(line);
    let mut want = ["pump", "pumq", "pumr"].map(|name| format!("a_total{{device=\"{name}\"}} 7"));
    want.sort();
    assert_eq!(rig.lines(), want);
}
