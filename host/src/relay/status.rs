//! What the gateway tells people and programs about itself: devices, links, totals.
//!
//! [`DeviceStatus`] is the element of `/api/devices`, and its JSON is a promise: scripts rely on it. The rest is
//! for the page and the terminal.

use serde::Serialize;

/// One device, as of a moment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DeviceStatus {
    /// The name it is known by: its own, the link's, or its peer's address.
    pub device: String,
    /// The link it was last heard on.
    pub link: String,
    /// The other end of the link.
    pub peer: String,
    /// Its firmware version; empty until it has said so.
    pub firmware: String,
    /// The number of its present boot.
    pub boot_id: u32,
    /// How many boots were seen, the present one included.
    pub boots: u64,
    /// Time since it booted, by its own clock, as of its last frame.
    pub uptime_seconds: f64,
    /// Time since its last frame.
    pub last_seen_seconds_ago: f64,
    /// Whether it has been silent for too long to be called up.
    pub stale: bool,
    /// How many of its series are shown.
    pub series: usize,
    /// How much of its schema is known.
    pub schema: SchemaStatus,
    /// What became of its frames.
    pub frames: FrameCounts,
    /// The families that are not shown, and why.
    pub refused: Vec<RefusedFamily>,
}

/// How much of a device's schema is known.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SchemaStatus {
    /// The hash it announces, eight hexadecimal digits.
    pub hash: String,
    /// How many of its records have arrived.
    pub known: usize,
    /// How many there are; 0 until the first one says so.
    pub total: usize,
}

/// What became of the frames of a device, since the gateway started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FrameCounts {
    /// Arrived whole and were read.
    pub received: u64,
    /// Never arrived, by the gaps in their numbers.
    pub lost: u64,
    /// Arrived more than once.
    pub repeated: u64,
    /// Arrived after a newer one.
    pub reordered: u64,
    /// Arrived damaged.
    pub corrupt: u64,
    /// Arrived before their schema was known.
    pub unknown_schema: u64,
    /// Of a kind this gateway does not know.
    #[serde(skip)]
    pub unknown_kind: u64,
    /// Records of a kind this gateway does not know, or cut off.
    #[serde(skip)]
    pub unknown_record: u64,
}

impl FrameCounts {
    /// Adds other counts to these.
    pub const fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.lost += other.lost;
        self.repeated += other.repeated;
        self.reordered += other.reordered;
        self.corrupt += other.corrupt;
        self.unknown_schema += other.unknown_schema;
        self.unknown_kind += other.unknown_kind;
        self.unknown_record += other.unknown_record;
    }
}

/// A family that a device sends and the gateway does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RefusedFamily {
    /// Its name.
    pub family: String,
    /// What is wrong with it.
    pub why: String,
}

/// One link, as of a moment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LinkReport {
    /// Its name: `tcp 127.0.0.1:9101`, `serial /dev/ttyUSB0`.
    pub link: String,
    /// Whether it can take bytes: a port is open, a listener is bound.
    pub up: bool,
    /// Connections open now.
    pub connections: u64,
    /// Connections opened so far.
    pub connections_total: u64,
    /// Bytes taken so far.
    pub received_bytes: u64,
    /// Bytes sent back: requests of the gateway.
    pub sent_bytes: u64,
    /// Bytes that should have gone back, and found no room.
    pub unsent_bytes: u64,
    /// How often a stream was not read for a while, because its source sends more bytes a second than it may.
    pub pauses: u64,
    /// What was not taken.
    pub refused: Refused,
    /// Failed attempts to open it, and connections lost to an error.
    pub errors: u64,
    /// What is wrong with it now; empty when nothing is.
    pub trouble: String,
}

/// Connections, on a link of datagrams those, that a link did not take, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// From a network that is not allowed.
    pub network: u64,
    /// Datagrams above the bytes a second that their source may send.
    pub rate: u64,
    /// Above the limit of connections.
    pub full: u64,
}

/// Sums over all devices, those that have gone included, since the gateway started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Devices known now.
    pub devices: usize,
    /// Devices that are up.
    pub live: usize,
    /// Devices whose schema has not come whole yet.
    pub learning: usize,
    /// Series shown now.
    pub series: usize,
    /// Frames that arrived whole and were read.
    pub frames_received: u64,
    /// Frames that never arrived.
    pub frames_lost: u64,
    /// Frames that arrived more than once.
    pub frames_repeated: u64,
    /// Frames that arrived after a newer one.
    pub frames_reordered: u64,
    /// Frames that arrived damaged.
    pub frames_corrupt: u64,
    /// Frames that were whole but not taken.
    pub frames_refused: u64,
    /// Devices that were not taken: their name, or their number.
    pub devices_refused: u64,
    /// Bytes that belonged to no frame.
    pub foreign_bytes: u64,
}

/// How far the schema of a device has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Learning {
    /// The device.
    pub device: String,
    /// Families that are known.
    pub known: usize,
    /// Families that there are; 0 until it has said so.
    pub total: usize,
}

/// The gateway itself, as of a moment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct GatewayStatus {
    /// Its version.
    pub version: String,
    /// Time since it started.
    pub uptime_seconds: f64,
    /// Sums over all devices.
    pub totals: Totals,
    /// Some of the devices whose schema has not come whole yet; [`Totals::learning`] says of how many.
    pub learning: Vec<Learning>,
    /// All links.
    pub links: Vec<LinkReport>,
}
