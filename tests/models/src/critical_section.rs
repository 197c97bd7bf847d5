//! The critical section as several cores have it: one lock, which a core may take again while it holds it.

use std::cell::{Cell, RefCell};
use std::ops::Deref as _;

use critical_section::RawRestoreState;
use loom::sync::{Mutex, MutexGuard};

loom::lazy_static! {
    static ref LOCK: Mutex<()> = Mutex::new(());
}

loom::thread_local! {
    static DEPTH: Cell<u32> = Cell::new(0);
    static HELD: RefCell<Option<MutexGuard<'static, ()>>> = RefCell::new(None);
}

struct OneLock;

critical_section::set_impl!(OneLock);

// SAFETY: between `acquire` and `release` the thread holds `LOCK`, so no other is between its own; the mutex orders
// what is done in one section before what is done in the next.
unsafe impl critical_section::Impl for OneLock {
    unsafe fn acquire() -> RawRestoreState {
        let depth = DEPTH.with(|depth| depth.replace(depth.get() + 1));
        if depth == 0 {
            let guard = LOCK.deref().lock().expect("no thread panics in a critical section");
            HELD.with(|held| held.replace(Some(guard)));
        }
    }

    unsafe fn release((): RawRestoreState) {
        let depth = DEPTH.with(|depth| depth.replace(depth.get() - 1));
        if depth == 1 {
            HELD.with(|held| held.replace(None));
        }
    }
}
