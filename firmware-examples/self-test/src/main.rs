//! Checks narthex on the core that it runs on, and says so on the emulator's stdout: a line for each group of checks,
//! with what it has made; then what interrupts at each instruction have found. Ends with status 0 if all of it holds.
#![no_std]
#![no_main]

mod check;

use core::panic::PanicInfo;

use check::{Failure, GROUPS, Made};
use semihosting::{println, process};
use storm::Sample;

/// Status with which the emulator ends when something does not hold.
const WRONG: i32 = 4;

#[machine::entry]
fn main() -> ! {
    storm::paint();
    let mut wrong = 0;
    for group in GROUPS {
        match group.run() {
            Ok(Made { bytes: 0, .. }) => println!("{}\tok", group.name),
            Ok(Made { bytes, check }) => println!("{}\tok\t{bytes} B\t{check:08x}", group.name),
            Err(Failure { what, file, line }) => {
                wrong += 1;
                println!("{}\tFAILED\t{file}:{line}\t{what}", group.name);
            }
        }
    }
    let Sample { operations, injections, bad, caught } = storm::sample();
    println!(
        "storm\t{operations} operations\t{injections} interrupts\t{bad} bad\t{caught} bad of a racy counter"
    );
    wrong += u32::from(bad > 0) + u32::from(caught == 0);
    // It was deep enough for all that.
    storm::unused();
    if wrong > 0 {
        println!("self-test\tFAILED\t{wrong} of {}", GROUPS.len() + 1);
        process::exit(WRONG);
    }
    println!("self-test\tok\t{} groups", GROUPS.len() + 1);
    machine::exit()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    machine::fail(info)
}
