//! RISC-V.

use riscv::register::{mcause, mepc, mtval};
use riscv_rt::TrapFrame;
pub use riscv_rt::entry;
use semihosting::{eprintln, process};

use crate::FAILED;

// SAFETY: the symbol is the one by which the runtime calls it; it does not return, and uses nothing that the fault may
// have left half done.
#[unsafe(no_mangle)]
unsafe extern "C" fn ExceptionHandler(_: &TrapFrame) -> ! {
    let (cause, value) = (mcause::read().code(), mtval::read());
    eprintln!("firmware: exception {cause} at {:#010x}, value {value:#010x}", mepc::read());
    process::exit(FAILED)
}
