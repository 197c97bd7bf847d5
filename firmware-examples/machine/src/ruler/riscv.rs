//! By the core's own count of retired instructions, which the emulator keeps in the unit of its time.

use core::arch::global_asm;

global_asm!(
    // u32 ticks(void (*f)(u32), u32 argument).
    ".type ticks, %function",
    ".globl ticks",
    ".balign 4",
    "ticks:",
    "addi sp, sp, -16",
    "sw ra, 12(sp)",
    "sw s0, 8(sp)",
    "mv t0, a0",
    "mv a0, a1",
    "csrr s0, minstret",
    "jalr t0",
    "csrr a0, minstret",
    "sub a0, a0, s0",
    "lw s0, 8(sp)",
    "lw ra, 12(sp)",
    "addi sp, sp, 16",
    "ret",
    ".macro stretch name n",
    ".type \\name, %function",
    ".globl \\name",
    ".balign 4",
    "\\name:",
    ".rept \\n",
    "nop",
    ".endr",
    "ret",
    ".endm",
    "stretch nops0 0",
    "stretch nops1000 1000",
);

/// It counts by itself.
pub(super) fn start() {}
