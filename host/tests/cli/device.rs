//! A device: the real core, whose frames the tests send or write to files.

use std::sync::Once;
use std::time::Duration;

use narthex::transport::Reporter;
use narthex::wire::Identity;
use narthex::{Counter, Gauge, Histogram, Metrics, OptionalGauge, Registry, registry};

#[derive(Metrics)]
#[metrics(prefix = "press")]
struct Press {
    /// Parts made.
    parts_total: Counter,
    /// Oil.
    #[metric(unit = "celsius", scale = -2)]
    oil_celsius: Gauge,
    /// Not there.
    missing: OptionalGauge,
    /// Time of a part.
    #[metric(unit = "seconds", scale = -3, buckets = [50, 100])]
    part_seconds: Histogram<2>,
}
static PRESS: Press = Press::new();
static REGISTRY: Registry = registry![PRESS { side: "left \"A\"" }];

/// What it shows, as a page has it, but for the label of the device.
pub const SERIES: [(&str, &str); 6] = [
    ("press_parts_total{", "17"),
    ("press_oil_celsius{", "-12.5"),
    ("press_part_seconds_bucket{", "1"),
    ("press_part_seconds_bucket{", "3"),
    ("press_part_seconds_sum{", "0.25"),
    ("press_part_seconds_count{", "3"),
];

/// The bytes of so many snapshots of a device with this name: its schema is whole by the fortieth.
pub fn snapshots(name: &str, count: u64) -> Vec<Vec<u8>> {
    static WORK: Once = Once::new();
    WORK.call_once(|| {
        PRESS.parts_total.add(17);
        PRESS.oil_celsius.set(-1250);
        for milliseconds in [40, 60, 150] {
            PRESS.part_seconds().observe(milliseconds);
        }
    });
    let mut reporter = Reporter::new(&REGISTRY, Identity { device: name, firmware: "1.2.3" }, 7);
    let snapshot = |second| {
        reporter.begin(Duration::from_secs(second));
        let (mut bytes, mut buf) = (Vec::new(), [0; 128]);
        while let Some(frame) = reporter.frame(&mut buf).unwrap() {
            bytes.extend_from_slice(frame);
        }
        bytes
    };
    (1..=count).map(snapshot).collect()
}

/// The same in one piece, whole.
pub fn bytes(name: &str) -> Vec<u8> {
    snapshots(name, 40).concat()
}
