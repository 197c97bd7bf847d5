//! The machines of QEMU on which firmware is tested, one layer for all of them: a runtime that starts it, memory for
//! the linker (`build.rs`), faults that end it, and the way back to the emulator's host.
//!
//! | machine | core | target |
//! |---|---|---|
//! | `microbit` | Cortex-M0 | `thumbv6m-none-eabi` |
//! | `lm3s6965evb` | Cortex-M3 | `thumbv7m-none-eabi` |
//! | `mps2-an386` | Cortex-M4F | `thumbv7em-none-eabihf` |
//! | `mps2-an500` | Cortex-M7 | `thumbv7em-none-eabihf` |
//! | `mps2-an505` | Cortex-M33 | `thumbv8m.main-none-eabi` |
//! | `virt` | RV32IMAC | `riscv32imac-unknown-none-elf` |
//! | `virt` | RV32IMC | `riscv32imc-unknown-none-elf` |
//!
//! Firmware names the linker script: by `.cargo/config.toml` on Arm; on RISC-V by `cargo:rustc-link-arg=-Tlink.x` of its
//! own `build.rs`, as boards with such a core have other scripts.
#![no_std]

#[cfg(target_arch = "arm")]
mod arm;
mod host;
#[cfg(target_arch = "riscv32")]
mod riscv;
mod ruler;

#[cfg(target_arch = "arm")]
pub use arm::entry;
pub use host::{FAILED, exit, fail};
#[cfg(target_arch = "riscv32")]
pub use riscv::entry;
pub use ruler::Ruler;
