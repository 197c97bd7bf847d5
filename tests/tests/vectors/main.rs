//! Golden vectors: the bytes that narthex sends, pinned. What is in `tests/vectors` never changes within a version of
//! the format; the crate must write exactly these bytes and read them so, and so must the decoder in Python.
//!
//! A file has comments, from `#` to the end of a line, and bytes in hex. `numbers.txt` has one number a line;
//! `frames.txt` has frames, told in `file.rs`; the pages are those of the device of its vectors called "meter".
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

mod door;
mod file;
mod says;

use file::{frames, link, numbers, text};
use narthex::frame::{self, CHECK_LEN, Decoder, Event, Header, Kind, MAX_FRAME};
use narthex::instrument::GaugeF32;
use narthex::model::{Desc, Number, Source as _, Value};
use narthex::text::{Encoder, Format};
use narthex::transport::Reporter;
use narthex::wire::record::{self, Head};
use narthex::wire::{Cell, Identity, Window, put_varint, take_varint};
use narthex::{Counter, Family, Gauge, Histogram, LabelSet, Metrics, OptionalGauge, Registry, registry};
use narthex_host::expose::Page;
use narthex_host::registry::{Gatherer, Registerer};
use narthex_host::relay::Now;
use narthex_host::relay::fleet::{Connection, Fleet, Limits, Origin};
use narthex_tests::peers;
use says::says;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn numbers_have_these_bytes() {
    let numbers = numbers();
    let bytes: Vec<&[u8]> = numbers.iter().map(|(.., bytes)| &bytes[..]).collect();
    let python = peers::frames(&["--numbers"], &bytes);
    assert_eq!(python.len(), numbers.len());
    for ((kind, optional, text, bytes), python) in numbers.iter().zip(python) {
        let (number, value) = match &**kind {
            _ if text == "unset" => (Number::Signed, None),
            "unsigned" => (Number::Unsigned, Some(Value::Unsigned(text.parse().unwrap()))),
            "signed" => (Number::Signed, Some(Value::Signed(text.parse().unwrap()))),
            "f32" => (Number::F32, Some(Value::F32(text.parse().unwrap()))),
            _ => (Number::F64, Some(Value::F64(text.parse().unwrap()))),
        };
        let says = match text.as_str() {
            "unset" => json!(null),
            "inf" => json!("\"+Inf\""),
            "NaN" => json!("\"NaN\""),
            "-0" => json!("0"),
            digits => json!(digits),
        };
        let desc = Desc { number, optional: *optional, ..Desc::gauge("g", "G.") };
        let cell = Cell::of(value, &desc);
        let mut buf = [0; 10];
        let len = put_varint(&mut buf, cell.0).unwrap();
        assert_eq!(buf[..len], bytes[..], "{kind} {text}");
        let mut rest = &bytes[..];
        assert_eq!(take_varint(&mut rest), Some(cell.0), "{kind} {text}");
        assert!(rest.is_empty());
        let back = cell.value(number, *optional);
        // As text: there are NaNs.
        assert_eq!(format!("{back:?}"), format!("{value:?}"), "{kind} {text}");
        let name = if *optional { format!("optional {kind}") } else { kind.clone() };
        assert_eq!(python[name], says, "{kind} {text}");
        assert_eq!(python["left"], 0);
    }
}

#[test]
fn frames_are_what_they_say() {
    let frames = frames();
    let links: Vec<&[u8]> = frames.iter().map(|vector| &vector.link[..]).collect();
    let python = peers::frames(&[], &links);
    for (vector, python) in frames.iter().zip(python) {
        let name = &vector.name;
        let mut decoder = Decoder::<MAX_FRAME>::new();
        let mut input = &vector.link[..];
        let Some(Event::Frame(frame)) = decoder.feed(&mut input) else { panic!("{name} is no frame") };
        assert!(input.is_empty(), "{name} is more than a frame");
        let body = [&frame.header.to_bytes()[..], frame.payload].concat();
        assert_eq!(body, vector.body[..vector.body.len() - CHECK_LEN], "{name}");
        let check = frame::crc32(body.iter().copied()).to_le_bytes();
        assert_eq!(check, vector.body[body.len()..], "{name}");

        let mut buf = [0; MAX_FRAME];
        frame::payload(&mut buf)[..frame.payload.len()].copy_from_slice(frame.payload);
        assert_eq!(frame::seal(&mut buf, &frame.header, frame.payload.len()), vector.link, "{name}");

        assert_eq!(says(&frame.header, frame.payload), vector.says, "{name}");
        assert_eq!(python["frames"], json!([vector.says]), "{name}");
    }
}

/// The payload of a vector.
fn payload(name: &str) -> Vec<u8> {
    let vector = frames().into_iter().find(|vector| vector.name == name).expect(name);
    vector.body[frame::HEADER_LEN..vector.body.len() - CHECK_LEN].to_vec()
}

#[test]
fn label_records_and_requests_are_written_so() {
    let mut buf = [0; 200];
    let labels = |window: &mut Window<'_>| {
        window.string("fridge");
        window.string("8 °C");
    };
    let head = Head { kind: record::kind::LABEL, fields: &[5, 2, 300] };
    let mut page = Window::new(&mut buf, 0);
    assert!(record::put(&mut page, &head, &mut 0, &labels));
    let len = page.kept();
    assert!(payload("label records").starts_with(&buf[..len]));

    let requests = [
        (record::kind::HELLO_REQUEST, &[][..]),
        (record::kind::SCHEMA_REQUEST, &[0]),
        (record::kind::SNAPSHOT_REQUEST, &[]),
        (record::kind::LABEL_REQUEST, &[5, 130]),
    ];
    let mut page = Window::new(&mut buf, 0);
    for (kind, fields) in requests {
        assert!(record::put_request(&mut page, &Head { kind, fields }));
    }
    let len = page.kept();
    assert!(payload("requests").starts_with(&buf[..len]));
}

/// The next snapshot, one element for each frame.
fn snapshot(reporter: &mut Reporter<'_, Registry>, tenths: u64, mtu: usize) -> Vec<Vec<u8>> {
    reporter.begin(Duration::from_millis(tenths * 100));
    let (mut frames, mut buf) = (Vec::new(), vec![0; mtu]);
    while let Some(frame) = reporter.frame(&mut buf).unwrap() {
        frames.push(frame.to_vec());
    }
    frames
}

#[derive(Debug, Metrics)]
struct Clock {
    /// Ticks.
    ticks_total: Counter,
}

static CLOCK: Clock = Clock::new();
static CLOCKS: Registry = registry![CLOCK];

#[test]
fn a_record_is_cut_where_the_frame_ends() {
    let mut reporter = Reporter::new(&CLOCKS, Identity { device: "d", firmware: "1" }, 0x0102_0304);
    let want = ["tick, hello and schema, 1 of 2", "tick, hello and schema, 2 of 2", "tick, values"].map(link);
    assert_eq!(snapshot(&mut reporter, 10, 48), want);
}

#[derive(Clone, Copy, Debug, LabelSet)]
#[label(name = "cause")]
#[allow(dead_code, reason = "nothing leaks")]
enum Cause {
    Leak,
    Air,
}

#[derive(Debug, Metrics)]
struct Meter {
    /// Pulses counted.
    pulses_total: Counter,
    /// Temperature of the water.
    #[metric(unit = "celsius", scale = -2)]
    water_celsius: OptionalGauge,
    /// Voltage of the battery.
    #[metric(unit = "volts")]
    battery_volts: GaugeF32,
    /// How long water runs at a time.
    #[metric(unit = "seconds", scale = -3, buckets = [10, 200, 1000])]
    burst_seconds: Histogram<3>,
}

#[derive(Debug, Metrics)]
struct Valve {
    /// Faults, by "cause".
    faults_total: Family<Cause, Counter>,
}

static METER: Meter = Meter::new();
static FIRST: Valve = Valve::new();
static SECOND: Valve = Valve::new();
static METERS: Registry = registry![METER, FIRST { valve: "1" }, SECOND { valve: "2 \"spare\"" }];

#[test]
fn a_meter_sends_these_frames_and_shows_these_pages() {
    let identity = Identity { device: "meter-7", firmware: "1.2.0" };
    let mut reporter = Reporter::new(&METERS, identity, 0x5eed_0001).with_trickle(0);
    let mut sent = snapshot(&mut reporter, 600, 1024);
    assert_eq!(sent, ["meter, hello and schema", "meter, values of the first snapshot"].map(link));

    METER.pulses_total.add(300);
    METER.water_celsius.set(-54);
    METER.battery_volts.set(3.5);
    // In milliseconds: 5 of up to 10, 120 of up to 200, one of more than 1000.
    for (times, milliseconds) in [(5, 10), (119, 150), (1, 146), (1, 5410)] {
        (0..times).for_each(|_| METER.burst_seconds().observe(milliseconds));
    }
    (0..2).for_each(|_| FIRST.faults_total.at(Cause::Air).inc());
    SECOND.faults_total.at(Cause::Air).inc();
    let values = snapshot(&mut reporter, 700, 1024);
    assert_eq!(values, ["meter, values"].map(link));
    sent.extend(values);
    for (format, file) in [(Format::Text, "page.txt"), (Format::OpenMetrics, "page-openmetrics.txt")] {
        let (mut encoder, mut page, mut buf) = (Encoder::new(format), Vec::new(), [0; 128]);
        loop {
            match encoder.fill(&METERS, &mut buf).unwrap() {
                0 => break,
                n => page.extend_from_slice(&buf[..n]),
            }
        }
        assert_eq!(String::from_utf8(page).unwrap(), text(file), "{file}");
    }
    a_gateway_shows(&sent, "page-gateway.txt");
}

/// A gateway, and a connection to it.
fn gateway() -> (Arc<Fleet>, Connection, Now) {
    let (fleet, now) = (Arc::new(Fleet::new(Limits::default())), Now::read());
    let origin = Origin { link: "test".into(), name: None, peer: "peer:1".into(), ..Origin::default() };
    let connection = fleet.connect(origin, now);
    (fleet, connection, now)
}

/// The page of a gateway, without what it says of itself.
fn page(fleet: &Arc<Fleet>) -> String {
    let registry = narthex_host::registry::Registry::new();
    registry.register(Arc::clone(fleet) as _).unwrap();
    let page = Page::new(registry.gather(), Format::Text).into_text();
    let own = |line: &&str| {
        let name = line.strip_prefix("# HELP ").or(line.strip_prefix("# TYPE ")).unwrap_or(line);
        name.starts_with("narthex_")
    };
    page.split_inclusive('\n').filter(|line| !own(line)).collect()
}

/// Checks the page of a gateway that has taken these frames, and then some that it has to leave alone.
fn a_gateway_shows(frames: &[Vec<u8>], file: &str) {
    let (fleet, mut connection, now) = gateway();
    connection.feed(&frames.concat(), now, &mut Vec::new());
    for unknown in ["label records", "a kind of frame that nobody knows"] {
        connection.feed(&link(unknown), now, &mut Vec::new());
    }
    assert_eq!(page(&fleet), text(file), "{file}");
    let counts = fleet.devices(now)[0].frames;
    assert_eq!((counts.received, counts.unknown_kind, counts.corrupt), (5, 1, 0));
    assert!(counts.unknown_record >= 1);
}

#[test]
fn a_histogram_that_is_cut_needs_both_frames_of_one_snapshot() {
    let (fleet, mut connection, now) = gateway();
    for name in ["meter, hello and schema", "meter, values", "meter, a snapshot cut in two, 1 of 2"] {
        connection.feed(&link(name), now, &mut Vec::new());
    }
    let shows = |line: &str| page(&fleet).lines().any(|shown| shown == line);
    assert!(shows("pulses_total{device=\"meter-7\"} 576460752303423488"));
    assert!(shows("burst_seconds_sum{device=\"meter-7\"} 23.456"));
    // The end of the next snapshot, of which the beginning is lost, stands in the same place.
    let rest = payload("meter, a snapshot cut in two, 2 of 2");
    let mut buf = [0; 64];
    frame::payload(&mut buf)[..rest.len()].copy_from_slice(&rest);
    let header = Header {
        kind: Kind::PART,
        boot: 0x5eed_0001,
        schema: METERS.schema_hash(),
        sequence: 7,
        uptime: 900,
    };
    let next = frame::seal(&mut buf, &header, rest.len()).to_vec();

    connection.feed(&next, now, &mut Vec::new());
    assert!(shows("burst_seconds_sum{device=\"meter-7\"} 23.456"));
    assert!(shows("burst_seconds_count{device=\"meter-7\"} 126"));

    let (fleet, mut connection, now) = gateway();
    for name in ["hello and schema", "a snapshot cut in two, 1 of 2", "a snapshot cut in two, 2 of 2"] {
        connection.feed(&link(&format!("meter, {name}")), now, &mut Vec::new());
    }
    let shows = |line: &str| page(&fleet).lines().any(|shown| shown == line);
    assert!(shows("burst_seconds_sum{device=\"meter-7\"} 800000042.6"));
    assert!(shows("burst_seconds_count{device=\"meter-7\"} 800"));
}

#[test]
fn pages_pass_promtool() {
    // It is not everywhere; `run.sh` has it, and asks it about more.
    if let Ok(output) = std::process::Command::new("promtool").arg("--version").output()
        && output.status.success()
    {
        for file in ["page.txt", "page-gateway.txt"] {
            assert_eq!(peers::promtool(&text(file)), Ok(()));
        }
    }
}

/// The 13 numbers of a Bluetooth heartbeat.
#[derive(Debug, Metrics)]
struct Heartbeat {
    /// Time connected.
    #[metric(unit = "seconds", scale = -3)]
    connected_seconds_total: Counter,
    /// Connection interval.
    connection_interval: Gauge,
    /// Signal strength.
    #[metric(unit = "dbm")]
    signal_dbm: Gauge,
    /// Bytes sent.
    #[metric(unit = "bytes")]
    sent_bytes_total: Counter,
    /// Requests for other connection parameters.
    parameter_requests_total: Counter,
    /// Packets with a wrong CRC.
    crc_errors_total: Counter,
    /// Time without a connection.
    #[metric(unit = "seconds", scale = -3)]
    disconnected_seconds_total: Counter,
    /// Packets with a wrong MIC.
    mic_errors_total: Counter,
    /// Connections lost.
    disconnects_total: Counter,
    /// Most stack ever used.
    #[metric(unit = "bytes")]
    stack_bytes: Gauge,
    /// Packets that found no buffer.
    send_buffer_full_total: Counter,
    /// Time measured.
    #[metric(unit = "seconds", scale = -3)]
    interval_seconds_total: Counter,
    /// Reboots.
    reboots_total: Counter,
}

static HEARTBEAT: Heartbeat = Heartbeat::new();
static HEARTBEATS: Registry = registry![HEARTBEAT];

#[test]
fn a_heartbeat_has_44_bytes() {
    let identity = Identity { device: "tag", firmware: "1.0" };
    let mut reporter = Reporter::new(&HEARTBEATS, identity, 0xb1e).with_trickle(0);
    for tenths in [1, 2] {
        snapshot(&mut reporter, tenths, 1024);
    }
    HEARTBEAT.connected_seconds_total.add(1000);
    HEARTBEAT.connection_interval.set(200);
    HEARTBEAT.signal_dbm.set(-54);
    HEARTBEAT.sent_bytes_total.add(20_000);
    HEARTBEAT.parameter_requests_total.add(10);
    HEARTBEAT.crc_errors_total.add(4);
    HEARTBEAT.disconnected_seconds_total.add(600_000);
    HEARTBEAT.disconnects_total.add(3);
    HEARTBEAT.stack_bytes.set(3000);
    HEARTBEAT.interval_seconds_total.add(3_600_000);
    let sent = snapshot(&mut reporter, 36_000, 64);
    assert_eq!(sent, ["heartbeat"].map(link));
    assert_eq!(sent.concat().len(), 44);
}
