//! What an emulated board can ask of the host it runs on, through Arm semihosting.
//!
//! A board without a debugger has nobody to answer: there, take the boot id from the chip's random number
//! generator or from a counter in RAM that survives a reset, and let [`fail`] reset the chip.

use core::net::SocketAddrV4;
use core::panic::PanicInfo;
use core::str::FromStr;
use core::time::Duration;

use cortex_m_rt::{ExceptionFrame, exception};
use semihosting::{eprintln, experimental, process};

/// Status with which the emulator ends after a panic or a fault.
const FAILED: i32 = 101;

/// A number that differs from boot to boot, or 0 if the host has no source of random bytes; or the one it was told
/// by `--boot-id N`.
///
/// This chip has no such source either, and an emulated RAM forgets everything.
pub fn boot_id() -> u32 {
    if let Some(id) = argument("--boot-id") {
        return id;
    }
    let mut bytes = [0; 4];
    match experimental::random::fill_bytes(&mut bytes) {
        Ok(()) => u32::from_le_bytes(bytes),
        Err(_) => 0,
    }
}

/// After what time to stop: `--seconds S`.
pub fn seconds() -> Option<Duration> {
    argument("--seconds").map(Duration::from_secs)
}

/// The gateway to tell: `--gateway ADDRESS:PORT`.
pub fn gateway() -> Option<SocketAddrV4> {
    argument("--gateway")
}

/// The value behind `name` on the emulator's command line (`-semihosting-config arg=…`).
fn argument<T: FromStr>(name: &str) -> Option<T> {
    let arguments = experimental::env::args::<256>().ok()?;
    let mut arguments = (&arguments).into_iter();
    while let Some(Ok(argument)) = arguments.next() {
        if argument == name {
            return arguments.next()?.ok()?.parse().ok();
        }
    }
    None
}

/// Ends the emulator with status 0.
pub fn exit() -> ! {
    process::exit(0)
}

/// Says on the host's stderr why the firmware panicked, and ends the emulator with status 101.
pub fn fail(info: &PanicInfo<'_>) -> ! {
    eprintln!("firmware: {info}");
    process::exit(FAILED)
}

// SAFETY: the handler does not return, and uses nothing that the fault may have left half done.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    eprintln!("firmware: hard fault at {:#010x}", frame.pc());
    process::exit(FAILED)
}
