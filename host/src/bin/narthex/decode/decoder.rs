//! The way of a capture's bytes: taken apart by connection, fed to a fleet at the times of the capture.

use std::collections::HashMap;
use std::sync::Arc;

use narthex_host::relay::Now;
use narthex_host::relay::fleet::{Connection, Fleet, Origin};

use super::report::Report;

/// After so many bytes, what is not needed any more is let go.
const SWEEP: usize = 1024 * 1024;

/// Feeds a fleet.
pub(super) struct Decoder {
    fleet: Arc<Fleet>,
    connections: HashMap<u64, Connection>,
    now: Now,
    since_sweep: usize,
    /// What would go back to devices.
    reply: Vec<u8>,
}

impl Decoder {
    /// Decodes a capture of this name.
    pub(super) fn new(fleet: Arc<Fleet>, name: &str) -> Self {
        let now = Now::read();
        let origin = Origin { link: name.into(), name: None, peer: String::new() };
        let connections = HashMap::from([(0, fleet.connect(origin, now))]);
        Self { fleet, connections, now, since_sweep: 0, reply: Vec::new() }
    }

    /// Takes bytes of the capture, cut anywhere.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes(0, bytes);
    }

    /// The capture has ended. Returns what it lacked.
    pub(super) fn end(mut self, device_label: &str) -> Report {
        for (_, connection) in self.connections.drain() {
            connection.finish(self.now);
        }
        Report::of(&self.fleet, device_label, self.now)
    }

    fn bytes(&mut self, connection: u64, bytes: &[u8]) {
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.feed(bytes, self.now, &mut self.reply);
            self.reply.clear();
        }
        self.since_sweep = self.since_sweep.saturating_add(bytes.len());
        if self.since_sweep >= SWEEP {
            self.since_sweep = 0;
            self.fleet.sweep(self.now);
        }
    }
}
