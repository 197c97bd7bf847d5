//! The buckets of an exponential histogram as lines of a classic one.

use super::{Format, Out, number};
use crate::model::{Exponential, Scale, Window};

/// A place among the lines of an exponential histogram, and what goes on from there. The default is in front of them.
///
/// The lines are: 0, in any case; the two ends of each bucket that holds something; and behind them all, `+Inf`. Each
/// counts what is not above it. Integers are observed, so the bounds are the greatest integers that are not above those of
/// the buckets, exactly.
///
/// From one line to the next each cell is read once, and what was read before is kept as the total. If buckets were
/// merged meanwhile, the next bound above the last one is found among those of then, and everything up to it read anew.
/// Either way no line counts less than the one before, and `+Inf`, which is the last total, not less than any.
///
/// ```
/// use narthex::ExponentialHistogram;
/// use narthex::model::{Cells as _, Desc, Details, Exponential, Grid, Scale, Value};
/// use narthex::text::Cumulative;
/// static GRID: [u32; Grid::words(0)] = Grid::table(Scale::ONE, 8);
/// const DETAILS: Details<'static> = Details { bounds: &GRID, ..Details::NONE };
/// const DESC: Desc<'static> = Desc::exponential_histogram("size_bytes", "Sizes.", &DETAILS);
/// let sizes = ExponentialHistogram::<8>::new();
/// for size in [0, 5, 6, 100] {
///     sizes.with(&GRID).observe(size);
/// }
/// let shape = Exponential::of(&DESC).unwrap();
/// let read = |cell| match sizes.read(0, cell) {
///     Some(Value::Unsigned(n)) => n,
///     _ => 0,
/// };
/// let (mut lines, mut cumulative) = (Vec::new(), Cumulative::default());
/// while let Some(bound) = cumulative.next(&shape, &read) {
///     lines.push((bound.magnitude, cumulative.total()));
/// }
/// assert_eq!(lines, [(0, 1), (4, 1), (8, 3), (64, 3), (128, 4)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cumulative {
    /// What was counted up to the last bound.
    pub(super) total: u64,
    /// Which bound that was.
    pub(super) position: i16,
    /// Of when that was.
    pub(super) halvings: u8,
}

/// An upper bound, inclusive, in the device's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upper {
    /// Whether it is below 0.
    pub negative: bool,
    /// Its magnitude.
    pub magnitude: u64,
}

impl Default for Cumulative {
    fn default() -> Self {
        Self { total: 0, position: Self::FRONT, halvings: 0 }
    }
}

/// One bucket, with its upper bound as a position on an axis: 0 for 0, and one more than the index of the bound above 1
/// for those above; rising, and below 0 for what is below.
struct Bucket {
    position: i32,
    cell: Option<usize>,
}

impl Cumulative {
    /// In front of all bounds.
    pub(super) const FRONT: i16 = i16::MIN;

    /// What the line counts that was last found; behind the last, all that was counted.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Goes on to the next bound, and returns it. `None` behind the last: what is left is `+Inf`.
    ///
    /// `read` gives a cell of the histogram, now.
    pub fn next(&mut self, shape: &Exponential<'_>, read: &dyn Fn(usize) -> u64) -> Option<Upper> {
        let (buckets, rings) = (shape.grid.buckets(), shape.rings());
        let windows = || [0, rings - 1].map(|ring| read(Exponential::window(buckets, rings, ring)));
        // Each round means that a window was widened or merged meanwhile, which in a boot happens a few times a bucket at
        // most.
        loop {
            let before = windows();
            let mut next = *self;
            let bound = next.among(shape, before.map(|cell| Window::unpack(cell, buckets)), read);
            if windows() == before {
                *self = next;
                return bound;
            }
        }
    }

    fn among(
        &mut self,
        shape: &Exponential<'_>,
        windows: [Window; 2],
        read: &dyn Fn(usize) -> u64,
    ) -> Option<Upper> {
        let last = i32::from(self.position);
        let merged = windows.iter().any(|window| window.halvings != u32::from(self.halvings));
        let anew = merged || self.position == Self::FRONT;
        let printed = if self.position == Self::FRONT { None } else { Some(upper(shape, last)) };
        if anew {
            self.total = 0;
            self.halvings = windows.map(|window| window.halvings)[0] as u8;
        }
        let mut lower = None;
        for at in 0..shape.places() {
            let Bucket { position, cell } = shape.bucket(windows, at);
            if position <= last && !anew {
                continue;
            }
            let count = cell.map_or(0, read);
            let bound =
                Some(upper(shape, position)).filter(|bound| position > last && Some(*bound) != printed);
            if count > 0 && bound.is_some() && lower.is_some() {
                let (position, bound) = lower?;
                self.position = position;
                return Some(bound);
            }
            self.total = self.total.wrapping_add(count);
            // Indices have 16 bits.
            let found = bound.map(|bound| (position as i16, bound));
            if (count > 0 || position == 0)
                && let Some((position, bound)) = found
            {
                self.position = position;
                return Some(bound);
            }
            lower = found;
        }
        None
    }
}

impl Exponential<'_> {
    /// No bound stands behind this place: 64 octaves at the finest schema, and what merging adds, are 20 480.
    const LAST: i32 = 32_000;

    /// How many buckets [`bucket`](Self::bucket) tells: for each ring one that is empty, in front.
    const fn places(&self) -> usize {
        (self.grid.buckets() + 1) * self.rings() + 1
    }

    /// Buckets from the lowest values to the highest: those below 0, 0, those above.
    fn bucket(&self, [above, below]: [Window; 2], at: usize) -> Bucket {
        let buckets = self.grid.buckets();
        // Held within what a position can be, whatever a window says.
        let place = |index: i32, halvings: u32| {
            (index << halvings).wrapping_sub(self.grid.offset()).clamp(-1, Self::LAST)
        };
        let zero = if self.signed { buckets + 1 } else { 0 };
        if at == zero {
            return Bucket { position: 0, cell: Some(Self::ZEROS) };
        }
        // From the one at the far side of 0, which is empty, downwards in magnitude.
        if at < zero {
            let place_in_ring = buckets - at;
            let low = place(below.first + place_in_ring as i32 - 1, below.halvings);
            let cell = Self::ring(buckets, 1) + ((below.cell + place_in_ring) & (buckets - 1));
            return Bucket { position: -low - 2, cell: (at > 0).then_some(cell) };
        }
        let place_in_ring = at - zero - 1;
        let high = place(above.first + place_in_ring as i32 - 1, above.halvings);
        let cell = Self::ring(buckets, 0) + ((above.cell + place_in_ring).wrapping_sub(1) & (buckets - 1));
        Bucket { position: high + 1, cell: (place_in_ring > 0).then_some(cell) }
    }
}

/// The greatest integer that is not above the bound at this position.
fn upper(shape: &Exponential<'_>, position: i32) -> Upper {
    let threshold = |place| shape.grid.threshold(place + shape.grid.offset());
    match position {
        0 => Upper { negative: false, magnitude: 0 },
        1.. => Upper { negative: false, magnitude: threshold(position - 1) },
        // What lies in a bucket of magnitudes is above its lower end: so is the integer next to that.
        _ => Upper { negative: true, magnitude: threshold(-position - 2).saturating_add(1) },
    }
}

impl Upper {
    /// Writes it as the value of an `le` label.
    pub fn write(&self, out: &mut Out<'_>, format: Format, scale: Scale) {
        if self.negative {
            out.byte(b'-');
        }
        number::bound(out, format, self.magnitude, scale);
    }
}
