//! Who gets which name.

use std::sync::{Arc, PoisonError};

use super::super::Now;
use super::super::session::Fault;
use super::device::Device;
use super::sources::New;
use super::tally::{Cause, Counts, DeviceCounts};
use super::{Fleet, Limits, Origin, Settings};

impl Fleet {
    /// Gives `name` to a device that has none, if it is free: what was known under it goes on. `waited` tells that it
    /// was another's so far.
    pub(super) fn claim(
        &self,
        name: &Arc<str>,
        device: &Arc<Device>,
        waited: bool,
        now: Now,
    ) -> Result<(), Cause> {
        let settings = self.settings();
        let Settings { limits, labels } = &*settings;
        let mut index = self.write();
        let old = index.devices.get(name).filter(|old| !Arc::ptr_eq(old, device)).cloned();
        if old.is_none() && index.devices.len() >= limits.max_devices {
            return Err(Cause::FleetFull);
        }
        let mut counts = Counts::default();
        let mut state = device.lock();
        let mut before = old.as_ref().map(|old| old.lock());
        if let Some(before) = &before {
            let free = before.connection == state.connection || before.is_stale(now);
            if !free && !state.succeeds(before, now) {
                return Err(Cause::NameTaken);
            }
        }
        let new_schema = self.is_new(name, state.schema, before.as_ref().map(|before| before.schema));
        self.take(&state.origin, before.is_none(), new_schema, limits, now)?;
        if let (Some(old), Some(before)) = (&old, &mut before) {
            if waited && !state.is_same_boot(before, now) {
                state.counts = DeviceCounts::default();
            }
            if (waited || !state.origin.is_near(&before.origin))
                && let Some(left_out) = self.has_line(now)
            {
                let (there, here) = (&before.origin, &state.origin);
                tracing::info!(
                    "{}: {} is now the device {name:?}, which was {} on {}{left_out}",
                    here.link,
                    here.peer,
                    there.peer,
                    there.link
                );
            }
            counts.frames.lost = state.lost_since(before, now);
            state.inherit(before, limits, now);
            index.evict(old, before);
        }
        drop(before);
        let own = labels.get(&**name).map_or(&[][..], |labels| labels);
        state.rename(name, &self.device_label, own);
        index.devices.insert(name, device);
        let conflicts = index.offer_all(device, &mut state);
        self.tell_conflicts(&state, conflicts, now);
        counts.refuse(Fault::Conflict, conflicts);
        state.counts.add(&counts.of_device());
        self.tally.add(&counts);
        Ok(())
    }

    /// Takes a device's name back.
    pub(super) fn evict(&self, device: &Arc<Device>) {
        let mut index = self.write();
        index.evict(device, &mut device.lock());
    }

    /// Whether the schema of a device is none that it is known to have had.
    pub(super) fn is_new(&self, name: &str, schema: u32, before: Option<u32>) -> bool {
        before != Some(schema) && !self.store.as_ref().is_some_and(|store| store.has(name, schema))
    }

    /// Takes from what a source may bring.
    pub(super) fn take(
        &self,
        origin: &Origin,
        name: bool,
        schema: bool,
        limits: &Limits,
        now: Now,
    ) -> Result<(), Cause> {
        let wants = [
            name.then_some(New::Name(limits.new_names_per_minute)),
            schema.then_some(New::Schema(limits.new_schemas_per_minute)),
        ];
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let wants: Vec<_> = wants.into_iter().flatten().collect();
        sources.take(origin.source(), &wants, now.instant).map_err(|new| match new {
            New::Name(_) => Cause::TooManyNames,
            New::Schema(_) => Cause::TooManySchemas,
        })
    }
}
