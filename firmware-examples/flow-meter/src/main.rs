//! A water meter with a UART.
//!
//! A turbine's pulses are counted in an interrupt, a sensor is read a hundred times a second by a cooperative
//! scheduler, and each second a snapshot of all metrics leaves UART0 (115200 baud), with a log line between two
//! frames now and then. Sensor and turbine are simulated; the rest is what a meter's firmware is.
#![no_std]
#![no_main]

mod console;
mod meter;
mod report;
mod scheduler;
mod sensor;

use core::panic::PanicInfo;

use cortex_m_rt::entry;
use lm3s6965evb::gptm::Timer;
use lm3s6965evb::pl011::{Pl011, Uart};
use lm3s6965evb::queue::Queue;
use lm3s6965evb::{clock, host, interrupt};
use narthex::{Registry, registry};

use crate::meter::METER;
use crate::report::Report;
use crate::scheduler::{LOAD, Scheduler, Task};
use crate::sensor::Sensor;

/// Bytes that may wait for UART0: 90 ms at 115200 baud.
static TRANSMIT: Queue<1024> = Queue::new();
/// Received bytes that may wait for a task: more than a gateway asks in the time between two turns of one.
static RECEIVED: Queue<128> = Queue::new();
static UART0_METRICS: Uart = Uart::new();
static UART0: Pl011<1024, 128> = Pl011::uart0(&TRANSMIT, &RECEIVED, &UART0_METRICS);

static REGISTRY: Registry = registry![METER, LOAD, UART0_METRICS { uart: "0" }];

#[entry]
fn main() -> ! {
    // The runtime hands them out once, and nobody else takes them.
    let Some(core) = cortex_m::Peripherals::take() else { unreachable!("the core is taken once") };
    lm3s6965evb::start(core);
    UART0.start(115_200);
    meter::start();
    console::log(format_args!("flow-meter {}: started", env!("CARGO_PKG_VERSION")));

    let mut sensor = Sensor::new();
    let mut report = Report::new(host::boot_id());
    let tasks = [(Task::Measure, 10), (Task::Recalibrate, 5_000), (Task::Report, 20)];
    let mut scheduler = Scheduler::new(clock::micros(), tasks);
    let end = host::seconds();
    loop {
        while scheduler.turn(clock::micros, |task| match task {
            Task::Measure => meter::measure(&mut sensor),
            Task::Recalibrate => {
                let drift = meter::recalibrate(&mut sensor);
                console::log(format_args!("sensor: recalibrated, drift was 0.{drift:02} C"));
            }
            Task::Report => report.advance(clock::uptime()),
        }) {}
        if end.is_some_and(|end| clock::uptime() >= end) {
            host::exit();
        }
        // With interrupts masked, none can make a task due between the question and the sleep; a pending one still
        // ends it.
        cortex_m::interrupt::free(|_| {
            let wait = scheduler.idle(clock::micros());
            if wait > 0 {
                Timer::Zero.once(wait);
                cortex_m::asm::wfi();
            }
        });
    }
}

#[interrupt]
fn UART0() {
    UART0.on_interrupt();
}

/// A task is due: this ends the sleep.
#[interrupt]
fn TIMER_0A() {
    Timer::Zero.acknowledge();
}

#[interrupt]
fn TIMER_1A() {
    meter::on_pulse();
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    host::fail(info)
}
