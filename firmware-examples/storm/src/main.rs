//! Interrupts every operation of narthex at each of its instructions, and checks that nothing is lost, torn or hung.
//!
//! For QEMU with `-icount shift=10`, where time is the number of executed instructions; arguments say what to do.
//! Without that option an interrupt comes between blocks of instructions only, and races stay hidden.
#![no_std]
#![no_main]

mod free;
mod injector;
mod operation;
mod order;
mod stack;
mod subject;
mod sweep;

use core::panic::PanicInfo;
use core::sync::atomic::Ordering::Relaxed;

use cortex_m as _;
use cortex_m_rt::{ExceptionFrame, entry, exception};
use semihosting::{eprintln, experimental, println, process};

use injector::Injector;
use operation::{Nature, Operation};
use order::Orders;
use subject::{LOCKS, RACES, START};
use sweep::Sweep;

/// Status with which the emulator ends after a panic or a fault.
const FAILED: i32 = 101;
/// Status with which it ends when something was lost.
const LOST: i32 = 4;

#[entry]
fn main() -> ! {
    // Too large for a stack of a few kilobytes.
    static mut ORDERS: Orders = Orders::new();
    stack::paint();
    let Ok(arguments) = experimental::env::args::<256>() else { process::exit(2) };
    let mut arguments = (&arguments).into_iter().filter_map(Result::ok).skip(1);
    let what = arguments.next().unwrap_or("");
    let number = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let turns = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    START.store(number, Relaxed);
    let mut sweep = Sweep::new(ORDERS);
    match what {
        "trace" => trace(sweep.injector()),
        "one" => one(&mut sweep, turns),
        "two" => two(&mut sweep, turns),
        "races" => pairs(&mut sweep, RACES),
        "locks" => pairs(&mut sweep, LOCKS),
        "free" => free(&sweep, number),
        _ => process::exit(2),
    }
    println!("stack\t{}", stack::unused());
    process::exit(0)
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
fn one(sweep: &mut Sweep<'_>, turns: u32) {
    let every = turns.min(subject::all().count() as u32);
    for outer in subject::all().filter(|outer| !outer.long || every > 0) {
        for (turn, inner) in (0..).zip(subject::all()) {
            let (first, every) = if outer.long { (turn % every, every) } else { (0, 1) };
            sweep.one(outer, inner, first, every);
        }
    }
}

/// Each short operation preempted by each of its subject, and that by each.
fn two(sweep: &mut Sweep<'_>, turns: u32) {
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

fn pairs(sweep: &mut Sweep<'_>, operations: &[Operation]) {
    for outer in operations {
        for inner in operations {
            sweep.one(outer, inner, 0, 1);
        }
    }
}

fn free(sweep: &Sweep<'_>, interrupts: u32) {
    for operation in subject::all() {
        order::reset(&[operation]);
    }
    if !free::run(sweep.injector(), interrupts) {
        process::exit(LOST);
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    eprintln!("firmware: {info}");
    process::exit(FAILED)
}

// SAFETY: the handler does not return, and uses nothing that the fault may have left half done.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    eprintln!("firmware: hard fault at {:#010x}", frame.pc());
    process::exit(FAILED)
}
