//! One connection of the fleet: a session, and the device it speaks for.

use std::sync::Arc;
use std::time::Duration;

use super::super::Now;
use super::super::session::{FamilySchema, Hello, Refused, Session, Sink};
use super::super::status::FrameCounts;
use super::device::Device;
use super::tally::Counts;
use super::{Claim, Fleet, Origin};

/// How long to wait for a device to say its name before it is called as it was before, or by its link or its peer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait before claiming a name again that was refused.
const RETRY: Duration = Duration::from_secs(1);
/// How many names a connection may have at once or soon after; later, one more each second.
const NAMES: u64 = 8;

/// What takes the bytes of one connection. Dropped when the connection ends; its device is stale then.
#[derive(Debug)]
pub struct Connection {
    session: Session,
    tenant: Tenant,
}

/// The side of a connection that the session reports to.
///
/// Its device has no name at first, and is not shown. It gets its name once the device has said it. The fleet may take
/// the name back: from a device that was silent too long, or for another connection that speaks for the same device.
/// A boot begins with a new device: only its name can tell whether that is the one from before.
#[derive(Debug)]
struct Tenant {
    fleet: Arc<Fleet>,
    origin: Origin,
    id: u64,
    device: Arc<Device>,
    /// What was heard here before the boot, and may be the same device.
    former: Option<Arc<Device>>,
    /// What the device calls itself.
    hello: Option<Arc<str>>,
    /// Since when this boot is heard, and this connection.
    since: Now,
    connected: Now,
    /// How long to wait for a name.
    patience: Duration,
    /// When a claim was last refused, of which name.
    refused: Option<(Arc<str>, Now)>,
    names: u64,
    now: Now,
    /// Counted since the last [`settle`](Tenant::settle).
    counts: Counts,
}

impl Connection {
    pub(super) fn new(fleet: Arc<Fleet>, origin: Origin, id: u64, now: Now) -> Self {
        let session = Session::new(fleet.bounds());
        let tenant = Tenant {
            device: Arc::new(Device::new(origin.clone(), id, now)),
            fleet,
            origin,
            id,
            former: None,
            hello: None,
            since: now,
            connected: now,
            patience: PATIENCE,
            refused: None,
            names: 0,
            now,
            counts: Counts::default(),
        };
        Self { session, tenant }
    }

    /// Takes bytes as they came, cut anywhere. Requests for the device are appended to `reply`.
    pub fn feed(&mut self, bytes: &[u8], now: Now, reply: &mut Vec<u8>) {
        self.tenant.now = now;
        self.session.feed(bytes, now, &mut self.tenant, reply);
        self.tenant.settle();
    }

    /// Nothing more will come, as of a capture: a device that has not said its name by now is called as its link or
    /// its peer.
    pub fn finish(mut self, now: Now) {
        self.tenant.now = now;
        self.tenant.patience = Duration::ZERO;
        self.tenant.settle();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.tenant.leave(&self.tenant.device);
        if let Some(former) = &self.tenant.former {
            self.tenant.leave(former);
        }
    }
}

impl Tenant {
    /// Counts what has come, and claims the device's name if it has none.
    fn settle(&mut self) {
        let counts = std::mem::take(&mut self.counts);
        self.fleet.tally.add(&counts);
        let mut state = self.device.lock();
        state.counts.add(&counts);
        let (has_name, heard) = (!state.name.is_empty(), state.boots > 0);
        drop(state);
        if heard && !has_name {
            self.claim();
        }
    }

    /// Claims the device's name, once a second until it is granted.
    fn claim(&mut self) {
        let passed = |since: Now| self.now.instant.saturating_duration_since(since.instant);
        if self.refused.as_ref().is_some_and(|(_, when)| passed(*when) < RETRY)
            || self.names > NAMES + passed(self.connected).as_secs()
        {
            return;
        }
        let former = self.former.as_ref().map(|former| Arc::clone(&former.lock().name));
        let name = match &self.hello {
            Some(name) if !name.is_empty() => Arc::clone(name),
            // It has no name of its own.
            Some(_) => self.fallback(),
            // It has not said it yet. If it did not before, there is nothing to wait for.
            None => {
                let usual = former.filter(|name| !name.is_empty()).unwrap_or_else(|| self.fallback());
                let nameless = self.former.is_some() && usual == self.fallback();
                if passed(self.since) < self.patience && !nameless {
                    return;
                }
                usual
            }
        };
        match self.fleet.claim(&name, &self.device, self.now) {
            Claim::Granted => {
                self.refused = None;
                self.names += 1;
                // If it was another device, that one is not heard here any more.
                if let Some(former) = self.former.take() {
                    self.leave(&former);
                }
            }
            refusal => self.refuse(name, refusal),
        }
    }

    /// Counts and tells a refusal, once for each name in a row.
    fn refuse(&mut self, name: Arc<str>, refusal: Claim) {
        let again = self.refused.as_ref().is_some_and(|(before, _)| *before == name);
        if !again {
            let (link, peer) = (&self.origin.link, &self.origin.peer);
            let mut counts = Counts::default();
            if refusal == Claim::Full {
                counts.fleet_full = 1;
                let limit = self.fleet.limits.max_devices;
                tracing::warn!("{link}: device {name:?} refused, there are {limit} already (--max-devices)");
            } else {
                counts.names_taken = 1;
                tracing::warn!("{link}: {peer} claims the name {name:?} of another live device: refused");
            }
            self.fleet.tally.add(&counts);
        }
        self.refused = Some((name, self.now));
    }

    /// What a device is called that has no name of its own.
    fn fallback(&self) -> Arc<str> {
        let Origin { name, peer, link } = &self.origin;
        let name = name.clone().filter(|name| !name.is_empty());
        name.unwrap_or_else(|| if peer.is_empty() { Arc::clone(link) } else { peer.as_str().into() })
    }

    /// Speaks for a device no more.
    fn leave(&self, device: &Device) {
        let mut state = device.lock();
        if state.connection == Some(self.id) {
            state.connection = None;
        }
    }
}

impl Sink for Tenant {
    fn reset(&mut self, boot: u32, schema: u32, booted: bool) {
        if booted {
            self.hello = None;
            self.since = self.now;
            if !self.device.lock().name.is_empty() {
                let device = Device::new(self.origin.clone(), self.id, self.now);
                self.former = Some(std::mem::replace(&mut self.device, Arc::new(device)));
            }
        }
        self.fleet.reset(&self.device, |state| state.reset(boot, schema, booted));
    }

    fn alive(&mut self, uptime: u32, sequence: u16) {
        self.device.lock().alive(uptime, sequence, self.now);
    }

    fn hello(&mut self, hello: &Hello<'_>) -> bool {
        let (name, firmware) = (hello.identity.device, hello.identity.firmware);
        match &self.hello {
            Some(before) if **before != *name => return false,
            Some(_) => {}
            None => {
                self.hello = Some(name.into());
                let state = self.device.lock();
                let provisional = !state.name.is_empty() && *state.name != *name;
                drop(state);
                if provisional && !name.is_empty() {
                    self.fleet.evict(&self.device);
                }
            }
        }
        let mut state = self.device.lock();
        if *state.firmware != *firmware {
            state.firmware = firmware.into();
        }
        drop(state);
        self.settle();
        true
    }

    fn known(&mut self, record: &[u8]) -> Option<Arc<FamilySchema>> {
        self.fleet.schema(record)
    }

    fn family(&mut self, family: &Arc<FamilySchema>) -> Option<usize> {
        let family = self.fleet.intern(family);
        let mut state = self.device.lock();
        let place = state.series.add(&family);
        let has_name = !state.name.is_empty();
        drop(state);
        if place.is_none() {
            let why = "it has another family of this name".into();
            self.refused(Refused { family: family.family.name.to_string(), why });
        } else if has_name {
            self.counts.refusals += self.fleet.offer(&self.device);
        }
        place
    }

    fn refused(&mut self, refused: Refused) {
        self.counts.refusals += 1;
        let mut state = self.device.lock();
        if state.refuse(refused.clone()) {
            let (link, Refused { family, why }) = (&self.origin.link, &refused);
            tracing::warn!("{link}: device {:?}: family {family:?} refused: {why}", state.name);
        }
    }

    fn progress(&mut self, known: usize, total: usize) {
        self.device.lock().progress(known, total);
    }

    fn cells(&mut self, place: usize, cells: &[u64]) {
        self.device.lock().series.write(place, cells);
    }

    fn stored(&mut self, _schema: u32) -> Option<Box<[u8]>> {
        None
    }

    fn save(&mut self, _schema: u32, _families: &[u8]) {}

    fn label(&mut self, _place: usize, _slot: usize, _birth: u32, _values: &[&str]) {}

    fn unlabelled(&mut self) -> Option<(usize, usize)> {
        None
    }

    fn counts(&mut self) -> &mut FrameCounts {
        &mut self.counts.frames
    }

    fn foreign(&mut self, bytes: &[u8]) {
        self.joined(bytes.len());
    }

    fn joined(&mut self, bytes: usize) {
        self.counts.foreign += bytes as u64;
    }
}
