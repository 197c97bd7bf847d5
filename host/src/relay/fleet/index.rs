//! Who is who, and what stands under which name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::device::{Device, State};
use super::roster::{Members, Roster};
use super::show::Shown;
use crate::model::Family;

/// The devices of the fleet, and the families they bring.
#[derive(Default)]
pub(super) struct Index {
    pub(super) devices: Roster,
    pub(super) families: BTreeMap<Arc<str>, Offered>,
    /// Whether the name of a family has become free since refused ones were last offered again.
    pub(super) freed: bool,
}

/// A family that some devices have.
pub(super) struct Offered {
    pub(super) family: Arc<Family>,
    pub(super) devices: Members,
}

impl Index {
    /// Whether a device is the one of its name.
    fn holds(&self, device: &Arc<Device>, state: &State) -> bool {
        self.devices.get(&state.name).is_some_and(|there| Arc::ptr_eq(there, device))
    }

    /// Offers all families of a device that are not shown yet. Returns how many were refused for the first time.
    pub(super) fn offer_all(&mut self, device: &Arc<Device>, state: &mut State) -> u64 {
        if !self.holds(device, state) {
            return 0;
        }
        let Some(number) = self.devices.number(&state.name) else { return 0 };
        let mut hint = 0;
        let refused = state.series.offer(|family| {
            if let Some(why) = self.conflict(family) {
                return Err(why);
            }
            self.show(family, number, &mut hint);
            Ok(())
        });
        self.refresh(device, state);
        refused
    }

    /// Takes up how pages read the device without locking it, which may have changed.
    pub(super) fn refresh(&mut self, device: &Arc<Device>, state: &State) {
        if self.holds(device, state) {
            self.devices.show(&state.name, Shown::of(state));
        }
    }

    /// Why a family cannot be shown beside those of other devices.
    fn conflict(&self, family: &Family) -> Option<String> {
        let name = family.open_metrics_name();
        // In OpenMetrics a counter `x_total` is a family `x`, and its series is called `x_total`; an info `x_info` is
        // one too, and its series is called `x_info`: no other family may be called like any of these.
        let [total, info] = ["_total", "_info"].map(|suffix| [name, suffix].concat());
        let [totals, infos] = ["_total", "_info"].map(|suffix| [&family.name, suffix].concat());
        let mut rivals = [&family.name, name, &total, &totals, &info, &infos].into_iter();
        rivals.find_map(|rival| {
            let theirs = &self.families.get(rival)?.family;
            let is_apart = |taken: &str| theirs.open_metrics_name() != taken && *theirs.name != *taken;
            if is_apart(name) && is_apart(&family.name) {
                return None;
            }
            let agrees =
                theirs.name == family.name && theirs.kind == family.kind && theirs.unit == family.unit;
            let unit = |unit: &str| if unit.is_empty() { String::new() } else { format!(" in {unit}") };
            (!agrees).then(|| {
                let (kind, unit) = (theirs.kind.as_str(), unit(&theirs.unit));
                format!("other devices have `{}` as a {kind}{unit}", theirs.name)
            })
        })
    }

    fn show(&mut self, family: &Arc<Family>, number: u32, hint: &mut usize) {
        if let Some(offered) = self.families.get_mut(&*family.name) {
            offered.devices.insert(&self.devices, number, hint);
            // The newest help wins: it is most likely the newest firmware's.
            offered.family = Arc::clone(family);
            return;
        }
        let mut devices = Members::default();
        devices.insert(&self.devices, number, hint);
        self.families.insert((*family.name).into(), Offered { family: Arc::clone(family), devices });
    }

    /// Takes the families of a device back.
    pub(super) fn withdraw(&mut self, state: &mut State) {
        let Self { devices, families, freed } = self;
        let (name, mut hint) = (&state.name, 0);
        state.series.withdraw(|family| {
            let Some(offered) = families.get_mut(&*family.name) else { return };
            offered.devices.remove(devices, name, &mut hint);
            if offered.devices.is_empty() {
                families.remove(&*family.name);
                *freed = true;
            }
        });
    }

    /// Lets a device go. Its connection, if it still has one, must claim its name anew.
    pub(super) fn evict(&mut self, device: &Arc<Device>, state: &mut State) {
        if self.holds(device, state) {
            self.withdraw(state);
            self.devices.remove(&state.name);
        }
        state.unname();
    }
}
