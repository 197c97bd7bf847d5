//! Cortex-M: `SysTick` is the alarm, and has the highest priority. Below it are the first external interrupt and, lowest,
//! `PendSV`: the two levels above thread mode.

use core::arch::global_asm;

use cortex_m_rt::exception;

use super::run;
use crate::operation::{Run, Seen};

global_asm!(
    ".syntax unified",
    ".thumb",
    // armed(operation, seen, ticks): starts the alarm and calls the operation.
    ".type armed, %function",
    ".globl armed",
    ".globl armed_call",
    ".globl armed_return",
    ".globl armed_end",
    ".balign 4",
    "armed:",
    "push {{r4, r5, r6, lr}}",
    "mov r3, r0",
    "mov r0, r1",
    "ldr r4, =0xe000e010",
    "ldr r5, =0x00ffffff",
    "movs r6, #7",
    "str r2, [r4, #4]", // SYST_RVR
    "str r2, [r4, #8]", // SYST_CVR: any write clears it
    "str r6, [r4]",     // SYST_CSR: core clock, interrupt, enable
    // The timer takes the first period with its first tick.
    ".rept 4",
    "nop",
    ".endr",
    "str r5, [r4, #4]", // the period behind the first
    // The shortest alarm must come behind that store, and in front of the operation.
    ".rept 8",
    "nop",
    ".endr",
    "armed_call:",
    "blx r3",
    "armed_return:",
    "str r5, [r4, #8]", // begins a long period: an alarm that has not come is given up
    "pop {{r4, r5, r6, pc}}",
    "armed_end:",
    ".pool",
    ".size armed, armed_end - armed",
    // The frame that the core has stacked, and how far the timer has run since.
    ".type SysTick, %function",
    ".globl SysTick",
    ".balign 4",
    "SysTick:",
    "ldr r2, =0xe000e018",
    "ldr r1, [r2]",
    "mov r0, sp",
    "ldr r3, =systick",
    "bx r3",
    ".pool",
    ".size SysTick, . - SysTick",
    // nops(): a stretch to measure time with.
    ".type nops, %function",
    ".globl nops",
    ".balign 4",
    "nops:",
    ".rept 256",
    "nop",
    ".endr",
    "bx lr",
    ".size nops, . - nops",
);

#[allow(improper_ctypes, reason = "passed on to functions of this crate")]
unsafe extern "C" {
    fn armed(run: Run, seen: *mut Seen, ticks: u32);
}

const SYST_CSR: *mut u32 = 0xe000_e010 as *mut u32;
const SYST_RVR: *mut u32 = 0xe000_e014 as *mut u32;
const SYST_CVR: *mut u32 = 0xe000_e018 as *mut u32;
const NVIC_ISER: *mut u32 = 0xe000_e100 as *mut u32;
const NVIC_ISPR: *mut u32 = 0xe000_e200 as *mut u32;
const NVIC_IPR: *mut u32 = 0xe000_e400 as *mut u32;
const ICSR: *mut u32 = 0xe000_ed04 as *mut u32;
const ICSR_PENDSVSET: u32 = 1 << 28;
const SHPR3: *mut u32 = 0xe000_ed20 as *mut u32;

/// The longest period of the timer.
pub(super) const LONGEST: u32 = 0x00ff_ffff;
/// By how many ticks an alarm may come late: it begins to count when it is told to.
pub(super) const JITTER: u32 = 0;

fn write(register: *mut u32, value: u32) {
    // SAFETY: all callers pass registers of the core that stand at these addresses; none moves memory.
    unsafe { register.write_volatile(value) }
}

fn current() -> u32 {
    // SAFETY: a register of the core; reading it changes nothing.
    unsafe { SYST_CVR.read_volatile() }
}

/// Where `armed` is.
pub(super) fn begin() -> u32 {
    armed as *const () as u32 & !1
}

/// Orders the interrupts.
pub(super) fn start() {
    write(SHPR3, 0x00c0_0000);
    write(NVIC_IPR, 0x80);
    write(NVIC_ISER, 1);
}

/// How many ticks something takes.
pub(super) fn measure(what: impl FnOnce()) -> u32 {
    write(SYST_RVR, LONGEST);
    write(SYST_CVR, 0);
    write(SYST_CSR, 5);
    let before = current();
    what();
    let ticks = before.wrapping_sub(current()) & LONGEST;
    silence();
    ticks
}

/// Lets the alarm come after so many ticks, and runs the operation.
///
/// # Safety
/// Nobody else uses `seen` meanwhile.
pub(super) unsafe fn arm(run: Run, seen: &mut Seen, ticks: u32) {
    // SAFETY: the caller's; the function is the one above.
    unsafe { armed(run, seen, ticks) };
}

/// The alarm comes no more.
pub(super) fn silence() {
    write(SYST_CSR, 0);
}

/// Lets alarms come, the first after so many ticks.
pub(super) fn begin_alarms(ticks: u32) {
    write(SYST_RVR, ticks);
    write(SYST_CVR, 0);
    write(SYST_CSR, 7);
}

/// Lets the alarm after the next one come so many ticks behind it.
pub(super) fn next_alarm(ticks: u32) {
    write(SYST_RVR, ticks);
}

/// Lets a level run as soon as no higher one does.
pub(super) fn pend(level: usize) {
    if level == 1 { write(ICSR, ICSR_PENDSVSET) } else { write(NVIC_ISPR, 1) }
}

/// The highest interrupt.
// SAFETY: called by `SysTick` alone, with the frame the core has stacked.
#[unsafe(no_mangle)]
unsafe extern "C" fn systick(frame: *const u32, current: u32) {
    // SAFETY: a frame has eight words, the seventh is where the core was.
    let pc = unsafe { *frame.add(6) };
    super::alarm(pc, LONGEST.wrapping_sub(current) & LONGEST);
}

#[exception]
fn PendSV() {
    run(1);
}

// The first external interrupt; no other is enabled.
// SAFETY: it only runs what is set up for it.
#[exception]
unsafe fn DefaultHandler(_: i16) {
    run(2);
}
