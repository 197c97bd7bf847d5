//! Decimal scales, by which integers stand for fractions of a base unit.

/// A power of ten by which a cell's integer is multiplied to give the exposed value.
///
/// A cell counting microseconds under a metric in seconds has scale −6. Text moves the decimal point; no float
/// is involved, and no digit is lost.
///
/// ```
/// use narthex::model::Scale;
/// const MICRO: Scale = Scale::new(-6);
/// assert_eq!(MICRO.exponent(), -6);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scale(i8);

impl Scale {
    /// Cells hold the exposed unit itself.
    pub const ONE: Self = Self(0);
    /// Greatest exponent in either direction: enough for pico and tera with a margin.
    pub const MAX: i8 = 18;

    /// A scale of ten to the power `exponent`, held within ±[`Scale::MAX`].
    pub const fn new(exponent: i8) -> Self {
        if exponent > Self::MAX {
            Self(Self::MAX)
        } else if exponent < -Self::MAX {
            Self(-Self::MAX)
        } else {
            Self(exponent)
        }
    }

    /// The exponent, within ±[`Scale::MAX`].
    pub const fn exponent(self) -> i8 {
        self.0
    }
}
