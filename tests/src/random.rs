//! Random numbers that a seed repeats (`SplitMix64`).

/// A seed, and how far it was used.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Whether what happens so many times in a thousand happens.
    pub fn happens(&mut self, per_mille: u16) -> bool {
        self.below(1000) < usize::from(per_mille)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.bits() % limit as u64) as usize
    }

    /// Any number of bits alike, and the greatest number now and then.
    pub fn wide(&mut self) -> u64 {
        match self.below(20) {
            0 => u64::MAX,
            1 => 0,
            _ => self.bits() >> self.below(64),
        }
    }

    /// Any number of bits alike, and the ends of the range now and then.
    pub fn signed(&mut self) -> i64 {
        match self.below(20) {
            0 => i64::MIN,
            1 => i64::MAX,
            _ => self.bits().cast_signed() >> self.below(64),
        }
    }

    /// Any `f32`: special ones, short ones, any bits.
    pub fn single(&mut self) -> f32 {
        let special =
            [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, f32::MIN_POSITIVE, 36.6];
        match self.below(3) {
            0 => special[self.below(special.len())],
            1 => f32::from(self.below(1000) as u16) / 8.0,
            _ => f32::from_bits(self.bits() as u32),
        }
    }

    /// Any `f64`.
    pub fn double(&mut self) -> f64 {
        match self.below(2) {
            0 => f64::from(self.single()),
            _ => f64::from_bits(self.bits()),
        }
    }
}
