//! Counts the instructions of each update of a metric, of a page and of a snapshot, and prints `what<TAB>instructions`;
//! and how large is what firmware keeps to make pages and snapshots.
//!
//! For an emulator that counts instructions as time (`-icount shift=10`: one takes 1024 ns): `SysTick`, read before
//! and after a call, then tells how many were executed, exactly as long as an instruction takes two ticks or more.
//! A stretch of a thousand `nop`s is the measure, so no clock frequency is assumed. The call itself, and the prologue
//! of a function, are taken off: what is printed is what an update adds to the function it is written in.
#![no_std]
#![no_main]

use core::arch::global_asm;
use core::hint::black_box;
use core::panic::PanicInfo;
use core::time::Duration;

use cortex_m as _;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::entry;
use lm3s6965evb::host;
use narthex::text::{Encoder, Format};
use narthex::transport::{Memory, Reporter, Requests};
use narthex::wire::Identity;
use narthex::{Counter, Registry};
use ref_a::{LEVEL, PEERS, Peer, RADIO, REGISTRY, Reason};
use semihosting::println;

global_asm!(
    ".syntax unified",
    ".thumb",
    // u32 ticks(void (*f)(u32), u32 argument): SysTick (SYST_CVR) counts down.
    ".type ticks, %function",
    ".globl ticks",
    ".balign 4",
    "ticks:",
    "push {{r4, r5, r6, lr}}",
    "mov r3, r0",
    "mov r0, r1",
    "ldr r4, =0xe000e018",
    "ldr r5, [r4]",
    "blx r3",
    "ldr r6, [r4]",
    "subs r0, r5, r6",
    "bic r0, r0, #0xff000000",
    "pop {{r4, r5, r6, pc}}",
    ".pool",
    ".macro stretch name n",
    ".type \\name, %function",
    ".globl \\name",
    ".balign 4",
    "\\name:",
    ".rept \\n",
    "nop",
    ".endr",
    "bx lr",
    ".endm",
    "stretch nops0 0",
    "stretch nops1000 1000",
);

type Operation<T> = extern "C" fn(T);

unsafe extern "C" {
    fn ticks(operation: *const (), argument: u32) -> u32;
    safe fn nops0(argument: u32);
    safe fn nops1000(argument: u32);
}

/// A ruler: how many ticks a thousand instructions take, and an empty function.
struct Ruler {
    thousand: u32,
    empty: u32,
}

impl Ruler {
    fn new() -> Self {
        let long = measure(nops1000 as *const (), 0);
        let short = measure(nops0 as *const (), 0);
        let mut ruler = Self { thousand: long - short, empty: 0 };
        ruler.empty = ruler.instructions(measure(empty as Operation<u32> as *const (), 0));
        ruler
    }

    /// Ticks as instructions, rounded.
    fn instructions(&self, ticks: u32) -> u32 {
        ((u64::from(ticks) * 1_000 + u64::from(self.thousand) / 2) / u64::from(self.thousand)) as u32
    }

    /// What one operation takes beyond an empty function.
    fn count(&self, operation: *const (), argument: u32) -> u32 {
        self.instructions(measure(operation, argument)) - self.empty
    }

    fn print(&self, what: &str, operation: *const (), argument: u32) {
        println!("{what}\t{}", self.count(operation, argument));
    }
}

/// Ticks from just before a call until just after it.
fn measure(operation: *const (), argument: u32) -> u32 {
    // SAFETY: every caller passes a function that takes at most one word, which the calling convention puts in `r0`,
    // and that leaves nothing on the stack.
    unsafe { ticks(operation, argument) }
}

extern "C" fn empty(_: u32) {}
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
        ruler.print(what, operation as *const (), address(self));
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
    ruler.print("counter inc", counter_inc as Operation<u32> as *const (), 0);
    ruler.print("counter add", counter_add as Operation<u32> as *const (), 1_000);
    let counter = (&raw const RADIO.received_bytes_total) as u32;
    ruler.print("counter get", counter_get as extern "C" fn(&'static Counter) -> u64 as *const (), counter);
    ruler.print("gauge set", gauge_set as Operation<i32> as *const (), 42);
    ruler.print("enum-labelled inc", family_inc as Operation<Reason> as *const (), Reason::Late as u32);
    // Each bucket, by its bound; and +Inf.
    let observe = histogram_observe as Operation<u32> as *const ();
    let bounds = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 20_001];
    let most = bounds.into_iter().map(|value| ruler.count(observe, value)).max();
    println!("histogram observe\t{}", most.unwrap_or_default());
    ruler.print("table inc", table_update as Operation<u32> as *const (), 8);
}

fn pages(ruler: &Ruler) {
    let mut buf = [0; SEGMENT];
    let bytes = page(&mut buf) as u32;
    let operation: extern "C" fn(&mut [u8; SEGMENT]) -> usize = page;
    let hundredths = ruler.count(operation as *const (), address(&mut buf)) * 100 / bytes;
    println!("text rendering\t{}.{:02}", hundredths / 100, hundredths % 100);
    println!("text rendering, state\t{}", size_of::<Encoder>());
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

#[entry]
fn main() -> ! {
    let Some(mut core) = cortex_m::Peripherals::take() else { unreachable!("the core is taken once") };
    core.SYST.set_clock_source(SystClkSource::Core);
    core.SYST.set_reload(0x00FF_FFFF);
    core.SYST.clear_current();
    core.SYST.enable_counter();

    let ruler = Ruler::new();
    work();
    updates(&ruler);
    pages(&ruler);
    snapshots(&ruler);
    // What nobody reads, the compiler need not write.
    black_box(LEVEL.get());
    host::exit();
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    host::fail(info)
}
