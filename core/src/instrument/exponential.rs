//! Histograms that find their buckets by themselves.

use core::cell::Cell;
use core::fmt;

use super::ring::Rings;
use super::sync::{Mutex, with};
use super::{Bucketed, Instrument, Metric, Observer};
use crate::model::{Cells, Desc, Details, Exponential, Grid, Number, Value, Window};

/// A histogram of up to `N` buckets that needs no bounds and drops nothing: each bucket ends the same factor above the one
/// before, and when what is observed spans more than `N` of them, neighbours are merged, which squares the factor. `N` is
/// a power of two from 8 to 1024.
///
/// The buckets are those of a Prometheus native histogram, in the exposed unit; see [`Grid`]. `schema` is the finest
/// resolution: 2^schema buckets an octave, so that 3 makes a factor of 1.09. The grid stays in flash; `#[derive(Metrics)]`
/// makes a method with the name of the field that brings both together.
///
/// ```
/// use narthex::{ExponentialHistogram, Metrics};
/// #[derive(Metrics)]
/// struct Uart {
///     /// Time spent in the receive interrupt.
///     #[metric(unit = "seconds", scale = -6, schema = 3)] // observed in whole microseconds
///     uart_interrupt_seconds: ExponentialHistogram<32>,
/// }
/// static UART: Uart = Uart::new();
/// UART.uart_interrupt_seconds().observe(17);
/// UART.uart_interrupt_seconds().observe(2_500_000);
/// assert_eq!((UART.uart_interrupt_seconds.count(), UART.uart_interrupt_seconds.sum()), (2, 2_500_017));
/// ```
///
/// Without the macro:
///
/// ```
/// use narthex::ExponentialHistogram;
/// use narthex::model::{Grid, Scale};
/// static GRID: [u32; Grid::words(3)] = Grid::table(Scale::new(-6), 32);
/// static LATENCY: ExponentialHistogram<32> = ExponentialHistogram::new();
/// LATENCY.with(&GRID).observe(17);
/// ```
///
/// # Protocol
/// The index of the bucket at the finest resolution is found first: from the leading bits of the value, a polynomial for
/// the logarithm, and three comparisons with exact integers. Then one critical section adds to the bucket and to the sum;
/// if the bucket is not among those in use, these are widened to it, and merged if they are too many, in one pass over
/// all. So interrupts are masked on every target, for a few dozen instructions, or, at most twelve times in a boot, for the
/// pass. Nothing is lost. Counts and the sum have 64 bits.
///
/// A reader takes cell after cell, each in a critical section of a few instructions. [`Exponential`] says how it knows
/// which bucket a cell is. What it prints as `+Inf` and `_count` is the sum of exactly the cells it printed; the sum of
/// values may differ from them by the observations that arrived during the read.
#[must_use = "a histogram does nothing unless it is used"]
pub struct ExponentialHistogram<const N: usize>(Mutex<State<N, 1>>);

/// As [`ExponentialHistogram`], of observations that may be below 0: those have `N` buckets of their own.
///
/// ```
/// use narthex::{Metrics, SignedExponentialHistogram};
/// #[derive(Metrics)]
/// struct Clock {
///     /// By how much the clock was off when it was set.
///     #[metric(unit = "seconds", scale = -6, schema = 2)]
///     clock_offset_seconds: SignedExponentialHistogram<16>,
/// }
/// static CLOCK: Clock = Clock::new();
/// CLOCK.clock_offset_seconds().observe(-120);
/// assert_eq!(CLOCK.clock_offset_seconds.sum(), -120);
/// ```
#[must_use = "a histogram does nothing unless it is used"]
pub struct SignedExponentialHistogram<const N: usize>(Mutex<State<N, 2>>);

struct State<const N: usize, const R: usize> {
    rings: Rings<N, R>,
    zeros: Cell<u64>,
    /// Two's complement, if signed.
    sum: Cell<u64>,
}

/// The ring of observations above 0, and that of those below.
const ABOVE: usize = 0;
const BELOW: usize = 1;

impl<const N: usize, const R: usize> State<N, R> {
    const fn new() -> Self {
        Self { rings: Rings::new(), zeros: Cell::new(0), sum: Cell::new(0) }
    }

    /// Counts `n` observations in the bucket with this index of this ring, or of 0.
    #[inline]
    fn add(&self, place: Option<(usize, i32)>, n: u64, sum: u64) {
        match place {
            Some((ring, index)) => self.rings.add(ring, index, n),
            None => self.zeros.set(self.zeros.get().wrapping_add(n)),
        }
        self.sum.set(self.sum.get().wrapping_add(sum));
    }

    fn count(&self) -> u64 {
        self.zeros.get().wrapping_add(self.rings.total())
    }

    fn clear(&self) {
        self.rings.clear();
        self.zeros.set(0);
        self.sum.set(0);
    }

    /// One cell, in the order of [`Exponential`].
    fn cell(&self, cell: usize) -> Option<Value> {
        let sum = const { Exponential::sum(N, R) };
        if cell == sum {
            let sum = self.sum.get();
            return Some(if R > 1 { Value::Signed(sum.cast_signed()) } else { Value::Unsigned(sum) });
        }
        let n = match cell {
            Exponential::HALVINGS => self.rings.halvings().into(),
            Exponential::ZEROS => self.zeros.get(),
            _ if cell < sum => {
                let at = cell.checked_sub(const { Exponential::ring(N, 0) })?;
                self.rings.cell(at / N, at % N)?
            }
            _ => {
                let ring =
                    cell.checked_sub(const { Exponential::window(N, R, 0) }).filter(|ring| *ring < R)?;
                let (first, cell) = self.rings.window(ring);
                Window { first, cell, halvings: self.rings.halvings() }.pack(N)
            }
        };
        Some(Value::Unsigned(n))
    }
}

impl<const N: usize> Bucketed for ExponentialHistogram<N> {
    type Value = u32;

    #[inline]
    fn observe_within(&self, bounds: &'static [u32], value: u32) {
        self.observe_n_within(bounds, value, 1);
    }

    #[inline(never)]
    fn observe_n_within(&self, bounds: &'static [u32], value: u32, n: u32) {
        if n == 0 {
            return;
        }
        let place = (value > 0).then(|| (ABOVE, Grid::index_in(bounds, value)));
        let sum = u64::from(value) * u64::from(n);
        with(|cs| self.0.borrow(cs).add(place, n.into(), sum));
    }
}

impl<const N: usize> Observer<'_, ExponentialHistogram<N>> {
    /// Counts one observation of `value`, where 32 bits may not hold it. The sum wraps at 2^64.
    pub fn observe_u64(&self, value: u64) {
        let Some(grid) = Grid::new(self.bounds) else { return };
        let place = (value > 0).then(|| (ABOVE, grid.index(value)));
        with(|cs| self.cells.0.borrow(cs).add(place, 1, value));
    }
}

impl<const N: usize> Bucketed for SignedExponentialHistogram<N> {
    type Value = i32;

    #[inline]
    fn observe_within(&self, bounds: &'static [u32], value: i32) {
        self.observe_n_within(bounds, value, 1);
    }

    #[inline(never)]
    fn observe_n_within(&self, bounds: &'static [u32], value: i32, n: u32) {
        if n == 0 {
            return;
        }
        let ring = if value < 0 { BELOW } else { ABOVE };
        let place = (value != 0).then(|| (ring, Grid::index_in(bounds, value.unsigned_abs())));
        let sum = (i64::from(value) * i64::from(n)).cast_unsigned();
        with(|cs| self.0.borrow(cs).add(place, n.into(), sum));
    }
}

/// What is the same of both, but for how many rings there are, and what their sum is.
macro_rules! histogram {
    ($name:ident, $number:expr, $sum:ty, $cast:expr) => {
        impl<const N: usize> $name<N> {
            /// A histogram that has seen nothing.
            pub const fn new() -> Self {
                Self(Mutex::new(State::new()))
            }

            /// Joins the cells with their grid, which must be the one described to the registry.
            #[inline]
            pub const fn with(&self, grid: &'static [u32]) -> Observer<'_, Self> {
                Observer::new(self, grid)
            }

            /// How many observations were made. Interrupts are masked while all buckets are added up.
            pub fn count(&self) -> u64 {
                with(|cs| self.0.borrow(cs).count())
            }

            /// The sum of all observed values, in the device's unit.
            pub fn sum(&self) -> $sum {
                $cast(with(|cs| self.0.borrow(cs).sum.get()))
            }
        }

        impl<const N: usize> Default for $name<N> {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<const N: usize> fmt::Debug for $name<N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (count, sum) = (self.count(), self.sum());
                f.debug_struct(stringify!($name))
                    .field("count", &count)
                    .field("sum", &sum)
                    .finish_non_exhaustive()
            }
        }

        impl<const N: usize> Cells for $name<N> {
            fn read(&self, child: usize, cell: usize) -> Option<Value> {
                if child > 0 {
                    return None;
                }
                with(|cs| self.0.borrow(cs).cell(cell))
            }
        }

        impl<const N: usize> Metric for $name<N> {
            const NEW: Self = Self::new();
            const SHAPE: Desc<'static> =
                Desc { number: $number, ..Desc::exponential_histogram("", "", &Details::NONE) };
            const BUCKETS: usize = N;
        }

        impl<const N: usize> Instrument for $name<N> {
            fn reset(&self) {
                with(|cs| self.0.borrow(cs).clear());
            }
        }
    };
}

histogram!(ExponentialHistogram, Number::Unsigned, u64, core::convert::identity);
histogram!(SignedExponentialHistogram, Number::Signed, i64, u64::cast_signed);

#[cfg(test)]
mod tests;
