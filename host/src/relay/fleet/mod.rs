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
//! What a device counted while another had its name is in the fleet's totals only, unless it turns out to be that very
//! device. Labels that the configuration adds stand on the series that devices send; the gateway's own series have the
//! device label only.
//!
//! Locks are taken in this order: settings, index, device; several devices at once only under the index's: for writing, or
//! for reading by a page, which takes them in the order of their names.

mod access;
mod connection;
mod device;
mod index;
mod layout;
mod limits;
mod names;
mod news;
mod own;
mod roster;
mod rows;
mod runs;
mod schemas;
mod series;
mod show;
mod sources;
mod table;
mod tally;
#[cfg(test)]
mod tests;
mod told;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub use access::{Access, Listener, Origin, Pattern};
pub use connection::Connection;
use device::{Device, State};
use index::Index;
pub use limits::Limits;
use own::Own;
use schemas::Schemas;
use sources::Sources;
use tally::{Cause, Counts, DeviceCounts, Tally};
use told::Told;

use super::Now;
use super::session::{Added, Bounds};
use super::status::{DeviceStatus, Learning, Totals};
use super::store::{Store, StoreCounts, StoreLimits};

/// Labels of some devices: names and values.
type Labels = BTreeMap<String, Vec<(String, String)>>;

/// All devices.
pub struct Fleet {
    /// Fixed, as it is part of what was rendered.
    device_label: Arc<str>,
    settings: RwLock<Arc<Settings>>,
    index: RwLock<Index>,
    schemas: Mutex<Schemas>,
    sources: Mutex<Sources>,
    told: Mutex<Told>,
    store: Option<Store>,
    listener: Option<Arc<dyn Listener>>,
    connections: AtomicU64,
    own: Own,
    tally: Tally,
}

/// What can change while the fleet runs.
#[derive(Debug)]
struct Settings {
    limits: Limits,
    labels: Labels,
}

impl std::fmt::Debug for Fleet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fleet").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Fleet {
    /// A fleet without devices. A device label that [`Limits::check_label`] refuses is replaced by `device`.
    pub fn new(mut limits: Limits) -> Self {
        if Limits::check_label(&limits.device_label).is_err() {
            limits.device_label = Limits::default().device_label;
        }
        let device_label = Arc::clone(&limits.device_label);
        Self {
            own: Own::new(&device_label),
            device_label,
            settings: RwLock::new(Arc::new(Settings { limits, labels: Labels::new() })),
            index: RwLock::default(),
            schemas: Mutex::default(),
            sources: Mutex::default(),
            told: Mutex::default(),
            store: None,
            listener: None,
            connections: AtomicU64::new(0),
            tally: Tally::default(),
        }
    }

    /// Gives `listener` what comes between frames.
    #[must_use]
    pub fn with_listener(self, listener: Arc<dyn Listener>) -> Self {
        Self { listener: Some(listener), ..self }
    }

    /// Keeps schemas from one run to the next.
    #[must_use]
    pub fn with_store(self, store: Store) -> Self {
        let fleet = Self { store: Some(store), ..self };
        fleet.limit_store(&fleet.settings().limits);
        fleet
    }

    /// Adds labels to the series of some devices, by their names; of one name, they come before those of the link.
    /// Labels that [`Limits::check_added`] refuses are left out.
    #[must_use]
    pub fn with_labels(self, labels: BTreeMap<String, Vec<(String, String)>>) -> Self {
        let limits = self.settings().limits.clone();
        Self { settings: RwLock::new(Arc::new(Settings { limits, labels })), ..self }
    }

    /// Changes limits and labels. Returns what cannot change while the gateway runs, or devices are connected: the name
    /// of the device label, labels of names that no device had.
    pub fn reconfigure(
        &self,
        mut limits: Limits,
        labels: BTreeMap<String, Vec<(String, String)>>,
    ) -> Vec<String> {
        let mut rest = Vec::new();
        if limits.device_label != self.device_label {
            rest.push("device_label".to_owned());
        }
        limits.device_label = Arc::clone(&self.device_label);
        self.limit_store(&limits);
        let settings = Arc::new(Settings { limits, labels });
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&settings);
        let devices: Vec<_> = self.read().devices.devices().cloned().collect();
        for device in devices {
            let mut index = self.write();
            let mut state = device.lock();
            let name = Arc::clone(&state.name);
            let own = settings.labels.get(&*name).map_or(&[][..], |labels| labels);
            if name.is_empty() || own.is_empty() && !state.has_more_labels() {
                continue;
            }
            let has = |label: &str| state.added.names().iter().any(|name| **name == *label);
            for (label, _) in own.iter().filter(|(label, _)| !has(label)) {
                let why = format!("the label `{label}`, on devices that are connected");
                if !rest.contains(&why) {
                    rest.push(why);
                }
            }
            state.rename(&name, &self.device_label, own);
            index.refresh(&device, &state);
        }
        rest
    }

    /// A new connection; dropped when it ends.
    pub fn connect(self: &Arc<Self>, origin: Origin, now: Now) -> Connection {
        let id = self.connections.fetch_add(1, Ordering::Relaxed);
        Connection::new(Arc::clone(self), origin, id, now)
    }

    /// Lets devices go that have been silent for longer than the TTL, and shows families whose names have become
    /// free. Call it each second or so.
    pub fn sweep(&self, now: Now) {
        let ttl = self.settings().limits.ttl;
        let mut index = self.write();
        let devices: Vec<_> = index.devices.devices().cloned().collect();
        for device in &devices {
            let mut state = device.lock();
            if state.silence(now) > ttl {
                index.evict(device, &mut state);
                // Its series begin anew if it comes back, and so do its counts.
                state.counts = DeviceCounts::default();
            }
        }
        if std::mem::take(&mut index.freed) {
            for device in &devices {
                index.offer_all(device, &mut device.lock());
            }
        }
        drop((index, devices));
        self.schemas().sweep();
    }

    /// All devices, in the order of their names.
    pub fn devices(&self, now: Now) -> Vec<DeviceStatus> {
        // Not under the index's lock: it takes its time.
        let devices: Vec<_> = self.read().devices.devices().cloned().collect();
        let statuses = devices.iter().map(|device| device.lock().status(now));
        statuses.filter(|status| !status.device.is_empty()).collect()
    }

    /// Devices whose schema has not come whole yet, up to `most` of them, in the order of their names.
    pub fn learning(&self, most: usize) -> Vec<Learning> {
        let index = self.read();
        let learning = index.devices.devices().filter_map(|device| {
            let state = device.lock();
            let (known, total) = (state.known, state.total);
            state.is_learning().then(|| Learning { device: state.name.to_string(), known, total })
        });
        learning.take(most).collect()
    }

    /// Sums over all devices.
    pub fn totals(&self, now: Now) -> Totals {
        let (mut devices, mut live, mut learning, mut series) = (0, 0, 0, 0);
        for device in self.read().devices.devices() {
            let state = device.lock();
            devices += 1;
            live += usize::from(!state.is_stale(now));
            learning += usize::from(state.is_learning());
            series += state.series.count();
        }
        let Counts { frames, foreign, refusals, devices: refused } = self.tally.read();
        Totals {
            devices,
            live,
            learning,
            series,
            frames_received: frames.received,
            frames_lost: frames.lost,
            frames_repeated: frames.repeated,
            frames_reordered: frames.reordered,
            frames_corrupt: frames.corrupt,
            frames_refused: refusals.iter().sum(),
            devices_refused: refused.iter().sum(),
            foreign_bytes: foreign,
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn schemas(&self) -> MutexGuard<'_, Schemas> {
        self.schemas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limit_store(&self, limits: &Limits) {
        if let Some(store) = &self.store {
            // Besides the records a file has their lengths.
            let bytes = limits.max_schema_bytes.saturating_mul(2);
            store.set_limits(StoreLimits { devices: limits.max_devices, bytes, ..StoreLimits::default() });
        }
    }

    /// What the store did.
    fn stored(&self) -> StoreCounts {
        self.store.as_ref().map(Store::counts).unwrap_or_default()
    }

    /// What to keep of a session: the labels that a device of this link may have are those of the link, and those of any
    /// device.
    fn bounds(&self, access: &Access) -> Bounds {
        let Settings { limits, labels } = &*self.settings();
        let names = labels.values().flatten().chain(&access.labels).map(|(name, _)| &**name);
        let names = names.filter(|name| Limits::check_added(name, &self.device_label).is_ok());
        Bounds {
            labels: Added::new(&self.device_label, names.map(Arc::from)),
            max_series: limits.max_series,
            max_schema_bytes: limits.max_schema_bytes,
        }
    }

    /// The bytes of a schema that the device of this name had: on its connection before this one, or in another run.
    fn whole(&self, name: &str, schema: u32) -> Option<Box<[u8]>> {
        let device = self.read().devices.get(name).cloned();
        let whole = device.and_then(|device| {
            let state = device.lock();
            state.whole.clone().filter(|_| state.schema == schema)
        });
        whole.map(|bytes| (*bytes).into()).or_else(|| self.store.as_ref()?.load(name, schema))
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows the newest family of a device, if that has a name. Returns how many were refused.
    fn offer(&self, device: &Arc<Device>, now: Now) -> u64 {
        let mut index = self.write();
        let mut state = device.lock();
        let refused = index.offer_all(device, &mut state);
        self.tell_conflicts(&state, refused, now);
        refused
    }

    /// No more families of a device are to come: its cells move beside those of devices like it.
    fn complete(&self, device: &Arc<Device>) {
        let mut index = self.write();
        let mut state = device.lock();
        state.series.complete(|layout| {
            let mut schemas = self.schemas();
            (schemas.intern_layout(layout), schemas.rows.take(layout.cells()))
        });
        index.refresh(device, &state);
    }

    /// Changes a device's families, of which none is shown any more.
    fn reset(&self, device: &Device, change: impl FnOnce(&mut State)) {
        let mut index = self.write();
        let mut state = device.lock();
        index.withdraw(&mut state);
        change(&mut state);
    }
}
