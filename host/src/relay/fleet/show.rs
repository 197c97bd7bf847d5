//! The fleet as a source: family by family, device by device.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::Fleet;
use super::device::{Slot, State};
use crate::model::{Child, Family, Kind, Point, Value};
use crate::registry::{Indexed, Resume};

impl Indexed for Fleet {
    fn families(&self) -> Vec<Arc<Family>> {
        let index = self.read();
        let devices = index.families.values().map(|offered| Arc::clone(&offered.family));
        let mut families: Vec<_> = self.own.families().cloned().chain(devices).collect();
        families.sort_by(|a, b| a.name.cmp(&b.name));
        families
    }

    fn visit(
        &self,
        family: &str,
        resume: &mut Resume,
        visitor: &mut dyn FnMut(&Child<'_>) -> ControlFlow<()>,
    ) -> bool {
        if let Some(done) = self.own.visit(self, family, resume, visitor) {
            return done;
        }
        // Devices with the same firmware have a family in the same place.
        let mut hint = 0;
        self.each_device(resume, |state, skip| {
            let slot = find(state, family, &mut hint)?;
            for (index, child) in slot.schema.children.iter().enumerate().skip(skip) {
                let Some(point) = state.child(slot, child.index).and_then(|cells| point(slot, cells)) else {
                    continue;
                };
                let created = (slot.schema.family.kind != Kind::Gauge).then_some(state.booted_ms);
                let labels = [&*child.before, &*state.label, &*child.after];
                if visitor(&Child { labels: &labels, point, created }).is_break() {
                    return Some(index);
                }
            }
            None
        })
    }
}

impl Fleet {
    /// Goes through all devices from `resume` on, with how many children of the first to skip. A device that was
    /// left returns the child to begin with next time. Returns whether all were seen.
    pub(super) fn each_device(
        &self,
        resume: &mut Resume,
        mut visit: impl FnMut(&State, usize) -> Option<usize>,
    ) -> bool {
        let index = self.read();
        for (name, device) in index.devices.range::<str, _>((Bound::Included(&*resume.key), Bound::Unbounded))
        {
            let skip = if **name == *resume.key { resume.index } else { 0 };
            if let Some(index) = visit(&device.lock(), skip) {
                resume.key.clear();
                resume.key.push_str(name);
                resume.index = index;
                return false;
            }
        }
        true
    }
}

/// The slot of a family, looked for first where it was in the device before.
fn find<'a>(state: &'a State, family: &str, hint: &mut usize) -> Option<&'a Slot> {
    let is_it = |slot: &Slot| slot.shown && *slot.schema.family.name == *family;
    if let Some(slot) = state.slots.get(*hint).filter(|slot| is_it(slot)) {
        return Some(slot);
    }
    *hint = state.slots.iter().position(is_it)?;
    state.slots.get(*hint)
}

fn point<'a>(slot: &'a Slot, cells: &'a [u64]) -> Option<Point<'a>> {
    let schema = &*slot.schema;
    if schema.family.kind == Kind::Histogram {
        let (sum, buckets) = cells.split_last()?;
        let sum = Value::Unsigned(*sum);
        return Some(Point::Histogram { bounds: &schema.bounds, buckets, sum, scale: schema.scale });
    }
    Some(Point::Value { value: schema.value(*cells.first()?)?, scale: schema.scale })
}
