//! One connection of the fleet: a session, and the device it speaks for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use narthex::wire::Hello;

use super::super::Now;
use super::super::session::{FamilySchema, Refused, Session, Sink};
use super::super::status::FrameCounts;
use super::device::Device;
use super::{Claim, Fleet, Origin};

/// How long to wait for a device to say its name before it is called by its link or its peer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait before claiming a name again that was refused.
const RETRY: Duration = Duration::from_secs(1);

/// What takes the bytes of one connection. Dropped when the connection ends; its device is stale then.
#[derive(Debug)]
pub struct Connection {
    session: Session,
    tenant: Tenant,
}

/// The side of a connection that the session reports to.
#[derive(Debug)]
struct Tenant {
    fleet: Arc<Fleet>,
    origin: Origin,
    id: u64,
    device: Arc<Device>,
    /// What the device calls itself.
    hello: Option<Arc<str>>,
    standing: Standing,
    /// The name last claimed, and when.
    tried: Option<(Arc<str>, Now)>,
    now: Now,
    /// Counted since the device was last locked for it.
    counts: FrameCounts,
}

/// Whether a device is in the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Not under a name yet.
    Unnamed { since: Now },
    /// Under its name.
    Named,
    /// No longer: another connection has taken its place.
    Ousted,
}

impl Connection {
    pub(super) fn new(fleet: Arc<Fleet>, origin: Origin, id: u64, now: Now) -> Self {
        let session = Session::new(fleet.bounds());
        let device = Arc::new(Device::new(origin.clone(), id, now));
        fleet.unnamed().insert(id, Arc::clone(&device));
        let tenant = Tenant {
            fleet,
            origin,
            id,
            device,
            hello: None,
            standing: Standing::Unnamed { since: now },
            tried: None,
            now,
            counts: FrameCounts::default(),
        };
        Self { session, tenant }
    }

    /// Takes bytes as they came, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8], now: Now) {
        self.tenant.now = now;
        self.session.feed(bytes, &mut self.tenant);
        self.tenant.settle();
        if self.tenant.standing == Standing::Ousted {
            // The name, and the device with it, is another connection's now: what comes here is a stranger's.
            let Tenant { fleet, origin, id, .. } = &self.tenant;
            *self = Self::new(Arc::clone(fleet), origin.clone(), *id, now);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Tenant { fleet, id, device, counts, .. } = &self.tenant;
        let mut state = device.lock();
        state.counts.add(counts);
        if state.connection == Some(*id) {
            state.connection = None;
        }
        drop(state);
        if fleet.unnamed().remove(id).is_some_and(|unnamed| Arc::ptr_eq(&unnamed, device)) {
            fleet.depart(&device.lock());
        }
    }
}

impl Tenant {
    /// Brings the device up to date after a piece of input: its counts, and its name.
    fn settle(&mut self) {
        let mut state = self.device.lock();
        state.counts.add(&std::mem::take(&mut self.counts));
        let heard = state.boots > 0;
        if self.standing == Standing::Named {
            if state.connection != Some(self.id) {
                self.standing = Standing::Ousted;
            } else if state.name.is_empty() {
                // It was silent for so long that the fleet let it go.
                self.standing = Standing::Unnamed { since: self.now };
            }
        }
        drop(state);
        if let Standing::Unnamed { since } = self.standing
            && heard
        {
            self.claim(since);
        }
    }

    /// Claims the device's name, once a second until it is granted.
    fn claim(&mut self, since: Now) {
        let passed = |since: Now| self.now.instant.saturating_duration_since(since.instant);
        let name = match &self.hello {
            Some(name) if !name.is_empty() => Arc::clone(name),
            // A device that has no name of its own, or does not say it, is called by its link or its peer.
            None if passed(since) < PATIENCE => return,
            _ => self.origin.name.clone().unwrap_or_else(|| self.origin.peer.as_str().into()),
        };
        let again = match &self.tried {
            Some((tried, when)) if *tried == name => {
                if passed(*when) < RETRY {
                    return;
                }
                true
            }
            _ => false,
        };
        self.tried = Some((Arc::clone(&name), self.now));
        let claim = self.fleet.claim(&name, &self.device, self.now);
        match claim {
            Claim::Granted => {
                self.standing = Standing::Named;
                self.fleet.unnamed().remove(&self.id);
            }
            // Counted and said once for each name that a connection tries.
            _ if again => {}
            Claim::Taken => {
                self.fleet.own.names_taken.fetch_add(1, Ordering::Relaxed);
                let (link, peer) = (&self.origin.link, &self.origin.peer);
                tracing::warn!("{link}: {peer} claims the name {name:?}, which another device has: refused");
            }
            Claim::Full => {
                self.fleet.own.fleet_full.fetch_add(1, Ordering::Relaxed);
                let limit = self.fleet.limits.max_devices;
                tracing::warn!("device {name:?} refused: there are {limit} devices already (--max-devices)");
            }
        }
    }
}

impl Sink for Tenant {
    fn reset(&mut self, boot: u32, schema: u32, booted: bool) {
        if self.standing == Standing::Named {
            let device = Arc::clone(&self.device);
            self.fleet.withdraw(|| {
                let mut state = device.lock();
                let shown = state.slots.iter().filter(|slot| slot.shown);
                let families = shown.map(|slot| Arc::clone(&slot.schema.family)).collect();
                state.reset(boot, schema, booted);
                families
            });
        } else {
            self.device.lock().reset(boot, schema, booted);
        }
    }

    fn alive(&mut self, uptime: u32, sequence: u16) {
        self.device.lock().alive(uptime, sequence, self.now);
    }

    fn hello(&mut self, hello: &Hello<'_>) {
        self.device.lock().firmware = hello.identity.firmware.into();
        let name: Arc<str> = hello.identity.device.into();
        if self.hello.as_ref().is_some_and(|before| *before != name) && self.standing == Standing::Named {
            // It was another device before, on the same line: that one ends here.
            self.device.lock().connection = None;
            self.standing = Standing::Ousted;
        }
        self.hello = Some(name);
        self.settle();
    }

    fn family(&mut self, first: usize, family: Arc<FamilySchema>) -> Arc<FamilySchema> {
        let schema = self.fleet.intern(family);
        self.device.lock().family(first, &schema);
        if self.standing == Standing::Named {
            self.fleet.offer(&self.device);
        }
        schema
    }

    fn refused(&mut self, refused: Refused) {
        self.device.lock().refuse(refused);
    }

    fn progress(&mut self, known: usize, total: usize) {
        let mut state = self.device.lock();
        (state.known, state.total) = (known, total);
    }

    fn cells(&mut self, first: usize, cells: &[u64]) {
        self.device.lock().write(first, cells);
    }

    fn counts(&mut self) -> &mut FrameCounts {
        &mut self.counts
    }

    fn foreign(&mut self, bytes: usize) {
        self.device.lock().foreign += bytes as u64;
    }
}
