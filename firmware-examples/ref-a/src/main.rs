//! Linked, not run: the sections of this program with and without a feature are what the feature costs.
//!
//! The base already has what any firmware has: `memcpy`, `memset`, `memcmp`, and the buffers, on the stack.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;
#[cfg(any(feature = "http", feature = "wire"))]
use core::time::Duration;

// Not `machine`, which says why it ends: the sections would be those of that.
#[cfg(target_arch = "arm")]
use {cortex_m as _, cortex_m_rt::entry};
#[cfg(target_arch = "riscv32")]
use {riscv as _, riscv_rt::entry};

#[cfg(feature = "http")]
use narthex::http::{Connection, Endpoint, Wants};
#[cfg(all(feature = "text", not(feature = "http")))]
use narthex::text::{Encoder, Format};
#[cfg(feature = "wire")]
use narthex::{
    model::Source,
    transport::{Memory, Reporter, Requests},
    wire::Identity,
};
#[cfg(any(feature = "text", feature = "wire"))]
use ref_a::{RADIO, REGISTRY, Reason};

/// Bytes of the buffer that pages and frames are written to.
const BUFFER: usize = 256;

/// Cells of a snapshot.
#[cfg(feature = "sparse")]
const CELLS: usize = 28;

#[cfg(feature = "wire")]
const IDENTITY: Identity<'static> = Identity { device: "radio-1", firmware: "1.0.0" };

#[entry]
fn main() -> ! {
    let (mut buf, mut other) = ([0; BUFFER], [0; BUFFER]);
    #[cfg(feature = "sparse")]
    let mut last = [0; CELLS];
    #[cfg(feature = "wire")]
    let reporter = Reporter::new(&REGISTRY, IDENTITY, black_box(1));
    #[cfg(feature = "sparse")]
    let reporter = reporter.with_memory(black_box(&mut last));
    #[cfg(feature = "requests")]
    let reporter = reporter.with_requests();
    #[cfg(feature = "wire")]
    let mut reporter = reporter;
    #[cfg(feature = "http")]
    let mut head = Words([0; BUFFER]);
    #[cfg(feature = "http")]
    let mut connection = Connection::new(black_box(&mut head.0));
    #[cfg(feature = "http")]
    connection.open(black_box(Duration::ZERO));
    loop {
        memory(black_box(&mut buf), black_box(&mut other), black_box(BUFFER));
        #[cfg(any(feature = "text", feature = "wire"))]
        count(black_box(7));
        #[cfg(all(feature = "text", not(feature = "http")))]
        print(black_box(&mut buf));
        #[cfg(feature = "http")]
        serve(&mut connection, black_box(&other), black_box(&mut buf));
        #[cfg(feature = "requests")]
        reporter.receive(black_box(&other));
        #[cfg(feature = "wire")]
        send(&mut reporter, black_box(&mut buf));
    }
}

/// Memory that is aligned to words, for which compilers call functions of their own.
#[repr(align(4))]
struct Words([u8; BUFFER]);

/// And to two of them.
#[repr(align(8))]
struct DoubleWords([u8; BUFFER]);

/// Uses the three functions that compilers call unasked, with a length they do not know, and their kin for words.
#[inline(never)]
fn memory(a: &mut [u8; BUFFER], b: &mut [u8; BUFFER], len: usize) {
    black_box(&mut Words([0; BUFFER]).0);
    black_box(&mut Words([b'0'; BUFFER]).0);
    black_box(&mut DoubleWords([0; BUFFER]).0);
    if let (Some(a), Some(b)) = (a.get_mut(..len), b.get_mut(..len)) {
        a.copy_from_slice(b);
        if black_box(&*a) == black_box(&*b) {
            b.fill(black_box(1));
        }
    }
}

/// Updates every metric once.
#[cfg(any(feature = "text", feature = "wire"))]
#[inline(never)]
fn count(n: u32) {
    RADIO.received_frames_total.inc();
    RADIO.received_bytes_total.add(n);
    RADIO.sent_frames_total.inc();
    RADIO.sent_bytes_total.add(n);
    RADIO.retries_total.inc();
    RADIO.busy_total.inc();
    RADIO.unacknowledged_total.inc();
    RADIO.joins_total.inc();
    RADIO.missed_beacons_total.inc();
    RADIO.resets_total.inc();
    RADIO.dropped_frames_total.at(black_box(Reason::Late)).inc();
    RADIO.acknowledgement_seconds().observe(n);
}

#[cfg(feature = "http")]
static ENDPOINT: Endpoint<'static, narthex::Registry> = Endpoint::new(&REGISTRY);

/// Takes what has come, and answers it.
#[cfg(feature = "http")]
#[inline(never)]
fn serve(connection: &mut Connection<'_>, bytes: &[u8; BUFFER], buf: &mut [u8; BUFFER]) {
    let now = black_box(Duration::from_secs(1));
    let endpoint = &ENDPOINT;
    connection.check(endpoint, now);
    black_box(connection.receive(endpoint, bytes, now));
    while connection.wants() == Wants::Room {
        black_box(connection.send(endpoint, buf, black_box(true), now));
        black_box(&buf);
    }
}

/// Prints a page.
#[cfg(all(feature = "text", not(feature = "http")))]
#[inline(never)]
fn print(buf: &mut [u8; BUFFER]) {
    let format = if cfg!(feature = "openmetrics") { black_box(Format::OpenMetrics) } else { Format::Text };
    let mut encoder = Encoder::new(format);
    while let Ok(1..) = encoder.fill(&REGISTRY, buf) {
        black_box(&buf);
    }
}

/// Sends a snapshot.
#[cfg(feature = "wire")]
#[inline(never)]
fn send<S: Source, M: Memory, R: Requests>(reporter: &mut Reporter<'_, S, M, R>, buf: &mut [u8; BUFFER]) {
    reporter.begin(black_box(Duration::from_secs(1)));
    while let Ok(Some(frame)) = reporter.frame(buf) {
        black_box(frame);
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
