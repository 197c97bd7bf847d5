//! What is known of the device at the other end.

use std::time::{Duration, Instant};

use narthex::frame::{Header, Kind};
use narthex::wire::Hello;
use narthex::wire::record::{Record, Records};

use super::assembly::Assembly;
use super::clock::Clock;
use super::full::Full;
use super::payload::Payload;
use super::request::{Requests, Wants};
use super::schema::{Schema, SchemaPart};
use super::slots::{Slot, Slots};
use super::snapshot::{Cells, Snapshot};
use super::{Bounds, Fault, MAX_CELLS, Order, Refused, Sequence, Sink};

/// So many times at once a schema is looked up that was known before; later, once more each second. A frame of 20 bytes
/// can ask for it, and it may be 64 KiB to read, to hash and to place.
const LOOKS: u32 = 8;
const LOOK: Duration = Duration::from_secs(1);

/// In so many tenths of a second, an hour, numbers of frames may have gone round: none that is missing would be seen.
const TURN: i64 = 36_000;

/// The device at the other end of a connection.
///
/// Of ten thousand, a frame finds none in a cache: what each needs stands side by side in front.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Device {
    sequence: Sequence,
    /// That of the newest frame.
    header: Option<Header>,
    clock: Clock,
    /// The time.
    now: Option<Instant>,
    full: Full,
    /// Whether it has said in this boot who it is, and whether it has ever said here that it reads requests.
    greeted: bool,
    reads: bool,
    /// Whether it has no families at all.
    bare: bool,
    snapshot: Snapshot,
    schema: Schema,
    bounds: Bounds,
    hello: Assembly,
    slots: Slots,
    requests: Requests,
    /// When all [`LOOKS`] are there again.
    looked: Option<Instant>,
}

impl Device {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            sequence: Sequence::default(),
            clock: Clock::default(),
            header: None,
            hello: Assembly::default(),
            greeted: false,
            reads: false,
            bare: false,
            schema: Schema::default(),
            snapshot: Snapshot::default(),
            full: Full::default(),
            slots: Slots::default(),
            requests: Requests::default(),
            now: None,
            looked: None,
        }
    }

    /// Takes a frame. Returns whether the records of a snapshot have come, which stand in front: what is lacking now
    /// does not come by itself.
    pub(super) fn frame(
        &mut self,
        header: &Header,
        payload: Payload<'_>,
        now: Instant,
        room: &mut Cells,
        sink: &mut dyn Sink,
    ) -> bool {
        self.now = Some(now);
        let booted = self.header.is_none_or(|newest| newest.boot != header.boot)
            || self.clock.is_boot(header, &self.sequence);
        if booted {
            self.end(sink);
            (self.sequence, self.clock) = (Sequence::default(), Clock::default());
        }
        // Snapshots follow each other in time: one that is later is newer, whatever its number.
        let later = booted || self.clock.ahead(header.uptime) > 0;
        match self.sequence.take(header.sequence, later) {
            Order::New { skipped, lost } => {
                if lost > 0 {
                    sink.counts().lost += u64::from(lost);
                }
                self.full.frame(skipped > 0, later);
                if skipped > 0 || self.clock.ahead(header.uptime) > TURN {
                    self.schema.places.miss();
                }
                if skipped > 0 {
                    self.requests.excuse();
                }
            }
            Order::Repeated => {
                sink.counts().repeated += 1;
                return false;
            }
            Order::Late { .. } => {
                sink.counts().reordered += 1;
                return false;
            }
        }
        sink.received();
        if booted || self.header.is_none_or(|newest| newest.schema != header.schema) {
            self.begin(header, booted, sink);
        }
        // A snapshot of records only ends where the next one begins.
        let bare = later && !booted && self.header.is_some_and(|newest| newest.kind == Kind::RECORDS);
        self.header = Some(*header);
        self.clock.uptime = header.uptime;
        sink.alive(header.uptime, header.sequence);
        self.payload(header, payload, room, sink);
        bare || header.kind != Kind::RECORDS
    }

    fn payload(&mut self, header: &Header, mut payload: Payload<'_>, room: &mut Cells, sink: &mut dyn Sink) {
        match header.kind {
            Kind::RECORDS => self.records(header, payload.bytes(), sink),
            Kind::VALUES => {
                self.full.begins();
                self.values(0, payload, room, sink);
            }
            Kind::PART => match payload.take_number() {
                Some(first) if first < MAX_CELLS => self.values(first, payload, room, sink),
                _ => self.unusable("a part of a snapshot does not say where it begins", sink),
            },
            Kind::SPARSE => {
                self.full.sparse();
                if self.schema.known() == 0 {
                    sink.counts().unknown_schema += 1;
                }
                if let Err(why) = self.snapshot.take_sparse(payload, &mut self.schema.places, room, sink) {
                    self.unusable(why, sink);
                }
            }
            _ => {
                self.schema.places.miss();
                sink.counts().unknown_kind += 1;
            }
        }
    }

    /// A frame of values is malformed: nothing of it is taken, though the device has sent it.
    fn unusable(&mut self, why: &str, sink: &mut dyn Sink) {
        self.schema.places.miss();
        sink.refused(Refused::new(Fault::Values, why));
    }

    /// Nothing more comes of this boot.
    pub(super) fn end(&mut self, sink: &mut dyn Sink) {
        sink.counts().lost += u64::from(self.sequence.settle());
    }

    /// Asks for what is lacking.
    pub(super) fn ask(&mut self, now: Instant, sink: &mut dyn Sink, reply: &mut Vec<u8>) {
        let Some(header) = self.header.filter(|_| self.reads && self.requests.is_due(now)) else { return };
        let labels =
            sink.unlabelled().and_then(|(kept, slot)| Some((self.schema.places.number(kept)?, slot)));
        let wants = Wants {
            hello: !self.greeted,
            schema: self.schema.missing().filter(|_| !self.bare),
            snapshot: self.full.is_wanted(),
            labels,
        };
        self.requests.ask(wants, &header, now, reply);
    }

    /// Forgets what does not hold any more.
    fn begin(&mut self, header: &Header, booted: bool, sink: &mut dyn Sink) {
        if booted {
            (self.hello, self.greeted) = (Assembly::default(), false);
        }
        self.schema = Schema::default();
        self.slots = Slots::default();
        self.full = Full::default();
        self.snapshot.clear();
        sink.reset(header.boot, header.schema, booted);
        self.restore(header, sink);
    }

    /// Takes the schema as it was known before, if that is as good as what the device would send.
    fn restore(&mut self, header: &Header, sink: &mut dyn Sink) {
        if self.schema.missing().is_none() || !self.may_look() {
            return;
        }
        let Some(stored) = sink.stored(header.schema) else { return };
        match self.schema.restore(&stored, header.schema, &self.bounds, sink) {
            Ok(false) => {}
            Ok(true) => self.full.void(),
            Err(refused) => self.broken(refused, header, sink),
        }
    }

    /// Whether it is time to look a schema up. If not, the device sends it.
    fn may_look(&mut self) -> bool {
        let Some(now) = self.now else { return false };
        let looked = self.looked.map_or(now, |looked| looked.max(now));
        let may = looked.saturating_duration_since(now) <= LOOK * (LOOKS - 1);
        if may {
            self.looked = Some(looked + LOOK);
        }
        may
    }

    /// Nothing of its schema is taken any more.
    fn broken(&mut self, refused: Refused, header: &Header, sink: &mut dyn Sink) {
        self.schema = Schema::broken();
        self.snapshot.clear();
        sink.reset(header.boot, header.schema, false);
        sink.refused(refused);
    }

    fn records(&mut self, header: &Header, payload: &[u8], sink: &mut dyn Sink) {
        let mut records = Records::new(payload);
        for record in &mut records {
            match record {
                Record::Hello(part) => {
                    // Put aside: whom it greets may be another one, of whom nothing has come yet.
                    let mut assembly = std::mem::take(&mut self.hello);
                    match assembly.take(&part).map(Hello::read) {
                        None => {}
                        Some(Ok(hello)) => self.greet(&hello, header, sink),
                        Some(Err(_)) => sink.refused(Refused::new(Fault::Frame, "its hello is malformed")),
                    }
                    self.hello = assembly;
                }
                Record::Schema { family, families, first, part } => {
                    self.schema_part(&SchemaPart { family, families, first, part }, header, sink);
                }
                Record::Label { family, slot, birth, part } => {
                    self.slots.take(Slot { family, index: slot, birth }, &part, &self.schema, sink);
                }
                _ => sink.counts().unknown_record += 1,
            }
        }
        if records.is_truncated() {
            sink.counts().unknown_record += 1;
        }
    }

    fn greet(&mut self, hello: &Hello<'_>, header: &Header, sink: &mut dyn Sink) {
        if !sink.hello(hello) {
            self.begin(header, true, sink);
            sink.alive(header.uptime, header.sequence);
            sink.hello(hello);
        }
        self.greeted = true;
        self.reads = hello.flags & Hello::READS_REQUESTS != 0;
        self.bare = hello.families == 0;
        // By its name more may be known.
        self.restore(header, sink);
    }

    fn schema_part(&mut self, part: &SchemaPart<'_>, header: &Header, sink: &mut dyn Sink) {
        if self.schema.broken {
            return;
        }
        let known = self.schema.known();
        if let Err(refused) = self.schema.take(part, header.schema, &self.bounds, sink) {
            self.broken(refused, header, sink);
        } else if self.schema.known() != known {
            // Its values, if they have come, were dropped.
            self.full.void();
        }
    }

    /// Takes cells from `first` on.
    fn values(&mut self, first: usize, payload: Payload<'_>, room: &mut Cells, sink: &mut dyn Sink) {
        if self.schema.known() == 0 {
            sink.counts().unknown_schema += 1;
        }
        let places = &mut self.schema.places;
        if let Err(why) = self.snapshot.take(self.clock.uptime, first, payload, places, room, sink) {
            self.unusable(why, sink);
        }
    }
}
