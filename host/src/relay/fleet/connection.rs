//! One connection of the fleet: a session, and the device it speaks for.

mod claim;

use std::sync::{Arc, MutexGuard};

use claim::Refusal;

use super::super::Now;
use super::super::session::{Added, FamilySchema, Fault, Hello, Refused, Session, Sink, Stretch};
use super::super::status::FrameCounts;
use super::device::{Device, State};
use super::news::News;
use super::{Fleet, Origin};

/// What takes the bytes of one connection. Dropped when the connection ends; its device is stale then.
#[derive(Debug)]
#[repr(C, align(64))] // A frame finds what it needs in few cache lines.
pub struct Connection {
    pub(super) tenant: Tenant,
    session: Session,
}

/// The side of a connection that the session reports to.
///
/// Its device has no name at first, and is not shown. It gets its name once the device has said it. The fleet may take
/// the name back: from a device that was silent too long, or for another connection that speaks for the same device.
/// A boot begins with a new device: only its name can tell whether that is the one from before.
#[derive(Debug)]
#[repr(C)] // What each frame needs stands at the end, where what it needs of the session begins.
pub(super) struct Tenant {
    origin: Origin,
    id: u64,
    /// What was heard here before the boot, and may be the same device.
    former: Option<Arc<Device>>,
    /// What the device calls itself.
    hello: Option<Arc<str>>,
    /// Since when this boot is heard, and this connection.
    since: Now,
    connected: Now,
    /// Whether nothing more comes: a name that was not said by now is not waited for.
    ended: bool,
    /// The claim that was last refused.
    refused: Option<Refusal>,
    /// Names that were granted.
    names: u64,
    /// The labels that the gateway adds.
    added: Added,
    /// Whether the schema is complete, and not in the store yet.
    unsaved: bool,
    news: News,
    now: Now,
    /// Whether families have come that the fleet has not been asked to show.
    unoffered: bool,
    fleet: Arc<Fleet>,
    device: Arc<Device>,
}

impl Connection {
    pub(super) fn new(fleet: Arc<Fleet>, origin: Origin, id: u64, now: Now) -> Self {
        let bounds = fleet.bounds(&origin.access);
        let added = bounds.labels.clone();
        let session = Session::new(bounds);
        let tenant = Tenant {
            device: Arc::new(Device::new(origin.clone(), added.clone(), id, now)),
            fleet,
            origin,
            id,
            former: None,
            hello: None,
            since: now,
            connected: now,
            ended: false,
            refused: None,
            names: 0,
            added,
            unsaved: false,
            unoffered: false,
            now,
            news: News::default(),
        };
        Self { tenant, session }
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
        self.tenant.ended = true;
        drop(self.tenant.lock());
        self.tenant.settle();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.session.end(&mut self.tenant);
        self.tenant.tell();
        self.tenant.leave(&self.tenant.device);
        if let Some(former) = &self.tenant.former {
            self.tenant.leave(former);
        }
    }
}

impl Tenant {
    /// Shows and counts what has come, and claims the device's name if it has none.
    pub(super) fn settle(&mut self) {
        self.offer();
        self.tell();
        if self.news.nameless {
            self.claim();
        }
    }

    /// Shows families that have come.
    fn offer(&mut self) {
        if std::mem::take(&mut self.unoffered) {
            let conflicts = self.fleet.offer(&self.device, self.now);
            self.news.counts().refuse(Fault::Conflict, conflicts);
        }
    }

    /// Tells the device what is new, if it is not locked for something else first.
    fn tell(&mut self) {
        if !self.news.is_empty() {
            drop(self.lock());
        }
    }

    /// Locks the device, which is told what is new: so a frame of values takes one lock.
    fn lock(&mut self) -> MutexGuard<'_, State> {
        let mut state = self.device.lock();
        self.news.tell(&mut state, &self.fleet.tally, self.now);
        state
    }

    /// Keeps the schema for the next run, once the device has its name.
    fn keep(&mut self) {
        let Some(store) = self.fleet.store.as_ref().filter(|_| self.unsaved) else { return };
        let state = self.device.lock();
        let (name, schema, whole) = (Arc::clone(&state.name), state.schema, state.whole.clone());
        drop(state);
        if let Some(whole) = whole.filter(|_| !name.is_empty()) {
            store.save(&name, schema, &whole);
            self.unsaved = false;
        }
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
        // Those of the device before, where both come in one piece.
        self.offer();
        if let Some((uptime, sequence)) = self.news.heard.take() {
            self.device.lock().alive(uptime, sequence, self.now);
        }
        if booted {
            self.hello = None;
            self.since = self.now;
            if !self.device.lock().name.is_empty() {
                let device = Device::new(self.origin.clone(), self.added.clone(), self.id, self.now);
                self.former = Some(std::mem::replace(&mut self.device, Arc::new(device)));
            }
        } else {
            self.change(schema);
        }
        self.unsaved = false;
        self.fleet.reset(&self.device, |state| state.reset(boot, schema, booted));
    }

    fn alive(&mut self, uptime: u32, sequence: u16) {
        if self.news.heard.is_some() {
            self.tell();
        }
        self.news.heard = Some((uptime, sequence));
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
        self.device.lock().set_firmware(firmware);
        self.settle();
        true
    }

    fn known(&mut self, record: &[u8]) -> Option<Arc<FamilySchema>> {
        self.fleet.schemas().known(&self.added, record)
    }

    fn family(&mut self, family: &Arc<FamilySchema>) -> Option<usize> {
        let family = self.fleet.schemas().intern(&self.added, family);
        let place = self.device.lock().series.add(&family);
        if place.is_none() {
            let why = "it has another family of this name";
            self.refused(Refused::family(Fault::Conflict, &family.family.name, why));
        } else {
            self.unoffered = true;
        }
        place
    }

    fn refused(&mut self, refused: Refused) {
        self.news.counts().refuse(refused.fault, 1);
        let mut state = self.device.lock();
        let name = state.refuse(refused.clone()).then(|| Arc::clone(&state.name));
        drop(state);
        // A device that boots again and again has it listed anew each time.
        if let Some(name) = name {
            self.fleet.tell(&self.origin.link, &name, &refused, self.now);
        }
    }

    fn progress(&mut self, known: usize, total: usize) {
        let mut state = self.device.lock();
        (state.known, state.total) = (known, total);
        drop(state);
        if known == total {
            self.fleet.complete(&self.device);
        }
    }

    fn cells(&mut self, stretches: &[Stretch], values: &[u64]) {
        let mut state = self.lock();
        let uptime = state.uptime;
        state.series.write(stretches, values, uptime);
    }

    fn stored(&mut self, schema: u32) -> Option<Box<[u8]>> {
        let name = match &self.hello {
            Some(name) if !name.is_empty() => Arc::clone(name),
            _ => self.fallback(),
        };
        self.fleet.whole(&name, schema)
    }

    fn save(&mut self, schema: u32, families: &[u8]) {
        let whole = self.fleet.schemas().intern_whole(schema, families);
        let mut state = self.device.lock();
        if state.schema == schema {
            state.whole = Some(whole);
            self.unsaved = true;
        }
        drop(state);
        self.keep();
    }

    fn label(&mut self, place: usize, slot: usize, birth: u32, values: &mut dyn Iterator<Item = &str>) {
        let taken = self.device.lock().series.label(place, slot, birth, values);
        if let Err(schema) = taken {
            let why = "the labels of one of its slots cannot be";
            self.refused(Refused::family(Fault::Labels, &schema.family.name, why));
        }
    }

    fn unlabelled(&mut self) -> Option<(usize, usize)> {
        self.device.lock().series.unlabelled()
    }

    fn counts(&mut self) -> &mut FrameCounts {
        &mut self.news.counts().frames
    }

    fn received(&mut self) {
        self.news.received += 1;
    }

    fn foreign(&mut self, bytes: &[u8]) {
        self.joined(bytes.len());
        if let Some(listener) = &self.fleet.listener {
            let name = Arc::clone(&self.device.lock().name);
            let hello = self.hello.as_ref().filter(|_| name.is_empty());
            listener.text(&self.origin, hello.unwrap_or(&name), bytes);
        }
    }

    fn joined(&mut self, bytes: usize) {
        self.news.counts().foreign += bytes as u64;
    }
}
