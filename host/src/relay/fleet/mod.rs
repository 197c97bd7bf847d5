//! All devices: who is who, and what stands under which name.
//!
//! The fleet is one [`Indexed`](crate::registry::Indexed) source: all series of one family stand together, whatever
//! device they come from, devices in the order of their names. A line is made of the family's parts, which devices
//! with the same schema share, and of the device's label; nothing is rendered for each device and series.
//!
//! A name belongs to the connection that first claimed it, as long as that is alive. The first device to bring a
//! family fixes its type and unit; one that means something else by the name has that family refused.
//!
//! Locks are taken in this order: index, device.

mod connection;
mod device;
mod limits;
mod own;
mod show;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

pub use connection::Connection;
use device::{Device, State};
pub use limits::Limits;
use own::Own;

use super::Now;
use super::session::{Bounds, FamilySchema};
use super::status::{DeviceStatus, FrameCounts, Totals};
use crate::model::Family;

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
    /// Devices whose names are not known yet, or not granted, by connection.
    unnamed: Mutex<BTreeMap<u64, Arc<Device>>>,
    /// Counts of devices that are gone, and of connections that ended without a name.
    departed: Mutex<Sum>,
}

#[derive(Default)]
struct Index {
    devices: BTreeMap<Arc<str>, Arc<Device>>,
    families: BTreeMap<Arc<str>, Offered>,
}

/// A family that some devices have.
struct Offered {
    family: Arc<Family>,
    devices: usize,
}

/// Counts of several devices.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    counts: FrameCounts,
    foreign: u64,
    refusals: u64,
}

impl Sum {
    fn add(&mut self, state: &State) {
        self.counts.add(&state.counts);
        self.foreign += state.foreign;
        self.refusals += state.refusals;
    }
}

/// Why a connection does not get a name.
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
    /// A fleet without devices.
    pub fn new(limits: Limits) -> Self {
        Self {
            own: Own::new(&limits.device_label),
            limits,
            index: RwLock::default(),
            schemas: Mutex::default(),
            connections: AtomicU64::new(0),
            unnamed: Mutex::default(),
            departed: Mutex::default(),
        }
    }

    /// A new connection; dropped when it ends.
    pub fn connect(self: &Arc<Self>, origin: Origin, now: Now) -> Connection {
        let id = self.connections.fetch_add(1, Ordering::Relaxed);
        Connection::new(Arc::clone(self), origin, id, now)
    }

    /// What to keep of a session.
    fn bounds(&self) -> Bounds {
        Bounds {
            device_label: Arc::clone(&self.limits.device_label),
            max_series: self.limits.max_series,
            max_schema_bytes: self.limits.max_schema_bytes,
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one family for these bytes.
    fn intern(&self, family: Arc<FamilySchema>) -> Arc<FamilySchema> {
        let mut schemas = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = schemas.get(&family.bytes).and_then(Weak::upgrade) {
            return shared;
        }
        schemas.insert(family.bytes.clone(), Arc::downgrade(&family));
        family
    }

    /// Gives `name` to a device, if it is free: what was known under it goes on.
    fn claim(&self, name: &Arc<str>, device: &Arc<Device>, now: Now) -> Claim {
        let mut index = self.write();
        match index.devices.get(name).cloned() {
            Some(old) if Arc::ptr_eq(&old, device) => return Claim::Granted,
            Some(old) => {
                let mut old = old.lock();
                let mut new = device.lock();
                if !old.is_stale(now) && !is_successor(&old, &new) {
                    return Claim::Taken;
                }
                old.connection = None;
                inherit(&mut new, &old);
                index.release(&old);
            }
            None if index.devices.len() >= self.limits.max_devices => return Claim::Full,
            None => {}
        }
        let mut state = device.lock();
        state.rename(name, &self.limits.device_label);
        index.offer_all(&mut state);
        drop(state);
        index.devices.insert(Arc::clone(name), Arc::clone(device));
        Claim::Granted
    }

    /// Offers the newest family of a device that has a name.
    fn offer(&self, device: &Device) {
        let mut index = self.write();
        index.offer_all(&mut device.lock());
    }

    /// Takes a device's families back, before they change.
    fn withdraw(&self, state: impl FnOnce() -> Vec<Arc<Family>>) {
        let mut index = self.write();
        for family in state() {
            index.withdraw(&family);
        }
    }

    /// Lets devices go that have been silent for longer than the TTL. Call it each second or so.
    pub fn sweep(&self, now: Now) {
        let mut index = self.write();
        let gone: Vec<_> = index
            .devices
            .iter()
            .filter(|(_, device)| device.lock().silence(now) > self.limits.ttl)
            .map(|(name, device)| (Arc::clone(name), Arc::clone(device)))
            .collect();
        for (name, device) in gone {
            let mut state = device.lock();
            index.release(&state);
            for slot in &mut state.slots {
                slot.shown = false;
            }
            // Its connection, if it still has one, must claim the name anew.
            state.name = "".into();
            state.label = Box::default();
            self.depart(&state);
            state.counts = FrameCounts::default();
            (state.foreign, state.refusals) = (0, 0);
            index.devices.remove(&name);
        }
        drop(index);
        self.schemas
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, family| family.strong_count() > 0);
    }

    /// Keeps the counts of what goes.
    fn depart(&self, state: &State) {
        self.departed.lock().unwrap_or_else(PoisonError::into_inner).add(state);
    }

    fn unnamed(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Device>>> {
        self.unnamed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All devices, in the order of their names.
    pub fn devices(&self, now: Now) -> Vec<DeviceStatus> {
        self.read().devices.values().map(|device| device.lock().status(now)).collect()
    }

    /// Sums over all devices.
    pub fn totals(&self, now: Now) -> Totals {
        let index = self.read();
        let mut sum = *self.departed.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut live, mut series) = (0, 0);
        for device in self.unnamed().values() {
            sum.add(&device.lock());
        }
        for device in index.devices.values() {
            let state = device.lock();
            sum.add(&state);
            series += state.series();
            live += usize::from(!state.is_stale(now));
        }
        Totals {
            devices: index.devices.len(),
            live,
            series,
            frames_received: sum.counts.received,
            frames_lost: sum.counts.lost,
            frames_repeated: sum.counts.repeated,
            frames_reordered: sum.counts.reordered,
            frames_corrupt: sum.counts.corrupt,
            frames_refused: sum.refusals,
            foreign_bytes: sum.foreign,
        }
    }
}

impl Index {
    /// Offers all families of a device that are not shown yet.
    fn offer_all(&mut self, state: &mut State) {
        let mut refusals = Vec::new();
        for slot in state.slots.iter_mut().filter(|slot| !slot.shown) {
            match self.offer(&slot.schema.family) {
                Ok(()) => slot.shown = true,
                Err(why) => refusals
                    .push(super::session::Refused { family: slot.schema.family.name.to_string(), why }),
            }
        }
        for refused in refusals {
            state.refuse(refused);
        }
    }

    fn offer(&mut self, family: &Arc<Family>) -> Result<(), String> {
        // In OpenMetrics `x_total`, a counter, and `x`, a gauge, would be one family.
        for other in [family.open_metrics_name().to_owned(), format!("{}_total", family.open_metrics_name())]
        {
            if let Some(offered) = self.families.get(&*other)
                && (offered.family.kind != family.kind || offered.family.unit != family.unit)
            {
                let theirs = &offered.family;
                return Err(format!(
                    "other devices have `{}` as a {} with unit `{}`",
                    theirs.name,
                    theirs.kind.as_str(),
                    theirs.unit
                ));
            }
        }
        let name: Arc<str> = (*family.name).into();
        let offered =
            self.families.entry(name).or_insert_with(|| Offered { family: Arc::clone(family), devices: 0 });
        offered.devices += 1;
        // The newest help wins: it is most likely the newest firmware's.
        offered.family = Arc::clone(family);
        Ok(())
    }

    /// Takes the families of a device back that goes.
    fn release(&mut self, state: &State) {
        for slot in state.slots.iter().filter(|slot| slot.shown) {
            self.withdraw(&slot.schema.family);
        }
    }

    fn withdraw(&mut self, family: &Family) {
        if let Some(offered) = self.families.get_mut(&*family.name) {
            offered.devices = offered.devices.saturating_sub(1);
            if offered.devices == 0 {
                self.families.remove(&*family.name);
            }
        }
    }
}

/// Whether a claimant is the same device come back: a connection from the same place, after another boot.
fn is_successor(old: &State, new: &State) -> bool {
    let host = |peer: &str| peer.rsplit_once(':').map_or(peer.to_owned(), |(host, _)| host.to_owned());
    host(&old.origin.peer) == host(&new.origin.peer)
        && old.origin.link == new.origin.link
        && (old.boot != new.boot || new.uptime < old.uptime)
}

/// Lets a device that has come back go on where it was: its counts, and if it has not booted in between, what is
/// known of it.
fn inherit(new: &mut State, old: &State) {
    let booted = old.boot != new.boot || new.uptime < old.uptime;
    new.boots = old.boots + if booted { new.boots } else { new.boots.saturating_sub(1) };
    new.counts.add(&old.counts);
    new.foreign += old.foreign;
    new.refusals += old.refusals;
    if !booted {
        new.resume(old);
    }
}
