//! The fleet, through real frames: devices are the core's own reporter over registries made for the purpose.

mod boots;
mod families;
mod firmware;
mod hostile;
mod keeping;
mod limits;
mod many;
mod names;
mod own;
mod pages;
mod runs;
mod tables;

use std::sync::Arc;
use std::time::Duration;

use super::{Connection, Fleet, Limits, Origin};
use crate::expose::{Format, Page};
use crate::registry::{Gatherer, Registerer, Registry};
use crate::relay::Now;
use crate::relay::status::DeviceStatus;
use firmware::Firmware;

/// A gateway without links, with a clock that stands still until it is moved.
struct Rig {
    fleet: Arc<Fleet>,
    registry: Registry,
    now: Now,
}

impl Rig {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let fleet = Arc::new(Fleet::new(limits));
        let registry = Registry::new();
        registry.register(fleet.clone()).unwrap();
        Self { fleet, registry, now: Now::read() }
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
        self.fleet.sweep(self.now);
    }

    /// A connection from a peer on a TCP link.
    fn connect(&self, peer: &str) -> Connection {
        let origin =
            Origin { link: "tcp 127.0.0.1:1".into(), name: None, peer: peer.into(), ..Origin::default() };
        self.fleet.connect(origin, self.now)
    }

    /// Feeds a snapshot of the firmware after so many seconds of uptime.
    fn hear(&self, connection: &mut Connection, firmware: &mut Firmware, seconds: u64) {
        connection.feed(&firmware.snapshot(seconds * 1000), self.now, &mut Vec::new());
    }

    fn text(&self, format: Format) -> String {
        let gathered = self.registry.gather();
        assert!(gathered.errors().is_empty(), "{}", gathered.errors());
        Page::new(gathered, format).into_text()
    }

    /// The lines of devices, without comments and what the gateway says itself.
    fn lines(&self) -> Vec<String> {
        let text = self.text(Format::Text);
        let devices = text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("narthex_"));
        devices.map(str::to_owned).collect()
    }

    /// One line of what the gateway says itself, by its beginning.
    fn own(&self, start: &str) -> String {
        let text = self.text(Format::Text);
        let mut lines = text.lines().filter(|line| line.starts_with(start));
        lines
            .next()
            .and_then(|line| line.rsplit_once(' '))
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default()
    }

    fn device(&self, name: &str) -> DeviceStatus {
        let all = self.fleet.devices(self.now);
        all.into_iter().find(|device| device.device == name).unwrap_or_else(|| panic!("no device {name:?}"))
    }

    fn names(&self) -> Vec<String> {
        self.fleet.devices(self.now).into_iter().map(|device| device.device).collect()
    }
}
