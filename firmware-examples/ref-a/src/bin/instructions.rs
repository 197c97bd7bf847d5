//! Counts the instructions of each update of a metric, of a page and of a snapshot, and prints `what<TAB>instructions`;
//! and how large is what firmware keeps to make pages and snapshots.
//!
//! For an emulator that counts instructions as time (`-icount shift=10`: one takes 1024 ns). What is printed is what an
//! update adds to the function it is written in; [`machine::Ruler`] says how that is measured.
#![no_std]
#![no_main]
#![cfg_attr(feature = "http", allow(dead_code, unused_imports, reason = "the rest is measured without"))]

use core::hint::black_box;
use core::panic::PanicInfo;
use core::time::Duration;

use machine::Ruler;
#[cfg(feature = "http")]
use narthex::http::{Connection, Endpoint, Wants};
use narthex::text::{Encoder, Format};
use narthex::transport::{Memory, Reporter, Requests};
use narthex::wire::Identity;
use narthex::{Counter, Registry};
use ref_a::{FINE, FINE_GRID, LEVEL, PEERS, Peer, RADIO, REGISTRY, Reason, TURNS, TURNS_GRID};
use semihosting::println;

type Operation<T> = extern "C" fn(T);

/// What one operation takes.
fn count(ruler: &Ruler, operation: *const (), argument: u32) -> u32 {
    // SAFETY: every caller passes a function that takes at most one word, and that word.
    unsafe { ruler.count(operation, argument) }
}

fn print(ruler: &Ruler, what: &str, operation: *const (), argument: u32) {
    println!("{what}\t{}", count(ruler, operation, argument));
}

extern "C" fn counter_inc(_: u32) {
    RADIO.received_frames_total.inc();
}
extern "C" fn counter_add(n: u32) {
    RADIO.received_bytes_total.add(n);
}
extern "C" fn counter_get(counter: &Counter) -> u64 {
    counter.get()
}
extern "C" fn gauge_set(value: i32) {
    LEVEL.set(value);
}
extern "C" fn family_inc(reason: Reason) {
    RADIO.dropped_frames_total.at(reason).inc();
}
extern "C" fn histogram_observe(value: u32) {
    RADIO.acknowledgement_seconds().observe(value);
}

extern "C" fn exponential_observe(value: u32) {
    TURNS.with(&TURNS_GRID).observe(value);
}
extern "C" fn finest_observe(value: u32) {
    FINE.with(&FINE_GRID).observe(value);
}

extern "C" fn table_update(address: u32) {
    PEERS.update(Peer { address: address as u16 }, Counter::inc);
}

/// Bytes of a buffer: one segment of TCP.
const SEGMENT: usize = 1460;

/// A page, as a server prints it, into the same buffer again and again.
extern "C" fn page(buf: &mut [u8; SEGMENT]) -> usize {
    let (mut encoder, mut len) = (Encoder::new(Format::Text), 0);
    while let Ok(n @ 1..) = encoder.fill(&REGISTRY, buf) {
        len += n;
    }
    len
}

#[cfg(feature = "http")]
static ENDPOINT: Endpoint<'static, Registry> = Endpoint::new(&REGISTRY);

#[cfg(feature = "http")]
/// As Prometheus 3 asks for text.
const REQUEST: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: 192.0.2.7:80\r\nUser-Agent: Prometheus/3.5.0\r\n\
    Accept: text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n\
    Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n";

#[cfg(feature = "http")]
/// A client of the server, and what goes to it.
struct Client<'b> {
    connection: Connection<'b>,
    buf: [u8; SEGMENT],
    sent: usize,
}

#[cfg(feature = "http")]
extern "C" fn receive(client: &mut Client<'_>) {
    client.connection.receive(&ENDPOINT, REQUEST, Duration::ZERO);
}

#[cfg(feature = "http")]
/// The answer, segment by segment.
extern "C" fn answer(client: &mut Client<'_>) {
    while client.connection.wants() == Wants::Room {
        client.sent += client.connection.send(&ENDPOINT, &mut client.buf, true, Duration::ZERO);
    }
}

/// What sends snapshots.
struct Sender<M, R> {
    reporter: Reporter<'static, Registry, M, R>,
    seconds: u64,
    buf: [u8; 256],
}

impl<M: Memory, R: Requests> Sender<M, R> {
    /// One that has told what the numbers mean.
    fn new(reporter: Reporter<'static, Registry, M, R>) -> Self {
        let mut sender = Self { reporter, seconds: 0, buf: [0; 256] };
        for _ in 0..3 {
            send(&mut sender);
        }
        sender
    }

    fn measure(&mut self, ruler: &Ruler, what: &str) {
        let operation: extern "C" fn(&mut Self) = send;
        print(ruler, what, operation as *const (), address(self));
    }
}

extern "C" fn send<M: Memory, R: Requests>(sender: &mut Sender<M, R>) {
    sender.seconds += 1;
    sender.reporter.begin(Duration::from_secs(sender.seconds));
    while let Ok(Some(frame)) = sender.reporter.frame(&mut sender.buf) {
        black_box(frame);
    }
}

/// Counts as a radio does in a day.
fn work() {
    for (n, counter) in counters().into_iter().enumerate() {
        counter.add(12_345 << n);
    }
    for (n, reason) in REASONS.into_iter().enumerate() {
        RADIO.dropped_frames_total.at(reason).add(7 << n);
    }
    for n in 0..1_000 {
        RADIO.acknowledgement_seconds().observe(n * 25);
    }
    for address in 1..=8 {
        table_update(address);
    }
}

fn counters() -> [&'static Counter; 10] {
    let radio = &RADIO;
    [
        &radio.received_frames_total,
        &radio.received_bytes_total,
        &radio.sent_frames_total,
        &radio.sent_bytes_total,
        &radio.retries_total,
        &radio.busy_total,
        &radio.unacknowledged_total,
        &radio.joins_total,
        &radio.missed_beacons_total,
        &radio.resets_total,
    ]
}

const REASONS: [Reason; 8] = [
    Reason::Crc,
    Reason::Short,
    Reason::Long,
    Reason::Address,
    Reason::Memory,
    Reason::Late,
    Reason::Repeated,
    Reason::Key,
];

/// The address of what an operation takes by reference.
fn address<T>(what: &mut T) -> u32 {
    (&raw mut *what) as u32
}

fn updates(ruler: &Ruler) {
    print(ruler, "counter inc", counter_inc as Operation<u32> as *const (), 0);
    print(ruler, "counter add", counter_add as Operation<u32> as *const (), 1_000);
    let counter = (&raw const RADIO.received_bytes_total) as u32;
    print(ruler, "counter get", counter_get as extern "C" fn(&'static Counter) -> u64 as *const (), counter);
    print(ruler, "gauge set", gauge_set as Operation<i32> as *const (), 42);
    print(ruler, "enum-labelled inc", family_inc as Operation<Reason> as *const (), Reason::Late as u32);
    // Each bucket, by its bound; and +Inf.
    let observe = histogram_observe as Operation<u32> as *const ();
    let bounds = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 20_001];
    let most = bounds.into_iter().map(|value| count(ruler, observe, value)).max();
    println!("histogram observe\t{}", most.unwrap_or_default());
    // All values of an octave, both ends of which are in use: nothing is merged.
    let exponential = exponential_observe as Operation<u32> as *const ();
    let finest = finest_observe as Operation<u32> as *const ();
    for (what, observe) in [("", exponential), (", finest", finest)] {
        let most = |values: [u32; 2]| {
            (values[0]..values[1]).step_by(7).map(|value| count(ruler, observe, value)).max()
        };
        most([1_000, 1_990]);
        println!("exponential histogram observe{what}\t{}", most([1_000, 1_990]).unwrap_or_default());
    }
    // Of all buckets in use and one so far away that they are merged: the longest that interrupts are masked.
    (0..32).for_each(|n| exponential_observe(1_000 << (n / 8)));
    println!("exponential histogram merge\t{}", count(ruler, exponential, u32::MAX));
    print(ruler, "table inc", table_update as Operation<u32> as *const (), 8);
}

fn pages(ruler: &Ruler) {
    let mut buf = [0; SEGMENT];
    let bytes = page(&mut buf) as u32;
    let operation: extern "C" fn(&mut [u8; SEGMENT]) -> usize = page;
    let hundredths = count(ruler, operation as *const (), address(&mut buf)) * 100 / bytes;
    println!("text rendering\t{}.{:02}", hundredths / 100, hundredths % 100);
    println!("text rendering, state\t{}", size_of::<Encoder>());
}

#[cfg(feature = "http")]
fn requests(ruler: &Ruler) {
    let mut head = [0; 512];
    let mut client = Client { connection: Connection::new(&mut head), buf: [0; SEGMENT], sent: 0 };
    client.connection.open(Duration::ZERO);
    receive(&mut client);
    answer(&mut client);
    let bytes = client.sent as u32;
    let operation: extern "C" fn(&mut Client<'_>) = receive;
    print(ruler, "request over HTTP", operation as *const (), address(&mut client));
    let operation: extern "C" fn(&mut Client<'_>) = answer;
    let hundredths = count(ruler, operation as *const (), address(&mut client)) * 100 / bytes;
    println!("page over HTTP\t{}.{:02}", hundredths / 100, hundredths % 100);
    // Beside the buffer, of which it has address and length.
    println!("HTTP, state of a connection\t{}", size_of::<Connection<'_>>() - size_of::<&[u8]>());
}

fn snapshots(ruler: &Ruler) {
    const IDENTITY: Identity<'static> = Identity { device: "radio-1", firmware: "1.0.0" };
    let reporter = || Reporter::new(&REGISTRY, IDENTITY, 1).with_trickle(0);
    println!("RAM, reporter\t{}", size_of_val(&reporter()));
    let mut full = Sender::new(reporter());
    full.measure(ruler, "full snapshot");
    let mut last = [0; 32];
    let mut sparse = Sender::new(reporter().with_memory(&mut last));
    // Eight of the 28 cells change.
    for counter in counters().into_iter().take(8) {
        counter.add(10);
    }
    sparse.measure(ruler, "sparse snapshot");
}

#[machine::entry]
fn main() -> ! {
    let ruler = Ruler::new();
    work();
    // By themselves, as in firmware that has one or the other: what two share is compiled otherwise.
    #[cfg(not(feature = "http"))]
    {
        updates(&ruler);
        pages(&ruler);
        snapshots(&ruler);
    }
    #[cfg(feature = "http")]
    requests(&ruler);
    // What nobody reads, the compiler need not write.
    black_box(LEVEL.get());
    machine::exit()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    machine::fail(info)
}
