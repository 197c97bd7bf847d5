//! The children of a table family: slots that are assigned and given back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::session::{ChildSchema, FamilySchema, Stretch};

/// What a device has said of the slots of one family, beside their cells.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) schema: Arc<FamilySchema>,
    /// Where its cells begin.
    pub(super) place: usize,
    slots: Box<[Slot]>,
    /// Children whose labels are known, sorted by their text, no text twice.
    named: Vec<Named>,
}

/// What is known of a slot; times in tenths of a second of the device's uptime.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// When it was last heard.
    heard: u32,
    /// When its present child was not there yet; 0 if nothing of this boot had been heard by then.
    since: u32,
    /// Of which birth labels are known; 0 if of none.
    birth: u32,
}

/// The labels of a slot, and of which birth they are.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) child: ChildSchema,
    pub(super) birth: u32,
}

/// The text by which a child is ordered: what is its own, without what the gateway adds. So it is the same whatever
/// labels a device is given.
pub(super) fn text(child: &ChildSchema) -> impl Iterator<Item = u8> + '_ {
    child.text::<&str>(&[])
}

impl Table {
    pub(super) fn new(schema: &Arc<FamilySchema>, place: usize) -> Self {
        let slots = vec![Slot::default(); schema.slots()].into();
        Self { schema: Arc::clone(schema), place, slots, named: Vec::new() }
    }

    pub(super) fn named(&self) -> &[Named] {
        &self.named
    }

    /// When the child of a slot was not there yet.
    pub(super) fn since(&self, slot: usize) -> u32 {
        self.slots.get(slot).map_or(0, |slot| slot.since)
    }

    /// Slots of which births have come were heard at `uptime`; `cells` is what was there before.
    pub(super) fn heard(&mut self, stretch: Stretch, values: &[u64], cells: &[AtomicU64], uptime: u32) {
        let stride = self.schema.cells.max(1);
        for (at, birth) in stretch.each(values) {
            let Some(cell) = (stretch.place + at).checked_sub(self.place) else { continue };
            if let Some(slot) = self.slots.get_mut(cell / stride)
                && cell % stride == 0
            {
                let before = cells.get(stretch.place + at).map(|cell| cell.load(Ordering::Relaxed));
                if before != Some(birth) {
                    slot.since = slot.heard;
                }
                slot.heard = uptime;
            }
        }
    }

    /// Takes the labels of a slot. Returns whether they can be those of a child: a text that stands for the overflow
    /// cannot.
    pub(super) fn name(&mut self, slot: usize, birth: u32, values: &mut dyn Iterator<Item = &str>) -> bool {
        if self.slots.get(slot).is_none_or(|slot| birth <= slot.birth) {
            // Said before, as devices do again and again; or late.
            return true;
        }
        let values: Vec<_> = values.collect();
        let Some(child) = self.schema.child(slot, &values) else { return false };
        if self.schema.children.iter().any(|fixed| fixed.pieces == child.pieces) {
            return false;
        }
        self.put(Named { child, birth });
        true
    }

    /// Births rise: what has the greater one is newer, in its slot as among those of the same labels, which two slots
    /// have while a frame is missing.
    fn put(&mut self, new: Named) {
        let index = new.child.index;
        let search =
            |named: &[Named]| named.binary_search_by(|named| text(&named.child).cmp(text(&new.child)));
        let there = search(&self.named).ok().and_then(|at| self.named.get(at));
        if there.is_some_and(|there| there.birth >= new.birth) {
            return;
        }
        let Some(slot) = self.slots.get_mut(index) else { return };
        let before = std::mem::replace(&mut slot.birth, new.birth);
        if before > 0 {
            self.named.retain(|named| named.child.index != index);
        }
        match search(&self.named) {
            Ok(at) => {
                let Some(there) = self.named.get_mut(at) else { return };
                let twin = std::mem::replace(there, new);
                if let Some(slot) = self.slots.get_mut(twin.child.index) {
                    slot.birth = 0;
                }
            }
            Err(at) => self.named.insert(at, new),
        }
    }

    /// Whether the labels of the child of this birth are known.
    pub(super) fn is_named(&self, slot: usize, birth: u64) -> bool {
        let known = |slot: &Slot| u64::from(slot.birth) == birth;
        self.schema.is_overflow(slot) || self.slots.get(slot).is_some_and(known)
    }

    /// Takes over from the same table of an earlier connection: labels, and of slots that have not been heard since,
    /// what is known.
    pub(super) fn resume(&mut self, old: &Self, kept: impl Fn(usize) -> bool) {
        for (index, (slot, before)) in self.slots.iter_mut().zip(&old.slots).enumerate() {
            if kept(index) {
                (slot.heard, slot.since) = (before.heard, before.since);
            }
        }
        for named in &old.named {
            if self.slots.get(named.child.index).is_some_and(|slot| slot.birth < named.birth) {
                self.put(named.clone());
            }
        }
    }
}
