//! Who is who, and what stands under which name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::device::{Device, State};
use super::series::Offer;
use crate::model::Family;

/// Devices by name.
pub(super) type Devices = BTreeMap<Arc<str>, Arc<Device>>;

/// The devices of the fleet, and the families they bring.
#[derive(Default)]
pub(super) struct Index {
    pub(super) devices: Devices,
    pub(super) families: BTreeMap<Arc<str>, Offered>,
    /// Whether the name of a family has become free since refused ones were last offered again.
    pub(super) freed: bool,
}

/// A family that some devices have.
pub(super) struct Offered {
    pub(super) family: Arc<Family>,
    pub(super) devices: Devices,
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
        let mut refused = 0;
        let State { series, name, .. } = state;
        for slot in series.slots_mut().iter_mut().filter(|slot| slot.offer != Offer::Shown) {
            let offer = if let Some(why) = self.conflict(&slot.schema.family) {
                Offer::Refused(why.into())
            } else {
                self.show(&slot.schema.family, name, device);
                Offer::Shown
            };
            refused += u64::from(slot.offer == Offer::Pending && offer != Offer::Shown);
            slot.offer = offer;
        }
        refused
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

    fn show(&mut self, family: &Arc<Family>, name: &Arc<str>, device: &Arc<Device>) {
        let offered = self
            .families
            .entry((*family.name).into())
            .or_insert_with(|| Offered { family: Arc::clone(family), devices: Devices::new() });
        offered.devices.insert(Arc::clone(name), Arc::clone(device));
        // The newest help wins: it is most likely the newest firmware's.
        offered.family = Arc::clone(family);
    }

    /// Takes the families of a device back.
    pub(super) fn withdraw(&mut self, state: &mut State) {
        for slot in state.series.slots_mut() {
            let shown = std::mem::replace(&mut slot.offer, Offer::Pending) == Offer::Shown;
            if shown && let Some(offered) = self.families.get_mut(&*slot.schema.family.name) {
                offered.devices.remove(&state.name);
                if offered.devices.is_empty() {
                    self.families.remove(&*slot.schema.family.name);
                    self.freed = true;
                }
            }
        }
    }

    /// Lets a device go. Its connection, if it still has one, must claim its name anew.
    pub(super) fn evict(&mut self, device: &Arc<Device>, state: &mut State) {
        if self.holds(device, state) {
            self.withdraw(state);
            self.devices.remove(&state.name);
        }
        state.name = "".into();
        state.label = Box::default();
        state.labels = Box::default();
    }
}
