//! Interrupts every operation of narthex at each of its instructions, and checks that nothing is lost, torn or hung.
//!
//! For QEMU with `-icount shift=10`, where time is the number of executed instructions. Without that option an
//! interrupt comes between blocks of instructions only, and races stay hidden.
#![no_std]

mod free;
mod injector;
mod operation;
mod order;
mod stack;
mod subject;
mod sweep;

use core::sync::atomic::Ordering::Relaxed;

// Only to be linked: the runtime.
use machine as _;
use semihosting::println;

use injector::Injector;
use operation::{Nature, Operation};
pub use stack::{paint, unused};
use subject::{LOCKS, RACES, START};
use sweep::Sweep;

/// Status when it is not known what to do.
const UNKNOWN: i32 = 2;
/// Status when something was lost.
const LOST: i32 = 4;

/// Does what it is told, prints what it finds, and returns a status. `number` is the carry from which counters begin, or
/// how many interrupts come freely; of a long operation each instruction is the turn of one in so many `turns`.
pub fn run(what: &str, number: u32, turns: u32) -> i32 {
    paint();
    START.store(number, Relaxed);
    let mut sweep = Sweep::new(true);
    let mut whole = true;
    match what {
        "trace" => trace(sweep.injector()),
        "one" => one(&mut sweep, turns),
        "related" => drop(related(&mut sweep)),
        "two" => two(&mut sweep, turns),
        "races" => pairs(&mut sweep, RACES),
        "locks" => pairs(&mut sweep, LOCKS),
        "free" => whole = free(&sweep, number),
        _ => return UNKNOWN,
    }
    println!("stack\t{}", unused());
    if whole { 0 } else { LOST }
}

/// What [`sample`] has found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// How many operations were preempted.
    pub operations: u32,
    /// How often, by any of the operations on the same.
    pub injections: u32,
    /// How often something was lost or torn.
    pub bad: u32,
    /// The same, where it must be: of a counter that is racy.
    pub caught: u32,
}

/// Lets each short operation be preempted by each on the same instrument, at each instruction; and a racy counter.
/// Prints nothing, but for what hangs.
pub fn sample() -> Sample {
    let mut sweep = Sweep::new(false);
    let mut sample = related(&mut sweep);
    for outer in RACES {
        for inner in RACES {
            sample.caught += sweep.one(outer, inner, 0, 1).bad;
        }
    }
    sample
}

/// Each short operation preempted by each short one of its subject.
fn related(sweep: &mut Sweep) -> Sample {
    let mut sample = Sample::default();
    for outer in subject::all().filter(|outer| !outer.long) {
        sample.operations += 1;
        for inner in subject::all().filter(|inner| !inner.long && core::ptr::eq(inner.subject, outer.subject))
        {
            let tally = sweep.one(outer, inner, 0, 1);
            sample.injections += tally.injections;
            sample.bad += tally.bad;
        }
    }
    sample
}

/// Runs each operation once, where a tracer finds it.
fn trace(injector: &Injector) {
    let [call, behind] = Injector::marks();
    println!("marks\t{call:x}\t{behind:x}");
    for operation in subject::all() {
        order::reset(&[operation]);
        println!("operation\t{}\t{}", operation.name, if operation.long { "long" } else { "short" });
        injector.trace(operation.run);
    }
}

/// Each operation preempted by each. Of a long one, each instruction is the turn of one in so many; without turns, long
/// ones are left out.
fn one(sweep: &mut Sweep, turns: u32) {
    let every = turns.min(subject::all().count() as u32);
    for outer in subject::all().filter(|outer| !outer.long || every > 0) {
        for (turn, inner) in (0..).zip(subject::all()) {
            let (first, every) = if outer.long { (turn % every, every) } else { (0, 1) };
            sweep.one(outer, inner, first, every);
        }
    }
}

/// Each short operation preempted by each of its subject, and that by each.
fn two(sweep: &mut Sweep, turns: u32) {
    let short = || subject::all().filter(|operation| !operation.long && !operation.once);
    let whole = |operation: &&Operation| operation.nature != Nature::Sections;
    for outer in short().filter(whole) {
        let related = || short().filter(|other| core::ptr::eq(other.subject, outer.subject));
        let pairs = related().filter(whole).count() * related().count();
        let every = turns.min(pairs as u32);
        let mut turn = 0;
        for middle in related().filter(whole) {
            for inner in related() {
                sweep.two([outer, middle, inner], turn % every, every);
                turn += 1;
            }
        }
    }
}

fn pairs(sweep: &mut Sweep, operations: &[Operation]) {
    for outer in operations {
        for inner in operations {
            sweep.one(outer, inner, 0, 1);
        }
    }
}

/// Interrupts that come when they like. Returns whether nothing was lost.
fn free(sweep: &Sweep, interrupts: u32) -> bool {
    for operation in subject::all() {
        order::reset(&[operation]);
    }
    free::run(sweep.injector(), interrupts)
}
