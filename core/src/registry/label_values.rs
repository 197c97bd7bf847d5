//! Labels whose values only run time knows.

use crate::instrument::LabelSet;
use crate::model::{Dimension, Label, LabelValue, ShortStr};

/// The value of every label of an overflow series.
const OTHER: LabelValue = match LabelValue::new("other") {
    Some(other) => other,
    None => LabelValue::EMPTY,
};

/// The labels of a [`TableFamily`](super::TableFamily): a small set of integers, short strings and enums, copied like a
/// number. Made by `#[derive(LabelValues)]`.
///
/// Two that differ must differ in the text of a label, else one series would stand twice.
///
/// ```
/// use narthex::model::ShortStr;
/// use narthex::LabelValues;
/// #[derive(Clone, Copy, PartialEq, LabelValues)]
/// struct Peer {
///     address: u16,
///     #[label(name = "if")]
///     interface: ShortStr<8>,
/// }
/// let peer = Peer { address: 513, interface: ShortStr::cut("mesh") };
/// assert_eq!((Peer::DIMENSIONS[1].name, peer.value(0).as_str()), ("if", "513"));
/// ```
pub trait LabelValues: Copy + PartialEq + Send {
    /// The labels, in order. They list no values.
    const DIMENSIONS: &'static [Dimension<'static>];
    /// What an empty slot holds: all zeroes in memory.
    const EMPTY: Self;

    /// The value of one label, by the order of the dimensions; empty past the last.
    fn value(&self, dimension: usize) -> LabelValue;

    /// Whether every label is `other`, as those of the overflow series are. Asked for while interrupts are masked.
    fn is_other(&self) -> bool {
        (0..Self::DIMENSIONS.len()).all(|dimension| self.value(dimension) == OTHER)
    }
}

/// What can be the value of one label: an integer, a `bool`, a [`ShortStr`] of at most 32 bytes, or an enum with
/// `#[derive(LabelSet)]`.
///
/// ```
/// use narthex::registry::LabelPart;
/// assert_eq!((-7i16).text().as_str(), "-7");
/// assert_eq!(true.text().as_str(), "true");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a label",
    note = "a label is an integer, a `bool`, a `ShortStr` of at most 32 bytes, or an enum with `#[derive(LabelSet)]`"
)]
pub trait LabelPart: Copy + PartialEq + Send {
    /// All zeroes in memory.
    const EMPTY: Self;
    /// Why this type cannot be the value of a label after all; the compiler says so at the field.
    const REFUSAL: Option<&'static str> = None;

    /// The value as text. What differs has texts that differ.
    fn text(&self) -> LabelValue;

    /// Whether the text is `other`, found without writing one.
    fn is_other(&self) -> bool;
}

/// The value of a label of an overflow series.
pub(super) const fn other() -> LabelValue {
    OTHER
}

impl<const N: usize> LabelPart for ShortStr<N> {
    const EMPTY: Self = Self::EMPTY;
    const REFUSAL: Option<&'static str> =
        if N > Label::MAX_VALUE { Some("a `ShortStr` of at most 32 bytes fits a label") } else { None };

    fn text(&self) -> LabelValue {
        LabelValue::cut(self.as_str())
    }

    fn is_other(&self) -> bool {
        self.as_bytes() == OTHER.as_bytes()
    }
}

#[diagnostic::do_not_recommend]
impl<E: LabelSet + PartialEq + Send> LabelPart for E {
    const EMPTY: Self = E::FIRST;
    const REFUSAL: Option<&'static str> = match E::DIMENSIONS {
        [Dimension { values, .. }] if fits(values) => None,
        [_] => Some("a value of this enum is longer than the 32 bytes that fit a label of a table"),
        _ => Some("a label set is no label: list its fields here"),
    };

    fn text(&self) -> LabelValue {
        LabelValue::cut(value_of(self))
    }

    fn is_other(&self) -> bool {
        value_of(self).as_bytes() == OTHER.as_bytes()
    }
}

/// The value of an enum.
fn value_of<E: LabelSet>(label: &E) -> &'static str {
    let values = E::DIMENSIONS.first().map_or::<&[&str], _>(&[], |dimension| dimension.values);
    values.get(label.index()).copied().unwrap_or_default()
}

const fn fits(mut values: &[&str]) -> bool {
    while let [value, rest @ ..] = values {
        if value.len() > Label::MAX_VALUE {
            return false;
        }
        values = rest;
    }
    true
}

/// In 32 bits where they do: cores without a 64-bit division call a function for it.
macro_rules! integers {
    ($number:ty, $decimal:ident: $($unsigned:ty, $signed:ty;)*) => {
        /// A number in decimal, put from its last digit. 20 bytes hold 2^64 − 1, and −2^63 with its sign.
        fn $decimal(negative: bool, mut n: $number) -> LabelValue {
            let mut text = [b'-'; 20];
            let mut start = text.len();
            for digit in text.iter_mut().rev() {
                *digit = b'0' + (n % 10) as u8;
                n /= 10;
                start -= 1;
                if n == 0 {
                    break;
                }
            }
            let text = text.get(start.saturating_sub(usize::from(negative))..).unwrap_or_default();
            LabelValue::cut(core::str::from_utf8(text).unwrap_or_default())
        }

        $(
            impl LabelPart for $unsigned {
                const EMPTY: Self = 0;

                fn text(&self) -> LabelValue {
                    $decimal(false, (*self).into())
                }

                fn is_other(&self) -> bool {
                    false
                }
            }

            impl LabelPart for $signed {
                const EMPTY: Self = 0;

                fn text(&self) -> LabelValue {
                    $decimal(*self < 0, self.unsigned_abs().into())
                }

                fn is_other(&self) -> bool {
                    false
                }
            }
        )*
    };
}

integers!(u32, decimal: u8, i8; u16, i16; u32, i32;);
integers!(u64, long_decimal: u64, i64;);

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn integers_are_written_whole() {
        for n in [0, 1, 9, 10, 99, 12_345, u64::MAX] {
            assert_eq!(n.text().as_str(), n.to_string());
        }
        for n in [i64::MIN, -10, -1, 0, 7, i64::MAX] {
            assert_eq!(n.text().as_str(), n.to_string());
        }
        assert_eq!((i8::MIN.text().as_str(), u8::MAX.text().as_str()), ("-128", "255"));
    }

    #[test]
    fn other_is_whole() {
        assert_eq!(other().as_str(), "other");
    }

    #[test]
    fn other_is_known_without_its_text() {
        assert!(ShortStr::<8>::cut("other").is_other());
        for text in ["", "othe", "others", "Other"] {
            assert!(!ShortStr::<8>::cut(text).is_other(), "{text}");
        }
        assert!(!7u8.is_other() && !(-7i64).is_other() && !true.is_other());
    }
}
