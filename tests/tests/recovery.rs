//! What `faults.rs` does to real programs, done to their parts with a clock of the test's own, so that snapshots can be
//! counted: after any fault the gateway shows the device as it is within three of them.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

use narthex::model::Source;
use narthex::text::Format;
use narthex::transport::{Inbox, Reporter};
use narthex::wire::Identity;
use narthex::{Counter, Family, Gauge, Histogram, LabelSet, Metrics};
use narthex_host::expose;
use narthex_host::registry::{Gatherer, Registerer, Registry};
use narthex_host::relay::Now;
use narthex_host::relay::fleet::{Connection, Fleet, Limits, Origin};
use narthex_host::relay::store::Store;
use narthex_tests::board::Board;
use narthex_tests::children::of_devices;
use narthex_tests::folder::Folder;
use narthex_tests::host::agree;
use narthex_tests::machine::page;
use std::sync::Arc;
use std::time::Duration;

const DEVICE: &str = "mill-1";
/// Between two snapshots.
const STEP: Duration = Duration::from_secs(1);
/// Snapshots for which a part is stopped.
const STOPPED: usize = 10;
/// Snapshots within which all must be right again.
const RIGHT_AGAIN: usize = 3;

#[derive(Clone, Copy, Debug, LabelSet)]
enum Side {
    Left,
    Right,
}

/// What one version of the firmware counts.
#[derive(Metrics)]
#[metrics(prefix = "mill")]
struct Old {
    /// Turns of the mill.
    turns_total: Counter,
    /// Load, by side.
    load: Family<Side, Gauge>,
    /// Time of one turn.
    #[metric(unit = "seconds", scale = -3, buckets = [10, 100, 1_000])]
    turn_seconds: Histogram<3>,
}

/// What the next version counts: another family first, so that every cell has another place.
#[derive(Metrics)]
#[metrics(prefix = "mill")]
struct Newer {
    /// Times the mill stood still.
    stops_total: Counter,
    /// Turns of the mill.
    turns_total: Counter,
    /// Load, by side.
    load: Family<Side, Gauge>,
    /// Time of one turn.
    #[metric(unit = "seconds", scale = -3, buckets = [10, 100, 1_000])]
    turn_seconds: Histogram<3>,
}

#[derive(Clone, Copy)]
enum Version {
    Old,
    New,
}

/// One boot of a device.
struct Device {
    source: &'static dyn Source,
    work: Box<dyn Fn(u32)>,
    reporter: Reporter<'static, dyn Source, (), Inbox>,
    uptime: Duration,
}

impl Device {
    fn boot(version: Version, id: u32) -> Self {
        let (source, work): (&'static dyn Source, Box<dyn Fn(u32)>) = match version {
            Version::Old => {
                let board = Board::boot(Old::new());
                let on = &board.group;
                let work = |n| {
                    on.turns_total.add(n);
                    on.load.at(Side::Left).set(n.cast_signed());
                    on.turn_seconds().observe(n);
                };
                (board, Box::new(work))
            }
            Version::New => {
                let board = Board::boot(Newer::new());
                let on = &board.group;
                let work = |n| {
                    on.stops_total.inc();
                    on.turns_total.add(n);
                    on.load.at(Side::Right).set(n.cast_signed());
                    on.turn_seconds().observe(n);
                };
                (board, Box::new(work))
            }
        };
        let identity = Identity { device: DEVICE, firmware: "1.0" };
        let reporter = Reporter::new(source, identity, id).with_requests();
        Self { source, work, reporter, uptime: Duration::ZERO }
    }

    /// Another snapshot, after some work.
    fn snapshot(&mut self) -> Vec<u8> {
        self.uptime += STEP;
        (self.work)(self.uptime.as_secs() as u32 * 7);
        self.reporter.begin(self.uptime);
        let (mut bytes, mut buf) = (Vec::new(), [0; 256]);
        while let Some(frame) = self.reporter.frame(&mut buf).expect("256 bytes are enough") {
            bytes.extend_from_slice(frame);
        }
        bytes
    }
}

/// What the link does when something at its device's end begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A new connection, from another port; what waits is kept.
    Tcp,
    /// The same address; what waits is lost.
    Udp,
    /// The same line; what waits is kept, as far as this test goes.
    Serial,
}

struct Gateway {
    fleet: Arc<Fleet>,
    registry: Registry,
    connection: Connection,
}

/// A device, a gateway, and what lies between.
struct Rig {
    kind: Kind,
    state: Folder,
    now: Now,
    port: u32,
    device: Device,
    gateway: Gateway,
}

impl Rig {
    fn new(kind: Kind, id: u32) -> Self {
        let state = Folder::new();
        let now = Now::read();
        let gateway = Self::gateway(kind, Some(&state), 1, now);
        let mut rig = Self { kind, state, now, port: 1, device: Device::boot(Version::Old, id), gateway };
        rig.run(12);
        assert_eq!(rig.agrees(), Ok(()));
        rig
    }

    fn gateway(kind: Kind, state: Option<&Folder>, port: u32, now: Now) -> Gateway {
        let fleet = Fleet::new(Limits::default());
        let fleet = match state {
            Some(state) => fleet.with_store(Store::open(state.path()).expect("a folder can be made")),
            None => fleet,
        };
        let (fleet, registry) = (Arc::new(fleet), Registry::new());
        registry.register(Arc::clone(&fleet) as _).expect("a registry is empty at first");
        let connection = connect(&fleet, kind, port, now);
        Gateway { fleet, registry, connection }
    }

    fn pass(&mut self) {
        self.now = self.now.after(STEP);
    }

    /// The link's two ends are joined by a new connection.
    fn reconnect(&mut self) {
        self.port += 1;
        self.gateway.connection = connect(&self.gateway.fleet, self.kind, self.port, self.now);
    }

    fn feed(&mut self, bytes: &[u8]) {
        let mut reply = Vec::new();
        self.gateway.connection.feed(bytes, self.now, &mut reply);
        self.device.reporter.receive(&reply);
    }

    /// So many snapshots, all of which arrive.
    fn run(&mut self, snapshots: usize) {
        for _ in 0..snapshots {
            self.pass();
            let bytes = self.device.snapshot();
            self.feed(&bytes);
        }
    }

    /// So many snapshots that nobody takes yet.
    fn miss(&mut self, snapshots: usize) -> Vec<u8> {
        (0..snapshots).fold(Vec::new(), |mut bytes, _| {
            self.pass();
            bytes.extend(self.device.snapshot());
            bytes
        })
    }

    fn page(&self) -> String {
        let gathered = self.gateway.registry.gather();
        assert!(gathered.errors().is_empty(), "{}", gathered.errors());
        expose::Page::new(gathered, Format::OpenMetrics).with_created().into_text()
    }

    fn agrees(&self) -> Result<(), String> {
        let ours: String =
            self.page().split_inclusive('\n').filter(|line| !line.contains("_created{")).collect();
        agree(DEVICE, &page(self.device.source, Format::OpenMetrics), &of_devices(&ours))
    }

    /// When the device's counts began, as the page has it.
    fn created(&self) -> String {
        let page = self.page();
        page.lines().find(|line| line.starts_with("mill_turns_created{")).expect("the time is shown").into()
    }

    fn boots(&self) -> u64 {
        self.gateway.fleet.devices(self.now).pop().expect("the device is known").boots
    }

    /// Sends snapshots until all is right.
    #[track_caller]
    fn is_right_again(&mut self) {
        let mut why = Err(String::new());
        for _ in 0..RIGHT_AGAIN {
            self.run(1);
            why = self.agrees();
            if why.is_ok() {
                break;
            }
        }
        assert_eq!(why, Ok(()), "after {RIGHT_AGAIN} snapshots");
        self.run(1);
        assert_eq!(self.agrees(), Ok(()), "right, and then not");
    }

    /// The device boots anew.
    fn boot(&mut self, version: Version, id: u32) {
        self.device = Device::boot(version, id);
        if self.kind == Kind::Tcp {
            self.reconnect();
        }
    }
}

fn connect(fleet: &Arc<Fleet>, kind: Kind, port: u32, now: Now) -> Connection {
    let port = if kind == Kind::Tcp { port } else { 1 };
    let (link, peer) = (format!("{kind:?}").into(), format!("10.0.0.7:{port}"));
    fleet.connect(Origin { link, peer, ..Origin::default() }, now)
}

/// Does something to a rig on each kind of link; it must be right again, in the same boot as before or in another.
#[track_caller]
fn each(id: u32, new_boot: bool, fault: impl Fn(&mut Rig)) {
    for kind in [Kind::Tcp, Kind::Udp, Kind::Serial] {
        let mut rig = Rig::new(kind, id);
        let before = (rig.created(), rig.boots());
        fault(&mut rig);
        rig.is_right_again();
        let after = (rig.created(), rig.boots());
        if new_boot {
            assert_ne!(after.0, before.0, "{kind:?}: the created time of a boot that is over");
            assert_eq!(after.1, before.1 + 1, "{kind:?}");
        } else {
            assert_eq!(after, before, "{kind:?}: a boot that was none");
        }
    }
}

#[test]
fn the_gateway_was_killed() {
    each(7, false, |rig| {
        // Gone before its successor starts, and with it all that it was about to write.
        rig.gateway = Rig::gateway(rig.kind, None, 0, rig.now);
        rig.miss(5);
        rig.gateway = Rig::gateway(rig.kind, Some(&rig.state), rig.port, rig.now);
        // It knows the schema: what comes first is right at once.
        rig.run(1);
        assert_eq!(rig.agrees(), Ok(()));
    });
}

#[test]
fn the_gateway_was_replaced_by_one_that_knows_nothing() {
    each(7, false, |rig| {
        rig.miss(5);
        rig.gateway = Rig::gateway(rig.kind, None, rig.port, rig.now);
    });
}

#[test]
fn the_gateway_was_stopped() {
    each(7, false, |rig| {
        let waiting = rig.miss(STOPPED);
        if rig.kind != Kind::Udp {
            rig.feed(&waiting);
        }
    });
}

#[test]
fn the_firmware_was_killed() {
    each(7, true, |rig| rig.boot(Version::Old, 8));
    each(7, true, |rig| {
        rig.miss(3);
        rig.boot(Version::Old, 8);
    });
}

#[test]
fn the_firmware_was_stopped() {
    // Its clock went on; or stood.
    each(7, false, |rig| {
        (0..STOPPED).for_each(|_| rig.pass());
        rig.device.uptime += STEP * STOPPED as u32;
    });
    each(7, false, |rig| (0..STOPPED).for_each(|_| rig.pass()));
}

#[test]
fn the_firmware_was_replaced() {
    each(7, true, |rig| rig.boot(Version::New, 8));
}

#[test]
fn the_firmware_was_restarted_with_its_boot_id() {
    for id in [0, 7] {
        each(id, true, |rig| rig.boot(Version::Old, id));
        each(id, true, |rig| rig.boot(Version::New, id));
    }
}

/// A device that is not long up when it falls: its uptime falls by little, and its numbers have come before.
#[test]
fn the_firmware_restarts_again_and_again_with_its_boot_id() {
    for id in [0, 7] {
        for kind in [Kind::Tcp, Kind::Udp, Kind::Serial] {
            let mut rig = Rig::new(kind, id);
            for snapshots in [6, 4, 9, 2, 5] {
                let (boots, created) = (rig.boots(), rig.created());
                rig.boot(Version::Old, id);
                rig.is_right_again();
                assert_eq!(rig.boots(), boots + 1, "{kind:?}, boot id {id}");
                assert_ne!(rig.created(), created, "{kind:?}, boot id {id}");
                rig.run(snapshots);
                assert_eq!(rig.agrees(), Ok(()));
                assert_eq!(rig.boots(), boots + 1, "{kind:?}, boot id {id}: a boot that was none");
            }
        }
    }
}

#[test]
fn the_link_was_cut() {
    each(7, false, |rig| {
        rig.miss(3);
        rig.reconnect();
        // The first that is heard begins in the middle.
        rig.pass();
        let bytes = rig.device.snapshot();
        rig.feed(&bytes[bytes.len() / 3..]);
    });
}

#[test]
fn the_link_was_stopped() {
    each(7, false, |rig| {
        let waiting = rig.miss(STOPPED);
        if rig.kind == Kind::Tcp {
            rig.feed(&waiting);
        }
    });
}
