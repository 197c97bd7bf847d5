//! The lock of a door. Its one way out is its log, by defmt: once a second the metrics are lines among the others.
#![no_std]
#![no_main]

mod log;

use core::panic::PanicInfo;
use core::time::Duration;

use cortex_m_rt::entry;
use lm3s6965evb::gptm::Timer;
use lm3s6965evb::{clock, host, interrupt};
use narthex::{Counter, Family, Histogram, LabelSet, Metrics, OptionalGauge, Registry, registry, transport};

use crate::log::{CONSOLE, LOG};

/// How often somebody wants to come in.
const PERIOD: Duration = Duration::from_millis(250);

/// What became of a badge that was shown.
#[derive(Clone, Copy, Debug, LabelSet, defmt::Format)]
#[label(name = "outcome")]
enum Outcome {
    /// The door was opened.
    Granted,
    /// The badge is of another house.
    Unknown,
    /// Its time is over.
    Expired,
}

/// What the door counts.
#[derive(Debug, Metrics)]
#[metrics(prefix = "door")]
struct Door {
    /// Badges shown, by outcome.
    badges_total: Family<Outcome, Counter>,
    /// How long the door stood open.
    #[metric(unit = "seconds", scale = -3, buckets = [1_000, 2_000, 5_000])]
    open_seconds: Histogram<3>,
    /// Voltage of the battery.
    #[metric(unit = "volts", scale = -3)]
    battery_volts: OptionalGauge,
}

static DOOR: Door = Door::new();
static REGISTRY: Registry = registry![DOOR, LOG];

#[entry]
fn main() -> ! {
    let Some(core) = cortex_m::Peripherals::take() else { unreachable!("the core is taken once") };
    lm3s6965evb::start(core);
    CONSOLE.start(115_200);
    Timer::Zero.every(20);
    defmt::info!("door: started");

    let end = host::seconds().unwrap_or(Duration::MAX);
    let mut due = PERIOD;
    for badge in 0..u32::MAX {
        while clock::uptime() < due {
            cortex_m::asm::wfi();
        }
        if due >= end {
            break;
        }
        due += PERIOD;
        come_in(badge);
        if badge % 4 == 3
            && let Err(error) = transport::defmt::dump(&REGISTRY, &mut [0; 128])
        {
            defmt::error!("metrics: {}", error);
        }
    }
    host::exit()
}

/// Somebody shows a badge.
fn come_in(badge: u32) {
    let outcome = match badge {
        badge if badge % 5 == 4 => Outcome::Expired,
        badge if badge % 7 == 6 => Outcome::Unknown,
        _ => Outcome::Granted,
    };
    defmt::info!("badge {=u32:04x}: {}", badge * 0x9e5 % 0x1_0000, outcome);
    DOOR.badges_total.at(outcome).inc();
    if matches!(outcome, Outcome::Granted) {
        DOOR.open_seconds().observe(700 + badge * 390 % 5_000);
    }
    // The lock takes its share of the battery.
    DOOR.battery_volts.set(3_000 - (badge / 2).cast_signed());
}

#[interrupt]
fn UART0() {
    CONSOLE.on_interrupt();
}

/// Ends the sleep.
#[interrupt]
fn TIMER_0A() {
    Timer::Zero.acknowledge();
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    host::fail(info)
}
