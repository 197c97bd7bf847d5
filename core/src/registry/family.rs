//! Families of metrics by labels that can be enumerated.

use core::fmt;
use core::marker::PhantomData;

use crate::instrument::{Bucketed, Instrument, LabelSet, Metric, Observer, Storage};
use crate::model::{Cells, Desc, Details, Value};

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
    const SHAPE: Desc<'static> =
        Desc { details: &Details { dimensions: L::DIMENSIONS, ..*M::SHAPE.details }, ..M::SHAPE };
    const BUCKETS: usize = M::BUCKETS;
}

impl<'a, L: LabelSet, M: Bucketed> Observer<'a, Family<L, M>> {
    /// The histogram with these labels.
    #[inline]
    pub fn at(&self, labels: L) -> Observer<'a, M> {
        Observer::new(self.cells.at(labels), self.bounds)
    }
}
