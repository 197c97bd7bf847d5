//! One connection: from bytes to checked cells.
//!
//! A [`Session`] finds frames, counts what happens to them, puts schema records together and checks them, and hands
//! whole children of known families to its [`Sink`]. It knows one device, and neither links nor pages. Any bytes are
//! fine: what is wrong is refused, counted, and forgotten; memory is bounded by [`Bounds`].

mod assembly;
mod description;
mod family;
mod labels;
mod schema;
mod sequence;
mod snapshot;

use std::sync::Arc;

use narthex::frame::{Decoder, Event, Frame, Header, Kind, MAX_FRAME};
use narthex::wire::record::{Record, Records};
pub use narthex::wire::Hello;
use narthex::wire::take_varint;

use assembly::Assembly;
pub use family::{FamilySchema, Refused};
pub use labels::{Added, ChildSchema};
use schema::{Schema, SchemaPart};
pub use sequence::{Order, Sequence};
use snapshot::Snapshot;

use super::Now;
use super::status::FrameCounts;

/// Most cells a schema can place: positions are counted in 16 bits on devices.
const MAX_CELLS: usize = 1 << 16;
/// By how much uptime must fall to show a new boot where nothing else does, in tenths of a second: what is late is
/// not that late.
const REBOOT: u32 = 100;

/// What one device may make us keep.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The labels the gateway adds, which devices may not use.
    pub labels: Added,
    /// Most series of one device, each bucket counted.
    pub max_series: usize,
    /// Most bytes of one schema.
    pub max_schema_bytes: usize,
}

/// Takes what a [`Session`] has read and checked.
pub trait Sink {
    /// The device has booted, or changed its schema: nothing that was known of its families holds any more. `booted`
    /// tells which.
    fn reset(&mut self, boot: u32, schema: u32, booted: bool);
    /// A good frame has come: the device was up for so many tenths of a second.
    fn alive(&mut self, uptime: u32, sequence: u16);
    /// Who the device is. Returns false if that is not who spoke before: the session then begins anew with a
    /// [`reset`](Sink::reset), and says it again.
    fn hello(&mut self, hello: &Hello<'_>) -> bool;
    /// The families of the device's schema of this hash, from an earlier connection or an earlier run: what was given
    /// to [`save`](Sink::save). It is checked, and may be anything.
    fn stored(&mut self, schema: u32) -> Option<Box<[u8]>>;
    /// The families of the schema are complete, and have this hash: the bytes it is computed over.
    fn save(&mut self, schema: u32, families: &[u8]);
    /// A family that was read before from a record of the same bytes.
    fn known(&mut self, record: &[u8]) -> Option<Arc<FamilySchema>>;
    /// A family has come. Returns where its cells are kept, or `None` if they are not.
    fn family(&mut self, family: &Arc<FamilySchema>) -> Option<usize>;
    /// A family or a frame was refused.
    fn refused(&mut self, refused: Refused);
    /// How much of the schema is known: records that have come, and how many there are.
    fn progress(&mut self, known: usize, total: usize);
    /// New values of whole children, from the place on that [`family`](Sink::family) has told; in a table family with
    /// the birth of each in front.
    fn cells(&mut self, place: usize, cells: &[u64]);
    /// The label values of the table slot that was assigned with this birth, in the family kept at `place`; there is
    /// one for each label.
    fn label(&mut self, place: usize, slot: usize, birth: u32, values: &[&str]);
    /// A slot that has values but not the labels of their birth: the place of its family, and its number. Asked before
    /// each request, about once a second.
    fn unlabelled(&mut self) -> Option<(usize, usize)>;
    /// Where frames are counted.
    fn counts(&mut self) -> &mut FrameCounts;
    /// Bytes that belong to no frame have come: text, mostly.
    fn foreign(&mut self, bytes: &[u8]);
    /// Bytes were skipped, as the session began in the middle of something.
    fn joined(&mut self, bytes: usize);
}

/// One connection.
pub struct Session {
    decoder: Box<Decoder<MAX_FRAME>>,
    device: Device,
}

/// What is known of the device at the other end.
struct Device {
    bounds: Bounds,
    sequence: Sequence,
    /// Boot id and schema hash of the newest frame.
    current: Option<(u32, u32)>,
    uptime: u32,
    hello: Assembly,
    schema: Schema,
    snapshot: Snapshot,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("current", &self.device.current)
            .field("uptime", &self.device.uptime)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A session that has heard nothing yet.
    pub fn new(bounds: Bounds) -> Self {
        let device = Device {
            bounds,
            sequence: Sequence::default(),
            current: None,
            uptime: 0,
            hello: Assembly::default(),
            schema: Schema::default(),
            snapshot: Snapshot::default(),
        };
        Self { decoder: Box::new(Decoder::new()), device }
    }

    /// Takes bytes as they came, cut anywhere. What shall go back to the device is appended to `reply`.
    pub fn feed(&mut self, mut bytes: &[u8], now: Now, sink: &mut dyn Sink, reply: &mut Vec<u8>) {
        let _ = (now, reply);
        while let Some(event) = self.decoder.feed(&mut bytes) {
            match event {
                Event::Frame(frame) => self.device.frame(&frame, sink),
                Event::Foreign(text) => sink.foreign(text),
                Event::Joined(len) => sink.joined(len),
                Event::Corrupt(_) => sink.counts().corrupt += 1,
                Event::Refused(error) => refuse(error.to_string(), sink),
            }
        }
    }
}

/// Refuses what belongs to no one family.
fn refuse(why: String, sink: &mut dyn Sink) {
    sink.refused(Refused { family: String::new(), why });
}

impl Device {
    fn frame(&mut self, frame: &Frame<'_>, sink: &mut dyn Sink) {
        let header = frame.header;
        let booted = self.is_boot(&header);
        if booted {
            self.sequence = Sequence::default();
        }
        // Snapshots follow each other in time: one that is later is newer, whatever its number.
        match self.sequence.take(header.sequence, header.uptime > self.uptime) {
            Order::New { skipped } => sink.counts().lost += u64::from(skipped),
            Order::Repeated => return sink.counts().repeated += 1,
            Order::Late => return sink.counts().reordered += 1,
        }
        sink.counts().received += 1;
        if booted || self.current.is_none_or(|(_, schema)| schema != header.schema) {
            self.begin(&header, booted, sink);
        }
        self.uptime = header.uptime;
        sink.alive(header.uptime, header.sequence);
        match header.kind {
            Kind::RECORDS => self.records(frame, sink),
            Kind::VALUES => self.values(0, frame.payload, sink),
            Kind::PART => {
                let mut payload = frame.payload;
                match take_varint(&mut payload).and_then(|first| usize::try_from(first).ok()) {
                    Some(first) if first < MAX_CELLS => self.values(first, payload, sink),
                    _ => refuse("a part of a snapshot does not say where it begins".into(), sink),
                }
            }
            _ => sink.counts().unknown_kind += 1,
        }
    }

    fn is_boot(&self, header: &Header) -> bool {
        let Some((boot, _)) = self.current else { return true };
        // Uptime rises with the numbers of frames: a newer number at an earlier time is another boot's, however
        // little it fell. An older number is told from one that is late by how much it fell.
        boot != header.boot
            || header.uptime.saturating_add(REBOOT) < self.uptime
            || (header.uptime < self.uptime && self.sequence.is_newer(header.sequence))
    }

    /// Forgets what does not hold any more.
    fn begin(&mut self, header: &Header, booted: bool, sink: &mut dyn Sink) {
        if booted {
            self.hello = Assembly::default();
        }
        self.schema = Schema::default();
        self.snapshot.clear();
        self.current = Some((header.boot, header.schema));
        sink.reset(header.boot, header.schema, booted);
    }

    fn records(&mut self, frame: &Frame<'_>, sink: &mut dyn Sink) {
        let header = &frame.header;
        let mut records = Records::new(frame.payload);
        for record in &mut records {
            match record {
                Record::Hello(part) => {
                    let Some(bytes) = self.hello.take(&part).map(<[u8]>::to_vec) else { continue };
                    match Hello::read(&bytes) {
                        Ok(hello) if !sink.hello(&hello) => {
                            self.begin(header, true, sink);
                            sink.alive(header.uptime, header.sequence);
                            sink.hello(&hello);
                        }
                        Ok(_) => {}
                        Err(_) => refuse("its hello is malformed".into(), sink),
                    }
                }
                Record::Schema { family, families, first, part } => {
                    self.schema_part(&SchemaPart { family, families, first, part }, header, sink);
                }
                _ => sink.counts().unknown_record += 1,
            }
        }
        if records.is_truncated() {
            sink.counts().unknown_record += 1;
        }
    }

    fn schema_part(&mut self, part: &SchemaPart<'_>, header: &Header, sink: &mut dyn Sink) {
        if self.schema.broken {
            return;
        }
        if let Err(why) = self.schema.take(part, header.schema, &self.bounds, sink) {
            self.begin(header, false, sink);
            self.schema.broken = true;
            refuse(why, sink);
        }
    }

    /// Takes cells from `first` on.
    fn values(&mut self, first: usize, payload: &[u8], sink: &mut dyn Sink) {
        if self.schema.is_empty() {
            sink.counts().unknown_schema += 1;
        }
        if !self.snapshot.take(self.uptime, first, payload, &self.schema, sink) {
            refuse("the values of a frame are cut off".into(), sink);
        }
    }
}
