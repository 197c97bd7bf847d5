//! The way of a capture's bytes: taken apart by connection, fed to a fleet at the times of the capture.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use narthex_host::relay::Now;
use narthex_host::relay::fleet::{Connection, Fleet, Origin};
use narthex_host::relay::link::capture::{Event, Reader};

use super::report::{Report, counted};
use crate::settings::Limits;

/// After so many bytes, what is not needed any more is let go.
const SWEEP: usize = 1024 * 1024;

/// How long a byte takes of which the capture does not say when it came: as on a slow line. If no time passed, a device
/// would seem to boot again and again at once.
const BYTE: Duration = Duration::from_millis(1);

/// Feeds a fleet.
pub(super) struct Decoder {
    reader: Reader,
    feeder: Feeder,
}

/// What takes the events of a capture.
struct Feeder {
    fleet: Arc<Fleet>,
    /// What the capture is called: the link of what comes from nowhere else.
    name: Arc<str>,
    connections: HashMap<u32, Connection>,
    /// Connections that found no place.
    refused: u64,
    /// Where time begins, on both clocks.
    origin: Now,
    now: Now,
    since_sweep: usize,
    /// What would go back to devices.
    reply: Vec<u8>,
}

impl Decoder {
    /// Decodes a capture of this name.
    pub(super) fn new(fleet: Arc<Fleet>, name: &str) -> Self {
        let origin = Now { wall: UNIX_EPOCH, ..Now::read() };
        let feeder = Feeder {
            fleet,
            name: name.into(),
            connections: HashMap::new(),
            refused: 0,
            origin,
            now: origin,
            since_sweep: 0,
            reply: Vec::new(),
        };
        Self { reader: Reader::new(), feeder }
    }

    /// Takes bytes of the capture, cut anywhere.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.reader.feed(bytes, &mut |event| self.feeder.take(event));
    }

    /// The capture has ended. Returns what it lacked.
    pub(super) fn end(mut self, device_label: &str) -> Report {
        self.reader.finish(&mut |event| self.feeder.take(event));
        let Feeder { fleet, now, refused, .. } = self.feeder;
        let mut report = Report::of(&fleet, device_label, now);
        if self.reader.unreadable() > 0 {
            report.lacks(format!(
                "{} of the capture cannot be read",
                counted(self.reader.unreadable(), "byte")
            ));
        }
        if refused > 0 {
            report.lacks(format!("{} too many at a time", counted(refused, "connection")));
        }
        report
    }
}

impl Feeder {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Open { connection, time_ms, link, peer, device } => {
                self.at(time_ms);
                // Only a damaged capture has so many.
                if self.connections.len() >= Limits::default().max_connections {
                    self.refused = self.refused.saturating_add(1);
                    return;
                }
                let link = if link.is_empty() { Arc::clone(&self.name) } else { link.into() };
                let origin =
                    Origin { link, name: device.map(Into::into), peer: peer.to_owned(), ..Origin::default() };
                self.connections.insert(connection, self.fleet.connect(origin, self.now));
            }
            Event::Bytes { connection, time_ms, bytes } => {
                if time_ms == 0 {
                    self.now = self.now.after(BYTE * u32::try_from(bytes.len()).unwrap_or(u32::MAX));
                }
                self.at(time_ms);
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
            Event::Close { connection } => {
                if let Some(connection) = self.connections.remove(&connection) {
                    connection.finish(self.now);
                }
            }
        }
    }

    /// It is as late as the capture says, but never earlier than before: whose clock was set back, or a damaged
    /// header, must not stop time.
    fn at(&mut self, time_ms: u64) {
        if time_ms == 0 {
            return;
        }
        let time = Duration::from_millis(time_ms);
        if self.origin.wall == UNIX_EPOCH {
            self.origin.wall = UNIX_EPOCH.checked_add(time).unwrap_or(UNIX_EPOCH);
            self.now = self.origin;
        }
        let passed = self.origin.wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let Some(since) = time.checked_sub(passed) else { return };
        let next = self.origin.instant.checked_add(since).zip(self.origin.wall.checked_add(since));
        if let Some((instant, wall)) = next.filter(|(instant, _)| *instant > self.now.instant) {
            self.now = Now { instant, wall };
        }
    }
}
