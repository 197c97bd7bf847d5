//! The one place that names the packages by which memory is shared with interrupts.
//!
//! On targets with compare-and-swap these are the core's own atomics, and no update masks interrupts. On targets
//! without (Cortex-M0, riscv32imc) the binary chooses how they are made: feature `critical-section`, or
//! `--cfg portable_atomic_unsafe_assume_single_core`. This crate never chooses.

pub(crate) use portable_atomic::{AtomicI32, AtomicU32, Ordering};
