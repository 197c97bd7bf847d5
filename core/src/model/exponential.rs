//! Where the cells of an exponential histogram stand, and what buckets they are.

use super::{Desc, Grid, Kind, Number};

/// How the cells of an exponential histogram are ordered: those of [`Cells::read`](super::Cells::read), which are those
/// that travel.
///
/// | cells | |
/// |---|---|
/// | 1 | halvings: how often neighbouring buckets have been merged; the schema is the finest one less this |
/// | 1 | observations of 0 |
/// | *n* | a ring of buckets: observations above 0 |
/// | *n* | only where observations are signed: a ring of buckets of those below 0, by their magnitude |
/// | 1 | the sum of all observations; zigzag if they are signed |
/// | 1 or 2 | the [`Window`] of each ring |
///
/// Halvings stand first, and once more in each window, last. So who reads cell after cell sees whether buckets were
/// merged meanwhile. While they are not, a bucket keeps its cell, and only grows; a window only widens, within its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exponential<'a> {
    /// The bounds.
    pub grid: Grid<'a>,
    /// Whether observations may be below 0.
    pub signed: bool,
}

/// What buckets a ring holds: `buckets` of them from `first` on, the first in cell `cell` of the ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Index of the lowest bucket.
    pub first: i32,
    /// Where that stands in the ring.
    pub cell: usize,
    /// As in the first cell of the histogram.
    pub halvings: u32,
}

impl<'a> Exponential<'a> {
    /// The cell of the halvings.
    pub const HALVINGS: usize = 0;
    /// The cell of observations of 0.
    pub const ZEROS: usize = 1;
    /// The first cell of the rings.
    const RINGS: usize = 2;

    /// The shape of a family; `None` if it is not one of exponential histograms.
    pub const fn of(desc: &Desc<'a>) -> Option<Self> {
        if !matches!(desc.kind, Kind::ExponentialHistogram) {
            return None;
        }
        let Some(grid) = Grid::new(desc.details.bounds) else { return None };
        Some(Self { grid, signed: matches!(desc.number, Number::Signed) })
    }

    /// How many rings there are.
    pub const fn rings(&self) -> usize {
        if self.signed { 2 } else { 1 }
    }

    /// How many cells.
    pub const fn cells(&self) -> usize {
        Self::window(self.grid.buckets(), self.rings(), self.rings())
    }

    /// The cell of the sum, where there are so many rings of so many buckets.
    pub const fn sum(buckets: usize, rings: usize) -> usize {
        Self::ring(buckets, rings)
    }

    /// The first cell of this ring, where each has so many buckets.
    pub const fn ring(buckets: usize, ring: usize) -> usize {
        Self::RINGS.saturating_add(buckets.saturating_mul(ring))
    }

    /// The cell of the window of this ring.
    pub const fn window(buckets: usize, rings: usize, ring: usize) -> usize {
        Self::sum(buckets, rings).saturating_add(1).saturating_add(ring)
    }
}

impl Window {
    /// Bits of the halvings in a cell.
    const HALVINGS_BITS: u32 = 4;

    /// As a cell, where a ring has so many buckets, which is a power of two: from the lowest bit on four bits of
    /// halvings, as many bits as it takes for the cell in the ring, and the index of the first bucket, zigzag.
    pub const fn pack(self, buckets: usize) -> u64 {
        let first = ((self.first << 1) ^ (self.first >> 31)).cast_unsigned() as u64;
        let cell = (self.cell & buckets.saturating_sub(1)) as u64;
        (((first << buckets.trailing_zeros()) | cell) << Self::HALVINGS_BITS) | (self.halvings & 15) as u64
    }

    /// Out of a cell. Indices have 24 bits at most.
    pub const fn unpack(cell: u64, buckets: usize) -> Self {
        let rest = cell >> Self::HALVINGS_BITS;
        let first = (rest >> buckets.trailing_zeros()) as u32 & 0x00ff_ffff;
        Self {
            first: (first >> 1).cast_signed() ^ -(first & 1).cast_signed(),
            cell: rest as usize & buckets.saturating_sub(1),
            halvings: cell as u32 & 15,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_make_the_round_trip() {
        for buckets in [8, 32, 1024] {
            for first in [0, 1, -1, 31_744, -15_308] {
                for halvings in [0, 12] {
                    let window = Window { first, cell: buckets - 1, halvings };
                    assert_eq!(Window::unpack(window.pack(buckets), buckets), window);
                }
            }
        }
        assert_eq!(Window::default().pack(32), 0);
    }
}
