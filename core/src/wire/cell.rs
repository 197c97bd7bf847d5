//! One number of one series, as it travels.

use crate::model::{Desc, Number, Value};

/// A cell: what its varint holds.
///
/// ```
/// use narthex::model::{Desc, Value};
/// use narthex::wire::Cell;
/// let level = Desc::gauge("level", "Level.");
/// let cell = Cell::of(Some(Value::Signed(-54)), &level);
/// assert_eq!(cell, Cell(107));
/// assert_eq!(cell.value(level.number, level.optional), Some(Value::Signed(-54)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell(
    /// The number as it is sent.
    pub u64,
);

impl Cell {
    /// The cell for a value of a family. A value that is not there is sent as unset, or as 0 where nothing can be
    /// unset.
    #[inline]
    pub fn of(value: Option<Value>, desc: &Desc<'_>) -> Self {
        let Some(value) = value else { return Self(0) };
        let number = match value {
            Value::Unsigned(n) => n,
            Value::Signed(n) => ((n << 1) ^ (n >> 63)).cast_unsigned(),
            Value::F32(x) => u64::from(x.to_bits().swap_bytes()),
            Value::F64(x) => x.to_bits().swap_bytes(),
        };
        // The one number that has no successor is sent as unset.
        Self(number.wrapping_add(desc.optional.into()))
    }

    /// The value; `None` if the cell is unset.
    #[inline]
    pub fn value(self, number: Number, optional: bool) -> Option<Value> {
        let n = if optional { self.0.checked_sub(1)? } else { self.0 };
        Some(match number {
            Number::Unsigned => Value::Unsigned(n),
            Number::Signed => Value::Signed((n >> 1).cast_signed() ^ -(n & 1).cast_signed()),
            Number::F32 => Value::F32(f32::from_bits((n as u32).swap_bytes())),
            Number::F64 => Value::F64(f64::from_bits(n.swap_bytes())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_makes_the_round_trip() {
        let signed = Desc::gauge("g", "G.");
        for n in [0, 1, -1, 63, -64, i64::from(i32::MAX), i64::from(i32::MIN), i64::MAX, i64::MIN] {
            let value = Some(Value::Signed(n));
            assert_eq!(Cell::of(value, &signed).value(Number::Signed, false), value);
        }
        let optional = Desc { optional: true, ..signed };
        for value in [None, Some(Value::Signed(0)), Some(Value::Signed(-1)), Some(Value::Signed(i64::MAX))] {
            assert_eq!(Cell::of(value, &optional).value(Number::Signed, true), value);
        }
        let single = Desc { number: Number::F32, ..signed };
        for x in [0.0f32, -0.0, 36.5, 1.0, f32::MAX, f32::INFINITY] {
            let value = Some(Value::F32(x));
            assert_eq!(Cell::of(value, &single).value(Number::F32, false), value);
        }
    }

    #[test]
    fn short_floats_are_short() {
        let single = Desc { number: Number::F32, ..Desc::gauge("g", "G.") };
        assert!(Cell::of(Some(Value::F32(36.5)), &single).0 < 1 << 14);
    }
}
