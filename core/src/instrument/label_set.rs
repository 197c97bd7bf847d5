//! Labels that can be enumerated.

use super::Instrument;
use crate::model::Dimension;

/// A set of labels whose values can be enumerated: an enum, a bool, or a struct of these.
///
/// Made by `#[derive(LabelSet)]`; the index of a value is computed from discriminants, so reaching a child is an
/// addition, never a search.
///
/// ```
/// use narthex::LabelSet;
/// #[derive(Clone, Copy, Debug, PartialEq, LabelSet)]
/// enum Reason {
///     Crc,
///     Overrun,
/// }
/// assert_eq!(Reason::DIMENSIONS[0].name, "reason");
/// assert_eq!(Reason::DIMENSIONS[0].values, ["crc", "overrun"]);
/// assert_eq!(Reason::Overrun.index(), 1);
/// assert_eq!(Reason::from_index(1), Some(Reason::Overrun));
/// ```
pub trait LabelSet: Copy {
    /// The labels, in order, and what each can be. The last one runs fastest.
    const DIMENSIONS: &'static [Dimension<'static>];
    /// How many children: the product of the dimensions.
    const COUNT: usize;
    /// The one at index 0, all zeroes in memory.
    const FIRST: Self;
    /// Where the children of a family live: `[M; COUNT]`.
    type Children<M: Instrument>: Storage<M>;

    /// The position of this label set among all, below [`COUNT`](LabelSet::COUNT).
    fn index(self) -> usize;

    /// The label set at this position; `None` past the last.
    fn from_index(index: usize) -> Option<Self>;

    /// The child of this label set. Total: there is one for every value.
    fn pick<M: Instrument>(self, children: &Self::Children<M>) -> &M;
}

/// An array of instruments, whatever its length.
pub trait Storage<M> {
    /// All of them new.
    #[allow(
        clippy::declare_interior_mutable_const,
        reason = "the initial value of statics, never read in place"
    )]
    const NEW: Self;

    /// All of them.
    fn all(&self) -> &[M];
}

impl<M: Instrument, const N: usize> Storage<M> for [M; N] {
    const NEW: Self = [const { M::NEW }; N];

    #[inline]
    fn all(&self) -> &[M] {
        self
    }
}

impl LabelSet for bool {
    const DIMENSIONS: &'static [Dimension<'static>] =
        &[Dimension { name: "value", values: &["false", "true"] }];
    const COUNT: usize = 2;
    const FIRST: Self = false;
    type Children<M: Instrument> = [M; 2];

    #[inline]
    fn index(self) -> usize {
        usize::from(self)
    }

    #[inline]
    fn from_index(index: usize) -> Option<Self> {
        match index {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    #[inline]
    fn pick<M: Instrument>(self, children: &[M; 2]) -> &M {
        let [no, yes] = children;
        if self { yes } else { no }
    }
}
