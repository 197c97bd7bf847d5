//! RISC-V with a CLINT: the machine timer is the alarm. It has no levels below it; its handler runs them itself, with
//! interrupts let in again, so that the alarm can preempt them in turn.

use core::arch::global_asm;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use riscv::interrupt;
use riscv::register::{mepc, mie, mstatus};

use super::{LEVELS, run, running};
use crate::operation::{Run, Seen};

global_asm!(
    // Lets the alarm come \ticks after now; s0 is mtimecmp, s1 is mtime. No alarm comes while it is written.
    ".macro alarm_in ticks",
    "li t1, -1",
    "sw t1, 4(s0)",
    "1:",
    "lw t1, 4(s1)",
    "lw t2, 0(s1)",
    "lw t3, 4(s1)",
    "bne t1, t3, 1b",
    "add t3, t2, \\ticks",
    "sltu t2, t3, t2",
    "add t1, t1, t2",
    "sw t3, 0(s0)",
    "sw t1, 4(s0)",
    ".endm",
    // armed(operation, seen, ticks): starts the alarm and calls the operation.
    ".type armed, %function",
    ".globl armed",
    ".globl armed_call",
    ".globl armed_return",
    ".globl armed_end",
    ".balign 4",
    "armed:",
    "addi sp, sp, -16",
    "sw ra, 12(sp)",
    "sw s0, 8(sp)",
    "sw s1, 4(sp)",
    "mv t0, a0",
    "mv a0, a1",
    "li s0, 0x02004000",
    "li s1, 0x0200bff8",
    "alarm_in a2",
    // The shortest alarm must come behind that, and in front of the operation.
    ".rept 12",
    "nop",
    ".endr",
    "armed_call:",
    "jalr t0",
    "armed_return:",
    "li a2, 0x00ffffff", // begins a long period: an alarm that has not come is given up
    "alarm_in a2",
    "lw s1, 4(sp)",
    "lw s0, 8(sp)",
    "lw ra, 12(sp)",
    "addi sp, sp, 16",
    "ret",
    "armed_end:",
    ".size armed, armed_end - armed",
    // nops(): a stretch to measure time with.
    ".type nops, %function",
    ".globl nops",
    ".balign 4",
    "nops:",
    ".rept 256",
    "nop",
    ".endr",
    "ret",
    ".size nops, . - nops",
);

#[allow(improper_ctypes, reason = "passed on to functions of this crate")]
unsafe extern "C" {
    fn armed(run: Run, seen: *mut Seen, ticks: u32);
}

const MTIMECMP: *mut u32 = 0x0200_4000 as *mut u32;
const MTIME: *mut u32 = 0x0200_bff8 as *mut u32;

/// The longest period: that of the other cores.
pub(super) const LONGEST: u32 = 0x00ff_ffff;
/// By how many ticks an alarm may come late: the time goes on by itself, and may be read just before a tick.
pub(super) const JITTER: u32 = 1;

/// Levels that are to run.
static PENDING: [AtomicBool; LEVELS] = [const { AtomicBool::new(false) }; LEVELS];

/// The lower word of the time, which comes round; differences are short.
fn now() -> u32 {
    // SAFETY: a register of the CLINT; reading it changes nothing.
    unsafe { MTIME.read_volatile() }
}

/// The lower word of the time of the next alarm.
fn due() -> u32 {
    // SAFETY: as above.
    unsafe { MTIMECMP.read_volatile() }
}

fn alarm_in(ticks: u32) {
    silence();
    // SAFETY: registers of the CLINT, which move no memory; the upper word is written last, and keeps an alarm from
    // coming before.
    unsafe {
        let upper = loop {
            let upper = MTIME.add(1).read_volatile();
            let lower = MTIME.read_volatile();
            if MTIME.add(1).read_volatile() == upper {
                let (lower, carry) = lower.overflowing_add(ticks);
                MTIMECMP.write_volatile(lower);
                break upper + u32::from(carry);
            }
        };
        MTIMECMP.add(1).write_volatile(upper);
    }
}

/// Where `armed` is.
pub(super) fn begin() -> u32 {
    armed as *const () as u32
}

/// Lets interrupts come.
pub(super) fn start() {
    silence();
    // SAFETY: no critical section is running.
    unsafe {
        mie::set_mtimer();
        interrupt::enable();
    }
}

/// How many ticks something takes.
pub(super) fn measure(what: impl FnOnce()) -> u32 {
    let before = now();
    what();
    now().wrapping_sub(before)
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
    // SAFETY: the upper word of the time of the alarm, which moves no memory.
    unsafe { MTIMECMP.add(1).write_volatile(u32::MAX) };
}

/// Lets alarms come, the first after so many ticks.
pub(super) fn begin_alarms(ticks: u32) {
    alarm_in(ticks);
}

/// Lets the next alarm come after so many ticks.
pub(super) fn next_alarm(ticks: u32) {
    alarm_in(ticks);
}

/// Lets a level run as soon as no higher one does.
pub(super) fn pend(level: usize) {
    if let Some(pending) = PENDING.get(level) {
        pending.store(true, Relaxed);
    }
}

/// The levels above the one that runs, the highest first.
fn above() -> impl Iterator<Item = (usize, &'static AtomicBool)> {
    PENDING.iter().enumerate().skip(running() + 1).rev()
}

/// The alarm, and behind it the levels above the one that it has preempted.
// SAFETY: the symbol is the one by which the runtime calls it, with interrupts masked.
#[unsafe(no_mangle)]
extern "C" fn MachineTimer() {
    let late = now().wrapping_sub(due());
    let (pc, status) = (mepc::read(), mstatus::read());
    alarm_in(LONGEST);
    super::alarm(pc as u32, late);
    while let Some((level, pending)) = above().find(|(_, pending)| pending.load(Relaxed)) {
        pending.store(false, Relaxed);
        // SAFETY: what the trap has saved is put back below, so another may come.
        unsafe { interrupt::enable() };
        run(level);
        interrupt::disable();
    }
    // SAFETY: as they were when this began, for the return from the trap.
    unsafe {
        mepc::write(pc);
        mstatus::write(status);
    }
}
