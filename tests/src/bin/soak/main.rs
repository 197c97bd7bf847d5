//! A gateway under load for as long as asked: thousands of simulated devices over UDP, with noise, reboots, churn, and
//! clients that scrape and stall. `tests/soak --help` says how.
#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, and prints three digits"
)]

mod clients;
mod device;
mod fleet;
mod link;
mod process;
mod proof;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clients::Clients;
use fleet::{Fleet, Sent};
use narthex_tests::gateway::Gateway;
use narthex_tests::http::free_address;
use process::Process;
use proof::Proof;

/// Fleets whose cost for each snapshot is compared, beside the one of all devices.
const FEW: [usize; 2] = [1, 100];
/// How often a device sends, if the machine keeps up: with 10 000 devices 5000 snapshots a second.
const INTERVAL: Duration = Duration::from_secs(2);
/// What a snapshot may cost with all devices, as a multiple of what it costs with one: the budget is 2 on a machine of
/// its own, here other things run beside it. What is linear in the fleet would be in the thousands.
const FLAT: f64 = 3.0;
/// Memory may grow by a tenth, and by what devices take that have left and are not forgotten yet.
const GROWTH: u64 = 16 << 20;
/// A device that has left is forgotten after so long. On a machine that has much else to do, a round of all takes a
/// good part of it.
const TTL: &str = "60s";

fn main() -> ExitCode {
    let (mut seconds, mut devices) = (600, 10_000);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok()).filter(|n| *n > 0);
        let read = match argument.as_str() {
            "--seconds" => number().map(|n| seconds = n),
            "--devices" => number().map(|n| devices = n),
            _ => None,
        };
        if read.is_none() {
            eprintln!("soak: {argument}: not an option, or no number behind it; see tests/soak --help");
            return ExitCode::from(2);
        }
    }
    soak(Duration::from_secs(seconds as u64), devices)
}

fn soak(length: Duration, devices: usize) -> ExitCode {
    let udp = free_address();
    let most = (2 * devices + 1024).to_string();
    let (listen, rate) = (udp.to_string(), devices as u64 * 1000 / INTERVAL.as_millis() as u64);
    let gateway = Gateway::start(&[
        "relay",
        "--udp",
        &listen,
        "--ttl",
        TTL,
        "--max-devices",
        &most,
        "--max-connections",
        &most,
        "-q",
    ]);
    let process = Process::new(gateway.program.id(), udp);
    let mut fleet = Fleet::new(udp, rate.max(1000));
    let mut proof = Proof::default();

    // What a snapshot costs: as many a second, of few devices and of all.
    let phase = (length / 10).clamp(Duration::from_secs(3), Duration::from_secs(30));
    let mut costs = Vec::new();
    for count in FEW.into_iter().filter(|few| *few < devices).chain([devices]) {
        fleet.grow(count);
        fleet.rounds(3, &process);
        process.settle();
        let (cpu, before) = (process.cpu(), fleet.sent());
        fleet.run(Instant::now() + phase, false, &process);
        process.drain();
        let snapshots = fleet.sent().snapshots - before.snapshots;
        let cost = process.cpu().saturating_sub(cpu).as_secs_f64() * 1e6 / snapshots as f64;
        proof.say(
            &format!("CPU a snapshot, {count} devices"),
            format!("{cost:.2} µs"),
            &format!("{snapshots} snapshots"),
        );
        costs.push(cost);
    }
    let (one, all) = (costs[0], costs[costs.len() - 1]);
    proof.expect(
        "CPU a snapshot, all devices against one",
        format!("{:.2} ×", all / one),
        &format!("≤ {FLAT} ×"),
        all <= one * FLAT,
    );

    // Everything at once.
    let clients = Clients::start(gateway.address, fleet.ledger());
    let end = Instant::now() + length.saturating_sub(phase * costs.len() as u32).max(phase);
    let start = Instant::now();
    let warm = start + (end - start) / 4;
    let before = fleet.sent();
    fleet.run(warm, true, &process);
    let memory = process.memory();
    let mut most = memory;
    while Instant::now() < end {
        fleet.run(end.min(Instant::now() + Duration::from_secs(1)), true, &process);
        most = most.max(process.memory());
    }
    let took = start.elapsed().as_secs_f64();
    let Sent { snapshots, .. } = fleet.sent();
    proof.say(
        "load",
        format!("{:.0} snapshots/s", (snapshots - before.snapshots) as f64 / took),
        &format!("{} wanted", rate.max(1000)),
    );
    let bound = memory + memory / 10 + GROWTH;
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    proof.expect(
        "memory, at most since it was warm",
        mib(most),
        &format!("≤ {}, {} warm", mib(bound), mib(memory)),
        most <= bound,
    );
    let report = clients.stop();
    proof.expect(
        "scrapes",
        report.scrapes.to_string(),
        "some, all whole",
        report.scrapes > 0 && report.failed == 0,
    );
    proof.expect("scrapes that failed", report.failed.to_string(), "0", report.failed == 0);
    proof.say("clients that stalled", report.stalled.to_string(), "");
    proof.expect("values looked at on the way", report.looked.to_string(), "some", report.looked > 0);
    for wrong in report.wrong.iter().take(10) {
        proof.expect("a value on the way", wrong.clone(), "as the device counts", false);
    }

    // Silence, and the truth.
    fleet.tell(&process);
    fleet.rounds(3, &process);
    process.drain();
    let page = gateway.metrics(narthex_tests::page::Format::Text).body;
    proof.totals(&page, &fleet);
    proof.counts(&page, &fleet, process.dropped());
    proof.table(devices)
}
