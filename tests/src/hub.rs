//! A gateway in this process with any number of connections, and a clock of the test's own.

use crate::page::{self, Page};
use narthex::text::Format;
use narthex_host::expose;
use narthex_host::registry::{Gatherer, Registerer, Registry};
use narthex_host::relay::Now;
use narthex_host::relay::fleet::{Connection, Fleet, Limits, Origin};
use narthex_host::relay::status::{DeviceStatus, Totals};
use narthex_host::relay::store::Store;
use std::sync::Arc;
use std::time::Duration;

/// A gateway, and who is connected to it.
#[allow(missing_debug_implementations, reason = "trait objects; a seed tells all")]
pub struct Hub {
    fleet: Arc<Fleet>,
    registry: Registry,
    connections: Vec<Option<Connection>>,
    start: Now,
    now: Now,
}

impl Hub {
    /// A gateway that has heard nothing.
    ///
    /// # Panics
    /// Never: a new registry takes a fleet.
    pub fn new(limits: Limits) -> Self {
        Self::of(Fleet::new(limits))
    }

    /// One that keeps schemas.
    ///
    /// # Panics
    /// Never: a new registry takes a fleet.
    pub fn with_store(limits: Limits, store: Store) -> Self {
        Self::of(Fleet::new(limits).with_store(store))
    }

    fn of(fleet: Fleet) -> Self {
        let (fleet, registry, start) = (Arc::new(fleet), Registry::new(), Now::read());
        registry.register(Arc::clone(&fleet) as _).expect("a registry is empty at first");
        Self { fleet, registry, connections: Vec::new(), start, now: start }
    }

    /// Sets the clock to a time since the gateway started, and lets those go who were silent for too long.
    pub fn at(&mut self, time: Duration) {
        self.now = self.start.after(time);
        self.fleet.sweep(self.now);
    }

    /// Somebody connects. Returns the number of the connection, which may be that of one that has ended.
    pub fn connect(&mut self, peer: &str) -> usize {
        let origin = Origin { link: "test".into(), name: None, peer: peer.into(), ..Origin::default() };
        let connection = Some(self.fleet.connect(origin, self.now));
        if let Some(at) = self.connections.iter().position(Option::is_none) {
            self.connections[at] = connection;
            return at;
        }
        self.connections.push(connection);
        self.connections.len() - 1
    }

    /// A connection ends, if it has not.
    pub fn cut(&mut self, number: usize) {
        if let Some(connection) = self.connections.get_mut(number) {
            drop(connection.take());
        }
    }

    /// Bytes come over a connection; none do over one that has ended. Returns what goes back.
    pub fn feed(&mut self, number: usize, bytes: &[u8]) -> Vec<u8> {
        let mut reply = Vec::new();
        if let Some(Some(connection)) = self.connections.get_mut(number) {
            connection.feed(bytes, self.now, &mut reply);
        }
        reply
    }

    /// The page as it stands.
    ///
    /// # Panics
    /// If the fleet contradicts itself.
    #[track_caller]
    pub fn text(&self, format: Format) -> String {
        let gathered = self.registry.gather();
        assert!(gathered.errors().is_empty(), "{}", gathered.errors());
        expose::Page::new(gathered, format).into_text()
    }

    /// The page, read by the letter in both formats.
    ///
    /// # Panics
    /// If one of them breaks a rule.
    #[track_caller]
    pub fn page(&self) -> Page {
        let text = self.text(Format::OpenMetrics);
        if let Err(why) = Page::read(&text, page::Format::OpenMetrics) {
            panic!("{why}\n{text}");
        }
        let text = self.text(Format::Text);
        Page::read(&text, page::Format::Text).unwrap_or_else(|why| panic!("{why}\n{text}"))
    }

    /// Sums over all devices.
    pub fn totals(&self) -> Totals {
        self.fleet.totals(self.now)
    }

    /// All devices.
    pub fn devices(&self) -> Vec<DeviceStatus> {
        self.fleet.devices(self.now)
    }
}
