//! A Raspberry Pi Pico that counts pulses on GPIO 15 and measures its own temperature, and tells both each second over
//! its USB port, which the host sees as a serial one.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use embassy_executor::Spawner;
use embassy_futures::join::join;
use embassy_futures::select::{Either, select};
use embassy_rp::adc::{self, Adc, Channel};
use embassy_rp::clocks::RoscRng;
use embassy_rp::gpio::{Input, Pull};
use embassy_rp::peripherals::USB;
use embassy_rp::{bind_interrupts, usb};
use embassy_time::{Duration, Instant, Ticker};
use embassy_usb::class::cdc_acm::{CdcAcmClass, State};
use embassy_usb::{Builder, Config};
use narthex::transport::Reporter;
use narthex::wire::Identity;
use narthex::{Counter, Gauge, Histogram, Metrics, Registry, registry};
use static_cell::StaticCell;

/// What the board measures.
#[derive(Metrics)]
#[metrics(prefix = "pico")]
struct Pico {
    /// Falling edges on GPIO 15.
    pulses_total: Counter,
    /// Temperature of the chip.
    #[metric(unit = "celsius", scale = -2)]
    chip_celsius: Gauge,
    /// Time that a conversion takes.
    #[metric(unit = "seconds", scale = -6, buckets = [5, 10, 20, 50, 100])]
    conversion_seconds: Histogram<5>,
    /// Conversions that have failed.
    failed_conversions_total: Counter,
    /// Snapshots that did not reach the host.
    lost_snapshots_total: Counter,
}

static PICO: Pico = Pico::new();
static REGISTRY: Registry = registry![PICO];

bind_interrupts!(struct Irqs {
    ADC_IRQ_FIFO => adc::InterruptHandler;
    USBCTRL_IRQ => usb::InterruptHandler<USB>;
});

/// Bytes of a packet of a USB port of full speed.
const PACKET: usize = 64;

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let p = embassy_rp::init(embassy_rp::config::Config::default());
    let pulses = Input::new(p.PIN_15, Pull::Up);
    let adc = Adc::new(p.ADC, Irqs, adc::Config::default());
    let sensor = Channel::new_temp_sensor(p.ADC_TEMP_SENSOR);
    // Each is spawned once, and has its place.
    if let (Ok(count), Ok(measure)) = (count(pulses), measure(adc, sensor)) {
        spawner.spawn(count);
        spawner.spawn(measure);
    }
    report(usb::Driver::new(p.USB, Irqs)).await
}

#[embassy_executor::task]
async fn count(mut pin: Input<'static>) {
    loop {
        pin.wait_for_falling_edge().await;
        PICO.pulses_total.inc();
    }
}

#[embassy_executor::task]
async fn measure(mut adc: Adc<'static, adc::Async>, mut sensor: Channel<'static>) {
    let mut ticker = Ticker::every(Duration::from_millis(100));
    loop {
        ticker.next().await;
        let start = Instant::now();
        match adc.read(&mut sensor).await {
            Ok(reading) => PICO.chip_celsius.set(centidegrees(reading)),
            Err(_) => PICO.failed_conversions_total.inc(),
        }
        PICO.conversion_seconds().observe(start.elapsed().as_micros() as u32);
    }
}

/// RP2040 datasheet, 4.9.5: 27 °C at 0.706 V, and 1.721 mV less for each degree; 4096 steps of 3.3 V.
fn centidegrees(reading: u16) -> i32 {
    let microvolts = i32::from(reading) * 3_300_000 / 4096;
    2_700 - (microvolts - 706_000) * 100 / 1_721
}

/// A snapshot each second; in between, what the gateway asks for.
async fn report(driver: usb::Driver<'static, USB>) {
    static DESCRIPTORS: StaticCell<[[u8; 256]; 2]> = StaticCell::new();
    static CONTROL: StaticCell<[u8; PACKET]> = StaticCell::new();
    static STATE: StaticCell<State<'static>> = StaticCell::new();

    let [config_descriptor, bos_descriptor] = DESCRIPTORS.init([[0; 256]; 2]);
    // The identity that is reserved for tests; a product has its own.
    let mut config = Config::new(0x1209, 0x0001);
    config.manufacturer = Some("narthex");
    config.product = Some("pico");
    let control = CONTROL.init([0; PACKET]);
    let mut builder = Builder::new(driver, config, config_descriptor, bos_descriptor, &mut [], control);
    let port = CdcAcmClass::new(&mut builder, STATE.init(State::new()), PACKET as u16);
    let (mut sender, mut receiver) = port.split();
    let mut device = builder.build();

    let tell = async {
        let identity = Identity { device: "pico-1", firmware: env!("CARGO_PKG_VERSION") };
        let mut reporter = Reporter::new(&REGISTRY, identity, RoscRng.next_u32()).with_requests();
        let (mut frame, mut packet) = ([0; 256], [0; PACKET]);
        let mut ticker = Ticker::every(Duration::from_secs(1));
        loop {
            sender.wait_connection().await;
            match select(ticker.next(), receiver.read_packet(&mut packet)).await {
                Either::First(()) => {
                    let uptime = Instant::now().duration_since(Instant::MIN).into();
                    if reporter.send_async(uptime, &mut frame, &mut sender).await.is_err() {
                        PICO.lost_snapshots_total.inc();
                    }
                }
                Either::Second(Ok(n)) => reporter.receive(packet.get(..n).unwrap_or_default()),
                // The cable is out: wait for it.
                Either::Second(Err(_)) => {}
            }
        }
    };
    join(device.run(), tell).await;
}

/// Begins anew; the gateway sees a new boot.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
