//! Quantiles over a sliding window, in fixed memory.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use super::ring::Rings;
use super::sync::{Mutex, with};
use super::{Instrument, Metric};
use crate::model::{Cells, Desc, Details, Grid, Scale, Value};

/// Which quantiles a [`Summary`] tells, and of how long a time.
pub trait Quantiles: Sync + 'static {
    /// The quantiles in millionths, rising: 500 000 is the median.
    const MILLIONTHS: &'static [u32];
    /// How many seconds an observation counts.
    const SECONDS: u32;
}

/// Quantiles of what was observed in the last while, and the count and the sum of all that was ever observed.
///
/// The while is a window that slides in `AGES` steps, each of which has `N` buckets of its own (a power of two from 8 on):
/// so quantiles are of the last `Q::SECONDS` seconds, less up to one step. Who keeps the time calls
/// [`tick`](Summary::tick). Without observations in the window there are no quantiles: text says `NaN`.
///
/// ```
/// use core::time::Duration;
/// use narthex::instrument::{Quantiles, Summary};
/// use narthex::{Metrics, Registry, WithDistributions, registry};
/// struct Medians;
/// impl Quantiles for Medians {
///     const MILLIONTHS: &'static [u32] = &[500_000, 990_000];
///     const SECONDS: u32 = 600;
/// }
/// #[derive(Metrics)]
/// struct Radio {
///     /// Time to an acknowledgement.
///     #[metric(unit = "seconds", scale = -6)] // observed in whole microseconds
///     radio_acknowledgement_seconds: Summary<Medians, 64, 5>,
/// }
/// static RADIO: Radio = Radio::new();
/// static REGISTRY: Registry<WithDistributions> = registry![RADIO];
/// (1..=99).for_each(|micros| RADIO.radio_acknowledgement_seconds.observe(micros));
/// let median = RADIO.radio_acknowledgement_seconds.quantile(500_000).unwrap();
/// assert!((48..=52).contains(&median));
/// RADIO.radio_acknowledgement_seconds.tick(Duration::from_secs(700));
/// assert_eq!(RADIO.radio_acknowledgement_seconds.quantile(500_000), None);
/// assert_eq!(RADIO.radio_acknowledgement_seconds.count(), 99);
/// ```
///
/// # How exact
/// Buckets are those of an exponential histogram: 16 an octave, while what was observed in a step spans no more than `N`
/// of them, else 8, or 4, and so on; the coarsest of the steps counts. What is told as quantile *q* of *n* observations is
/// the middle of the bucket that the ⌈*q n*⌉-th smallest lies in. So it differs from that by no more than half of one less
/// than the factor from a bucket to the next, and half a unit: by 2.2 % with 16 buckets an octave, 4.6 % with 8, 9.5 % with
/// 4.
///
/// # Protocol
/// An observation is one critical section, as in an [`ExponentialHistogram`](super::ExponentialHistogram). So is each step of
/// the window, in which one age is emptied: `N` cells. A reader looks at one age at a time, in a critical section of up to
/// `N` additions, about ten times for a quantile; if the window moves meanwhile, it begins once more, and then says that
/// there is none. Observations that arrive during the read may count or not.
#[must_use = "a summary does nothing unless it is used"]
pub struct Summary<Q, const N: usize, const AGES: usize> {
    state: Mutex<State<N, AGES>>,
    quantiles: PhantomData<fn() -> Q>,
}

struct State<const N: usize, const AGES: usize> {
    ages: [Age<N>; AGES],
    /// The age that is observed into, and the number of its step since boot.
    newest: Cell<u8>,
    step: Cell<u32>,
    /// How often an age was emptied.
    turns: Cell<u32>,
    sum: Cell<u64>,
    count: Cell<u64>,
}

/// What was observed in one step of the window.
struct Age<const N: usize> {
    buckets: Rings<N, 1>,
    zeros: Cell<u64>,
}

/// The finest resolution: 16 buckets an octave. The unit is the device's, whatever that is.
static GRID: [u32; Grid::words(4)] = Grid::table(Scale::ONE, Grid::MIN_BUCKETS);
/// Index of the last bound that is needed at that resolution: 2^32.
const LAST: i32 = 32 << 4;

impl<Q: Quantiles, const N: usize, const AGES: usize> Summary<Q, N, AGES> {
    /// How long a step of the window is, in seconds.
    const STEP: u32 = {
        assert!(AGES >= 1 && AGES < 256, "a summary has from 1 to 255 ages");
        let step = Q::SECONDS / AGES as u32;
        if step == 0 { 1 } else { step }
    };

    /// A summary that has seen nothing.
    pub const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                ages: [const { Age { buckets: Rings::new(), zeros: Cell::new(0) } }; AGES],
                newest: Cell::new(0),
                step: Cell::new(0),
                turns: Cell::new(0),
                sum: Cell::new(0),
                count: Cell::new(0),
            }),
            quantiles: PhantomData,
        }
    }

    /// Counts one observation of `value`, in the device's unit.
    #[inline]
    pub fn observe(&self, value: u32) {
        self.observe_n(value, 1);
    }

    /// Counts `n` observations of `value`.
    #[inline(never)]
    pub fn observe_n(&self, value: u32, n: u32) {
        if n == 0 {
            return;
        }
        let index = (value > 0).then(|| Grid::index_in(&GRID, value));
        let (sum, n) = (u64::from(value) * u64::from(n), u64::from(n));
        with(|cs| {
            let state = self.state.borrow(cs);
            let Some(age) = state.ages.get(usize::from(state.newest.get())) else { return };
            match index {
                Some(index) => age.buckets.add(0, index, n),
                None => age.zeros.set(age.zeros.get().wrapping_add(n)),
            }
            state.sum.set(state.sum.get().wrapping_add(sum));
            state.count.set(state.count.get().wrapping_add(n));
        });
    }

    /// Tells the time since boot: moves the window, if it is time. To be called once a step at least; more often costs a
    /// few instructions, later makes the window longer by that much.
    pub fn tick(&self, now: Duration) {
        let step = (now.as_secs() / u64::from(Self::STEP)) as u32;
        let behind = with(|cs| {
            let state = self.state.borrow(cs);
            let behind = step.saturating_sub(state.step.get());
            state.step.set(state.step.get().max(step));
            behind
        });
        // Each age in a critical section of its own.
        for _ in 0..behind.min(AGES as u32) {
            with(|cs| self.state.borrow(cs).turn());
        }
    }

    /// The value that this part of the observations of the window does not exceed, in millionths of them, as nearly as the
    /// type says; `None` if there are none.
    pub fn quantile(&self, millionths: u32) -> Option<u32> {
        let turns = || with(|cs| self.state.borrow(cs).turns.get());
        for _ in 0..2 {
            let before = turns();
            let quantile = self.search(millionths);
            if turns() == before {
                return quantile;
            }
        }
        None
    }

    fn search(&self, millionths: u32) -> Option<u32> {
        let sum = |of: &dyn Fn(&Age<N>) -> u64| {
            let one = |age: usize| with(|cs| self.state.borrow(cs).ages.get(age).map_or(0, of));
            (0..AGES).map(one).fold(0, u64::wrapping_add)
        };
        let all = sum(&|age| age.up_to(LAST));
        if all == 0 {
            return None;
        }
        // Ages may differ in resolution: at the bounds of the coarsest, which all have, each counts exactly.
        let one = |age: usize| {
            with(|cs| self.state.borrow(cs).ages.get(age).map_or(0, |age| age.buckets.halvings()))
        };
        let halvings = (0..AGES).map(one).fold(0, u32::max);
        let reaches = |bucket: i32| {
            let count = sum(&|age| age.up_to(bucket << halvings));
            count > 0 && count.saturating_mul(1_000_000) >= all.saturating_mul(millionths.into())
        };
        // Below all buckets there is nothing but zeros.
        let (mut low, mut high) = (-1, LAST >> halvings);
        if reaches(low) {
            return Some(0);
        }
        while high - low > 1 {
            let middle = i32::midpoint(low, high);
            if reaches(middle) { high = middle } else { low = middle }
        }
        let grid = Grid::new(&GRID)?;
        // Within 32 bits, as all observations are.
        let bound = |bucket: i32| grid.threshold(bucket << halvings).min(u64::from(u32::MAX)) as u32;
        let last = bound(high);
        Some(u32::midpoint(bound(high - 1).saturating_add(1).min(last), last))
    }

    /// How many observations were made since boot.
    pub fn count(&self) -> u64 {
        with(|cs| self.state.borrow(cs).count.get())
    }

    /// The sum of all values observed since boot, in the device's unit.
    pub fn sum(&self) -> u64 {
        with(|cs| self.state.borrow(cs).sum.get())
    }
}

impl<const N: usize, const AGES: usize> State<N, AGES> {
    /// Empties the oldest age and makes it the newest.
    fn turn(&self) {
        let next = (usize::from(self.newest.get()) + 1) % AGES;
        self.newest.set(next as u8);
        self.turns.set(self.turns.get().wrapping_add(1));
        if let Some(age) = self.ages.get(next) {
            age.clear();
        }
    }
}

impl<const N: usize> Age<N> {
    /// How many observations are not above this bound of the finest resolution.
    fn up_to(&self, index: i32) -> u64 {
        let mut count = self.zeros.get();
        let (first, cell) = self.buckets.window(0);
        for place in 0..N {
            if (first + place as i32) << self.buckets.halvings() <= index {
                count = count.wrapping_add(self.buckets.cell(0, (cell + place) & (N - 1)).unwrap_or(0));
            }
        }
        count
    }

    fn clear(&self) {
        self.buckets.clear();
        self.zeros.set(0);
    }
}

impl<Q: Quantiles, const N: usize, const AGES: usize> Default for Summary<Q, N, AGES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Q: Quantiles, const N: usize, const AGES: usize> fmt::Debug for Summary<Q, N, AGES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, sum) = (self.count(), self.sum());
        f.debug_struct("Summary").field("count", &count).field("sum", &sum).finish_non_exhaustive()
    }
}

impl<Q: Quantiles, const N: usize, const AGES: usize> Cells for Summary<Q, N, AGES> {
    fn read(&self, child: usize, cell: usize) -> Option<Value> {
        if child > 0 {
            return None;
        }
        let value = match Q::MILLIONTHS.get(cell) {
            Some(quantile) => self.quantile(*quantile).map_or(0, |value| u64::from(value) + 1),
            None if cell == Q::MILLIONTHS.len() => self.sum(),
            None if cell == Q::MILLIONTHS.len().wrapping_add(1) => self.count(),
            None => return None,
        };
        Some(Value::Unsigned(value))
    }
}

impl<Q: Quantiles, const N: usize, const AGES: usize> Metric for Summary<Q, N, AGES> {
    const NEW: Self = Self::new();
    const SHAPE: Desc<'static> = Desc::summary("", "", &Details { bounds: Q::MILLIONTHS, ..Details::NONE });
    const BUCKETS: usize = Q::MILLIONTHS.len();
}

impl<Q: Quantiles, const N: usize, const AGES: usize> Instrument for Summary<Q, N, AGES> {
    fn reset(&self) {
        with(|cs| {
            let state = self.state.borrow(cs);
            state.ages.iter().for_each(Age::clear);
            state.turns.set(state.turns.get().wrapping_add(1));
            state.sum.set(0);
            state.count.set(0);
        });
    }
}
