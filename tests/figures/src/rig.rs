//! A gateway without links: what devices send goes straight to its fleet, and its pages come straight from there.

use std::sync::Arc;
use std::time::Duration;

use narthex_host::expose::{Format, Page};
use narthex_host::registry::{Gathered, Gatherer, Registerer as _, Registry};
use narthex_host::relay::Now;
use narthex_host::relay::fleet::{Connection, Fleet, Limits, Origin};

use crate::device::{Sender, Work};
use crate::random::Random;

pub(crate) struct Rig {
    fleet: Arc<Fleet>,
    /// The series of devices, and what the gateway says itself.
    pub(crate) all: Arc<Registry>,
    now: Now,
}

/// The series of devices only: so that figures are of what devices bring.
pub(crate) struct Devices(pub(crate) Arc<Registry>);

impl Gatherer for Devices {
    fn gather(&self) -> Gathered {
        let all = self.0.gather();
        let own = |name: &str| name.starts_with("narthex_");
        let families = all.families().iter().filter(|planned| !own(&planned.family.name)).cloned();
        Gathered::new(families.collect(), all.errors().clone())
    }
}

/// One end of a link.
pub(crate) struct Line {
    connection: Connection,
    now: Now,
    reply: Vec<u8>,
}

impl Line {
    /// Takes a snapshot, a second after the last.
    pub(crate) fn feed(&mut self, snapshot: &[u8]) {
        self.now = self.now.after(Duration::from_secs(1));
        self.reply.clear();
        self.connection.feed(snapshot, self.now, &mut self.reply);
    }

    /// The connection alone, and what time it is there.
    pub(crate) fn into_parts(self) -> (Connection, Now) {
        (self.connection, self.now)
    }
}

impl Rig {
    pub(crate) fn new() -> Self {
        let fleet = Arc::new(Fleet::new(Limits::default()));
        let all = Arc::new(Registry::new());
        all.register(fleet.clone()).expect("nothing else is registered");
        Self { fleet, all, now: Now::read() }
    }

    pub(crate) fn devices(&self) -> Devices {
        Devices(Arc::clone(&self.all))
    }

    pub(crate) fn connect(&self, n: usize) -> Line {
        let origin = Origin {
            link: "tcp 127.0.0.1:9901".into(),
            peer: format!("10.0.{}.{}:4711", n / 256, n % 256),
            ..Origin::default()
        };
        Line { connection: self.fleet.connect(origin, self.now), now: self.now, reply: Vec::new() }
    }

    /// So many devices of a kind, each of which has told what its numbers mean, and sent some snapshots.
    pub(crate) fn populate(&self, work: &impl Work, devices: usize) -> Vec<(Line, Sender)> {
        let mut random = Random::new(7);
        work.day(&mut random);
        (0..devices)
            .map(|n| {
                work.moment(&mut random);
                let (mut line, mut sender) = (self.connect(n), Sender::full(work, name(n)));
                (0..3).for_each(|_| line.feed(&sender.snapshot()));
                (line, sender)
            })
            .collect()
    }
}

/// The name of a device.
pub(crate) fn name(n: usize) -> &'static str {
    format!("device-{n:05}").leak()
}

/// Writes a page, chunk by chunk into the same buffer; returns its bytes.
pub(crate) fn scrape(gatherer: &dyn Gatherer, buf: &mut Vec<u8>) -> usize {
    write(gatherer.gather(), buf)
}

/// Writes what was gathered.
pub(crate) fn write(gathered: Gathered, buf: &mut Vec<u8>) -> usize {
    let (mut page, mut len) = (Page::new(gathered, Format::Text), 0);
    loop {
        let more = page.chunk(buf);
        len += buf.len();
        if !more {
            return len;
        }
    }
}
