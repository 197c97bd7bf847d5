//! The fleet as a source: family by family, device by device.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::Fleet;
use super::device::State;
use super::index::Devices;
use crate::model::{Child, Family, Kind};
use crate::registry::{Indexed, Resume};

impl Indexed for Fleet {
    fn families(&self) -> Vec<Arc<Family>> {
        let index = self.read();
        let devices = index.families.values().map(|offered| &offered.family);
        let mut families: Vec<_> = self.own.families().chain(devices).cloned().collect();
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
        let index = self.read();
        let Some(offered) = index.families.get(family) else { return true };
        // Devices with the same firmware have a family in the same place.
        let mut hint = 0;
        each_device(&offered.devices, resume, |state, from| {
            let Some(slot) = state.series.find(family, &mut hint) else { return ControlFlow::Continue(()) };
            let children = &slot.schema.children;
            let start = if from.is_empty() {
                0
            } else {
                children.partition_point(|child| child.text(&[&state.label]).lt(from.bytes()))
            };
            let created = (slot.schema.family.kind != Kind::Gauge).then_some(state.booted_ms);
            for child in children.get(start..).unwrap_or_default() {
                let Some(point) = state.series.point(slot, child.index) else { continue };
                let [before, after] = &*child.pieces else { continue };
                let labels = [&**before, &*state.label, &**after];
                if visitor(&Child { labels: &labels, point, created }).is_break() {
                    return ControlFlow::Break(labels.concat());
                }
            }
            ControlFlow::Continue(())
        })
    }
}

/// Goes through devices from `resume` on, with the text of the child to begin with; a device that is left tells the
/// one to go on with. Returns whether all were seen.
///
/// The key is the device's name and that text, the index the length of the name. Whatever devices come, go, boot or
/// change meanwhile, what stands in front of the key was shown and what stands behind was not: no series is shown
/// twice.
pub(super) fn each_device(
    devices: &Devices,
    resume: &mut Resume,
    mut visit: impl FnMut(&State, &str) -> ControlFlow<String>,
) -> bool {
    let key = std::mem::take(&mut resume.key);
    let (last, text) = key.split_at_checked(resume.index).unwrap_or((&key, ""));
    for (name, device) in devices.range::<str, _>((Bound::Included(last), Bound::Unbounded)) {
        let from = if **name == *last { text } else { "" };
        if let ControlFlow::Break(next) = visit(&device.lock(), from) {
            resume.key = [&**name, &next].concat();
            resume.index = name.len();
            return false;
        }
    }
    true
}
