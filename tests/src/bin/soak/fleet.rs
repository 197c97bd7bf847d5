//! All devices, and what happens to their frames.

use crate::INTERVAL;
use crate::device::{Device, MTU};
use crate::link::Link;
use crate::process::Process;
use narthex_tests::random::Random;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Snapshots between two looks at what waits in the gateway's socket.
const BURST: u64 = 25;
/// In a thousand frames.
const DROPPED: u16 = 10;
const DAMAGED: u16 = 5;
const REPEATED: u16 = 5;
const LOG_LINES: u16 = 10;
/// Within so many snapshots a device that only sends has told everything again.
const ROUND: u32 = 34;
/// In a thousand snapshots.
const REBOOTS: u16 = 5;
const LEAVES: u16 = 1;

/// What a device has counted, for those who look at pages meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Which boot.
    pub(crate) boots: u32,
    /// Snapshots of this boot that have arrived.
    pub(crate) arrived: u32,
    /// What it has counted in this boot.
    pub(crate) parts: u64,
}

/// By the index of the device.
pub(crate) type Ledger = Arc<Mutex<Vec<Entry>>>;

/// What was sent, and what the gateway must make of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) snapshots: u64,
    /// Frames that arrived, each for the first time.
    pub(crate) received: u64,
    /// Frames that the gateway can tell are missing.
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
    pub(crate) corrupt: u64,
    /// Bytes of log lines.
    pub(crate) foreign: u64,
    pub(crate) reboots: u64,
    pub(crate) left: u64,
}

/// The devices that are there.
pub(crate) struct Fleet {
    pub(crate) devices: Vec<Device>,
    link: Link,
    /// Snapshots a second.
    rate: u64,
    random: Random,
    next: usize,
    index: u32,
    sent: Sent,
    ledger: Ledger,
}

impl Fleet {
    /// None yet; `rate` snapshots a second when it runs.
    pub(crate) fn new(to: SocketAddr, rate: u64) -> Self {
        let (link, random) = (Link::new(to), Random(0x50a4));
        Self {
            devices: Vec::new(),
            link,
            rate,
            random,
            next: 0,
            index: 0,
            sent: Sent::default(),
            ledger: Ledger::default(),
        }
    }

    pub(crate) fn sent(&self) -> Sent {
        self.sent
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Arc::clone(&self.ledger)
    }

    /// Until there are so many.
    pub(crate) fn grow(&mut self, count: usize) {
        while self.devices.len() < count {
            let device = self.born();
            self.devices.push(device);
        }
    }

    fn born(&mut self) -> Device {
        self.index += 1;
        let mut ledger = self.ledger.lock().expect("nobody panics");
        ledger.resize(self.index as usize, Entry::default());
        Device::new(self.index - 1)
    }

    /// So many snapshots of each device, one after the other, without noise; nothing is counted meanwhile.
    pub(crate) fn rounds(&mut self, rounds: usize, gateway: &Process) {
        for round in 0..rounds * self.devices.len() {
            if round % BURST as usize == 0 {
                gateway.make_room();
            }
            self.snapshot(round % self.devices.len(), false, false);
        }
    }

    /// As many snapshots as it takes until everything was told again, of each device of which something is not known.
    pub(crate) fn tell(&mut self, gateway: &Process) {
        for at in 0..self.devices.len() {
            for _ in 0..if self.devices[at].told { 0 } else { ROUND } {
                gateway.make_room();
                self.snapshot(at, false, false);
            }
        }
    }

    /// Snapshots of one device after the other, at the rate, if the gateway keeps up.
    pub(crate) fn run(&mut self, until: Instant, noise: bool, gateway: &Process) {
        let pause = Duration::from_secs_f64(BURST as f64 / self.rate as f64);
        let mut due = Instant::now();
        while due < until {
            for _ in 0..BURST {
                self.next = (self.next + 1) % self.devices.len();
                self.snapshot(self.next, true, noise);
                if noise && self.random.happens(REBOOTS) {
                    self.devices[self.next].boot();
                    self.sent.reboots += 1;
                } else if noise && self.random.happens(LEAVES) {
                    // What is missing is missed before it goes.
                    for _ in 0..3 {
                        self.snapshot(self.next, false, false);
                    }
                    self.devices[self.next] = self.born();
                    self.sent.left += 1;
                }
            }
            // What could not be sent in time is not made up for.
            due = (due + pause).max(Instant::now());
            sleep(due.saturating_duration_since(Instant::now()));
            gateway.make_room();
        }
    }

    fn snapshot(&mut self, at: usize, work: bool, noise: bool) {
        let Self { devices, link, random, sent, ledger, .. } = self;
        let device = &mut devices[at];
        device.begin(INTERVAL, work.then_some(&mut *random));
        sent.snapshots += 1;
        {
            // Before it is sent: what stands on a page is never more.
            let entry = &mut ledger.lock().expect("nobody panics")[device.index as usize];
            let (boots, parts) = device.parts();
            let arrived = if entry.boots == boots { entry.arrived } else { 0 };
            *entry = Entry { boots, parts, arrived: arrived + u32::from(device.heard) };
        }
        let mut buf = [0; MTU];
        while let Some(frame) = device.frame(&mut buf) {
            let mut happens = |per_mille| noise && random.happens(per_mille);
            if happens(LOG_LINES) {
                let line = b"[ 12.345] link is up, 21 degrees\r\n\0";
                link.send(device.index, line);
                sent.foreign += line.len() as u64 - 1;
            }
            if happens(DROPPED) {
                device.missing += 1;
                device.told &= device.snapshots > 1;
                continue;
            }
            // A first byte that is a line feed would make the rest of it a log line's neighbour.
            if device.heard && frame[0] != b'\n' && happens(DAMAGED) {
                let byte = &mut frame[6];
                *byte = if *byte == 1 { 2 } else { 1 };
                link.send(device.index, frame);
                device.missing += 1;
                device.told &= device.snapshots > 1;
                sent.corrupt += 1;
                continue;
            }
            let again = happens(REPEATED);
            link.send(device.index, frame);
            if device.heard {
                sent.lost += device.missing;
            }
            (device.heard, device.missing) = (true, 0);
            sent.received += 1;
            if again {
                link.send(device.index, frame);
                sent.repeated += 1;
            }
        }
    }
}
