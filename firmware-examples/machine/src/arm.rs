//! Cortex-M.

// Only to be linked: the implementation of critical sections.
use cortex_m as _;
pub use cortex_m_rt::entry;
use cortex_m_rt::{ExceptionFrame, exception};
use semihosting::{eprintln, process};

use crate::FAILED;

// SAFETY: the handler does not return, and uses nothing that the fault may have left half done.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    eprintln!("firmware: hard fault at {:#010x}", frame.pc());
    process::exit(FAILED)
}
