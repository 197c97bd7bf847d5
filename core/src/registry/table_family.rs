//! Families of metrics by labels that only run time knows, in a table of fixed capacity.

use core::fmt;

use super::label_values::other;
use super::slot::{BIRTHS, Slot, before_update};
use super::{LabelValues, Pinned, PinnedObserver};
use crate::instrument::sync::{CriticalSection, with};
use crate::instrument::{Bucketed, Counter, Instrument, Metric, Observer};
use crate::model::{Cells, Desc, Details, LabelValue, Slots, Value};

/// One metric for each label set that comes along, `N` at most; all that does not fit is counted together, in one more
/// child, every label of which is `other`.
///
/// ```
/// use narthex::{Counter, LabelValues, TableFamily};
/// #[derive(Clone, Copy, PartialEq, LabelValues)]
/// struct Peer {
///     address: u16,
/// }
/// static PACKETS: TableFamily<Peer, Counter, 8> = TableFamily::new();
///
/// PACKETS.update(Peer { address: 513 }, Counter::inc);
/// assert_eq!(PACKETS.len(), 1);
///
/// // Where it is counted often: found once, kept, updated without a search.
/// let packets = PACKETS.pin(Peer { address: 513 });
/// packets.inc();
/// assert_eq!(packets.get(), 2);
/// ```
///
/// # Protocol
/// An update looks for the labels and updates the child in one critical section, so the child cannot change hands
/// between the two. The search is linear over `N` slots, some ten instructions each and more for long labels: that,
/// and the update, is how long interrupts are masked. Keep `N` small, or a handle.
///
/// A handle ([`pin`](TableFamily::pin)) keeps its slot, and updates the child as if it stood alone: the child's own
/// protocol, and no critical section. [`remove`](TableFamily::remove) and [`clear`](TableFamily::clear) leave pinned
/// children where they are, and say so.
///
/// When no slot is free, the update goes to the overflow child and is counted in [`overflows`](TableFamily::overflows);
/// nothing is dropped. The overflow child is exposed from its first update on. Slots that become free serve the next
/// label set that is new, not those that have overflowed before; a handle to the overflow child stays one.
///
/// Each assignment of a slot has a number that no other in this boot has, by which readers tell a child from its
/// predecessor in the slot without stopping anyone. There are 2^32 − 1; when they are spent, what is new overflows.
///
/// The binary brings the implementation of `critical-section`.
#[must_use = "a table does nothing unless it is used"]
pub struct TableFamily<L: LabelValues, M: Instrument, const N: usize> {
    slots: [Slot<L, M>; N],
    overflow: Slot<L, M>,
    overflows: Counter,
}

/// Why a child cannot be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RemoveError {
    /// There is none with these labels.
    Absent,
    /// A handle is kept, or an update is under way.
    Pinned,
}

impl fmt::Display for RemoveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "no child of the table has these labels",
            Self::Pinned => "the child is pinned: drop the handles that are kept on it first",
        })
    }
}

impl core::error::Error for RemoveError {}

impl<L: LabelValues, M: Instrument, const N: usize> TableFamily<L, M, N> {
    /// A table without children.
    pub const fn new() -> Self {
        const { assert!(N > 0, "a table family needs at least one slot") };
        Self { slots: [const { Slot::new() }; N], overflow: Slot::new(), overflows: Counter::new() }
    }

    /// Updates the child with these labels, a new one if there is none. Returns what `update` does.
    ///
    /// `update` runs in a critical section: keep it short. It may use this and other tables.
    pub fn update<R>(&self, labels: L, update: impl FnOnce(&M) -> R) -> R {
        with(|cs| {
            let slot = self.place(cs, labels);
            // An `update` that removes its own child must not go on in the next one's.
            let _pin = slot.pin(cs);
            before_update();
            update(&slot.child)
        })
    }

    /// A handle to the child with these labels, a new one if there is none. While it is kept, the child stays.
    pub fn pin(&self, labels: L) -> Pinned<'_, M> {
        with(|cs| {
            let slot = self.place(cs, labels);
            Pinned::new(&slot.child, slot.pin(cs))
        })
    }

    /// Removes the child with these labels: its series ends. A later one with the same labels begins anew.
    ///
    /// # Errors
    /// [`RemoveError::Absent`] if there is no such child, [`RemoveError::Pinned`] if a handle is kept on it.
    pub fn remove(&self, labels: L) -> Result<(), RemoveError> {
        with(|cs| {
            let other = || (!self.overflow.is_empty(cs) && labels.is_other()).then_some(&self.overflow);
            let slot = self.find(cs, labels).ok().or_else(other).ok_or(RemoveError::Absent)?;
            if slot.is_pinned(cs) {
                return Err(RemoveError::Pinned);
            }
            slot.vacate(cs);
            Ok(())
        })
    }

    /// Removes all children, that of the overflow too. Returns how many have stayed because they are pinned. Each is
    /// removed in a critical section of its own.
    pub fn clear(&self) -> usize {
        let stays = |slot: &&Slot<L, M>| {
            with(|cs| {
                let pinned = slot.is_pinned(cs);
                if !pinned && !slot.is_empty(cs) {
                    slot.vacate(cs);
                }
                pinned
            })
        };
        self.all().filter(stays).count()
    }

    /// How many slots are taken, that of the overflow not counted.
    pub fn len(&self) -> usize {
        self.slots.iter().filter(|slot| slot.birth() > 0).count()
    }

    /// Whether no slot is taken, that of the overflow not counted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many updates and handles went to the overflow child because no slot was free. It only grows.
    pub fn overflows(&self) -> u64 {
        self.overflows.get()
    }

    fn all(&self) -> impl Iterator<Item = &Slot<L, M>> {
        self.slots.iter().chain([&self.overflow])
    }

    fn slot(&self, slot: usize) -> Option<&Slot<L, M>> {
        if slot == N { Some(&self.overflow) } else { self.slots.get(slot) }
    }

    /// The slot of these labels; without one, the first that is empty. Bounded by `N`.
    fn find(&self, cs: CriticalSection<'_>, labels: L) -> Result<&Slot<L, M>, Option<&Slot<L, M>>> {
        let mut empty = None;
        for slot in &self.slots {
            if slot.is_empty(cs) {
                empty = empty.or(Some(slot));
            } else if slot.labels(cs) == labels {
                return Ok(slot);
            }
        }
        Err(empty)
    }

    /// The slot that these labels have from now on.
    fn place(&self, cs: CriticalSection<'_>, labels: L) -> &Slot<L, M> {
        let empty = match self.find(cs, labels) {
            Ok(slot) => return slot,
            Err(empty) => empty,
        };
        // The same series as the overflow's: it cannot stand twice.
        if !labels.is_other() {
            if let Some(slot) = empty
                && let Some(birth) = BIRTHS.next(cs)
            {
                slot.assign(cs, labels, birth);
                return slot;
            }
            self.overflows.inc();
        }
        if self.overflow.is_empty(cs) {
            // Its labels never change, so the last number may serve for more than one.
            self.overflow.assign(cs, L::EMPTY, BIRTHS.next(cs).unwrap_or(u32::MAX));
        }
        &self.overflow
    }
}

impl<L: LabelValues, M: Instrument, const N: usize> Default for TableFamily<L, M, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: LabelValues, M: Instrument + fmt::Debug, const N: usize> fmt::Debug for TableFamily<L, M, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let live = self.all().filter(|slot| slot.birth() > 0);
        f.debug_map().entries(live.map(|slot| (slot.birth(), &slot.child))).finish()
    }
}

impl<L: LabelValues, M: Instrument, const N: usize> Cells for TableFamily<L, M, N> {
    fn read(&self, child: usize, cell: usize) -> Option<Value> {
        self.slot(child)?.child.read(0, cell)
    }

    fn slots(&self) -> Option<&dyn Slots> {
        Some(self)
    }
}

impl<L: LabelValues, M: Instrument, const N: usize> Slots for TableFamily<L, M, N> {
    fn birth(&self, slot: usize) -> u32 {
        self.slot(slot).map_or(0, Slot::birth)
    }

    /// Takes a critical section, for as long as it takes to copy the labels.
    fn label(&self, slot: usize, birth: u32, dimension: usize) -> Option<LabelValue> {
        let place = self.slot(slot).filter(|_| birth > 0 && dimension < L::DIMENSIONS.len())?;
        let labels = with(|cs| (place.birth() == birth).then(|| place.labels(cs)))?;
        Some(if slot == N { other() } else { labels.value(dimension) })
    }
}

impl<L: LabelValues, M: Instrument, const N: usize> Metric for TableFamily<L, M, N> {
    const NEW: Self = Self::new();
    const SHAPE: Desc<'static> = Desc {
        details: &Details { capacity: N, dimensions: L::DIMENSIONS, ..*M::SHAPE.details },
        ..M::SHAPE
    };
    const BUCKETS: usize = M::BUCKETS;
}

impl<'a, L: LabelValues, M: Bucketed, const N: usize> Observer<'a, TableFamily<L, M, N>> {
    /// Counts one observation of `value`, in the device's unit, in the histogram with these labels; as
    /// [`TableFamily::update`].
    pub fn observe(&self, labels: L, value: M::Value) {
        self.cells.update(labels, |cells| Observer::new(cells, self.bounds).observe(value));
    }

    /// A handle to the histogram with these labels; as [`TableFamily::pin`].
    pub fn pin(&self, labels: L) -> PinnedObserver<'a, M> {
        PinnedObserver::new(self.cells.pin(labels), self.bounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Dimension, ShortStr};
    use std::string::ToString as _;
    use std::vec::Vec;

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Peer(u8, ShortStr<8>);

    impl LabelValues for Peer {
        const DIMENSIONS: &'static [Dimension<'static>] =
            &[Dimension { name: "address", values: &[] }, Dimension { name: "name", values: &[] }];
        const EMPTY: Self = Self(0, ShortStr::EMPTY);

        fn value(&self, dimension: usize) -> LabelValue {
            LabelValue::cut(if dimension == 0 { "other" } else { self.1.as_str() })
        }
    }

    type Table = TableFamily<Peer, Counter, 2>;

    fn peer(address: u8) -> Peer {
        Peer(address, ShortStr::cut(&address.to_string()))
    }

    fn value(table: &Table, slot: usize) -> Option<u64> {
        match table.read(slot, 0)? {
            Value::Unsigned(n) => Some(n),
            _ => None,
        }
    }

    #[test]
    fn what_does_not_fit_overflows_and_is_counted() {
        let table = Table::new();
        for address in [1, 2, 3, 4, 3] {
            table.update(peer(address), Counter::inc);
        }
        assert_eq!((table.len(), table.overflows()), (2, 3));
        assert_eq!([0, 1, 2, 3].map(|slot| value(&table, slot)), [Some(1), Some(1), Some(3), None]);
        let births: Vec<u32> = (0..4).map(|slot| table.birth(slot)).collect();
        assert!(0 < births[0] && births[0] < births[1] && births[1] < births[2] && births[3] == 0);
        let label = |slot: usize, dimension| table.label(slot, births[slot], dimension);
        assert_eq!(label(0, 1), Some(LabelValue::cut("1")));
        assert_eq!([label(2, 0), label(2, 1)], [Some(other()), Some(other())]);
        assert_eq!((label(0, 2), label(2, 2)), (None, None));
        assert_eq!((table.label(0, births[1], 0), table.label(0, 0, 0)), (None, None));
    }

    #[test]
    fn labels_that_are_all_other_are_the_overflow_and_count_as_none() {
        let table = Table::new();
        let other = Peer(0, ShortStr::cut("other"));
        assert_eq!(table.remove(other), Err(RemoveError::Absent));
        table.update(other, Counter::inc);
        assert_eq!((table.len(), table.overflows(), value(&table, 2)), (0, 0, Some(1)));
        assert_eq!(table.remove(other), Ok(()));
        assert_eq!((table.birth(2), value(&table, 2)), (0, Some(0)));
    }

    #[test]
    fn a_pinned_child_stays_and_others_go() {
        let table = Table::new();
        let (one, again) = (table.pin(peer(1)), table.pin(peer(1)));
        table.update(peer(2), Counter::inc);
        let overflow = table.pin(peer(3));
        assert_eq!(table.remove(peer(1)), Err(RemoveError::Pinned));
        assert_eq!(table.clear(), 2);
        drop(one);
        assert_eq!(table.remove(peer(1)), Err(RemoveError::Pinned));
        again.inc();
        drop(again);
        assert_eq!((value(&table, 0), value(&table, 1)), (Some(1), Some(0)));
        overflow.add(5);
        drop(overflow);
        assert_eq!(value(&table, 2), Some(5));
        assert_eq!((table.clear(), table.is_empty(), table.birth(2)), (0, true, 0));
        assert_eq!([0, 1, 2].map(|slot| value(&table, slot)), [Some(0); 3]);
        assert_eq!(table.remove(peer(1)), Err(RemoveError::Absent));
    }

    #[test]
    fn a_child_that_comes_again_is_a_new_one() {
        let table = Table::new();
        table.update(peer(1), |counter| counter.add(7));
        let birth = table.birth(0);
        table.remove(peer(1)).unwrap();
        table.update(peer(1), Counter::inc);
        assert!(table.birth(0) > birth);
        assert_eq!((value(&table, 0), table.label(0, birth, 0)), (Some(1), None));
    }

    #[test]
    fn an_update_may_use_the_table_it_is_in() {
        let table = Table::new();
        let removed = table.update(peer(1), |counter| {
            let removed = table.remove(peer(1));
            table.update(peer(2), Counter::inc);
            counter.inc();
            removed
        });
        assert_eq!(removed, Err(RemoveError::Pinned));
        assert_eq!((value(&table, 0), value(&table, 1)), (Some(1), Some(1)));
        assert_eq!(table.remove(peer(1)), Ok(()));
    }
}
