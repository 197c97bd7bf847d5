//! The families of one device, and the newest values of their series.

use std::sync::Arc;

use super::super::session::FamilySchema;
use crate::model::{Kind, Point};

/// Families by name; their cells side by side, in the order in which families came.
#[derive(Debug, Default)]
pub(super) struct Series {
    slots: Vec<Slot>,
    cells: Vec<u64>,
    /// Which cells hold a value of this boot.
    present: Vec<bool>,
}

/// A family of a device.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) schema: Arc<FamilySchema>,
    pub(super) offer: Offer,
    /// Where its cells begin.
    place: usize,
}

/// What the fleet makes of a device's family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// It has not been asked: the device has no name.
    Pending,
    /// It is shown.
    Shown,
    /// It is not, because the name means something else already: what.
    Refused(Box<str>),
}

impl Series {
    /// Makes room for a family. Returns where its cells begin, or `None` if another one has its name.
    pub(super) fn add(&mut self, schema: &Arc<FamilySchema>) -> Option<usize> {
        match self.search(&schema.family.name) {
            Ok(at) => {
                let there = self.slots.get(at).filter(|slot| slot.schema.bytes == schema.bytes)?;
                Some(there.place)
            }
            Err(at) => {
                let place = self.cells.len();
                self.slots.insert(at, Slot { schema: Arc::clone(schema), offer: Offer::Pending, place });
                let end = place.saturating_add(schema.total_cells());
                self.cells.resize(end, 0);
                self.present.resize(end, false);
                Some(place)
            }
        }
    }

    /// Gives memory back that was taken in advance: there are no families to come.
    pub(super) fn shrink(&mut self) {
        self.slots.shrink_to_fit();
        self.cells.shrink_to_fit();
        self.present.shrink_to_fit();
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn search(&self, family: &str) -> Result<usize, usize> {
        self.slots.binary_search_by(|slot| (*slot.schema.family.name).cmp(family))
    }

    /// A family that is shown, looked for first where another device had it.
    pub(super) fn find(&self, family: &str, hint: &mut usize) -> Option<&Slot> {
        let is_there = self.slots.get(*hint).is_some_and(|slot| *slot.schema.family.name == *family);
        if !is_there {
            *hint = self.search(family).ok()?;
        }
        self.slots.get(*hint).filter(|slot| slot.offer == Offer::Shown)
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(super) fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots
    }

    /// New values of whole children.
    pub(super) fn write(&mut self, place: usize, cells: &[u64]) {
        let Some(end) = place.checked_add(cells.len()) else { return };
        if let (Some(there), Some(present)) =
            (self.cells.get_mut(place..end), self.present.get_mut(place..end))
        {
            there.copy_from_slice(cells);
            present.fill(true);
        }
    }

    /// The cells of a child, if they have come.
    fn child(&self, slot: &Slot, index: usize) -> Option<&[u64]> {
        let first = slot.place.checked_add(index.checked_mul(slot.schema.cells)?)?;
        // Children come whole, so the first cell speaks for all.
        self.present.get(first).filter(|present| **present)?;
        self.cells.get(first..first.checked_add(slot.schema.cells)?)
    }

    /// What a child shows; `None` if nothing has come, or it is unset.
    pub(super) fn point<'a>(&'a self, slot: &'a Slot, index: usize) -> Option<Point<'a>> {
        let (schema, cells) = (&*slot.schema, self.child(slot, index)?);
        if schema.family.kind == Kind::Histogram {
            let (sum, buckets) = cells.split_last()?;
            // What no device can have counted would break the order of the buckets on the page.
            buckets.iter().try_fold(0u64, |count, bucket| count.checked_add(*bucket))?;
            let sum = schema.value(*sum)?;
            return Some(Point::Histogram { bounds: &schema.bounds, buckets, sum, scale: schema.scale });
        }
        Some(Point::Value { value: schema.value(*cells.first()?)?, scale: schema.scale })
    }

    /// How many series are shown, counted as Prometheus does.
    pub(super) fn count(&self) -> usize {
        let shown = self.slots.iter().filter(|slot| slot.offer == Offer::Shown);
        shown.map(|slot| self.count_set(slot).saturating_mul(slot.schema.series_of_child())).sum()
    }

    fn count_set(&self, slot: &Slot) -> usize {
        if slot.schema.is_optional() {
            return (0..slot.schema.children.len())
                .filter(|child| self.point(slot, *child).is_some())
                .count();
        }
        let cells = slot.place..slot.place.saturating_add(slot.schema.total_cells());
        let present = self.present.get(cells).unwrap_or_default();
        present.iter().step_by(slot.schema.cells.max(1)).filter(|present| **present).count()
    }

    /// Takes over families and values which have not come yet, up to `max` series in all.
    pub(super) fn resume(&mut self, old: &Self, max: usize) {
        let mut series: usize = self.slots.iter().map(|slot| slot.schema.series()).sum();
        for slot in &old.slots {
            if self.search(&slot.schema.family.name).is_err() {
                series = series.saturating_add(slot.schema.series());
                if series > max {
                    return;
                }
            }
            let Some(place) = self.add(&slot.schema) else { continue };
            for cell in 0..slot.schema.total_cells() {
                let (to, from) = (place.saturating_add(cell), slot.place.saturating_add(cell));
                if self.present.get(to) == Some(&false)
                    && old.present.get(from) == Some(&true)
                    && let Some(value) = old.cells.get(from)
                {
                    self.write(to, &[*value]);
                }
            }
        }
    }
}
