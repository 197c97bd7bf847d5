//! One child of a family, as it is lent to who writes it.

use narthex::model::{Kind, Scale, Value};

use super::{Bound, LabelText, Native};

/// One child: a label set and what stands under it. Borrowed, valid during the call it is shown in.
#[derive(Clone, Copy, Debug)]
pub struct Child<'a> {
    /// Its label text in pieces which only need joining (`device="a",` and `uart="0"`): labels sorted by name, values
    /// escaped, no braces. Nothing, or pieces of length 0, for a child without labels.
    pub labels: &'a [&'a str],
    /// Its value, or values.
    pub point: Point<'a>,
    /// When it began to count, in milliseconds since the Unix epoch: for `_created`, which is shown on request only.
    pub created: Option<u64>,
}

/// What a child holds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Point<'a> {
    /// One value: a counter's, a gauge's, or the 1 of an info.
    Value {
        /// The value.
        value: Value,
        /// The power of ten by which an integer is multiplied.
        scale: Scale,
    },
    /// A classic histogram. Its count, and the `+Inf` bucket, are the sum of `buckets`.
    Histogram {
        /// Upper bounds, inclusive, increasing, without `+Inf`.
        bounds: &'a [Bound],
        /// Observations between a bound and the one before it, not cumulative; one more than there are bounds.
        buckets: &'a [u64],
        /// Sum of all observations.
        sum: Value,
        /// The power of ten by which `sum` is multiplied if it is an integer.
        scale: Scale,
    },
    /// An exponential histogram, in text a classic one.
    Native(Native<'a>),
    /// Quantiles of the last while, and the count and sum of all that was ever observed.
    Summary {
        /// The quantiles, in millionths, rising.
        quantiles: &'a [u32],
        /// The value of each, as an integer, plus 1; 0 if there is none.
        values: &'a [u64],
        /// Sum of all observations.
        sum: Value,
        /// How many there were.
        count: u64,
        /// The power of ten by which values and sum are multiplied.
        scale: Scale,
    },
    /// Which of several states holds: a line for each, 1 for that one and 0 for the others.
    States {
        /// The label of each state: it is called as the family is, and stands behind all others.
        states: &'a [LabelText],
        /// The index of the one that holds.
        state: usize,
    },
}

impl Point<'_> {
    /// Whether a family of this kind shows such a point.
    pub const fn fits(&self, kind: Kind) -> bool {
        match kind {
            Kind::Histogram => matches!(self, Self::Histogram { .. } | Self::Native(_)),
            Kind::Summary => matches!(self, Self::Summary { .. }),
            Kind::StateSet => matches!(self, Self::States { .. }),
            _ => matches!(self, Self::Value { .. }),
        }
    }
}

impl Child<'_> {
    /// Whether it has no labels.
    pub fn is_bare(&self) -> bool {
        self.labels.iter().all(|piece| piece.is_empty())
    }

    /// Appends its label text, joined, to `text`.
    pub fn join_labels(&self, text: &mut String) {
        for piece in self.labels {
            text.push_str(piece);
        }
    }
}
