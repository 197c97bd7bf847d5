//! Examples that speak through the network: they run in real time, as those do whom they speak to.

use crate::{decoded, expected, is_no_larger_than_written};
use narthex::frame::{self, DELIMITER};
use narthex_tests::http::{self, free_address};
use narthex_tests::program::{Program, eventually};
use narthex_tests::{firmware, root};
use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

fn boot(arguments: &[&str]) -> Program {
    Program::start(Command::new(root().join("firmware-examples/boot.sh")).args(arguments))
}

#[test]
fn ethernet() {
    is_no_larger_than_written("ethernet", &firmware::build(&["--package", "ethernet"]));
    let address = free_address();
    let _device = boot(&["ethernet", "--http", &address.to_string()]);
    // QEMU takes connections before the firmware does.
    let response = eventually(Duration::from_mins(10), "the page", || {
        http::get(address, "/metrics", "application/openmetrics-text").ok()
    });
    expected::is("ethernet", &response.body);
}

/// What it tells in two seconds; the third has begun.
#[test]
fn udp() {
    is_no_larger_than_written("udp", &firmware::build(&["--package", "udp"]));
    let gateway = UdpSocket::bind("127.0.0.1:0").expect("loopback has a free port");
    gateway.set_read_timeout(Some(Duration::from_mins(10))).expect("a socket may time out");
    let address = gateway.local_addr().expect("it is bound").to_string();
    let _device = boot(&["udp", "--gateway", &address, "--boot-id", "1"]);
    let (mut sent, mut uptimes, mut buf) = (Vec::new(), BTreeSet::new(), [0; 2048]);
    loop {
        let len = gateway.recv(&mut buf).expect("the device tells each second");
        let mut piece = buf[..len].strip_suffix(&[DELIMITER]).expect("a datagram is a frame").to_vec();
        uptimes.insert(frame::open(&mut piece).expect("a frame").expect("of this version").header.uptime);
        if uptimes.len() > 2 {
            break;
        }
        sent.extend_from_slice(&buf[..len]);
    }
    expected::is("udp", &decoded("udp", &sent));
}
