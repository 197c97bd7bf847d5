//! By `SysTick`, which counts down with the clock of the core.

use core::arch::global_asm;

use cortex_m::peripheral::syst::SystClkSource;

global_asm!(
    ".syntax unified",
    ".thumb",
    // u32 ticks(void (*f)(u32), u32 argument): reads SYST_CVR.
    ".type ticks, %function",
    ".globl ticks",
    ".balign 4",
    "ticks:",
    "push {{r4, r5, r6, lr}}",
    "mov r3, r0",
    "mov r0, r1",
    "ldr r4, =0xe000e018",
    "ldr r5, [r4]",
    "blx r3",
    "ldr r6, [r4]",
    "subs r0, r5, r6",
    "lsls r0, r0, #8",
    "lsrs r0, r0, #8",
    "pop {{r4, r5, r6, pc}}",
    ".pool",
    ".macro stretch name n",
    ".type \\name, %function",
    ".globl \\name",
    ".balign 4",
    "\\name:",
    ".rept \\n",
    "nop",
    ".endr",
    "bx lr",
    ".endm",
    "stretch nops0 0",
    "stretch nops1000 1000",
);

/// Starts the timer.
pub(super) fn start() {
    let Some(cortex_m::Peripherals { mut SYST, .. }) = cortex_m::Peripherals::take() else {
        unreachable!("the core is taken once")
    };
    SYST.set_clock_source(SystClkSource::Core);
    SYST.set_reload(0x00FF_FFFF);
    SYST.clear_current();
    SYST.enable_counter();
}
