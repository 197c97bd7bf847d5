//! General-purpose timers 0 and 1, as sources of interrupts (data sheet, chapter "General-Purpose Timers").

use core::mem::offset_of;

use volatile_register::{RW, WO};

use crate::Interrupt;
use crate::sysctl::HERTZ;

/// `GPTMTAMR`: count down once.
const ONE_SHOT: u32 = 0x1;
/// `GPTMTAMR`: count down again and again.
const PERIODIC: u32 = 0x2;
/// `GPTMCTL`: timer A runs (`TAEN`).
const TAEN: u32 = 1;
/// `GPTMIMR`, `GPTMICR`: timer A has timed out (`TATOIM`, `TATOCINT`).
const TIMEOUT: u32 = 1;

#[repr(C)]
struct Registers {
    /// Configuration: 0 joins A and B to one timer of 32 bits.
    gptmcfg: RW<u32>,
    /// Timer A mode.
    gptmtamr: RW<u32>,
    _0: u32,
    /// Control.
    gptmctl: RW<u32>,
    _1: [u32; 2],
    /// Interrupt mask.
    gptmimr: RW<u32>,
    _2: [u32; 2],
    /// Interrupt clear.
    gptmicr: WO<u32>,
    /// Timer A interval load.
    gptmtailr: RW<u32>,
}
const _: () = assert!(offset_of!(Registers, gptmimr) == 0x18 && offset_of!(Registers, gptmtailr) == 0x28);

/// One of the timers.
#[derive(Clone, Copy, Debug)]
pub enum Timer {
    /// Timer 0, whose interrupt is `TIMER_0A`.
    Zero,
    /// Timer 1, whose interrupt is `TIMER_1A`.
    One,
}

impl Timer {
    fn registers(self) -> &'static Registers {
        let base: usize = match self {
            Self::Zero => 0x4003_0000,
            Self::One => 0x4003_1000,
        };
        // SAFETY: the timers lie at these addresses, clocked since the board started; all fields are volatile cells.
        unsafe { &*(base as *const Registers) }
    }

    /// Interrupts `hertz` times a second.
    pub fn every(self, hertz: u32) {
        self.start(PERIODIC, HERTZ / hertz);
    }

    /// Interrupts once, `micros` from now, at most a minute; what the timer was doing is given up.
    pub fn once(self, micros: u32) {
        self.start(ONE_SHOT, micros.clamp(1, 60_000_000) * (HERTZ / 1_000_000));
    }

    fn start(self, mode: u32, cycles: u32) {
        let registers = self.registers();
        // SAFETY: the order of "32-Bit One-Shot/Periodic Timer Mode". The timer is off while it is set, and its
        // handler only acknowledges, so it may come in between.
        unsafe {
            registers.gptmctl.write(0);
            registers.gptmcfg.write(0);
            registers.gptmtamr.write(mode);
            registers.gptmtailr.write(cycles - 1);
            registers.gptmicr.write(TIMEOUT);
            registers.gptmimr.write(TIMEOUT);
            registers.gptmctl.write(TAEN);
        }
        crate::unmask(match self {
            Self::Zero => Interrupt::TIMER_0A,
            Self::One => Interrupt::TIMER_1A,
        });
    }

    /// Acknowledges the interrupt; the first thing its handler does.
    pub fn acknowledge(self) {
        // SAFETY: writing a one clears the interrupt and has no other effect.
        unsafe { self.registers().gptmicr.write(TIMEOUT) };
    }
}
