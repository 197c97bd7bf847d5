//! The board of QEMU's machine `lm3s6965evb`: a Cortex-M3 at 50 MHz with 64 KiB of RAM.
//!
//! Just enough of a board support crate for the examples: the clocks ([`sysctl`], [`clock`]), a UART with its
//! transmit queue ([`pl011`], [`queue`]), timers ([`gptm`]), and the way back to the emulator's host ([`host`]). Feature
//! `embassy` adds `async_uart` and `time_driver`.
//! Registers are called as in their manuals: the *PL011 UART Technical Reference Manual* (Arm
//! DDI 0183) and the *Stellaris LM3S6965 Microcontroller Data Sheet* (Texas Instruments).
//!
//! Interrupts by priority: `SysTick` first, so that nobody reads a stale time, then the timers, then UART and Ethernet.
#![no_std]

#[cfg(feature = "embassy")]
pub mod async_uart;
pub mod clock;
#[cfg(feature = "ethernet")]
pub mod ethernet;
pub mod gptm;
pub mod host;
pub mod pl011;
pub mod queue;
#[cfg(feature = "stack")]
pub mod stack;
pub mod sysctl;
#[cfg(feature = "embassy")]
pub mod time_driver;

use cortex_m::peripheral::scb::SystemHandler;
pub use lm3s6965::{Interrupt, interrupt};

/// Brings the board up: 50 MHz from the PLL, time running, interrupts ordered but masked.
///
/// Peripherals are started, and their interrupts unmasked, by whoever uses them.
pub fn start(mut core: cortex_m::Peripherals) {
    start_clocks(&mut core);
    // Three priority bits are implemented, the upper ones of each byte; lower numbers preempt higher ones.
    let priorities = [
        (Interrupt::TIMER_0A, 0x20),
        (Interrupt::TIMER_1A, 0x20),
        (Interrupt::UART0, 0x40),
        (Interrupt::ETHERNET, 0x40),
    ];
    for (interrupt, priority) in priorities {
        // SAFETY: no critical section relies on priorities (they mask all interrupts), and none is running yet.
        unsafe { core.NVIC.set_priority(interrupt, priority) };
    }
}

/// The part of [`start`] that a framework leaves to be done which orders interrupts itself, as RTIC does: 50 MHz from
/// the PLL, and time running, above all other interrupts.
pub fn start_clocks(core: &mut cortex_m::Peripherals) {
    sysctl::start();
    // SAFETY: no critical section relies on this priority: what masks by priorities does not mask the highest.
    unsafe { core.SCB.set_priority(SystemHandler::SysTick, 0x00) };
    clock::start(&mut core.SYST);
}

/// Lets an interrupt happen.
///
/// Call it once all that its handler uses has been set up.
pub fn unmask(interrupt: Interrupt) {
    // SAFETY: critical sections mask by PRIMASK, not by this interrupt's own mask, so none is broken.
    unsafe { cortex_m::peripheral::NVIC::unmask(interrupt) };
}
