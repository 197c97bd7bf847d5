//! Embassy's time: what [`clock`] says, in microseconds, and timer 0 as its one alarm.

use core::cell::RefCell;
use core::task::Waker;

use critical_section::{CriticalSection, Mutex};
use embassy_time_driver::{Driver, time_driver_impl};
use embassy_time_queue_utils::Queue;

use crate::clock;
use crate::gptm::Timer;

time_driver_impl!(static ALARM: Alarm = Alarm { queue: Mutex::new(RefCell::new(Queue::new())) });

/// Who waits, and until when; one timer is enough for the first of them.
struct Alarm {
    queue: Mutex<RefCell<Queue>>,
}

impl Driver for Alarm {
    fn now(&self) -> u64 {
        clock::micros()
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|section| {
            if self.queue.borrow_ref_mut(section).schedule_wake(at, waker) {
                self.ring(section);
            }
        });
    }
}

impl Alarm {
    /// Wakes all whose time has come, and sets the timer for the next.
    ///
    /// The timer takes no time shorter than a microsecond and none longer than a minute; it rings early then, and this
    /// sets it anew.
    fn ring(&self, section: CriticalSection<'_>) {
        let now = clock::micros();
        let next = self.queue.borrow_ref_mut(section).next_expiration(now);
        if next < u64::MAX {
            Timer::Zero.once(u32::try_from(next - now).unwrap_or(u32::MAX));
        }
    }
}

/// The handler of the interrupt `TIMER_0A` calls this, and nothing else.
pub fn on_interrupt() {
    Timer::Zero.acknowledge();
    critical_section::with(|section| ALARM.ring(section));
}
