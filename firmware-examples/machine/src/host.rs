//! What emulated firmware says to its host as it ends, by semihosting.

use core::panic::PanicInfo;

use semihosting::{eprintln, process};

/// Status with which the emulator ends after a panic or a fault.
pub const FAILED: i32 = 101;

/// Ends the emulator with status 0.
pub fn exit() -> ! {
    process::exit(0)
}

/// Says on the host's stderr why the firmware panicked, and ends the emulator with status 101.
pub fn fail(info: &PanicInfo<'_>) -> ! {
    eprintln!("firmware: {info}");
    process::exit(FAILED)
}
