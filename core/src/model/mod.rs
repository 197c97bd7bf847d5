//! What a series is: names, labels, kinds, scales, values, and the traits by which series are read.
//!
//! Everything here is borrowed and `Copy`: a [`Desc`] stands in flash on a device and is lent by the host from
//! what a device sent. Checks exist once, as `const fn` that return errors as values, so the same rule refuses a
//! bad name at compile time on the device ([`registry!`](crate::registry!), the derive macros) and at run time on
//! the host.
//!
//! The module knows nothing else of the crate. Nothing in it panics, allocates or loops without a bound.

mod defect;
mod desc;
mod exponential;
mod grid;
mod kind;
mod label;
mod name;
mod scale;
mod short_str;
mod source;
mod value;

pub use defect::Defect;
pub use desc::{Desc, Details};
pub use exponential::{Exponential, Window};
pub use grid::Grid;
pub use kind::{Kind, Number};
pub use label::{Dimension, Label, LabelValue};
pub use name::{LabelName, Name, NameError};
pub use scale::Scale;
pub use short_str::ShortStr;
pub use source::{Cells, Instance, Slots, Source};
pub use value::Value;

/// Compares two strings in a `const` context, where `==` on `str` cannot be used yet.
pub const fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let ([x, xs @ ..], [y, ys @ ..]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (xs, ys);
    }
    a.is_empty() && b.is_empty()
}

/// Whether `text` ends in `suffix`; `const`.
pub(crate) const fn ends_with(text: &str, suffix: &str) -> bool {
    let (mut text, mut suffix) = (text.as_bytes(), suffix.as_bytes());
    while let ([text_rest @ .., x], [suffix_rest @ .., y]) = (text, suffix) {
        if *x != *y {
            return false;
        }
        (text, suffix) = (text_rest, suffix_rest);
    }
    suffix.is_empty()
}

/// Start of [`fnv1a`].
pub(crate) const FNV_START: u32 = 0x811c_9dc5;

/// Goes on hashing: FNV-1a, 32 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>), over `bytes` from `hash`.
pub(crate) const fn fnv1a(mut hash: u32, mut bytes: &[u8]) -> u32 {
    while let [byte, rest @ ..] = bytes {
        hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
        bytes = rest;
    }
    hash
}
