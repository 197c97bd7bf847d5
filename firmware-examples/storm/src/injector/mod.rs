//! Interrupts at an instruction that is chosen: a timer as an alarm, and two levels of interrupts below it. What depends
//! on the core is in `arm` and `riscv`.
//!
//! For an emulator in which time is the number of executed instructions. The alarm looks where it came, and lets the
//! next level run. After it has come it runs on with the longest period, as a watchdog: if it comes again, something
//! hangs.

#[cfg_attr(target_arch = "arm", path = "arm.rs")]
#[cfg_attr(target_arch = "riscv32", path = "riscv.rs")]
mod port;

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use port::LONGEST;
use semihosting::{println, process};

use crate::free;
use crate::operation::{Run, Seen};

unsafe extern "C" {
    static armed_call: u8;
    static armed_return: u8;
    static armed_end: u8;
}
#[allow(improper_ctypes, reason = "passed on to functions of this crate")]
unsafe extern "C" {
    safe fn nops(seen: &mut Seen);
}

/// After how many instructions the first alarm of a sweep comes: in the `nop`s of `armed`.
const EARLIEST: u32 = 10;
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
    /// Ticks until the first alarm of a sweep.
    earliest: u32,
    /// How late an alarm looks, at most, that nothing has kept back.
    prompt: u32,
}

#[allow(clippy::unused_self, reason = "only one may interrupt the core")]
impl Injector {
    /// Sets priorities, and measures time.
    pub(crate) fn new() -> Self {
        port::start();
        let mut injector = Self { step: 1, earliest: 0, prompt: 0 };
        let seen = injector.seen(0);
        // The call, the return and the readings are less than eight instructions.
        let step = port::measure(|| nops(seen)) / (256 + 8);
        injector.earliest = EARLIEST * step;
        // One tick more each time, so that all distances between an alarm and an instruction occur.
        for ticks in 0..128 {
            let [hit, _] = injector.inject(&[nops_run, nothing], &[ticks]);
            injector.prompt = injector.prompt.max(hit.map_or(0, |hit| hit.late));
        }
        Self { step: step - port::JITTER, ..injector }
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
        unsafe { port::arm(run, self.seen(0).clear(), LONGEST) };
        port::silence();
    }

    /// Runs the first operation, lets it be preempted by the second after so many instructions, and that by the third.
    /// Tells where. The first few instructions are in front of the operation.
    pub(crate) fn inject(&self, runs: &[Run], instructions: &[u32]) -> [Option<Hit>; LEVELS - 1] {
        for (index, level) in STACK.iter().enumerate() {
            self.seen(index).clear();
            // SAFETY: no other level is running.
            unsafe { level.run.get().write(runs.get(index).copied()) };
            let ticks =
                instructions.get(index).map_or(0, |instructions| self.earliest + instructions * self.step);
            level.ticks.store(ticks, Relaxed);
            level.pc.store(0, Relaxed);
        }
        run(0);
        port::silence();
        let [outer, middle, _] = &STACK;
        [outer, middle].map(|level| self.hit(level))
    }

    /// Lets the alarm come at any time, so often, while thread mode goes on with `turn`. Each time it does something
    /// itself, and pends one of the levels below or both. Returns how many were under way at a time, at most.
    pub(crate) fn storm(&self, times: u32, mut turn: impl FnMut()) -> u32 {
        LEFT.store(times, Relaxed);
        port::begin_alarms(LONGEST_PAUSE);
        while LEFT.load(Relaxed) > 0 {
            turn();
        }
        port::silence();
        DEEPEST.load(Relaxed)
    }

    fn hit(&self, level: &Level) -> Option<Hit> {
        let pc = level.pc.load(Relaxed);
        let [call, behind, end] =
            [port::begin(), &raw const armed_return as u32, &raw const armed_end as u32];
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

/// An alarm that comes at any time.
fn strike(left: u32) {
    LEFT.store(left - 1, Relaxed);
    port::next_alarm(free::pause(LONGEST_PAUSE));
    if left == 1 {
        port::silence();
    }
    DEEPEST.store(DEEPEST.load(Relaxed).max(RUNNING.load(Relaxed) + 1), Relaxed);
    free::turn(LEVELS);
    if !left.is_multiple_of(4) {
        port::pend(1);
    }
    if !left.is_multiple_of(3) {
        port::pend(2);
    }
}

/// Which level is running.
fn running() -> usize {
    RUNNING.load(Relaxed) as usize
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
            unsafe { port::arm(run, seen, ticks) };
            level.expected.store(false, Relaxed);
        }
    }
    RUNNING.store(index.saturating_sub(1) as u32, Relaxed);
}

/// The alarm, which has come in front of the instruction at `pc`, and is looked at so many ticks later.
fn alarm(pc: u32, late: u32) {
    let left = LEFT.load(Relaxed);
    if left > 0 {
        return strike(left);
    }
    let index = running();
    let Some(level) = STACK.get(index).filter(|level| level.expected.load(Relaxed)) else {
        println!("hung\t{index}\t{pc:x}");
        process::exit(HUNG)
    };
    level.expected.store(false, Relaxed);
    level.pc.store(pc, Relaxed);
    level.late.store(late, Relaxed);
    port::pend(index + 1);
}
