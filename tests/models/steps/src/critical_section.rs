//! The critical section of one core: interrupts are masked.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use critical_section::RawRestoreState;

/// Models are explored beside each other; what they share is guarded by this.
static LOCK: Mutex<()> = Mutex::new(());

thread_local! {
    static HELD: RefCell<(u32, Option<MutexGuard<'static, ()>>)> = const { RefCell::new((0, None)) };
}

struct Masked;

critical_section::set_impl!(Masked);

// SAFETY: between `acquire` and `release` no handler runs in this thread, and no other thread is between its own.
unsafe impl critical_section::Impl for Masked {
    unsafe fn acquire() -> RawRestoreState {
        loom::interrupts::mask();
        HELD.with_borrow_mut(|(depth, held)| {
            if *depth == 0 {
                *held = Some(LOCK.lock().unwrap_or_else(PoisonError::into_inner));
            }
            *depth += 1;
        });
    }

    unsafe fn release((): RawRestoreState) {
        HELD.with_borrow_mut(|(depth, held)| {
            *depth -= 1;
            if *depth == 0 {
                *held = None;
            }
        });
        loom::interrupts::unmask();
    }
}
