//! The name of a connection's device: what it is to be called, and the claims of it.

use std::sync::Arc;
use std::time::Duration;

use super::super::Origin;
use super::super::tally::{Cause, Counts};
use super::Tenant;
use crate::relay::Now;

/// How long to wait for a device to say its name before it is called as it was before, or by its link or its peer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait before claiming a name again that was refused.
const RETRY: Duration = Duration::from_secs(1);
/// How many names a connection may have at once or soon after; later, one more each second.
const NAMES: u64 = 8;

/// A claim that was refused.
#[derive(Debug)]
pub(super) struct Refusal {
    name: Arc<str>,
    cause: Cause,
    when: Now,
}

impl Tenant {
    /// Claims the device's name: at once, then each second until it is granted.
    pub(super) fn claim(&mut self) {
        let passed = |since: Now| self.now.instant.saturating_duration_since(since.instant);
        let Some(name) = self.name() else { return };
        let before = self.refused.as_ref().filter(|refusal| refusal.name == name);
        if before.is_some_and(|refusal| passed(refusal.when) < RETRY) {
            return;
        }
        let waited = before.is_some_and(|refusal| refusal.cause == Cause::NameTaken);
        let claimed = if !self.origin.access.allows(&name) {
            Err(Cause::NameNotAllowed)
        } else if self.names > NAMES + passed(self.connected).as_secs() {
            Err(Cause::TooManyNames)
        } else {
            self.fleet.claim(&name, &self.device, waited, self.now)
        };
        match claimed {
            Ok(()) => {
                (self.refused, self.news.nameless) = (None, false);
                self.names += 1;
                // If it was another device, that one is not heard here any more.
                if let Some(former) = self.former.take() {
                    self.leave(&former);
                }
                self.keep();
            }
            Err(cause) => self.refuse(name, cause),
        }
    }

    /// What the device is called by now; `None` while it may say so itself yet.
    fn name(&self) -> Option<Arc<str>> {
        match &self.hello {
            Some(name) if !name.is_empty() => Some(Arc::clone(name)),
            // It has no name of its own.
            Some(_) => Some(self.fallback()),
            // It has not said it yet. If it did not before, there is nothing to wait for.
            None => {
                let former = self.former.as_ref().map(|former| Arc::clone(&former.lock().name));
                let usual = former.filter(|name| !name.is_empty()).unwrap_or_else(|| self.fallback());
                let nameless = self.former.is_some() && usual == self.fallback();
                let passed = self.now.instant.saturating_duration_since(self.since.instant);
                (passed >= PATIENCE || nameless || (self.ended && self.former.is_none())).then_some(usual)
            }
        }
    }

    /// Counts and tells a refusal, once for each name in a row.
    fn refuse(&mut self, name: Arc<str>, cause: Cause) {
        let again = self.refused.as_ref().is_some_and(|before| before.name == name && before.cause == cause);
        if !again {
            let (link, peer) = (&self.origin.link, &self.origin.peer);
            if self.fleet.told().cause(cause, self.now.instant) {
                let why = cause.why(&self.fleet.settings().limits);
                tracing::warn!("{link}: device {name:?} from {peer} refused: {why}");
            }
            self.fleet.tally.add(&Counts::refused(cause));
        }
        self.refused = Some(Refusal { name, cause, when: self.now });
    }

    /// What a device is called that has no name of its own.
    pub(super) fn fallback(&self) -> Arc<str> {
        let Origin { name, peer, link, .. } = &self.origin;
        let name = name.clone().filter(|name| !name.is_empty());
        name.unwrap_or_else(|| if peer.is_empty() { Arc::clone(link) } else { peer.as_str().into() })
    }

    /// The device goes on with another schema, without a boot. If that is one too many, it loses its name until its
    /// source may bring one again.
    pub(super) fn change(&mut self, schema: u32) {
        let state = self.device.lock();
        let (name, before) = (Arc::clone(&state.name), state.schema);
        drop(state);
        if !name.is_empty() && self.fleet.is_new(&name, schema, Some(before)) {
            let limits = &self.fleet.settings().limits;
            if let Err(cause) = self.fleet.take(&self.origin, false, true, limits, self.now) {
                self.fleet.evict(&self.device);
                self.refuse(name, cause);
            }
        }
    }
}
