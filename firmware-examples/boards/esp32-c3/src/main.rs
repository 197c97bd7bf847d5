//! An ESP32-C3 that counts presses of its BOOT button in an interrupt and measures its own temperature, and tells both
//! each second over UART0, behind what its boot loader prints there. Without an executor: one loop and one interrupt.
#![no_std]
#![no_main]

use core::cell::RefCell;
use core::panic::PanicInfo;

use critical_section::Mutex;
use esp_hal::gpio::{Event, Input, InputConfig, Io, Pull};
use esp_hal::rng::Rng;
use esp_hal::time::{Duration, Instant};
use esp_hal::tsens::{self, TemperatureSensor};
use esp_hal::uart::{self, Uart};
use narthex::transport::Reporter;
use narthex::wire::Identity;
use narthex::{Counter, GaugeF32, Histogram, Metrics, Registry, registry};

esp_bootloader_esp_idf::esp_app_desc!();

/// What the board measures.
#[derive(Metrics)]
#[metrics(prefix = "esp")]
struct Board {
    /// Presses of the BOOT button.
    presses_total: Counter,
    /// Time between two presses.
    #[metric(unit = "seconds", scale = -3, buckets = [20, 100, 500, 1_000, 10_000])]
    pause_seconds: Histogram<5>,
    /// Temperature of the chip.
    #[metric(unit = "celsius")]
    chip_celsius: GaugeF32,
    /// Snapshots that were not sent whole.
    lost_snapshots_total: Counter,
}

static BOARD: Board = Board::new();
static REGISTRY: Registry = registry![BOARD];

/// The button, and when it was pressed last: only its interrupt uses them.
static BUTTON: Mutex<RefCell<Option<(Input<'static>, Instant)>>> = Mutex::new(RefCell::new(None));

const SECOND: Duration = Duration::from_secs(1);

#[esp_hal::main]
fn main() -> ! {
    let p = esp_hal::init(esp_hal::Config::default());
    let mut io = Io::new(p.IO_MUX);
    io.set_interrupt_handler(pressed);
    let mut button = Input::new(p.GPIO9, InputConfig::default().with_pull(Pull::Up));
    critical_section::with(|cs| {
        button.listen(Event::FallingEdge);
        BUTTON.borrow_ref_mut(cs).replace((button, Instant::now()));
    });

    // 115200 baud, as the boot loader has it.
    let Ok(uart) = Uart::new(p.UART0, uart::Config::default()) else {
        unreachable!("the rate is a usual one")
    };
    let mut uart = uart.with_tx(p.GPIO21).with_rx(p.GPIO20);
    let sensor = TemperatureSensor::new(p.TSENS, tsens::Config::default()).ok();

    let identity = Identity { device: "esp32-c3-1", firmware: env!("CARGO_PKG_VERSION") };
    let mut reporter = Reporter::new(&REGISTRY, identity, Rng::new().random()).with_requests();
    let (mut frame, mut asked, mut due) = ([0; 256], [0; 64], Instant::now());
    loop {
        // What the gateway asks for.
        if uart.read_ready()
            && let Ok(n) = uart.read_buffered(&mut asked)
        {
            reporter.receive(asked.get(..n).unwrap_or_default());
        }
        if Instant::now() < due {
            continue;
        }
        due += SECOND;
        if let Some(sensor) = &sensor {
            BOARD.chip_celsius.set(sensor.get_temperature().to_celsius());
        }
        let uptime = core::time::Duration::from_micros(Instant::now().duration_since_epoch().as_micros());
        if reporter.send(uptime, &mut frame, &mut uart).is_err() {
            BOARD.lost_snapshots_total.inc();
        }
    }
}

/// The interrupt of all pins. What it counts, the loop reads without asking it.
#[esp_hal::handler]
fn pressed() {
    critical_section::with(|cs| {
        if let Some((button, last)) =
            BUTTON.borrow_ref_mut(cs).as_mut().filter(|(button, _)| button.is_interrupt_set())
        {
            button.clear_interrupt();
            BOARD.presses_total.inc();
            BOARD.pause_seconds().observe(last.elapsed().as_millis() as u32);
            *last = Instant::now();
        }
    });
}

/// Begins anew; the gateway sees a new boot.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    esp_hal::system::software_reset()
}
