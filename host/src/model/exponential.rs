//! Histograms whose buckets are those of a Prometheus native histogram.

use narthex::model::{Exponential, Grid, Scale, Value, Window};
use narthex::text::{Cumulative, Upper};

/// An exponential histogram at one moment, out of the cells that a device has sent: all that a Prometheus native histogram
/// holds. In text it is a classic one.
///
/// Bucket *k* of schema *s* holds observations above 2^((k−1)/2^s) and not above 2^(k/2^s), in the exposed unit, or of those
/// below 0 by their magnitude. The zero bucket holds 0 alone.
#[derive(Clone, Copy, Debug)]
pub struct Native<'a> {
    shape: Exponential<'a>,
    cells: &'a [u64],
    scale: Scale,
    windows: [Window; 2],
}

impl<'a> Native<'a> {
    /// The histogram of these cells. `None` if they are those of no one moment, as its buckets were merged while they were
    /// read, or of no histogram at all.
    ///
    /// ```
    /// use narthex_host::model::{Exponential, Grid, Native, Scale};
    /// let words: [u32; Grid::words(0)] = Grid::table(Scale::ONE, 8);
    /// let shape = Exponential { grid: Grid::new(&words).unwrap(), signed: false };
    /// // No halvings, two of 0, a ring that begins with bucket 3, the sum, the window.
    /// let cells = [0, 2, 5, 0, 1, 0, 0, 0, 0, 0, 70, 6 << 7];
    /// let native = Native::new(shape, &cells, Scale::ONE).unwrap();
    /// assert_eq!((native.schema(), native.zero_count(), native.count()), (0, 2, 8));
    /// assert_eq!(native.above().collect::<Vec<_>>(), [(3, 5), (5, 1)]);
    /// ```
    pub fn new(shape: Exponential<'a>, cells: &'a [u64], scale: Scale) -> Option<Self> {
        let (buckets, rings) = (shape.grid.buckets(), shape.rings());
        if cells.len() != shape.cells() {
            return None;
        }
        let halvings = *cells.get(Exponential::HALVINGS)?;
        let mut windows = [Window::default(); 2];
        for (ring, window) in windows.iter_mut().enumerate().take(rings) {
            *window = Window::unpack(*cells.get(Exponential::window(buckets, rings, ring))?, buckets);
            if u64::from(window.halvings) != halvings || i16::try_from(window.first).is_err() {
                return None;
            }
        }
        if rings == 1 {
            windows[1] = Window { halvings: windows[0].halvings, ..Window::default() };
        }
        let native = Self { shape, cells, scale, windows };
        // What no device can have counted would break the order of the buckets on the page.
        let counts = cells.get(Exponential::ZEROS..Exponential::sum(buckets, rings))?;
        counts.iter().try_fold(0u64, |count, bucket| count.checked_add(*bucket))?;
        (native.schema() >= Grid::MIN_SCHEMA).then_some(native)
    }

    /// The resolution: 2^schema buckets an octave; from −4 to 8.
    pub fn schema(&self) -> i8 {
        self.shape.grid.schema() - self.windows[0].halvings as i8
    }

    /// The greatest magnitude that counts as 0: none but itself.
    pub const fn zero_threshold(&self) -> f64 {
        0.0
    }

    /// Observations of 0.
    pub fn zero_count(&self) -> u64 {
        self.cell(Exponential::ZEROS)
    }

    /// Observations above 0: buckets that hold something, by rising index, with their counts.
    pub fn above(&self) -> impl Iterator<Item = (i32, u64)> + use<'a> {
        self.ring(0)
    }

    /// Observations below 0, as [`above`](Self::above), by their magnitude.
    pub fn below(&self) -> impl Iterator<Item = (i32, u64)> + use<'a> {
        self.ring(1)
    }

    /// How many observations there were: the sum of all buckets.
    pub fn count(&self) -> u64 {
        let all = [self.above().map(|(_, n)| n).sum::<u64>(), self.below().map(|(_, n)| n).sum()];
        all.iter().fold(self.zero_count(), |count, n| count.wrapping_add(*n))
    }

    /// The sum of all observations, an integer, to be multiplied by ten to the power of [`scale`](Self::scale).
    pub fn sum(&self) -> Value {
        let sum = self.cell(Exponential::sum(self.shape.grid.buckets(), self.shape.rings()));
        if self.shape.signed {
            Value::Signed((sum >> 1).cast_signed() ^ -(sum & 1).cast_signed())
        } else {
            Value::Unsigned(sum)
        }
    }

    /// The power of ten by which sum and bounds are multiplied.
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// Whether there may be observations below 0.
    pub const fn is_signed(&self) -> bool {
        self.shape.signed
    }

    /// The upper bounds in use, in the device's unit, with how many observations are not above each: the buckets of a
    /// classic histogram without `+Inf`, which is [`count`](Self::count).
    pub fn cumulative(&self) -> impl Iterator<Item = (Upper, u64)> + use<'a> {
        let (mut cumulative, shape, cells) = (Cumulative::default(), self.shape, self.cells);
        std::iter::from_fn(move || {
            let upper = cumulative.next(&shape, &|cell| cells.get(cell).copied().unwrap_or(0))?;
            Some((upper, cumulative.total()))
        })
    }

    /// What it was made of: the shape, and the cells.
    pub(crate) fn parts(&self) -> (Exponential<'a>, &'a [u64]) {
        (self.shape, self.cells)
    }

    fn cell(&self, cell: usize) -> u64 {
        self.cells.get(cell).copied().unwrap_or(0)
    }

    fn ring(&self, ring: usize) -> impl Iterator<Item = (i32, u64)> + use<'a> {
        let buckets = self.shape.grid.buckets();
        let window = self.windows.get(ring).copied().unwrap_or_default();
        let there = if ring < self.shape.rings() { buckets } else { 0 };
        let (first, cells) = (Exponential::ring(buckets, ring), self.cells);
        (0..there).filter_map(move |place| {
            let count = *cells.get(first + ((window.cell + place) & (buckets - 1)))?;
            (count > 0).then_some((window.first + place as i32, count))
        })
    }
}
