//! The one place that names the packages by which memory is shared with interrupts.
//!
//! On targets with compare-and-swap the atomics are the core's own, and no update of an instrument masks interrupts. On
//! targets without (Cortex-M0, riscv32imc) the binary chooses how they are made: feature `critical-section`, or
//! `--cfg portable_atomic_unsafe_assume_single_core`. This crate never chooses.
//!
//! Short critical sections are for what comes and goes: tables and the registry of fixed capacity. Only generic code
//! enters them, so a binary that has none of these links no symbol of that package and needs no implementation of it.

pub(crate) use critical_section::{CriticalSection, Mutex, with};
pub(crate) use portable_atomic::{AtomicI32, AtomicU16, AtomicU32, Ordering, fence};
