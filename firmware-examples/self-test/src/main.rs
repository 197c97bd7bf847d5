//! Checks narthex on the core that it runs on, and says so on the emulator's stdout: a line for each group of checks,
//! with what it has made. Ends with status 0 if all of it holds.
#![no_std]
#![no_main]

mod check;

use core::panic::PanicInfo;

use check::{Failure, GROUPS, Made};
use semihosting::{println, process};

/// Status with which the emulator ends when something does not hold.
const WRONG: i32 = 4;

#[machine::entry]
fn main() -> ! {
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
    if wrong > 0 {
        println!("self-test\tFAILED\t{wrong} of {}", GROUPS.len());
        process::exit(WRONG);
    }
    println!("self-test\tok\t{} groups", GROUPS.len());
    machine::exit()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    machine::fail(info)
}
