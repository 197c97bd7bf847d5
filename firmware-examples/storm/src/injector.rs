//! Interrupts at an instruction that is chosen: `SysTick` as an alarm, and two levels of interrupts below it.
//!
//! For an emulator in which time is the number of executed instructions. The alarm has the highest priority. It looks
//! where it came, and pends the next level: `PendSV` above thread mode, and above that the first external interrupt.
//! After it has come it runs on with the longest period, as a watchdog: if it comes again, something hangs.

use core::arch::global_asm;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use cortex_m_rt::exception;
use semihosting::{println, process};

use crate::free;
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
    "ldr r3, =alarm",
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
    static armed_call: u8;
    static armed_return: u8;
    static armed_end: u8;
    safe fn nops(seen: &mut Seen);
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
const LONGEST: u32 = 0x00ff_ffff;
/// The first alarm of a sweep comes in the `nop`s of `armed`.
const EARLIEST: u32 = 100;
/// Thread mode, and the interrupts above it.
pub(crate) const LEVELS: usize = 3;
/// Status with which the emulator ends when something hangs.
const HUNG: i32 = 3;

/// What runs at some level.
struct Level {
    run: UnsafeCell<Option<Run>>,
    seen: UnsafeCell<Seen>,
    /// After how many ticks the alarm comes (0: none is set), and whether it has yet to.
    ticks: AtomicU32,
    expected: AtomicBool,
    /// Where it came, and how late it looked.
    pc: AtomicU32,
    late: AtomicU32,
}

// SAFETY: the cells are used by their own level while it runs, and by thread mode between injections.
unsafe impl Sync for Level {}

impl Level {
    const fn new() -> Self {
        Self {
            run: UnsafeCell::new(None),
            seen: UnsafeCell::new(Seen::new()),
            ticks: AtomicU32::new(0),
            expected: AtomicBool::new(false),
            pc: AtomicU32::new(0),
            late: AtomicU32::new(0),
        }
    }
}

static STACK: [Level; LEVELS] = [const { Level::new() }; LEVELS];

/// Which level is running.
static RUNNING: AtomicU32 = AtomicU32::new(0);

/// How many alarms are still to come at any time.
static LEFT: AtomicU32 = AtomicU32::new(0);
/// How many levels were under way, at most, when one came.
static DEEPEST: AtomicU32 = AtomicU32::new(0);
/// Ticks between two alarms, at most.
const LONGEST_PAUSE: u32 = 20_000;

extern "C" fn nothing(_: &mut Seen) {}

/// Where an alarm came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    /// The instruction in front of which it came.
    pub(crate) pc: u32,
    /// By how many ticks it was kept back.
    pub(crate) late: u32,
    pub(crate) place: Place,
}

/// Whether that was in the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Before,
    Inside,
    After,
}

/// The core, ready to interrupt itself.
#[derive(Debug)]
pub(crate) struct Injector {
    /// Ticks of an instruction, rounded down: no step of a sweep may be longer.
    pub(crate) step: u32,
    /// How late an alarm looks, at most, that nothing has kept back.
    prompt: u32,
}

#[allow(clippy::unused_self, reason = "only one may interrupt the core")]
impl Injector {
    /// Sets priorities, and measures time.
    pub(crate) fn new() -> Self {
        write(SHPR3, 0x00c0_0000);
        write(NVIC_IPR, 0x80);
        write(NVIC_ISER, 1);
        let mut injector = Self { step: 0, prompt: 0 };
        write(SYST_RVR, LONGEST);
        write(SYST_CVR, 0);
        write(SYST_CSR, 5);
        let before = current();
        nops(injector.seen(0));
        let ticks = before.wrapping_sub(current()) & LONGEST;
        write(SYST_CSR, 0);
        // The call, the return and the readings are less than eight instructions.
        let step = ticks / (256 + 8);
        // One tick more each time, so that all distances between an alarm and an instruction occur.
        injector.step = 1;
        for ticks in 0..128 {
            let [hit, _] = injector.inject(&[nops_run, nothing], &[ticks]);
            injector.prompt = injector.prompt.max(hit.map_or(0, |hit| hit.late));
        }
        Self { step, ..injector }
    }

    /// What the operation of a level has seen.
    #[allow(clippy::mut_from_ref, reason = "one level each; see below")]
    pub(crate) fn seen(&self, level: usize) -> &mut Seen {
        let level = STACK.get(level).unwrap_or(&STACK[0]);
        // SAFETY: thread mode asks, between injections, and keeps no reference over one.
        unsafe { &mut *level.seen.get() }
    }

    /// Runs an operation at a level's place, without interrupts.
    pub(crate) fn call(&self, level: usize, run: Run) {
        run(self.seen(level).clear());
    }

    /// The instruction that calls what is traced, and that to which it returns.
    pub(crate) fn marks() -> [u32; 2] {
        [&raw const armed_call as u32, &raw const armed_return as u32]
    }

    /// Runs an operation without interrupts, where a tracer finds it: between the marks.
    pub(crate) fn trace(&self, run: Run) {
        // SAFETY: nothing else runs.
        unsafe { armed(run, self.seen(0).clear(), LONGEST) };
        write(SYST_CSR, 0);
    }

    /// Runs the first operation, lets it be preempted by the second after so many instructions, and that by the third.
    /// Tells where. The first few instructions are in front of the operation.
    pub(crate) fn inject(&self, runs: &[Run], instructions: &[u32]) -> [Option<Hit>; LEVELS - 1] {
        for (index, level) in STACK.iter().enumerate() {
            self.seen(index).clear();
            // SAFETY: no other level is running.
            unsafe { level.run.get().write(runs.get(index).copied()) };
            let ticks = instructions.get(index).map_or(0, |instructions| EARLIEST + instructions * self.step);
            level.ticks.store(ticks, Relaxed);
            level.pc.store(0, Relaxed);
        }
        run(0);
        write(SYST_CSR, 0);
        let [outer, middle, _] = &STACK;
        [outer, middle].map(|level| self.hit(level))
    }

    /// Lets the alarm come at any time, so often, while thread mode goes on with `turn`. Each time it does something
    /// itself, and pends one of the levels below or both. Returns how many were under way at a time, at most.
    pub(crate) fn storm(&self, times: u32, mut turn: impl FnMut()) -> u32 {
        LEFT.store(times, Relaxed);
        write(SYST_RVR, LONGEST_PAUSE);
        write(SYST_CVR, 0);
        write(SYST_CSR, 7);
        while LEFT.load(Relaxed) > 0 {
            turn();
        }
        write(SYST_CSR, 0);
        DEEPEST.load(Relaxed)
    }

    fn hit(&self, level: &Level) -> Option<Hit> {
        let pc = level.pc.load(Relaxed);
        let [call, behind, end] =
            [armed as *const () as u32 & !1, &raw const armed_return as u32, &raw const armed_end as u32];
        let place = match pc {
            0 => return None,
            pc if (call..behind).contains(&pc) => Place::Before,
            pc if (behind..end).contains(&pc) => Place::After,
            _ => Place::Inside,
        };
        Some(Hit { pc, late: level.late.load(Relaxed).saturating_sub(self.prompt), place })
    }
}

extern "C" fn nops_run(seen: &mut Seen) {
    nops(seen);
}

fn write(register: *mut u32, value: u32) {
    // SAFETY: all callers pass registers of the core that stand at these addresses; none moves memory.
    unsafe { register.write_volatile(value) }
}

fn current() -> u32 {
    // SAFETY: a register of the core; reading it changes nothing.
    unsafe { SYST_CVR.read_volatile() }
}

/// An alarm that comes at any time.
fn strike(left: u32) {
    write(SYST_RVR, free::pause(LONGEST_PAUSE));
    LEFT.store(left - 1, Relaxed);
    if left == 1 {
        write(SYST_CSR, 0);
    }
    DEEPEST.store(DEEPEST.load(Relaxed).max(RUNNING.load(Relaxed) + 1), Relaxed);
    free::turn(LEVELS);
    if !left.is_multiple_of(4) {
        write(ICSR, ICSR_PENDSVSET);
    }
    if !left.is_multiple_of(3) {
        write(NVIC_ISPR, 1);
    }
}

/// Runs what is to be run at a level.
fn run(index: usize) {
    if LEFT.load(Relaxed) > 0 {
        let below = RUNNING.load(Relaxed);
        RUNNING.store(index as u32, Relaxed);
        free::turn(index);
        RUNNING.store(below, Relaxed);
        return;
    }
    let Some(level) = STACK.get(index) else { return };
    RUNNING.store(index as u32, Relaxed);
    // SAFETY: both are this level's while it runs.
    let (Some(run), seen) = (unsafe { *level.run.get() }, unsafe { &mut *level.seen.get() }) else { return };
    match level.ticks.load(Relaxed) {
        0 => run(seen),
        ticks => {
            level.expected.store(true, Relaxed);
            // SAFETY: as above; the alarm touches neither.
            unsafe { armed(run, seen, ticks) };
            level.expected.store(false, Relaxed);
        }
    }
    RUNNING.store(index.saturating_sub(1) as u32, Relaxed);
}

/// The highest interrupt.
// SAFETY: called by `SysTick` alone, with the frame the core has stacked.
#[unsafe(no_mangle)]
unsafe extern "C" fn alarm(frame: *const u32, current: u32) {
    // SAFETY: a frame has eight words, the seventh is where the core was.
    let pc = unsafe { *frame.add(6) };
    let left = LEFT.load(Relaxed);
    if left > 0 {
        return strike(left);
    }
    let index = RUNNING.load(Relaxed);
    let Some(level) = STACK.get(index as usize).filter(|level| level.expected.load(Relaxed)) else {
        println!("hung\t{index}\t{pc:x}");
        process::exit(HUNG)
    };
    level.expected.store(false, Relaxed);
    level.pc.store(pc, Relaxed);
    level.late.store(LONGEST.wrapping_sub(current) & LONGEST, Relaxed);
    if index == 0 { write(ICSR, ICSR_PENDSVSET) } else { write(NVIC_ISPR, 1) }
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
