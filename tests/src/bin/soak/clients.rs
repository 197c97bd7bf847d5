//! Clients of the gateway: some read, some do not.

use crate::fleet::Ledger;
use narthex_tests::http;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

/// How many snapshots of a boot must have arrived before what stands on the page is of this boot for sure.
const SETTLED: u32 = 4;
/// A client that stalls does so for this long.
const STALL: Duration = Duration::from_secs(5);
const STALLERS: usize = 4;

/// What the clients have seen.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) scrapes: u64,
    pub(crate) failed: u64,
    pub(crate) stalled: u64,
    /// Values that were compared.
    pub(crate) looked: u64,
    pub(crate) wrong: Vec<String>,
}

/// Running clients.
pub(crate) struct Clients {
    stop: Arc<AtomicBool>,
    reader: JoinHandle<Report>,
    stallers: Vec<JoinHandle<u64>>,
}

impl Clients {
    /// One that scrapes as fast as it can and looks at what it gets; some that ask for a page and read its beginning.
    pub(crate) fn start(gateway: SocketAddr, ledger: Ledger) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let reader = thread::spawn(move || read(gateway, &ledger, &flag));
        let stall = |_| {
            let flag = Arc::clone(&stop);
            thread::spawn(move || stall(gateway, &flag))
        };
        let stallers = (0..STALLERS).map(stall).collect();
        Self { stop, reader, stallers }
    }

    /// Ends them.
    pub(crate) fn stop(self) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        let stalled = self.stallers.into_iter().map(|thread| thread.join().expect("it does not panic")).sum();
        Report { stalled, ..self.reader.join().expect("it does not panic") }
    }
}

fn read(gateway: SocketAddr, ledger: &Ledger, stop: &AtomicBool) -> Report {
    let mut report = Report::default();
    // By device: which boot it was, and what stood there.
    let mut seen: HashMap<u32, (u32, u64)> = HashMap::new();
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        let before = ledger.lock().expect("nobody panics").clone();
        let page = match http::get(gateway, "/metrics", "text/plain;version=0.0.4") {
            Ok(page) if page.status == 200 => page.body,
            _ => {
                report.failed += 1;
                continue;
            }
        };
        let after = ledger.lock().expect("nobody panics").clone();
        report.scrapes += 1;
        for line in page.lines() {
            let Some(line) = line.strip_prefix("soak_parts_total{device=\"unit-") else { continue };
            let Some((index, value)) = line.split_once("\"} ") else { continue };
            let (Ok(index), Ok(value)) = (index.parse::<u32>(), value.parse::<u64>()) else { continue };
            let (Some(old), Some(new)) = (before.get(index as usize), after.get(index as usize)) else {
                continue;
            };
            if old.boots != new.boots || old.arrived < SETTLED {
                seen.remove(&index);
                continue;
            }
            report.looked += 1;
            if value > new.parts {
                report.wrong.push(format!("unit-{index:06} shows {value} parts, and has made {}", new.parts));
            }
            if let Some((boots, last)) = seen.insert(index, (new.boots, value))
                && boots == new.boots
                && value < last
            {
                report.wrong.push(format!("unit-{index:06} shows {value} parts after {last}"));
            }
        }
        // A server scrapes no more often.
        sleep(Duration::from_secs(1).saturating_sub(start.elapsed()));
    }
    report
}

/// Asks for pages, and does not read them. Returns how many.
fn stall(gateway: SocketAddr, stop: &AtomicBool) -> u64 {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut stream) = TcpStream::connect(gateway) else { continue };
        if write!(stream, "GET /metrics HTTP/1.1\r\nHost: {gateway}\r\n\r\n").is_ok() {
            // It may be turned away: there are only so many scrapes at a time.
            let _ = stream.read(&mut [0; 512]);
            count += 1;
        }
        let start = Instant::now();
        while start.elapsed() < STALL && !stop.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(50));
        }
    }
    count
}
