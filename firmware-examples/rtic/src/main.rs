//! The controller of a pump, as an RTIC application: an edge of the tachometer preempts the control loop, that preempts
//! the UART, and that the idle task, which prints a page of metrics each second.
//!
//! All four count, partly in the same counter, and share nothing by RTIC's means: no resource, no lock, no ceiling. A
//! metric is a static that any priority may update while any other is in the middle of updating it.
#![no_std]
#![no_main]

mod pump;

use core::panic::PanicInfo;

use lm3s6965evb::host;

#[rtic::app(device = lm3s6965, peripherals = false, dispatchers = [SSI0])]
mod app {
    use core::time::Duration;

    use lm3s6965evb::gptm::Timer;
    use lm3s6965evb::pl011::{Pl011, Uart};
    use lm3s6965evb::queue::Queue;
    use lm3s6965evb::{clock, host};
    use narthex::text::{Encoder, Format};
    use narthex::{Registry, registry};

    use crate::pump::{self, Controller, EDGES_PER_SECOND, PUMP, Place};

    /// Bytes of the page that are printed at a time: more than the longest line.
    const PIECE: usize = 128;
    /// Bytes that may wait for the console.
    const WAITING: usize = 1_024;

    static TRANSMIT: Queue<WAITING> = Queue::new();
    static RECEIVED: Queue<16> = Queue::new();
    static CONSOLE_METRICS: Uart = Uart::new();
    static CONSOLE: Pl011<WAITING, 16> = Pl011::uart0(&TRANSMIT, &RECEIVED, &CONSOLE_METRICS);

    static REGISTRY: Registry = registry![PUMP];

    /// Nothing: metrics are not resources.
    #[shared]
    struct Shared {}

    #[local]
    struct Local {
        controller: Controller,
    }

    #[init]
    fn init(mut context: init::Context<'_>) -> (Shared, Local) {
        lm3s6965evb::start_clocks(&mut context.core);
        CONSOLE.start(115_200);
        Timer::One.every(EDGES_PER_SECOND);
        (Shared {}, Local { controller: Controller::new() })
    }

    /// An edge of the tachometer. Each fourth has the control loop run, which must be done with the last turn by then.
    #[task(binds = TIMER_1A, priority = 3)]
    fn edge(_: edge::Context<'_>) {
        Timer::One.acknowledge();
        if pump::on_edge() && control::spawn().is_err() {
            PUMP.overruns_total.inc();
        }
    }

    /// One turn of the control loop.
    #[task(priority = 2, local = [controller])]
    async fn control(context: control::Context<'_>) {
        context.local.controller.turn();
    }

    /// Moves the page out.
    #[task(binds = UART0, priority = 1)]
    fn uart0(_: uart0::Context<'_>) {
        PUMP.events_total.at(Place::Uart).inc();
        CONSOLE.on_interrupt();
    }

    /// Below all of them: each second a page, which is read while it changes.
    #[idle]
    fn idle(_: idle::Context<'_>) -> ! {
        let end = host::seconds().unwrap_or(Duration::MAX);
        let mut edges = u64::from(EDGES_PER_SECOND);
        while clock::uptime() < end {
            wait(|| PUMP.events_total.at(Place::Edge).get() >= edges);
            edges += u64::from(EDGES_PER_SECOND);
            PUMP.events_total.at(Place::Idle).inc();
            print_page();
        }
        host::exit()
    }

    /// Prints all metrics as OpenMetrics, a piece at a time as the transmit queue has room.
    fn print_page() {
        let (mut encoder, mut piece) = (Encoder::new(Format::OpenMetrics), [0; PIECE]);
        // Every line fits into a piece, and the set of metrics is constant: there are no errors.
        while let Ok(length @ 1..) = encoder.fill(&REGISTRY, &mut piece) {
            wait(|| CONSOLE.room() >= length);
            let _ = CONSOLE.send(piece.get(..length).unwrap_or_default());
        }
        wait(|| CONSOLE.room() == WAITING);
    }

    /// Sleeps until it is so; whatever makes it so is an interrupt. What comes just before the sleep is noticed at the
    /// next edge.
    fn wait(is_so: impl Fn() -> bool) {
        while !is_so() {
            cortex_m::asm::wfi();
        }
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    host::fail(info)
}
