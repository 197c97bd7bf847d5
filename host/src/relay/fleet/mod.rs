//! All devices: who is who, and what stands under which name.
//!
//! The fleet is one [`Indexed`](crate::registry::Indexed) source: all series of one family stand together, whatever
//! device they come from, devices in the order of their names. A line is made of the family's parts, which devices
//! with the same schema share, and of the device's label; nothing is rendered for each device and series.
//!
//! A name belongs to the connection that first claimed it, as long as that is alive. The first device to bring a
//! family fixes its type and unit; one that means something else by the name has that family refused until the name
//! is free.
//!
//! Locks are taken in this order: index, device; two devices at once only under the index's for writing.

mod connection;
mod device;
mod index;
mod limits;
mod own;
mod series;
mod show;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

pub use connection::Connection;
use device::{Device, State};
use index::Index;
pub use limits::Limits;
use own::Own;
use tally::{Counts, Tally};

use super::Now;
use super::session::{Added, Bounds, FamilySchema};
use super::status::{DeviceStatus, Totals};

/// Where a connection comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The link: `tcp 127.0.0.1:9101`, `serial /dev/ttyUSB0`.
    pub link: Arc<str>,
    /// What the user calls the device at the other end.
    pub name: Option<Arc<str>>,
    /// The other end: an address, or the port.
    pub peer: String,
}

/// All devices.
pub struct Fleet {
    limits: Limits,
    index: RwLock<Index>,
    /// Families by their records, so that equal devices share them.
    schemas: Mutex<HashMap<Box<[u8]>, Weak<FamilySchema>>>,
    connections: AtomicU64,
    own: Own,
    tally: Tally,
}

/// What becomes of a claim of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    Granted,
    /// Another live connection has it.
    Taken,
    /// There are [`Limits::max_devices`] already.
    Full,
}

impl std::fmt::Debug for Fleet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fleet").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Fleet {
    /// A fleet without devices. A device label that [`Limits::check_label`] refuses is replaced by `device`.
    pub fn new(mut limits: Limits) -> Self {
        if Limits::check_label(&limits.device_label).is_err() {
            limits.device_label = Limits::default().device_label;
        }
        Self {
            own: Own::new(&limits.device_label),
            limits,
            index: RwLock::default(),
            schemas: Mutex::default(),
            connections: AtomicU64::new(0),
            tally: Tally::default(),
        }
    }

    /// A new connection; dropped when it ends.
    pub fn connect(self: &Arc<Self>, origin: Origin, now: Now) -> Connection {
        let id = self.connections.fetch_add(1, Ordering::Relaxed);
        Connection::new(Arc::clone(self), origin, id, now)
    }

    /// Lets devices go that have been silent for longer than the TTL, and shows families whose names have become
    /// free. Call it each second or so.
    pub fn sweep(&self, now: Now) {
        let mut index = self.write();
        let devices: Vec<_> = index.devices.values().cloned().collect();
        for device in &devices {
            let mut state = device.lock();
            if state.silence(now) > self.limits.ttl {
                index.evict(device, &mut state);
                // Its series begin anew if it comes back, and so do its counts.
                state.counts = Counts::default();
            }
        }
        if std::mem::take(&mut index.freed) {
            for device in &devices {
                index.offer_all(device, &mut device.lock());
            }
        }
        drop((index, devices));
        self.schemas
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, family| family.strong_count() > 0);
    }

    /// All devices, in the order of their names.
    pub fn devices(&self, now: Now) -> Vec<DeviceStatus> {
        // Not under the index's lock: it takes its time.
        let devices: Vec<_> = self.read().devices.values().cloned().collect();
        let statuses = devices.iter().map(|device| device.lock().status(now));
        statuses.filter(|status| !status.device.is_empty()).collect()
    }

    /// Sums over all devices.
    pub fn totals(&self, now: Now) -> Totals {
        let (mut devices, mut live, mut series) = (0, 0, 0);
        for device in self.read().devices.values() {
            let state = device.lock();
            devices += 1;
            live += usize::from(!state.is_stale(now));
            series += state.series.count();
        }
        let Counts { frames, foreign, refusals, .. } = self.tally.read();
        Totals {
            devices,
            live,
            series,
            frames_received: frames.received,
            frames_lost: frames.lost,
            frames_repeated: frames.repeated,
            frames_reordered: frames.reordered,
            frames_corrupt: frames.corrupt,
            frames_refused: refusals,
            foreign_bytes: foreign,
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to keep of a session.
    fn bounds(&self) -> Bounds {
        Bounds {
            labels: Added::new(&self.limits.device_label, []),
            max_series: self.limits.max_series,
            max_schema_bytes: self.limits.max_schema_bytes,
        }
    }

    /// The family of this record, if some device has it.
    fn schema(&self, record: &[u8]) -> Option<Arc<FamilySchema>> {
        self.schemas.lock().unwrap_or_else(PoisonError::into_inner).get(record).and_then(Weak::upgrade)
    }

    /// The one family of its record.
    fn intern(&self, family: &Arc<FamilySchema>) -> Arc<FamilySchema> {
        let mut schemas = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = schemas.get(&family.bytes).and_then(Weak::upgrade) {
            return shared;
        }
        schemas.insert(family.bytes.clone(), Arc::downgrade(family));
        Arc::clone(family)
    }

    /// Gives `name` to a device that has none, if it is free: what was known under it goes on.
    fn claim(&self, name: &Arc<str>, device: &Arc<Device>, now: Now) -> Claim {
        let mut index = self.write();
        let old = index.devices.get(name).cloned();
        if old.is_none() && index.devices.len() >= self.limits.max_devices {
            return Claim::Full;
        }
        let mut counts = Counts::default();
        let mut state = device.lock();
        if let Some(old) = old.filter(|old| !Arc::ptr_eq(old, device)) {
            let mut before = old.lock();
            let free = before.connection == state.connection || before.is_stale(now);
            if !free && !state.succeeds(&before, now) {
                return Claim::Taken;
            }
            counts.frames.lost = state.lost_since(&before, now);
            state.inherit(&mut before, &self.limits, now);
            index.evict(&old, &mut before);
        }
        state.rename(name, &self.limits.device_label);
        index.devices.insert(Arc::clone(name), Arc::clone(device));
        counts.refusals = index.offer_all(device, &mut state);
        state.counts.add(&counts);
        self.tally.add(&counts);
        Claim::Granted
    }

    /// Shows the newest family of a device, if that has a name. Returns how many were refused.
    fn offer(&self, device: &Arc<Device>) -> u64 {
        let mut index = self.write();
        index.offer_all(device, &mut device.lock())
    }

    /// Changes a device's families, of which none is shown any more.
    fn reset(&self, device: &Device, change: impl FnOnce(&mut State)) {
        let mut index = self.write();
        let mut state = device.lock();
        index.withdraw(&mut state);
        change(&mut state);
    }

    /// Takes a device's name back.
    fn evict(&self, device: &Arc<Device>) {
        let mut index = self.write();
        index.evict(device, &mut device.lock());
    }
}
