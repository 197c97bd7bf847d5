//! Time since boot, in microseconds, from `SysTick` as a free-running counter.
//!
//! `SysTick` turns four times a second, and only turns are counted by its interrupt: what lies between is read from
//! the counter. So an interrupt that is late, by masking or because an emulator had no processor time, costs no
//! time as long as it is less than a quarter of a second late.

use core::time::Duration;

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{SCB, SYST};
use cortex_m_rt::exception;
use narthex::Counter;

use crate::sysctl::HERTZ;

const CYCLES_PER_MICROSECOND: u32 = HERTZ / 1_000_000;
const CYCLES_PER_TURN: u32 = HERTZ / 4;
const MICROSECONDS_PER_TURN: u64 = 250_000;

/// Turns of `SysTick` since boot. A metric's counter serves a clock as well: whoever reads it while it is counted
/// sees the number before or after, never half of each.
static TURNS: Counter = Counter::new();

/// Starts time.
pub(crate) fn start(systick: &mut SYST) {
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(CYCLES_PER_TURN - 1);
    systick.clear_current();
    systick.enable_counter();
    systick.enable_interrupt();
}

/// Time since boot, from any context.
pub fn uptime() -> Duration {
    Duration::from_micros(micros())
}

/// Microseconds since boot, from any context.
pub fn micros() -> u64 {
    loop {
        let turns = TURNS.get();
        let left = SYST::get_current();
        // In a critical section a turn waits to be counted. Then the counter is read again: the first reading may
        // be from before the turn.
        let pending = SCB::is_pendst_pending();
        let left = if pending { SYST::get_current() } else { left };
        // The counter is 0 in the last cycle before it is reloaded, while the interrupt is being raised.
        if left == 0 || TURNS.get() != turns {
            continue;
        }
        let elapsed = (CYCLES_PER_TURN - left) / CYCLES_PER_MICROSECOND;
        return (turns + u64::from(pending)) * MICROSECONDS_PER_TURN + u64::from(elapsed);
    }
}

#[exception]
fn SysTick() {
    TURNS.inc();
}
