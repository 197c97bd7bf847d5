//! Takes the place of loom under the sources of core, for what loom cannot do: interrupts that run to completion, and
//! millions of small cases. It has the few atomics that core uses. Code between two accesses touches nothing that is
//! shared (core has no `unsafe`), so interleaving the accesses is interleaving the instructions.
//!
//! [`interrupts`]: one core; at each access of whatever runs, any interrupt of a higher priority may come, run to its
//! end, and be preempted itself. [`cores`]: several cores, the accesses of which mix freely; memory is sequentially
//! consistent (weaker memory is what loom is for).

pub mod cores;
pub mod interrupts;
pub mod sync;

use std::cell::{Cell, RefCell};

/// Who decides what happens at an access.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Explorer {
    /// Nobody: the access is made.
    None,
    Interrupts,
    Cores,
}

thread_local! {
    static EXPLORER: Cell<Explorer> = const { Cell::new(Explorer::None) };
    static INTERRUPTS: RefCell<interrupts::Machine> = const { RefCell::new(interrupts::Machine::new()) };
    static CORES: RefCell<cores::Machine> = const { RefCell::new(cores::Machine::new()) };
}

/// One access to `word`: gives what was there, and stores what `change` makes of it.
fn access(word: &sync::Word, change: impl FnOnce(u64) -> u64) -> u64 {
    match EXPLORER.get() {
        Explorer::None => word.apply(change),
        Explorer::Interrupts => {
            interrupts::boundary();
            word.apply(change)
        }
        Explorer::Cores => CORES.with_borrow_mut(|cores| cores.access(word, change)),
    }
}
