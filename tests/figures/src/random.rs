//! Numbers that look random and are the same in each run.

/// A generator: `splitmix64`, by Steele, Lea and Flood (2014).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u32
    }

    /// Whether something happens that happens so many times of ten.
    pub(crate) fn of_ten(&mut self, times: u32) -> bool {
        self.below(10) < times
    }

    /// A number of 4 to 19 binary digits, each length as often as any other: totals after a day of work.
    pub(crate) fn total(&mut self) -> u32 {
        let digits = 4 + self.below(16);
        (1 << (digits - 1)) + self.below(1 << (digits - 1))
    }

    /// Puts things in any order.
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for end in (1..things.len()).rev() {
            things.swap(end, self.below(end as u32 + 1) as usize);
        }
    }
}
