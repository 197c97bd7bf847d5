//! Sources that lie to the program: what they say is counted, costs little, and is shown safely.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

use narthex_tests::gateway::Gateway;
use narthex_tests::hostile::{Liar, NAMES, counter, hash};
use narthex_tests::http::{self, free_address};
use narthex_tests::page::{Format, Page};
use narthex_tests::program::eventually;
use std::env;
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

const SOON: Duration = Duration::from_mins(1);
/// What a crowd of liars may cost, beside what devices may: in bytes.
const LITTLE: u64 = 16 << 20;

/// A gateway that listens for devices over TCP and UDP.
fn relay(more: &[&str]) -> (Gateway, SocketAddr, SocketAddr) {
    let (tcp, udp) = (free_address(), free_address());
    let (tcp_text, udp_text) = (tcp.to_string(), udp.to_string());
    let mut arguments = vec!["relay", "--tcp", &tcp_text, "--udp", &udp_text];
    arguments.extend(more);
    (Gateway::start(&arguments), tcp, udp)
}

/// The memory of a gateway that is in use, in bytes.
fn memory(gateway: &Gateway) -> u64 {
    let path = format!("/proc/{}/status", gateway.program.id());
    let status = fs::read_to_string(path).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says so");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib << 10
}

/// Checks that it takes little more memory than `before`.
#[track_caller]
fn costs_little(gateway: &Gateway, before: u64) {
    let more = memory(gateway).saturating_sub(before);
    println!("{} KiB more than {}", more >> 10, before >> 10);
    assert!(more < LITTLE, "{more} bytes more");
}

/// A count of the gateway's own; 0 if it is not there.
fn count(page: &Page, name: &str, labels: &[(&str, &str)]) -> u64 {
    page.sample(name, labels).map_or(0, |sample| sample.value.parse().expect("a whole number"))
}

/// How many names are invented over each link: `NARTHEX_NAMES` says, for the long form.
fn invented() -> u32 {
    env::var("NARTHEX_NAMES").map_or(20_000, |count| count.parse().expect("a number of names"))
}

#[test]
fn invented_names_over_tcp() {
    let (gateway, tcp, _) = relay(&["--max-devices", "100"]);
    let before = memory(&gateway);
    let mut sent = 0;
    for number in 0..invented() {
        // Some invent one name after the other over one connection, some dial anew for each.
        let mut stream = TcpStream::connect(tcp).expect("the gateway listens");
        for again in 0..50 {
            let mut liar = Liar::new(number * 50 + again);
            let lie = [liar.hello(&format!("liar-{number}-{again}"), "1", 1, 1), liar.values(&[1])].concat();
            if stream.write_all(&lie).is_err() {
                break;
            }
            sent += 1;
        }
        if sent >= invented() {
            break;
        }
    }
    let page = eventually(SOON, "all frames counted", || {
        let page = gateway.page(Format::Text);
        let received = count(&page, "narthex_frames_total", &[("outcome", "received")]);
        (received >= u64::from(sent) * 2).then_some(page)
    });
    assert!(count(&page, "narthex_devices", &[("state", "known")]) <= 100);
    assert!(count(&page, "narthex_devices_refused_total", &[("cause", "fleet_full")]) > 0);
    costs_little(&gateway, before);
    assert_eq!(gateway.program.stop(), 0);
}

#[test]
fn invented_names_over_udp() {
    let (gateway, _, udp) = relay(&["--max-devices", "100", "--max-connections", "100"]);
    let before = memory(&gateway);
    for number in 0..invented() / 20 {
        // Each socket is another source.
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has a free port");
        for again in 0..20 {
            let mut liar = Liar::new(number * 20 + again);
            let lie = [liar.hello(&format!("liar-{number}-{again}"), "1", 1, 1), liar.values(&[1])].concat();
            // Some are lost, if the gateway is slow.
            let _ = socket.send_to(&lie, udp);
        }
    }
    let page = gateway.page(Format::Text);
    assert!(count(&page, "narthex_devices", &[("state", "known")]) <= 100);
    costs_little(&gateway, before);
    assert_eq!(gateway.program.stop(), 0);
}

#[test]
fn a_bomb_of_schemas() {
    let (gateway, tcp, _) = relay(&[]);
    let before = memory(&gateway);
    let mut streams = Vec::new();
    for number in 0..20 {
        let mut stream = TcpStream::connect(tcp).expect("the gateway listens");
        let mut liar = Liar::new(number);
        stream.write_all(&liar.hello(&format!("bomb-{number}"), "1", 65_535, 65_535)).expect("it reads");
        let mut parts = Vec::new();
        for family in 0..1_000 {
            // Families that are never complete, of huge numbers, or that claim more than a family may have.
            let total = [1024, 1024, u64::MAX, 1 << 20][family as usize % 4];
            parts.extend(liar.family([family, 65_535, family], 0, total, &[7; 900]));
            parts.extend(liar.family([u64::MAX - family, u64::MAX, u64::MAX], u64::MAX, u64::MAX, &[7; 100]));
            // The values go on and on.
            if family % 100 == 0 {
                parts.extend(liar.values(&[u64::MAX; 100]));
                liar.schema += 1;
            }
        }
        // Who is cut off for it has deserved it.
        let _ = stream.write_all(&parts);
        streams.push(stream);
    }
    eventually(SOON, "all frames read", || {
        let page = gateway.page(Format::Text);
        (count(&page, "narthex_frames_total", &[("outcome", "received")]) >= 20 * 2_000).then_some(())
    });
    costs_little(&gateway, before);
    assert_eq!(gateway.program.stop(), 0);
}

#[test]
fn names_are_shown_safely() {
    let (gateway, tcp, _) = relay(&["-v"]);
    let mut streams = Vec::new();
    for (number, name) in NAMES.into_iter().enumerate() {
        let families = [counter("ok_total", name), counter(name, "Help.")];
        let mut liar = Liar { schema: hash(&families), ..Liar::new(number as u32) };
        let mut lie = liar.hello(name, name, 2, 2);
        for (index, family) in families.iter().enumerate() {
            lie.extend(liar.family([index as u64, 2, index as u64], 0, family.len() as u64, family));
        }
        lie.extend(liar.values(&[1, 2]));
        // The same name twice: the second is refused, and said.
        for _ in 0..2 {
            let mut stream = TcpStream::connect(tcp).expect("the gateway listens");
            stream.write_all(&lie).expect("it reads");
            streams.push(stream);
        }
    }
    let page = eventually(SOON, "all are shown", || {
        let page = gateway.page(Format::Text);
        let all = page.family("ok_total").is_some_and(|family| family.samples.len() == NAMES.len());
        all.then_some(page)
    });
    for name in NAMES {
        assert!(page.sample("ok_total", &[("device", name)]).is_some(), "{name:?}");
    }
    eventually(SOON, "the second of each name is refused", || {
        let page = gateway.page(Format::Text);
        (count(&page, "narthex_devices_refused_total", &[("cause", "name_taken")]) >= NAMES.len() as u64)
            .then_some(())
    });
    // What is no name of a metric is refused, and listed.
    let devices = gateway.devices();
    assert_eq!(devices.len(), NAMES.len());
    assert!(devices.iter().all(|device| !device["refused"].as_array().expect("a list").is_empty()));
    let people = http::get(gateway.address, "/", "text/html").expect("the gateway answers").body;
    assert!(!people.contains("<script>alert(1)") && !people.contains('\u{1b}'), "{people}");
    gateway.page(Format::OpenMetrics);
    for line in gateway.program.said() {
        assert!(!line.chars().any(char::is_control), "{line:?}");
        // Nobody else begins a line.
        assert!(line.starts_with("narthex: ") || line.starts_with("20"), "{line:?}");
    }
    assert_eq!(gateway.program.stop(), 0);
}

#[test]
fn clocks_from_the_future() {
    let (gateway, tcp, _) = relay(&[]);
    let mut stream = TcpStream::connect(tcp).expect("the gateway listens");
    let families = [counter("ok_total", "Help.")];
    let mut liar = Liar { schema: hash(&families), ..Liar::new(0) };
    for (value, uptime) in
        [(1, 10), (2, u32::MAX - 5), (3, u32::MAX), (4, 3), (5, 4), (6, u32::MAX / 2), (7, 20)]
    {
        liar.uptime = uptime;
        let mut said = liar.hello("clock", "1", 1, 1);
        said.extend(liar.family([0, 1, 0], 0, families[0].len() as u64, &families[0]));
        said.extend(liar.values(&[value]));
        stream.write_all(&said).expect("it reads");
        eventually(SOON, "the newest value", || {
            let page = gateway.page(Format::Text);
            (page.sample("ok_total", &[("device", "clock")])?.value == value.to_string()).then_some(())
        });
        // Created times are no device's to say.
        gateway.page(Format::OpenMetrics);
    }
    assert_eq!(gateway.program.stop(), 0);
}
