//! The bounds of an exponential histogram, as exact integers.

use super::Scale;

/// The bounds of an exponential histogram's buckets: bucket *k* of schema *s* holds what is above 2^((k−1)/2^s) and not
/// above 2^(k/2^s), in the exposed unit, as a Prometheus native histogram has it
/// (<https://prometheus.io/docs/specs/native_histograms/>).
///
/// A device observes integers, in a unit of its own. What it compares them with is such a bound times 10^−scale, rounded
/// down: that changes nothing for an integer, and so no float and no logarithm is needed. Of the bounds of all octaves
/// one is kept, at the finest schema, each as the upper 64 bits of the number; the others are the same, shifted, and
/// bucket *k* of a schema is made of the buckets 2k − 1 and 2k of the next finer one.
///
/// A grid is made of words, which stand in flash as the bounds of a [`Details`](super::Details): `2 · 2^schema + 1` of
/// them, as [`Grid::table`] makes them. The first holds the schema (4 bits from the top), how many buckets there is room for
/// (12 bits), and the index of the first bound at or above 1 unit of the device (16 bits, signed); then come the upper
/// halves of the bounds, and then the lower ones.
///
/// ```
/// use narthex::model::{Grid, Scale};
/// // Milliseconds shown as seconds, in two buckets an octave, 32 of them.
/// const WORDS: [u32; Grid::words(1)] = Grid::table(Scale::new(-3), 32);
/// let grid = Grid::new(&WORDS).unwrap();
/// assert_eq!((grid.schema(), grid.buckets()), (1, 32));
/// // A second is 2^0: the end of bucket 0. The next bound is 2^(1/2) s, 1414.2 ms.
/// assert_eq!((grid.index(1000), grid.index(1001), grid.index(1414), grid.index(1415)), (0, 1, 1, 2));
/// assert_eq!((grid.threshold(0), grid.threshold(1), grid.threshold(-20)), (1000, 1414, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid<'a> {
    head: u32,
    high: &'a [u32],
    low: &'a [u32],
}

impl<'a> Grid<'a> {
    /// The coarsest schema there is: each bound is 65 536 times the one before.
    pub const MIN_SCHEMA: i8 = -4;
    /// The finest schema there is: 256 buckets an octave.
    pub const MAX_SCHEMA: i8 = 8;
    /// Fewest buckets: enough for all of 64 bits at the coarsest schema.
    pub const MIN_BUCKETS: usize = 8;
    /// Most buckets.
    pub const MAX_BUCKETS: usize = 1024;

    /// How many words a grid of this finest schema has, which is from 0 to [`Grid::MAX_SCHEMA`]; 0 for others.
    pub const fn words(schema: i8) -> usize {
        if 0 <= schema && schema <= Self::MAX_SCHEMA { (2 << schema) + 1 } else { 0 }
    }

    /// The words of a grid, for values of this scale in a histogram with room for so many buckets.
    ///
    /// # Panics
    /// Refused by the compiler where `WORDS` is not that of [`Grid::words`].
    pub const fn table<const WORDS: usize>(scale: Scale, buckets: usize) -> [u32; WORDS] {
        const { assert!(is_length(WORDS), "a grid has as many words as `Grid::words` says") }
        let mut words = [0; WORDS];
        Self::fill(&mut words, scale, buckets);
        words
    }

    /// As [`Grid::table`], into the words that are there, as many as [`Grid::words`] says.
    pub const fn fill(words: &mut [u32], scale: Scale, buckets: usize) {
        fill(words, scale, buckets);
    }

    /// The grid of these words. `None` if they can be none.
    pub const fn new(words: &'a [u32]) -> Option<Self> {
        let [head, bounds @ ..] = words else { return None };
        if !is_length(words.len()) {
            return None;
        }
        let (high, low) = bounds.split_at(bounds.len() / 2);
        Some(Self { head: *head, high, low })
    }

    /// The words it is made of.
    pub fn to_words(&self) -> impl Iterator<Item = u32> + use<'a> {
        [self.head].into_iter().chain(self.high.iter().copied()).chain(self.low.iter().copied())
    }

    /// Whether these words can be a grid, of a number of buckets that can be.
    pub(super) const fn is_one(words: &'a [u32]) -> bool {
        let Some(grid) = Self::new(words) else { return false };
        let buckets = grid.buckets();
        buckets.is_power_of_two() && buckets >= Self::MIN_BUCKETS && buckets <= Self::MAX_BUCKETS
    }

    /// Whether these words are the grid of that scale. For the compiler: it computes the grid anew.
    pub(super) const fn is_right(words: &'a [u32], scale: Scale) -> bool {
        let Some(grid) = Self::new(words) else { return false };
        let mut right = [0; Self::words(Self::MAX_SCHEMA)];
        let Some((right, _)) = right.split_at_mut_checked(words.len()) else { return false };
        fill(right, scale, grid.buckets());
        let (mut words, mut right) = (words, &*right);
        while let ([word, words_rest @ ..], [other, right_rest @ ..]) = (words, right) {
            if *word != *other {
                return false;
            }
            (words, right) = (words_rest, right_rest);
        }
        true
    }

    /// The finest schema: there are 2^schema bounds in an octave.
    pub const fn schema(&self) -> i8 {
        self.high.len().trailing_zeros() as i8
    }

    /// How many buckets there is room for.
    pub const fn buckets(&self) -> usize {
        ((self.head >> 16) & 0xfff) as usize
    }

    /// Index of the first bound that is not below one unit of the device, at the finest schema.
    #[inline]
    pub const fn offset(&self) -> i32 {
        self.head as i16 as i32
    }

    /// Index of the bucket of `value`, which is not 0, at the finest schema: that of the first bound not below it.
    pub fn index(&self, value: u64) -> i32 {
        let shift = value.leading_zeros();
        let bits = value << shift;
        let (high, low) = ((bits >> 32) as u32, bits as u32);
        let mut at = first_not_below(self.high, high);
        // Bounds that agree in the upper half stand apart: no two do.
        if self.high.get(at) == Some(&high) && self.low.get(at).is_some_and(|bound| *bound < low) {
            at += 1;
        }
        self.at(63 - shift as i32, at)
    }

    /// As [`Grid::index`] for a value of 32 bits, of words that [`Grid::new`] would take.
    #[inline]
    pub(crate) fn index_in(words: &[u32], value: u32) -> i32 {
        let Some((head, bounds)) = words.split_first() else { return 0 };
        let high = bounds.get(..bounds.len() / 2).unwrap_or_default();
        let shift = value.leading_zeros();
        let at = first_not_below(high, value << shift);
        let octave = 31 - shift as i32;
        (octave << high.len().trailing_zeros()) + at as i32 + i32::from(*head as i16)
    }

    /// Index of the bound at this place in this octave.
    #[inline]
    fn at(&self, octave: i32, place: usize) -> i32 {
        (octave << self.schema()) + place as i32 + self.offset()
    }

    /// The greatest integer that is not above bound `index` of the finest schema, in units of the device: 0 for all that
    /// are below 1, `u64::MAX` for all that are above it.
    pub fn threshold(&self, index: i32) -> u64 {
        let place = index - self.offset();
        let octave = place >> self.schema();
        let at = place.cast_unsigned() as usize & (self.high.len() - 1);
        let word = |words: &[u32]| words.get(at).copied().map_or(0, u64::from);
        match octave {
            ..0 => 0,
            0..64 => ((word(self.high) << 32) | word(self.low)) >> (63 - octave),
            _ => u64::MAX,
        }
    }
}

/// Index of the first of `bounds`, which are 2^schema and rise evenly on a logarithmic scale, that is not below `bits`.
/// Both have their top bit set.
///
/// The logarithm of a number 1 + x is taken to be x + x (1 − x) (0.418 − 0.158 x), which is too small by 0 to 0.0014. So
/// at the finest schema the bound is one place in front of what that says, to two places behind.
#[inline]
fn first_not_below(bounds: &[u32], bits: u32) -> usize {
    let x = (bits << 1) >> 16;
    let bend = 27_380 - ((x * 10_355) >> 16);
    let logarithm = x + ((((x * (65_536 - x)) >> 16) * bend) >> 16);
    let guess = (logarithm >> (16 - bounds.len().trailing_zeros())) as usize;
    let is_below = |at: usize| bounds.get(at).is_some_and(|bound| *bound < bits);
    if is_below(guess) {
        return guess + 1 + usize::from(is_below(guess + 1));
    }
    match guess.checked_sub(1) {
        Some(before) if !is_below(before) => before,
        _ => guess,
    }
}

/// Whether there may be so many words.
const fn is_length(words: usize) -> bool {
    let mut schema = 0;
    while schema <= Grid::MAX_SCHEMA {
        if words == Grid::words(schema) {
            return true;
        }
        schema += 1;
    }
    false
}

/// Writes a grid into as many words as it has.
const fn fill(words: &mut [u32], scale: Scale, buckets: usize) {
    let [head, bounds @ ..] = words else { return };
    let len = bounds.len() / 2;
    let schema = len.trailing_zeros();
    let unit = Binary::of(scale);
    // So many bounds lie in the octave of a bound that is a power of two.
    let mut within = 0;
    while within < len && unit.times_root(within as u32, schema).exponent == unit.exponent {
        within += 1;
    }
    let offset = within as i32 - ((unit.exponent + 1) << schema);
    *head = schema << 28 | (buckets as u32 & 0xfff) << 16 | (offset as i16).cast_unsigned() as u32;
    let (mut high, mut low) = bounds.split_at_mut(len);
    let mut at = within;
    while let ([upper, upper_rest @ ..], [lower, lower_rest @ ..]) = (high, low) {
        let bits = unit.times_root(at as u32 & (len as u32 - 1), schema).bits;
        (*upper, *lower) = ((bits >> 96) as u32, (bits >> 64) as u32);
        (high, low) = (upper_rest, lower_rest);
        at += 1;
    }
}

/// A number of 128 bits, of which the first is set: `bits` · 2^(`exponent` − 127), rounded down.
#[derive(Clone, Copy)]
struct Binary {
    bits: u128,
    exponent: i32,
}

/// 2^(1/2^n) for n from 1 on.
const ROOTS: [u128; Grid::MAX_SCHEMA as usize] = roots();

impl Binary {
    /// 10^−scale: units of the device in an exposed unit.
    const fn of(scale: Scale) -> Self {
        let power = 10u128.pow(scale.exponent().unsigned_abs() as u32);
        let shift = power.leading_zeros();
        if scale.exponent() <= 0 {
            return Self { bits: power << shift, exponent: 127 - shift as i32 };
        }
        // Long division of 1, bit by bit, from the first that is set.
        let (mut bits, mut rest, mut exponent) = (0u128, 1u128, 0);
        while bits >> 127 == 0 {
            rest <<= 1;
            bits <<= 1;
            if rest >= power {
                (rest, bits) = (rest - power, bits | 1);
            }
            if bits == 0 || bits == 1 {
                exponent -= 1;
            }
        }
        Self { bits, exponent }
    }

    /// Times 2^(n/2^schema), for n below 2^schema.
    const fn times_root(self, n: u32, schema: u32) -> Self {
        let (mut product, mut roots, mut bit) = (self, ROOTS.as_slice(), schema);
        while let [root, rest @ ..] = roots {
            if bit == 0 {
                break;
            }
            bit -= 1;
            if n >> bit & 1 == 1 {
                product = product.times(*root);
            }
            roots = rest;
        }
        product
    }

    /// Times a number from 1 to 2, of as many bits.
    const fn times(self, other: u128) -> Self {
        let (high, low) = square_or_product(self.bits, other);
        if high >> 127 == 1 {
            return Self { bits: high, exponent: self.exponent + 1 };
        }
        Self { bits: (high << 1) | (low >> 127), ..self }
    }
}

/// The product, as its upper and lower 128 bits.
const fn square_or_product(a: u128, b: u128) -> (u128, u128) {
    const MASK: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & MASK, b >> 64, b & MASK);
    let low = a0 * b0;
    let middle = a1 * b0 + (low >> 64);
    let other = a0 * b1 + (middle & MASK);
    (a1 * b1 + (middle >> 64) + (other >> 64), (other << 64) | (low & MASK))
}

/// Each is the square root of the one before, the first that of 2: found bit by bit, rounded down.
const fn roots() -> [u128; Grid::MAX_SCHEMA as usize] {
    let mut roots = [0; Grid::MAX_SCHEMA as usize];
    // Times 2^127, so that its square root has 128 bits.
    let (mut high, mut low) = (1 << 127, 0);
    let mut rest: &mut [u128] = &mut roots;
    while let [place, others @ ..] = rest {
        let (mut root, mut bit) = (0u128, 127);
        while bit >= 0 {
            let (square, below) = square_or_product(root | 1 << bit, root | 1 << bit);
            if square < high || (square == high && below <= low) {
                root |= 1 << bit;
            }
            bit -= 1;
        }
        *place = root;
        (high, low) = (root >> 1, root << 127);
        rest = others;
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    fn words(schema: i8, scale: i8) -> Vec<u32> {
        let mut words = vec![0; Grid::words(schema)];
        fill(&mut words, Scale::new(scale), 32);
        words
    }

    #[test]
    fn bounds_are_found_at_every_scale_and_schema() {
        for scale in -Scale::MAX..=Scale::MAX {
            for schema in 0..=Grid::MAX_SCHEMA {
                let words = words(schema, scale);
                let grid = Grid::new(&words).unwrap();
                assert_eq!((grid.schema(), grid.buckets()), (schema, 32));
                for bound in grid.offset()..grid.offset() + (64 << schema) {
                    let threshold = grid.threshold(bound);
                    // Where bounds lie closer than integers, the first of those between two integers is found.
                    if grid.threshold(bound - 1) < threshold {
                        assert_eq!(grid.index(threshold), bound, "{threshold} at {scale}, {schema}");
                        if let Ok(short) = u32::try_from(threshold) {
                            assert_eq!(Grid::index_in(&words, short), bound);
                        }
                    }
                    if threshold < u64::MAX {
                        let above = grid.index(threshold + 1);
                        assert!(above > bound && grid.threshold(above - 1) <= threshold);
                        assert!(grid.threshold(above) > threshold);
                    }
                }
                assert_eq!(grid.threshold(grid.offset() - 1), 0);
                assert!(grid.threshold(grid.offset()) == 1);
                assert_eq!(grid.threshold(grid.offset() + (64 << schema)), u64::MAX);
            }
        }
    }

    #[test]
    fn powers_of_two_are_exact() {
        let words = words(8, 0);
        let grid = Grid::new(&words).unwrap();
        for octave in 0..64 {
            assert_eq!(grid.threshold(octave << 8), 1 << octave);
        }
    }

    #[test]
    fn what_is_no_grid_is_none() {
        let good = words(3, -6);
        assert!(Grid::is_one(&good) && Grid::is_right(&good, Scale::new(-6)));
        assert!(!Grid::is_right(&good, Scale::new(-3)));
        for buckets in [0, 4, 33, 2048] {
            let mut other = good.clone();
            other[0] = (other[0] & 0xf000_ffff) | buckets << 16;
            assert!(!Grid::is_one(&other), "{buckets}");
        }
        assert_eq!(Grid::new(&[]), None);
        assert_eq!(Grid::new(&good[1..]), None);
        assert_eq!((Grid::words(-1), Grid::words(9)), (0, 0));
    }
}
