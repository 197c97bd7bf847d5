//! The families of one device, and the newest values of their series.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::session::{ChildSchema, FamilySchema, Fault, Refused, Stretch};
use super::layout::{Layout, Slot};
use super::rows::{Row, View};
use super::table::Table;
use crate::model::{Family, Kind, Native, Point, Value};

/// Families by name, and their cells.
#[derive(Debug, Default)]
#[repr(C)] // What each frame needs stands in front.
pub(super) struct Series {
    layout: Arc<Layout>,
    /// Whether no families are to come.
    is_complete: bool,
    /// As many cells as the layout has once the first have come; open to views once each of them has.
    row: Row,
    /// Whether every cell holds a value of this boot.
    is_whole: bool,
    /// Whether every family is shown.
    is_shown: bool,
    /// In the order of their cells.
    tables: Vec<Table>,
    /// Which cells hold a value of this boot; nothing if all do.
    present: Box<[bool]>,
    /// What the fleet makes of each family; nothing if all are shown.
    offers: Vec<Offer>,
    /// Families that the fleet does not show, and why.
    refused: Vec<Refused>,
}

/// What the fleet makes of a device's family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offer {
    /// It has not been asked: the device has no name.
    Pending,
    /// It is shown.
    Shown,
    /// It is not, because the name means something else already.
    Refused,
}

impl Series {
    /// Makes room for a family. Returns where its cells begin, or `None` if another one has its name.
    pub(super) fn add(&mut self, schema: &Arc<FamilySchema>) -> Option<usize> {
        match self.layout.search(&schema.family.name) {
            Ok(at) => {
                let there = self.slots().get(at).filter(|slot| slot.schema.bytes == schema.bytes)?;
                Some(there.place)
            }
            Err(at) => {
                self.list_offers();
                let place = Arc::make_mut(&mut self.layout).insert(at, schema);
                self.offers.insert(at, Offer::Pending);
                if std::mem::take(&mut self.is_whole) {
                    self.present = vec![true; self.row.len()].into();
                    self.row.open(false);
                }
                self.is_complete = false;
                if schema.is_table() {
                    self.tables.push(Table::new(schema, place));
                }
                Some(place)
            }
        }
    }

    /// There are no families to come: gives memory back that was taken in advance. `share` returns the one layout that
    /// devices like this have, and a row beside theirs.
    pub(super) fn complete(&mut self, share: impl FnOnce(&Arc<Layout>) -> (Arc<Layout>, Row)) {
        if std::mem::replace(&mut self.is_complete, true) {
            return;
        }
        Arc::make_mut(&mut self.layout).shrink();
        let (layout, row) = share(&self.layout);
        self.layout = layout;
        self.make_room();
        self.row.move_to(row);
        if self.is_whole {
            self.row.open(true);
        }
        self.offers.shrink_to_fit();
        self.tables.shrink_to_fit();
    }

    /// How pages read the cells without a lock, once there are no families to come.
    pub(super) fn view(&self) -> Option<(&Arc<Layout>, View)> {
        self.row.view().filter(|_| self.is_complete).map(|view| (&self.layout, view))
    }

    /// Makes room for the cells of families that have come: not with each of these, as they come one by one.
    fn make_room(&mut self) {
        let cells = self.layout.cells();
        if self.row.len() < cells {
            self.row.move_to(Row::alone(cells));
            let mut longer = std::mem::take(&mut self.present).into_vec();
            longer.resize(cells, false);
            self.present = longer.into();
            // Nothing comes for a family without cells, which has room for one as well.
            for slot in self.layout.slots().iter().filter(|slot| slot.schema.cells == 0) {
                if let Some(present) = self.present.get_mut(slot.place) {
                    *present = true;
                }
            }
        }
    }

    /// Whether all of these cells hold a value of this boot.
    #[inline]
    fn has(&self, cells: Range<usize>) -> bool {
        self.is_whole || self.present.get(cells).is_some_and(|present| present.iter().all(|is| *is))
    }

    /// These cells hold one now.
    fn heard(&mut self, cells: Range<usize>) {
        if let Some(present) = self.present.get_mut(cells) {
            present.fill(true);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// A family that is shown.
    pub(super) fn find(&self, family: &str) -> Option<&Slot> {
        let at = self.layout.search(family).ok()?;
        let is_shown = self.is_shown || self.offers.get(at) == Some(&Offer::Shown);
        self.slots().get(at).filter(|_| is_shown)
    }

    pub(super) fn slots(&self) -> &[Slot] {
        self.layout.slots()
    }

    /// Families are no longer all shown.
    fn list_offers(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            self.offers = vec![Offer::Shown; self.slots().len()];
        }
    }

    /// Asks for each family that is not shown whether it can be; an error tells why not. Returns how many were refused
    /// for the first time.
    pub(super) fn offer(&mut self, mut ask: impl FnMut(&Arc<Family>) -> Result<(), String>) -> u64 {
        self.refused.clear();
        let mut new = 0;
        let families = self.layout.slots().iter().map(|slot| &slot.schema.family);
        for (family, offer) in families.zip(&mut self.offers).filter(|(_, offer)| **offer != Offer::Shown) {
            let before = *offer;
            *offer = match ask(family) {
                Ok(()) => Offer::Shown,
                Err(why) => {
                    self.refused.push(Refused::family(Fault::Conflict, &family.name, why));
                    new += u64::from(before == Offer::Pending);
                    Offer::Refused
                }
            };
        }
        if self.offers.iter().all(|offer| *offer == Offer::Shown) {
            (self.is_shown, self.offers) = (true, Vec::new());
        }
        new
    }

    /// No family is shown any more. Tells which were.
    pub(super) fn withdraw(&mut self, mut hide: impl FnMut(&Family)) {
        self.refused.clear();
        self.list_offers();
        for (slot, offer) in self.layout.slots().iter().zip(&mut self.offers) {
            if std::mem::replace(offer, Offer::Pending) == Offer::Shown {
                hide(&slot.schema.family);
            }
        }
    }

    /// Families that the fleet does not show, and why.
    pub(super) fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// New values, of a table those of whole children, as of this uptime in tenths of a second.
    pub(super) fn write(&mut self, stretches: &[Stretch], values: &[u64], uptime: u32) {
        self.make_room();
        let Self { row, tables, .. } = self;
        row.write(|cells| {
            for stretch in stretches {
                for table in &mut *tables {
                    table.heard(*stretch, values, cells, uptime);
                }
                stretch.put(values, cells);
            }
        });
        if !self.is_whole {
            for stretch in stretches {
                stretch
                    .each(values)
                    .for_each(|(at, _)| self.heard(stretch.place + at..stretch.place + at + 1));
            }
            if self.present.iter().all(|present| *present) {
                (self.is_whole, self.present) = (true, Box::default());
                self.row.open(true);
            }
        }
    }

    /// The labels of a slot of the table at `place`. Tells the family if they cannot be.
    pub(super) fn label(
        &mut self,
        place: usize,
        slot: usize,
        birth: u32,
        values: &mut dyn Iterator<Item = &str>,
    ) -> Result<(), Arc<FamilySchema>> {
        let at = self.tables.binary_search_by_key(&place, |table| table.place);
        let Some(table) = at.ok().and_then(|at| self.tables.get_mut(at)) else { return Ok(()) };
        if table.name(slot, birth, values) { Ok(()) } else { Err(Arc::clone(&table.schema)) }
    }

    /// The first slot that has a child whose labels are not known, and the place of its table.
    pub(super) fn unlabelled(&self) -> Option<(usize, usize)> {
        self.tables.iter().find_map(|table| {
            let births = self.row.cells().get(table.place..)?.iter().step_by(table.schema.cells.max(1));
            let births = births.map(|birth| birth.load(Ordering::Relaxed));
            let mut slots = births.take(table.schema.slots()).enumerate();
            let nameless = slots.find(|(slot, birth)| *birth != 0 && !table.is_named(*slot, *birth));
            nameless.map(|(slot, _)| (table.place, slot))
        })
    }

    /// The table of a family, if it is one.
    #[inline]
    pub(super) fn table(&self, slot: &Slot) -> Option<&Table> {
        if !slot.schema.is_table() {
            return None;
        }
        let at = self.tables.binary_search_by_key(&slot.place, |table| table.place).ok()?;
        self.tables.get(at)
    }

    /// The cells of a child, if they have come; in a table only if it is the child of this birth, any at all for the
    /// overflow.
    fn child<'a>(
        &self,
        slot: &Slot,
        index: usize,
        birth: Option<u32>,
        copy: &'a mut Vec<u64>,
    ) -> Option<&'a [u64]> {
        let first = slot.place.checked_add(index.checked_mul(slot.schema.cells)?)?;
        let all = first..first.checked_add(slot.schema.cells)?;
        if !self.has(all.clone()) {
            return None;
        }
        copy.clear();
        copy.extend(self.row.cells().get(all)?.iter().map(|cell| cell.load(Ordering::Relaxed)));
        let cells = &**copy;
        if !slot.schema.is_table() {
            return Some(cells);
        }
        let (there, cells) = cells.split_first()?;
        let is_it = birth.map_or(*there != 0, |birth| u64::from(birth) == *there);
        is_it.then_some(cells)
    }

    /// What a child shows; `None` if nothing has come, it is unset, or in a table another one has its slot. Its cells are
    /// copied to `copy`.
    pub(super) fn point<'a>(
        &self,
        slot: &'a Slot,
        child: &ChildSchema,
        birth: Option<u32>,
        copy: &'a mut Vec<u64>,
    ) -> Option<Point<'a>> {
        let schema = &*slot.schema;
        let scale = schema.scale;
        if schema.family.kind == Kind::Info {
            return Some(Point::Value { value: Value::Unsigned(1), scale });
        }
        let cells = self.child(slot, child.index, birth, copy)?;
        if let Some(shape) = schema.exponential() {
            return Native::new(shape, cells, scale).map(Point::Native);
        }
        match schema.family.kind {
            Kind::Histogram => {
                let (sum, buckets) = cells.split_last()?;
                // What no device can have counted would break the order of the buckets on the page.
                buckets.iter().try_fold(0u64, |count, bucket| count.checked_add(*bucket))?;
                let sum = schema.value(*sum)?;
                Some(Point::Histogram { bounds: &schema.bounds, buckets, sum, scale })
            }
            Kind::Summary => {
                let [values @ .., sum, count] = cells else { return None };
                let sum = schema.value(*sum)?;
                Some(Point::Summary { quantiles: schema.quantiles(), values, sum, count: *count, scale })
            }
            Kind::StateSet => {
                let state = usize::try_from(*cells.first()?).ok()?;
                let states = &*schema.states;
                (state < states.len()).then_some(Point::States { states, state })
            }
            _ => Some(Point::Value { value: schema.value(*cells.first()?)?, scale }),
        }
    }

    /// How many series are shown, counted as Prometheus does.
    pub(super) fn count(&self) -> usize {
        if let Some(series) = self.layout.series().filter(|_| self.is_whole && self.is_shown) {
            return series;
        }
        let is_shown = |at: usize| self.is_shown || self.offers.get(at) == Some(&Offer::Shown);
        let shown = self.slots().iter().enumerate().filter(|(at, _)| is_shown(*at));
        shown.map(|(_, slot)| self.count_set(slot).saturating_mul(slot.schema.series_of_child())).sum()
    }

    fn count_set(&self, slot: &Slot) -> usize {
        let schema = &*slot.schema;
        if !schema.is_plain() {
            let mut copy = Vec::new();
            let mut is_set = |child: &ChildSchema, birth| self.point(slot, child, birth, &mut copy).is_some();
            let fixed = schema.children.iter().filter(|child| is_set(child, None)).count();
            let named = self.table(slot).map_or(&[][..], Table::named);
            return fixed + named.iter().filter(|named| is_set(&named.child, Some(named.birth))).count();
        }
        let cells = slot.place..slot.place.saturating_add(schema.total_cells());
        cells.step_by(schema.cells.max(1)).filter(|at| self.has(*at..at + 1)).count()
    }

    /// Bytes that it holds beside what is shared.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.offers.capacity() + self.row.len() * 8 + self.present.len()
    }

    /// Takes over families and values which have not come yet, up to `max` series in all.
    pub(super) fn resume(&mut self, old: &Self, max: usize) {
        let mut series: usize = self.slots().iter().map(|slot| slot.schema.series()).sum();
        for slot in old.slots() {
            if self.layout.search(&slot.schema.family.name).is_err() {
                series = series.saturating_add(slot.schema.series());
                if series > max {
                    return;
                }
            }
            let Some(place) = self.add(&slot.schema) else { continue };
            self.make_room();
            let (stride, cells) = (slot.schema.cells.max(1), slot.schema.total_cells());
            let heard = |series: &Self, place: usize, index: usize| {
                let at = index.checked_mul(stride).and_then(|cell| place.checked_add(cell));
                at.is_some_and(|at| series.has(at..at + 1))
            };
            if let Ok(at) = self.tables.binary_search_by_key(&place, |table| table.place)
                && let Some(before) = old.table(slot)
            {
                let mut tables = std::mem::take(&mut self.tables);
                if let Some(table) = tables.get_mut(at) {
                    table.resume(before, |index| !heard(self, place, index) && heard(old, slot.place, index));
                }
                self.tables = tables;
            }
            for index in 0..cells / stride {
                if heard(self, place, index) || !heard(old, slot.place, index) {
                    continue;
                }
                let (to, from) = (place + index * stride, slot.place + index * stride);
                let cells: Vec<_> = (from..from + stride).filter_map(|at| old.row.get(at)).collect();
                self.row.set(to, &cells);
                self.heard(to..to + stride);
            }
        }
    }
}
