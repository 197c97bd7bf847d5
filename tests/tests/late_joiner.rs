//! A device of 185 metrics that only sends, and a gateway that starts to listen at any time: the name and first values
//! are there with the second snapshot, everything within a minute, at the settings that nobody has touched; and
//! meanwhile the gateway says how far it is.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

use narthex::model::{Desc, Details, Instance, Scale, Source, Value};
use narthex::text::Format;
use narthex::transport::Reporter;
use narthex::wire::{Identity, schema};
use narthex_tests::board::instance;
use narthex_tests::gateway::Gateway;
use narthex_tests::host::Host;
use narthex_tests::http::free_address;
use narthex_tests::machine::page;
use narthex_tests::program::eventually;
use narthex_tests::random::Random;
use std::io::Write;
use std::net::TcpStream;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

const DEVICE: &str = "watch-17";
const METRICS: usize = 185;
const STEP: Duration = Duration::from_secs(1);
const MINUTE: usize = 60;
/// What a device sends in an hour, say: every snapshot is one of the times at which a gateway may come.
const SNAPSHOTS: usize = 200;

/// A watch's analytics: names, help and units of usual length, counters and gauges in turn.
struct Watch(Vec<Desc<'static>>, u32);

fn watch() -> &'static Watch {
    static WATCH: OnceLock<Watch> = OnceLock::new();
    WATCH.get_or_init(|| {
        let what = ["backlight", "bluetooth", "battery", "compositor", "flash", "heart_rate", "notification"];
        let happens = ["awake", "busy", "connected", "dropped", "handled", "queued", "retried"];
        let text = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let desc = |n: usize| {
            let (a, b) = (what[n % 7], happens[n / 7 % 7]);
            let help = text(format!("Time or times that the {a} was {b}, as counted by part {n}."));
            match n % 3 {
                0 => Desc::counter(text(format!("watch_{a}_{b}_part{n}_total")), help),
                1 => Desc {
                    scale: Scale::new(-3),
                    details: &Details { unit: "seconds", ..Details::NONE },
                    ..Desc::counter(text(format!("watch_{a}_{b}_part{n}_seconds_total")), help)
                },
                _ => Desc::gauge(text(format!("watch_{a}_{b}_part{n}")), help),
            }
        };
        let descs: Vec<_> = (0..METRICS).map(desc).collect();
        let instances: Vec<_> = descs.iter().map(instance).collect();
        let hash = schema::hash(&instances).expect("the schema is short");
        Watch(descs, hash)
    })
}

impl Source for Watch {
    fn instance(&self, index: usize) -> Option<Instance<'_>> {
        self.0.get(index).map(instance)
    }

    fn read(&self, index: usize, _: usize, _: usize) -> Option<Value> {
        let n = index as u64 * 37;
        Some(if index % 3 == 2 { Value::Signed(n.cast_signed() - 999) } else { Value::Unsigned(n) })
    }

    fn schema_hash(&self) -> u32 {
        self.1
    }
}

/// All that the watch sends, snapshot by snapshot.
fn sent(mtu: usize) -> Vec<Vec<u8>> {
    let mut reporter = Reporter::new(watch(), Identity { device: DEVICE, firmware: "4.9.1" }, 0x5eed);
    let snapshot = |n| {
        reporter.begin(STEP * n);
        let (mut bytes, mut buf) = (Vec::new(), vec![0; mtu]);
        while let Some(frame) = reporter.frame(&mut buf).expect("the buffer is large enough") {
            bytes.extend_from_slice(frame);
        }
        bytes
    };
    (1..=SNAPSHOTS as u32).map(snapshot).collect()
}

/// A gateway comes with snapshot `first`. Returns in which snapshot, counted from that, it shows a first value under
/// the right name, and in which all.
fn joins(sent: &[Vec<u8>], first: usize) -> (usize, usize) {
    let (mut host, mut random) = (Host::new(), Random(first as u64));
    let theirs = page(watch(), Format::Text);
    let mut shows = None;
    for (n, snapshot) in sent[first..].iter().enumerate() {
        host.at(STEP * n as u32);
        // It begins to listen in the middle of a frame.
        let bytes = if n == 0 { &snapshot[5..] } else { snapshot };
        assert!(host.feed(bytes, &mut random).is_empty(), "a device that only sends is asked nothing");
        let devices = host.devices();
        let Some(device) = devices.iter().find(|device| device.device == DEVICE) else { continue };
        if device.series > 0 {
            shows.get_or_insert(n + 1);
        }
        assert!(device.schema.known <= device.schema.total && device.schema.total <= METRICS);
        if device.schema.known == METRICS {
            assert_eq!(host.agrees(DEVICE, &theirs, Format::Text), Ok(()));
            return (shows.unwrap_or(n + 1), n + 1);
        }
    }
    panic!("joined at {first}, and never right");
}

#[test]
fn all_is_there_within_a_minute() {
    for mtu in [256, 128] {
        let sent = sent(mtu);
        // At boot everything is told at once.
        let mut host = Host::new();
        host.feed(&sent[0], &mut Random(1));
        assert_eq!(host.agrees(DEVICE, &page(watch(), Format::Text), Format::Text), Ok(()));
        for first in 1..SNAPSHOTS - MINUTE {
            let (shows, all) = joins(&sent, first);
            assert!(shows <= 2, "{mtu}-byte frames, joined at {first}: first values after {shows} snapshots");
            assert!(all <= MINUTE, "{mtu}-byte frames, joined at {first}: all values after {all} snapshots");
        }
    }
}

#[test]
fn the_gateway_says_how_far_it_is() {
    let devices = free_address();
    let gateway = Gateway::start(&["relay", "--tcp", &devices.to_string()]);
    let mut stream = TcpStream::connect(devices).unwrap();
    let sent = sent(256);
    let status = || {
        let device = gateway.devices().into_iter().find(|device| device["device"] == DEVICE)?;
        Some((device["schema"]["known"].as_u64()?, device["schema"]["total"].as_u64()?))
    };
    let said = |what: &str| gateway.program.said().iter().any(|line| line.contains(what));
    // Halfway through the round.
    for snapshot in &sent[20..30] {
        stream.write_all(snapshot).unwrap();
        sleep(Duration::from_millis(10));
    }
    let (known, total) = eventually(Duration::from_mins(1), "a line that says how far", || {
        let (known, total) = status()?;
        said(&format!("schema {DEVICE} {known} of {METRICS}")).then_some((known, total))
    });
    assert!(known > 0 && known < total && total == METRICS as u64, "{known} of {total}");
    for snapshot in &sent[30..100] {
        stream.write_all(snapshot).unwrap();
    }
    eventually(Duration::from_mins(1), "all of it", || {
        (status()? == (METRICS as u64, METRICS as u64)).then_some(())
    });
    assert_eq!(gateway.program.stop(), 0);
}
