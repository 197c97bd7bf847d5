//! An nRF52840 DK that counts presses of its first button and measures its own temperature, and tells both each second
//! over UARTE0, which the debugger on the board hands to the host as a serial port.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use embassy_executor::Spawner;
use embassy_futures::select::{Either, select};
use embassy_nrf::buffered_uarte::{self, BufferedUarte};
use embassy_nrf::gpio::{Input, Pull};
use embassy_nrf::peripherals::UARTE0;
use embassy_nrf::rng::Rng;
use embassy_nrf::temp::{self, Temp};
use embassy_nrf::{bind_interrupts, uarte};
use embassy_time::{Duration, Instant, Ticker};
use narthex::transport::Reporter;
use narthex::wire::Identity;
use narthex::{Counter, Gauge, Histogram, Metrics, Registry, registry};
use static_cell::StaticCell;

/// What the board measures.
#[derive(Metrics)]
#[metrics(prefix = "dk")]
struct Board {
    /// Presses of button 1.
    presses_total: Counter,
    /// How long it was held.
    #[metric(unit = "seconds", scale = -3, buckets = [50, 100, 200, 500, 1_000, 2_000])]
    press_seconds: Histogram<6>,
    /// Temperature of the chip, in steps of a quarter of a degree.
    #[metric(unit = "celsius", scale = -2)]
    chip_celsius: Gauge,
    /// Snapshots that were not sent whole.
    lost_snapshots_total: Counter,
}

static BOARD: Board = Board::new();
static REGISTRY: Registry = registry![BOARD];

bind_interrupts!(struct Irqs {
    TEMP => temp::InterruptHandler;
    UARTE0 => buffered_uarte::InterruptHandler<UARTE0>;
});

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    static BUFFERS: StaticCell<[[u8; 256]; 2]> = StaticCell::new();

    let p = embassy_nrf::init(embassy_nrf::config::Config::default());
    let boot = Rng::new_blocking(p.RNG).blocking_next_u32();
    // 115200 baud, the pins of the board.
    let [receive, transmit] = BUFFERS.init([[0; 256]; 2]);
    let (timer, config) = (p.TIMER0, uarte::Config::default());
    let uart = BufferedUarte::new(
        p.UARTE0,
        timer,
        p.PPI_CH0,
        p.PPI_CH1,
        p.PPI_GROUP0,
        p.P0_08,
        p.P0_06,
        Irqs,
        config,
        receive,
        transmit,
    );
    // Each is spawned once, and has its place.
    if let (Ok(count), Ok(measure)) = (count(Input::new(p.P0_11, Pull::Up)), measure(Temp::new(p.TEMP, Irqs)))
    {
        spawner.spawn(count);
        spawner.spawn(measure);
    }
    report(uart, boot).await
}

#[embassy_executor::task]
async fn count(mut button: Input<'static>) {
    loop {
        button.wait_for_low().await;
        let pressed = Instant::now();
        BOARD.presses_total.inc();
        button.wait_for_high().await;
        BOARD.press_seconds().observe(pressed.elapsed().as_millis() as u32);
    }
}

#[embassy_executor::task]
async fn measure(mut sensor: Temp<'static>) {
    let mut ticker = Ticker::every(Duration::from_millis(500));
    loop {
        ticker.next().await;
        BOARD.chip_celsius.set(sensor.read().await.to_bits() * 25);
    }
}

/// A snapshot each second; in between, what the gateway asks for.
async fn report(uart: BufferedUarte<'static>, boot: u32) -> ! {
    let (mut receiver, mut sender) = uart.split();
    let identity = Identity { device: "nrf52840-1", firmware: env!("CARGO_PKG_VERSION") };
    let mut reporter = Reporter::new(&REGISTRY, identity, boot).with_requests();
    let (mut frame, mut asked) = ([0; 256], [0; 64]);
    let mut ticker = Ticker::every(Duration::from_secs(1));
    loop {
        match select(ticker.next(), receiver.read(&mut asked)).await {
            Either::First(()) => {
                let uptime = Instant::now().duration_since(Instant::MIN).into();
                if reporter.send_async(uptime, &mut frame, &mut sender).await.is_err() {
                    BOARD.lost_snapshots_total.inc();
                }
            }
            Either::Second(Ok(n)) => reporter.receive(asked.get(..n).unwrap_or_default()),
            // Noise on the line: the gateway asks again.
            Either::Second(Err(_)) => {}
        }
    }
}

/// Begins anew; the gateway sees a new boot.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
