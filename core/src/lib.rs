//! Prometheus metrics for microcontrollers: `no_std`, no allocation, no `unsafe`, safe in any interrupt.
//!
//! # The way of one number
//! An interrupt calls [`Counter::inc`]: ten instructions on a Cortex-M3, no lock, no masking. The [`instrument`] is
//! a field of a group, the group a `static` in `.bss`; what the number is called and what it means stands in flash,
//! where [`registry!`] has joined all groups into a [`Registry`] that the compiler has checked and ordered.
//!
//! From there it is read by position, one value at a time, through [`model::Source`]. Two encoders know nothing else:
//! [`text`] writes pages that Prometheus scrapes, [`wire`] writes records for a gateway. A [`frame`] puts records
//! into an envelope that survives noise, losses and log lines on the same wire; a [`transport`] decides what goes
//! out when, and hands frames to a link. All of them fill the caller's buffer, stop when it is full, and go on from
//! there. Time and I/O are arguments.
//!
//! ```
//! use core::time::Duration;
//! use narthex::transport::Reporter;
//! use narthex::wire::Identity;
//! use narthex::{Counter, Family, Gauge, Histogram, LabelSet, Metrics, Registry, registry};
//!
//! #[derive(Clone, Copy, LabelSet)]
//! enum Reason {
//!     Crc,
//!     Overrun,
//! }
//!
//! /// Health of one UART.
//! #[derive(Metrics)]
//! #[metrics(prefix = "uart")]
//! struct Uart {
//!     /// Bytes received.
//!     received_bytes_total: Counter,
//!     /// Bytes waiting in the receive FIFO.
//!     fifo_bytes: Gauge,
//!     /// Time spent in the receive interrupt.
//!     #[metric(unit = "seconds", scale = -6, buckets = [1, 2, 5, 10, 20, 50])] // observed in whole microseconds
//!     interrupt_seconds: Histogram<6>,
//!     /// Frames dropped, by reason.
//!     dropped_frames_total: Family<Reason, Counter>,
//! }
//!
//! static UART0: Uart = Uart::new();
//! static UART1: Uart = Uart::new();
//! static REGISTRY: Registry = registry![UART0 { uart: "0" }, UART1 { uart: "1" }];
//!
//! // In the receive interrupt of the first one:
//! UART0.received_bytes_total.inc();
//! UART0.interrupt_seconds().observe(3);
//! UART0.dropped_frames_total.at(Reason::Overrun).inc();
//!
//! // In the main loop, each second:
//! let mut reporter = Reporter::new(&REGISTRY, Identity { device: "pump-3", firmware: "1.4.0" }, 0);
//! let mut buf = [0; 256];
//! reporter.begin(Duration::from_secs(1));
//! while let Some(frame) = reporter.frame(&mut buf)? {
//!     // uart.write(frame)
//!     # let _ = frame;
//! }
//! # Ok::<(), narthex::transport::Error>(())
//! ```
//!
//! # What only run time knows
//! Labels that cannot be enumerated, addresses of peers or names of sensors, have a [`TableFamily`]: a table of fixed
//! capacity, whose children come and go; a registry with one is a `Registry<`[`WithTables`]`>`. What does not fit is
//! counted together, and that it was is counted too. Groups that are found at boot are added to a [`DynRegistry`], by
//! the rules of the constant one.
//!
//! Both change as a whole in short critical sections, on every target: the binary brings an implementation of the
//! `critical-section` crate, as its HAL or its RTOS has one. Beside them only exponential histograms and
//! summaries need one on a target with compare-and-swap; a binary without all these links no symbol of it.
//!
//! ```
//! use narthex::{Counter, LabelValues, Metrics, TableFamily};
//! #[derive(Clone, Copy, PartialEq, LabelValues)]
//! struct Peer {
//!     address: u16,
//! }
//! /// The radio.
//! #[derive(Metrics)]
//! #[metrics(prefix = "radio")]
//! struct Radio {
//!     /// Packets, by peer.
//!     packets_total: TableFamily<Peer, Counter, 16>,
//! }
//! static RADIO: Radio = Radio::new();
//!
//! RADIO.packets_total.update(Peer { address: 0x51 }, Counter::inc);
//! let packets = RADIO.packets_total.pin(Peer { address: 0x51 }); // kept: no search, no critical section
//! packets.inc();
//! ```
//!
//! # What holds everywhere
//! * Nothing panics, allocates, blocks or recurses; every loop is bounded.
//! * Every update may run in an interrupt that preempts the same update at any instruction, and is never lost.
//! * No float is needed: integers are scaled by moving the decimal point, exactly.
//! * Decoders take any bytes. The host runs the same [`wire`] and [`frame`] code.
//!
//! # Targets without compare-and-swap
//! Cortex-M0 and riscv32imc have no atomic read-modify-write. There the *binary* chooses how it is made: feature
//! `critical-section` together with an implementation of that crate, or
//! `--cfg portable_atomic_unsafe_assume_single_core`. Without either, the build stops and says so.
//!
//! # Features
//! | feature | brings |
//! |---|---|
//! | `derive` (default) | `#[derive(Metrics)]`, `#[derive(LabelSet)]` and `#[derive(LabelValues)]`, and the ready-made groups of [`runtime`] |
//! | `embedded-io` | `Reporter::send` into any blocking `embedded_io::Write`, `Reporter::poll` for what comes back |
//! | `embedded-io-async` | `Reporter::send_async` into any `embedded_io_async::Write` |
//! | `http` | `GET /metrics` without sockets; with `embedded-io-async` over any asynchronous stream |
//! | `smoltcp` | the same on sockets of smoltcp, and frames as datagrams |
//! | `defmt` | `transport::defmt::dump`: the metrics as lines of the log; `defmt::Format` for errors |
//! | `f32` | `GaugeF32`, and the digits of `f32` in text |
//! | `f64` | the digits of `f64` in text, for hosts |
//! | `critical-section` | atomics on targets without compare-and-swap; for binaries to set, not needed for tables and the like |
#![no_std]
#![forbid(unsafe_code)]

// What the derive macros write, as everywhere else.
#[cfg(feature = "derive")]
extern crate self as narthex;
#[cfg(any(test, loom))]
extern crate std;

mod declare;
pub mod frame;
#[cfg(feature = "http")]
pub mod http;
pub mod instrument;
pub mod model;
pub mod registry;
#[cfg(feature = "derive")]
pub mod runtime;
pub mod text;
pub mod transport;
pub mod wire;

#[cfg(feature = "f32")]
pub use instrument::GaugeF32;
pub use instrument::{
    Counter, CounterFn, ExponentialHistogram, Gauge, GaugeFn, Histogram, Info, OptionalGauge,
    OptionalGaugeFn, SignedExponentialHistogram, StateSet, Summary,
};
#[cfg(feature = "derive")]
pub use narthex_derive::{LabelSet, LabelValues, Metrics};
pub use registry::{
    DynRegistry, Family, LabelSet, LabelValues, Metrics, Registry, TableFamily, WithBoth, WithDistributions,
    WithTables,
};
