//! Counts the instructions of each update of a metric, and prints `what<TAB>instructions`.
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

use cortex_m as _;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::entry;
use lm3s6965evb::host;
use narthex::Counter;
use ref_a::{LEVEL, RADIO, Reason};
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
        (ticks * 1_000 + self.thousand / 2) / self.thousand
    }

    /// Prints what one operation takes beyond an empty function.
    fn print(&self, what: &str, operation: *const (), argument: u32) {
        let all = self.instructions(measure(operation, argument));
        println!("{what}\t{}", all - self.empty);
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

#[entry]
fn main() -> ! {
    let Some(mut core) = cortex_m::Peripherals::take() else { unreachable!("the core is taken once") };
    core.SYST.set_clock_source(SystClkSource::Core);
    core.SYST.set_reload(0x00FF_FFFF);
    core.SYST.clear_current();
    core.SYST.enable_counter();

    let ruler = Ruler::new();
    ruler.print("counter inc", counter_inc as Operation<u32> as *const (), 0);
    ruler.print("counter add", counter_add as Operation<u32> as *const (), 1_000);
    let counter = (&raw const RADIO.received_bytes_total) as u32;
    ruler.print("counter get", counter_get as extern "C" fn(&'static Counter) -> u64 as *const (), counter);
    ruler.print("gauge set", gauge_set as Operation<i32> as *const (), 42);
    ruler.print("family inc by enum", family_inc as Operation<Reason> as *const (), Reason::Late as u32);
    let observe = histogram_observe as Operation<u32> as *const ();
    ruler.print("histogram observe, first bucket", observe, 1);
    ruler.print("histogram observe, last bucket", observe, 20_000);
    ruler.print("histogram observe, +Inf bucket", observe, 20_001);
    // What nobody reads, the compiler need not write.
    black_box(LEVEL.get());
    host::exit();
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    host::fail(info)
}
