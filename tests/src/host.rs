//! A gateway in this process: a fleet and the registry that shows it, with a clock of the test's own.

use crate::bad_link::Counts;
use crate::children::{Page, of_devices};
use crate::random::Random;
use narthex::text::Format;
use narthex_host::expose;
use narthex_host::registry::{Gatherer, Registerer, Registry};
use narthex_host::relay::Now;
use narthex_host::relay::fleet::{Connection, Fleet, Limits, Origin};
use narthex_host::relay::status::DeviceStatus;
use std::sync::Arc;
use std::time::Duration;

/// The other end of its connection.
pub const PEER: &str = "peer:1";

/// A gateway with one connection to it.
#[allow(missing_debug_implementations, reason = "trait objects; a seed tells all")]
pub struct Host {
    fleet: Arc<Fleet>,
    registry: Registry,
    connection: Connection,
    start: Now,
    now: Now,
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Host {
    /// A gateway that has heard nothing.
    ///
    /// # Panics
    /// Never: a new registry takes a fleet.
    pub fn new() -> Self {
        let start = Now::read();
        let limits = Limits { max_series: 1 << 16, max_schema_bytes: 1 << 20, ..Limits::default() };
        let fleet = Arc::new(Fleet::new(limits));
        let registry = Registry::new();
        registry.register(Arc::clone(&fleet) as _).expect("a registry is empty at first");
        let connection = connect(&fleet, start);
        Self { fleet, registry, connection, start, now: start }
    }

    /// Sets the clock to a time since the gateway started.
    pub fn at(&mut self, time: Duration) {
        self.now = self.start.after(time);
    }

    /// Ends the connection and opens another.
    pub fn reconnect(&mut self) {
        self.connection = connect(&self.fleet, self.now);
    }

    /// Takes bytes in pieces of any sizes. Returns what shall go back to the device.
    pub fn feed(&mut self, mut bytes: &[u8], random: &mut Random) -> Vec<u8> {
        let mut reply = Vec::new();
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(1 + random.below(bytes.len().min(300)));
            self.connection.feed(piece, self.now, &mut reply);
            bytes = rest;
        }
        reply
    }

    /// The page, without what the gateway says of itself.
    ///
    /// # Panics
    /// If the fleet contradicts itself.
    #[track_caller]
    pub fn page(&self, format: Format) -> String {
        let gathered = self.registry.gather();
        assert!(gathered.errors().is_empty(), "{}", gathered.errors());
        of_devices(&expose::Page::new(gathered, format).into_text())
    }

    /// All devices.
    pub fn devices(&self) -> Vec<DeviceStatus> {
        self.fleet.devices(self.now)
    }

    /// What became of all frames, those of a device without a name included.
    pub fn counts(&self) -> Counts {
        let totals = self.fleet.totals(self.now);
        Counts {
            received: totals.frames_received,
            lost: totals.frames_lost,
            repeated: totals.frames_repeated,
            reordered: totals.frames_reordered,
            corrupt: totals.frames_corrupt,
        }
    }

    /// The only device.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn device(&self) -> DeviceStatus {
        self.devices().pop().expect("the device is known")
    }

    /// Whether the gateway shows exactly what the device called `name` does, whose own page this is.
    ///
    /// # Errors
    /// Both pages.
    pub fn agrees(&self, name: &str, theirs: &str, format: Format) -> Result<(), String> {
        agree(name, theirs, &self.page(format))
    }
}

/// Whether a page of a gateway, without what that says of itself, shows exactly what the device called `name` does.
///
/// # Errors
/// Both pages.
pub fn agree(name: &str, theirs: &str, ours: &str) -> Result<(), String> {
    let in_parts = Page::of_host(ours);
    if !in_parts.is_in_order() {
        return Err(format!("children are out of order:\n{ours}"));
    }
    let theirs = Page::of_device(theirs, name).in_order_of(&in_parts);
    if theirs == ours { Ok(()) } else { Err(format!("the device shows\n{theirs}the gateway\n{ours}")) }
}

fn connect(fleet: &Arc<Fleet>, now: Now) -> Connection {
    let origin = Origin { link: "test".into(), name: None, peer: PEER.into(), ..Origin::default() };
    fleet.connect(origin, now)
}
