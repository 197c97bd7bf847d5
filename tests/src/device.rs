//! A device that runs the real core on this machine: its numbers are known, its frames go over TCP.

use narthex::text::{Encoder, Format};
use narthex::transport::Reporter;
use narthex::wire::Identity;
use narthex::{Counter, Family, Gauge, Histogram, LabelSet, Metrics, OptionalGauge, Registry, registry};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Why a part was refused.
#[derive(Clone, Copy, Debug, LabelSet)]
#[label(name = "reason")]
pub enum Fault {
    /// Too long or too short.
    Length,
    /// Scratched.
    Surface,
}

/// A press, with a \ and a "quote" in its help.
#[derive(Debug, Metrics)]
#[metrics(prefix = "press")]
pub struct Press {
    /// Parts made, with a \ and a "quote" to escape.
    pub parts_total: Counter,
    /// Parts refused, by reason.
    pub refused_parts_total: Family<Fault, Counter>,
    /// Temperature of the oil.
    #[metric(unit = "celsius", scale = -2)]
    pub oil_celsius: Gauge,
    /// Temperature of a sensor that is not there.
    #[metric(unit = "celsius", scale = -2)]
    pub missing_celsius: OptionalGauge,
    /// Time to make a part.
    #[metric(unit = "seconds", scale = -6, buckets = [200, 400, 600, 800, 1_000])]
    pub cycle_seconds: Histogram<5>,
}

/// The press.
pub static PRESS: Press = Press::new();
/// A second one, which stands still.
pub static SPARE: Press = Press::new();
/// Both.
pub static REGISTRY: Registry = registry![PRESS { press: "main" }, SPARE { press: "spare \"B\"\n\\" }];

/// Parts made in one step.
const PARTS_PER_STEP: u32 = 10;
/// Between two steps.
const STEP: Duration = Duration::from_millis(100);
/// Parts the press makes in a second once it works.
pub const PARTS_PER_SECOND: f64 = 100.0;

/// Sets the press to work, by the clock and for good; it is one press, however often it is told.
pub fn work() {
    static WORK: Once = Once::new();
    WORK.call_once(|| {
        step();
        thread::spawn(|| {
            let (start, mut steps) = (Instant::now(), 1);
            loop {
                while start.elapsed() >= STEP * steps {
                    step();
                    steps += 1;
                }
                thread::sleep(STEP);
            }
        });
    });
}

/// Parts take 50 µs, 150 µs, … 950 µs: two in each bucket.
fn step() {
    PRESS.parts_total.add(PARTS_PER_STEP);
    for part in 0..PARTS_PER_STEP {
        PRESS.cycle_seconds().observe(50 + 100 * part);
    }
    PRESS.refused_parts_total.at(Fault::Surface).inc();
    PRESS.oil_celsius.set(4_217);
}

/// The page the device itself would serve.
///
/// # Panics
/// If a line of it is longer than 4 KiB.
pub fn page(format: Format) -> String {
    let mut encoder = Encoder::new(format);
    let (mut page, mut buf) = (Vec::new(), [0; 4096]);
    loop {
        match encoder.fill(&REGISTRY, &mut buf).expect("a line fits") {
            0 => return String::from_utf8(page).expect("a page is UTF-8"),
            n => page.extend_from_slice(&buf[..n]),
        }
    }
}

/// A device that sends a snapshot of the working press several times a second until dropped.
#[derive(Debug)]
pub struct Device {
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Device {
    /// Sets the press to work and connects to a gateway.
    ///
    /// # Panics
    /// If nobody listens there.
    pub fn connect(name: &'static str, gateway: SocketAddr) -> Self {
        work();
        let mut stream = TcpStream::connect(gateway).expect("the gateway listens for devices");
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let thread = thread::spawn(move || {
            let identity = Identity { device: name, firmware: "1.2.3" };
            let mut reporter = Reporter::new(&REGISTRY, identity, 0x5eed);
            let (start, mut buf) = (Instant::now(), [0; 256]);
            while !stop.load(Ordering::Relaxed) {
                reporter.begin(start.elapsed());
                while let Ok(Some(frame)) = reporter.frame(&mut buf) {
                    // A gateway that is gone ends the test elsewhere.
                    if stream.write_all(frame).is_err() {
                        return;
                    }
                }
                thread::sleep(STEP);
            }
        });
        Self { stopped, thread: Some(thread) }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Had it panicked, the device would have fallen silent, and the test failed of that.
            let _ = thread.join();
        }
    }
}
