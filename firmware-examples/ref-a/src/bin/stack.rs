//! Measures how much stack each entry point of narthex uses, and prints `stack of WHAT<TAB>bytes`; and how many
//! instructions that call took, which bounds how long it masked interrupts: `length of WHAT<TAB>instructions`.
//!
//! Memory below the stack pointer is painted before a call and looked at behind it: the lowest word that has changed
//! tells how deep the call went. What a function writes there is counted, and all functions push on entry. The
//! trampoline's own share, measured with an empty function, is taken off; the caller's buffers are the caller's. The
//! emulator counts instructions as time (`-icount shift=10`), and a thousand `nop`s are the measure of `SysTick`.
#![no_std]
#![no_main]

use core::arch::{asm, global_asm};
use core::hint::black_box;
use core::panic::PanicInfo;
use core::time::Duration;

use cortex_m::peripheral::syst::SystClkSource;
use narthex::Counter;
use narthex::frame::Decoder;
use narthex::http::{Connection, Endpoint, Wants};
use narthex::model::Source as _;
use narthex::text::{Encoder, Format};
use narthex::transport::Reporter;
use narthex::wire::Identity;
use ref_a::everything::{ALL, BUS, DYNAMIC, Link, REGISTRY, Way, Wire, peer};
use ref_a::{RADIO, Reason};
use semihosting::println;

global_asm!(
    ".syntax unified",
    ".thumb",
    // u64 run(void (*f)(void *), void *argument): how many bytes below its own frame `f` has written, and in the upper
    // half how many ticks it took (SYST_CVR counts down).
    ".type run, %function",
    ".globl run",
    ".balign 4",
    "run:",
    "push {{r4, r5, r6, r7, lr}}",
    "mov r4, sp",
    "ldr r5, =8192",
    "subs r5, r4, r5",
    "ldr r6, =0xa5c3965a",
    "mov r2, r5",
    "1: str r6, [r2]",
    "adds r2, r2, #4",
    "cmp r2, r4",
    "bne 1b",
    "mov r2, r0",
    "mov r0, r1",
    "ldr r3, =0xe000e018",
    "ldr r7, [r3]",
    "blx r2",
    "ldr r3, =0xe000e018",
    "ldr r1, [r3]",
    "subs r1, r7, r1",
    "lsls r1, r1, #8",
    "lsrs r1, r1, #8",
    "2: ldr r0, [r5]",
    "cmp r0, r6",
    "bne 3f",
    "adds r5, r5, #4",
    "cmp r5, r4",
    "bne 2b",
    "3: subs r0, r4, r5",
    "pop {{r4, r5, r6, r7, pc}}",
    ".pool",
);

unsafe extern "C" {
    fn run(f: *const (), argument: *mut ()) -> u64;
}

/// Calls the closure that the word points to.
extern "C" fn call<F: FnMut()>(f: &mut F) {
    f();
}

/// What a call took, that of the trampoline included: bytes of stack, and ticks.
#[inline(never)]
fn measure<F: FnMut()>(mut f: F) -> (u32, u32) {
    let trampoline: extern "C" fn(&mut F) = call::<F>;
    // SAFETY: `run` calls the trampoline once, with its argument, a closure that outlives the call; it writes to no
    // memory but what is below the stack pointer, where there is nothing, and where this firmware has 8 KiB to spare.
    let both = unsafe { run(trampoline as *const (), (&raw mut f).cast()) };
    (both as u32, (both >> 32) as u32)
}

/// What an empty call takes, and how many ticks a thousand instructions do.
struct Ruler {
    empty: (u32, u32),
    thousand: u32,
}

impl Ruler {
    fn new() -> Self {
        let empty = measure(|| ());
        // SAFETY: does nothing.
        let thousand = measure(|| unsafe { asm!(".rept 1000", "nop", ".endr") });
        Self { empty, thousand: thousand.1 - empty.1 }
    }

    fn print<F: FnMut()>(&self, what: &str, f: F) {
        let (bytes, ticks) = measure(f);
        let instructions = u64::from(ticks.saturating_sub(self.empty.1)) * 1_000 / u64::from(self.thousand);
        println!("stack of {what}\t{}", bytes.saturating_sub(self.empty.0));
        println!("length of {what}\t{instructions}");
    }
}

const IDENTITY: Identity<'static> = Identity { device: "radio-1", firmware: "1.0.0" };

#[machine::entry]
fn main() -> ! {
    let Some(mut core) = cortex_m::Peripherals::take() else { unreachable!("the core is taken once") };
    core.SYST.set_clock_source(SystClkSource::Core);
    core.SYST.set_reload(0x00FF_FFFF);
    core.SYST.clear_current();
    core.SYST.enable_counter();
    let ruler = Ruler::new();
    instruments(&ruler);
    tables(&ruler);
    ruler.print("DynRegistry::register", || _ = black_box(DYNAMIC.register(&ALL, BUS)));
    ruler.print("DynRegistry, reading a cell", || _ = black_box(DYNAMIC.read(black_box(0), 0, 0)));
    ruler.print("DynRegistry::unregister", || _ = black_box(DYNAMIC.unregister(&ALL, BUS)));
    pages(&ruler);
    requests(&ruler);
    frames(&ruler);
    machine::exit();
}

#[inline(never)]
fn instruments(ruler: &Ruler) {
    ruler.print("Counter::inc", || ALL.frames_total.inc());
    ruler.print("Counter::add", || ALL.frames_total.add(black_box(u32::MAX)));
    ruler.print("Counter::add_u64", || ALL.frames_total.add_u64(black_box(u64::MAX >> 8)));
    ruler.print("Counter::get", || _ = black_box(ALL.frames_total.get()));
    ruler.print("Gauge::add", || ALL.celsius.add(black_box(7)));
    ruler.print("OptionalGauge::set_max", || ALL.maybe.set_max(black_box(7)));
    ruler.print("GaugeF32::add", || ALL.ratio.add(black_box(7.0)));
    ruler.print("StateSet::set", || ALL.link.set(black_box(Link::Up)));
    ruler.print("Family::at and inc", || {
        ALL.ways_total.at(Way { reason: black_box(Reason::Key), encrypted: black_box(true) }).inc();
    });
    ruler.print("Histogram observe", || RADIO.acknowledgement_seconds().observe(black_box(700)));
    ruler.print("Histogram observe_n", || {
        RADIO.acknowledgement_seconds().observe_n(black_box(700), black_box(9));
    });
}

#[inline(never)]
fn tables(ruler: &Ruler) {
    let packets = &ALL.packets_total;
    for address in 0..8 {
        packets.update(peer(address), Counter::inc);
    }
    ruler.print("TableFamily::update", || packets.update(peer(black_box(7)), Counter::inc));
    ruler.print("TableFamily::update, full", || packets.update(peer(black_box(9)), Counter::inc));
    ruler.print("TableFamily::remove", || _ = black_box(packets.remove(peer(black_box(7)))));
    ruler.print("TableFamily::update, insertion", || {
        packets.update(peer(black_box(7)), Counter::inc);
    });
    ruler.print("TableFamily::pin and drop", || drop(black_box(packets.pin(peer(black_box(3))))));
    ruler.print("TableFamily histogram observe", || {
        ALL.answer_seconds().observe(peer(black_box(3)), black_box(12));
    });
    let slots = (0..16).find_map(|index| REGISTRY.slots(index));
    let birth = slots.map_or(0, |slots| slots.birth(3));
    ruler.print("a label of a slot", || _ = black_box(slots.and_then(|slots| slots.label(3, birth, 0))));
    ruler.print("TableFamily::clear", || _ = black_box(packets.clear()));
    for address in 0..9 {
        packets.update(peer(address), Counter::inc);
    }
}

#[inline(never)]
fn pages(ruler: &Ruler) {
    let mut buf = [0; 512];
    for (what, format) in
        [("Encoder::fill", Format::Text), ("Encoder::fill, OpenMetrics", Format::OpenMetrics)]
    {
        let mut encoder = Encoder::new(black_box(format));
        ruler.print(what, || while let Ok(1..) = encoder.fill(&REGISTRY, black_box(&mut buf)) {});
    }
    black_box(DYNAMIC.register(&ALL, BUS).is_err());
    let mut encoder = Encoder::new(black_box(Format::Text));
    ruler.print("Encoder::fill, DynRegistry", || {
        while let Ok(1..) = encoder.fill(&DYNAMIC, black_box(&mut buf)) {}
    });
}

#[inline(never)]
fn requests(ruler: &Ruler) {
    const REQUEST: &[u8] =
        b"GET /metrics HTTP/1.1\r\nHost: d\r\nAccept: */*;q=0.5, application/openmetrics-text\r\n\r\n";
    let (endpoint, mut head, mut buf) = (Endpoint::new(&REGISTRY), [0; 128], [0; 512]);
    let mut connection = Connection::new(&mut head);
    connection.open(Duration::ZERO);
    ruler.print("Connection::receive", || {
        _ = black_box(connection.receive(&endpoint, black_box(REQUEST), Duration::ZERO));
    });
    ruler.print("Connection::send", || {
        while connection.wants() == Wants::Room {
            black_box(connection.send(&endpoint, black_box(&mut buf), true, Duration::ZERO));
        }
    });
}

#[inline(never)]
fn frames(ruler: &Ruler) {
    let (mut buf, mut last, noise) = ([0; 256], [0; 320], [0x55; 256]);
    let mut plain = Reporter::new(&REGISTRY, IDENTITY, black_box(1));
    ruler.print("Reporter::begin", || plain.begin(black_box(Duration::from_secs(1))));
    ruler.print("Reporter::frame", || while let Ok(Some(_)) = plain.frame(black_box(&mut buf)) {});
    let mut all = Reporter::new(&REGISTRY, IDENTITY, black_box(1)).with_memory(&mut last).with_requests();
    for second in 1..4 {
        all.begin(Duration::from_secs(second));
        while let Ok(Some(_)) = all.frame(&mut buf) {}
        RADIO.busy_total.inc();
    }
    all.begin(Duration::from_secs(9));
    ruler.print("Reporter::frame, sparse", || while let Ok(Some(_)) = all.frame(black_box(&mut buf)) {});
    ruler.print("Reporter::receive", || all.receive(black_box(&noise)));
    let mut wire = Wire { receive: &noise, sent: 0 };
    ruler.print("Reporter::poll", || _ = black_box(all.poll(&mut wire)));
    ruler.print("Reporter::send", || _ = black_box(all.send(Duration::from_secs(10), &mut buf, &mut wire)));
    let mut decoder = Decoder::<64>::new();
    ruler.print("Decoder::feed", || {
        let mut input = black_box(&noise[..]);
        while decoder.feed(&mut input).is_some() {}
    });
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    machine::fail(info)
}
