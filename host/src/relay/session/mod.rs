//! One connection: from bytes to checked cells.
//!
//! A [`Session`] finds frames, counts what happens to them, puts schema records together and checks them, and hands
//! whole children of known families to its [`Sink`]. It knows one device, and neither links nor pages. Any bytes are
//! fine: what is wrong is refused, counted, and forgotten; memory is bounded by [`Bounds`].

mod assembly;
mod schema;
mod sequence;

use std::sync::Arc;

use narthex::frame::{Decoder, Event, Frame, Kind, MAX_FRAME};
use narthex::wire::record::{Part, Record, Records};
use narthex::wire::schema::{HASH_START, hash_family};
use narthex::wire::{Hello, take_varint};

use assembly::Assembly;
pub use schema::{ChildSchema, FamilySchema, Refused};
pub use sequence::{Order, Sequence};

use super::status::FrameCounts;

/// Most cells a schema can place: positions are counted in 16 bits on devices.
const MAX_CELLS: usize = 1 << 16;
/// By how much uptime must fall to show a new boot where the boot id does not, in tenths of a second.
const REBOOT: u32 = 100;

/// What one device may make us keep.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The label the gateway adds, which devices may not use.
    pub device_label: Arc<str>,
    /// Most series of one device.
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
    /// Who the device is.
    fn hello(&mut self, hello: &Hello<'_>);
    /// A family has become known; its cells begin at `first`. Returns the one to keep, which may be another's with
    /// the same bytes.
    fn family(&mut self, first: usize, family: Arc<FamilySchema>) -> Arc<FamilySchema>;
    /// A family was refused.
    fn refused(&mut self, refused: Refused);
    /// How much of the schema is known: records that have come, and how many there are.
    fn progress(&mut self, known: usize, total: usize);
    /// New values of whole children of known families.
    fn cells(&mut self, first: usize, cells: &[u64]);
    /// Where frames are counted.
    fn counts(&mut self) -> &mut FrameCounts;
    /// Bytes that belong to no frame have come.
    fn foreign(&mut self, bytes: usize);
}

/// One connection.
pub struct Session {
    decoder: Box<Decoder<MAX_FRAME>>,
    bounds: Bounds,
    sequence: Sequence,
    /// Boot id and schema hash of the newest frame.
    current: Option<(u32, u32)>,
    uptime: u32,
    hello: Assembly,
    schema: Schema,
    /// Cells of the frame at hand.
    scratch: Vec<u64>,
    cut: Option<Cut>,
}

/// The beginning of a child whose end is in the next frame.
struct Cut {
    uptime: u32,
    first: usize,
    cells: Vec<u64>,
}

/// What is known of the schema of this boot.
#[derive(Default)]
struct Schema {
    total: usize,
    slots: Vec<Slot>,
    bytes: usize,
    series: usize,
    known: usize,
    /// The hash did not hold: nothing of it is taken any more.
    broken: bool,
}

/// One family record.
enum Slot {
    Partial(Assembly),
    Known { first: usize, family: Arc<FamilySchema> },
    Refused { bytes: Box<[u8]> },
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("current", &self.current)
            .field("uptime", &self.uptime)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A session that has heard nothing yet.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            decoder: Box::new(Decoder::new()),
            bounds,
            sequence: Sequence::default(),
            current: None,
            uptime: 0,
            hello: Assembly::default(),
            schema: Schema::default(),
            scratch: Vec::new(),
            cut: None,
        }
    }

    /// Takes bytes as they came, cut anywhere.
    pub fn feed(&mut self, mut bytes: &[u8], sink: &mut dyn Sink) {
        // The decoder lends what it found: it stands aside while the rest of the session takes it in.
        let mut decoder = std::mem::take(&mut self.decoder);
        while let Some(event) = decoder.feed(&mut bytes) {
            match event {
                Event::Frame(frame) => self.frame(&frame, sink),
                Event::Foreign(text) => sink.foreign(text.len()),
                Event::Joined(len) => sink.foreign(len),
                Event::Corrupt(_) => sink.counts().corrupt += 1,
                Event::Refused(error) => {
                    sink.refused(Refused { family: String::new(), why: error.to_string() });
                }
            }
        }
        self.decoder = decoder;
    }

    fn frame(&mut self, frame: &Frame<'_>, sink: &mut dyn Sink) {
        let header = frame.header;
        let booted = match self.current {
            None => true,
            Some((boot, _)) => boot != header.boot || header.uptime.saturating_add(REBOOT) < self.uptime,
        };
        if booted {
            self.sequence = Sequence::default();
            self.uptime = 0;
            self.hello = Assembly::default();
        }
        match self.sequence.take(header.sequence) {
            Order::New { skipped } => sink.counts().lost += u64::from(skipped),
            Order::Repeated => {
                sink.counts().repeated += 1;
                return;
            }
            Order::Late => {
                sink.counts().reordered += 1;
                return;
            }
        }
        sink.counts().received += 1;
        if booted || self.current.is_none_or(|(_, schema)| schema != header.schema) {
            self.schema = Schema::default();
            self.cut = None;
            self.current = Some((header.boot, header.schema));
            sink.reset(header.boot, header.schema, booted);
        }
        self.uptime = header.uptime;
        sink.alive(header.uptime, header.sequence);
        match header.kind {
            Kind::RECORDS => self.records(frame.payload, sink),
            Kind::VALUES => self.values(0, frame.payload, sink),
            Kind::PART => {
                let mut payload = frame.payload;
                match take_varint(&mut payload).and_then(|first| usize::try_from(first).ok()) {
                    Some(first) if first < MAX_CELLS => self.values(first, payload, sink),
                    _ => sink.counts().corrupt += 1,
                }
            }
            _ => sink.counts().unknown_kind += 1,
        }
    }

    fn records(&mut self, payload: &[u8], sink: &mut dyn Sink) {
        let mut records = Records::new(payload);
        for record in &mut records {
            match record {
                Record::Hello(part) => {
                    if let Some(hello) = self.hello.take(&part).and_then(|bytes| Hello::read(bytes).ok()) {
                        sink.hello(&hello);
                    }
                }
                Record::Schema { family, families, first, part } => {
                    self.schema_part(family, families, first, &part, sink);
                }
                _ => sink.counts().unknown_record += 1,
            }
        }
        if records.is_truncated() {
            sink.counts().unknown_record += 1;
        }
    }

    fn schema_part(
        &mut self,
        index: usize,
        families: usize,
        first: usize,
        part: &Part<'_>,
        sink: &mut dyn Sink,
    ) {
        let schema = &mut self.schema;
        if schema.broken || families > MAX_CELLS || index >= families {
            return;
        }
        if schema.total != families {
            if schema.total != 0 {
                return self.break_schema("its number of families changes", sink);
            }
            schema.total = families;
        }
        // Slots are made as records come, so that a bare claim of many families costs nothing.
        while schema.slots.len() <= index {
            if schema.bytes.saturating_add(schema.slots.len().saturating_mul(size_of::<Slot>()))
                > self.bounds.max_schema_bytes.saturating_mul(2)
            {
                return self.break_schema("its schema has too many families", sink);
            }
            schema.slots.push(Slot::Partial(Assembly::default()));
        }
        let Some(slot) = schema.slots.get_mut(index) else { return };
        let Slot::Partial(assembly) = slot else { return };
        let Some(bytes) = assembly.take(part) else {
            return sink.progress(schema.known, schema.total);
        };
        schema.bytes = schema.bytes.saturating_add(bytes.len());
        if schema.bytes > self.bounds.max_schema_bytes {
            let limit = self.bounds.max_schema_bytes;
            return self.break_schema(&format!("its schema is longer than {limit} bytes"), sink);
        }
        let room = self.bounds.max_series.saturating_sub(schema.series);
        let bytes: Box<[u8]> = bytes.into();
        let read = FamilySchema::read(&bytes, &self.bounds.device_label, room);
        schema.known += 1;
        match read {
            Ok(family) => {
                let end = first.saturating_add(family.total_cells());
                let overlaps = self.schema.slots.iter().any(|slot| match slot {
                    Slot::Known { first: other, family } => {
                        first < other + family.total_cells() && *other < end
                    }
                    _ => false,
                });
                if overlaps || end > MAX_CELLS {
                    return self.break_schema("its families overlap", sink);
                }
                self.schema.series += family.children.len();
                let family = sink.family(first, Arc::new(family));
                if let Some(slot) = self.schema.slots.get_mut(index) {
                    *slot = Slot::Known { first, family };
                }
            }
            Err(refused) => {
                sink.refused(refused);
                if let Some(slot) = self.schema.slots.get_mut(index) {
                    *slot = Slot::Refused { bytes };
                }
            }
        }
        sink.progress(self.schema.known, self.schema.total);
        if self.schema.known == self.schema.total {
            self.verify(sink);
        }
    }

    /// Compares the hash of the whole schema with the one that frames carry.
    fn verify(&mut self, sink: &mut dyn Sink) {
        let hash = self.schema.slots.iter().fold(HASH_START, |hash, slot| match slot {
            Slot::Known { family, .. } => hash_family(hash, &family.bytes),
            Slot::Refused { bytes } => hash_family(hash, bytes),
            Slot::Partial(_) => hash,
        });
        if self.current.is_some_and(|(_, announced)| announced != hash) {
            self.break_schema("its schema does not have the hash it announces", sink);
        }
    }

    /// Gives the schema of this boot up: nothing of it can be trusted.
    fn break_schema(&mut self, why: &str, sink: &mut dyn Sink) {
        let Some((boot, hash)) = self.current else { return };
        self.schema = Schema { broken: true, ..Schema::default() };
        self.cut = None;
        sink.reset(boot, hash, false);
        sink.refused(Refused { family: String::new(), why: why.into() });
    }

    /// Takes the cells of a frame, from `first` on.
    fn values(&mut self, first: usize, mut payload: &[u8], sink: &mut dyn Sink) {
        self.scratch.clear();
        let mut first = first;
        if let Some(cut) = self.cut.take()
            && cut.uptime == self.uptime
            && cut.first + cut.cells.len() == first
        {
            first = cut.first;
            self.scratch.extend_from_slice(&cut.cells);
        }
        while !payload.is_empty() {
            let Some(cell) = take_varint(&mut payload) else {
                // The check was good, so the device means it: nothing of such a frame can be trusted.
                sink.counts().corrupt += 1;
                return;
            };
            self.scratch.push(cell);
        }
        let mut known = false;
        let end = first + self.scratch.len();
        for slot in &self.schema.slots {
            let Slot::Known { first: start, family } = slot else { continue };
            known = true;
            let (low, high) = (first.max(*start), end.min(start + family.total_cells()));
            if low >= high {
                continue;
            }
            // Whole children only: a histogram of two states would be a wrong one.
            let from = start + (low - start).next_multiple_of(family.cells);
            let to = high - (high - start) % family.cells;
            if from < to
                && let Some(cells) = self.scratch.get(from - first..to - first)
            {
                sink.cells(from, cells);
            }
            if to < high && high == end && to >= first {
                let cells = self.scratch.get(to - first..).unwrap_or_default().to_vec();
                self.cut = Some(Cut { uptime: self.uptime, first: to, cells });
            }
        }
        if !known {
            sink.counts().unknown_schema += 1;
        }
    }
}
