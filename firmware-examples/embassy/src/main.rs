//! A weather station on Embassy: one task measures, another sends a snapshot of all metrics out of UART0 each second,
//! and in between reads what the gateway asks for. Neither ever blocks the other.
#![no_std]
#![no_main]

mod station;

use core::panic::PanicInfo;

use embassy_executor::Spawner;
use embassy_futures::select::{Either, select};
use embassy_time::{Duration, Instant, Ticker, Timer};
use embedded_io_async::Read;
use lm3s6965evb::async_uart::AsyncUart;
use lm3s6965evb::pl011::{Pl011, Uart};
use lm3s6965evb::queue::Queue;
use lm3s6965evb::{host, interrupt, time_driver};
use narthex::transport::Reporter;
use narthex::wire::Identity;
use narthex::{Registry, registry};

use crate::station::{LOAD, STATION, Sensor};

/// From one measurement to the next.
const PERIOD: Duration = Duration::from_millis(50);
/// Bytes that may wait for UART0: 22 ms at 115200 baud.
const WAITING: usize = 256;

static TRANSMIT: Queue<WAITING> = Queue::new();
static RECEIVED: Queue<128> = Queue::new();
static UART0_METRICS: Uart = Uart::new();
static UART0: AsyncUart<WAITING, 128> = AsyncUart::new(Pl011::uart0(&TRANSMIT, &RECEIVED, &UART0_METRICS));

static REGISTRY: Registry = registry![STATION, LOAD, UART0_METRICS { uart: "0" }];

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let Some(core) = cortex_m::Peripherals::take() else { unreachable!("the core is taken once") };
    lm3s6965evb::start(core);
    UART0.start(115_200);
    // Each is spawned once, and has its place.
    if let (Ok(measure), Ok(report)) = (measure(), report(host::boot_id())) {
        spawner.spawn(measure);
        spawner.spawn(report);
    }
    if let Some(end) = host::seconds() {
        Timer::at(Instant::from_micros(end.as_micros() as u64)).await;
        host::exit();
    }
}

/// Measures twenty times a second, and how late it is.
#[embassy_executor::task]
async fn measure() {
    let (mut sensor, mut ticker) = (Sensor::new(), Ticker::every(PERIOD));
    let mut due = Instant::now();
    loop {
        ticker.next().await;
        due += PERIOD;
        LOAD.late_seconds().observe(Instant::now().saturating_duration_since(due).as_micros() as u32);
        STATION.measure(&mut sensor);
    }
}

/// Sends a snapshot each second.
#[embassy_executor::task]
async fn report(boot: u32) {
    // A real device would take its name from its serial number.
    let identity = Identity { device: "station-1", firmware: env!("CARGO_PKG_VERSION") };
    let mut reporter = Reporter::new(&REGISTRY, identity, boot).with_requests();
    let (mut frame, mut asked) = ([0; 256], [0; 32]);
    // Between two measurements, not at the time of one.
    Timer::after(PERIOD / 2).await;
    let mut ticker = Ticker::every(Duration::from_secs(1));
    loop {
        match select(ticker.next(), (&UART0).read(&mut asked)).await {
            Either::First(()) => {
                let uptime = core::time::Duration::from_micros(Instant::now().as_micros());
                // What is lost now, the next snapshot carries.
                let sent = reporter.send_async(uptime, &mut frame, &mut &UART0).await;
                LOAD.snapshots_total.add(u32::from(sent.is_ok()));
            }
            Either::Second(Ok(n)) => {
                LOAD.asked_bytes_total.add(n as u32);
                reporter.receive(asked.get(..n).unwrap_or_default());
            }
        }
    }
}

#[interrupt]
fn UART0() {
    UART0.on_interrupt();
}

#[interrupt]
fn TIMER_0A() {
    time_driver::on_interrupt();
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    host::fail(info)
}
