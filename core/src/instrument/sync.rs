//! The one place that names the packages by which memory is shared with interrupts.
//!
//! On targets with compare-and-swap the atomics are the core's own, and no update of an instrument masks interrupts. On
//! targets without (Cortex-M0, riscv32imc) the binary chooses how they are made: feature `critical-section`, or
//! `--cfg portable_atomic_unsafe_assume_single_core`. This crate never chooses.
//!
//! Short critical sections are for what comes and goes, tables and the registry of fixed capacity, and for buckets that are
//! merged. Only generic code
//! enters them, so a binary that has none of these links no symbol of that package and needs no implementation of it.
//!
//! With `--cfg loom` the atomics are loom's, and the words of a counter have 8 bits, so that carries happen in a model
//! that is small enough to be explored whole. `tests/models` does that; its binaries bring the critical section.

pub(crate) use critical_section::{CriticalSection, Mutex, with};
#[cfg(not(loom))]
pub(crate) use portable_atomic::{AtomicI32, AtomicU16, AtomicU32, AtomicU32 as AtomicWord, Ordering, fence};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{Ordering, fence};
#[cfg(loom)]
pub(crate) use modelled::{AtomicI32, AtomicU8 as AtomicWord, AtomicU16, AtomicU32};

/// One of the words that a counter is made of. The widths that a protocol depends on are derived from it.
#[cfg(not(loom))]
pub(crate) type Word = u32;
/// Narrow: what is added in a model must fit.
#[cfg(loom)]
pub(crate) type Word = u8;

#[cfg(loom)]
mod modelled {
    use core::ops::Deref;
    use std::sync::OnceLock;

    /// Loom makes an atomic while a model runs, not in a constant: so each is made when it is first used.
    macro_rules! atomics {
        ($($name:ident: $value:ty),*) => {$(
            #[derive(Debug, Default)]
            pub(crate) struct $name {
                initial: $value,
                atomic: OnceLock<loom::sync::atomic::$name>,
            }

            impl $name {
                pub(crate) const fn new(initial: $value) -> Self {
                    Self { initial, atomic: OnceLock::new() }
                }
            }

            impl Deref for $name {
                type Target = loom::sync::atomic::$name;

                fn deref(&self) -> &Self::Target {
                    self.atomic.get_or_init(|| Self::Target::new(self.initial))
                }
            }
        )*};
    }

    atomics!(AtomicI32: i32, AtomicU8: u8, AtomicU16: u16, AtomicU32: u32);
}
