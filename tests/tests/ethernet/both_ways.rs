//! One device seen both ways: by its own page, and by what it tells a gateway.

use crate::device::{Device, agrees};
use narthex::frame::{self, DELIMITER, Header, Kind};
use narthex::wire::Request;
use narthex_tests::children::of_devices;
use narthex_tests::gateway::Gateway;
use narthex_tests::host::agree;
use narthex_tests::http::free_address;
use narthex_tests::page::Format;
use narthex_tests::program::eventually;
use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

/// What the firmware calls itself.
const NAME: &str = "mains-1";

#[test]
fn the_page_of_the_device_is_that_of_the_gateway() {
    let devices = free_address();
    let gateway = Gateway::start(&["relay", "--udp", &devices.to_string()]);
    let device = Device::boot("udp", &["--gateway", &devices.to_string()]);
    let mut why = String::from("the gateway knows nothing");
    let mut seen = [Vec::new(), Vec::new()];
    let start = Instant::now();
    // Of several seconds, in both formats. What one tells changes once in a second, so that the other may be behind: then
    // neither is asked to be right.
    while seen.iter().any(|states: &Vec<String>| states.len() < 3) {
        for (format, seen) in [Format::Text, Format::OpenMetrics].into_iter().zip(&mut seen) {
            let before = device.text(format);
            let theirs = of_devices(&gateway.metrics(format).body);
            if device.text(format) != before {
                continue;
            }
            match agree(NAME, &before, &theirs) {
                Ok(()) if !seen.contains(&before) => seen.push(before),
                Ok(()) => {}
                Err(error) => why = error,
            }
        }
        assert!(
            start.elapsed() < Duration::from_mins(2),
            "{} and {} states: {why}",
            seen[0].len(),
            seen[1].len()
        );
    }
    seen[1].iter().for_each(|page| agrees(&crate::device::read(page, Format::OpenMetrics)));
    let status = &gateway.devices()[0];
    for none in ["lost", "repeated", "reordered", "corrupt", "unknown_schema"] {
        assert_eq!(status["frames"][none], 0, "{none} in {status}");
    }
    assert_eq!(status["refused"], serde_json::json!([]));
    assert_eq!(gateway.program.stop(), 0);
}

/// Frames of a snapshot, by its uptime: how many tell what numbers mean.
fn records(socket: &UdpSocket, snapshots: usize) -> Vec<usize> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    let mut buf = [0; 2048];
    while counts.len() <= snapshots {
        let len = socket.recv(&mut buf).expect("the device tells each second");
        let piece = buf[..len].strip_suffix(&[DELIMITER]).expect("a whole frame");
        let mut piece = piece.to_vec();
        let frame = frame::open(&mut piece).expect("a frame").expect("of this version");
        *counts.entry(frame.header.uptime).or_default() += usize::from(frame.header.kind == Kind::RECORDS);
    }
    // The last has only begun.
    counts.into_values().take(snapshots).collect()
}

#[test]
fn what_a_gateway_asks_for_comes_with_the_next_snapshot() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has a free port");
    socket.set_read_timeout(Some(Duration::from_mins(1))).expect("a socket may time out");
    let gateway = socket.local_addr().expect("it is bound");
    let _device = Device::boot("udp", &["--gateway", &gateway.to_string()]);
    let mut buf = [0; 2048];
    // All of it is told at boot; then a little with each snapshot.
    let device = eventually(Duration::from_mins(1), "a frame", || socket.peek_from(&mut buf).ok()).1;
    socket.connect(device).expect("loopback is there");
    let all = *records(&socket, 1).first().expect("one snapshot");
    assert!(all > 2, "{all} frames of records at boot");
    assert!(records(&socket, 3).iter().all(|count| *count < all));

    let mut buf = [0; 64];
    let requests = [Request::Hello, Request::Schema { family: 0 }];
    let len = Request::put_all(&requests, frame::payload(&mut buf));
    let header = Header { kind: Kind::REQUESTS, boot: 0, schema: 0, sequence: 1, uptime: 0 };
    socket.send(frame::seal(&mut buf, &header, len)).expect("the device is there");
    // One snapshot may be under way.
    let after = records(&socket, 4);
    assert_eq!(after.iter().filter(|count| **count >= all).count(), 1, "{after:?} frames of records");
}
