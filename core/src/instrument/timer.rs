//! Time that a piece of code takes, observed when it ends.

use super::{Bucketed, Observer};

/// A source of ticks: a free-running counter of 32 bits, upwards, one tick in each unit of the device.
///
/// Any `Fn() -> u32` is one. What counts otherwise says by [`since`](Ticks::since) how a difference becomes units;
/// it must be the difference that is converted, as a converted count would not wrap at 2^32.
///
/// ```
/// use narthex::instrument::{Histogram, Ticks};
/// # fn cycles() -> u32 { 64_000 }
/// /// The cycles of a core with 64 MHz, observed in microseconds.
/// struct Cycles;
/// impl Ticks for Cycles {
///     fn now(&self) -> u32 {
///         cycles()
///     }
///     fn since(&self, start: u32) -> u32 {
///         self.now().wrapping_sub(start) / 64
///     }
/// }
/// static BOUNDS: [u32; 2] = [10, 100];
/// static LATENCY: Histogram<2> = Histogram::new();
/// {
///     let _timer = LATENCY.with(&BOUNDS).start(Cycles);
/// }
/// assert_eq!(LATENCY.count(), 1);
/// ```
///
/// A counter of 24 bits that runs downwards, such as `SysTick`, gives `start.wrapping_sub(self.now()) & 0x00ff_ffff`.
pub trait Ticks {
    /// What the counter shows.
    fn now(&self) -> u32;

    /// The time since it showed `start`, in the device's unit; right while it has not come round.
    #[inline]
    fn since(&self, start: u32) -> u32 {
        self.now().wrapping_sub(start)
    }
}

impl<F: Fn() -> u32> Ticks for F {
    #[inline]
    fn now(&self) -> u32 {
        self()
    }
}

/// Observes into a histogram the time from its start to its end, in whichever way the code around it is left; made
/// by [`Observer::start`].
///
/// ```
/// use narthex::{Histogram, Metrics};
/// # use std::sync::atomic::{AtomicU32, Ordering};
/// # static TIMER: AtomicU32 = AtomicU32::new(0);
/// # fn micros() -> u32 { TIMER.fetch_add(7, Ordering::Relaxed) }
/// #[derive(Metrics)]
/// struct Uart {
///     /// Time spent in the receive interrupt.
///     #[metric(unit = "seconds", scale = -6, buckets = [1, 2, 5, 10])]
///     uart_interrupt_seconds: Histogram<4>,
/// }
/// static UART: Uart = Uart::new();
/// fn interrupt(waiting: bool) {
///     let timer = UART.uart_interrupt_seconds().start(micros); // micros: fn() -> u32, a timer at 1 MHz
///     if !waiting {
///         timer.discard();
///         return;
///     }
///     // …
/// } // observed here
/// interrupt(true);
/// interrupt(false);
/// assert_eq!((UART.uart_interrupt_seconds.count(), UART.uart_interrupt_seconds.sum()), (1, 7));
/// ```
#[derive(Debug)]
#[must_use = "a timer that is dropped at once measures nothing"]
pub struct Timer<'a, H: Bucketed<Value = u32>, T: Ticks> {
    observer: Observer<'a, H>,
    start: u32,
    ticks: T,
    running: bool,
}

impl<'a, H: Bucketed<Value = u32>> Observer<'a, H> {
    /// Starts a [`Timer`] on a source of ticks. The ticks are observed as they are: their unit is the device's, from
    /// which the metric's `scale` leads to seconds (`scale = -6` for ticks of a microsecond).
    #[inline]
    pub fn start<T: Ticks>(&self, ticks: T) -> Timer<'a, H, T> {
        Timer { observer: *self, start: ticks.now(), ticks, running: true }
    }
}

impl<H: Bucketed<Value = u32>, T: Ticks> Timer<'_, H, T> {
    /// Ends the measurement now, and returns what was observed.
    #[inline]
    pub fn stop(mut self) -> u32 {
        let elapsed = self.elapsed();
        self.running = false;
        self.observer.observe(elapsed);
        elapsed
    }

    /// Ends the measurement without observing it.
    #[inline]
    pub fn discard(mut self) {
        self.running = false;
    }

    /// The time since the start, in the device's unit.
    #[inline]
    pub fn elapsed(&self) -> u32 {
        self.ticks.since(self.start)
    }
}

impl<H: Bucketed<Value = u32>, T: Ticks> Drop for Timer<'_, H, T> {
    #[inline]
    fn drop(&mut self) {
        if self.running {
            self.observer.observe(self.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::instrument::Histogram;
    use core::cell::Cell;

    static BOUNDS: [u32; 1] = [10];

    #[test]
    fn differences_wrap() {
        let (histogram, clock) = (Histogram::<1>::new(), Cell::new(u32::MAX - 1));
        let timer = histogram.with(&BOUNDS).start(|| clock.get());
        clock.set(3);
        assert_eq!(timer.elapsed(), 5);
        drop(timer);
        assert_eq!((histogram.count(), histogram.sum()), (1, 5));
    }

    #[test]
    fn each_is_observed_once_or_not_at_all() {
        let (histogram, clock) = (Histogram::<1>::new(), Cell::new(0));
        let start = || histogram.with(&BOUNDS).start(|| clock.get());
        let (stopped, discarded) = (start(), start());
        clock.set(20);
        assert_eq!(stopped.stop(), 20);
        assert_eq!((histogram.count(), histogram.sum()), (1, 20));
        discarded.discard();
        assert_eq!((histogram.count(), histogram.sum()), (1, 20));
    }
}
