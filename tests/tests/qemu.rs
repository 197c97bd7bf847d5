//! The main path, for real: firmware in QEMU, its UART, the gateway, and Prometheus, which must find what the firmware
//! counted.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

use narthex_tests::gateway::Gateway;
use narthex_tests::http::{self, free_address};
use narthex_tests::page::{Format, Page};
use narthex_tests::program::{Program, eventually};
use narthex_tests::prometheus::Prometheus;
use narthex_tests::root;
use serde_json::Value;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// What the firmware calls itself.
const DEVICE: &str = "flow-meter-1";
/// Turbine pulses a second, and litres a pulse.
const PULSES_PER_SECOND: f64 = 250.0;
const LITERS_PER_PULSE: f64 = 0.002;

/// Builds the firmware and boots it, with its UART as `uart` says.
fn boot(uart: &str) -> Program {
    let script = root().join("firmware-examples/boot.sh");
    Program::start(Command::new(script).args(["flow-meter", "--uart", uart]))
}

/// Firmware on a pseudo-terminal, and the terminal.
fn boot_on_terminal() -> (Program, String) {
    let mut firmware = boot("pty");
    // A first build takes its time.
    let path =
        firmware.wait_for(Duration::from_mins(3), |line| line.strip_prefix("uart: ").map(str::to_owned));
    (firmware, path)
}

fn number(page: &Page, name: &str) -> Option<f64> {
    page.sample(name, &[("device", DEVICE)]).map(narthex_tests::page::Sample::number)
}

/// Waits until the page has the last of the firmware's families, and so all.
#[track_caller]
fn shows_all(gateway: &Gateway, within: Duration) -> Page {
    eventually(within, "all families of the firmware", || {
        let page = gateway.page(Format::Text);
        let all = ["meter_pulses_total", "meter_transfer_seconds_count", "scheduler_busy_seconds_total"];
        let uart = page.sample("uart_transmitted_bytes_total", &[("device", DEVICE), ("uart", "0")]);
        (all.iter().all(|name| number(&page, name).is_some()) && uart.is_some()).then_some(page)
    })
}

/// The firmware counts pulses by the clock that it reports: its numbers are right at any time.
#[track_caller]
fn agrees(page: &Page) {
    let (Some(pulses), Some(seconds)) =
        (number(page, "meter_pulses_total"), number(page, "meter_uptime_seconds"))
    else {
        panic!("no pulses or uptime");
    };
    // Uptime is cut to tenths of a second, and pulses go on while a snapshot is sent.
    assert!(
        (pulses - seconds * PULSES_PER_SECOND).abs() < 0.5 * PULSES_PER_SECOND,
        "{pulses} pulses in {seconds} s"
    );
}

/// What the gateway says of the device: `/api/devices`.
#[track_caller]
fn status(gateway: &Gateway) -> Value {
    let response = http::get(gateway.address, "/api/devices", "*/*").expect("the gateway answers");
    let devices: Value = serde_json::from_str(&response.body).expect("JSON");
    let found =
        devices.as_array().and_then(|devices| devices.iter().find(|device| device["device"] == DEVICE));
    found.unwrap_or_else(|| panic!("no {DEVICE} in {devices}")).clone()
}

/// Scrapes for a quarter of a minute and asks Prometheus for everything the firmware does at a known rate.
#[track_caller]
fn is_right_in_prometheus(gateway: &Gateway) {
    shows_all(gateway, Duration::from_mins(1));
    let prometheus = Prometheus::scraping(gateway.address);
    thread::sleep(Duration::from_secs(15));

    assert_eq!(prometheus.last_error(), "");
    let near = |expression: &str, expected: f64, tolerance: f64| {
        let value = prometheus.value(expression);
        assert!((value / expected - 1.0).abs() < tolerance, "{expression} = {value}, not {expected}");
    };
    near("up", 1.0, 1e-9);
    near(&format!("narthex_device_up{{device=\"{DEVICE}\"}}"), 1.0, 1e-9);
    // Scrapes and snapshots come once a second each, so that a window may hold one snapshot more or less.
    near("rate(meter_pulses_total[12s])", PULSES_PER_SECOND, 0.12);
    near("rate(meter_volume_liters_total[12s])", PULSES_PER_SECOND * LITERS_PER_PULSE, 0.12);
    // Both come from one snapshot: exact.
    near("meter_volume_liters_total / meter_pulses_total", LITERS_PER_PULSE, 1e-9);
    near("meter_pulses_total / meter_uptime_seconds", PULSES_PER_SECOND, 0.03);
    // Every measurement is one transfer; they take 1 µs to 1000 µs, evenly spread.
    near("meter_transfer_seconds_count / on() scheduler_runs_total{task=\"measure\"}", 1.0, 0.01);
    for quantile in [0.25, 0.5, 0.9, 0.99] {
        near(
            &format!("histogram_quantile({quantile}, meter_transfer_seconds_bucket)"),
            quantile * 1e-3,
            0.03,
        );
    }
    near("meter_transfer_seconds_sum / meter_transfer_seconds_count", 0.5e-3, 0.03);

    // The firmware's log lines are on the same wire: seen, counted, and no harm.
    let frames = status(gateway)["frames"].clone();
    assert!(frames["received"].as_u64() > Some(15), "{frames}");
    for none in ["lost", "repeated", "reordered", "corrupt"] {
        assert_eq!(frames[none], 0, "{none} in {frames}");
    }
    assert!(number(&gateway.page(Format::Text), "narthex_device_foreign_bytes_total") > Some(0.0));
    agrees(&gateway.page(Format::Text));
    agrees(&gateway.page(Format::OpenMetrics));
}

#[test]
fn over_tcp() {
    let devices = free_address();
    let gateway = Gateway::start(&["relay", "--tcp", &devices.to_string()]);
    let _firmware = boot(&format!("tcp:{devices}"));
    eventually(Duration::from_mins(3), "the firmware is built and booted", || {
        gateway.page(Format::Text).sample("narthex_device_up", &[("device", DEVICE)]).map(|_| ())
    });
    is_right_in_prometheus(&gateway);
    assert_eq!(gateway.program.stop(), 0);
}

#[test]
fn over_a_serial_port() {
    let (_firmware, path) = boot_on_terminal();
    let gateway = Gateway::start(&["relay", "--serial", &path]);
    is_right_in_prometheus(&gateway);
    assert_eq!(gateway.program.stop(), 0);
}

#[test]
fn a_gateway_that_was_killed_is_right_again_within_three_snapshots() {
    let (_firmware, path) = boot_on_terminal();
    let arguments = ["relay", "--serial", &path];
    let gateway = Gateway::start(&arguments);
    let before = shows_all(&gateway, Duration::from_mins(1));
    agrees(&before);
    let address = gateway.address.to_string();
    gateway.program.kill();

    let gateway = Gateway::listening(&address, &arguments);
    // A snapshot a second, and one may be under way. What its numbers mean is on the line again and again.
    let start = Instant::now();
    let after = shows_all(&gateway, Duration::from_mins(1));
    // Eight frames at most in each, where the machine is so slow that they take longer.
    let (took, frames) = (start.elapsed(), gateway.frames());
    assert!(took <= Duration::from_secs(4) || frames <= 4.0 * 8.0, "after {took:?} and {frames} frames");
    agrees(&after);
    assert!(number(&after, "meter_pulses_total") > number(&before, "meter_pulses_total"));
    assert_eq!(gateway.program.stop(), 0);
}
