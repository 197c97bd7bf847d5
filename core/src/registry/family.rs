//! Families of metrics by labels that can be enumerated.

use core::fmt;
use core::marker::PhantomData;

use crate::instrument::{Histogram, Instrument, Metric, Observer};
use crate::model::{Cells, Desc, Dimension, Value};

/// A set of labels whose values can be enumerated: an enum, a bool, or a struct of these.
///
/// Made by `#[derive(LabelSet)]`; the index of a value is computed from discriminants, so reaching a child is an
/// addition, never a search.
///
/// ```
/// use narthex::LabelSet;
/// #[derive(Clone, Copy, LabelSet)]
/// enum Reason {
///     Crc,
///     Overrun,
/// }
/// assert_eq!(Reason::DIMENSIONS[0].name, "reason");
/// assert_eq!(Reason::DIMENSIONS[0].values, ["crc", "overrun"]);
/// assert_eq!(Reason::Overrun.index(), 1);
/// ```
pub trait LabelSet: Copy {
    /// The labels, in order, and what each can be. The last one runs fastest.
    const DIMENSIONS: &'static [Dimension<'static>];
    /// How many children: the product of the dimensions.
    const COUNT: usize;
    /// Where the children of a family live: `[M; COUNT]`.
    type Children<M: Instrument>: Storage<M>;

    /// The position of this label set among all, below [`COUNT`](LabelSet::COUNT).
    fn index(self) -> usize;

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

/// One metric for each of a set of labels, dense: always complete, every child exposed from the start.
///
/// ```
/// use narthex::{Counter, Family, LabelSet};
/// #[derive(Clone, Copy, LabelSet)]
/// enum Reason {
///     Crc,
///     Overrun,
/// }
/// static DROPPED: Family<Reason, Counter> = Family::new();
/// DROPPED.at(Reason::Overrun).inc();
/// assert_eq!(DROPPED.at(Reason::Overrun).get(), 1);
/// ```
///
/// # Protocol
/// There is none of its own: children lie at fixed places and are never added or removed, so reaching one is
/// address arithmetic, and the rest is the child's protocol.
#[must_use = "a family does nothing unless it is used"]
pub struct Family<L: LabelSet, M: Instrument> {
    children: L::Children<M>,
    labels: PhantomData<fn(L)>,
}

impl<L: LabelSet, M: Instrument> Family<L, M> {
    /// A family whose children are all new.
    pub const fn new() -> Self {
        Self { children: <L::Children<M> as Storage<M>>::NEW, labels: PhantomData }
    }

    /// The child with these labels.
    #[inline]
    pub fn at(&self, labels: L) -> &M {
        labels.pick(&self.children)
    }
}

impl<L: LabelSet, M: Instrument> Default for Family<L, M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: LabelSet, M: Instrument + fmt::Debug> fmt::Debug for Family<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.children.all()).finish()
    }
}

impl<L: LabelSet, M: Instrument> Cells for Family<L, M>
where
    L::Children<M>: Sync,
{
    fn read(&self, child: usize, cell: usize) -> Option<Value> {
        self.children.all().get(child)?.read(0, cell)
    }
}

impl<L: LabelSet, M: Instrument> Metric for Family<L, M>
where
    L::Children<M>: Sync,
{
    const NEW: Self = Self::new();
    const SHAPE: Desc<'static> = Desc { dimensions: L::DIMENSIONS, ..M::SHAPE };
    const BUCKETS: usize = M::BUCKETS;
}

impl<'a, L: LabelSet, const N: usize> Observer<'a, Family<L, Histogram<N>>> {
    /// The histogram with these labels.
    #[inline]
    pub fn at(&self, labels: L) -> Observer<'a, Histogram<N>> {
        Observer::new(self.cells.at(labels), self.bounds)
    }
}

impl LabelSet for bool {
    const DIMENSIONS: &'static [Dimension<'static>] =
        &[Dimension { name: "value", values: &["false", "true"] }];
    const COUNT: usize = 2;
    type Children<M: Instrument> = [M; 2];

    #[inline]
    fn index(self) -> usize {
        usize::from(self)
    }

    #[inline]
    fn pick<M: Instrument>(self, children: &[M; 2]) -> &M {
        let [no, yes] = children;
        if self { yes } else { no }
    }
}
