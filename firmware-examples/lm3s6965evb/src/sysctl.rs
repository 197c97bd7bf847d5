//! System control: the clock tree and the gates (data sheet, chapter "System Control").

use core::mem::offset_of;

use volatile_register::{RO, RW};

/// Frequency of the core and its peripherals, in hertz.
pub const HERTZ: u32 = 50_000_000;

/// `RCC`: take the oscillator, not the PLL.
const BYPASS: u32 = 1 << 11;
/// `RCC`: divide by `SYSDIV`.
const USESYSDIV: u32 = 1 << 22;
/// `RCC`: fields that are set below (`SYSDIV`, `PWRDN`, `OEN`, `XTAL`, `OSCSRC`, `MOSCDIS`).
const FIELDS: u32 = 0xF << 23 | 1 << 13 | 1 << 12 | 0xF << 6 | 0x3 << 4 | 1;
/// `RCC`: the main oscillator with an 8 MHz crystal into the PLL, 200 MHz / 4.
const CRYSTAL_TO_50_MHZ: u32 = 3 << 23 | 0xE << 6;
/// `RIS`: the PLL has locked.
const PLLLRIS: u32 = 1 << 6;
/// `RCGC2`: the Ethernet controller (`EMAC0`) and its transceiver (`EPHY0`).
#[cfg(feature = "ethernet")]
const ETHERNET: u32 = 1 << 30 | 1 << 28;

#[repr(C)]
struct Registers {
    _0: [u32; 20],
    /// Raw interrupt status.
    ris: RO<u32>,
    _1: [u32; 3],
    /// Run-mode clock configuration.
    rcc: RW<u32>,
    _2: [u32; 40],
    /// Run-mode clock gating: UARTs and timers.
    rcgc1: RW<u32>,
    /// Run-mode clock gating: ports and Ethernet.
    rcgc2: RW<u32>,
}
const _: () = assert!(offset_of!(Registers, ris) == 0x50 && offset_of!(Registers, rcc) == 0x60);
const _: () = assert!(offset_of!(Registers, rcgc1) == 0x104 && offset_of!(Registers, rcgc2) == 0x108);

/// Port A, whose pins 0 and 1 are UART0.
#[repr(C)]
struct Port {
    _0: [u32; 264],
    /// Alternate function select.
    afsel: RW<u32>,
    _1: [u32; 62],
    /// Digital enable.
    den: RW<u32>,
}
const _: () = assert!(offset_of!(Port, afsel) == 0x420 && offset_of!(Port, den) == 0x51C);

fn registers() -> &'static Registers {
    // SAFETY: the block lies at this address, is always clocked, and is used here only.
    unsafe { &*(0x400F_E000 as *const Registers) }
}

/// Runs the core at [`HERTZ`], clocks UART0, timers 0 and 1, and port A, and gives the UART its pins.
pub(crate) fn start() {
    let system = registers();
    // SAFETY: port A lies at this address and is used here only, after it is clocked.
    let port = unsafe { &*(0x4000_4000 as *const Port) };
    // SAFETY: the order of "Initialization and Configuration": the core runs from the oscillator until the PLL,
    // set for the crystal that is on the board, has locked; 50 MHz is what the chip is rated for. Gates are opened
    // before what is behind them is touched.
    unsafe {
        system.rcc.modify(|rcc| (rcc | BYPASS) & !USESYSDIV);
        system.rcc.modify(|rcc| rcc & !FIELDS | CRYSTAL_TO_50_MHZ);
        system.rcc.modify(|rcc| rcc | USESYSDIV);
        while system.ris.read() & PLLLRIS == 0 {}
        system.rcc.modify(|rcc| rcc & !BYPASS);
        system.rcgc1.modify(|gates| gates | 0b11 << 16 | 1);
        system.rcgc2.modify(|gates| gates | 1);
        // A peripheral answers three clocks after its gate opened.
        cortex_m::asm::delay(3);
        port.afsel.modify(|pins| pins | 0b11);
        port.den.modify(|pins| pins | 0b11);
    }
}

/// Clocks the Ethernet controller.
#[cfg(feature = "ethernet")]
pub(crate) fn clock_ethernet() {
    // SAFETY: a gate is opened, before what is behind it is touched; none is closed.
    unsafe { registers().rcgc2.modify(|gates| gates | ETHERNET) };
    // As above.
    cortex_m::asm::delay(3);
}
