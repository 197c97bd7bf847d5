//! Snapshots: what they say, by core's own decoder, is what the registry has.

use core::time::Duration;

use narthex::frame::{self, Header, Kind, MIN_FRAME};
use narthex::model::Source as _;
use narthex::transport::Reporter;
use narthex::wire::{Identity, Request};
use narthex::{Counter, Registry, WithBoth};

use super::receiver::{CELLS, Receiver};
use super::subject::{ALL, PORT1, Peer, REGISTRY};
use super::{Outcome, holds};

pub(super) const IDENTITY: Identity<'static> = Identity { device: "self-test", firmware: "1.2.3" };
pub(super) const BOOT: u32 = 0x5eed;

fn reporter() -> Reporter<'static, Registry<WithBoth>> {
    Reporter::new(&REGISTRY, IDENTITY, BOOT)
}

/// The first of a boot tells everything.
pub(super) fn full() -> Outcome {
    let (mut receiver, mut reporter) = (Receiver::new(), reporter());
    receiver.take(&mut reporter, Duration::from_millis(1_234))?;
    holds!(receiver.uptime == 12);
    holds!(receiver.knows_all_cells());
    holds!(receiver.schema() == Some(REGISTRY.schema_hash()));
    holds!((receiver.hello, receiver.labels, receiver.sparse) == (true, 4, 0));
    Ok(receiver.made)
}

/// What has changed, and nothing else.
pub(super) fn sparse() -> Outcome {
    let mut last = [0; CELLS];
    let (mut receiver, mut reporter) = (Receiver::new(), reporter().with_memory(&mut last));
    receiver.take(&mut reporter, Duration::from_secs(1))?;
    let full = receiver.made.bytes;
    PORT1.received_bytes_total.inc();
    ALL.run_seconds().observe(99);
    ALL.packets_total.update(Peer::new(1, "a"), Counter::inc);
    ALL.air_pascals.clear();
    holds!(!receiver.knows_all_cells());
    receiver.take(&mut reporter, Duration::from_secs(2))?;
    holds!(receiver.knows_all_cells());
    holds!(receiver.sparse > 0);
    holds!(receiver.made.bytes - full < full / 4);
    Ok(receiver.made)
}

/// A gateway that comes late asks, and is told with the next snapshot.
pub(super) fn requests() -> Outcome {
    let mut reporter = reporter().with_trickle(0).with_requests();
    Receiver::new().take(&mut reporter, Duration::from_secs(1))?;
    let mut receiver = Receiver::new();
    receiver.take(&mut reporter, Duration::from_secs(2))?;
    holds!((receiver.hello, receiver.labels, receiver.schema()) == (false, 0, None));
    let all = [Request::Hello, Request::Schema { family: 0 }, Request::Labels { family: 0, slot: 0 }];
    let mut buf = [0; MIN_FRAME];
    let len = Request::put_all(&all, frame::payload(&mut buf));
    let header = Header { kind: Kind::REQUESTS, boot: 0, schema: 0, sequence: 1, uptime: 0 };
    // Behind a line of a log, and in two pieces.
    reporter.receive(b"login:\0");
    let (front, behind) = frame::seal(&mut buf, &header, len).split_at(7);
    reporter.receive(front);
    reporter.receive(behind);
    receiver.take(&mut reporter, Duration::from_secs(3))?;
    holds!((receiver.hello, receiver.labels) == (true, 4));
    holds!(receiver.schema() == Some(REGISTRY.schema_hash()));
    holds!(receiver.knows_all_cells());
    Ok(receiver.made)
}
