//! The storm as firmware: arguments say what to do.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use semihosting::{experimental, process};

#[machine::entry]
fn main() -> ! {
    let Ok(arguments) = experimental::env::args::<256>() else { process::exit(2) };
    let mut arguments = (&arguments).into_iter().filter_map(Result::ok).skip(1);
    let what = arguments.next().unwrap_or("");
    let number = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let turns = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    process::exit(storm::run(what, number, turns))
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    machine::fail(info)
}
